// Frames of a scenario: those the stack sent, read apart, and those the peer sends, put together.
#pragma once

#include <expected>
#include <string>
#include <variant>
#include <vector>

#include "scenario/flow.hpp"
#include "wire/icmpv4.hpp"
#include "wire/ipv4.hpp"
#include "wire/udp.hpp"

namespace dt::scenario {

struct SeenTcp {
    wire::TcpRepr header;
    std::vector<std::byte> options;
    std::vector<std::byte> text;
};
struct SeenUdp {
    wire::UdpRepr header;
    std::vector<std::byte> text;
};
struct SeenIcmp {
    wire::Icmpv4Repr header;
    std::size_t length = 0;  // octets behind the header
};
/// What the scenario language has no words for.
struct SeenOther {
    std::string text;
};

/// A datagram that the stack sent.
struct Seen {
    Instant at{};
    FourTuple tuple;  // local = the stack; ports are 0 for ICMP
    wire::Ipv4Repr ip;
    std::variant<SeenTcp, SeenUdp, SeenIcmp, SeenOther> body;
    std::vector<std::byte> datagram;
    std::string fault;  // a checksum that is wrong
};

/// Reads an IPv4 datagram of the stack.
[[nodiscard]] Seen read_datagram(Octets datagram, Instant at);

/// The datagram of `packet` that the peer sends in `flow`.
[[nodiscard]] std::vector<std::byte> write_datagram(const Packet& packet, const Flow& flow);

}  // namespace dt::scenario
