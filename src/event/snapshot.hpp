// A consistent value copy of one stack for viewers: sockets, queues, timers, TIME-WAIT records.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "event/config.hpp"
#include "event/event.hpp"
#include "event/state.hpp"
#include "wire/address.hpp"

namespace dt::event {

/// What a socket is of; `icmp`: echo only (SOCK_DGRAM), `raw`: whole ICMP messages (SOCK_RAW).
enum class Transport : std::uint8_t { tcp, udp, icmp, raw };

struct TimerView {
    TimerKind kind = TimerKind::none;
    Duration left{};
};

/// A listener's two queues.
struct QueueView {
    std::uint32_t syn_length = 0;
    std::uint32_t accept_length = 0;
    std::uint32_t limit = 0;
    std::uint64_t syn_ignored = 0;  // since listen()
    Duration oldest{};              // wait of the head of the accept queue
};

/// Loss recovery and congestion state of a connection (`ss -i`).
struct PathView {
    std::uint32_t cwnd = 0;      // segments
    std::uint32_t ssthresh = 0;  // segments, 0 = not set
    Duration srtt{};
    Duration rto{};
    std::uint32_t in_flight = 0;  // octets
    std::uint32_t mss = 0;
    bool syn_text_taken = false;  // Fast Open: a SYN carried text, and it was taken
    bool no_delay = false;

    // What TCP_INFO has besides; segments where nothing else is said.
    CongestionState state = CongestionState::open;
    CongestionControl congestion = CongestionControl::cubic;
    Duration deviation{};  // mean deviation of the RTT
    Duration min_rtt{};
    std::uint32_t outstanding = 0;  // sent, not acknowledged by SND.UNA
    std::uint32_t sacked = 0;
    std::uint32_t lost = 0;
    std::uint32_t resent = 0;        // sent again and still outstanding
    std::uint32_t resent_total = 0;  // ever
    std::uint32_t reordering = 0;    // tolerated
    std::uint32_t reorderings = 0;   // seen
    std::uint32_t duplicates = 0;    // that the peer reported (D-SACK)
    std::uint32_t delivered = 0;
    std::uint64_t octets_acked = 0;
    std::uint64_t octets_received = 0;
    std::uint32_t send_window = 0;     // octets
    std::uint32_t receive_window = 0;  // octets
    std::uint8_t expiries = 0;         // of the retransmission timer in a row
    std::uint8_t probes = 0;           // unanswered
    std::uint8_t backoff = 0;
    std::uint8_t send_shift = 0;
    std::uint8_t receive_shift = 0;
    bool timestamps = false;
    bool sack = false;
    bool scaling = false;
    bool ecn = false;
    Duration delayed_ack{};  // the delay of an ACK now
    std::uint16_t peer_mss = 0;
    std::uint16_t path_mtu = 0;
};

struct SocketView {
    Transport transport = Transport::tcp;
    State state = State::closed;
    Endpoint local;
    Endpoint peer;
    SocketNumber socket = 0;            // 0 = no program owns it (TIME-WAIT, orphan, queued)
    std::optional<Endpoint> queued_in;  // listener whose accept queue it waits in
    std::optional<QueueView> queues;    // of a listener
    std::optional<PathView> path;       // of a connection
    std::uint64_t receive_queue = 0;    // octets
    std::uint64_t send_queue = 0;       // octets; a SYN or FIN in flight counts 1
    TimerView timer;
    std::uint32_t retransmissions = 0;
    Caller opened_by;
};

/// Totals since the stack was made; names follow Linux's MIBs.
struct Counters {
    std::uint64_t listen_overflows = 0;
    std::uint64_t listen_drops = 0;
    std::uint64_t segments_in = 0;
    std::uint64_t segments_out = 0;
    std::uint64_t retransmitted = 0;
    std::uint64_t resets_out = 0;
    std::uint64_t attempt_fails = 0;
    std::uint64_t abort_on_close = 0;
    std::uint64_t abort_on_data = 0;
    std::uint64_t delayed_acks = 0;
    std::uint64_t in_errors = 0;
    std::uint64_t checksum_errors = 0;
    std::uint64_t time_wait_overflow = 0;
    std::uint64_t min_ttl_drops = 0;     // TCPMinTTLDrop of Linux
    std::uint64_t syn_cookies_sent = 0;  // SyncookiesSent, SyncookiesRecv, SyncookiesFailed
    std::uint64_t syn_cookies_received = 0;
    std::uint64_t syn_cookies_failed = 0;
    /// Packets, segments, datagrams and messages dropped, by Reason.
    std::array<std::uint64_t, reason_count> dropped{};
};

struct Snapshot {
    Instant at{};
    HostIndex host = 0;
    std::vector<SocketView> sockets;  // listeners first, then by creation, TIME-WAIT last
    Counters counters;
};

}  // namespace dt::event
