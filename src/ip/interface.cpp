// Interfaces, and which addresses are ours.
#include "ip/interface.hpp"

#include <algorithm>

namespace dt::ip {

InterfaceTable::InterfaceTable() {
    interfaces_.push_back({.name = "lo",
                           .mac = Mac{},
                           .mtu = 65536,
                           .addresses = {wire::Prefix{IpAddr::loopback_v4(), 8}},
                           .vouches = true,
                           .super_segment_max = 0});
}

InterfaceIndex InterfaceTable::add(Interface interface) {
    interfaces_.push_back(std::move(interface));
    return static_cast<InterfaceIndex>(interfaces_.size() - 1);
}

std::optional<InterfaceIndex> InterfaceTable::owner(const IpAddr& address) const {
    for (std::size_t i = 0; i < interfaces_.size(); ++i) {
        for (const wire::Prefix& own : interfaces_[i].addresses) {
            if (own.network == address) return static_cast<InterfaceIndex>(i);
        }
    }
    if (address.is_v4() && address.is_loopback()) return loopback_interface;
    return std::nullopt;
}

bool InterfaceTable::is_broadcast(const IpAddr& address) const {
    if (address.is_broadcast()) return true;
    return std::ranges::any_of(interfaces_, [&address](const Interface& interface) {
        return std::ranges::any_of(interface.addresses, [&address](const wire::Prefix& own) {
            return own.is_broadcast(address);
        });
    });
}

bool InterfaceTable::is_joined(const IpAddr& group) { return group == IpAddr{Ipv4{224, 0, 0, 1}}; }

std::optional<IpAddr> InterfaceTable::source(InterfaceIndex index, const IpAddr& next_hop) const {
    const Interface& interface = interfaces_[index];
    for (const wire::Prefix& own : interface.addresses) {
        if (own.contains(next_hop)) return own.network;
    }
    for (const wire::Prefix& own : interface.addresses) {
        if (own.network.family() == next_hop.family()) return own.network;
    }
    return std::nullopt;
}

}  // namespace dt::ip
