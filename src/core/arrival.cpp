// From an IP packet to the transport it is for: headers parsed once, checksums verified once
// (RFC 9293 §3.1 MUST-3, RFC 768), ICMP errors to the socket they are about (RFC 1122 §3.2.2).
#include <algorithm>

#include "core/icmp_errors.hpp"
#include "core/parts.hpp"
#include "ip/output.hpp"
#include "wire/icmpv4.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::core {

using event::Reason;
using wire::Icmpv4Type;
using wire::IpProtocol;
using wire::UnreachableCode;

namespace {

constexpr auto tcp_number = static_cast<std::uint8_t>(IpProtocol::tcp);
constexpr auto udp_number = static_cast<std::uint8_t>(IpProtocol::udp);

/// A frame that a link damaged is bad whatever its octets say: replay feeds generated text.
bool is_intact(const ip::PacketIn& packet) {
    if (packet.frame->marked_bad != 0) return false;
    if (packet.checksum_trusted) return true;
    return wire::pseudo_header(packet.source, packet.destination,
                               static_cast<IpProtocol>(packet.protocol),
                               static_cast<std::uint32_t>(packet.frame->size()))
        .add(ip::sum_of(*packet.frame))
        .is_correct();
}

/// The TCP header at the front, gathered only where it lies in pieces.
std::optional<wire::TcpView> read_tcp_header(Frame& frame) {
    if (!ip::make_contiguous(frame, wire::TcpView::header_min)) return std::nullopt;
    const auto words = std::to_integer<std::size_t>(frame.front()[12] >> 4);
    if (!ip::make_contiguous(frame, 4 * words)) return std::nullopt;
    const auto view = wire::TcpView::parse(frame.front());
    return view ? std::optional(*view) : std::nullopt;
}

void drop_packet(const Turn& turn, const ip::PacketIn& packet, Reason reason) {
    turn.emit(event::PacketDropped{packet.source, packet.destination, packet.frame->id,
                                   packet.protocol, reason});
}

void drop_segment(const Turn& turn, const FourTuple& tuple, const wire::TcpView& view,
                  const Frame& frame, Reason reason) {
    event::Segment segment;
    segment.tuple = tuple;
    segment.frame = frame.id;
    segment.seq = view.seq();
    segment.ack = view.ack();
    segment.length = static_cast<std::uint32_t>(frame.size() - view.header_length());
    segment.window = view.window();
    segment.flags = view.flags().bits();
    turn.emit(event::SegmentDropped{segment, reason});
}

bool is_icmp(std::uint8_t protocol) {
    return protocol == static_cast<std::uint8_t>(IpProtocol::icmp) ||
           protocol == static_cast<std::uint8_t>(IpProtocol::icmpv6);
}

/// Where both families have an echo's identifier (RFC 792, RFC 4443 §4).
constexpr std::size_t identifier_at = 4;

FourTuple tuple_of(const ip::PacketIn& packet, const wire::TcpView& view) {
    return {{packet.destination, view.destination()}, {packet.source, view.source()}};
}

udp::Notice notice_of(const ip::ErrorIn& error, const FourTuple& tuple) {
    return {.to = tuple.remote,
            .from = error.from,
            .error = datagram_error(error).error,
            .type = error.type,
            .code = error.code,
            .mtu = error.mtu,
            .quoted = error.transport,
            .text = error.text};
}

FourTuple quoted_tuple(const IpAddr& source, const IpAddr& destination, Octets transport) {
    return {{source, Port{load_be<std::uint16_t>(transport, 0)}},
            {destination, Port{load_be<std::uint16_t>(transport, 2)}}};
}

}  // namespace

/// What goes on where the last segment ended waits with it; everything else comes behind it.
bool Core::Parts::join(const Turn& turn, ip::InterfaceIndex in, Frame& frame) {
    if (joiner.add(in, frame)) {
        if (joiner.is_complete()) deliver_joined(turn);
        return true;
    }
    deliver_joined(turn);
    joiner.look_at(in, frame);
    return false;
}

void Core::Parts::on_frame(const Turn& turn, ip::InterfaceIndex in, FramePtr frame) {
    ip::Arrival arrival = ip.receive(turn, in, std::move(frame));
    if (arrival.error) {
        on_error(turn, *arrival.error);
    }
    if (!arrival.packet) return;
    if (arrival.packet->protocol == tcp_number) {
        on_tcp(turn, *arrival.packet);
    } else if (arrival.packet->protocol == udp_number) {
        on_udp(turn, *arrival.packet);
    } else {
        on_message(turn, *arrival.packet);
    }
}

udp::Arrival Core::Parts::arrival_of(const Turn& turn, const ip::PacketIn& packet) const {
    std::optional<std::uint16_t> heard_by = packet.interface;
    if (packet.interface == ip::loopback_interface) {
        heard_by = packet.to_many ? std::nullopt : ip.owner(packet.destination);
    }
    return {packet.tos, packet.ttl, static_cast<std::uint8_t>(packet.interface), turn.now(),
            heard_by};
}

