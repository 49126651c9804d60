// TCP_INFO from what a connection or a listener shows of itself (API-OPT-016).
#include "sock/tcp_info.hpp"

#include <array>
#include <chrono>

namespace dt::sock {
namespace {

constexpr std::uint32_t ssthresh_unset = 0x7fffffff;  // TCP_INFINITE_SSTHRESH
constexpr std::uint32_t cwnd_first = 10;              // RFC 6928
constexpr std::uint32_t rto_first = 1'000'000;        // µs
constexpr std::uint32_t mss_first = 536;

std::uint32_t microseconds(Duration time) {
    return static_cast<std::uint32_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(time).count());
}

void fill(TcpInfo& info, const event::PathView& path) {
    info.snd_mss = path.mss;
    info.rto = microseconds(path.rto);
    info.rtt = microseconds(path.srtt);
    info.snd_cwnd = path.cwnd;
    info.snd_ssthresh = path.ssthresh == 0 ? ssthresh_unset : path.ssthresh;
    if (path.mss > 0) info.unacked = (path.in_flight + path.mss - 1) / path.mss;
}

}  // namespace

std::uint8_t linux_state(event::State state) {
    constexpr std::array<std::uint8_t, event::state_count> numbers{7, 10, 2,  3, 1, 4,
                                                                   5, 8,  11, 9, 6};
    return numbers[static_cast<std::size_t>(state)];
}

TcpInfo tcp_info_of(const SocketTable& table, const Socket& socket) {
    TcpInfo info{};
    const StreamFacts facts = table.stream_facts(socket);
    info.state = linux_state(facts.is_closed() ? event::State::closed : facts.state);
    info.rto = rto_first;
    info.snd_cwnd = cwnd_first;
    info.snd_ssthresh = ssthresh_unset;
    info.snd_mss = mss_first;
    if (const tcp::ConnId* connection = socket.connection()) {
        fill(info, table.core().tcp().path_view(*connection));
        const std::uint32_t sent = table.core().tcp().path_view(*connection).in_flight;
        const std::uint64_t unsent = facts.queued > sent ? facts.queued - sent : 0;
        info.notsent_bytes = static_cast<std::uint32_t>(unsent);
    } else if (const auto* listening = std::get_if<Listening>(&socket.state)) {
        info.unacked = static_cast<std::uint32_t>(facts.waiting);
        info.sacked = listening->backlog;
    }
    return info;
}

}  // namespace dt::sock
