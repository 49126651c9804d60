// Frames in: link header, IPv4 checks, local delivery, ICMP, forwarding.
#include <algorithm>
#include <cstring>

#include "ip/drop.hpp"
#include "ip/parts.hpp"
#include "ip/segmentation.hpp"

namespace dt::ip {

using event::Reason;
using wire::Icmpv4Type;
using wire::IpProtocol;

namespace {

constexpr std::uint8_t igmp = 2;  // protocol number

/// The IPv4 header at the front; its octets are gathered only where they lie in pieces, so that the
/// text of a frame of our own stays where it is.
std::optional<wire::Ipv4View> read_header(Frame& frame) {
    if (!make_contiguous(frame, wire::Ipv4View::header_min)) return std::nullopt;
    const auto words = std::to_integer<std::size_t>(frame.front()[0] & std::byte{15});
    if (!make_contiguous(frame, 4 * words)) return std::nullopt;
    const auto header = wire::Ipv4View::parse_quoted(frame.front());
    return header ? std::optional(*header) : std::nullopt;
}

/// Fills `packet`; the header at the front of `frame`, which is `header`, is taken off.
void fill(PacketIn& packet, const wire::Ipv4View& header, InterfaceIndex in, FramePtr frame,
          bool to_many) {
    packet.source = header.source();
    packet.destination = header.destination();
    packet.protocol = static_cast<std::uint8_t>(header.protocol());
    packet.tos = header.tos();
    packet.ttl = header.ttl();
    packet.interface = in;
    packet.to_many = to_many;
    packet.checksum_trusted = frame->offload.is_vouched_for() && frame->marked_bad == 0;
    const Octets octets = header.header();
    packet.header_length = static_cast<std::uint8_t>(octets.size());
    // Nearly every header has no options: a copy of a length that is known is a few moves.
    constexpr std::size_t usual = wire::Ipv4View::header_min;
    std::memcpy(packet.header.data(), octets.data(), usual);
    const Octets options = octets.subspan(usual);
    if (!options.empty()) {
        std::memcpy(packet.header.data() + usual, options.data(), options.size());
    }
    frame->offload.on_drop_front(octets.size());
    frame->drop_front(octets.size());
    packet.frame = std::move(frame);
}

}  // namespace

Arrival Engine::Parts::receive(const Turn& turn, InterfaceIndex in, FramePtr frame) {
    if (!make_contiguous(*frame, wire::EthernetRepr::size())) {
        drop_frame(turn, frame->id, Reason::bad_header);
        return {};
    }
    const auto link = wire::EthernetView::parse(frame->front());
    if (!link) {
        drop_frame(turn, frame->id, Reason::bad_header);
        return {};
    }
    const Mac to = link->destination();
    const bool for_us = to == interfaces.at(in).mac || to.is_multicast();
    if (!for_us || link->vlan_id() != 0) {  // ARP-018
        drop_frame(turn, frame->id, Reason::not_for_us);
        return {};
    }
    const wire::EtherType type = link->type();
    const std::size_t header_length = link->header_length();
    frame->drop_front(header_length);
    frame->offload.on_drop_front(header_length);
    switch (type) {
        case wire::EtherType::ipv4:
            return receive_ipv4(turn, in, std::move(frame), to.is_multicast());
        case wire::EtherType::arp:
            if (!make_contiguous(*frame, wire::ArpView::size)) break;
            on_arp(turn, in, *frame, to);
            return {};
        case wire::EtherType::ipv6:
            return receive_ipv6(turn, in, std::move(frame), to.is_multicast());
        case wire::EtherType::vlan: break;
    }
    const bool is_arp = type == wire::EtherType::arp;
    drop_frame(turn, frame->id, is_arp ? Reason::arp_malformed : Reason::unknown_protocol);
    return {};
}

Arrival Engine::Parts::receive_ipv4(const Turn& turn, InterfaceIndex in, FramePtr frame,
                                    bool link_to_many) {
    const auto header = read_header(*frame);
    if (!header) {
        drop_frame(turn, frame->id, Reason::bad_header);
        return {};
    }
    const Reason wrong = check_arrival({*header, frame->size(), in, interfaces});
    if (wrong != Reason::none) {
        drop(turn, frame->id, *header, wrong);
        return {};
    }
    frame->keep_front(header->total_length());  // link padding (IP4-004)
    Meant meant = meant_for(header->destination(), interfaces);
    if (meant == Meant::another && groups.is_heard(in, header->destination())) {
        meant = Meant::many;
    }
    if (meant == Meant::another) {
        forward(turn, in, std::move(frame), link_to_many);
        return {};
    }
    const bool to_many = link_to_many || meant == Meant::many;
    if (!header->is_fragment()) return deliver(turn, *header, in, std::move(frame), to_many);
    frame->offload = {};
    frame = reassembler.add(turn, in, std::move(frame));
    if (!frame) return {};
    const auto whole = wire::Ipv4View::parse_quoted(frame->front());
    return deliver(turn, *whole, in, std::move(frame), to_many);
}

/// To the transport that the header names (RFC 1122 §3.2.2.1 for one that is not here).
Arrival Engine::Parts::deliver(const Turn& turn, const wire::Ipv4View& header, InterfaceIndex in,
                               FramePtr frame, bool to_many) {
    const IpProtocol protocol = header.protocol();
    if (protocol == IpProtocol::tcp || protocol == IpProtocol::udp) {
        Arrival arrival;
        fill(arrival.packet.emplace(), header, in, std::move(frame), to_many);
        if (DhcpClient* const client = client_of(*arrival.packet)) {
            on_dhcp(turn, *client, *arrival.packet);
            return {};
        }
        return arrival;
    }
    PacketIn packet;
    fill(packet, header, in, std::move(frame), to_many);
    if (protocol == IpProtocol::icmp) return on_icmp(turn, std::move(packet));
    if (packet.protocol == igmp) {
        on_igmp(turn, packet);
        return {};
    }
    turn.emit(event::PacketDropped{.source = packet.source,
                                   .destination = packet.destination,
                                   .frame = packet.frame->id,
                                   .protocol = packet.protocol,
                                   .reason = Reason::unknown_protocol});
    const Culprit culprit{Octets{packet.header}.first(packet.header_length), *packet.frame, in,
                          to_many};
    send_error(turn, culprit, wire::Icmpv4Repr::unreachable(wire::UnreachableCode::protocol),
               packet.destination);
    return {};
}

Arrival Engine::Parts::on_icmp(const Turn& turn, PacketIn packet) {
    // An ICMP error must be read as a whole; echo data may stay in pieces.
    if (!make_contiguous(*packet.frame, wire::Icmpv4View::header_length)) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::bad_header));
        return {};
    }
    if (packet.frame->marked_bad != 0 || !sum_of(*packet.frame).is_correct()) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::bad_checksum));
        return {};
    }
    if (hears_messages == event::Switch::off) return take_icmp(turn, std::move(packet));
    PacketIn heard = copy_of(packet);
    Arrival arrival = take_icmp(turn, std::move(packet));
    arrival.packet = std::move(heard);
    return arrival;
}

