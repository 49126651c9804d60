// Packets out: route, header, checksum, fragments, neighbour, link header; what is owed.
#include <algorithm>
#include <cstring>

#include "ip/drop.hpp"
#include "ip/icmp_v6.hpp"
#include "ip/parts.hpp"
#include "ip/segmentation.hpp"
#include "ip/source_address.hpp"

namespace dt::ip {

using event::Reason;
using wire::IpProtocol;

namespace {

constexpr auto icmpv6_number = static_cast<std::uint8_t>(IpProtocol::icmpv6);

wire::EtherType ether_type_of(const IpAddr& destination) {
    return destination.is_v4() ? wire::EtherType::ipv4 : wire::EtherType::ipv6;
}

/// The conversation of the packet an error is about, seen from its sender.
FourTuple quoted_tuple(const Culprit& culprit) {
    FourTuple tuple{{Ipv4::load(culprit.header, 12), Port{}},
                    {Ipv4::load(culprit.header, 16), Port{}}};
    const auto protocol = static_cast<IpProtocol>(culprit.header[9]);
    const Octets transport = culprit.payload.front();
    const bool has_ports = protocol == IpProtocol::tcp || protocol == IpProtocol::udp;
    if (has_ports && transport.size() >= 4) {
        tuple.local.port = Port{load_be<std::uint16_t>(transport, 0)};
        tuple.remote.port = Port{load_be<std::uint16_t>(transport, 2)};
    }
    return tuple;
}

/// Questions and answers about link addresses are for the others of the link.
bool is_nd_packet(const Frame& packet) {
    const auto header = wire::Ipv6View::parse_quoted(packet.front());
    return header && header->next_header() == wire::NextHeader::icmpv6 &&
           is_nd_message(header->payload());
}

Status refuse(const Turn& turn, const PacketOut& packet, Reason reason, Error error) {
    turn.emit(event::PacketDropped{.source = packet.source,
                                   .destination = packet.destination,
                                   .frame = packet.frame->id,
                                   .protocol = packet.protocol,
                                   .reason = reason});
    return fail(error);
}

/// How a packet goes by a path of some MTU.
enum class Fit : std::uint8_t { whole, in_fragments, never };

/// Of a packet that has no IP header yet.
Fit fit_of(const PacketOut& packet, std::uint32_t mtu) {
    const bool is_v4 = packet.destination.is_v4();
    const std::size_t header = is_v4 ? wire::Ipv4Repr::size() : wire::Ipv6Repr::size();
    const std::size_t payload_max =
        is_v4 ? wire::Ipv4Repr::payload_max : wire::Ipv6Repr::payload_max;
    if (packet.frame->size() > payload_max) return Fit::never;
    if (largest_piece(*packet.frame) + header <= mtu) return Fit::whole;
    return packet.dont_fragment ? Fit::never : Fit::in_fragments;  // IP4-020
}

void put_header_of_family(PacketOut& packet, IdSource& ids, std::uint8_t hop_limit) {
    if (packet.destination.is_v4()) {
        const bool needs_id = !packet.dont_fragment;
        const std::uint32_t count = packet.frame->offload.segment_count(packet.frame->size());
        put_header(packet, needs_id
                               ? ids.next(packet.source, packet.destination, packet.protocol, count)
                               : std::uint16_t{0});
        return;
    }
    // DEVIATES: RFC 4861 §6.3.4 asks for the router's limit where the program named none; one
    // that names the default of 64 cannot be told from it.
    constexpr std::uint8_t default_hops = 64;
    if (packet.ttl == default_hops) packet.ttl = hop_limit;
    put_header_v6(packet, ids.flow_label(packet));
}

/// What is wanted of a packet that did not leave.
struct Outline {
    IpAddr source;
    IpAddr destination;
    std::uint8_t protocol = 0;
    std::size_t header_length = 0;
    bool is_first = true;  // holds the transport header
};

std::optional<Outline> outline_v4(const Frame& packet) {
    const auto header = wire::Ipv4View::parse_quoted(packet.front());
    if (!header) return std::nullopt;
    return Outline{header->source(), header->destination(),
                   static_cast<std::uint8_t>(header->protocol()), header->header_length(),
                   header->fragment_offset() == 0};
}

/// Of one with extension headers, which we only forward or cut up, the transport is not looked for.
std::optional<Outline> outline_v6(const Frame& packet) {
    const auto header = wire::Ipv6View::parse_quoted(packet.front());
    if (!header) return std::nullopt;
    return Outline{header->source(), header->destination(),
                   static_cast<std::uint8_t>(header->next_header()), wire::Ipv6View::header_length,
                   !wire::is_extension(header->next_header())};
}

}  // namespace

event::FrameId Engine::Parts::new_number() {
    constexpr unsigned host_shift = 48;
    return static_cast<event::FrameId>(host) << host_shift | ++frames_numbered;
}

event::FrameId Engine::Parts::number(const Frame& frame) {
    return frame.id != 0 ? frame.id : new_number();
}

/// For packets whose sender left it open: towards an own address that address's interface counts,
/// not lo (SRC-001, SRC-010).
std::optional<IpAddr> Engine::Parts::source_for(const Hop& hop, const IpAddr& destination) const {
    if (!destination.is_v4()) return choose_source_v6(interfaces, hop.interface, destination.v6());
    const auto owner = interfaces.owner(hop.address);
    const bool is_own = hop.interface == loopback_interface && owner;
    return interfaces.source(is_own ? *owner : hop.interface, hop.address);
}

/// The link for a destination that means something on one link only (RFC 4007 §6): the one that was
/// named, that of the source, or the only one there is.
std::optional<InterfaceIndex> Engine::Parts::link_of(const IpAddr& source,
                                                     std::optional<InterfaceIndex> by) const {
    if (by) return by;
    const auto owner = source.is_any() ? std::nullopt : interfaces.owner(source);
    if (owner && *owner != loopback_interface) return owner;
    return interfaces.size() > 1 ? std::optional(InterfaceIndex{1}) : std::nullopt;
}

std::optional<Hop> Engine::Parts::hop_to(const IpAddr& destination, const IpAddr& source,
                                         std::optional<InterfaceIndex> by) const {
    if (by) return find_hop(destination, source, by);
    const std::uint64_t routes_now = ways_version();
    Way& way = way_of(destination);
    const bool is_known = way.destination == destination && way.source == source &&
                          way.routes == routes_now && way.neighbors == neighbors.version();
    if (is_known) return way.hop;
    const auto hop = find_hop(destination, source, std::nullopt);
    if (!hop) return hop;
    const bool is_to_many = destination.is_multicast() || interfaces.is_broadcast(destination);
    way = Way{.destination = destination,
              .source = source,
              .hop = *hop,
              .is_ours = interfaces.is_local(source),
              .is_to_one = !is_to_many,
              .routes = routes_now,
              .neighbors = neighbors.version()};
    return hop;
}

/// Own addresses are reached by lo (IP4-034); broadcasts without a route leave by the interface of
/// their source, or by the first link.
std::optional<Hop> Engine::Parts::find_hop(const IpAddr& destination, const IpAddr& source,
                                           std::optional<InterfaceIndex> by) const {
    if (interfaces.is_local(destination)) return Hop{loopback_interface, destination};
    const bool is_named = by && destination.is_multicast();  // IP_MULTICAST_IF
    const bool needs_zone =
        !destination.is_v4() && (destination.is_link_local() || destination.is_multicast());
    if (needs_zone || is_named) {
        const auto link = link_of(source, by);
        return link ? std::optional(Hop{*link, destination}) : std::nullopt;
    }
    const auto is_dead = [this](InterfaceIndex out, const IpAddr& gateway) {
        return neighbors.is_failed({out, gateway});
    };
    if (auto hop = routes.find(destination, is_dead, by)) {
        const bool is_said = !destination.is_v4() && hop->mtu == 0;
        if (is_said) hop->mtu = interfaces.at(hop->interface).mtu_v6;
        return hop;
    }
    // On a link that the program names an address without a route is taken for a neighbour (Linux).
    const bool is_taken_near = by && *by != loopback_interface && destination.is_v4();
    const bool is_to_many = destination.is_broadcast() || destination.is_multicast();
    if (!is_to_many && !is_taken_near) return std::nullopt;
    const auto link = link_of(source, by);
    return link ? std::optional(Hop{*link, destination}) : std::nullopt;
}

Status Engine::Parts::send(const Turn& turn, PacketOut&& packet) {
    packet.frame->id = number(*packet.frame);
    if (!packet.destination.is_v4() && turn.config().ipv6 == event::Switch::off) {
        return refuse(turn, packet, Reason::ipv6_off, Error::network_unreachable);
    }
    auto hop = hop_to(packet.destination, packet.source, packet.by);
    if (!hop) return refuse(turn, packet, Reason::no_route, Error::network_unreachable);
    if (packet.source.is_any()) {
        const auto source = source_for(*hop, packet.destination);
        if (!source) return refuse(turn, packet, Reason::no_route, Error::network_unreachable);
        packet.source = *source;
    }
    if (!is_local_source(packet.source)) {  // IP4-009
        return refuse(turn, packet, Reason::address_not_local, Error::address_not_available);
    }
    const Interface& out = interfaces.at(hop->interface);
    if (packet.mtu != 0) hop->mtu = std::min<std::uint32_t>(mtu_of(*hop), packet.mtu);
    const Fit fit = fit_of(packet, mtu_of(*hop));
    if (fit == Fit::never) {
        return refuse(turn, packet, Reason::packet_too_big, Error::message_too_long);
    }
    // A group's packet with 0 is for this host alone (RFC 1112 §6.1).
    const bool stays = packet.ttl == 0 && packet.destination.is_multicast();
    if (packet.ttl == 0 && !stays) packet.ttl = 64;  // IP4-010
    const bool by_link = out.vouches && fit == Fit::whole && packet.protocol != icmpv6_number;
    const bool is_cut = packet.frame->offload.is_super_segment() && out.super_segment_max == 0;
    if (!is_cut) finish_transport(packet, by_link ? ChecksumBy::link : ChecksumBy::us);
    put_header_of_family(packet, ids, out.hop_limit);
    hop->loops = packet.loops;
    hop->leaves = stays ? event::Switch::off : event::Switch::on;
    return queue(turn, *hop, std::move(packet.frame), packet.destination, packet.dont_fragment);
}

/// A packet with its header goes on whole, or in fragments.
Status Engine::Parts::queue(const Turn& turn, const Hop& hop, FramePtr packet,
                            const IpAddr& destination, bool dont_fragment) {
    const std::uint32_t mtu = mtu_of(hop);
    packet->id = number(*packet);
    if (packet->size() <= mtu || packet->offload.is_super_segment()) {
        dispatch(turn, hop, std::move(packet), destination);
        return {};
    }
    if (dont_fragment) {
        drop(turn, *packet, Reason::packet_too_big);
        return fail(Error::message_too_long);
    }
    complete_checksum(*packet);
    if (destination.is_v4()) {
        auto pieces = fragment(*packet, mtu, pool);
        if (pieces.empty()) drop(turn, *packet, Reason::packet_too_big);
        for (FramePtr& piece : pieces) {
            dispatch(turn, hop, std::move(piece), destination);
        }
        return {};
    }
    const auto header = wire::Ipv6View::parse_quoted(packet->front());
    const std::uint32_t id = ids.next_v6(header->source(), header->destination());
    auto pieces = fragment_v6(*packet, mtu, id, pool);
    if (pieces.empty()) drop(turn, *packet, Reason::packet_too_big);
    for (FramePtr& piece : pieces) {
        dispatch(turn, hop, std::move(piece), destination);
    }
    return {};
}

/// To the link address of `destination`'s next hop: none on lo, a group address for many (ARP-015),
/// else the neighbour's, for which the packet waits if need be.
void Engine::Parts::dispatch(const Turn& turn, const Hop& hop, FramePtr packet,
                             const IpAddr& destination) {
    const wire::EtherType type = ether_type_of(destination);
    if (hop.interface == loopback_interface) {
        return depart(turn, hop.interface, std::move(packet), Mac{}, type);
    }
    if (is_to_one(destination)) return dispatch_to_one(turn, hop, std::move(packet));
    const bool is_broadcast = interfaces.is_broadcast(destination);
    const bool is_among =  // we are among the many
        is_broadcast || (hop.loops == event::Switch::on && is_heard(hop.interface, destination) &&
                         !is_nd_packet(*packet));
    if (is_among) {
        put_link_header(loopback_interface, share(*packet, pool), Mac{}, type);
    }
    if (hop.leaves == event::Switch::off) return drop(turn, *packet, Reason::ttl_expired);
    if (is_broadcast || destination.is_multicast()) {
        const Mac to = is_broadcast ? Mac::broadcast() : wire::multicast_mac(destination);
        return put_link_header(hop.interface, std::move(packet), to, type);
    }
    dispatch_to_one(turn, hop, std::move(packet));
}

void Engine::Parts::dispatch_to_one(const Turn& turn, const Hop& hop, FramePtr packet) {
    const NeighborKey key{hop.interface, hop.address};
    if (const auto to = neighbors.use(turn, key)) {
        depart(turn, hop.interface, std::move(packet), *to, ether_type_of(hop.address));
    } else {
        neighbors.hold(turn, key, std::move(packet));
    }
}

/// A super-segment for a link that takes none is cut up here: for all of it there was one way, one
/// neighbour and one header.
void Engine::Parts::depart(const Turn& turn, InterfaceIndex out, FramePtr packet, Mac to,
                           wire::EtherType type) {
    if (!packet->offload.is_super_segment() || interfaces.at(out).super_segment_max > 0) {
        return put_link_header(out, std::move(packet), to, type);
    }
    auto cutter = Cutter::of(*packet, pool);
    if (!cutter) return drop(turn, *packet, Reason::bad_header);
    while (FramePtr segment = cutter->next()) put_link_header(out, std::move(segment), to, type);
}

void Engine::Parts::put_link_header(InterfaceIndex out, FramePtr frame, Mac to,
                                    wire::EtherType type) {
    const wire::EthernetRepr link{to, interfaces.at(out).mac, type};
    link.emit(frame->prepend(wire::EthernetRepr::size()));
    frame->offload.on_prepend(wire::EthernetRepr::size());
    ready.push({out, std::move(frame)});
}

/// Owed without a connection: kept until the next transmit, within the bound of the ring.
void Engine::Parts::reply(const Turn& turn, Reply owed) {
    if (replies.size() < reply_ring) {
        replies.push(std::move(owed));
        return;
    }
    drop_frame(turn, 0, Reason::reply_ring_full);
}

void Engine::Parts::send_error(const Turn& turn, const Culprit& culprit,
                               const wire::Icmpv4Repr& error, const IpAddr& source) {
    if (!may_answer_with_error(culprit, interfaces)) return;
    PacketOut packet =
        make_error(culprit, error, interfaces.is_local(source) ? source : IpAddr{}, pool);
    event::IcmpMoved told{.source = packet.source,
                          .destination = packet.destination,
                          .frame = 0,
                          .step = event::Step::sent,
                          .type = static_cast<std::uint8_t>(error.type),
                          .code = error.code,
                          .quoted = quoted_tuple(culprit),
                          .reason = Reason::none};
    // Neither what a host tells itself nor what finds a path MTU is limited, as on Linux.
    const bool is_limited = culprit.in != loopback_interface && !error.is_fragmentation_needed();
    if (!is_limited || limiter.allow(turn, packet.destination)) {
        return reply(turn, IcmpAnswer{std::move(packet), told});
    }
    told.step = event::Step::dropped;
    told.reason = Reason::icmp_rate_limited;
    turn.emit(told);
}

/// The neighbour of a packet never answered: our own transport learns it, another host by ICMP.
void Engine::Parts::give_up(const Turn& turn, NeighborTable::GivenUp gone) {
    const bool is_v4 = gone.key.address.is_v4();
    const auto packet = is_v4 ? outline_v4(*gone.packet) : outline_v6(*gone.packet);
    if (!packet) return;
    std::array<std::byte, 60> kept{};
    std::memcpy(kept.data(), gone.packet->front().data(), packet->header_length);
    Unreachable told{gone.key.address, packet->source, packet->destination, packet->protocol, {}};
    gone.packet->drop_front(packet->header_length);
    if (!interfaces.is_local(packet->source)) {
        const Culprit culprit{Octets{kept}.first(packet->header_length), *gone.packet, 0, false};
        if (!is_v4) {
            return send_error_v6(turn, culprit,
                                 wire::Icmpv6Repr::unreachable(wire::Unreachable6Code::address),
                                 IpAddr{});
        }
        return send_error(turn, culprit, wire::Icmpv4Repr::unreachable(wire::UnreachableCode::host),
                          IpAddr{});
    }
    if (!packet->is_first || !make_contiguous(*gone.packet, told.transport.size())) return;
    std::memcpy(told.transport.data(), gone.packet->front().data(), told.transport.size());
    unreachables.push(told);
}

/// What is owed becomes frames: packets that waited for a neighbour, replies, questions.
void Engine::Parts::fill_ready(const Turn& turn) {
    while (auto released = neighbors.next_released()) {
        depart(turn, released->key.interface, std::move(released->packet), released->mac,
               ether_type_of(released->key.address));
    }
    while (!replies.empty() && ready.empty()) {
        put_reply(turn, replies.pop());
    }
    while (auto question = neighbors.next_question()) put_question(*question);
    while (const auto report = groups.next_report()) put_report(turn, *report);
}

void Engine::Parts::put_reply(const Turn& turn, Reply owed) {
    if (const auto* arp = std::get_if<ArpAnswer>(&owed)) {
        const Mac to = arp->message.target_mac;
        ready.push({arp->interface, make_arp(arp->message, arp->interface, to)});
        return;
    }
    IcmpAnswer& icmp = *std::get_if<IcmpAnswer>(&owed);
    icmp.told.frame = icmp.packet.frame->id = number(*icmp.packet.frame);
    if (send(turn, std::move(icmp.packet))) turn.emit(icmp.told);
}

}  // namespace dt::ip
