// IPv6 packets in: checks, extension headers, fragments, ICMPv6, forwarding (RFC 8200, RFC 4443).
#include <algorithm>
#include <cstring>

#include "ip/drop.hpp"
#include "ip/icmp_v6.hpp"
#include "ip/parts.hpp"
#include "ip/segmentation.hpp"

namespace dt::ip {

using event::IcmpMoved;
using event::Reason;
using wire::Icmpv6Type;
using wire::NextHeader;

namespace {

constexpr std::size_t header_length = wire::Ipv6View::header_length;

/// What an arriving IPv6 header must satisfy, whatever follows it.
Reason check_header(const wire::Ipv6View& header, InterfaceIndex in,
                    const InterfaceTable& interfaces) {
    const Ipv6 source = header.source();
    const Ipv6 destination = header.destination();
    if (source.is_v4_mapped() || destination.is_v4_mapped())
        return Reason::invalid_source;                         // DEC-35
    if (source.is_multicast()) return Reason::invalid_source;  // IP6-023
    if (destination.is_any()) return Reason::invalid_destination;
    if (in == loopback_interface) return Reason::none;
    if (source.is_loopback() || destination.is_loopback()) return Reason::martian_loopback;
    // An address of a link is there on that link alone (RFC 4007 §9).
    const bool is_elsewhere = destination.is_link_local() && interfaces.is_local(destination) &&
                              !interfaces.has(in, destination);
    if (is_elsewhere) return Reason::invalid_destination;
    return interfaces.is_local(source) ? Reason::invalid_source : Reason::none;
}

PacketIn packet_in(InterfaceIndex in, FramePtr frame, const Chain& chain, bool to_many) {
    const Octets front = frame->front();
    const auto header = wire::Ipv6View::parse_quoted(front);
    PacketIn packet;
    packet.source = header->source();
    packet.destination = header->destination();
    packet.protocol = static_cast<std::uint8_t>(chain.protocol);
    packet.tos = header->traffic_class();
    packet.ttl = header->hop_limit();
    packet.interface = in;
    packet.to_many = to_many;
    packet.checksum_trusted = frame->offload.is_vouched_for() && frame->marked_bad == 0;
    packet.header_length = header_length;
    std::memcpy(packet.header.data(), front.data(), header_length);
    if (chain.offset > header_length) {
        packet.extensions.assign(front.begin() + header_length,
                                 front.begin() + static_cast<std::ptrdiff_t>(chain.offset));
    }
    frame->drop_front(chain.offset);
    frame->offload.on_drop_front(chain.offset);
    packet.frame = std::move(frame);
    return packet;
}

/// The packet without its fragment header: of an atomic fragment (RFC 6946).
FramePtr without_fragment_header(const Frame& packet, const Chain& chain, NextHeader next,
                                 buf::Pool& pool) {
    constexpr std::size_t gone = wire::Ipv6Fragment::size();
    const std::size_t size = packet.size() - gone;
    buf::BlockRef block = pool.block(packet.size());
    const MutableOctets octets{block.get()->data(), packet.size()};
    packet.copy_to(octets);
    std::memmove(octets.data() + gone, octets.data(), chain.offset);
    const MutableOctets whole = octets.subspan(gone);
    whole[chain.named_at] = static_cast<std::byte>(next);
    store_be(whole, 4, static_cast<std::uint16_t>(size - header_length));
    FramePtr frame = pool.frame();
    frame->id = packet.id;
    frame->marked_bad = packet.marked_bad;
    static_cast<void>(frame->add(Slice{std::move(block), gone, static_cast<std::uint32_t>(size)}));
    return frame;
}

}  // namespace

Arrival Engine::Parts::receive_ipv6(const Turn& turn, InterfaceIndex in, FramePtr frame,
                                    bool link_to_many) {
    const bool is_on =
        turn.config().ipv6 == event::Switch::on && interfaces.at(in).mtu >= mtu_min_v6;
    if (!is_on) {
        drop_frame(turn, frame->id, Reason::ipv6_off);
        return {};
    }
    const bool has_header = make_contiguous(*frame, header_length);
    const auto header = has_header ? wire::Ipv6View::parse_front(frame->front(), frame->size())
                                   : fail(Error::truncated);
    if (!header) {
        drop_frame(turn, frame->id, Reason::bad_header);
        return {};
    }
    const Reason wrong = check_header(*header, in, interfaces);
    if (wrong != Reason::none) {
        drop(turn, frame->id, *header, wrong);
        return {};
    }
    frame->keep_front(header_length + header->payload_length());  // link padding
    Meant meant = meant_for(header->destination(), interfaces);
    if (meant == Meant::another && groups.is_heard(in, header->destination())) {
        meant = Meant::many;
    }
    if (meant == Meant::another) {
        forward_v6(turn, in, std::move(frame), link_to_many);
        return {};
    }
    return take_v6(turn, in, std::move(frame), link_to_many || meant == Meant::many);
}

/// The chain of headers; a fragment goes round once more when its packet is whole.
Arrival Engine::Parts::take_v6(const Turn& turn, InterfaceIndex in, FramePtr frame, bool to_many) {
    bool was_fragment = false;
    while (frame) {
        const auto first = static_cast<NextHeader>(frame->front()[6]);
        if (wire::is_extension(first)) static_cast<void>(make_contiguous(*frame, frame->size()));
        const Chain chain = walk_chain(frame->front());
        switch (chain.verdict) {
            case Chain::Verdict::transport: {
                const bool is_nd = was_fragment && chain.protocol == NextHeader::icmpv6 &&
                                   is_nd_message(frame->front().subspan(chain.offset));
                if (is_nd) {  // RFC 6980
                    drop(turn, *frame, Reason::nd_malformed);
                    return {};
                }
                return deliver_v6(turn, in, std::move(frame), chain, to_many);
            }
            case Chain::Verdict::nothing: return {};
            case Chain::Verdict::drop: drop(turn, *frame, chain.reason); return {};
            case Chain::Verdict::problem: {
                drop(turn, *frame, chain.reason);
                const bool is_told = !to_many || chain.tell == Chain::Tell::many_too;
                if (is_told) send_problem(turn, in, *frame, chain);
                return {};
            }
            case Chain::Verdict::fragment:
                was_fragment = true;
                frame = on_fragment_v6(turn, in, std::move(frame), chain, to_many);
                break;
        }
    }
    return {};
}

/// RFC 8200 §4.5: the whole packet, once it is complete.
FramePtr Engine::Parts::on_fragment_v6(const Turn& turn, InterfaceIndex in, FramePtr frame,
                                       const Chain& chain, bool to_many) {
    const Octets octets = frame->front();
    const auto fragment = wire::Ipv6Fragment::parse(octets.subspan(chain.offset));
    if (!fragment) return nullptr;
    const std::size_t length = frame->size() - chain.offset - wire::Ipv6Fragment::size();
    const auto refuse = [&](wire::Parameter6Code code, std::size_t pointer) -> FramePtr {
        drop(turn, *frame, Reason::fragment_malformed);
        Chain problem = chain;
        problem.code = code;
        problem.pointer = static_cast<std::uint32_t>(pointer);
        if (!to_many) send_problem(turn, in, *frame, problem);
        return nullptr;
    };
    constexpr std::size_t payload_length_at = 4;
    if (fragment->more && length % 8 != 0) {
        return refuse(wire::Parameter6Code::field, payload_length_at);
    }
    if (fragment->offset + length > 65535) {
        return refuse(wire::Parameter6Code::field, chain.offset + 2);
    }
    if (fragment->offset == 0 && !holds_all_headers(octets)) {
        return refuse(wire::Parameter6Code::incomplete_chain, 0);
    }
    if (fragment->is_atomic()) {
        return without_fragment_header(*frame, chain, fragment->next_header, pool);
    }
    if (length == 0) {
        drop(turn, *frame, Reason::fragment_malformed);
        return nullptr;
    }
    return reassembler.add_v6(turn, in, std::move(frame), {chain.offset, chain.named_at});
}

/// The last that is done with `packet`: what follows its header is all that is left of it.
void Engine::Parts::send_problem(const Turn& turn, InterfaceIndex in, Frame& packet,
                                 const Chain& chain) {
    std::array<std::byte, header_length> header{};
    std::memcpy(header.data(), packet.front().data(), header.size());
    packet.drop_front(header.size());
    send_error_v6(turn, {header, packet, in, false},
                  wire::Icmpv6Repr::parameter_problem(chain.code, chain.pointer),
                  Ipv6::load(header, 24));
}

/// To the transport that the chain ends with; another one is a problem (RFC 8200 §4; IP6-004).
Arrival Engine::Parts::deliver_v6(const Turn& turn, InterfaceIndex in, FramePtr frame,
                                  const Chain& chain, bool to_many) {
    const bool is_known = chain.protocol == NextHeader::tcp || chain.protocol == NextHeader::udp ||
                          chain.protocol == NextHeader::icmpv6;
    if (!is_known) {
        drop(turn, *frame, Reason::unknown_protocol);
        Chain problem = chain;
        problem.code = wire::Parameter6Code::next_header;
        problem.pointer = static_cast<std::uint32_t>(chain.named_at);
        if (!to_many) send_problem(turn, in, *frame, problem);
        return {};
    }
    PacketIn packet = packet_in(in, std::move(frame), chain, to_many);
    if (chain.protocol == NextHeader::icmpv6) return on_icmpv6(turn, std::move(packet));
    if (packet.source.is_any() && chain.protocol == NextHeader::tcp) {  // IP6-022
        turn.emit(event::PacketDropped{packet.source, packet.destination, packet.frame->id,
                                       packet.protocol, Reason::invalid_source});
        return {};
    }
    Arrival arrival;
    arrival.packet = std::move(packet);
    return arrival;
}

Arrival Engine::Parts::on_icmpv6(const Turn& turn, PacketIn packet) {
    if (!make_contiguous(*packet.frame, wire::Icmpv6View::header_length)) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::bad_header));
        return {};
    }
    const Checksum sum =
        wire::pseudo_header(packet.source, packet.destination, wire::IpProtocol::icmpv6,
                            static_cast<std::uint32_t>(packet.frame->size()))
            .add(sum_of(*packet.frame));
    if (packet.frame->marked_bad != 0 || !sum.is_correct()) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::bad_checksum));
        return {};
    }
    if (hears_messages == event::Switch::off) return take_icmpv6(turn, std::move(packet));
    PacketIn heard = copy_of(packet);
    Arrival arrival = take_icmpv6(turn, std::move(packet));
    arrival.packet = std::move(heard);
    return arrival;
}