PacketIn Engine::Parts::copy_of(const PacketIn& packet) const {
    PacketIn copy;
    copy.source = packet.source;
    copy.destination = packet.destination;
    copy.frame = share(*packet.frame, pool);
    copy.protocol = packet.protocol;
    copy.tos = packet.tos;
    copy.ttl = packet.ttl;
    copy.interface = packet.interface;
    copy.to_many = packet.to_many;
    copy.header_length = packet.header_length;
    copy.header = packet.header;
    return copy;
}

Arrival Engine::Parts::take_icmp(const Turn& turn, PacketIn packet) {
    switch (wire::Icmpv4View::parse(packet.frame->front())->type()) {
        case Icmpv4Type::echo_request: on_echo(turn, std::move(packet)); return {};
        case Icmpv4Type::echo_reply: {
            turn.emit(told_of(packet, event::Step::received, Reason::none));
            Arrival arrival;
            arrival.packet = std::move(packet);
            return arrival;
        }
        case Icmpv4Type::destination_unreachable:
        case Icmpv4Type::time_exceeded:
        case Icmpv4Type::parameter_problem: return on_error(turn, packet);
        case Icmpv4Type::redirect: return on_redirect_v4(turn, packet);
        case Icmpv4Type::timestamp_request: on_timestamp(turn, std::move(packet)); return {};
        case Icmpv4Type::source_quench:  // RFC 6633
        case Icmpv4Type::timestamp_reply:
            turn.emit(told_of(packet, event::Step::dropped, Reason::not_offered));
            return {};
    }
    turn.emit(told_of(packet, event::Step::dropped, Reason::unknown_protocol));  // ICMP4-004
    return {};
}