/// An ICMP message: to all raw sockets that want it, an echo reply to whoever asked (ICMP4-013).
void Core::Parts::on_message(const Turn& turn, ip::PacketIn& packet) {
    const Octets message = packet.frame->front();  // IP has proved its header
    const auto type = std::to_integer<std::uint8_t>(message[0]);
    udp::Datagram datagram;
    datagram.tuple = {{packet.destination, Port{load_be<std::uint16_t>(message, identifier_at)}},
                      {packet.source, Port::any()}};
    datagram.length = static_cast<std::uint32_t>(packet.frame->size());
    datagram.arrival = arrival_of(turn, packet);
    datagram.frame = std::move(packet.frame);
    const bool is_v4 = packet.source.is_v4();
    // Raw sockets are given the header of IPv4 too, of IPv6 not (raw(7), RFC 3542 §3).
    const Octets header = Octets{packet.header}.first(is_v4 ? packet.header_length : 0);
    if (icmp.hears_messages()) icmp.on_message(turn, datagram, header);
    const bool is_reply = is_v4 ? type == static_cast<std::uint8_t>(Icmpv4Type::echo_reply)
                                : type == static_cast<std::uint8_t>(wire::Icmpv6Type::echo_reply);
    const bool has_identifier = !datagram.tuple.local.port.is_any();  // 0: that of raw sockets
    if (is_reply && has_identifier) (void)icmp.on_datagram(turn, datagram, false);
}

void Core::Parts::on_tcp(const Turn& turn, ip::PacketIn& packet) {
    const auto view = read_tcp_header(*packet.frame);
    if (!view) {
        ++malformed;
        drop_packet(turn, packet, Reason::bad_header);
        return;
    }
    const auto drop = [&](Reason reason) {
        drop_segment(turn, tuple_of(packet, *view), *view, *packet.frame, reason);
    };
    if (packet.to_many) {
        drop(Reason::invalid_destination);
        return;
    }
    if (!is_intact(packet)) {
        ++malformed;
        ++bad_checksums;
        drop(Reason::bad_checksum);
        return;
    }
    const auto text_offset = static_cast<std::uint32_t>(view->header_length());
    const auto size = static_cast<std::uint32_t>(packet.frame->size());
    tcp::SegmentIn segment{.tuple = tuple_of(packet, *view),
                           .header = wire::TcpRepr::from(*view),
                           .frame = std::move(packet.frame),
                           .text_offset = text_offset,
                           .text_length = size - text_offset,
                           .path = {},
                           .ecn = static_cast<std::uint8_t>(packet.tos & 3),
                           .ttl = packet.ttl};
    // The way back is most often the way it came; a link that takes less cuts what is too large.
    segment.path.super_segment_max = ip.super_segment_max(packet.interface);
    // Others belong to a connection that knows its path, unless they make one by a cookie.
    const bool may_be_cookie =
        tcp.may_see_cookies(turn.now()) && tcp.holder(segment.tuple) == tcp::Engine::Holder::none;
    if (segment.header.flags.syn() || may_be_cookie) {
        if (const auto back = path_to(packet.source, packet.destination)) segment.path = *back;
    }
    if (ip.joins_segments(packet.interface) && joiner.begin(segment)) {
        if (joiner.is_complete()) deliver_joined(turn);
        return;
    }
    give_to_tcp(turn, std::move(segment));
}

void Core::Parts::give_to_tcp(const Turn& turn, tcp::SegmentIn&& segment) {
    if (!ip.seeks_proof()) {
        tcp.on_segment(turn, std::move(segment));
        return;
    }
    const FourTuple tuple = segment.tuple;
    if (tcp.on_segment(turn, std::move(segment)) == tcp::Way::proved) {
        ip.confirm(turn, tuple.remote.addr, tuple.local.addr);
    }
}

