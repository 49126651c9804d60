// What a program can set on a socket (sock/options has the table): defaults are those of
// Linux 6.18.
#pragma once

#include <algorithm>
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

/// What a socket does with the groups of one family: IP_MULTICAST_…, IPV6_MULTICAST_….
struct Groups {
    std::int32_t ttl = 1;
    std::optional<std::uint16_t> link = std::nullopt;  // none: the routes choose
    event::Switch loop = event::Switch::on;
    /// Whether it hears those that others joined. Not set: yes, but those of IPv4 on an AF_INET6
    /// socket (Linux inet6_create()).
    std::optional<event::Switch> all = std::nullopt;
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
    Groups groups_v4;
    Groups groups_v6;
    Ipv4 multicast_interface;               // IP_MULTICAST_IF, as it is read back
    std::vector<Membership> memberships{};  // at most memberships_max
    /// SO_BINDTODEVICE as programs count: lo is 1, 0 any. A zone may have named one that is not
    /// there.
    std::uint32_t device_number = 0;
    event::Switch no_check = event::Switch::off;  // SO_NO_CHECK: kept, and refuses UDP_SEGMENT
    std::uint16_t segment = 0;                    // UDP_SEGMENT, octets; 0 = off
    event::Switch joins_received = event::Switch::off;  // UDP_GRO
    std::uint64_t remembered_set = 0;  // bit n: the program set entry n of the table
    std::array<std::int32_t, remembered_max> remembered{};

    [[nodiscard]] Groups& groups_of(const IpAddr& group) {
        return group.is_v4() ? groups_v4 : groups_v6;
    }
    [[nodiscard]] const Groups& groups_of(const IpAddr& group) const {
        return group.is_v4() ? groups_v4 : groups_v6;
    }
    /// The link of device_number; where a host has none of that number, one that no host has.
    [[nodiscard]] std::optional<std::uint16_t> device() const {
        constexpr std::uint32_t nowhere = 0xffff;
        if (device_number == 0) return std::nullopt;
        return static_cast<std::uint16_t>(std::min(device_number - 1, nowhere));
    }
};

}  // namespace dt::sock
