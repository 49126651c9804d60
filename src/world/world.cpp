// The world: every stack gets a turn in host order, until nothing is due at this instant.
#include "world/world.hpp"

#include <algorithm>
#include <deque>
#include <iterator>
#include <set>
#include <utility>

#include "base/assert.hpp"
#include "stack/turn.hpp"
#include "world/numbering.hpp"
#include "world/topology.hpp"

namespace dt::world {

namespace {

/// Octets of text in a super-segment: what one IPv4 packet holds beside its headers.
constexpr std::uint32_t super_segment_max = 65'535 - 20 - 60;

/// Edges kept for who asks for them, before repeated ones are forgotten.
constexpr std::size_t edges_max = 65'536;

/// Of the stack that a host has since its n-th restart; 0: from the beginning.
std::uint64_t seed_of(std::uint64_t seed, std::size_t host, std::uint64_t restarts) {
    Rng rng = Rng(seed).derive(0x686f7374 + host);
    for (std::uint64_t i = 0; i < restarts; ++i) rng = rng.derive(i);
    return rng.next();
}

/// Frames that have arrived for one host and wait for its next turn.
class Inbox final : public stack::FrameSource {
  public:
    [[nodiscard]] stack::Arriving* front() override {
        return head_ < frames_.size() ? &frames_[head_] : nullptr;
    }
    void pop() override {
        ++head_;
        if (head_ < frames_.size()) return;
        frames_.clear();
        head_ = 0;
    }
    void push(stack::InterfaceIndex in, FramePtr frame) {
        frames_.push_back({in, std::move(frame)});
    }
    [[nodiscard]] std::size_t size() const { return frames_.size() - head_; }

  private:
    std::vector<stack::Arriving> frames_;
    std::size_t head_ = 0;
};

}  // namespace

struct World::Parts {
    /// Where the frames of one host go.
    class Exit final : public stack::FrameSink {
      public:
        Exit(Parts& parts, HostIndex host, Instant now) : parts_(parts), host_(host), now_(now) {}
        void take(stack::InterfaceIndex out, FramePtr frame) override {
            DT_ASSERT(out >= 1);
            const auto& at = parts_.topology.attachments(host_)[out - 1U];
            parts_.links[at.link].send(now_, at.port, std::move(frame));
        }

      private:
        Parts& parts_;
        HostIndex host_;
        Instant now_;
    };

    Parts(Spec given, event::Sink& sink)
        : spec(std::move(given)),
          topology(spec),
          numbering(sink),
          rules(spec.seed, spec.links, spec.faults),
          surroundings{rules, pool, numbering, nullptr} {
        if (spec.outside) border.emplace(spec.outside->host);
    }

    void make_links();
    void make_stacks();
    [[nodiscard]] std::unique_ptr<stack::Stack> make_stack(HostIndex host);
    void attach(HostIndex host, stack::Stack& stack) const;
    void introduce_neighbours(HostIndex host, const Topology::Attachment& at, stack::Stack& stack,
                              stack::InterfaceIndex interface) const;
    void deliver(Instant at);
    [[nodiscard]] link::Link* next_link(Instant at);
    [[nodiscard]] bool has_v6(HostIndex host) const {
        return spec.hosts[host].config.ipv6 == event::Switch::on;
    }
    [[nodiscard]] stack::InterfaceIndex interface_at(HostIndex host, LinkIndex link) const;
    /// Whether the real network lends a host its address on a link (Config::dhcp).
    [[nodiscard]] bool leases(HostIndex host, LinkIndex link) const;
    [[nodiscard]] std::optional<IpAddr> address_at(HostIndex host,
                                                   const Topology::Attachment& at) const;
    [[nodiscard]] bool round(Instant at);
    [[nodiscard]] bool collect_edges(Instant at);
    void forget_repeated_edges();

