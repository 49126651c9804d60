// struct tcp_info of Linux (include/uapi/linux/tcp.h, 6.18), filled from a connection or listener.
#pragma once

#include <cstddef>
#include <cstdint>

#include "sock/table.hpp"

namespace dt::sock {

/// Layout of Linux; what this stack does not measure stays 0. Times in microseconds where the
/// name has no unit, as Linux has it.
struct TcpInfo {
    std::uint8_t state;
    std::uint8_t ca_state;
    std::uint8_t retransmits;
    std::uint8_t probes;
    std::uint8_t backoff;
    std::uint8_t options;       // 1 timestamps, 2 SACK, 4 window scale
    std::uint8_t window_scale;  // ours in the upper half, the peer's in the lower
    std::uint8_t flags;
    std::uint32_t rto;
    std::uint32_t ato;
    std::uint32_t snd_mss;
    std::uint32_t rcv_mss;
    std::uint32_t unacked;  // segments; of a listener: connections in the accept queue
    std::uint32_t sacked;   // of a listener: its backlog
    std::uint32_t lost;
    std::uint32_t retrans;
    std::uint32_t fackets;
    std::uint32_t last_data_sent;
    std::uint32_t last_ack_sent;
    std::uint32_t last_data_received;
    std::uint32_t last_ack_received;
    std::uint32_t pmtu;
    std::uint32_t rcv_ssthresh;
    std::uint32_t rtt;
    std::uint32_t rttvar;
    std::uint32_t snd_ssthresh;
    std::uint32_t snd_cwnd;
    std::uint32_t advmss;
    std::uint32_t reordering;
    std::uint32_t rcv_rtt;
    std::uint32_t rcv_space;
    std::uint32_t total_retrans;
    std::uint64_t pacing_rate;
    std::uint64_t max_pacing_rate;
    std::uint64_t bytes_acked;
    std::uint64_t bytes_received;
    std::uint32_t segs_out;
    std::uint32_t segs_in;
    std::uint32_t notsent_bytes;
    std::uint32_t min_rtt;
    std::uint32_t data_segs_in;
    std::uint32_t data_segs_out;
    std::uint64_t delivery_rate;
    std::uint64_t busy_time;
    std::uint64_t rwnd_limited;
    std::uint64_t sndbuf_limited;
    std::uint32_t delivered;
    std::uint32_t delivered_ce;
    std::uint64_t bytes_sent;
    std::uint64_t bytes_retrans;
    std::uint32_t dsack_dups;
    std::uint32_t reord_seen;
    std::uint32_t rcv_ooopack;
    std::uint32_t snd_wnd;
    std::uint32_t rcv_wnd;
    std::uint32_t rehash;
    std::uint16_t total_rto;
    std::uint16_t total_rto_recoveries;
    std::uint32_t total_rto_time;
    std::uint32_t received_ce;
    std::uint32_t delivered_e1_bytes;  // these six: Accurate ECN, not spoken here
    std::uint32_t delivered_e0_bytes;
    std::uint32_t delivered_ce_bytes;
    std::uint32_t received_e1_bytes;
    std::uint32_t received_e0_bytes;
    std::uint32_t received_ce_bytes;
    std::uint32_t ecn_mode;  // and further bits
};
static_assert(offsetof(TcpInfo, rto) == 8 && offsetof(TcpInfo, rtt) == 68);
static_assert(offsetof(TcpInfo, pacing_rate) == 104 && offsetof(TcpInfo, delivered) == 192);
static_assert(sizeof(TcpInfo) == 280);

/// The number Linux has for a state (include/net/tcp_states.h).
[[nodiscard]] std::uint8_t linux_state(event::State state);

/// Octets of a stream's send queue that never left (SIOCOUTQNSD).
[[nodiscard]] std::uint64_t not_sent_of(const SocketTable& table, const Socket& socket);

[[nodiscard]] TcpInfo tcp_info_of(const SocketTable& table, const Socket& socket, Instant now);

}  // namespace dt::sock
