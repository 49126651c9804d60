// Every tunable of a stack: unit, default and where the default comes from. Values are given once,
// when a stack is made; options of single sockets are in sock/options.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/rng.hpp"
#include "base/time.hpp"

namespace dt::event {

/// What a handshake whose last ACK meets a full accept queue gets (Linux tcp_abort_on_overflow).
enum class Overflow : std::uint8_t { ignore, reset };

/// What a RST to a TIME-WAIT record does (RFC 1337; Linux tcp_rfc1337=0 is `obey`).
enum class TimeWaitRst : std::uint8_t { ignore, obey };

/// A switch of a protocol feature.
enum class Switch : std::uint8_t { off, on };

/// How the window grows and is cut (Linux tcp_congestion_control, TCP_CONGESTION).
enum class CongestionControl : std::uint8_t { reno, cubic, bbr };

/// Whether connect() may take the tuple of a TIME-WAIT record whose timestamps tell old segments
/// from new (Linux tcp_tw_reuse 0, 1, 2).
enum class TimeWaitReuse : std::uint8_t { off, on, loopback };

/// When a SYN is answered by a cookie instead of an entry (RFC 4987 §3.6; Linux tcp_syncookies 0,
/// 1, 2).
enum class SynCookies : std::uint8_t { off, on_overflow, always };

/// Path MTU discovery by what arrives (RFC 4821; Linux tcp_mtu_probing 0, 1, 2).
enum class MtuProbing : std::uint8_t { off, black_hole, always };

/// What the least RTO bounds: the term of the variance (Linux), or the sum (RFC 6298 §2.4; DEC-21).
enum class RtoFloor : std::uint8_t { variance, sum };

/// The first window: ten segments (Linux), or the formula of RFC 6928 §2 (DEC-22).
enum class InitialWindow : std::uint8_t { ten_segments, rfc_6928 };

/// Explicit congestion notification (RFC 3168; Linux tcp_ecn 0, 1, 2): `passive` answers an offer
/// and makes none.
enum class Ecn : std::uint8_t { off, on, passive };

/// Where sequence numbers and timestamps of connections begin: anywhere, by a secret (RFC 6528), or
/// a little below 2^32, so that short connections wrap. The second is for simulation: it can be
/// guessed.
enum class Numbers : std::uint8_t { keyed, near_wrap };

/// Bits of Config::fast_open, as Linux tcp_fastopen has them.
inline constexpr std::uint32_t fast_open_client = 0x1, fast_open_server = 0x2,
                               fast_open_client_no_cookie = 0x4, fast_open_server_no_cookie = 0x200,
                               fast_open_every_listener = 0x400;

struct Config {
    // Listening.
    std::uint32_t somaxconn = 4096;  // entries; Linux net.core.somaxconn
    Overflow accept_overflow = Overflow::ignore;
    std::uint8_t synack_retries = 5;  // Linux tcp_synack_retries: records go after 63 s
    SynCookies syn_cookies = SynCookies::on_overflow;  // Linux tcp_syncookies
    std::uint32_t resets_per_s = 0;  // for closed ports (TCP-SEC-026); 0: no limit, as Linux

    // Connecting.
    std::uint8_t syn_retries = 6;          // Linux tcp_syn_retries
    std::uint8_t syn_linear_timeouts = 4;  // Linux tcp_syn_linear_timeouts
    std::uint16_t port_first = 32768;      // Linux ip_local_port_range
    std::uint16_t port_last = 60999;
    std::uint16_t unprivileged_port_start = 0;  // Linux ip_unprivileged_port_start; 0: every
                                                // program of a private network may bind any port

    // TCP Fast Open (RFC 7413).
    std::uint32_t fast_open = fast_open_client;  // Linux tcp_fastopen
    std::array<SipKey, 2> fast_open_keys{};      // Linux tcp_fastopen_key: newest first
    std::uint8_t fast_open_key_count = 0;        // 0: a key made of the stack's secret

    // Retransmission (RFC 6298 with Linux bounds, DEC-01, DEC-21).
    Duration rto_initial = std::chrono::seconds{1};
    Duration rto_min = std::chrono::milliseconds{200};
    Duration rto_max = std::chrono::seconds{120};
    RtoFloor rto_floor = RtoFloor::variance;
    std::uint8_t rtt_clear_after = 0;  // back-offs; 0: SRTT outlives them, as on Linux
    std::uint8_t retries_1 = 3;        // Linux tcp_retries1: from here on another way is looked for
    std::uint8_t retries_2 = 15;       // Linux tcp_retries2
    std::uint8_t orphan_retries = 8;   // Linux tcp_orphan_retries=0 means 8

    // Loss recovery (RFC 6675, RFC 8985, RFC 5682).
    Switch sack = Switch::on;            // Linux tcp_sack
    Switch dsack = Switch::on;           // Linux tcp_dsack
    std::uint8_t recovery = 1;           // Linux tcp_recovery; bits: 1 RACK, 2 a reordering window
                                         // that does not adapt, 4 no threshold of duplicates
    std::uint8_t early_retransmit = 3;   // Linux tcp_early_retrans; 3 and 4: tail loss probe
    std::uint8_t frto = 2;               // Linux tcp_frto; 0: off
    std::uint16_t reordering = 3;        // segments; Linux tcp_reordering
    std::uint16_t reordering_max = 300;  // segments; Linux tcp_max_reordering
    Duration min_rtt_window = std::chrono::seconds{300};  // Linux tcp_min_rtt_wlen
    Switch rescue = Switch::off;  // RFC 6675 NextSeg() rule 4; Linux has none

