// Addresses that are leased: what the messages of a DHCP client are on the wire (RFC 2131 §4.1),
// and what a lease is to the host.
#include <algorithm>
#include <concepts>
#include <span>

#include "base/assert.hpp"
#include "ip/drop.hpp"
#include "ip/parts.hpp"
#include "wire/udp.hpp"

namespace dt::ip {

using event::LeaseChange;
using event::Reason;

namespace {

constexpr auto udp_number = static_cast<std::uint8_t>(wire::IpProtocol::udp);
constexpr std::uint8_t address_bits = 32;

/// The routes of a lease, best first: to its network, and by its routers to everything else. A
/// router that is outside of the network is on the link all the same.
std::vector<Route> routes_of(InterfaceIndex interface, const Lease& lease) {
    std::vector<Route> routes;
    const auto add = [&](const wire::Prefix& to, std::optional<IpAddr> gateway) {
        Route& route = routes.emplace_back();
        route.destination = to;
        route.gateway = gateway;
        route.interface = interface;
        route.mtu = lease.mtu;
        return &route;
    };
    const auto network = wire::Prefix::of(lease.address.network, lease.address.length);
    add(network, std::nullopt);
    for (std::size_t i = 0; i < lease.router_count; ++i) {
        const IpAddr router = lease.routers[i];
        if (!network.contains(router)) add({router, address_bits}, std::nullopt);
        add({IpAddr::any_v4(), 0}, router)->metric = static_cast<std::uint32_t>(i);
    }
    return routes;
}

event::DatagramMoved told(const PacketIn& packet, const wire::UdpView& view, event::Step step,
                          Reason reason) {
    return {.tuple = {{packet.destination, view.destination()}, {packet.source, view.source()}},
            .frame = packet.frame->id,
            .step = step,
            .length = static_cast<std::uint32_t>(view.payload().size()),
            .reason = reason};
}

bool is_sound(const PacketIn& packet, const wire::UdpView& view) {
    if (packet.frame->marked_bad != 0) return false;
    if (packet.checksum_trusted || !view.has_checksum()) return true;
    return view.is_checksum_correct(wire::pseudo_header(packet.source, packet.destination,
                                                        wire::IpProtocol::udp, view.length()));
}

/// A route to a router of another link would go by the wrong one.
void leave_out_routers(wire::DhcpReply& said, std::predicate<const Ipv4&> auto is_elsewhere) {
    const auto named = std::span(said.routers).first(said.router_count);
    const auto gone = std::ranges::remove_if(named, is_elsewhere);
    said.router_count = static_cast<std::uint8_t>(named.size() - gone.size());
}

}  // namespace

/// A link that was given no address, while addresses are leased.
void Engine::Parts::begin_dhcp(InterfaceIndex interface) {
    const Interface& link = interfaces.at(interface);
    const auto is_v4 = [](const wire::Prefix& own) { return own.network.is_v4(); };
    const bool is_wanted = leases == event::Switch::on && !link.mac.is_zero() &&
                           std::ranges::none_of(link.addresses, is_v4);
    if (!is_wanted) return;
    dhcp.emplace_back(interface, link.mac, link.mtu, lease_numbers.derive(interface));
}

void Engine::Parts::advance_dhcp(const Turn& turn) {
    for (DhcpClient& client : dhcp) {
        client.advance(turn.now());
        do_deeds(turn, client);
    }
}

void Engine::Parts::do_deeds(const Turn& turn, DhcpClient& client) {
    while (const auto deed = client.next_deed()) do_deed(turn, client, *deed);
}

void Engine::Parts::do_deed(const Turn& turn, const DhcpClient& client,
                            const DhcpClient::Deed& deed) {
    using What = DhcpClient::Deed::What;
    const InterfaceIndex link = client.interface();
    const Ipv4 address = deed.lease.address.network.v4();
    switch (deed.what) {
        case What::send: return send_dhcp(turn, link, deed);
        case What::probe: return put_arp_probe(link, Ipv4::any(), address);
        case What::take:
            take_lease(link, deed.lease);
            return tell_lease(turn, client, deed.lease, LeaseChange::Step::taken);
        case What::announce: return put_arp_probe(link, address, address);
        case What::extend: return tell_lease(turn, client, deed.lease, LeaseChange::Step::extended);
        case What::drop:
            drop_lease(link, deed.lease);
            return tell_lease(turn, client, deed.lease, LeaseChange::Step::over);
        case What::give_back:
            drop_lease(link, deed.lease);
            return tell_lease(turn, client, deed.lease, LeaseChange::Step::given_back);
    }
}

void Engine::Parts::tell_lease(const Turn& turn, const DhcpClient& client, const Lease& lease,
                               LeaseChange::Step step) {
    const bool is_held = step == LeaseChange::Step::taken || step == LeaseChange::Step::extended;
    const Duration left =
        client.ends_at() == never ? Duration::max() : client.ends_at() - turn.now();
    turn.emit(LeaseChange{.address = lease.address.network,
                          .length = lease.address.length,
                          .step = step,
                          .server = client.server(),
                          .left = is_held ? left : Duration::zero()});
}

void Engine::Parts::give_back_leases(const Turn& turn) {
    for (DhcpClient& client : dhcp) {
        client.give_back(turn.now());
        do_deeds(turn, client);
    }
}

void Engine::Parts::take_lease(InterfaceIndex interface, const Lease& lease) {
    interfaces.add_address(interface, lease.address);
    for (const Route& route : routes_of(interface, lease)) routes.add(route);
}

void Engine::Parts::drop_lease(InterfaceIndex interface, const Lease& lease) {
    interfaces.remove_address(interface, lease.address.network);
    for (const Route& route : routes_of(interface, lease)) routes.remove(route);
}

/// RFC 5227 §1.1, §2.3: a question for `target`, which all of the link hear; from 0.0.0.0 it
/// teaches them nothing.
void Engine::Parts::put_arp_probe(InterfaceIndex out, const Ipv4& sender, const Ipv4& target) {
    const wire::ArpRepr message{wire::ArpOperation::request, interfaces.at(out).mac, sender, Mac{},
                                target};
    ready.push({out, make_arp(message, out, Mac::broadcast())});
}

/// To all of the link there is no route yet, and 0.0.0.0 is the source of nothing else (IP4-009).
void Engine::Parts::send_dhcp(const Turn& turn, InterfaceIndex out, const DhcpClient::Deed& deed) {
    const auto text = deed.message.message();
    const wire::UdpRepr header{wire::dhcp_client_port, wire::dhcp_server_port,
                               static_cast<std::uint16_t>(text.size())};
    PacketOut packet;
    packet.source = deed.source;
    packet.destination = deed.destination;
    packet.frame = pool.frame();
    packet.protocol = udp_number;
    packet.dont_fragment = false;
    const bool is_added = packet.frame->add(pool.copy(text));
    DT_ASSERT(is_added);  // the first slice of a frame
    header.emit(packet.frame->prepend(wire::UdpRepr::size()));
    packet.frame->id = new_number();
    const event::DatagramMoved sent{
        .tuple = {{deed.source, header.source}, {deed.destination, header.destination}},
        .frame = packet.frame->id,
        .step = event::Step::sent,
        .length = static_cast<std::uint32_t>(text.size()),
        .reason = Reason::none};
    if (turn.wants_segments()) turn.emit(sent);
    if (!deed.destination.is_broadcast()) {
        // send() tells what becomes of it; the client asks again.
        [[maybe_unused]] const Status queued = send(turn, std::move(packet));
        return;
    }
    finish_transport(packet, ChecksumBy::us);
    put_header(packet, ids.next(packet.source, packet.destination, packet.protocol));
    put_link_header(out, std::move(packet.frame), Mac::broadcast(), wire::EtherType::ipv4);
}

DhcpClient* Engine::Parts::client_of(PacketIn& packet) {
    if (dhcp.empty() || packet.protocol != udp_number) return nullptr;
    const auto client = std::ranges::find(dhcp, packet.interface, &DhcpClient::interface);
    if (client == dhcp.end()) return nullptr;
    // Only what is the client's own is gathered: to programs a datagram goes in pieces.
    constexpr std::size_t port_at = 2;
    if (!make_contiguous(*packet.frame, wire::UdpView::header_length)) return nullptr;
    const auto port = load_be<std::uint16_t>(packet.frame->front(), port_at);
    if (port != wire::dhcp_client_port.value()) return nullptr;
    return make_contiguous(*packet.frame, packet.frame->size()) ? &*client : nullptr;
}

bool Engine::Parts::is_elsewhere(InterfaceIndex link, const IpAddr& address) const {
    if (interfaces.is_local(address)) return true;
    for (std::size_t i = 0; i < interfaces.size(); ++i) {
        const auto& own = interfaces.at(static_cast<InterfaceIndex>(i)).addresses;
        const auto holds = [&](const wire::Prefix& each) { return each.contains(address); };
        if (i != link && std::ranges::any_of(own, holds)) return true;
    }
    return false;
}

/// A longer prefix would take traffic from the link whose network it is (RFC 1812 §5.2.4.3).
bool Engine::Parts::is_given_wrongly(const DhcpClient& client, const wire::DhcpReply& said) const {
    const auto offered = client.lease_of(said);
    if (!offered) return false;  // the client says what is wrong
    const auto lease = client.lease();
    const IpAddr& address = offered->address.network;
    if (lease && lease->address.network == address) return false;  // it is extended
    return interfaces.is_broadcast(address) || is_elsewhere(client.interface(), address);
}

void Engine::Parts::on_dhcp(const Turn& turn, DhcpClient& client, const PacketIn& packet) {
    const auto view = wire::UdpView::parse(packet.frame->front());
    if (!view) {
        turn.emit(event::PacketDropped{packet.source, packet.destination, packet.frame->id,
                                       packet.protocol, Reason::bad_header});
        return;
    }
    const auto drop_for = [&](Reason reason) {
        turn.emit(told(packet, *view, event::Step::dropped, reason));
    };
    if (!is_sound(packet, *view)) return drop_for(Reason::bad_checksum);
    if (view->source() != wire::dhcp_server_port) return drop_for(Reason::dhcp_not_for_us);
    auto said = wire::DhcpReply::parse(view->payload());
    if (!said) return drop_for(Reason::dhcp_malformed);
    if (is_given_wrongly(client, *said)) return drop_for(Reason::dhcp_refused);
    leave_out_routers(*said,
                      [&](const Ipv4& router) { return is_elsewhere(client.interface(), router); });
    const auto heard = client.on_reply(turn.now(), *said);
    do_deeds(turn, client);
    switch (heard) {
        case DhcpClient::Heard::not_for_us: return drop_for(Reason::dhcp_not_for_us);
        case DhcpClient::Heard::refused: return drop_for(Reason::dhcp_refused);
        case DhcpClient::Heard::taken: break;
    }
    if (turn.wants_segments()) turn.emit(told(packet, *view, event::Step::received, Reason::none));
}

/// RFC 5227 §2.1.1: whoever speaks with that address has it; whoever proves it too is about to.
bool Engine::Parts::is_claim(const Turn& turn, InterfaceIndex in, const wire::ArpRepr& message) {
    const auto client = std::ranges::find(dhcp, in, &DhcpClient::interface);
    if (client == dhcp.end() || message.sender_mac == interfaces.at(in).mac) return false;
    const bool is_probe =
        message.operation == wire::ArpOperation::request && message.sender_ip.is_any();
    const Ipv4 claimed = is_probe ? message.target_ip : message.sender_ip;
    if (client->on_claim(turn.now(), claimed) == DhcpClient::Conflict::none) return false;
    do_deeds(turn, *client);
    return true;
}

}  // namespace dt::ip
