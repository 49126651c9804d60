// Interfaces, and which addresses are ours.
#include "ip/interface.hpp"

#include <algorithm>

#include "wire/ipv6.hpp"

namespace dt::ip {

namespace {

constexpr std::uint8_t link_local_bits = 64;
/// fe80:: (RFC 4291 §2.5.6).
constexpr Ipv6 link_local_prefix{{0xfe, 0x80}};

bool is_link_local_v6(const wire::Prefix& own) {
    return !own.network.is_v4() && own.network.is_link_local();
}

}  // namespace

InterfaceTable::InterfaceTable(event::Switch ipv6, event::Switch autoconf)
    : ipv6_(ipv6), autoconf_(autoconf) {
    Interface lo{.name = "lo",
                 .mac = Mac{},
                 .mtu = 65536,
                 .addresses = {wire::Prefix{IpAddr::loopback_v4(), 8}},
                 .vouches = true,
                 .super_segment_max = 0};
    if (ipv6 == event::Switch::on) lo.addresses.push_back({IpAddr::loopback_v6(), 128});
    add(std::move(lo));
}

bool InterfaceTable::carries_v6(const Interface& interface) const {
    return ipv6_ == event::Switch::on && interface.mtu >= mtu_min_v6;
}

InterfaceIndex InterfaceTable::add(Interface interface) {
    const auto index = static_cast<InterfaceIndex>(interfaces_.size());
    if (!carries_v6(interface)) {
        std::erase_if(interface.addresses,
                      [](const wire::Prefix& own) { return !own.network.is_v4(); });
    } else if (autoconf_ == event::Switch::off && !interface.mac.is_zero() &&
               std::ranges::none_of(interface.addresses, is_link_local_v6)) {
        interface.addresses.push_back(
            {wire::eui64_address(link_local_prefix, interface.mac), link_local_bits});
    }
    for (const wire::Prefix& own : interface.addresses) {
        own_.push_back({own.network, index});
        const IpAddr broadcast = own.broadcast();
        if (own.is_broadcast(broadcast)) broadcasts_.push_back(broadcast);
    }
    interfaces_.push_back(std::move(interface));
    return index;
}

void InterfaceTable::add_address(InterfaceIndex index, const wire::Prefix& own) {
    interfaces_[index].addresses.push_back(own);
    own_.push_back({own.network, index});
    if (own.is_broadcast(own.broadcast())) broadcasts_.push_back(own.broadcast());
    ++version_;
}

void InterfaceTable::remove_address(InterfaceIndex index, const IpAddr& address) {
    auto& addresses = interfaces_[index].addresses;
    const auto gone = std::ranges::find(addresses, address, &wire::Prefix::network);
    if (gone == addresses.end()) return;
    // Another network may have the same one: only one of them goes.
    const auto broadcast = gone->is_broadcast(gone->broadcast())
                               ? std::ranges::find(broadcasts_, gone->broadcast())
                               : broadcasts_.end();
    if (broadcast != broadcasts_.end()) broadcasts_.erase(broadcast);
    addresses.erase(gone);
    std::erase_if(own_,
                  [&](const Own& own) { return own.interface == index && own.address == address; });
    set_deprecated(address, event::Switch::off);
    ++version_;
}

void InterfaceTable::set_deprecated(const IpAddr& address, event::Switch deprecated) {
    std::erase(deprecated_, address);
    if (deprecated == event::Switch::on) deprecated_.push_back(address);
    ++version_;
}

bool InterfaceTable::is_deprecated(const IpAddr& address) const {
    return std::ranges::find(deprecated_, address) != deprecated_.end();
}

void InterfaceTable::learn(InterfaceIndex index, std::uint32_t mtu_v6, std::uint8_t hop_limit) {
    interfaces_[index].mtu_v6 = mtu_v6;
    if (hop_limit != 0) interfaces_[index].hop_limit = hop_limit;
    ++version_;
}

std::optional<InterfaceIndex> InterfaceTable::owner(const IpAddr& address) const {
    for (const Own& own : own_) {
        if (own.address == address) return own.interface;
    }
    if (address.is_v4() && address.is_loopback()) return loopback_interface;
    return std::nullopt;
}

bool InterfaceTable::has(InterfaceIndex index, const IpAddr& address) const {
    return std::ranges::any_of(
        own_, [&](const Own& own) { return own.interface == index && own.address == address; });
}

bool InterfaceTable::is_broadcast(const IpAddr& address) const {
    if (address.is_broadcast()) return true;
    return std::ranges::find(broadcasts_, address) != broadcasts_.end();
}

bool InterfaceTable::is_joined(const IpAddr& group) const {
    if (!group.is_multicast()) return false;
    if (group.is_v4()) return group == IpAddr{Ipv4{224, 0, 0, 1}};
    if (ipv6_ == event::Switch::off) return false;
    if (group == IpAddr{wire::all_nodes()}) return true;
    return std::ranges::any_of(own_, [&group](const Own& own) {
        return !own.address.is_v4() && group == IpAddr{wire::solicited_node(own.address.v6())};
    });
}

std::optional<IpAddr> InterfaceTable::link_local(InterfaceIndex index) const {
    const auto& addresses = interfaces_[index].addresses;
    const auto found = std::ranges::find_if(addresses, is_link_local_v6);
    return found == addresses.end() ? std::nullopt : std::optional(found->network);
}

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
