// The face of IP: what other layers call, and what is asked of it.
#include "ip/engine.hpp"

#include <algorithm>

#include "ip/drop.hpp"
#include "ip/parts.hpp"

namespace dt::ip {

namespace {

// Each purpose has its own numbers: one that takes more does not shift the others.
constexpr std::uint64_t neighbor_purpose = 1;
constexpr std::uint64_t id_purpose = 2;
constexpr std::uint64_t icmp_purpose = 3;
constexpr std::uint64_t icmp_v6_purpose = 4;
constexpr std::uint64_t autoconf_purpose = 5;
constexpr std::uint64_t groups_purpose = 6;
constexpr std::uint64_t dhcp_purpose = 7;

}  // namespace

Engine::Parts::Parts(const Config& config, std::uint64_t seed, event::HostIndex own_host,
                     buf::Pool& own_pool)
    : reply_ring(config.reply_ring),
      batches(config.batches),
      leases(config.dhcp),
      lease_numbers(Rng(seed).derive(dhcp_purpose)),
      host(own_host),
      pool(own_pool),
      interfaces(config.ipv6, config.autoconf),
      neighbors(Rng(seed).derive(neighbor_purpose)),
      reassembler(own_pool),
      ids(Rng(seed).derive(id_purpose)),
      limiter(Rng(seed).derive(icmp_purpose), IcmpLimiter::interval_v4),
      limiter_v6(Rng(seed).derive(icmp_v6_purpose), IcmpLimiter::interval_v6),
      groups(Rng(seed).derive(groups_purpose)),
      autoconf(Rng(seed).derive(autoconf_purpose)),
      is_autoconf_on(config.autoconf == event::Switch::on && config.ipv6 == event::Switch::on) {}

Engine::Engine(const Config& config, std::uint64_t seed, event::HostIndex host, buf::Pool& pool)
    : parts_(std::make_unique<Parts>(config, seed, host, pool)) {}
Engine::~Engine() = default;

InterfaceIndex Engine::add_interface(Interface interface) {
    interface.batches = parts_->batches == event::Switch::on;
    const std::vector<wire::Prefix> unproved = parts_->take_unproved(interface);
    const InterfaceIndex index = parts_->interfaces.add(std::move(interface));
    parts_->begin_autoconf(index, unproved);
    parts_->begin_dhcp(index);
    const auto add_on_link = [&](const wire::Prefix& own) {
        Route on_link;
        on_link.destination = wire::Prefix::of(own.network, own.length);
        on_link.interface = index;
        add_route(on_link);
    };
    std::ranges::for_each(parts_->interfaces.at(index).addresses, add_on_link);
    std::ranges::for_each(unproved, add_on_link);
    return index;
}

void Engine::add_route(const Route& route) { parts_->routes.add(route); }

void Engine::add_neighbor(const Turn& turn, const NeighborKey& key, Mac mac) {
    parts_->neighbors.add_permanent(turn, key, mac);
}

void Engine::set_forwarding(bool on) { parts_->forwarding = on ? Forwarding::on : Forwarding::off; }

Status Engine::join(const Turn& turn, InterfaceIndex interface, const IpAddr& group) {
    return parts_->groups.join(turn.now(), interface, group);
}

void Engine::leave(const Turn& turn, InterfaceIndex interface, const IpAddr& group) {
    parts_->groups.leave(turn.now(), interface, group);
}

void Engine::hear_messages(event::Switch hears) { parts_->hears_messages = hears; }

const std::vector<Interface>& Engine::interfaces() const { return parts_->interfaces.all(); }
const std::vector<Route>& Engine::routes() const { return parts_->routes.all(); }
const NeighborTable& Engine::neighbors() const { return parts_->neighbors; }

bool Engine::is_leasing() const {
    return std::ranges::any_of(parts_->dhcp, [](const DhcpClient& each) { return !each.lease(); });
}

void Engine::give_back_leases(const Turn& turn) { parts_->give_back_leases(turn); }

Arrival Engine::receive(const Turn& turn, InterfaceIndex in, FramePtr frame) {
    return parts_->receive(turn, in, std::move(frame));
}

Status Engine::send(const Turn& turn, PacketOut&& packet) {
    return parts_->send(turn, std::move(packet));
}

void Engine::send_error(const Turn& turn, const PacketIn& packet, std::uint8_t type,
                        std::uint8_t code) {
    Octets headers = Octets{packet.header}.first(packet.header_length);
    std::vector<std::byte> with_extensions;
    if (!packet.extensions.empty()) {
        with_extensions.assign(headers.begin(), headers.end());
        with_extensions.insert(with_extensions.end(), packet.extensions.begin(),
                               packet.extensions.end());
        headers = with_extensions;
    }
    const Culprit culprit{headers, *packet.frame, packet.interface, packet.to_many};
    if (packet.source.is_v4()) {
        const wire::Icmpv4Repr error{static_cast<wire::Icmpv4Type>(type), code, 0};
        parts_->send_error(turn, culprit, error, packet.destination);
    } else {
        const wire::Icmpv6Repr error{static_cast<wire::Icmpv6Type>(type), code, 0};
        parts_->send_error_v6(turn, culprit, error, packet.destination);
    }
}

bool Engine::seeks_proof() const { return parts_->neighbors.seeks_proof(); }

void Engine::confirm(const Turn& turn, const IpAddr& peer, const IpAddr& source) {
    const auto hop = parts_->hop_to(peer, source);
    if (hop) parts_->neighbors.confirm(turn, {hop->interface, hop->address});
}

void Engine::doubt(const Turn& turn, const IpAddr& peer, const IpAddr& source) {
    parts_->forget_redirect(peer);
    const auto hop = parts_->hop_to(peer, source);
    if (hop) parts_->neighbors.doubt(turn, {hop->interface, hop->address});
}

void Engine::advance(const Turn& turn) {
    parts_->neighbors.advance(turn);
    while (const auto silent = parts_->neighbors.next_failed()) {
        parts_->forget_redirects(Parts::Gone::neighbour, *silent);
        if (!silent->address.is_v4()) {
            parts_->autoconf.on_silent(silent->interface, silent->address.v6());
        }
    }
    while (auto gone = parts_->neighbors.next_given_up()) {
        parts_->give_up(turn, std::move(*gone));
    }
    parts_->expire_fragments(turn);
    parts_->advance_autoconf(turn);
    parts_->advance_dhcp(turn);
    parts_->groups.advance(turn.now());
}

std::optional<Engine::Outgoing> Engine::next_frame(const Turn& turn) {
    if (parts_->ready.empty()) parts_->fill_ready(turn);
    if (parts_->ready.empty()) return std::nullopt;
    return parts_->ready.pop();
}

Instant Engine::deadline() const {
    Instant due = std::min({parts_->neighbors.deadline(), parts_->reassembler.deadline(),
                            parts_->autoconf.deadline(), parts_->groups.deadline()});
    for (const DhcpClient& client : parts_->dhcp) due = std::min(due, client.deadline());
    return due;
}

bool Engine::may_receive() const {
    return parts_->replies.size() + parts_->ready.size() < parts_->reply_ring;
}

event::FrameId Engine::next_frame_id() { return parts_->new_number(); }

std::optional<Engine::Unreachable> Engine::next_unreachable() {
    if (parts_->unreachables.empty()) return std::nullopt;
    return parts_->unreachables.pop();
}

Result<Engine::Path> Engine::path(IpAddr destination, std::optional<IpAddr> bound,
                                  std::optional<InterfaceIndex> by) const {
    const bool is_bound = bound && !bound->is_any();
    const auto hop = parts_->hop_to(destination, is_bound ? *bound : IpAddr{}, by);
    if (!hop) return fail(Error::network_unreachable);
    if (is_bound && !is_local(*bound)) return fail(Error::address_not_available);
    const auto source = is_bound ? bound : parts_->source_for(*hop, destination);
    if (!source) return fail(Error::network_unreachable);
    if (source->is_loopback() && hop->interface != loopback_interface) {
        return fail(Error::invalid_argument);
    }
    const Interface& interface = parts_->interfaces.at(hop->interface);
    return Path{*source, hop->interface, hop->mtu != 0 ? hop->mtu : interface.mtu,
                interface.text_max()};
}

std::uint32_t Engine::super_segment_max(InterfaceIndex interface) const {
    return parts_->interfaces.at(interface).text_max();
}

bool Engine::joins_segments(InterfaceIndex interface) const {
    return parts_->interfaces.at(interface).batches;
}

bool Engine::is_local(IpAddr address) const { return parts_->interfaces.is_local(address); }
std::optional<InterfaceIndex> Engine::owner(const IpAddr& address) const {
    return parts_->interfaces.owner(address);
}
bool Engine::is_broadcast(IpAddr address) const { return parts_->interfaces.is_broadcast(address); }

}  // namespace dt::ip
