// Frames of a scenario: IPv4 datagrams read apart and put together.
#include "scenario/frame.hpp"

#include <algorithm>

#include "scenario/option_text.hpp"

namespace dt::scenario {
namespace {

using base::Checksum;
using wire::IpProtocol;

std::vector<std::byte> copy(Octets octets) { return {octets.begin(), octets.end()}; }

Checksum pseudo(const wire::Ipv4View& ip) {
    return wire::pseudo_header(ip.source(), ip.destination(), ip.protocol(),
                               static_cast<std::uint32_t>(ip.payload().size()));
}

void read_tcp(const wire::Ipv4View& ip, Seen& seen) {
    const auto view = wire::TcpView::parse(ip.payload());
    if (!view) return;
    seen.tuple.local.port = view->source();
    seen.tuple.remote.port = view->destination();
    if (!view->is_checksum_correct(pseudo(ip))) seen.fault = "its TCP checksum is wrong";
    seen.body = SeenTcp{wire::TcpRepr::from(*view), copy(view->options()), copy(view->payload())};
}

void read_udp(const wire::Ipv4View& ip, Seen& seen) {
    const auto view = wire::UdpView::parse(ip.payload());
    if (!view) return;
    seen.tuple.local.port = view->source();
    seen.tuple.remote.port = view->destination();
    if (view->has_checksum() && !view->is_checksum_correct(pseudo(ip))) {
        seen.fault = "its UDP checksum is wrong";
    }
    seen.body = SeenUdp{wire::UdpRepr::from(*view), copy(view->payload())};
}

void read_icmp(const wire::Ipv4View& ip, Seen& seen) {
    const auto view = wire::Icmpv4View::parse(ip.payload());
    if (!view) return;
    if (!view->is_checksum_correct()) seen.fault = "its ICMP checksum is wrong";
    seen.body = SeenIcmp{wire::Icmpv4Repr::from(*view), view->payload().size()};
}

/// Octets of the pattern from a relative number on.
std::vector<std::byte> text_from(std::int64_t first, std::uint32_t length) {
    std::vector<std::byte> text(length);
    for (std::uint32_t i = 0; i < length; ++i) text[i] = pattern(first + i);
    return text;
}

void append(std::vector<std::byte>& to, Octets more) {
    to.insert(to.end(), more.begin(), more.end());
}

/// Puts the right checksum at `offset` of `message`, or one that differs in one bit.
void finish(std::vector<std::byte>& message, std::size_t offset, Checksum pseudo, bool right) {
    store_be<std::uint16_t>(message, offset, 0);
    std::uint16_t sum = pseudo.add(message).finish();
    if (!right) sum = static_cast<std::uint16_t>(sum ^ 1U);
    store_be<std::uint16_t>(message, offset, sum);
}

constexpr std::uint16_t default_window = 65535;

std::vector<std::byte> tcp_message(const TcpText& tcp, const Flow& flow, const wire::Ipv4Repr& ip) {
    std::vector<std::byte> options;
    if (tcp.options) options = encode(*tcp.options, {flow.ours({}), flow.last_ts});
    std::vector<std::byte> message(wire::TcpView::header_min);
    wire::TcpRepr header{.source = flow.tuple.remote.port,
                         .destination = flow.tuple.local.port,
                         .seq = flow.theirs(tcp.first),
                         .ack = tcp.ack ? flow.ours(*tcp.ack) : Seq{},
                         .flags = tcp.flags,
                         .window = tcp.window.value_or(default_window),
                         .urgent = tcp.urgent.value_or(0),
                         .options = {}};
    (void)header.emit(message);
    const auto words = (message.size() + options.size()) / 4;
    message[12] = static_cast<std::byte>(words << 4);
    append(message, options);
    append(message, text_from(tcp.first.value + (tcp.flags.syn() ? 1 : 0), tcp.length));
    finish(message, wire::TcpRepr::checksum_offset,
           wire::pseudo_header(ip.source, ip.destination, IpProtocol::tcp,
                               static_cast<std::uint32_t>(message.size())),
           tcp.checksum == TcpText::Sum::right);
    return message;
}

std::vector<std::byte> udp_message(const UdpText& udp, const Flow& flow, const wire::Ipv4Repr& ip) {
    std::vector<std::byte> message(wire::UdpView::header_length);
    const wire::UdpRepr header{flow.tuple.remote.port, flow.tuple.local.port,
                               static_cast<std::uint16_t>(udp.length)};
    header.emit(message);
    append(message, text_from(0, udp.length));
    if (udp.checksum == UdpText::Sum::none) return message;
    finish(message, wire::UdpRepr::checksum_offset,
           wire::pseudo_header(ip.source, ip.destination, IpProtocol::udp,
                               static_cast<std::uint32_t>(message.size())),
           udp.checksum == UdpText::Sum::right);
    return message;
}

/// The stack's last datagram of the flow, as a router quotes it.
std::vector<std::byte> quotation(const IcmpText& icmp, const Flow& flow) {
    std::vector<std::byte> quoted = copy(wire::quotable(flow.last_sent));
    constexpr std::size_t seq_at = wire::Ipv4View::header_min + 4;
    if (icmp.quoted_seq && quoted.size() >= seq_at + 4) {
        store_be<std::uint32_t>(quoted, seq_at, flow.ours(*icmp.quoted_seq).value());
    }
    if (icmp.quoted_octets) {
        quoted.resize(std::min(quoted.size(), wire::Ipv4View::header_min + *icmp.quoted_octets));
    }
    return quoted;
}

std::vector<std::byte> icmp_message(const IcmpText& icmp, const Flow& flow) {
    const bool is_echo = icmp.id.has_value() || icmp.sequence.has_value();
    const auto rest =
        is_echo ? static_cast<std::uint32_t>(icmp.id.value_or(0)) << 16 | icmp.sequence.value_or(0)
                : icmp.mtu.value_or(0);
    const auto behind = is_echo ? text_from(0, icmp.length.value_or(0)) : quotation(icmp, flow);
    std::vector<std::byte> message(wire::Icmpv4Repr::size());
    wire::Icmpv4Repr{static_cast<wire::Icmpv4Type>(icmp.type), icmp.code, rest}.emit(
        message, Checksum::of(behind));
    append(message, behind);
    return message;
}

IpProtocol protocol_of(const Packet& packet) {
    if (std::holds_alternative<TcpText>(packet.body)) return IpProtocol::tcp;
    return std::holds_alternative<UdpText>(packet.body) ? IpProtocol::udp : IpProtocol::icmp;
}

}  // namespace

Seen read_datagram(Octets datagram, Instant at) {
    Seen seen;
    seen.at = at;
    seen.body = SeenOther{std::to_string(datagram.size()) + " octets"};
    seen.datagram = copy(datagram);
    const auto ip = wire::Ipv4View::parse(datagram);
    if (!ip) return seen;
    seen.ip = wire::Ipv4Repr::from(*ip);
    seen.tuple = {{ip->source(), Port{}}, {ip->destination(), Port{}}};
    if (!ip->is_checksum_correct()) seen.fault = "its IP checksum is wrong";
    if (ip->is_fragment()) return seen;
    if (ip->protocol() == IpProtocol::tcp) read_tcp(*ip, seen);
    if (ip->protocol() == IpProtocol::udp) read_udp(*ip, seen);
    if (ip->protocol() == IpProtocol::icmp) read_icmp(*ip, seen);
    return seen;
}

std::vector<std::byte> write_datagram(const Packet& packet, const Flow& flow) {
    wire::Ipv4Repr ip{.source = flow.tuple.remote.addr.v4(),
                      .destination = flow.tuple.local.addr.v4(),
                      .protocol = protocol_of(packet),
                      .ttl = packet.ip.ttl.value_or(64),
                      .tos = packet.ip.tos.value_or(0),
                      .dont_fragment = packet.ip.dont_fragment.value_or(true)};
    std::vector<std::byte> message;
    if (const auto* tcp = std::get_if<TcpText>(&packet.body)) message = tcp_message(*tcp, flow, ip);
    if (const auto* udp = std::get_if<UdpText>(&packet.body)) message = udp_message(*udp, flow, ip);
    if (const auto* icmp = std::get_if<IcmpText>(&packet.body)) message = icmp_message(*icmp, flow);
    ip.payload_length = static_cast<std::uint32_t>(message.size());
    std::vector<std::byte> datagram(wire::Ipv4Repr::size());
    ip.emit(datagram);
    append(datagram, message);
    return datagram;
}

}  // namespace dt::scenario
