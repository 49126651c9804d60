// Fuzzer of the parsers: whatever is parsed can be emitted, and then parses to the same values.
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.hpp"
#include "wire/arp.hpp"
#include "wire/dhcp.hpp"
#include "wire/dns.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv4.hpp"
#include "wire/icmpv6.hpp"
#include "wire/igmp.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/nd.hpp"
#include "wire/offload.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace {

using dt::Octets;
using dt::wire::ArpRepr;
using dt::wire::ArpView;
using dt::wire::DhcpReply;
using dt::wire::DnsQuestion;
using dt::wire::DnsRcode;
using dt::wire::DnsRepr;
using dt::wire::DnsView;
using dt::wire::EthernetView;
using dt::wire::EtherType;
using dt::wire::GroupQuery;
using dt::wire::Icmpv4View;
using dt::wire::Icmpv6View;
using dt::wire::IpProtocol;
using dt::wire::Ipv4Repr;
using dt::wire::Ipv4View;
using dt::wire::Ipv6Fragment;
using dt::wire::Ipv6Repr;
using dt::wire::Ipv6View;
using dt::wire::NdOptions;
using dt::wire::NextHeader;
using dt::wire::TcpRepr;
using dt::wire::TcpView;
using dt::wire::UdpRepr;
using dt::wire::UdpView;

template <class Repr>
std::vector<std::byte> emitted(const Repr& repr) {
    std::vector<std::byte> octets(repr.size());
    (void)repr.emit(octets);
    return octets;
}

void check_tcp(Octets segment) {
    const auto view = TcpView::parse(segment);
    if (!view) return;
    TcpRepr repr = TcpRepr::from(*view);
    repr.options.was_cut_short = false;
    repr.options.was_window_scale_cut = false;
    // The first emission may leave out SACK blocks that do not fit beside the other options.
    const auto first = emitted(repr);
    const TcpRepr again = TcpRepr::from(*TcpView::parse(first));
    DT_ASSERT(again.options.sack.size() <= repr.options.sack.size());
    repr.options.sack = again.options.sack;
    DT_ASSERT(again == repr);
    DT_ASSERT(emitted(again) == first);
}

void check_dns(Octets message) {
    const auto view = DnsView::parse(message);
    if (!view) return;
    std::array<dt::IpAddr, DnsRepr::answers_max> addresses;
    const auto count = view->addresses(addresses);
    const auto question = view->question();
    if (!question) return;
    DnsRepr repr = DnsRepr::answer_to(view->id(), *question, DnsRcode::no_error);
    for (std::size_t i = 0; count && i < *count; ++i) repr.add(addresses[i]);
    const auto octets = emitted(repr);
    DT_ASSERT(*DnsView::parse(octets)->question() == *question);
}

void check_dhcp(Octets message) {
    const auto reply = DhcpReply::parse(message);
    if (!reply) return;
    DT_ASSERT(reply->prefix_length.value_or(0) <= dt::Ipv4::size * 8);
    DT_ASSERT(reply->router_count <= DhcpReply::routers_max);
}

void check_udp(Octets datagram) {
    const auto view = UdpView::parse(datagram);
    if (!view) return;
    auto octets = emitted(UdpRepr::from(*view));
    octets.resize(view->length());
    DT_ASSERT(UdpRepr::from(*UdpView::parse(octets)) == UdpRepr::from(*view));
    check_dns(view->payload());
    check_dhcp(view->payload());
}

void check_icmp(Octets message) {
    const auto view = Icmpv4View::parse(message);
    if (!view) return;
    const auto quoted = view->quoted();
    if (quoted && quoted->seq) DT_ASSERT(quoted->source_port && quoted->destination_port);
}

void check_ipv4(Octets datagram) {
    const auto view = Ipv4View::parse(datagram);
    if (!view) return;
    DT_ASSERT(view->datagram().size() == view->total_length());
    static_cast<void>(view->options_kind());
    const Ipv4Repr repr = Ipv4Repr::from(*view);
    if (repr.payload_length <= Ipv4Repr::payload_max) {
        auto octets = emitted(repr);
        const auto again = Ipv4View::parse_front(octets, octets.size() + repr.payload_length);
        DT_ASSERT(again && again->is_checksum_correct());
        octets.resize(octets.size() + repr.payload_length);
        DT_ASSERT(Ipv4Repr::from(*Ipv4View::parse(octets)) == repr);
    }
    if (view->protocol() == IpProtocol::tcp) check_tcp(view->payload());
    if (view->protocol() == IpProtocol::udp) check_udp(view->payload());
    if (view->protocol() == IpProtocol::icmp) check_icmp(view->payload());
}

