// Options whose value is an int: those that act, and those that are only kept (spec 6.8).
#include <algorithm>
#include <array>
#include <limits>
#include <utility>

#include "sock/options.hpp"

namespace dt::sock {
namespace {

constexpr std::int32_t any_least = std::numeric_limits<std::int32_t>::min();
constexpr std::int32_t any_most = std::numeric_limits<std::int32_t>::max();
constexpr std::int32_t sol = number::sol_socket;
constexpr std::int32_t tcp = number::ipproto_tcp;
constexpr std::int32_t ip = number::ipproto_ip;
constexpr std::int32_t ipv6 = number::ipproto_ipv6;
constexpr std::int32_t udp = number::ipproto_udp;

event::Switch on_if(std::int32_t value) {
    return value != 0 ? event::Switch::on : event::Switch::off;
}
std::int32_t number_of(event::Switch value) { return value == event::Switch::on ? 1 : 0; }

/// TCP_DEFER_ACCEPT counts SYN-ACKs: 1, 3, 7, 15… s, the next one up; at most 255 of them (Linux
/// secs_to_retrans).
std::uint32_t deferred_seconds(std::int32_t wanted) {
    constexpr int most = 255;
    std::uint32_t seconds = 0;
    std::uint32_t step = 1;
    for (int i = 0; i < most && std::cmp_less(seconds, wanted); ++i) {
        seconds += step;
        step = std::min(step * 2, 120U);
    }
    return seconds;
}

std::int32_t linger_2(const Settings& settings) {
    constexpr std::int32_t default_seconds = 60;
    return settings.tcp.linger_2_s == 0 ? default_seconds : settings.tcp.linger_2_s;
}
void set_linger_2(Settings& settings, std::int32_t seconds) {
    constexpr std::int32_t longest = 120;
    settings.tcp.linger_2_s = seconds < 0 ? -1 : std::min(seconds, longest);
}

/// Of the type of service a stream sets all but the ECN bits (RFC 3168 §5).
void set_tos(Settings& settings, std::int32_t value) {
    settings.tcp.tos = static_cast<std::uint8_t>(value & 0xfc);
}
void set_low_water(Settings& settings, std::int32_t value) {
    settings.receive_low_water = value < 0 ? any_most : std::max(value, 1);
}

// clang-format off
constexpr auto numbers = std::to_array<NumberRow>({
    {sol, number::so_reuseaddr, "SO_REUSEADDR", any_least, any_most, Effect::reuse,
     [](const Settings& s) -> std::int32_t { return s.tcp.reuse_address ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.reuse_address = v != 0; }},
    {sol, number::so_reuseport, "SO_REUSEPORT", any_least, any_most, Effect::reuse,
     [](const Settings& s) -> std::int32_t { return s.tcp.reuse_port ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.reuse_port = v != 0; }},
    {sol, number::so_keepalive, "SO_KEEPALIVE", any_least, any_most, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.keep_alive ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.keep_alive = v != 0; }},
    {sol, number::so_broadcast, "SO_BROADCAST", any_least, any_most, Effect::none,
     [](const Settings& s) { return number_of(s.broadcast); },
     [](Settings& s, std::int32_t v) { s.broadcast = on_if(v); }},
    {sol, number::so_rcvlowat, "SO_RCVLOWAT", any_least, any_most, Effect::none,
     [](const Settings& s) { return s.receive_low_water; }, set_low_water},
    {sol, number::so_oobinline, "SO_OOBINLINE", any_least, any_most, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.urgent_in_line ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.urgent_in_line = v != 0; }},
    {tcp, number::tcp_nodelay, "TCP_NODELAY", any_least, any_most, Effect::push,
     [](const Settings& s) -> std::int32_t { return s.tcp.no_delay ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.no_delay = v != 0; }},
    {tcp, number::tcp_cork, "TCP_CORK", any_least, any_most, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.cork ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.cork = v != 0; }},
    {tcp, number::tcp_keepidle, "TCP_KEEPIDLE", 1, 32767, Effect::connection,
     [](const Settings& s) { return static_cast<std::int32_t>(s.tcp.keep_idle_s); },
     [](Settings& s, std::int32_t v) { s.tcp.keep_idle_s = static_cast<std::uint32_t>(v); }},
    {tcp, number::tcp_keepintvl, "TCP_KEEPINTVL", 1, 32767, Effect::connection,
     [](const Settings& s) { return static_cast<std::int32_t>(s.tcp.keep_interval_s); },
     [](Settings& s, std::int32_t v) { s.tcp.keep_interval_s = static_cast<std::uint32_t>(v); }},
    {tcp, number::tcp_keepcnt, "TCP_KEEPCNT", 1, 127, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.keep_count; },
     [](Settings& s, std::int32_t v) { s.tcp.keep_count = static_cast<std::uint8_t>(v); }},
    {tcp, number::tcp_linger2, "TCP_LINGER2", any_least, any_most, Effect::connection,
     linger_2, set_linger_2},
    {tcp, number::tcp_defer_accept, "TCP_DEFER_ACCEPT", any_least, any_most, Effect::connection,
     [](const Settings& s) { return static_cast<std::int32_t>(s.tcp.defer_accept_s); },
     [](Settings& s, std::int32_t v) { s.tcp.defer_accept_s = deferred_seconds(v); }},
    {tcp, number::tcp_quickack, "TCP_QUICKACK", any_least, any_most, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.quick_ack ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.quick_ack = v != 0; }},
    {tcp, number::tcp_user_timeout, "TCP_USER_TIMEOUT", 0, any_most, Effect::connection,
     [](const Settings& s) { return static_cast<std::int32_t>(s.tcp.user_timeout_ms); },
     [](Settings& s, std::int32_t v) { s.tcp.user_timeout_ms = static_cast<std::uint32_t>(v); }},
    {tcp, number::tcp_notsent_lowat, "TCP_NOTSENT_LOWAT", any_least, any_most, Effect::connection,
     [](const Settings& s) { return static_cast<std::int32_t>(s.tcp.notsent_lowat); },
     [](Settings& s, std::int32_t v) { s.tcp.notsent_lowat = static_cast<std::uint32_t>(v); }},
    {tcp, number::tcp_fastopen, "TCP_FASTOPEN", 0, any_most, Effect::connection,
     [](const Settings& s) { return static_cast<std::int32_t>(s.tcp.fast_open_queue); },
     [](Settings& s, std::int32_t v) { s.tcp.fast_open_queue = static_cast<std::uint32_t>(v); }},
    {tcp, number::tcp_fastopen_no_cookie, "TCP_FASTOPEN_NO_COOKIE", 0, 1, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.fast_open_no_cookie ? 1 : 0; },
     [](Settings& s, std::int32_t v) { s.tcp.fast_open_no_cookie = v != 0; }},
    {ip, number::ip_tos, "IP_TOS", any_least, any_most, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.tos; }, set_tos},
    {ip, number::ip_minttl, "IP_MINTTL", 0, 255, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.min_ttl; },
     [](Settings& s, std::int32_t v) { s.tcp.min_ttl = static_cast<std::uint8_t>(v); }},
    {ipv6, number::ipv6_minhopcount, "IPV6_MINHOPCOUNT", 0, 255, Effect::connection,
     [](const Settings& s) -> std::int32_t { return s.tcp.min_ttl; },
     [](Settings& s, std::int32_t v) { s.tcp.min_ttl = static_cast<std::uint8_t>(v); }},
    {ip, number::ip_mtu_discover, "IP_MTU_DISCOVER", 0, 5, Effect::endpoint,
     [](const Settings& s) { return s.mtu_discover; },
     [](Settings& s, std::int32_t v) { s.mtu_discover = v; }},
    {ip, number::ip_multicast_ttl, "IP_MULTICAST_TTL", -1, 255, Effect::none,
     [](const Settings& s) { return s.groups_v4.ttl; },
     [](Settings& s, std::int32_t v) { s.groups_v4.ttl = v < 0 ? 1 : v; }},
    {ip, number::ip_multicast_loop, "IP_MULTICAST_LOOP", any_least, any_most, Effect::none,
     [](const Settings& s) { return number_of(s.groups_v4.loop); },
     [](Settings& s, std::int32_t v) { s.groups_v4.loop = on_if(v); }},
    {ipv6, number::ipv6_multicast_loop, "IPV6_MULTICAST_LOOP", 0, 1, Effect::none,
     [](const Settings& s) { return number_of(s.groups_v6.loop); },
     [](Settings& s, std::int32_t v) { s.groups_v6.loop = on_if(v); }},
    {ipv6, number::ipv6_multicast_all, "IPV6_MULTICAST_ALL", any_least, any_most,
     Effect::endpoint,
     [](const Settings& s) { return number_of(s.groups_v6.all.value_or(event::Switch::on)); },
     [](Settings& s, std::int32_t v) { s.groups_v6.all = on_if(v); }},
    {ip, number::ip_freebind, "IP_FREEBIND", any_least, any_most, Effect::none,
     [](const Settings& s) { return number_of(s.free_bind); },
     [](Settings& s, std::int32_t v) { s.free_bind = on_if(v); }},
    {ip, number::ip_bind_address_no_port, "IP_BIND_ADDRESS_NO_PORT", any_least, any_most,
     Effect::none,
     [](const Settings& s) { return number_of(s.bind_address_no_port); },
     [](Settings& s, std::int32_t v) { s.bind_address_no_port = on_if(v); }},
    {sol, number::so_no_check, "SO_NO_CHECK", any_least, any_most, Effect::none,
     [](const Settings& s) { return number_of(s.no_check); },
     [](Settings& s, std::int32_t v) { s.no_check = on_if(v); }},
    {udp, number::udp_segment, "UDP_SEGMENT", 0, 65'535, Effect::none,
     [](const Settings& s) -> std::int32_t { return s.segment; },
     [](Settings& s, std::int32_t v) { s.segment = static_cast<std::uint16_t>(v); }},
    {udp, number::udp_gro, "UDP_GRO", any_least, any_most, Effect::none,
     [](const Settings& s) { return number_of(s.joins_received); },
     [](Settings& s, std::int32_t v) { s.joins_received = on_if(v); }},
});