    Spec spec;
    Topology topology;
    Numbering numbering;
    link::Rules rules;
    buf::Pool pool;  // outlives links and stacks
    link::Surroundings surroundings;
    std::vector<link::Link> links;
    std::vector<std::unique_ptr<stack::Stack>> stacks;
    std::vector<std::uint64_t> restarts;  // of each host
    std::vector<Inbox> inboxes;
    std::vector<bool> owes_turn;  // a call was made, or the last turn left work
    std::deque<std::pair<HostIndex, sock::SocketId>> edges;
    std::optional<Border> border;
    FrameExit* real_network = nullptr;
    Recorder* recorder = nullptr;
    Instant now = Instant::min();
};

void World::Parts::make_links() {
    links.reserve(spec.links.size());
    for (std::size_t i = 0; i < spec.links.size(); ++i)
        links.emplace_back(static_cast<LinkIndex>(i), spec.links[i], surroundings);
}

std::unique_ptr<stack::Stack> World::Parts::make_stack(HostIndex host) {
    const std::uint64_t seed = seed_of(spec.seed, host, restarts[host]);
    auto stack =
        std::make_unique<stack::Stack>(spec.hosts[host].config, host, seed, pool, numbering);
    const bool is_outside = spec.outside && spec.outside->host == host;
    if (!is_outside) attach(host, *stack);
    return stack;
}

void World::Parts::make_stacks() {
    restarts.resize(spec.hosts.size());
    for (std::size_t i = 0; i < spec.hosts.size(); ++i) {
        const auto host = static_cast<HostIndex>(i);
        stacks.push_back(make_stack(host));
    }
    inboxes.resize(stacks.size());
    owes_turn.resize(stacks.size());
}

void World::Parts::attach(HostIndex host, stack::Stack& stack) const {
    // A frame that is forwarded leaves by a link with other abilities than the one it came by, so
    // in a world with forwarding no frame needs any.
    const bool are_clean =
        std::ranges::all_of(links, [](const auto& link) { return link.is_clean(); });
    const bool forwarding = topology.has_forwarding();
    for (const Topology::Attachment& at : topology.attachments(host)) {
        const link::Link& link = links[at.link];
        const bool is_able = forwarding ? are_clean : link.is_clean();
        stack::InterfaceConfig config;
        config.name = "eth" + std::to_string(&at - topology.attachments(host).data());
        config.mac = at.mac;
        config.mtu = static_cast<std::uint16_t>(std::min<std::uint32_t>(link.mtu(), 65535));
        if (!leases(host, at.link)) config.address = at.address;
        config.prefix_length = topology.subnet(at.link).length;
        if (has_v6(host)) {
            config.address_v6 = Prefix{at.address_v6, prefix_length_v6};
        }
        using Vouches = stack::InterfaceConfig::Vouches;
        config.checksums = is_able ? Vouches::yes : Vouches::no;
        config.super_segment_max = is_able && !forwarding ? super_segment_max : 0;
        introduce_neighbours(host, at, stack, stack.add_interface(config));
    }
    std::vector<Topology::Route> routes = topology.routes(host);
    if (has_v6(host))
        std::ranges::copy(topology.routes(host, Family::v6), std::back_inserter(routes));
    for (const Topology::Route& route : routes) {
        // Who is behind such a link is told with the lease.
        const bool is_leased = route.destination.network.is_v4() &&
                               leases(host, topology.attachments(host)[route.interface].link);
        if (is_leased) continue;
        stack.add_route({.destination = route.destination,
                         .gateway = route.gateway,
                         .interface = static_cast<stack::InterfaceIndex>(route.interface + 1)});
    }
    stack.set_forwarding(topology.forwards(host));
}

/// Only addresses that nobody has are asked for by ARP then.
void World::Parts::introduce_neighbours(HostIndex host, const Topology::Attachment& at,
                                        stack::Stack& stack,
                                        stack::InterfaceIndex interface) const {
    if (spec.neighbours == Neighbours::asked) return;
    for (std::size_t port = 0; port < spec.links[at.link].hosts.size(); ++port) {
        const HostIndex other = topology.host_at(at.link, static_cast<std::uint16_t>(port));
        if (other == host || (spec.outside && spec.outside->host == other)) continue;
        for (const Topology::Attachment& theirs : topology.attachments(other)) {
            if (theirs.link != at.link) continue;
            if (!leases(other, at.link)) {
                stack.add_neighbour(Instant{}, interface, theirs.address, theirs.mac);
            }
            if (!has_v6(host)) continue;
            stack.add_neighbour(Instant{}, interface, theirs.address_v6, theirs.mac);
        }
    }
}

stack::InterfaceIndex World::Parts::interface_at(HostIndex host, LinkIndex link) const {
    const auto& list = topology.attachments(host);
    const auto found = std::ranges::find(list, link, &Topology::Attachment::link);
    return static_cast<stack::InterfaceIndex>(found - list.begin() + 1);
}

bool World::Parts::leases(HostIndex host, LinkIndex link) const {
    const bool is_outside = spec.outside && spec.outside->host == host;
    return spec.hosts[host].config.dhcp == event::Switch::on && !is_outside &&
           reaches_outside(spec, link);
}

std::optional<IpAddr> World::Parts::address_at(HostIndex host,
                                               const Topology::Attachment& at) const {
    if (!leases(host, at.link)) return at.address;
    const auto& own = stacks[host]->interfaces()[interface_at(host, at.link)].addresses;
    const auto is_v4 = [](const Prefix& each) { return each.network.is_v4(); };
    const auto leased = std::ranges::find_if(own, is_v4);
    return leased == own.end() ? std::nullopt : std::optional(leased->network);
}

link::Link* World::Parts::next_link(Instant at) {
    link::Link* next = nullptr;
    for (link::Link& link : links) {
        if (link.deadline() > at) continue;
        if (next == nullptr || link.deadline() < next->deadline()) next = &link;
    }
    return next;
}

void World::Parts::deliver(Instant at) {
    while (link::Link* const link = next_link(at)) {
        link::InFlight& flight = *link->arrived(at);
        const auto index = static_cast<LinkIndex>(link - links.data());
        const HostIndex host = topology.host_at(index, flight.port);
        if (spec.outside && host == spec.outside->host) {
            border->on_leaving(at, *flight.frame, numbering);
            if (real_network != nullptr) real_network->leave(at, *flight.frame);
        } else {
            inboxes[host].push(interface_at(host, index), std::move(flight.frame));
        }
        link->pop();
    }
}

bool World::Parts::round(Instant at) {
    deliver(at);
    bool is_left = false;
    for (std::size_t i = 0; i < stacks.size(); ++i) {
        stack::Stack& stack = *stacks[i];
        if (!owes_turn[i] && inboxes[i].size() == 0 && stack.deadline() > at) continue;
        Exit exit(*this, static_cast<HostIndex>(i), at);
        owes_turn[i] = stack::turn(stack, at, inboxes[i], exit) == stack::Left::work;
        is_left = is_left || owes_turn[i] || stack.deadline() <= at;
    }
    return is_left || next_link(at) != nullptr;
}

/// Readiness settles what ended, so it belongs to the turn: a replay must do it at the same place.
/// True if there was any.
bool World::Parts::collect_edges(Instant at) {
    const std::size_t before = edges.size();
    for (std::size_t i = 0; i < stacks.size(); ++i) {
        while (const auto edge = stacks[i]->next_readiness(at))
            edges.emplace_back(static_cast<HostIndex>(i), edge->socket);
    }
    const bool any = edges.size() > before;
    if (edges.size() > edges_max) forget_repeated_edges();
    return any;
}

/// Keeps the first of each socket: nobody asks for the edges, or not often.
void World::Parts::forget_repeated_edges() {
    std::set<std::pair<HostIndex, std::uint64_t>> seen;
    std::erase_if(edges, [&](const auto& edge) {
        return !seen.emplace(edge.first, edge.second.handle.word()).second;
    });
}

World::World(const Spec& spec, event::Sink& sink) : parts_(std::make_unique<Parts>(spec, sink)) {
    DT_ASSERT(!problem(spec));
    parts_->make_links();
    parts_->make_stacks();
}
World::~World() = default;

std::optional<HostIndex> World::host(std::string_view name) const {
    return parts_->topology.host(name);
}

const Spec& World::spec() const { return parts_->spec; }

std::optional<IpAddr> World::resolve(HostIndex asker, std::string_view target) const {
    const auto found = host(target);
    if (!found) return std::nullopt;
    const auto nearest = parts_->topology.nearest_address(asker, *found);
    for (const Topology::Attachment& at : parts_->topology.attachments(*found)) {
        if (nearest == at.address) return parts_->address_at(*found, at);
    }
    return std::nullopt;
}

std::vector<IpAddr> World::addresses(HostIndex host) const {
    std::vector<IpAddr> list;
    for (const Topology::Attachment& at : parts_->topology.attachments(host)) {
        if (const auto address = parts_->address_at(host, at)) list.push_back(*address);
    }
    return list;
}

bool World::is_leasing(HostIndex host) const { return parts_->stacks[host]->is_leasing(); }

std::optional<IpAddr> World::resolve_v6(HostIndex asker, std::string_view target) const {
    const auto found = host(target);
    if (!found || !parts_->has_v6(asker) || !parts_->has_v6(*found)) return std::nullopt;
    return parts_->topology.nearest_address(asker, *found, Family::v6);
}

std::vector<IpAddr> World::addresses_v6(HostIndex host) const {
    std::vector<IpAddr> list;
    if (!parts_->has_v6(host)) return list;
    for (const Topology::Attachment& at : parts_->topology.attachments(host))
        list.push_back(at.address_v6);
    return list;
}

const std::vector<ip::Interface>& World::interfaces(HostIndex host) const {
    return parts_->stacks[host]->interfaces();
}

std::optional<HostIndex> World::owner(const IpAddr& address) const {
    for (std::size_t i = 0; i < parts_->stacks.size(); ++i) {
        const auto host = static_cast<HostIndex>(i);
        const auto has = [&](const Topology::Attachment& at) {
            return parts_->address_at(host, at) == address || at.address_v6 == address;
        };
        if (std::ranges::any_of(parts_->topology.attachments(host), has)) return host;
    }
    return std::nullopt;
}

Calls World::calls(Instant now, HostIndex host, event::Caller caller) {
    DT_ASSERT(now >= parts_->now);
    parts_->now = now;
    parts_->rules.begin(now);
    parts_->owes_turn[host] = true;
    return {parts_->stacks[host]->calls(now, caller), parts_->recorder, now, host, caller};
}

void World::descriptor_given(Instant now, HostIndex host, event::SocketNumber socket,
                             event::Caller caller) {
    if (parts_->recorder != nullptr) parts_->recorder->descriptor(now, host, socket, caller);
    parts_->numbering.on_event(now, host, event::DescriptorGiven{socket, caller});
}

void World::leave(Instant now) {
    DT_ASSERT(now >= parts_->now);
    parts_->now = now;
    parts_->rules.begin(now);
    if (parts_->recorder != nullptr) parts_->recorder->leave(now);
    for (std::size_t i = 0; i < parts_->stacks.size(); ++i) {
        parts_->stacks[i]->give_back_leases(now);
        parts_->owes_turn[i] = true;
    }
}

void World::restart(Instant now, HostIndex host) {
    DT_ASSERT(now >= parts_->now);
    parts_->now = now;
    parts_->rules.begin(now);
    if (parts_->recorder != nullptr) parts_->recorder->restart(now, host);
    ++parts_->restarts[host];
    parts_->stacks[host].reset();
    parts_->stacks[host] = parts_->make_stack(host);
    parts_->inboxes[host] = Inbox();
    parts_->owes_turn[host] = true;
    std::erase_if(parts_->edges, [host](const auto& edge) { return edge.first == host; });
}

void World::turn(Instant now) {
    DT_ASSERT(now >= parts_->now);
    parts_->now = now;
    parts_->rules.begin(now);
    if (parts_->recorder != nullptr) parts_->recorder->turn(now);
    for (std::size_t i = 0; i < rounds_max; ++i) {
        const bool is_due = parts_->round(now);
        if (!is_due && !parts_->collect_edges(now)) return;
    }
}

Instant World::deadline() const {
    Instant next = never;
    for (const link::Link& link : parts_->links) next = std::min(next, link.deadline());
    for (std::size_t i = 0; i < parts_->stacks.size(); ++i) {
        if (parts_->owes_turn[i] || parts_->inboxes[i].size() > 0) return parts_->now;
        next = std::min(next, parts_->stacks[i]->deadline());
    }
    return next;
}

std::optional<World::Edge> World::next_readiness(Instant now) {
    if (parts_->edges.empty()) return std::nullopt;
    const auto [host, socket] = parts_->edges.front();
    parts_->edges.pop_front();
    return Edge{host, {socket, parts_->stacks[host]->calls(now, {}).poll(socket)}};
}

event::Snapshot World::snapshot(Instant now, HostIndex host) const {
    return parts_->stacks[host]->snapshot(now);
}

std::size_t World::in_flight(Instant now) const {
    std::size_t count = 0;
    for (const link::Link& link : parts_->links) count += link.in_flight();
    for (std::size_t i = 0; i < parts_->stacks.size(); ++i) {
        count += parts_->inboxes[i].size() + parts_->stacks[i]->frames_on_lo();
        for (const event::SocketView& socket : parts_->stacks[i]->snapshot(now).sockets) {
            const bool is_listener = socket.queues.has_value();
            if (socket.transport == event::Transport::tcp && !is_listener && socket.send_queue > 0)
                ++count;
        }
    }
    return count;
}

std::string_view World::rule_text(std::uint16_t rule) const { return parts_->rules.text(rule); }

std::uint64_t World::last_event() const { return parts_->numbering.last(); }

const buf::Pool& World::pool() const { return parts_->pool; }
buf::Pool& World::pool() { return parts_->pool; }

void World::connect_outside(FrameExit& exit) { parts_->real_network = &exit; }

bool World::offloads_outside() const {
    const auto out = parts_->topology.way_out();
    return out && parts_->links[*out].is_clean() && !parts_->topology.has_forwarding();
}

std::uint32_t World::mtu_outside() const {
    const auto out = parts_->topology.way_out();
    return out ? parts_->links[*out].mtu() : link::Impairment::mtu_default;
}

void World::from_outside(Instant now, FramePtr frame) {
    DT_ASSERT(parts_->border && now >= parts_->now);
    parts_->now = now;
    parts_->rules.begin(now);
    if (parts_->recorder != nullptr) parts_->recorder->frame(now, *frame);
    parts_->border->on_entering(now, *frame, parts_->numbering);
    const auto& at = parts_->topology.attachments(parts_->spec.outside->host).front();
    parts_->links[at.link].send(now, at.port, std::move(frame));
}

void World::record_to(Recorder& recorder) {
    recorder.begin(parts_->spec);
    parts_->recorder = &recorder;
    parts_->numbering.record_to(&recorder);
}

void World::capture_to(link::PcapngTap& tap) {
    for (std::size_t i = 0; i < parts_->links.size(); ++i) {
        const link::Link& link = parts_->links[i];
        const auto ports = static_cast<std::uint16_t>(link.ports());
        for (std::uint16_t port = 0; port < ports; ++port) {
            const HostIndex host = parts_->topology.host_at(static_cast<LinkIndex>(i), port);
            const auto eth = parts_->interface_at(host, static_cast<LinkIndex>(i)) - 1;
            tap.name_port(static_cast<std::uint16_t>(i), port,
                          link.host(port) + "/eth" + std::to_string(eth));
        }
    }
    tap.number_with(parts_->numbering);
    parts_->surroundings.tap = &tap;
}

}  // namespace dt::world
