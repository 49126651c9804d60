// Numbers and layouts a program on Linux passes to socket calls: families, types, levels, option
// names, struct sockaddr_in (uapi headers of Linux 6.18; the same on x86-64 and arm64).
#pragma once

#include <cstdint>
#include <cstring>

#include "base/octets.hpp"
#include "base/result.hpp"
#include "sock/sockets.hpp"

namespace dt::sock {

namespace number {

inline constexpr std::int32_t af_unspec = 0, af_inet = 2, af_inet6 = 10, family_count = 46;
inline constexpr std::int32_t sock_stream = 1, sock_dgram = 2, sock_raw = 3, sock_rdm = 4,
                              sock_seqpacket = 5, sock_dccp = 6, sock_packet = 10;
inline constexpr std::int32_t sock_type_mask = 0xf, sock_nonblock = 04000, sock_cloexec = 02000000;
inline constexpr std::int32_t ipproto_ip = 0, ipproto_icmp = 1, ipproto_tcp = 6, ipproto_udp = 17,
                              ipproto_ipv6 = 41, ipproto_icmpv6 = 58, ipproto_max = 263;
inline constexpr std::int32_t sol_raw = 255;
inline constexpr std::int32_t sol_socket = 1;

}  // namespace number

constexpr std::int32_t number_of(Family family) {
    return family == Family::inet ? number::af_inet : number::af_inet6;
}
constexpr std::int32_t number_of(Type type) {
    switch (type) {
        case Type::stream: return number::sock_stream;
        case Type::datagram: return number::sock_dgram;
        case Type::raw: break;
    }
    return number::sock_raw;
}
/// SHUT_RD, SHUT_WR, SHUT_RDWR.
constexpr std::int32_t number_of(How how) { return static_cast<std::int32_t>(how); }

/// As event::CallMade tells it.
constexpr std::int32_t number_of(Asking asking) { return static_cast<std::int32_t>(asking); }

/// The int an option value begins with, 0 where it is shorter.
[[nodiscard]] inline std::int32_t int_in(Octets value) {
    std::int32_t number = 0;
    if (value.size() >= sizeof number) std::memcpy(&number, value.data(), sizeof number);
    return number;
}

/// The arguments of socket(), taken apart. Flags are the descriptor's, not the socket's.
struct SocketKind {
    Family family = Family::inet;
    Type type = Type::stream;
    int protocol = 0;
};
/// Errors as of Linux: family_not_supported, type_not_supported, invalid_argument,
/// protocol_not_supported, not_permitted for raw sockets of anything but ICMP (API-SOCK-001…005,
/// 008). Whether a program may open one is for the caller to judge.
[[nodiscard]] Result<SocketKind> parse_kind(int domain, int type, int protocol);

/// SHUT_RD, SHUT_WR, SHUT_RDWR; invalid_argument for others (API-SHUT-002).
[[nodiscard]] Result<How> parse_how(int how);

/// What a program passed as address: an endpoint, or AF_UNSPEC (disconnect, for connect()).
struct Address {
    enum class Given : std::uint8_t { endpoint, unspecified } given = Given::endpoint;
    Endpoint endpoint;
};
/// For bind(): AF_UNSPEC with the wildcard address counts as AF_INET (API-BIND-007…009).
/// Errors: invalid_argument for the length, family_not_supported.
[[nodiscard]] Result<Endpoint> parse_bind_address(Family family, Octets sockaddr);
/// For connect() (API-CONN-014, 018).
[[nodiscard]] Result<Address> parse_connect_address(Family family, Octets sockaddr);
/// For sendto(): AF_UNSPEC counts as AF_INET.
[[nodiscard]] Result<Endpoint> parse_send_address(Family family, Octets sockaddr);
/// Writes struct sockaddr_in, cut to the room there is; answers the real length (API-LIST-025).
std::size_t store_address(const Endpoint& endpoint, MutableOctets to);

}  // namespace dt::sock
