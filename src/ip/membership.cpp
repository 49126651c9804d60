// IGMP and MLD of a host: what routers ask, what they are told (RFC 3376, RFC 2236, RFC 3810).
#include <array>
#include <cstring>

#include "ip/drop.hpp"
#include "ip/parts.hpp"
#include "wire/igmp.hpp"

namespace dt::ip {

using event::Reason;
using wire::GroupQuery;
using wire::GroupRecord;

namespace {

constexpr std::uint8_t igmp_number = 2;
/// The Router Alert option: routers look at what is not for them (RFC 2113, RFC 2711).
constexpr std::array<std::byte, 4> router_alert_v4{std::byte{0x94}, std::byte{4}, std::byte{0},
                                                   std::byte{0}};
constexpr std::array<std::byte, 8> router_alert_v6{static_cast<std::byte>(wire::NextHeader::icmpv6),
                                                   std::byte{0},  // header, length
                                                   std::byte{5},
                                                   std::byte{2},
                                                   std::byte{0},
                                                   std::byte{0},  // Router Alert: MLD
                                                   std::byte{1},
                                                   std::byte{0}};  // PadN

}  // namespace

/// RFC 3376 §9.1: a query comes with TTL 1; one from elsewhere is nobody's of this link.
void Engine::Parts::on_igmp(const Turn& turn, const PacketIn& packet) {
    static_cast<void>(make_contiguous(*packet.frame, packet.frame->size()));
    const auto tell = [&](Reason reason) {
        turn.emit(event::PacketDropped{.source = packet.source,
                                       .destination = packet.destination,
                                       .frame = packet.frame->id,
                                       .protocol = packet.protocol,
                                       .reason = reason});
    };
    const Octets message = packet.frame->front();
    const bool is_intact = packet.frame->marked_bad == 0 && Checksum::of(message).is_correct();
    if (!is_intact) return tell(Reason::bad_checksum);
    const auto query = GroupQuery::parse_igmp(message);
    if (!query) return tell(Reason::not_offered);  // a report of another host, or a router's matter
    if (packet.ttl != 1) return tell(Reason::bad_header);
    groups.on_query(turn.now(), packet.interface, *query);
}

/// RFC 3810 §6.2: from a link-local address with hop limit 1.
void Engine::Parts::on_mld_query(const Turn& turn, const PacketIn& packet) {
    static_cast<void>(make_contiguous(*packet.frame, packet.frame->size()));
    const auto query = GroupQuery::parse_mld(packet.frame->front());
    const bool is_sound = query && packet.ttl == 1 && packet.source.is_link_local();
    turn.emit(told_of(packet, is_sound ? event::Step::received : event::Step::dropped,
                      is_sound ? Reason::none : Reason::nd_malformed));
    if (is_sound) groups.on_query(turn.now(), packet.interface, *query);
}

void Engine::Parts::put_report(const Turn& turn, const Groups::Report& report) {
    if (!report.group.is_v4()) {
        return put_mld(turn, report.interface,
                       wire::make_mld_report(report.record, report.group.v6()));
    }
    const Ipv4 group = report.group.v4();
    if (report.version == GroupQuery::Version::three) {
        return put_igmp(turn, report.interface, wire::igmp_routers(),
                        wire::make_igmp_report(report.record, group));
    }
    const bool leaves = report.record == GroupRecord::leaves;
    put_igmp(turn, report.interface, leaves ? wire::igmp_v2_routers() : group,
             wire::make_igmp_v2(report.record, group));
}

/// With the option, TTL 1 and the precedence of internetwork control (RFC 3376 §4).
void Engine::Parts::put_igmp(const Turn&, InterfaceIndex out, const Ipv4& destination,
                             Octets message) {
    const auto source = interfaces.source(out, IpAddr(destination));
    if (!source || !source->is_v4()) return;
    constexpr std::size_t plain = wire::Ipv4Repr::size();
    std::array<std::byte, plain + router_alert_v4.size()> header{};
    // NOLINTNEXTLINE(clang-analyzer-optin.core.EnumCastOutOfRange): an open set (wire/ipv4.hpp)
    constexpr auto protocol = static_cast<wire::IpProtocol>(igmp_number);
    const auto payload = static_cast<std::uint32_t>(router_alert_v4.size() + message.size());
    wire::Ipv4Repr{.source = source->v4(),
                   .destination = destination,
                   .protocol = protocol,
                   .ttl = 1,
                   .tos = 0xc0,
                   .id = 0,
                   .dont_fragment = true,
                   .more_fragments = false,
                   .fragment_offset = 0,
                   .payload_length = payload}
        .emit(header);
    std::ranges::copy(router_alert_v4, header.begin() + plain);
    header[0] = std::byte{0x46};  // six words of header
    store_be<std::uint16_t>(header, 10, 0);
    store_be(MutableOctets{header}, 10, Checksum::of(header).finish());
    FramePtr frame = pool.frame();
    std::memcpy(frame->prepend(message.size()).data(), message.data(), message.size());
    std::memcpy(frame->prepend(header.size()).data(), header.data(), header.size());
    frame->id = new_number();
    put_link_header(out, std::move(frame), wire::multicast_mac(IpAddr(destination)),
                    wire::EtherType::ipv4);
}

/// From the link-local address, or :: while there is none (RFC 3810 §5.2.13).
void Engine::Parts::put_mld(const Turn& turn, InterfaceIndex out, Octets message) {
    const auto source = interfaces.link_local(out);
    PacketOut packet;
    packet.source = source ? *source : IpAddr::any_v6();
    packet.destination = wire::mld_routers();
    packet.frame = pool.frame();
    packet.protocol = static_cast<std::uint8_t>(wire::IpProtocol::icmpv6);
    packet.ttl = 1;
    std::memcpy(packet.frame->prepend(message.size()).data(), message.data(), message.size());
    finish_transport(packet, ChecksumBy::us);
    std::memcpy(packet.frame->prepend(router_alert_v6.size()).data(), router_alert_v6.data(),
                router_alert_v6.size());
    packet.protocol = static_cast<std::uint8_t>(wire::NextHeader::hop_by_hop);
    put_header_v6(packet, 0);
    packet.frame->id = new_number();
    const event::IcmpMoved told{.source = packet.source,
                                .destination = packet.destination,
                                .frame = packet.frame->id,
                                .step = event::Step::sent,
                                .type = wire::mld_report_type,
                                .code = 0,
                                .quoted = {},
                                .reason = Reason::none};
    put_link_header(out, std::move(packet.frame), wire::multicast_mac(packet.destination),
                    wire::EtherType::ipv6);
    turn.emit(told);
}

}  // namespace dt::ip
