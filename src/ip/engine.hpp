// IP of one stack: interfaces (lo included), routes, neighbours, ICMP; frames in are parsed once
// here, packets out get header, route, neighbour and link header here.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "wire/address.hpp"

namespace dt::ip {

using InterfaceIndex = std::uint16_t;  // 0 = lo

struct Interface {
    std::string name;
    Mac mac;
    std::uint32_t mtu = 1500;  // octets of IP
    std::vector<wire::Prefix> addresses;  // address with its prefix length
    bool vouches = false;                 // link vouches for its frames: checksums not needed
    std::uint32_t super_segment_max = 0;  // octets of text in one frame, 0 = one MSS
};

struct Route {
    wire::Prefix destination;
    std::optional<IpAddr> gateway;
    InterfaceIndex interface = 0;
    std::uint32_t metric = 0;
    std::uint32_t mtu = 0;  // 0 = the interface's
};

/// A transport packet that arrived for us, header proved and taken off.
struct PacketIn {
    IpAddr source;
    IpAddr destination;
    FramePtr frame;              // transport header at its front
    std::uint8_t protocol = 0;   // 6, 17
    std::uint8_t tos = 0;
    std::uint8_t ttl = 0;
    InterfaceIndex interface = 0;
    bool to_many = false;        // broadcast or multicast, link or IP
    bool checksum_trusted = false;
};

/// A transport packet to send: transport header at the front of the frame.
struct PacketOut {
    IpAddr source;
    IpAddr destination;
    FramePtr frame;
    std::uint8_t protocol = 0;
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    bool dont_fragment = true;
};

/// An ICMP error for a transport: what it quotes.
struct ErrorIn {
    IpAddr from;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint16_t mtu = 0;
    IpAddr source;       // of the quoted packet: ours
    IpAddr destination;
    std::uint8_t protocol = 0;
    std::array<std::byte, 8> transport{};  // first octets of the quoted transport header
};

/// What came out of one frame.
struct Arrival {
    std::optional<PacketIn> packet;
    std::optional<ErrorIn> error;
};

class Engine {
  public:
    Engine(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool);
    ~Engine();

    InterfaceIndex add_interface(Interface interface);  // lo exists already, index 0
    void add_route(const Route& route);
    void set_forwarding(bool on);
    [[nodiscard]] const std::vector<Interface>& interfaces() const;

    [[nodiscard]] Arrival receive(const Turn& turn, InterfaceIndex in, FramePtr frame);
    /// Routes and queues a packet (waiting for its neighbour where needed). Errors: network_unreachable, message_too_long.
    Status send(const Turn& turn, PacketOut packet);
    /// Queues an ICMP error about `packet` (rate limited, RFC 1122 §3.2.2 rules).
    void send_error(const Turn& turn, const PacketIn& packet, std::uint8_t type, std::uint8_t code);

    void advance(const Turn& turn);
    /// Next frame ready to leave, with its interface.
    struct Outgoing {
        InterfaceIndex interface;
        FramePtr frame;
    };
    [[nodiscard]] std::optional<Outgoing> next_frame(const Turn& turn);
    [[nodiscard]] Instant deadline() const;
    [[nodiscard]] bool may_receive() const;  // replies have room

    /// A packet given up because its neighbour never answered: the transport must be told.
    struct Unreachable {
        IpAddr source, destination;
        std::uint8_t protocol;
        std::array<std::byte, 8> transport;
    };
    [[nodiscard]] std::optional<Unreachable> next_unreachable();

    struct Path {
        IpAddr source;
        InterfaceIndex interface;
        std::uint32_t mtu;
        std::uint32_t super_segment_max;
    };
    [[nodiscard]] Result<Path> path(IpAddr destination, std::optional<IpAddr> bound) const;
    [[nodiscard]] bool is_local(IpAddr address) const;
    [[nodiscard]] bool is_broadcast(IpAddr address) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::ip
