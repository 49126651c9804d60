// Routes: longest prefix, then lowest metric, then the one that was added first (RFC 1122 §3.3.1).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "ip/interface.hpp"
#include "wire/address.hpp"

namespace dt::ip {

struct Route {
    wire::Prefix destination;
    std::optional<IpAddr> gateway;
    InterfaceIndex interface = 0;
    std::uint32_t metric = 0;
    std::uint32_t mtu = 0;  // 0 = the interface's
};

/// Where a packet goes next.
struct Hop {
    InterfaceIndex interface = 0;
    IpAddr address{};       // whose link address is wanted: the gateway, or the destination itself
    std::uint32_t mtu = 0;  // of the route, 0 = the interface's
    event::Switch loops = event::Switch::on;   // a group's packet comes to us too
    event::Switch leaves = event::Switch::on;  // and goes to the link
};

/// The routes to links and gateways. Own addresses need none: the engine looks there first.
class RouteTable {
  public:
    void add(const Route& route);
    /// Takes away the first route with the same destination, gateway, interface and metric.
    void remove(const Route& route);
    /// Changes whenever a route came or went.
    [[nodiscard]] std::uint64_t version() const { return version_; }

    [[nodiscard]] const std::vector<Route>& all() const { return routes_; }

    /// The best route to `destination`. A route whose gateway `is_dead(interface, gateway)` yields
    /// to any other that matches, and is taken only where there is no other (IP4-032).
    /// `by`: only those by this interface.
    template <class IsDead>
    [[nodiscard]] std::optional<Hop> find(const IpAddr& destination, IsDead is_dead,
                                          std::optional<InterfaceIndex> by = std::nullopt) const {
        const Route* best = nullptr;
        const Route* best_alive = nullptr;
        for (std::size_t i = 0; i < routes_.size(); ++i) {
            if (!patterns_[i].fits(destination)) continue;
            const Route& route = routes_[i];
            if (by && route.interface != *by) continue;
            if (is_better(route, best)) best = &route;
            const bool dead = route.gateway && is_dead(route.interface, *route.gateway);
            if (!dead && is_better(route, best_alive)) best_alive = &route;
        }
        return hop(best_alive != nullptr ? best_alive : best, destination);
    }
    [[nodiscard]] std::optional<Hop> find(const IpAddr& destination) const {
        return find(destination, [](InterfaceIndex, const IpAddr&) { return false; });
    }

  private:
    /// A prefix as two words and their masks: asked for every packet.
    struct Pattern {
        std::array<std::uint64_t, 2> value{};
        std::array<std::uint64_t, 2> mask{};
        Family family = Family::v4;

        [[nodiscard]] bool fits(const IpAddr& address) const {
            if (family == Family::v6 && address.is_v4()) return false;  // ::/0 holds no IPv4
            const auto words = address.words();
            return (words[0] & mask[0]) == value[0] && (words[1] & mask[1]) == value[1];
        }
    };
    [[nodiscard]] static Pattern pattern_of(const wire::Prefix& prefix);
    [[nodiscard]] static bool is_better(const Route& route, const Route* than);
    [[nodiscard]] static std::optional<Hop> hop(const Route* route, const IpAddr& destination);

    std::uint64_t version_ = 0;
    std::vector<Route> routes_;
    std::vector<Pattern> patterns_;  // one for each route
};

}  // namespace dt::ip
