// What a program can set on a socket (sock/options has the table): defaults are those of
// Linux 6.18.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "tcp/engine.hpp"
#include "wire/address.hpp"

namespace dt::sock {

/// SO_LINGER: what close() does with data that was not acknowledged.
struct Linger {
    enum class Mode : std::uint8_t { off, on } mode = Mode::off;
    std::int32_t seconds = 0;
    friend bool operator==(const Linger&, const Linger&) = default;
};

/// A group that a socket hears, and the link it does so by.
struct Membership {
    IpAddr group;
    std::uint16_t link = 0;
    friend bool operator==(const Membership&, const Membership&) = default;
};

/// Options that are kept for the program and change nothing in the stack.
inline constexpr std::size_t remembered_max = 64;

struct Settings {
    tcp::Options tcp;  // also TOS, TTL, SO_REUSEADDR, SO_REUSEPORT and buffers of UDP sockets
    Linger linger;
    Duration receive_timeout{};  // SO_RCVTIMEO; 0 = none, negative = over at once
    Duration send_timeout{};     // SO_SNDTIMEO; 0 = none
    std::int32_t receive_low_water = 1;
    std::int32_t mtu_discover = 1;  // IP_MTU_DISCOVER: IP_PMTUDISC_WANT
    event::Switch fast_open_connect = event::Switch::off;
    event::Switch broadcast = event::Switch::off;
    event::Switch free_bind = event::Switch::off;
    event::Switch bind_address_no_port = event::Switch::off;
    event::Switch receive_errors = event::Switch::off;  // IP_RECVERR, IPV6_RECVERR
    std::array<std::uint32_t, 8> refused_types{};       // ICMP_FILTER, ICMPV6_FILTER of raw sockets
    std::int32_t multicast_ttl = 1;                     // IP_MULTICAST_TTL, IPV6_MULTICAST_HOPS
    Ipv4 multicast_interface;                           // IP_MULTICAST_IF, as it is read back
    std::optional<std::uint16_t> multicast_link = std::nullopt;  // none: the routes choose
    event::Switch multicast_loop = event::Switch::on;            // IP_MULTICAST_LOOP
    std::vector<Membership> memberships{};                       // at most memberships_max
    event::Switch multicast_all = event::Switch::on;             // IP_MULTICAST_ALL
    std::optional<std::uint16_t> device = std::nullopt;          // SO_BINDTODEVICE
    event::Switch no_check = event::Switch::off;  // SO_NO_CHECK: kept, and refuses UDP_SEGMENT
    std::uint16_t segment = 0;                    // UDP_SEGMENT, octets; 0 = off
    event::Switch joins_received = event::Switch::off;  // UDP_GRO
    std::uint64_t remembered_set = 0;  // bit n: the program set entry n of the table
    std::array<std::int32_t, remembered_max> remembered{};
};

}  // namespace dt::sock
