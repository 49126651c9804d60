// What an arriving IPv4 packet must satisfy before anything is done with it: RFC 1122 §3.2.1, one
// function per rule.
#pragma once

#include "event/reason.hpp"
#include "ip/interface.hpp"
#include "wire/ipv4.hpp"

namespace dt::ip {

/// An IPv4 header that arrived, and where.
struct Arrived {
    const wire::Ipv4View& header;
    std::size_t octets = 0;  // of the packet as received, link padding included
    InterfaceIndex in = 0;
    const InterfaceTable& interfaces;
};

// Each answers Reason::none where the packet is fine.
[[nodiscard]] event::Reason check_total_length(const Arrived& packet);     // IP4-003
[[nodiscard]] event::Reason check_header_checksum(const Arrived& packet);  // IP4-002
[[nodiscard]] event::Reason check_loopback(const Arrived& packet);         // IP4-006
[[nodiscard]] event::Reason check_source(const Arrived& packet);           // IP4-007, 008
[[nodiscard]] event::Reason check_options(const Arrived& packet);          // IP4-013, 014

/// The first reason any of the rules has against `packet`, in their order above.
[[nodiscard]] event::Reason check_arrival(const Arrived& packet);

/// Whom a destination address means.
enum class Meant : std::uint8_t { us, many, another };
/// Weak host model: any address of ours, whatever interface it came by (IP4-005, 022, 025).
[[nodiscard]] Meant meant_for(const IpAddr& destination, const InterfaceTable& interfaces);

}  // namespace dt::ip
