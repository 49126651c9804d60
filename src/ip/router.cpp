// Routers heard and addresses of our own making: what the packets are (RFC 4861 §6, §8, RFC 4862).
#include <algorithm>
#include <cstring>
#include <iterator>

#include "ip/drop.hpp"
#include "ip/parts.hpp"

namespace dt::ip {

using event::Reason;

namespace {

constexpr std::size_t redirects_max = 64;
constexpr std::uint8_t host_bits_v4 = 32;  // a redirect is about one destination alone
constexpr std::uint8_t host_bits_v6 = 128;

bool is_v6(const wire::Prefix& own) { return !own.network.is_v4(); }

event::IcmpMoved told_sent(const IpAddr& source, const IpAddr& destination, Octets message) {
    return {.source = source,
            .destination = destination,
            .frame = 0,
            .step = event::Step::sent,
            .type = std::to_integer<std::uint8_t>(message[0]),
            .code = 0,
            .quoted = {},
            .reason = Reason::none};
}

}  // namespace

/// Where addresses are proved, those of IPv6 are not the interface's yet.
std::vector<wire::Prefix> Engine::Parts::take_unproved(Interface& interface) const {
    std::vector<wire::Prefix> unproved;
    const bool has_link = !interface.mac.is_zero() && interfaces.carries_v6(interface);
    if (!is_autoconf_on || !has_link) return unproved;
    std::ranges::copy_if(interface.addresses, std::back_inserter(unproved), is_v6);
    std::erase_if(interface.addresses, is_v6);
    return unproved;
}

void Engine::Parts::begin_autoconf(InterfaceIndex interface,
                                   const std::vector<wire::Prefix>& unproved) {
    const Interface& link = interfaces.at(interface);
    const bool is_proved = !is_autoconf_on || link.mac.is_zero() || !interfaces.carries_v6(link);
    if (!is_proved) autoconf.add_link(interface, link.mac, link.mtu, unproved);
}

void Engine::Parts::advance_autoconf(const Turn& turn) {
    if (!is_autoconf_on) return;
    autoconf.advance(turn.now());
    while (const auto deed = autoconf.next_deed()) do_deed(turn, *deed);
}

void Engine::Parts::do_deed(const Turn& turn, const Autoconf::Deed& deed) {
    using What = Autoconf::Deed::What;
    const IpAddr address = deed.address.network;
    switch (deed.what) {
        case What::hear: {
            const IpAddr group{wire::solicited_node(address.v6())};
            static_cast<void>(groups.join(turn.now(), deed.interface, group));
            return;
        }
        case What::probe:
            send_message_v6(turn, deed.interface, Ipv6{}, wire::solicited_node(address.v6()),
                            wire::make_probe(address.v6(), deed.nonce));
            return;
        case What::take:
            interfaces.add_address(deed.interface, deed.address);
            // Routers heed no report from :: (RFC 3590 §4), and all so far came from there.
            if (address.is_link_local()) groups.tell_again(turn.now(), deed.interface);
            return;
        case What::deprecate: interfaces.set_deprecated(address, event::Switch::on); return;
        case What::prefer: interfaces.set_deprecated(address, event::Switch::off); return;
        case What::drop:
            interfaces.remove_address(deed.interface, address);
            groups.leave(turn.now(), deed.interface, IpAddr{wire::solicited_node(address.v6())});
            return;
        case What::solicit_routers: {
            const auto source = interfaces.link_local(deed.interface);
            if (!source) return;
            send_message_v6(turn, deed.interface, source->v6(), wire::all_routers(),
                            wire::make_router_solicitation(interfaces.at(deed.interface).mac));
            return;
        }
        case What::add_route: routes.add(deed.route); return;
        case What::remove_route:
            routes.remove(deed.route);
            if (deed.route.gateway) {
                forget_redirects(Gone::router, {deed.interface, *deed.route.gateway});
            }
            return;
        case What::learn_link:
            interfaces.learn(deed.interface, deed.facts.mtu, deed.facts.hop_limit);
            neighbors.set_times(deed.interface, deed.facts.reachable, deed.facts.retransmit);
            return;
    }
}

/// A message of neighbour discovery of our own, straight to the link: its source may be ::, which
/// no other packet has.
void Engine::Parts::send_message_v6(const Turn& turn, InterfaceIndex out, const Ipv6& source,
                                    const Ipv6& destination, Octets message) {
    PacketOut packet;
    packet.source = source;
    packet.destination = destination;
    packet.frame = pool.frame();
    packet.protocol = static_cast<std::uint8_t>(wire::IpProtocol::icmpv6);
    packet.ttl = wire::nd_hop_limit;
    std::memcpy(packet.frame->prepend(message.size()).data(), message.data(), message.size());
    event::IcmpMoved told = told_sent(source, destination, message);
    told.frame = packet.frame->id = new_number();
    finish_transport(packet, ChecksumBy::us);
    put_header_v6(packet, 0);
    put_link_header(out, std::move(packet.frame), wire::multicast_mac(destination),
                    wire::EtherType::ipv6);
    turn.emit(told);
}

/// RFC 4861 §6.1.2: only routers of the link itself, by their link-local addresses (ND-012).
void Engine::Parts::on_router_advertisement(const Turn& turn, const PacketIn& packet) {
    const auto drop_for = [&](Reason reason) {
        turn.emit(told_of(packet, event::Step::dropped, reason));
    };
    if (!is_autoconf_on || forwarding == Forwarding::on) return drop_for(Reason::not_offered);
    const auto said = wire::RouterAdvertisement::parse(packet.frame->front());
    if (!said) return drop_for(Reason::nd_malformed);
    if (!packet.source.is_link_local()) return drop_for(Reason::router_refused);
    const auto heard = autoconf.on_router(turn.now(), packet.interface, packet.source.v6(), *said);
    while (const auto deed = autoconf.next_deed()) do_deed(turn, *deed);
    if (heard == Autoconf::Heard::no_more_routers) return drop_for(Reason::router_refused);
    turn.emit(told_of(packet, event::Step::received, Reason::none));
    if (heard == Autoconf::Heard::not_all_prefixes) drop_for(Reason::prefix_refused);
    if (said->options.source_link) {
        static_cast<void>(neighbors.learn(turn, {packet.interface, packet.source},
                                          *said->options.source_link, Proof::unsolicited,
                                          Admit::unknown_too));
    }
}

/// RFC 4861 §8.1, §8.3: the destination's present first hop names a better one (ND-020, ND-028).
void Engine::Parts::on_redirect(const Turn& turn, const PacketIn& packet) {
    const auto drop_for = [&](Reason reason) {
        turn.emit(told_of(packet, event::Step::dropped, reason));
    };
    if (!is_autoconf_on || forwarding == Forwarding::on) return drop_for(Reason::not_offered);
    const auto said = wire::RedirectMessage::parse(packet.frame->front());
    if (!said || said->destination.is_multicast() || said->destination.is_v4_mapped() ||
        said->target.is_v4_mapped()) {
        return drop_for(Reason::nd_malformed);
    }
    const IpAddr destination{said->destination};
    const bool is_on_link = said->target == said->destination;
    const auto hop = hop_to(destination, IpAddr::any_v6());
    const bool is_first_hop = hop && packet.source.is_link_local() &&
                              hop->interface == packet.interface && hop->address == packet.source;
    if (!is_first_hop || !(is_on_link || said->target.is_link_local())) {
        return drop_for(Reason::redirect_refused);
    }
    Route better;
    better.destination = {destination, host_bits_v6};
    if (!is_on_link) better.gateway = IpAddr(said->target);
    better.interface = packet.interface;
    keep_redirect({better, packet.source});
    turn.emit(told_of(packet, event::Step::received, Reason::none));
    if (said->options.target_link) {
        static_cast<void>(neighbors.learn(turn, {packet.interface, IpAddr(said->target)},
                                          *said->options.target_link, Proof::unsolicited,
                                          Admit::unknown_too));
    }
}

/// RFC 1122 §3.2.2.2, where the host is told to heed them: the destination's present first hop
/// names another router of its link. That of a network is taken for the destination alone (Linux).
Arrival Engine::Parts::on_redirect_v4(const Turn& turn, const PacketIn& packet) {
    const auto drop_for = [&](Reason reason) {
        turn.emit(told_of(packet, event::Step::dropped, reason));
        return Arrival{};
    };
    const bool is_heeded = turn.config().accept_redirects == event::Switch::on;
    if (!is_heeded || forwarding == Forwarding::on) return drop_for(Reason::not_offered);
    static_cast<void>(make_contiguous(*packet.frame, packet.frame->size()));
    const auto message = wire::Icmpv4View::parse(packet.frame->front());
    const auto quoted = message->quoted();
    constexpr std::uint8_t code_max = 3;  // of hosts and networks, with a type of service or not
    if (!quoted || message->code() > code_max) return drop_for(Reason::bad_header);
    const IpAddr destination = quoted->header.destination();
    const IpAddr router = message->gateway();
    const auto hop = hop_to(destination, quoted->header.source());
    const bool is_first_hop = hop && hop->interface == packet.interface &&
                              hop->address == packet.source &&
                              packet.source != destination;  // who is next door is no gateway
    const auto& links = interfaces.at(packet.interface).addresses;
    const bool is_neighbour =
        router.is_unicast() && !interfaces.is_local(router) && !interfaces.is_broadcast(router) &&
        std::ranges::any_of(links, [&](const auto& own) { return own.contains(router); });
    const bool is_ours = interfaces.is_local(quoted->header.source());
    if (!is_ours || !is_first_hop || !is_neighbour || router == packet.source) {
        return drop_for(Reason::redirect_refused);
    }
    Route better;
    better.destination = {destination, host_bits_v4};
    if (router != destination) better.gateway = router;
    better.interface = packet.interface;
    keep_redirect({better, packet.source});
    turn.emit(told_of(packet, event::Step::received, Reason::none));
    return {};
}

void Engine::Parts::keep_redirect(const Redirect& said) {
    forget_redirect(said.route.destination.network);
    if (redirects.size() == redirects_max) {  // the oldest makes room (ND-022)
        routes.remove(redirects.front().route);
        redirects.erase(redirects.begin());
    }
    redirects.push_back(said);
    routes.add(said.route);
}

void Engine::Parts::forget_redirect(const IpAddr& destination) {
    std::erase_if(redirects, [&](const Redirect& old) {
        if (old.route.destination.network != destination) return false;
        routes.remove(old.route);
        return true;
    });
}

void Engine::Parts::forget_redirects(Gone what, const NeighborKey& gone) {
    std::erase_if(redirects, [&](const Redirect& each) {
        const Route& route = each.route;
        const IpAddr next_hop = route.gateway.value_or(route.destination.network);
        const bool is_said_by_it = what == Gone::router && each.router == gone.address;
        const bool ends =
            route.interface == gone.interface && (next_hop == gone.address || is_said_by_it);
        if (ends) routes.remove(route);
        return ends;
    });
}

bool Engine::Parts::on_claim(const Turn& turn, const PacketIn& packet, const Ipv6& target,
                             const std::optional<Autoconf::Nonce>& nonce) {
    const auto conflict = autoconf.on_claim(turn.now(), packet.interface, target, nonce);
    if (conflict == Autoconf::Conflict::none) return false;
    while (const auto deed = autoconf.next_deed()) do_deed(turn, *deed);
    turn.emit(told_of(packet, event::Step::dropped, Reason::address_duplicate));
    return true;
}

}  // namespace dt::ip
