// Reading the headers of a frame that passes a link (RFC 894, RFC 791 §3.1, RFC 8200 §3, RFC 9293
// §3.1).
#include "link/sighting.hpp"

#include <algorithm>

#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"

namespace dt::link {

namespace {

/// Octets that hold all headers: 14 + 4 of Ethernet, 60 of IPv4 or 40 of IPv6 and some of extension
/// headers, 60 of TCP.
constexpr std::size_t headers_max = 256;

SegmentKind kind_of(wire::TcpFlags flags, std::uint32_t text_length) {
    if (flags.rst()) return SegmentKind::rst;
    if (flags.syn()) return flags.ack() ? SegmentKind::synack : SegmentKind::syn;
    if (flags.fin()) return SegmentKind::fin;
    return text_length > 0 ? SegmentKind::data : SegmentKind::ack;
}

void read_tcp(Sighting& sighting, Octets segment, std::size_t length) {
    const auto view = wire::TcpView::parse(segment);
    if (!view || view->header_length() > length) return;
    sighting.protocol = Sighting::Protocol::tcp;
    sighting.tuple.local.port = view->source();
    sighting.tuple.remote.port = view->destination();
    sighting.seq = view->seq();
    sighting.text_length = static_cast<std::uint32_t>(length - view->header_length());
    sighting.has_text = sighting.text_length > 0;
    sighting.has_fin = view->flags().fin();
    sighting.kind = kind_of(view->flags(), sighting.text_length);
}

void read_udp(Sighting& sighting, Octets datagram) {
    if (datagram.size() < 4) return;
    sighting.protocol = Sighting::Protocol::udp;
    sighting.tuple.local.port = Port{load_be<std::uint16_t>(datagram, 0)};
    sighting.tuple.remote.port = Port{load_be<std::uint16_t>(datagram, 2)};
}

/// `ip` may end before the datagram does: only the headers are at hand in one piece.
void read_ipv4(Sighting& sighting, Octets ip) {
    const auto view = wire::Ipv4View::parse_quoted(ip);
    if (!view) return;
    sighting.protocol = Sighting::Protocol::other_ip;
    sighting.tuple.local.addr = view->source();
    sighting.tuple.remote.addr = view->destination();
    if (view->fragment_offset() != 0) return;
    const std::size_t length = view->total_length() - view->header_length();
    if (view->protocol() == wire::IpProtocol::tcp) read_tcp(sighting, view->payload(), length);
    if (view->protocol() == wire::IpProtocol::udp) read_udp(sighting, view->payload());
}

/// As read_ipv4; what follows extension headers is found where these are at hand too.
void read_ipv6(Sighting& sighting, Octets ip) {
    sighting.protocol = Sighting::Protocol::other_ip;
    const auto view = wire::Ipv6View::parse_quoted(ip);
    if (!view) return;
    sighting.tuple.local.addr = view->source();
    sighting.tuple.remote.addr = view->destination();
    const auto place = wire::find_transport(ip);
    const std::size_t whole = wire::Ipv6View::header_length + view->payload_length();
    if (!place || place->offset > whole) return;
    const Octets transport = ip.subspan(place->offset);
    if (place->protocol == wire::NextHeader::tcp)
        read_tcp(sighting, transport, whole - place->offset);
    if (place->protocol == wire::NextHeader::udp) read_udp(sighting, transport);
}

}  // namespace

Sighting Sighting::of(const buf::Frame& frame) {
    Sighting sighting;
    const Octets front = frame.front();
    const auto view = wire::EthernetView::parse(front.first(std::min(front.size(), headers_max)));
    if (!view) return sighting;
    if (view->type() == wire::EtherType::ipv4) read_ipv4(sighting, view->payload());
    if (view->type() == wire::EtherType::ipv6) read_ipv6(sighting, view->payload());
    return sighting;
}

bool Sighting::is(SegmentKind asked) const {
    if (asked == SegmentKind::any) return protocol != Protocol::none;
    if (protocol != Protocol::tcp) return false;
    if (asked == SegmentKind::data) return has_text;
    if (asked == SegmentKind::fin) return has_fin;
    return kind == asked;
}

}  // namespace dt::link
