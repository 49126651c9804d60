// ARP of one host (RFC 826, RFC 1122 §2.3.2, RFC 5227): answers, questions, what is learned.
#include "ip/drop.hpp"
#include "ip/parts.hpp"

namespace dt::ip {

using event::Reason;

namespace {

/// A link address no neighbour can have (ARP-016, DEC-30).
bool is_impossible(const Mac& mac) { return mac.is_zero() || mac.is_multicast(); }

/// An address no single host can have. 0.0.0.0 asks whether an address is free (RFC 5227 §2.1.1).
bool is_impossible(const IpAddr& sender, const InterfaceTable& interfaces) {
    return sender.is_multicast() || sender.is_loopback() || interfaces.is_broadcast(sender);
}

}  // namespace

void Engine::Parts::on_arp(const Turn& turn, InterfaceIndex in, const Frame& frame,
                           Mac link_destination) {
    const auto view = wire::ArpView::parse(frame.front());
    const auto message = view ? wire::ArpRepr::from(*view) : fail(Error::truncated);
    if (!message || is_impossible(message->sender_mac) ||
        is_impossible(message->sender_ip, interfaces)) {
        drop_frame(turn, frame.id, Reason::arp_malformed);
        return;
    }
    const auto tell = [&](Reason reason) {
        turn.emit(event::PacketDropped{.source = message->sender_ip,
                                       .destination = message->target_ip,
                                       .frame = frame.id,
                                       .protocol = 0,
                                       .reason = reason});
    };
    if (frame.marked_bad != 0) return tell(Reason::bad_checksum);
    if (is_claim(turn, in, *message)) return tell(Reason::address_duplicate);
    // Ours, from another link address: kept, not answered, told (ARP-012).
    if (interfaces.is_local(message->sender_ip)) return tell(Reason::arp_conflict);

    const IpAddr target = message->target_ip;
    const bool for_us = interfaces.is_local(target) && !target.is_loopback();
    const bool is_request = message->operation == wire::ArpOperation::request;
    bool is_learned = false;
    if (!message->sender_ip.is_any()) {
        const bool answers_us = !is_request && link_destination == interfaces.at(in).mac;
        is_learned = neighbors.learn(turn, {in, message->sender_ip}, message->sender_mac,
                                     answers_us ? Proof::solicited : Proof::unsolicited,
                                     is_request && for_us ? Admit::unknown_too : Admit::only_known);
    }
    if (!is_request && is_learned) return;
    if (!is_request || !for_us) return tell(Reason::arp_not_for_us);
    reply(turn, ArpAnswer{in, message->reply_from(interfaces.at(in).mac)});
}

FramePtr Engine::Parts::make_arp(const wire::ArpRepr& message, InterfaceIndex out, Mac to) {
    FramePtr frame = pool.frame();
    message.emit(frame->prepend(wire::ArpRepr::size()));
    frame->id = number(*frame);
    const wire::EthernetRepr link{to, interfaces.at(out).mac, wire::EtherType::arp};
    link.emit(frame->prepend(wire::EthernetRepr::size()));
    return frame;
}

/// A request for the address of a neighbour: to all, or to the one it is said to have (ARP-005).
void Engine::Parts::put_question(const NeighborTable::Question& question) {
    if (!question.key.address.is_v4()) return put_solicitation(question);
    const InterfaceIndex out = question.key.interface;
    const auto source = interfaces.source(out, question.key.address);
    // Who has just given its address up asks as who has none yet (RFC 5227 §1.1).
    const Ipv4 sender = source && source->is_v4() ? source->v4() : Ipv4::any();
    const wire::ArpRepr message{wire::ArpOperation::request, interfaces.at(out).mac, sender, Mac{},
                                question.key.address.v4()};
    ready.push({out, make_arp(message, out, question.mac.value_or(Mac::broadcast()))});
}

}  // namespace dt::ip
