// Zones: the link that a link-local address of a call is on, by its number (RFC 4007 §6, ipv6(7)).
#include <algorithm>

#include "host/call_desk.hpp"

namespace dt::host {

/// The link of one of a host's own addresses.
std::uint32_t CallDesk::zone_at(event::HostIndex host, const IpAddr& own) const {
    if (own.is_v4() || !own.v6().is_link_local()) return 0;
    const auto& links = board_.interfaces(host);
    const auto has = [&](const ip::Interface& link) {
        return std::ranges::find(link.addresses, own, &wire::Prefix::network) !=
               link.addresses.end();
    };
    const auto found = std::ranges::find_if(links, has);
    if (found == links.end()) return first_link;
    return static_cast<std::uint32_t>(found - links.begin()) + 1;
}

/// The link of either name of a socket: the one that it keeps to, as on Linux.
std::uint32_t CallDesk::zone_beside(const Plug& plug) {
    return board_.calls(plug).device(plug.socket);
}

/// The link that a datagram came by; one of this host's own came by lo.
std::uint32_t CallDesk::zone_of_arrival(const Plug& plug, const Origin& origin) const {
    const std::uint32_t number = origin.arrival.interface + 1U;
    return number >= first_link ? number : zone_at(plug.host, origin.from.addr);
}

}  // namespace dt::host
