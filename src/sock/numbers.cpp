// Arguments of socket calls as Linux programs pass them, checked in Linux's order.
#include "sock/numbers.hpp"

#include <algorithm>
#include <array>

namespace dt::sock {
namespace {

constexpr std::size_t sockaddr_in_octets = 16;
constexpr std::size_t sockaddr_storage_octets = 128;
constexpr std::size_t family_octets = 2;

std::int32_t family_in(Octets sockaddr) {
    std::uint16_t family = 0;
    std::memcpy(&family, sockaddr.data(), sizeof family);
    return family;
}

Endpoint endpoint_in(Octets sockaddr) {
    return {Ipv4::load(sockaddr, 4), Port{load_be<std::uint16_t>(sockaddr, 2)}};
}

Result<Type> parse_type(int type) {
    switch (type & number::sock_type_mask) {
        case number::sock_stream: return Type::stream;
        case number::sock_dgram: return Type::datagram;
        case number::sock_raw: return Type::raw;
        case number::sock_packet: return fail(Error::not_permitted);
        default: return fail(Error::type_not_supported);
    }
}

}  // namespace

Result<SocketKind> parse_kind(int domain, int type, int protocol) {
    constexpr int flags = number::sock_nonblock | number::sock_cloexec;
    if ((type & ~(number::sock_type_mask | flags)) != 0) return fail(Error::invalid_argument);
    if (domain < 0 || domain >= number::family_count) return fail(Error::family_not_supported);
    if ((type & number::sock_type_mask) > number::sock_packet) {
        return fail(Error::invalid_argument);
    }
    if (domain != number::af_inet && domain != number::af_inet6) {
        return fail(Error::family_not_supported);
    }
    SocketKind kind;
    kind.family = domain == number::af_inet ? Family::inet : Family::inet6;
    if (protocol < 0 || protocol >= number::ipproto_max) return fail(Error::invalid_argument);
    DT_TRY(parsed, parse_type(type));
    kind.type = parsed;
    kind.protocol = protocol;
    // A ping socket is open to every group, as systemd sets net.ipv4.ping_group_range (ICMP4-015).
    const int icmp = kind.family == Family::inet ? number::ipproto_icmp : number::ipproto_icmpv6;
    const bool is_icmp = kind.type != Type::stream && protocol == icmp;
    if (is_icmp) return kind;
    if (kind.type == Type::raw) return fail(Error::not_permitted);
    const int own = kind.type == Type::stream ? number::ipproto_tcp : number::ipproto_udp;
    if (protocol != 0 && protocol != own) return fail(Error::protocol_not_supported);
    return kind;
}

Result<How> parse_how(int how) {
    if (how < 0 || how > 2) return fail(Error::invalid_argument);
    return static_cast<How>(how);
}

Result<Endpoint> parse_bind_address(Family, Octets sockaddr) {
    const bool fits =
        sockaddr.size() >= sockaddr_in_octets && sockaddr.size() <= sockaddr_storage_octets;
    if (!fits) return fail(Error::invalid_argument);
    const Endpoint endpoint = endpoint_in(sockaddr);
    const std::int32_t family = family_in(sockaddr);
    const bool wildcard = family == number::af_unspec && endpoint.addr.is_any();
    if (family != number::af_inet && !wildcard) return fail(Error::family_not_supported);
    return endpoint;
}

Result<Address> parse_connect_address(Family, Octets sockaddr) {
    if (sockaddr.size() < family_octets || sockaddr.size() > sockaddr_storage_octets) {
        return fail(Error::invalid_argument);
    }
    const std::int32_t family = family_in(sockaddr);
    if (family == number::af_unspec) return Address{Address::Given::unspecified, Endpoint{}};
    if (sockaddr.size() < sockaddr_in_octets) return fail(Error::invalid_argument);
    if (family != number::af_inet) return fail(Error::family_not_supported);
    return Address{Address::Given::endpoint, endpoint_in(sockaddr)};
}

Result<Endpoint> parse_send_address(Family, Octets sockaddr) {
    const bool fits =
        sockaddr.size() >= sockaddr_in_octets && sockaddr.size() <= sockaddr_storage_octets;
    if (!fits) return fail(Error::invalid_argument);
    const std::int32_t family = family_in(sockaddr);
    if (family != number::af_inet && family != number::af_unspec) {
        return fail(Error::family_not_supported);
    }
    return endpoint_in(sockaddr);
}

std::size_t store_address(const Endpoint& endpoint, MutableOctets to) {
    std::array<std::byte, sockaddr_in_octets> text{};
    const auto family = static_cast<std::uint16_t>(number::af_inet);
    std::memcpy(text.data(), &family, sizeof family);
    store_be<std::uint16_t>(text, 2, endpoint.port.value());
    endpoint.addr.v4().store(text, 4);
    std::copy_n(text.begin(), std::min(text.size(), to.size()), to.begin());
    return text.size();
}

}  // namespace dt::sock
