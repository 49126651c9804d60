// From an IP packet to the transport it is for: headers parsed once, checksums verified once
// (RFC 9293 §3.1 MUST-3, RFC 768), ICMP errors to the socket they are about (RFC 1122 §3.2.2).
#include <algorithm>

#include "core/parts.hpp"
#include "ip/output.hpp"
#include "wire/icmpv4.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::core {

using event::Reason;
using tcp::IcmpError;
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

std::optional<IcmpError> unreachable_kind(UnreachableCode code) {
    switch (code) {
        case UnreachableCode::network:
        case UnreachableCode::network_unknown:
        case UnreachableCode::network_prohibited:
        case UnreachableCode::network_for_tos: return IcmpError::network_unreachable;
        case UnreachableCode::host:
        case UnreachableCode::source_route_failed:
        case UnreachableCode::host_unknown:
        case UnreachableCode::source_host_isolated:
        case UnreachableCode::host_prohibited:
        case UnreachableCode::host_for_tos: return IcmpError::host_unreachable;
        case UnreachableCode::protocol: return IcmpError::protocol_unreachable;
        case UnreachableCode::port: return IcmpError::port_unreachable;
        case UnreachableCode::fragmentation_needed: return IcmpError::fragmentation_needed;
        case UnreachableCode::prohibited:
        case UnreachableCode::precedence_violation:
        case UnreachableCode::precedence_cutoff: return IcmpError::admin_prohibited;
    }
    return std::nullopt;
}

/// RFC 4443 §3.1; codes it does not name count as a fault of the protocol (ICMP6-012, Linux).
IcmpError unreachable_kind_v6(wire::Unreachable6Code code) {
    switch (code) {
        case wire::Unreachable6Code::no_route: return IcmpError::network_unreachable;
        case wire::Unreachable6Code::prohibited:
        case wire::Unreachable6Code::source_policy:
        case wire::Unreachable6Code::reject_route: return IcmpError::policy_denied;
        case wire::Unreachable6Code::beyond_scope:
        case wire::Unreachable6Code::address: return IcmpError::host_unreachable;
        case wire::Unreachable6Code::port: return IcmpError::port_unreachable;
    }
    return IcmpError::parameter_problem;
}

/// TCP-ICMP-014, ICMP6-012.
IcmpError icmp_kind_v6(const ip::ErrorIn& error) {
    switch (static_cast<wire::Icmpv6Type>(error.type)) {
        case wire::Icmpv6Type::destination_unreachable:
            return unreachable_kind_v6(static_cast<wire::Unreachable6Code>(error.code));
        case wire::Icmpv6Type::packet_too_big: return IcmpError::fragmentation_needed;
        case wire::Icmpv6Type::time_exceeded: return IcmpError::time_exceeded;
        case wire::Icmpv6Type::parameter_problem:
        case wire::Icmpv6Type::echo_request:
        case wire::Icmpv6Type::echo_reply:
        case wire::Icmpv6Type::group_query:
        case wire::Icmpv6Type::router_solicitation:
        case wire::Icmpv6Type::router_advertisement:
        case wire::Icmpv6Type::neighbor_solicitation:
        case wire::Icmpv6Type::neighbor_advertisement:
        case wire::Icmpv6Type::redirect: break;
    }
    return IcmpError::parameter_problem;
}

/// What an error means to TCP; nothing for those it does not heed (TCP-ICMP-008, 010).
std::optional<IcmpError> icmp_kind(const ip::ErrorIn& error) {
    if (!error.source.is_v4()) return icmp_kind_v6(error);
    switch (static_cast<Icmpv4Type>(error.type)) {
        case Icmpv4Type::destination_unreachable:
            return unreachable_kind(static_cast<UnreachableCode>(error.code));
        case Icmpv4Type::time_exceeded:
            if (static_cast<wire::TimeExceededCode>(error.code) != wire::TimeExceededCode::ttl) {
                return std::nullopt;
            }
            return IcmpError::time_exceeded;
        case Icmpv4Type::parameter_problem: return IcmpError::parameter_problem;
        case Icmpv4Type::echo_reply:
        case Icmpv4Type::source_quench:
        case Icmpv4Type::redirect:
        case Icmpv4Type::echo_request:
        case Icmpv4Type::timestamp_request:
        case Icmpv4Type::timestamp_reply: return std::nullopt;
    }
    return std::nullopt;
}

