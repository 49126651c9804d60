// The inside of ip::Engine: its parts, and the steps that its files share: receive.cpp and
// receive_v6.cpp, transmit.cpp, arp.cpp and nd.cpp.
#pragma once

#include <array>
#include <variant>

#include "base/ring.hpp"
#include "ip/autoconf.hpp"
#include "ip/dhcp.hpp"
#include "ip/engine.hpp"
#include "ip/extensions.hpp"
#include "ip/groups.hpp"
#include "ip/icmp.hpp"
#include "ip/input.hpp"
#include "ip/reassembly.hpp"
#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/nd.hpp"

namespace dt::ip {

/// An ARP answer owed on a link.
struct ArpAnswer {
    InterfaceIndex interface = 0;
    wire::ArpRepr message;
};
/// An ICMP message owed, and how it is told when it leaves.
struct IcmpAnswer {
    PacketOut packet;
    event::IcmpMoved told;
};
/// What is owed without a connection: a small value, rendered when it leaves.
using Reply = std::variant<ArpAnswer, IcmpAnswer>;

/// A route to one destination alone, and the router that gave it.
struct Redirect {
    Route route;
    IpAddr router;
};

struct Engine::Parts {
    Parts(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool);

    // Frames in (receive.cpp).
    Arrival receive(const Turn& turn, InterfaceIndex in, FramePtr frame);
    Arrival receive_ipv4(const Turn& turn, InterfaceIndex in, FramePtr frame, bool link_to_many);
    Arrival deliver(const Turn& turn, const wire::Ipv4View& header, InterfaceIndex in,
                    FramePtr frame, bool to_many);
    Arrival on_icmp(const Turn& turn, PacketIn packet);
    Arrival take_icmp(const Turn& turn, PacketIn packet);
    /// A message for raw sockets beside what is done with it here.
    [[nodiscard]] PacketIn copy_of(const PacketIn& packet) const;
    void on_echo(const Turn& turn, PacketIn packet);
    void on_timestamp(const Turn& turn, PacketIn packet);
    void send_back(const Turn& turn, PacketIn packet);
    Arrival on_error(const Turn& turn, const PacketIn& packet) const;
    void forward(const Turn& turn, InterfaceIndex in, FramePtr frame, bool link_to_many);
    void expire_fragments(const Turn& turn);

    // IPv6 in (receive_v6.cpp).
    Arrival receive_ipv6(const Turn& turn, InterfaceIndex in, FramePtr frame, bool link_to_many);
    Arrival take_v6(const Turn& turn, InterfaceIndex in, FramePtr frame, bool to_many);
    FramePtr on_fragment_v6(const Turn& turn, InterfaceIndex in, FramePtr frame, const Chain& chain,
                            bool to_many);
    void send_problem(const Turn& turn, InterfaceIndex in, Frame& packet, const Chain& chain);
    Arrival deliver_v6(const Turn& turn, InterfaceIndex in, FramePtr frame, const Chain& chain,
                       bool to_many);
    Arrival on_icmpv6(const Turn& turn, PacketIn packet);
    Arrival take_icmpv6(const Turn& turn, PacketIn packet);
    void on_echo_v6(const Turn& turn, PacketIn packet);
    Arrival on_error_v6(const Turn& turn, const PacketIn& packet) const;
    void forward_v6(const Turn& turn, InterfaceIndex in, FramePtr frame, bool link_to_many);
    void send_error_v6(const Turn& turn, const Culprit& culprit, const wire::Icmpv6Repr& error,
                       const IpAddr& source);

    // Neighbour discovery (nd.cpp).
    void on_nd(const Turn& turn, const PacketIn& packet);
    void on_solicitation(const Turn& turn, const PacketIn& packet);
    void on_advertisement(const Turn& turn, const PacketIn& packet);
    void put_solicitation(const NeighborTable::Question& question);