Arrival Engine::Parts::take_icmpv6(const Turn& turn, PacketIn packet) {
    const auto message = wire::Icmpv6View::parse(packet.frame->front());
    if (message->is_error()) return on_error_v6(turn, packet);
    switch (message->type()) {
        case Icmpv6Type::echo_request: on_echo_v6(turn, std::move(packet)); return {};
        case Icmpv6Type::echo_reply: {
            turn.emit(told_of(packet, event::Step::received, Reason::none));
            Arrival arrival;
            arrival.packet = std::move(packet);
            return arrival;
        }
        case Icmpv6Type::router_solicitation:
        case Icmpv6Type::router_advertisement:
        case Icmpv6Type::neighbor_solicitation:
        case Icmpv6Type::neighbor_advertisement:
        case Icmpv6Type::redirect: on_nd(turn, packet); return {};
        case Icmpv6Type::group_query: on_mld_query(turn, packet); return {};
        case Icmpv6Type::destination_unreachable:
        case Icmpv6Type::packet_too_big:
        case Icmpv6Type::time_exceeded:
        case Icmpv6Type::parameter_problem: break;  // errors, seen above
    }
    turn.emit(told_of(packet, event::Step::dropped, Reason::unknown_protocol));  // ICMP6-006
    return {};
}

/// RFC 4443 §4.2; one to a group is answered from an address of ours (ICMP6-002).
void Engine::Parts::on_echo_v6(const Turn& turn, PacketIn packet) {
    turn.emit(told_of(packet, event::Step::received, Reason::none));
    const bool to_group = packet.destination.is_multicast();
    turn_into_echo_reply(*packet.frame);
    PacketOut answer{.source = to_group ? IpAddr::any_v6() : packet.destination,
                     .destination = packet.source,
                     .frame = std::move(packet.frame),
                     .protocol = packet.protocol,
                     .tos = packet.tos,
                     .ttl = 64,
                     .dont_fragment = false,
                     .by = packet.interface};
    IcmpMoved told{.source = answer.source,
                   .destination = answer.destination,
                   .frame = 0,
                   .step = event::Step::sent,
                   .type = static_cast<std::uint8_t>(Icmpv6Type::echo_reply),
                   .code = 0,
                   .quoted = {},
                   .reason = Reason::none};
    reply(turn, IcmpAnswer{std::move(answer), told});
}

