// When two sockets may hold the same local port (spec 6.2 API-BIND-*, measured on Linux).
#pragma once

#include <cstdint>
#include <optional>

#include "event/reason.hpp"
#include "wire/address.hpp"

namespace dt::core {

/// What holds a port, as far as sharing is concerned.
enum class HolderKind : std::uint8_t { socket, listener, connection, time_wait };

/// One holder of a local endpoint, or one who wants to be.
struct Holding {
    Endpoint local;
    HolderKind kind = HolderKind::socket;
    bool reuse_address = false;
    bool reuse_port = false;
    std::uint32_t uid = 0;  // who runs it; not known of connections and TIME-WAIT records
    bool v6_only = false;   // IPV6_V6ONLY
    std::optional<std::uint16_t> link = std::nullopt;  // SO_BINDTODEVICE
};

/// Whether a shared SO_REUSEADDR lets a bind join: yes where the program named the port, no where
/// the stack picks one (bind to port 0).
enum class Sharing : std::uint8_t { allowed, refused };

/// True where the addresses of the two stand for some common one: equal, or one is a wildcard.
[[nodiscard]] bool overlaps(const Holding& a, const Holding& b);

/// True where `wanted` cannot be bound while `held` is there; both have the same port.
[[nodiscard]] bool conflicts(const Holding& wanted, const Holding& held, Sharing sharing);

/// The reason that names `kind`.
[[nodiscard]] event::Reason reason_of(HolderKind kind);

}  // namespace dt::core
