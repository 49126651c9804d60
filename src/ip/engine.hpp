// IP of one stack: interfaces (lo included), routes, neighbours, ICMP; frames in are parsed once
// here, packets out get header, route, neighbour and link header here.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "ip/interface.hpp"
#include "ip/neighbor.hpp"
#include "ip/output.hpp"
#include "ip/route.hpp"
#include "wire/address.hpp"

namespace dt::ip {

/// A transport packet that arrived for us, header proved and taken off.
/// Of `header` only header_length octets count: the others are not written.
// NOLINTNEXTLINE(cppcoreguidelines-pro-type-member-init): see `header`
struct PacketIn {
    IpAddr source;
    IpAddr destination;
    FramePtr frame;             // transport header at its front
    std::uint8_t protocol = 0;  // 6, 17; 1 or 58: a message for the sockets of programs
    std::uint8_t tos = 0;
    std::uint8_t ttl = 0;
    InterfaceIndex interface = 0;
    bool to_many = false;  // broadcast or multicast, link or IP
    bool checksum_trusted = false;
    std::uint8_t header_length = 0;
    std::array<std::byte, 60> header;   // the IP header, kept to be quoted: so many octets of it
    std::vector<std::byte> extensions;  // IPv6 extension headers behind it
};

/// An ICMP error for a transport: what it quotes. Type and code are those of ICMP of the family of
/// `source`.
struct ErrorIn {
    IpAddr from;
    std::uint8_t type = 0;
    std::uint8_t code = 0;
    std::uint32_t mtu = 0;
    IpAddr source;  // of the quoted packet: ours
    IpAddr destination;
    std::uint8_t protocol = 0;
    std::array<std::byte, 8> transport{};  // first octets of the quoted transport header
    static constexpr std::size_t text_max = 1280;
    std::vector<std::byte> text{};  // what is quoted behind them, as far as that

    void keep_text(Octets quoted) {
        const Octets kept = quoted.first(std::min(quoted.size(), text_max));
        text.assign(kept.begin(), kept.end());
    }
};

/// What came out of one frame.
struct Arrival {
    std::optional<PacketIn> packet;
    std::optional<ErrorIn> error;
};

/// Whether packets that are for others go on (RFC 1812) or are dropped.
enum class Forwarding : std::uint8_t { off, on };

class Engine {
  public:
    Engine(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool);
    ~Engine();

    /// lo exists already, index 0. Each address brings the route to its prefix.
    InterfaceIndex add_interface(Interface interface);
    void add_route(const Route& route);
    /// A neighbour that is never asked for and never changes (ARP-019).
    void add_neighbor(const Turn& turn, const NeighborKey& key, Mac mac);
    void set_forwarding(bool on);
    /// A group is heard on a link, once more or once less; routers of the link are told (RFC 3376,
    /// RFC 3810). Errors: no_buffer_space.
    Status join(const Turn& turn, InterfaceIndex interface, const IpAddr& group);
    void leave(const Turn& turn, InterfaceIndex interface, const IpAddr& group);
    /// Every ICMP message goes up too, what is answered here as well: for raw sockets. Off: only
    /// echo replies, which nobody else wants.
    void hear_messages(event::Switch hears);
    [[nodiscard]] const std::vector<Interface>& interfaces() const;
    [[nodiscard]] const std::vector<Route>& routes() const;
    [[nodiscard]] const NeighborTable& neighbors() const;
    /// Whether a link that leases its address (Config::dhcp) is still without one.
    [[nodiscard]] bool is_leasing() const;
    /// The host leaves: what it leases is its servers' again (RFC 2131 §4.4.6). What says so leaves
    /// by next_frame() as all else does.
    void give_back_leases(const Turn& turn);

    /// One frame in, its link header at the front. Only while may_receive().
    [[nodiscard]] Arrival receive(const Turn& turn, InterfaceIndex in, FramePtr frame);
    /// Routes and queues a packet (waiting for its neighbour where needed). Errors:
    /// network_unreachable, message_too_long, address_not_available for a source that is not ours.
    Status send(const Turn& turn, PacketOut&& packet);
    /// Queues an ICMP error about `packet` (rate limited, RFC 1122 §3.2.2 rules).
    void send_error(const Turn& turn, const PacketIn& packet, std::uint8_t type, std::uint8_t code);
    /// True while some next hop would be asked whether it is there unless confirm() comes before.
    [[nodiscard]] bool seeks_proof() const;
    /// The transport saw what it sent from `source` acknowledged by `peer`: the next hop to it is
    /// alive (ARP-010).
    void confirm(const Turn& turn, const IpAddr& peer, const IpAddr& source);
    /// The transport hears nothing from `peer`, to which it has sent from `source` again and again:
    /// what a router said of the way there is forgotten, and the next hop is asked whether it is
    /// still there (RFC 1122 §3.3.1.4, RFC 9293 §3.8.3).
    void doubt(const Turn& turn, const IpAddr& peer, const IpAddr& source);

    void advance(const Turn& turn);
    /// Next frame ready to leave, with its interface; by lo too.
    struct Outgoing {
        InterfaceIndex interface = 0;
        FramePtr frame;
    };
    [[nodiscard]] std::optional<Outgoing> next_frame(const Turn& turn);
    [[nodiscard]] Instant deadline() const;
    [[nodiscard]] bool may_receive() const;  // replies have room
    /// A number for a frame that is about to be sent.
    [[nodiscard]] event::FrameId next_frame_id();

    /// A packet given up because its neighbour never answered: the transport must be told.
    struct Unreachable {
        IpAddr next_hop, source, destination;
        std::uint8_t protocol = 0;
        std::array<std::byte, 8> transport{};
    };
    [[nodiscard]] std::optional<Unreachable> next_unreachable();

    struct Path {
        IpAddr source;
        InterfaceIndex interface = 0;
        std::uint32_t mtu = 0;
        std::uint32_t super_segment_max = 0;
    };
    /// Which way to `destination`, and from which address: `bound` where it is given and not any.
    /// Errors: network_unreachable; address_not_available for a bound address that is not ours;
    /// invalid_argument where a loopback address would leave the host. `by`: the link of a
    /// destination that needs a zone; without it the link of `bound`, else the only one.
    [[nodiscard]] Result<Path> path(IpAddr destination, std::optional<IpAddr> bound,
                                    std::optional<InterfaceIndex> by = std::nullopt) const;
    /// Octets of text that one frame of a link may carry; 0 = one segment.
    [[nodiscard]] std::uint32_t super_segment_max(InterfaceIndex interface) const;
    /// Whether segments that arrive by it one behind the other are joined (Interface::batches).
    [[nodiscard]] bool joins_segments(InterfaceIndex interface) const;
    [[nodiscard]] bool is_local(IpAddr address) const;
    /// The interface that has `address`; every 127/8 address is lo's.
    [[nodiscard]] std::optional<InterfaceIndex> owner(const IpAddr& address) const;
    [[nodiscard]] bool is_broadcast(IpAddr address) const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::ip
