// The socket options, one row each: level, name, bounds, how it is read and set (spec 6.8).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "sock/numbers.hpp"
#include "sock/table.hpp"

namespace dt::sock {

namespace number {

// SOL_SOCKET.
inline constexpr std::int32_t so_reuseaddr = 2, so_type = 3, so_error = 4, so_broadcast = 6,
                              so_no_check = 11, so_sndbuf = 7, so_rcvbuf = 8, so_keepalive = 9,
                              so_oobinline = 10, so_linger = 13, so_reuseport = 15,
                              so_peercred = 17, so_rcvlowat = 18, so_sndlowat = 19,
                              so_rcvtimeo = 20, so_sndtimeo = 21, so_bindtodevice = 25,
                              so_acceptconn = 30, so_sndbufforce = 32, so_rcvbufforce = 33,
                              so_mark = 36, so_protocol = 38, so_domain = 39,
                              so_max_pacing_rate = 47, so_meminfo = 55, so_cookie = 57,
                              so_bindtoifindex = 62, so_rcvtimeo_new = 66, so_sndtimeo_new = 67;
// IPPROTO_TCP.
inline constexpr std::int32_t tcp_nodelay = 1, tcp_maxseg = 2, tcp_cork = 3, tcp_keepidle = 4,
                              tcp_keepintvl = 5, tcp_keepcnt = 6, tcp_syncnt = 7, tcp_linger2 = 8,
                              tcp_defer_accept = 9, tcp_info = 11, tcp_quickack = 12,
                              tcp_congestion = 13, tcp_user_timeout = 18, tcp_repair = 19,
                              tcp_fastopen = 23, tcp_notsent_lowat = 25, tcp_cc_info = 26,
                              tcp_fastopen_connect = 30, tcp_ulp = 31, tcp_fastopen_no_cookie = 34;
// IPPROTO_IP.
inline constexpr std::int32_t ip_tos = 1, ip_ttl = 2, ip_options = 4, ip_mtu_discover = 10,
                              ip_mtu = 14, ip_freebind = 15, ip_transparent = 19, ip_recverr = 11,
                              ip_multicast_ttl = 33, ip_minttl = 21, ip_bind_address_no_port = 24,
                              ip_multicast_if = 32, ip_multicast_loop = 34, ip_add_membership = 35,
                              ip_drop_membership = 36, ip_multicast_all = 49;
// IPPROTO_IPV6.
inline constexpr std::int32_t ipv6_unicast_hops = 16, ipv6_multicast_if = 17,
                              ipv6_multicast_hops = 18, ipv6_multicast_loop = 19,
                              ipv6_join_group = 20, ipv6_leave_group = 21, ipv6_mtu = 24,
                              ipv6_recverr = 25, ipv6_v6only = 26, ipv6_multicast_all = 29,
                              ipv6_tclass = 67, ipv6_minhopcount = 73;

// IPPROTO_UDP (udp(7)).
inline constexpr std::int32_t udp_segment = 103, udp_gro = 104;
// RFC 3678, under IPPROTO_IP and IPPROTO_IPV6.
inline constexpr std::int32_t mcast_join_group = 42, mcast_leave_group = 45;
// SOL_RAW and IPPROTO_ICMPV6: the filters of raw sockets (raw(7), RFC 3542 §3.2).
inline constexpr std::int32_t icmp_filter = 1, icmpv6_filter = 1;

}  // namespace number

/// What must be told beyond the settings when an option changed.
enum class Effect : std::uint8_t { none, connection, push, reuse, endpoint };

/// An option whose value is an int kept in the settings.
struct NumberRow {
    std::int32_t level;
    std::int32_t name;
    std::string_view symbol;
    std::int32_t least;  // outside the bounds: invalid_argument
    std::int32_t most;
    Effect effect;
    std::int32_t (*get)(const Settings& settings);
    void (*set)(Settings& settings, std::int32_t value);
};

/// An option that is kept for the program and changes nothing (API-OPT-022).
struct RememberedRow {
    std::int32_t level;
    std::int32_t name;
    std::string_view symbol;
    std::int32_t least;
    std::int32_t most;
    std::int32_t first;  // value until it is set
};

/// What an option of its own layout works on.
struct OptionTarget {
    SocketTable& table;
    const Turn& turn;
    SocketId id;
    Socket& socket;
};

/// An option with its own layout, or one that is answered from the socket. A null function means
/// that Linux has no such direction: no_such_option.
struct LayoutRow {
    std::int32_t level;
    std::int32_t name;
    std::string_view symbol;
    Answer<std::size_t> (*read)(const OptionTarget& target, MutableOctets to);
    Answer<void> (*write)(const OptionTarget& target, Octets from);
};

/// The rows of each kind; no (level, name) stands twice (checked at compile time).
[[nodiscard]] std::span<const NumberRow> number_rows();
[[nodiscard]] std::span<const RememberedRow> remembered_rows();
[[nodiscard]] std::span<const LayoutRow> layout_rows();

/// Copies `value` cut to the room there is; answers what was copied (API-OPT-025).
std::size_t put(MutableOctets to, Octets value);
template <class T>
std::size_t put_value(MutableOctets to, const T& value) {
    return put(to, std::as_bytes(std::span{&value, 1}));
}

/// An int; the level IP answers a small one in one octet where there is no room for an int.
std::size_t put_number(std::int32_t level, MutableOctets to, std::int32_t value);

/// A connection or listener learns the settings of its socket.
void apply(const OptionTarget& target, Effect effect);

}  // namespace dt::sock
