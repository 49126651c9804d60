// Interfaces, and which addresses are ours.
#include "ip/interface.hpp"

#include <algorithm>

namespace dt::ip {

InterfaceTable::InterfaceTable() {
    add({.name = "lo",
         .mac = Mac{},
         .mtu = 65536,
         .addresses = {wire::Prefix{IpAddr::loopback_v4(), 8}},
         .vouches = true,
         .super_segment_max = 0});
}

InterfaceIndex InterfaceTable::add(Interface interface) {
    const auto index = static_cast<InterfaceIndex>(interfaces_.size());
    for (const wire::Prefix& own : interface.addresses) {
        own_.push_back({own.network, index});
        const IpAddr broadcast = own.broadcast();
        if (own.is_broadcast(broadcast)) broadcasts_.push_back(broadcast);
    }
    interfaces_.push_back(std::move(interface));
    return index;
}

std::optional<InterfaceIndex> InterfaceTable::owner(const IpAddr& address) const {
    for (const Own& own : own_) {
        if (own.address == address) return own.interface;
    }
    if (address.is_v4() && address.is_loopback()) return loopback_interface;
    return std::nullopt;
}

bool InterfaceTable::is_broadcast(const IpAddr& address) const {
    if (address.is_broadcast()) return true;
    return std::ranges::find(broadcasts_, address) != broadcasts_.end();
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
