// Choice among routes.
#include "ip/route.hpp"

#include <algorithm>

namespace dt::ip {

void RouteTable::add(const Route& route) {
    routes_.push_back(route);
    patterns_.push_back(pattern_of(route.destination));
    ++version_;
}

void RouteTable::remove(const Route& route) {
    const auto found = std::ranges::find_if(routes_, [&route](const Route& each) {
        return each.destination == route.destination && each.gateway == route.gateway &&
               each.interface == route.interface && each.metric == route.metric;
    });
    if (found == routes_.end()) return;
    patterns_.erase(patterns_.begin() + (found - routes_.begin()));
    routes_.erase(found);
    ++version_;
}

/// An IPv4 prefix is one of mapped addresses, 96 bits longer.
RouteTable::Pattern RouteTable::pattern_of(const wire::Prefix& prefix) {
    constexpr unsigned mapped_bits = 96;
    static constexpr unsigned word_bits = 64;
    const unsigned bits = prefix.length + (prefix.network.is_v4() ? mapped_bits : 0U);
    const auto mask_of = [](unsigned ones) {
        if (ones == 0) return std::uint64_t{0};
        return ~std::uint64_t{0} << (word_bits - std::min(ones, word_bits));
    };
    Pattern pattern;
    pattern.family = prefix.network.family();
    pattern.mask = {mask_of(bits), mask_of(bits > word_bits ? bits - word_bits : 0)};
    const auto words = prefix.network.words();
    pattern.value = {words[0] & pattern.mask[0], words[1] & pattern.mask[1]};
    return pattern;
}

bool RouteTable::is_better(const Route& route, const Route* than) {
    if (than == nullptr) return true;
    if (route.destination.length != than->destination.length) {
        return route.destination.length > than->destination.length;
    }
    return route.metric < than->metric;
}

std::optional<Hop> RouteTable::hop(const Route* route, const IpAddr& destination) {
    if (route == nullptr) return std::nullopt;
    return Hop{.interface = route->interface,
               .address = route->gateway.value_or(destination),
               .mtu = route->mtu,
               .loops = event::Switch::on,
               .leaves = event::Switch::on};
}

}  // namespace dt::ip
