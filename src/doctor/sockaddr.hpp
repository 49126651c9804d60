// Addresses as the system calls have them: sockaddr_in, sockaddr_in6 (ip(7), ipv6(7)).
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>
#include <optional>

#include "wire/address.hpp"

namespace dt::doctor {

struct SockAddr {
    sockaddr_storage storage{};
    socklen_t length = 0;
    [[nodiscard]] const sockaddr* get() const {
        return reinterpret_cast<const sockaddr*>(&storage);
    }
};

[[nodiscard]] inline SockAddr to_sockaddr(const Endpoint& endpoint, std::uint32_t scope) {
    SockAddr out;
    if (endpoint.addr.is_v4()) {
        sockaddr_in in{};
        in.sin_family = AF_INET;
        in.sin_port = std::byteswap(endpoint.port.value());
        in.sin_addr.s_addr = std::byteswap(endpoint.addr.v4().value());
        std::memcpy(&out.storage, &in, sizeof in);
        out.length = sizeof in;
        return out;
    }
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = std::byteswap(endpoint.port.value());
    in.sin6_scope_id = scope;
    const auto octets = endpoint.addr.v6().octets();
    std::memcpy(&in.sin6_addr, octets.data(), octets.size());
    std::memcpy(&out.storage, &in, sizeof in);
    out.length = sizeof in;
    return out;
}

struct NamedEndpoint {
    Endpoint endpoint;
    std::uint32_t scope = 0;
    Family family = Family::v4;
};

/// The endpoint in the first `size` octets at `storage`; nothing where it is no internet address.
[[nodiscard]] inline std::optional<NamedEndpoint> from_sockaddr(const sockaddr_storage& storage,
                                                                std::size_t size) {
    if (storage.ss_family == AF_INET && size >= sizeof(sockaddr_in)) {
        sockaddr_in in{};
        std::memcpy(&in, &storage, sizeof in);
        return NamedEndpoint{
            {Ipv4{std::byteswap(in.sin_addr.s_addr)}, Port{std::byteswap(in.sin_port)}},
            0,
            Family::v4};
    }
    constexpr std::size_t without_scope = 24;  // SIN6_LEN_RFC2133: what the kernel accepts too
    if (storage.ss_family == AF_INET6 && size >= without_scope) {
        sockaddr_in6 in{};
        std::memcpy(&in, &storage, std::min(size, sizeof in));
        std::array<std::uint8_t, Ipv6::size> octets{};
        std::memcpy(octets.data(), &in.sin6_addr, octets.size());
        return NamedEndpoint{
            {Ipv6{octets}, Port{std::byteswap(in.sin6_port)}}, in.sin6_scope_id, Family::v6};
    }
    return std::nullopt;
}

}  // namespace dt::doctor