/// RFC 1122 §3.2.2.6; to many it is not answered (ICMP4-002).
void Engine::Parts::on_echo(const Turn& turn, PacketIn packet) {
    if (packet.to_many) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::not_offered));
        return;
    }
    turn.emit(told_of(packet, event::Step::received, Reason::none));
    make_echo_reply(*packet.frame);
    send_back(turn, std::move(packet));
}

/// The message that `packet` holds now leaves for who sent it.
void Engine::Parts::send_back(const Turn& turn, PacketIn packet) {
    event::IcmpMoved told = told_of(packet, event::Step::sent, Reason::none);
    std::swap(told.source, told.destination);
    reply(turn, IcmpAnswer{PacketOut{.source = packet.destination,
                                     .destination = packet.source,
                                     .frame = std::move(packet.frame),
                                     .protocol = packet.protocol,
                                     .tos = packet.tos,
                                     .ttl = 64,
                                     .dont_fragment = false},
                           told});
}

/// RFC 792, RFC 1122 §3.2.2.8; to many it is not answered, as an echo (Linux). A stack knows no
/// time of day: it gives its own clock's, with the bit that says so.
void Engine::Parts::on_timestamp(const Turn& turn, PacketIn packet) {
    static_cast<void>(make_contiguous(*packet.frame, packet.frame->size()));
    const auto asked = wire::TimestampRepr::parse(packet.frame->front());
    if (packet.to_many || !asked) {
        const Reason reason = packet.to_many ? Reason::not_offered : Reason::bad_header;
        turn.emit(told_of(packet, event::Step::dropped, reason));
        return;
    }
    turn.emit(told_of(packet, event::Step::received, Reason::none));
    const auto since = std::chrono::floor<std::chrono::milliseconds>(turn.now().time_since_epoch());
    wire::TimestampRepr answer = *asked;
    answer.type = Icmpv4Type::timestamp_reply;
    answer.received = answer.sent = wire::TimestampRepr::of_other_clock(since);
    const FramePtr request = std::move(packet.frame);
    packet.frame = pool.frame();
    answer.emit(packet.frame->prepend(wire::TimestampRepr::size));
    send_back(turn, std::move(packet));
}

/// An error about something we sent, for the transport that sent it (RFC 1122 §3.2.2).
Arrival Engine::Parts::on_error(const Turn& turn, const PacketIn& packet) const {
    static_cast<void>(make_contiguous(*packet.frame, packet.frame->size()));
    const auto message = wire::Icmpv4View::parse(packet.frame->front());
    const auto quoted = message->quoted();
    constexpr std::size_t transport_octets = 8;
    if (!quoted || quoted->header.payload().size() < transport_octets) {  // TCP-ICMP-015
        turn.emit(told_of(packet, event::Step::dropped, Reason::bad_header));
        return {};
    }
    const wire::Ipv4View& sent = quoted->header;
    event::IcmpMoved told = told_of(packet, event::Step::received, Reason::none);
    told.quoted = {{sent.source(), quoted->source_port.value_or(Port{})},
                   {sent.destination(), quoted->destination_port.value_or(Port{})}};
    if (!interfaces.is_local(sent.source())) {  // TCP-ICMP-016
        told.step = event::Step::dropped;
        told.reason = Reason::not_for_us;
        turn.emit(told);
        return {};
    }
    turn.emit(told);
    ErrorIn error{.from = packet.source,
                  .type = static_cast<std::uint8_t>(message->type()),
                  .code = message->code(),
                  .mtu = message->next_hop_mtu(),
                  .source = sent.source(),
                  .destination = sent.destination(),
                  .protocol = static_cast<std::uint8_t>(sent.protocol()),
                  .transport = {}};
    std::memcpy(error.transport.data(), sent.payload().data(), transport_octets);
    error.keep_text(sent.payload().subspan(transport_octets));
    Arrival arrival;
    arrival.error = std::move(error);
    return arrival;
}

