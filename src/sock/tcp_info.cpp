// TCP_INFO from what a connection or a listener shows of itself (API-OPT-016).
#include "sock/tcp_info.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace dt::sock {
namespace {

constexpr std::uint32_t ssthresh_unset = 0x7fffffff;  // TCP_INFINITE_SSTHRESH
constexpr std::uint32_t cwnd_first = 10;              // RFC 6928
constexpr std::uint32_t rto_first = 1'000'000;        // µs
constexpr std::uint32_t mss_first = 536;
constexpr std::uint8_t option_syn_data = 32;  // TCPI_OPT_SYN_DATA

// include/uapi/linux/tcp.h: TCPI_OPT_*.
constexpr unsigned option_timestamps = 1;
constexpr unsigned option_sack = 2;
constexpr unsigned option_window_scale = 4;
constexpr unsigned option_ecn = 8;
constexpr std::uint32_t min_rtt_unknown = 0xffffffff;

std::uint32_t microseconds(Duration time) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

/// Of what lasts as long as a connection: 32 bits would end after 71 minutes.
std::uint64_t long_microseconds(Duration time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

void fill(TcpInfo& info, const event::PathView& path) {
    info.snd_mss = path.mss;
    info.rto = microseconds(path.rto);
    info.rtt = microseconds(path.srtt);
    info.snd_cwnd = path.cwnd;
    info.snd_ssthresh = path.ssthresh == 0 ? ssthresh_unset : path.ssthresh;
    info.unacked = path.outstanding;
    info.ca_state = static_cast<std::uint8_t>(path.state);
    info.retransmits = path.expiries;
    info.probes = path.probes;
    info.backoff = path.backoff;
    info.options = static_cast<std::uint8_t>(
        (path.timestamps ? option_timestamps : 0U) | (path.sack ? option_sack : 0U) |
        (path.scaling ? option_window_scale : 0U) | (path.ecn ? option_ecn : 0U));
    info.window_scale = static_cast<std::uint8_t>(path.receive_shift << 4 | path.send_shift);
    info.ato = microseconds(path.delayed_ack);
    info.rcv_mss = path.peer_mss;
    info.sacked = path.sacked;
    info.lost = path.lost + path.resent;  // Linux counts a lost segment until it is acknowledged
    info.retrans = path.resent;
    info.pmtu = path.path_mtu;
    info.rttvar = microseconds(path.deviation);
    info.min_rtt = path.min_rtt == Duration{} ? min_rtt_unknown : microseconds(path.min_rtt);
    info.reordering = path.reordering;
    info.reord_seen = path.reorderings;
    info.dsack_dups = path.duplicates;
    info.total_retrans = path.resent_total;
    info.delivered = path.delivered;
    info.bytes_acked = path.octets_acked;
    info.bytes_received = path.octets_received;
    info.snd_wnd = path.send_window;
    info.rcv_wnd = path.receive_window;
    if (path.syn_text_taken) info.options |= option_syn_data;
}

std::uint32_t milliseconds(Duration time) { return static_cast<std::uint32_t>(base::to_ms(time)); }

void fill(TcpInfo& info, const tcp::Times& times) {
    info.busy_time = long_microseconds(times.busy);
    info.rwnd_limited = long_microseconds(times.window_limited);
    info.last_data_sent = milliseconds(times.since_text_sent);
    info.last_data_received = milliseconds(times.since_text_received);
    info.last_ack_received = milliseconds(times.since_ack_received);
}

/// What our SYN said: what the path takes, or TCP_MAXSEG where that is less (RFC 9293 §3.7.1).
std::uint32_t advertised_mss(std::uint32_t path_mtu, const Socket& socket) {
    const std::uint32_t headers = socket.local.addr.is_v4() ? 40 : 60;
    const std::uint32_t room = path_mtu > headers ? path_mtu - headers : 0;
    const std::uint32_t asked = socket.settings().tcp.mss_max;
    return asked == 0 ? room : std::min(asked, room);
}

}  // namespace

std::uint8_t linux_state(event::State state) {
    constexpr std::array<std::uint8_t, event::state_count> numbers{7, 10, 2,  3, 1, 4,
                                                                   5, 8,  11, 9, 6};
    return numbers[static_cast<std::size_t>(state)];
}

std::uint64_t not_sent_of(const SocketTable& table, const Socket& socket) {
    const tcp::ConnId* connection = socket.connection();
    return connection == nullptr ? 0 : table.core().tcp().unsent(*connection);
}

TcpInfo tcp_info_of(const SocketTable& table, const Socket& socket, Instant now) {
    TcpInfo info{};
    const StreamFacts facts = table.stream_facts(socket);
    info.state = linux_state(facts.is_closed() ? event::State::closed : facts.state);
    info.rto = rto_first;
    info.snd_cwnd = cwnd_first;
    info.snd_ssthresh = ssthresh_unset;
    info.snd_mss = mss_first;
    if (const tcp::ConnId* connection = socket.connection()) {
        fill(info, table.core().tcp().path_view(*connection));
        fill(info, table.core().tcp().times(*connection, now));
        // Linux says that nothing is paced by the largest number there is.
        const std::uint64_t pace = table.core().tcp().pacing_rate(*connection);
        info.pacing_rate = pace == 0 ? ~std::uint64_t{0} : pace;
        info.max_pacing_rate = socket.settings().tcp.pacing_rate_max;
        info.advmss = advertised_mss(info.pmtu, socket);
        info.notsent_bytes = static_cast<std::uint32_t>(not_sent_of(table, socket));
    } else if (const auto* listening = std::get_if<Listening>(&socket.state)) {
        info.unacked = static_cast<std::uint32_t>(facts.waiting);
        info.sacked = listening->backlog;
    }
    return info;
}

}  // namespace dt::sock
