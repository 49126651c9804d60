// Neighbour discovery of one host (RFC 4861 §7): answers, questions, what is learned.
#include <cstring>

#include "ip/drop.hpp"
#include "ip/parts.hpp"

namespace dt::ip {

using event::Reason;
using wire::Icmpv6Type;

namespace {

FramePtr frame_of(Octets message, buf::Pool& pool) {
    FramePtr frame = pool.frame();
    std::memcpy(frame->prepend(message.size()).data(), message.data(), message.size());
    return frame;
}

}  // namespace

/// What holds for all messages (RFC 4861 §6.1, §7.1): never from beyond a router, code 0.
void Engine::Parts::on_nd(const Turn& turn, const PacketIn& packet) {
    static_cast<void>(make_contiguous(*packet.frame, packet.frame->size()));
    const auto message = wire::Icmpv6View::parse(packet.frame->front());
    if (packet.ttl != wire::nd_hop_limit || message->code() != 0) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::nd_malformed));
        return;
    }
    switch (message->type()) {
        case Icmpv6Type::neighbor_solicitation: on_solicitation(turn, packet); return;
        case Icmpv6Type::neighbor_advertisement: on_advertisement(turn, packet); return;
        case Icmpv6Type::router_advertisement: on_router_advertisement(turn, packet); return;
        case Icmpv6Type::redirect: on_redirect(turn, packet); return;
        case Icmpv6Type::router_solicitation:  // we are no router
            turn.emit(told_of(packet, event::Step::dropped, Reason::not_offered));
            return;
        case Icmpv6Type::destination_unreachable:
        case Icmpv6Type::packet_too_big:
        case Icmpv6Type::time_exceeded:
        case Icmpv6Type::parameter_problem:
        case Icmpv6Type::echo_request:
        case Icmpv6Type::group_query:
        case Icmpv6Type::echo_reply: return;  // not of neighbour discovery
    }
}

void Engine::Parts::on_solicitation(const Turn& turn, const PacketIn& packet) {
    const auto question = wire::NeighborSolicitation::parse(packet.frame->front());
    const auto refuse = [&](Reason reason) {
        turn.emit(told_of(packet, event::Step::dropped, reason));
    };
    if (!question || question->target.is_multicast() || question->target.is_v4_mapped()) {
        refuse(Reason::nd_malformed);
        return;
    }
    const bool is_probe = packet.source.is_any();  // somebody proves an address (RFC 4862 §5.4)
    const bool to_group = packet.destination == IpAddr{wire::solicited_node(question->target)};
    if (is_probe && (!to_group || question->options.source_link)) {  // ND-027
        refuse(Reason::nd_malformed);
        return;
    }
    if (autoconf.is_tentative(packet.interface, question->target)) {
        // Who only asks for it gets no answer; who proves it too takes it from us (RFC 4862
        // §5.4.3).
        const bool is_taken =
            is_probe && on_claim(turn, packet, question->target, question->options.nonce);
        if (!is_taken) refuse(Reason::address_tentative);
        return;
    }
    const IpAddr target = question->target;
    if (target.is_loopback() || interfaces.owner(target) != packet.interface) {
        refuse(Reason::nd_not_for_us);
        return;
    }
    turn.emit(told_of(packet, event::Step::received, Reason::none));
    if (!is_probe && question->options.source_link) {
        static_cast<void>(neighbors.learn(turn, {packet.interface, packet.source},
                                          *question->options.source_link, Proof::unsolicited,
                                          Admit::unknown_too));
    }
    // To a question for us alone the link address need not be said again (ND-001, ND-026).
    const bool to_many = packet.destination.is_multicast();
    const wire::NeighborAdvertisement answer{.target = question->target,
                                             .is_router = forwarding == Forwarding::on,
                                             .solicited = !is_probe,
                                             .overrides = to_many,
                                             .options = {}};
    const auto octets = wire::make_advertisement(answer, interfaces.at(packet.interface).mac);
    constexpr std::size_t without_option = 24;
    PacketOut out{
        .source = target,
        .destination = is_probe ? IpAddr{wire::all_nodes()} : packet.source,
        .frame = frame_of(Octets{octets}.first(to_many ? octets.size() : without_option), pool),
        .protocol = static_cast<std::uint8_t>(wire::IpProtocol::icmpv6),
        .tos = 0,
        .ttl = wire::nd_hop_limit,
        .dont_fragment = true,
        .by = packet.interface};
    event::IcmpMoved told{.source = out.source,
                          .destination = out.destination,
                          .frame = 0,
                          .step = event::Step::sent,
                          .type = static_cast<std::uint8_t>(Icmpv6Type::neighbor_advertisement),
                          .code = 0,
                          .quoted = {},
                          .reason = Reason::none};
    reply(turn, IcmpAnswer{std::move(out), told});
}

void Engine::Parts::on_advertisement(const Turn& turn, const PacketIn& packet) {
    const auto answer = wire::NeighborAdvertisement::parse(packet.frame->front());
    const bool is_sound = answer && !answer->target.is_multicast() &&
                          !answer->target.is_v4_mapped() &&
                          !(packet.destination.is_multicast() && answer->solicited);
    if (!is_sound) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::nd_malformed));
        return;
    }
    if (on_claim(turn, packet, answer->target, std::nullopt)) return;
    if (!answer->is_router) {  // ND-009
        autoconf.on_no_router(packet.interface, answer->target);
        while (const auto deed = autoconf.next_deed()) do_deed(turn, *deed);
    }
    const IpAddr target = answer->target;
    const NeighborTable::Advertised said{
        .mac = answer->options.target_link,
        .proof = answer->solicited ? Proof::solicited : Proof::unsolicited,
        .overrides = answer->overrides};
    const bool is_learned =
        !interfaces.is_local(target) && neighbors.hear(turn, {packet.interface, target}, said);
    turn.emit(told_of(packet, is_learned ? event::Step::received : event::Step::dropped,
                      is_learned ? Reason::none : Reason::nd_not_for_us));
}

/// A question for the link address of a neighbour: to its group, or to the one it is said to have
/// (RFC 4861 §7.2.2, §7.3.3).
void Engine::Parts::put_solicitation(const NeighborTable::Question& question) {
    const InterfaceIndex out = question.key.interface;
    const auto link_local = interfaces.link_local(out);
    const auto source = link_local ? link_local : interfaces.source(out, question.key.address);
    if (!source || source->is_v4()) return;
    const Ipv6 target = question.key.address.v6();
    const Ipv6 destination = question.mac ? target : wire::solicited_node(target);
    PacketOut packet{
        .source = *source,
        .destination = destination,
        .frame = frame_of(wire::make_solicitation(target, interfaces.at(out).mac), pool),
        .protocol = static_cast<std::uint8_t>(wire::IpProtocol::icmpv6),
        .tos = 0,
        .ttl = wire::nd_hop_limit,
        .dont_fragment = true,
        .by = out};
    packet.frame->id = number(*packet.frame);
    finish_transport(packet, ChecksumBy::us);
    put_header_v6(packet, 0);
    const Mac to = question.mac ? *question.mac : wire::multicast_mac(destination);
    put_link_header(out, std::move(packet.frame), to, wire::EtherType::ipv6);
}

}  // namespace dt::ip