/// RFC 1812 §5.2: a packet for another host goes on with a lower TTL, or is answered with why not.
void Engine::Parts::forward(const Turn& turn, InterfaceIndex in, FramePtr frame,
                            bool link_to_many) {
    const auto header = wire::Ipv4View::parse_quoted(frame->front());
    const Ipv4 destination = header->destination();
    const bool may_go = forwarding == Forwarding::on && !link_to_many &&
                        !destination.is_multicast() && !destination.is_reserved() &&
                        !destination.is_this_network() && !header->source().is_any();
    if (!may_go) {
        drop(turn, frame->id, *header, Reason::not_for_us);
        return;
    }

    std::array<std::byte, 60> kept{};
    const std::size_t header_length = header->header_length();
    std::memcpy(kept.data(), header->header().data(), header_length);
    const Octets original = Octets{kept}.first(header_length);
    const auto refuse = [&](Reason reason, const wire::Icmpv4Repr& error) {
        drop(turn, *frame, reason);
        frame->drop_front(header_length);
        send_error(turn, {original, *frame, in, false}, error, IpAddr{});
    };
    if (header->ttl() <= 1) {
        refuse(Reason::ttl_expired, wire::Icmpv4Repr::time_exceeded(wire::TimeExceededCode::ttl));
        return;
    }
    const auto hop = hop_to(destination, header->source());
    if (!hop) {
        refuse(Reason::no_route, wire::Icmpv4Repr::unreachable(wire::UnreachableCode::network));
        return;
    }
    const std::uint32_t mtu = mtu_of(*hop);
    const bool is_too_big = wire_size(*frame) > mtu;
    if (is_too_big && header->is_dont_fragment()) {
        refuse(Reason::packet_too_big,
               wire::Icmpv4Repr::fragmentation_needed(static_cast<std::uint16_t>(mtu)));
        return;
    }
    // The octets may be shared with whoever sent them: the header goes on as a changed copy.
    const auto ttl_and_protocol = load_be<std::uint16_t>(kept, 8);
    const auto lowered = static_cast<std::uint16_t>(ttl_and_protocol - 0x0100);
    store_be(kept, 8, lowered);
    store_be(kept, 10,
             base::update_checksum(load_be<std::uint16_t>(kept, 10), ttl_and_protocol, lowered));
    frame->drop_front(header_length);
    std::memcpy(frame->prepend(header_length).data(), kept.data(), header_length);
    if (!interfaces.at(hop->interface).vouches) complete_checksum(*frame);
    // queue() tells what becomes of it.
    const bool dont_fragment = (load_be<std::uint16_t>(kept, 6) & 0x4000) != 0;
    [[maybe_unused]] const Status queued =
        queue(turn, *hop, std::move(frame), destination, dont_fragment);
}

void Engine::Parts::expire_fragments(const Turn& turn) {
    while (auto expired = reassembler.next_expired(turn)) {
        if (!expired->payload) continue;  // without the first one nobody is told (IP4-FRAG-009)
        const Culprit culprit{expired->header, *expired->payload, expired->in, false};
        if (std::to_integer<unsigned>(expired->header[0]) >> 4 == 6) {
            constexpr std::uint8_t reassembly = 1;
            send_error_v6(turn, culprit, wire::Icmpv6Repr::time_exceeded(reassembly),
                          Ipv6::load(expired->header, 24));
            continue;
        }
        const Ipv4 destination = Ipv4::load(expired->header, 16);
        send_error(turn, culprit,
                   wire::Icmpv4Repr::time_exceeded(wire::TimeExceededCode::reassembly),
                   destination);
    }
}

}  // namespace dt::ip