constexpr auto remembered = std::to_array<RememberedRow>({
    {sol, 1, "SO_DEBUG", any_least, any_most, 0},
    {sol, 5, "SO_DONTROUTE", any_least, any_most, 0},
    {sol, 12, "SO_PRIORITY", any_least, any_most, 0},
    {sol, 14, "SO_BSDCOMPAT", any_least, any_most, 0},
    {sol, 29, "SO_TIMESTAMP", any_least, any_most, 0},
    {sol, 35, "SO_TIMESTAMPNS", any_least, any_most, 0},
    {sol, 42, "SO_PEEK_OFF", any_least, any_most, -1},
    {sol, 44, "SO_LOCK_FILTER", any_least, any_most, 0},
    {sol, 45, "SO_SELECT_ERR_QUEUE", any_least, any_most, 0},
    {sol, 46, "SO_BUSY_POLL", 0, any_most, 0},
    {sol, 49, "SO_INCOMING_CPU", any_least, any_most, -1},
    {sol, 63, "SO_TIMESTAMP_NEW", any_least, any_most, 0},
    {sol, 64, "SO_TIMESTAMPNS_NEW", any_least, any_most, 0},
    {sol, 69, "SO_PREFER_BUSY_POLL", any_least, any_most, 0},
    {tcp, 10, "TCP_WINDOW_CLAMP", 0, any_most, 0},
    {tcp, 16, "TCP_THIN_LINEAR_TIMEOUTS", 0, 1, 0},
    {tcp, 17, "TCP_THIN_DUPACK", 0, 1, 0},
    {tcp, 27, "TCP_SAVE_SYN", 0, 2, 0},
    {tcp, 36, "TCP_INQ", 0, 1, 0},
    {ip, 6, "IP_RECVOPTS", any_least, any_most, 0},
    {ip, 7, "IP_RETOPTS", any_least, any_most, 0},
    {ip, 8, "IP_PKTINFO", any_least, any_most, 0},
    {ip, 12, "IP_RECVTTL", any_least, any_most, 0},
    {ip, 13, "IP_RECVTOS", any_least, any_most, 0},
    {ip, 20, "IP_RECVORIGDSTADDR", any_least, any_most, 0},
    {ip, 26, "IP_RECVERR_RFC4884", 0, 1, 0},
    {ipv6, 23, "IPV6_MTU_DISCOVER", 0, 5, 1},
    {ipv6, 49, "IPV6_RECVPKTINFO", any_least, any_most, 0},
    {ipv6, 51, "IPV6_RECVHOPLIMIT", any_least, any_most, 0},
    {ipv6, 62, "IPV6_DONTFRAG", any_least, any_most, 0},
    {ipv6, 66, "IPV6_RECVTCLASS", any_least, any_most, 0},
    {ipv6, 70, "IPV6_AUTOFLOWLABEL", any_least, any_most, 1},
});
// clang-format on
static_assert(remembered.size() <= remembered_max);

template <class Row, std::size_t n>
constexpr bool unique(const std::array<Row, n>& rows) {
    for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = i + 1; j < n; ++j) {
            if (rows[i].level == rows[j].level && rows[i].name == rows[j].name) return false;
        }
    }
    return true;
}
static_assert(unique(numbers) && unique(remembered));

constexpr bool apart() {
    for (const NumberRow& a : numbers) {
        for (const RememberedRow& b : remembered) {
            if (a.level == b.level && a.name == b.name) return false;
        }
    }
    return true;
}
static_assert(apart(), "an option either acts or is only kept");

}  // namespace

std::span<const NumberRow> number_rows() { return numbers; }
std::span<const RememberedRow> remembered_rows() { return remembered; }

}  // namespace dt::sock