    // Routers, and addresses of our own making (router.cpp).
    [[nodiscard]] std::vector<wire::Prefix> take_unproved(Interface& interface) const;
    void begin_autoconf(InterfaceIndex interface, const std::vector<wire::Prefix>& unproved);
    void advance_autoconf(const Turn& turn);
    void do_deed(const Turn& turn, const Autoconf::Deed& deed);
    void on_router_advertisement(const Turn& turn, const PacketIn& packet);
    void on_redirect(const Turn& turn, const PacketIn& packet);
    Arrival on_redirect_v4(const Turn& turn, const PacketIn& packet);
    void keep_redirect(const Redirect& said);
    void forget_redirect(const IpAddr& destination);
    /// What goes by a neighbour that is silent, or by a router that is none any more, goes the
    /// usual way again (RFC 4861 §7.3.3, §6.3.5); what such a router said, too.
    enum class Gone : std::uint8_t { neighbour, router };
    void forget_redirects(Gone what, const NeighborKey& gone);
    /// True where the address of a probe or claim is being proved by us.
    [[nodiscard]] bool on_claim(const Turn& turn, const PacketIn& packet, const Ipv6& target,
                                const std::optional<Autoconf::Nonce>& nonce);
    void send_message_v6(const Turn& turn, InterfaceIndex out, const Ipv6& source,
                         const Ipv6& destination, Octets message);

    // Addresses that are leased (leasing.cpp).
    void begin_dhcp(InterfaceIndex interface);
    void advance_dhcp(const Turn& turn);
    void do_deed(const Turn& turn, const DhcpClient& client, const DhcpClient::Deed& deed);
    void do_deeds(const Turn& turn, DhcpClient& client);
    void take_lease(InterfaceIndex interface, const Lease& lease);
    void drop_lease(InterfaceIndex interface, const Lease& lease);
    void give_back_leases(const Turn& turn);
    static void tell_lease(const Turn& turn, const DhcpClient& client, const Lease& lease,
                           event::LeaseChange::Step step);
    void send_dhcp(const Turn& turn, InterfaceIndex out, const DhcpClient::Deed& deed);
    /// The client that a datagram is for, wherever programs listen.
    [[nodiscard]] DhcpClient* client_of(PacketIn& packet);
    void on_dhcp(const Turn& turn, DhcpClient& client, const PacketIn& packet);
    /// Whether an address is this host's, or of a network on another link than `link`.
    [[nodiscard]] bool is_elsewhere(InterfaceIndex link, const IpAddr& address) const;
    /// What a server of `link` cannot give: what is elsewhere, or reaches all of a network.
    [[nodiscard]] bool is_given_wrongly(const DhcpClient& client,
                                        const wire::DhcpReply& said) const;
    /// True where an ARP message says that another host has the address that is about to be ours.
    [[nodiscard]] bool is_claim(const Turn& turn, InterfaceIndex in, const wire::ArpRepr& message);
    void put_arp_probe(InterfaceIndex out, const Ipv4& sender, const Ipv4& target);

    // Groups (membership.cpp).
    void on_igmp(const Turn& turn, const PacketIn& packet);
    void on_mld_query(const Turn& turn, const PacketIn& packet);
    void put_report(const Turn& turn, const Groups::Report& report);
    void put_igmp(const Turn& turn, InterfaceIndex out, const Ipv4& destination, Octets message);
    void put_mld(const Turn& turn, InterfaceIndex out, Octets message);
    [[nodiscard]] bool is_heard(InterfaceIndex by, const IpAddr& group) const {
        return interfaces.is_joined(group) || groups.is_heard(by, group);
    }

    // ARP (arp.cpp).
    void on_arp(const Turn& turn, InterfaceIndex in, const Frame& frame, Mac link_destination);
    FramePtr make_arp(const wire::ArpRepr& message, InterfaceIndex out, Mac to);
    void put_question(const NeighborTable::Question& question);