void check_options(const NdOptions& options) {
    DT_ASSERT(options.prefix_count <= NdOptions::prefixes_max);
}

/// Neighbour discovery and groups; what we send of it parses to what it was made from.
void check_icmpv6(Octets message) {
    const auto view = Icmpv6View::parse(message);
    if (!view) return;
    if (const auto asked = dt::wire::NeighborSolicitation::parse(message)) {
        check_options(asked->options);
        const dt::Mac own = asked->options.source_link.value_or(dt::Mac{});
        const auto octets = dt::wire::make_solicitation(asked->target, own);
        const auto again = dt::wire::NeighborSolicitation::parse(octets);
        DT_ASSERT(again && again->target == asked->target && again->options.source_link == own);
    }
    if (const auto told = dt::wire::NeighborAdvertisement::parse(message)) {
        check_options(told->options);
        const dt::Mac own = told->options.target_link.value_or(dt::Mac{});
        const auto again = dt::wire::NeighborAdvertisement::parse(make_advertisement(*told, own));
        DT_ASSERT(again && again->target == told->target && again->options.target_link == own);
        DT_ASSERT(again->is_router == told->is_router && again->solicited == told->solicited);
        DT_ASSERT(again->overrides == told->overrides);
    }
    if (const auto router = dt::wire::RouterAdvertisement::parse(message)) {
        check_options(router->options);
        DT_ASSERT(router->preference >= -1 && router->preference <= 1);
    }
    if (const auto redirect = dt::wire::RedirectMessage::parse(message))
        check_options(redirect->options);
    if (const auto query = GroupQuery::parse_mld(message)) DT_ASSERT(!query->group.is_v4());
}

void check_igmp(Octets message) {
    const auto query = GroupQuery::parse_igmp(message);
    if (query) DT_ASSERT(query->group.is_v4() && query->max_response >= dt::Duration{});
}

void check_fragment(Octets header) {
    const auto fragment = Ipv6Fragment::parse(header);
    if (fragment) DT_ASSERT(*Ipv6Fragment::parse(emitted(*fragment)) == *fragment);
}

void check_ipv6(Octets packet) {
    if (const auto quoted = Ipv6View::parse_quoted(packet))
        DT_ASSERT(quoted->payload().size() <= packet.size());
    const auto view = Ipv6View::parse(packet);
    if (!view) return;
    const Ipv6Repr repr = Ipv6Repr::from(*view);
    auto octets = emitted(repr);
    octets.resize(octets.size() + view->payload().size());
    DT_ASSERT(Ipv6Repr::from(*Ipv6View::parse(octets)) == repr);
    if (view->next_header() == NextHeader::fragment) check_fragment(view->payload());
    const auto place = dt::wire::find_transport(packet);
    if (!place) return;
    DT_ASSERT(place->offset <= packet.size());
    const Octets transport = packet.subspan(place->offset);
    if (place->protocol == NextHeader::tcp) check_tcp(transport);
    if (place->protocol == NextHeader::udp) check_udp(transport);
    if (place->protocol == NextHeader::icmpv6) check_icmpv6(transport);
}

void check_arp(Octets packet) {
    const auto view = ArpView::parse(packet);
    if (!view) return;
    const auto repr = ArpRepr::from(*view);
    if (repr) DT_ASSERT(ArpRepr::from(*ArpView::parse(emitted(*repr))) == repr);
}

void check_frame(Octets frame) {
    const auto view = EthernetView::parse(frame);
    if (!view) return;
    if (view->type() == EtherType::ipv4) check_ipv4(view->payload());
    if (view->type() == EtherType::ipv6) check_ipv6(view->payload());
    if (view->type() == EtherType::arp) check_arp(view->payload());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    // Exactly as long as the input, on the heap: reading one octet too far is an error of ASan.
    std::vector<std::byte> octets(size);
    for (std::size_t i = 0; i < size; ++i) octets[i] = static_cast<std::byte>(data[i]);
    check_frame(octets);
    check_tcp(octets);
    check_dns(octets);
    check_dhcp(octets);
    check_ipv6(octets);
    check_icmpv6(octets);
    check_igmp(octets);
    check_fragment(octets);
    if (const auto offload = dt::wire::parse_vnet_header(octets, size)) {
        DT_ASSERT(offload->is_sane(size));
    }
    return 0;
}
