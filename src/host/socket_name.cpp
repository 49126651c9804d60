// sockaddr_in, sockaddr_in6 and their kin, between a program's memory and Endpoint (ip(7), ipv6(7),
// unix(7)).
#include "host/socket_name.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "sock/zone.hpp"

namespace dt::host {

std::uint16_t RawName::family() const {
    std::uint16_t family = AF_UNSPEC;
    if (length >= sizeof family) std::memcpy(&family, octets.data(), sizeof family);
    return family;
}

std::string_view RawName::unix_path() const {
    constexpr std::size_t start = offsetof(sockaddr_un, sun_path);
    if (family() != AF_UNIX || length <= start) return {};
    const std::string_view path(reinterpret_cast<const char*>(octets.data()) + start,
                                length - start);
    return path.substr(0, path.find('\0'));
}

std::expected<RawName, int> read_name(const RemoteMemory& memory, std::uint64_t address,
                                      std::uint64_t length) {
    RawName name;
    const auto size = static_cast<std::int32_t>(length);  // an int in the system call
    if (size < 0 || static_cast<std::size_t>(size) > name.octets.size()) {
        return std::unexpected(EINVAL);
    }
    name.length = static_cast<std::size_t>(size);
    if (!memory.read(address, std::span(name.octets).first(name.length))) {
        return std::unexpected(EFAULT);
    }
    return name;
}

std::uint32_t zone_of(const RawName& name) {
    const bool is_long = name.family() == AF_INET6 && name.length >= sizeof(sockaddr_in6);
    if (!is_long) return 0;
    const Octets octets(name.octets);
    const Ipv6 address = Ipv6::load(octets, offsetof(sockaddr_in6, sin6_addr));
    std::uint32_t zone = 0;
    std::memcpy(&zone, octets.data() + offsetof(sockaddr_in6, sin6_scope_id), sizeof zone);
    return sock::needs_zone(address) ? zone : 0;
}

std::array<std::byte, 16> to_sockaddr(const Endpoint& endpoint) {
    static_assert(sizeof(sockaddr_in) == 16);
    std::array<std::byte, 16> octets{};
    const std::uint16_t family = AF_INET;
    std::memcpy(octets.data(), &family, sizeof family);
    store_be(MutableOctets(octets), offsetof(sockaddr_in, sin_port), endpoint.port.value());
    endpoint.addr.v4().store(octets, offsetof(sockaddr_in, sin_addr));
    return octets;
}

namespace {

constexpr std::size_t in6_length_min = 24;  // Linux SIN6_LEN_RFC2133: without sin6_scope_id

Result<Endpoint> endpoint_v6(const RawName& name) {
    if (name.length < in6_length_min) return fail(Error::invalid_argument);
    if (name.family() != AF_INET6) return fail(Error::family_not_supported);
    const Octets octets(name.octets);
    const Ipv6 address = Ipv6::load(octets, offsetof(sockaddr_in6, sin6_addr));
    return Endpoint{IpAddr(address),
                    Port(load_be<std::uint16_t>(octets, offsetof(sockaddr_in6, sin6_port)))};
}

/// Whether a call of an AF_INET6 socket may name an address of AF_INET.
bool takes_v4(const sock::SocketKind& kind, const RawName& name) {
    return kind.type == sock::Type::datagram && name.family() == AF_INET;
}

RawName name_v6(const Endpoint& endpoint, std::uint32_t zone) {
    RawName name;
    name.length = sizeof(sockaddr_in6);
    const std::uint16_t family = AF_INET6;
    std::memcpy(name.octets.data(), &family, sizeof family);
    store_be(MutableOctets(name.octets), offsetof(sockaddr_in6, sin6_port), endpoint.port.value());
    endpoint.addr.v6().store(name.octets, offsetof(sockaddr_in6, sin6_addr));
    if (sock::needs_zone(endpoint.addr)) {
        std::memcpy(name.octets.data() + offsetof(sockaddr_in6, sin6_scope_id), &zone, sizeof zone);
    }
    return name;
}

}  // namespace

Result<Endpoint> bind_address(const sock::SocketKind& kind, const RawName& name) {
    if (kind.family == sock::Family::inet)
        return sock::parse_bind_address(kind.family, name.given());
    return endpoint_v6(name);
}

Result<sock::Address> connect_address(const sock::SocketKind& kind, const RawName& name) {
    const bool is_unspecified = name.length >= 2 && name.family() == AF_UNSPEC;
    if (kind.family == sock::Family::inet || is_unspecified || takes_v4(kind, name))
        return sock::parse_connect_address(sock::Family::inet, name.given());
    DT_TRY(endpoint, endpoint_v6(name));
    return sock::Address{sock::Address::Given::endpoint, endpoint};
}

Result<Endpoint> send_address(const sock::SocketKind& kind, const RawName& name) {
    if (kind.family == sock::Family::inet || takes_v4(kind, name))
        return sock::parse_send_address(sock::Family::inet, name.given());
    return endpoint_v6(name);
}

RawName name_of(const Endpoint& endpoint, sock::Family family, std::uint32_t zone) {
    if (family == sock::Family::inet6) return name_v6(endpoint, zone);
    const auto octets = to_sockaddr(endpoint);
    RawName name;
    name.length = octets.size();
    std::ranges::copy(octets, name.octets.begin());
    return name;
}

int write_name(const RemoteMemory& memory, const Endpoint& endpoint, sock::Family family,
               NameRoom to) {
    if (to.address == 0) return 0;
    const auto room = memory.get<std::int32_t>(to.length_address);
    if (!room) return EFAULT;
    if (*room < 0) return EINVAL;
    const RawName name = name_of(endpoint, family, to.zone);
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(*room), name.length);
    if (!memory.write(to.address, name.given().first(count))) return EFAULT;
    const auto real = static_cast<std::int32_t>(name.length);
    return memory.put(to.length_address, real) ? 0 : EFAULT;
}

}  // namespace dt::host