/// What an error means to a datagram socket (ip(7), Linux).
Error error_of(IcmpError kind) {
    switch (kind) {
        case IcmpError::port_unreachable: return Error::connection_refused;
        case IcmpError::protocol_unreachable: return Error::no_such_option;
        case IcmpError::admin_prohibited: return Error::host_unreachable;
        case IcmpError::policy_denied: return Error::access_denied;
        case IcmpError::parameter_problem: return Error::protocol_error;
        case IcmpError::network_unreachable: return Error::network_unreachable;
        case IcmpError::host_unreachable:
        case IcmpError::time_exceeded: return Error::host_unreachable;
        case IcmpError::fragmentation_needed: return Error::message_too_long;
    }
    return Error::protocol_error;
}

/// Only a hard one is told without IP_RECVERR (UDP-011 to UDP-013).
udp::Hardness hardness_of(IcmpError kind) {
    switch (kind) {
        case IcmpError::port_unreachable:
        case IcmpError::protocol_unreachable:
        case IcmpError::parameter_problem: return udp::Hardness::hard;
        case IcmpError::admin_prohibited:
        case IcmpError::policy_denied:
        case IcmpError::network_unreachable:
        case IcmpError::host_unreachable:
        case IcmpError::time_exceeded:
        case IcmpError::fragmentation_needed: break;
    }
    return udp::Hardness::soft;
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

FourTuple quoted_tuple(const IpAddr& source, const IpAddr& destination, Octets transport) {
    return {{source, Port{load_be<std::uint16_t>(transport, 0)}},
            {destination, Port{load_be<std::uint16_t>(transport, 2)}}};
}

}  // namespace

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

/// An ICMP message: to all raw sockets that want it, an echo reply to whoever asked (ICMP4-013).
void Core::Parts::on_message(const Turn& turn, ip::PacketIn& packet) {
    const Octets message = packet.frame->front();  // IP has proved its header
    const auto type = std::to_integer<std::uint8_t>(message[0]);
    udp::Datagram datagram;
    datagram.tuple = {{packet.destination, Port{load_be<std::uint16_t>(message, identifier_at)}},
                      {packet.source, Port::any()}};
    datagram.length = static_cast<std::uint32_t>(packet.frame->size());
    datagram.arrival = {packet.tos, packet.ttl, static_cast<std::uint8_t>(packet.interface),
                        turn.now()};
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
    if (segment.header.flags.syn()) {  // others belong to a connection that knows its path
        if (const auto back = path_to(packet.source, packet.destination)) segment.path = *back;
    }
    tcp.on_segment(turn, std::move(segment));
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
    datagram.arrival = {packet.tos, packet.ttl, static_cast<std::uint8_t>(packet.interface),
                        turn.now()};
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
        if (tcp.on_icmp(turn, tuple, seq, *kind, mtu) == tcp::Engine::Belief::yes) return;
        turn.emit(event::IcmpMoved{error.from, error.source, 0, event::Step::dropped, error.type,
                                   error.code, tuple, Reason::icmp_not_believed});
    } else {
        on_datagram_error(turn, error, *kind);
    }
}

/// To the datagram socket that sent what is quoted, or the one whose echo it was (ICMP4-014).
void Core::Parts::on_datagram_error(const Turn& turn, const ip::ErrorIn& error, IcmpError kind) {
    FourTuple tuple = quoted_tuple(error.source, error.destination, error.transport);
    udp::Notice notice{.to = tuple.remote,
                       .from = error.from,
                       .error = error_of(kind),
                       .type = error.type,
                       .code = error.code,
                       .mtu = error.mtu,
                       .quoted = error.transport};
    if (error.protocol == udp_number) {
        const bool is_too_large = kind == IcmpError::fragmentation_needed;
        if (is_too_large && udp.serves(tuple)) {
            tcp.learn_path_mtu(turn, tuple.remote.addr, error.mtu);
        }
        udp.on_error(tuple, notice, hardness_of(kind));
    } else if (is_icmp(error.protocol)) {
        const Port identifier{load_be<std::uint16_t>(error.transport, identifier_at)};
        notice.to.port = tuple.remote.port = Port::any();
        tuple.local.port = Port::any();
        icmp.on_error(tuple, notice, hardness_of(kind));
        tuple.local.port = identifier;
        if (!identifier.is_any()) icmp.on_error(tuple, notice, hardness_of(kind));
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
        on_datagram_error(turn,
                          {.from = gone.source,
                           .type = type,
                           .code = code,
                           .mtu = 0,
                           .source = gone.source,
                           .destination = gone.destination,
                           .protocol = gone.protocol,
                           .transport = gone.transport},
                          IcmpError::host_unreachable);
        return;
    }
    tcp.on_neighbour_failed(turn, gone.next_hop,
                            quoted_tuple(gone.source, gone.destination, gone.transport));
}

}  // namespace dt::core