    // Congestion control.
    CongestionControl congestion = CongestionControl::cubic;  // Linux tcp_congestion_control
    Switch hystart = Switch::on;                // leave slow start by RTT (RFC 9406, DEC-29)
    Switch slow_start_after_idle = Switch::on;  // Linux tcp_slow_start_after_idle
    Ecn ecn = Ecn::passive;                     // Linux tcp_ecn
    InitialWindow initial_window = InitialWindow::ten_segments;
    std::uint8_t slow_start_limit = 0;  // segments an ACK may add (RFC 5681: 1); 0: all (DEC-23)
    Switch pacing = Switch::off;        // as a Linux host with the fq qdisc
    std::uint16_t pacing_slow_start_percent = 200;  // Linux tcp_pacing_ss_ratio
    std::uint16_t pacing_percent = 120;             // Linux tcp_pacing_ca_ratio

    // Segments go through a stack in batches, whatever its links take: cut as they leave, joined
    // where they come one behind the other (Linux GSO and GRO). Off: events tell of each segment.
    Switch batches = Switch::off;

    // Path MTU (RFC 1191, RFC 4821).
    MtuProbing mtu_probing = MtuProbing::off;              // Linux tcp_mtu_probing
    std::uint16_t mtu_base_mss = 1024;                     // octets; Linux tcp_base_mss
    Duration mtu_expires = std::chrono::seconds{600};      // Linux route/mtu_expires
    Duration mtu_probe_again = std::chrono::seconds{600};  // Linux tcp_probe_interval

    // Acknowledging.
    Duration delayed_ack = std::chrono::milliseconds{40};       // at least; Linux TCP_DELACK_MIN
    Duration delayed_ack_max = std::chrono::milliseconds{200};  // Linux TCP_DELACK_MAX
    std::uint8_t quick_acks = 16;  // first segments of a flow acked at once
    Duration invalid_ratelimit = std::chrono::milliseconds{500};  // Linux tcp_invalid_ratelimit

    // Closing.
    Duration time_wait = std::chrono::seconds{60};             // 2·MSL; Linux, DEC-03
    Duration fin_wait_2 = std::chrono::seconds{60};            // Linux tcp_fin_timeout
    TimeWaitRst time_wait_rst = TimeWaitRst::ignore;           // DEC-04
    TimeWaitReuse time_wait_reuse = TimeWaitReuse::loopback;   // Linux tcp_tw_reuse
    Duration time_wait_reuse_delay = std::chrono::seconds{1};  // Linux tcp_tw_reuse_delay
    Switch time_wait_new_timestamps = Switch::off;  // they alone open a tuple again (DEC-24)
    std::uint32_t time_wait_max = 262'144;          // records; Linux tcp_max_tw_buckets
    std::uint32_t orphans_max = 65'536;             // Linux tcp_max_orphans

    // Options on SYN.
    Switch window_scaling = Switch::on;
    Switch timestamps = Switch::on;
    Switch strict_timestamps = Switch::off;  // a segment without them is dropped (DEC-08)

    // Buffers, in bytes.
    std::uint32_t receive_buffer = 131'072;  // Linux tcp_rmem[1]
    std::uint32_t receive_buffer_max = 6'291'456;
    std::uint32_t send_buffer = 16'384;  // what SO_SNDBUF reads on a fresh socket
    std::uint32_t send_buffer_max = 4'194'304;
    Switch moderate_receive_buffer = Switch::on;  // Linux tcp_moderate_rcvbuf
    std::uint32_t notsent_lowat = 0xffffffffU;    // Linux tcp_notsent_lowat

    // IPv6. Off: a host without it, as a kernel booted so (socket(AF_INET6) says EAFNOSUPPORT).
    Switch ipv6 = Switch::off;
    // Addresses are proved before use (RFC 4862 §5.4), routers asked for and heard (RFC 4861 §6.3).
    // Off: addresses are ours from the start, routers are not heard (Linux accept_dad=0,
    // accept_ra=0).
    Switch autoconf = Switch::off;
    // A link that is given no IPv4 address leases one (RFC 2131). Off: it stays without.
    Switch dhcp = Switch::off;

    // ARP, ND, ICMP.
    Switch accept_redirects = Switch::off;  // of IPv4; Linux accept_redirects
    Duration neighbour_retry = std::chrono::seconds{1};
    std::uint8_t neighbour_tries = 3;
    Duration neighbour_reachable = std::chrono::seconds{30};
    std::size_t neighbours_max = 1024;  // Linux gc_thresh3
    std::uint32_t icmp_errors_per_s = 1000;

    // Bounds of one stack.
    std::size_t reply_ring = 4096;  // replies owed without a connection
    std::size_t sockets_max = 1 << 20;
    std::size_t frames_per_turn = 1024;  // transmit budget

    // Simulation.
    Numbers numbers = Numbers::keyed;
};

}  // namespace dt::event

namespace dt {
using event::Config;
}  // namespace dt