    // Frames out (transmit.cpp).
    std::optional<Hop> hop_to(const IpAddr& destination, const IpAddr& source,
                              std::optional<InterfaceIndex> by = std::nullopt) const;
    std::optional<Hop> find_hop(const IpAddr& destination, const IpAddr& source,
                                std::optional<InterfaceIndex> by) const;
    /// Octets of IP that a way takes: what its route or a router said, else its link's.
    [[nodiscard]] std::uint32_t mtu_of(const Hop& hop) const {
        return hop.mtu != 0 ? hop.mtu : interfaces.at(hop.interface).mtu;
    }
    [[nodiscard]] std::optional<InterfaceIndex> link_of(const IpAddr& source,
                                                        std::optional<InterfaceIndex> by) const;
    Status send(const Turn& turn, PacketOut&& packet);
    Status queue(const Turn& turn, const Hop& hop, FramePtr packet, const IpAddr& destination,
                 bool dont_fragment);
    void dispatch(const Turn& turn, const Hop& hop, FramePtr packet, const IpAddr& destination);
    void dispatch_to_one(const Turn& turn, const Hop& hop, FramePtr packet);
    void depart(const Turn& turn, InterfaceIndex out, FramePtr packet, Mac to,
                wire::EtherType type);
    void put_link_header(InterfaceIndex out, FramePtr frame, Mac to, wire::EtherType type);
    void reply(const Turn& turn, Reply owed);
    void send_error(const Turn& turn, const Culprit& culprit, const wire::Icmpv4Repr& error,
                    const IpAddr& source);
    void give_up(const Turn& turn, NeighborTable::GivenUp gone);
    void fill_ready(const Turn& turn);
    void put_reply(const Turn& turn, Reply owed);
    [[nodiscard]] std::optional<IpAddr> source_for(const Hop& hop, const IpAddr& destination) const;
    [[nodiscard]] event::FrameId new_number();
    /// The number `frame` has (it was forwarded, or told already), or a new one.
    [[nodiscard]] event::FrameId number(const Frame& frame);

    std::size_t reply_ring;
    event::Switch batches;  // of every link but lo
    event::Switch leases;
    Rng lease_numbers;
    event::HostIndex host;
    buf::Pool& pool;
    InterfaceTable interfaces;
    RouteTable routes;
    NeighborTable neighbors;
    Reassembler reassembler;
    IdSource ids;
    IcmpLimiter limiter;
    IcmpLimiter limiter_v6;
    Groups groups;
    Autoconf autoconf;
    bool is_autoconf_on;
    std::vector<DhcpClient> dhcp;     // one for each link whose address is leased
    std::vector<Redirect> redirects;  // oldest first, at most redirects_max
    Ring<Reply> replies;              // at most reply_ring
    Ring<Outgoing> ready;             // link header on, in the order they leave
    Ring<Unreachable> unreachables;
    /// An answer of hop_to(): good while no route, interface or neighbour has changed.
    struct Way {
        IpAddr destination;
        IpAddr source;
        Hop hop;
        bool is_ours = false;    // the source is
        bool is_to_one = false;  // the destination is neither broadcast nor multicast
        std::uint64_t routes = ~std::uint64_t{0};  // version of the ways when it was found
        std::uint64_t neighbors = 0;
    };
    /// One for each value of a hash of the destination: a burst of SYNs asks for the way back to
    /// each of its senders when it arrives, and again when its answers leave.
    static constexpr std::size_t ways_kept = 64;
    mutable std::array<Way, ways_kept> ways{};
    mutable Way* last_way = &ways[0];
    [[nodiscard]] Way& way_of(const IpAddr& destination) const {
        if (last_way->destination == destination) return *last_way;
        constexpr std::uint64_t golden = 0x9e3779b97f4a7c15;
        const auto words = destination.words();
        last_way = &ways[((words[0] ^ words[1]) * golden) >> 58U];
        return *last_way;
    }
    [[nodiscard]] bool is_local_source(const IpAddr& source) const {
        const bool is_known =
            last_way->is_ours && last_way->source == source && last_way->routes == ways_version();
        return is_known || interfaces.is_local(source);
    }
    [[nodiscard]] bool is_to_one(const IpAddr& destination) const {
        const Way& way = way_of(destination);
        return way.is_to_one && way.destination == destination && way.routes == ways_version();
    }
    [[nodiscard]] std::uint64_t ways_version() const {
        return routes.version() + interfaces.version();
    }
    Forwarding forwarding = Forwarding::off;
    event::Switch hears_messages = event::Switch::off;
    std::uint64_t frames_numbered = 0;
};

}  // namespace dt::ip
