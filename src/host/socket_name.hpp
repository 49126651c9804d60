// sockaddr_in, sockaddr_in6 and their kin, between a program's memory and Endpoint (ip(7),
// ipv6(7)).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "host/remote_memory.hpp"
#include "sock/numbers.hpp"
#include "wire/address.hpp"

namespace dt::host {

/// What a program passed as an address: the octets, copied once.
struct RawName {
    std::array<std::byte, sizeof(sockaddr_storage)> octets{};
    std::size_t length = 0;

    [[nodiscard]] Octets given() const { return Octets(octets).first(length); }
    /// AF_UNSPEC where it is too short to say.
    [[nodiscard]] std::uint16_t family() const;
    /// The path of an AF_UNIX name, up to its first NUL; empty for any other and abstract ones.
    [[nodiscard]] std::string_view unix_path() const;
};

/// Errors (errno): EINVAL for a length no address has, EFAULT.
[[nodiscard]] std::expected<RawName, int> read_name(const RemoteMemory& memory,
                                                    std::uint64_t address, std::uint64_t length);

// The address that a call names, by the kind of its socket: as sock::parse_…_address() for
// AF_INET. An AF_INET6 socket takes mapped addresses too, for datagrams that are not bound also
// those of AF_INET. Errors: invalid_argument, family_not_supported.
[[nodiscard]] Result<Endpoint> bind_address(const sock::SocketKind& kind, const RawName& name);
[[nodiscard]] Result<sock::Address> connect_address(const sock::SocketKind& kind,
                                                    const RawName& name);
[[nodiscard]] Result<Endpoint> send_address(const sock::SocketKind& kind, const RawName& name);

/// The number of the first link of a host; lo is 1 (SIOCGIFINDEX).
inline constexpr std::uint32_t first_link = 2;

/// sin6_scope_id of a name that means something on one link only; 0 where it says none.
[[nodiscard]] std::uint32_t zone_of(const RawName& name);

/// Where a call wants an address written: a value-result argument pair, and the link of an address
/// that means something there alone.
struct NameRoom {
    std::uint64_t address = 0;
    std::uint64_t length_address = 0;
    std::uint32_t zone = first_link;
};

/// Writes `endpoint`, cut to the room there is, and its real length. Does nothing where the address
/// is null. Returns 0 or an errno: EINVAL, EFAULT.
[[nodiscard]] int write_name(const RemoteMemory& memory, const Endpoint& endpoint,
                             sock::Family family, NameRoom to);

/// A sockaddr_in, or a sockaddr_in6 with IPv4 addresses mapped; `zone` is for those
/// that mean nothing without one (sock::needs_zone()).
[[nodiscard]] RawName name_of(const Endpoint& endpoint, sock::Family family,
                              std::uint32_t zone = first_link);

/// A sockaddr_in of `endpoint` in `to`.
[[nodiscard]] std::array<std::byte, 16> to_sockaddr(const Endpoint& endpoint);

}  // namespace dt::host