/// An error about something we sent, for the transport that sent it (RFC 4443 §2.4(d)).
Arrival Engine::Parts::on_error_v6(const Turn& turn, const PacketIn& packet) const {
    static_cast<void>(make_contiguous(*packet.frame, packet.frame->size()));
    const auto message = wire::Icmpv6View::parse(packet.frame->front());
    const Octets quoted = message->payload();
    const auto place = wire::find_transport(quoted);
    constexpr std::size_t transport_octets = 8;
    if (!place || place->offset + transport_octets > quoted.size()) {
        turn.emit(told_of(packet, event::Step::dropped, Reason::bad_header));
        return {};
    }
    const auto sent = wire::Ipv6View::parse_quoted(quoted);
    const Octets transport = quoted.subspan(place->offset, transport_octets);
    IcmpMoved told = told_of(packet, event::Step::received, Reason::none);
    told.quoted = {{sent->source(), Port{load_be<std::uint16_t>(transport, 0)}},
                   {sent->destination(), Port{load_be<std::uint16_t>(transport, 2)}}};
    if (sent->source().is_v4_mapped() || !interfaces.is_local(sent->source())) {
        told.step = event::Step::dropped;
        told.reason = Reason::not_for_us;
        turn.emit(told);
        return {};
    }
    turn.emit(told);
    ErrorIn error{.from = packet.source,
                  .type = static_cast<std::uint8_t>(message->type()),
                  .code = message->code(),
                  .mtu = message->rest(),
                  .source = sent->source(),
                  .destination = sent->destination(),
                  .protocol = static_cast<std::uint8_t>(place->protocol),
                  .transport = {}};
    std::memcpy(error.transport.data(), transport.data(), transport_octets);
    error.keep_text(quoted.subspan(place->offset + transport_octets));
    Arrival arrival;
    arrival.error = std::move(error);
    return arrival;
}