void Core::Parts::on_udp(const Turn& turn, ip::PacketIn& packet) {
    const bool has_header = ip::make_contiguous(*packet.frame, wire::UdpView::header_length);
    const auto view = has_header
                          ? wire::UdpView::parse_front(packet.frame->front(), packet.frame->size())
                          : fail(Error::truncated);
    if (!view) {
        drop_packet(turn, packet, Reason::bad_header);
        return;
    }
    udp::Datagram datagram;
    datagram.tuple = {{packet.destination, view->destination()}, {packet.source, view->source()}};
    datagram.offset = wire::UdpView::header_length;
    datagram.length = view->length() - datagram.offset;
    datagram.arrival = arrival_of(turn, packet);
    packet.frame->keep_front(view->length());  // UDP-004
    // Only IPv4 lets a sender leave the checksum out (UDP-002).
    const bool is_sound = view->has_checksum()
                              ? is_intact(packet)
                              : packet.source.is_v4() && packet.frame->marked_bad == 0;
    if (!is_sound) {
        turn.emit(event::DatagramMoved{datagram.tuple, packet.frame->id, event::Step::dropped,
                                       datagram.length, Reason::bad_checksum});
        return;
    }
    datagram.frame = std::move(packet.frame);
    if (udp.on_datagram(turn, datagram, packet.to_many) != udp::Engine::Verdict::no_socket) return;
    packet.frame = std::move(datagram.frame);
    if (packet.source.is_v4()) {
        ip.send_error(turn, packet, static_cast<std::uint8_t>(Icmpv4Type::destination_unreachable),
                      static_cast<std::uint8_t>(UnreachableCode::port));
    } else {
        ip.send_error(turn, packet,
                      static_cast<std::uint8_t>(wire::Icmpv6Type::destination_unreachable),
                      static_cast<std::uint8_t>(wire::Unreachable6Code::port));
    }
}

void Core::Parts::on_error(const Turn& turn, const ip::ErrorIn& error) {
    const auto kind = icmp_kind(error);
    if (!kind) return;
    const FourTuple tuple = quoted_tuple(error.source, error.destination, error.transport);
    if (error.protocol == tcp_number) {
        const Seq seq{load_be<std::uint32_t>(error.transport, 4)};
        const auto mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(error.mtu, 65535));
        const auto belief = tcp.on_icmp(turn, tuple, seq, *kind, mtu);
        if (belief == tcp::Engine::Belief::ended) keep_refusal(tuple, notice_of(error, tuple));
        if (belief != tcp::Engine::Belief::no) return;
        turn.emit(event::IcmpMoved{error.from, error.source, 0, event::Step::dropped, error.type,
                                   error.code, tuple, Reason::icmp_not_believed});
    } else {
        on_datagram_error(turn, error);
    }
}

/// Until the socket whose connection it was has come for it; a stack has few at a time.
void Core::Parts::keep_refusal(const FourTuple& tuple, const udp::Notice& notice) {
    if (refusals.size() == refusals_max) refusals.erase(refusals.begin());
    refusals.push_back({tuple, notice});
}

/// To the datagram socket that sent what is quoted, or the one whose echo it was (ICMP4-014).
void Core::Parts::on_datagram_error(const Turn& turn, const ip::ErrorIn& error) {
    const auto hardness = datagram_error(error).hardness;
    FourTuple tuple = quoted_tuple(error.source, error.destination, error.transport);
    udp::Notice notice = notice_of(error, tuple);
    if (error.protocol == udp_number) {
        const bool is_too_large = hardness == udp::Hardness::of_size;
        if (is_too_large && udp.serves(tuple)) {
            tcp.learn_path_mtu(turn, tuple.remote.addr, error.mtu);
        }
        udp.on_error(tuple, notice, hardness);
    } else if (is_icmp(error.protocol)) {
        const Port identifier{load_be<std::uint16_t>(error.transport, identifier_at)};
        notice.to.port = tuple.remote.port = Port::any();
        tuple.local.port = Port::any();
        icmp.on_error(tuple, notice, hardness);
        tuple.local.port = identifier;
        // Of our answers no program knows (Linux ping_err()).
        const auto echo = tuple.local.addr.is_v4()
                              ? static_cast<std::byte>(Icmpv4Type::echo_request)
                              : static_cast<std::byte>(wire::Icmpv6Type::echo_request);
        const bool is_asked = error.transport[0] == echo && !identifier.is_any();
        if (is_asked) icmp.on_error(tuple, notice, hardness);
    }
}

/// The next hop never answered: for a datagram that is an error of ours, which UDP does not learn
/// without IP_RECVERR (ARP-009).
void Core::Parts::on_unreachable(const Turn& turn, const ip::Engine::Unreachable& gone) {
    if (gone.protocol != tcp_number) {
        const bool is_v4 = gone.source.is_v4();
        const auto type =
            is_v4 ? static_cast<std::uint8_t>(Icmpv4Type::destination_unreachable)
                  : static_cast<std::uint8_t>(wire::Icmpv6Type::destination_unreachable);
        const auto code = is_v4 ? static_cast<std::uint8_t>(UnreachableCode::host)
                                : static_cast<std::uint8_t>(wire::Unreachable6Code::address);
        on_datagram_error(turn, {.from = gone.source,
                                 .type = type,
                                 .code = code,
                                 .mtu = 0,
                                 .source = gone.source,
                                 .destination = gone.destination,
                                 .protocol = gone.protocol,
                                 .transport = gone.transport});
        return;
    }
    tcp.on_neighbour_failed(turn, gone.next_hop,
                            quoted_tuple(gone.source, gone.destination, gone.transport));
}

}  // namespace dt::core
