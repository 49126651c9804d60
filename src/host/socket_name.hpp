// sockaddr_in and its kin, between a program's memory and Endpoint (ip(7)).
#pragma once

#include <sys/socket.h>

#include <array>
#include <cstdint>
#include <expected>
#include <span>
#include <string_view>

#include "host/remote_memory.hpp"
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

/// Writes `endpoint` as value-result argument pair: cut to the room there is, the real length
/// returned. Does nothing where `address` is null. Returns 0 or an errno: EINVAL, EFAULT.
[[nodiscard]] int write_name(const RemoteMemory& memory, const Endpoint& endpoint,
                             std::uint64_t address, std::uint64_t length_address);

/// A sockaddr_in of `endpoint` in `to`.
[[nodiscard]] std::array<std::byte, 16> to_sockaddr(const Endpoint& endpoint);

}  // namespace dt::host
