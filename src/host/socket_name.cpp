// sockaddr_in and its kin, between a program's memory and Endpoint (ip(7), unix(7)).
#include "host/socket_name.hpp"

#include <netinet/in.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

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

std::array<std::byte, 16> to_sockaddr(const Endpoint& endpoint) {
    static_assert(sizeof(sockaddr_in) == 16);
    std::array<std::byte, 16> octets{};
    const std::uint16_t family = AF_INET;
    std::memcpy(octets.data(), &family, sizeof family);
    store_be(MutableOctets(octets), offsetof(sockaddr_in, sin_port), endpoint.port.value());
    endpoint.addr.v4().store(octets, offsetof(sockaddr_in, sin_addr));
    return octets;
}

int write_name(const RemoteMemory& memory, const Endpoint& endpoint, std::uint64_t address,
               std::uint64_t length_address) {
    if (address == 0) return 0;
    const auto room = memory.get<std::int32_t>(length_address);
    if (!room) return EFAULT;
    if (*room < 0) return EINVAL;
    const auto octets = to_sockaddr(endpoint);
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(*room), octets.size());
    if (!memory.write(address, Octets(octets).first(count))) return EFAULT;
    const auto real = static_cast<std::int32_t>(octets.size());
    return memory.put(length_address, real) ? 0 : EFAULT;
}

}  // namespace dt::host
