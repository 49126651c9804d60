// The real network in a plan: one more host, behind a TAP interface.
#include <fmt/format.h>

#include <algorithm>

#include "cli/plan.hpp"

namespace dt::cli {

namespace {

/// Of all hosts but those whose own address is one there. Another address is of another link.
void lease_addresses(const wire::Prefix& outside, world::Spec& world) {
    for (world::HostSpec& each : world.hosts) {
        const bool is_given = each.address && outside.contains(*each.address);
        if (!is_given) each.config.dhcp = event::Switch::on;
    }
}

}  // namespace

std::optional<std::string> join_outside(const link::TapSpec& tap, host::RunSpec& run) {
    world::Spec& world = run.world;
    const auto host = static_cast<event::HostIndex>(world.hosts.size() - 1);
    run.tap = tap.name;
    if (tap.autoconf == event::Switch::on) {
        for (world::HostSpec& each : world.hosts) {
            each.config.ipv6 = each.config.autoconf = event::Switch::on;
        }
    }
    world.outside = world::Outside{host, tap.network, tap.gateway};
    world.hosts[host].address = tap.gateway;
    for (std::size_t l = 0; l < world.links.size(); ++l) {
        if (!world::reaches_outside(world, l)) continue;
        if (!tap.address) {
            world.outside.reset();
            const auto network = world::subnet_of_link(world, l);
            world.outside = world::Outside{host, network, std::nullopt};
            if (tap.dhcp == event::Switch::on) lease_addresses(network, world);
            continue;
        }
        // The address is that of the first host of the link.
        const auto is_joined = [&](const world::HostSpec& each) {
            return std::ranges::find(world.links[l].hosts, each.name) != world.links[l].hosts.end();
        };
        const auto first = std::ranges::find_if(world.hosts, is_joined);
        if (first->address && *first->address != *tap.address) {
            return fmt::format("host `{}` has address {} already", first->name,
                               wire::to_string(*first->address));
        }
        first->address = tap.address;
    }
    return std::nullopt;
}

}  // namespace dt::cli
