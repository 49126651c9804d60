// Addresses by host order, routes by breadth-first search.
#include "world/topology.hpp"

#include <algorithm>
#include <array>
#include <deque>

#include "base/assert.hpp"
#include "base/rng.hpp"

namespace dt::world {

namespace {

/// Locally administered (IEEE 802 §8.2): link and host in the last four octets.
Mac mac_of(LinkIndex link, HostIndex host) {
    return Mac({2, 0, static_cast<std::uint8_t>(link >> 8), static_cast<std::uint8_t>(link),
                static_cast<std::uint8_t>(host >> 8), static_cast<std::uint8_t>(host)});
}

/// fd00:10:0:N::H (RFC 4193 §3.1).
Ipv6 address_v6(LinkIndex link, std::uint16_t host) {
    std::array<std::uint8_t, Ipv6::size> octets{0xfd, 0x00, 0x00, 0x10};
    octets[6] = static_cast<std::uint8_t>(link >> 8);
    octets[7] = static_cast<std::uint8_t>(link);
    octets[14] = static_cast<std::uint8_t>(host >> 8);
    octets[15] = static_cast<std::uint8_t>(host);
    return Ipv6(octets);
}

/// On a real network others have chosen addresses likewise: the seed makes ours differ.
Mac mac_outside(std::uint64_t seed, HostIndex host) {
    std::uint64_t bits = Rng(seed).derive(0x6d61'6300'0000U + host).next();
    std::array<std::uint8_t, Mac::size> octets{2};
    for (std::size_t i = 1; i < octets.size(); ++i, bits >>= 8)
        octets[i] = static_cast<std::uint8_t>(bits);
    return Mac(octets);
}

/// Addresses for the hosts of a link, in their order: those given, and the first free ones.
class Addresses {
  public:
    Addresses(const Spec& spec, LinkIndex link) : subnet_(subnet_of_link(spec, link)) {
        for (const HostSpec& host : spec.hosts) {
            if (host.address && subnet_.contains(*host.address)) given_.push_back(*host.address);
        }
    }
    IpAddr next(const HostSpec& host) {
        if (host.address && subnet_.contains(*host.address)) return *host.address;
        IpAddr free;
        do {
            free = Ipv4{subnet_.network.v4().value() + ++last_};
        } while (std::ranges::find(given_, free) != given_.end());
        return free;
    }

  private:
    Prefix subnet_;
    std::vector<IpAddr> given_;
    std::uint32_t last_ = 0;
};

}  // namespace

Topology::Topology(const Spec& spec)
    : attachments_(spec.hosts.size()), hosts_of_(spec.links.size()), outside_(spec.outside) {
    for (const HostSpec& host : spec.hosts) names_.push_back(host.name);
    for (std::size_t l = 0; l < spec.links.size(); ++l) {
        const auto link = static_cast<LinkIndex>(l);
        const std::vector<std::string>& names = spec.links[l].hosts;
        const bool is_real = reaches_outside(spec, l);
        subnets_.push_back(subnet_of_link(spec, l));
        for (const std::string& name : names) hosts_of_[l].push_back(host(name).value_or(0));
        Addresses addresses(spec, link);
        std::uint16_t ordinal = 0;
        for (std::size_t h = 0; h < names_.size(); ++h) {
            const auto port = std::ranges::find(names, names_[h]);
            if (port == names.end()) continue;
            const auto index = static_cast<HostIndex>(h);
            attachments_[h].push_back(
                {.link = link,
                 .port = static_cast<std::uint16_t>(port - names.begin()),
                 .address = addresses.next(spec.hosts[h]),
                 .address_v6 = address_v6(link, ++ordinal),
                 .mac = is_real ? mac_outside(spec.seed, index) : mac_of(link, index)});
        }
    }
}

Prefix Topology::subnet(LinkIndex link) const { return subnets_[link]; }
Prefix Topology::subnet_v6(LinkIndex link) {
    return Prefix::of(address_v6(link, 0), prefix_length_v6);
}

std::optional<LinkIndex> Topology::way_out() const {
    if (!outside_) return std::nullopt;
    return attachments_[outside_->host].front().link;
}

bool Topology::has_forwarding() const {
    return std::ranges::any_of(attachments_, [](const auto& list) { return list.size() > 1; });
}

std::optional<HostIndex> Topology::host(std::string_view name) const {
    const auto found = std::ranges::find(names_, name);
    if (found == names_.end()) return std::nullopt;
    return static_cast<HostIndex>(found - names_.begin());
}

const Topology::Attachment& Topology::attachment(HostIndex host, LinkIndex link) const {
    const auto& list = attachments_[host];
    const auto found = std::ranges::find(list, link, &Attachment::link);
    DT_ASSERT(found != list.end());
    return *found;
}

std::vector<Topology::Reached> Topology::search(HostIndex from) const {
    std::vector<Reached> reached(hosts_of_.size());
    std::vector<bool> visited(attachments_.size());
    std::deque<LinkIndex> next;
    visited[from] = true;
    std::uint32_t order = 0;
    for (std::size_t i = 0; i < attachments_[from].size(); ++i) {
        const LinkIndex link = attachments_[from][i].link;
        reached[link] = {true, static_cast<std::uint16_t>(i), IpAddr::any_v4(), IpAddr::any_v6(),
                         order++};
        next.push_back(link);
    }
    while (!next.empty()) {
        const LinkIndex link = next.front();
        next.pop_front();
        for (const HostIndex via : hosts_of_[link]) {
            if (visited[via]) continue;
            visited[via] = true;
            for (const Attachment& beyond : attachments_[via]) {
                if (reached[beyond.link].is) continue;
                Reached& found = reached[beyond.link];
                found = reached[link];
                found.order = order++;
                if (found.first_gateway.is_any()) {
                    found.first_gateway = attachment(via, link).address;
                    found.first_gateway_v6 = attachment(via, link).address_v6;
                }
                next.push_back(beyond.link);
            }
        }
    }
    return reached;
}

std::vector<Topology::Route> Topology::routes(HostIndex host, Family family) const {
    std::vector<Route> routes;
    const std::vector<Reached> reached = search(host);
    const bool is_v4 = family == Family::v4;
    for (std::size_t i = 0; i < reached.size(); ++i) {
        const Reached& found = reached[i];
        const auto link = static_cast<LinkIndex>(i);
        if (!found.is || found.first_gateway.is_any()) continue;
        routes.push_back({is_v4 ? subnet(link) : subnet_v6(link),
                          is_v4 ? found.first_gateway : found.first_gateway_v6,
                          found.first_interface});
    }
    if (is_v4 && outside_ && outside_->gateway && host != outside_->host)
        add_default_route(reached[*way_out()], routes);
    return routes;
}

void Topology::add_default_route(const Reached& out, std::vector<Route>& routes) const {
    if (!out.is) return;
    const bool is_near = out.first_gateway.is_any();
    routes.push_back({Prefix::of(IpAddr::any_v4(), 0),
                      is_near ? *outside_->gateway : out.first_gateway, out.first_interface});
}

std::optional<IpAddr> Topology::nearest_address(HostIndex asker, HostIndex target,
                                                Family family) const {
    const std::vector<Reached> reached = search(asker);
    const Attachment* best = nullptr;
    for (const Attachment& each : attachments_[target]) {
        if (!reached[each.link].is) continue;
        if (best == nullptr || reached[each.link].order < reached[best->link].order) best = &each;
    }
    if (best == nullptr) return std::nullopt;
    return family == Family::v4 ? best->address : best->address_v6;
}

}  // namespace dt::world