/// A packet for another host goes on with a lower hop limit, or is answered with why not.
void Engine::Parts::forward_v6(const Turn& turn, InterfaceIndex in, FramePtr frame,
                               bool link_to_many) {
    const auto header = wire::Ipv6View::parse_quoted(frame->front());
    const IpAddr destination = header->destination();
    const IpAddr source = header->source();
    const bool may_go = forwarding == Forwarding::on && !link_to_many &&
                        !destination.is_multicast() && !destination.is_link_local() &&
                        !source.is_any() && !source.is_link_local();
    if (!may_go) {
        drop(turn, frame->id, *header, Reason::not_for_us);
        return;
    }

    std::array<std::byte, header_length> kept{};
    std::memcpy(kept.data(), header->header().data(), header_length);
    const auto refuse = [&](Reason reason, const wire::Icmpv6Repr& error) {
        drop(turn, *frame, reason);
        frame->drop_front(header_length);
        send_error_v6(turn, {kept, *frame, in, false}, error, IpAddr{});
    };
    if (header->hop_limit() <= 1) {
        refuse(Reason::ttl_expired, wire::Icmpv6Repr::time_exceeded(0));
        return;
    }
    const auto hop = hop_to(destination, source);
    if (!hop) {
        refuse(Reason::no_route, wire::Icmpv6Repr::unreachable(wire::Unreachable6Code::no_route));
        return;
    }
    const std::uint32_t mtu = mtu_of(*hop);
    if (wire_size(*frame) > mtu) {
        refuse(Reason::packet_too_big, wire::Icmpv6Repr::packet_too_big(mtu));
        return;
    }
    // The octets may be shared with whoever sent them: the header goes on as a changed copy.
    kept[7] = static_cast<std::byte>(header->hop_limit() - 1);
    frame->drop_front(header_length);
    std::memcpy(frame->prepend(header_length).data(), kept.data(), header_length);
    if (!interfaces.at(hop->interface).vouches) complete_checksum(*frame);
    [[maybe_unused]] const Status queued =  // queue() tells what becomes of it
        queue(turn, *hop, std::move(frame), destination, true);
}

void Engine::Parts::send_error_v6(const Turn& turn, const Culprit& culprit,
                                  const wire::Icmpv6Repr& error, const IpAddr& source) {
    if (!may_answer_with_error_v6(culprit, error)) return;
    PacketOut packet = make_error_v6(culprit, error, pool);
    const bool is_own = interfaces.is_local(source) && !source.is_v4();
    packet.source = is_own ? source : IpAddr::any_v6();
    packet.by = culprit.in;
    IcmpMoved told{.source = packet.source,
                   .destination = packet.destination,
                   .frame = 0,
                   .step = event::Step::sent,
                   .type = static_cast<std::uint8_t>(error.type),
                   .code = error.code,
                   .quoted = quoted_tuple_v6(culprit),
                   .reason = Reason::none};
    // ICMP6-005; what a host tells itself is not limited, as on Linux.
    const bool is_limited =
        error.type != Icmpv6Type::packet_too_big && culprit.in != loopback_interface;
    if (!is_limited || limiter_v6.allow(turn, packet.destination)) {
        reply(turn, IcmpAnswer{std::move(packet), told});
        return;
    }
    told.step = event::Step::dropped;
    told.reason = Reason::icmp_rate_limited;
    turn.emit(told);
}

}  // namespace dt::ip
