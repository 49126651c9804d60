// Zones: the link that a link-local address of a call is on, by its number (RFC 4007 §6, ipv6(7)).
#include <netinet/in.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/errno.hpp"
#include "host/call_desk.hpp"

namespace dt::host {
namespace {

constexpr int bind_to_number = 62;  // SO_BINDTOIFINDEX

Octets octets_of(const std::int32_t& number) { return std::as_bytes(std::span(&number, 1)); }

std::int32_t device_of(world::Calls calls, sock::SocketId socket) {
    std::int32_t device = 0;
    const MutableOctets room = std::as_writable_bytes(std::span(&device, 1));
    return calls.get_option(socket, SOL_SOCKET, bind_to_number, room) ? device : 0;
}

}  // namespace

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

/// The link of either name of a socket, which is that of its own address.
std::uint32_t CallDesk::zone_beside(const Plug& plug, const Endpoint& named) {
    if (named.addr.is_v4() || !named.addr.v6().is_link_local()) return 0;
    const auto own = board_.calls(plug).local_name(plug.socket);
    return own ? zone_at(plug.host, own->addr) : first_link;
}

/// The link that a datagram came by; one of this host's own came by lo.
std::uint32_t CallDesk::zone_of_arrival(const Plug& plug, const Origin& origin) const {
    const std::uint32_t number = origin.arrival.interface + 1U;
    return number >= first_link ? number : zone_at(plug.host, origin.from.addr);
}

/// bind() to an address of a link: 0, or the errno where it is not there.
int CallDesk::check_zone(const Plug& plug, const RawName& name, const Endpoint& endpoint) const {
    const std::uint32_t zone = zone_of(name);
    if (zone == 0 || endpoint.addr.is_multicast()) return 0;
    if (zone > board_.interfaces(plug.host).size()) return ENODEV;
    const bool is_there = zone_at(plug.host, endpoint.addr) == zone;
    return is_there ? 0 : EADDRNOTAVAIL;
}

/// connect() to an address of a link binds the socket to it, as on Linux: 0, or the errno.
int CallDesk::enter_zone(const Plug& plug, const RawName& name) {
    const std::uint32_t zone = zone_of(name);
    if (zone == 0) return 0;
    if (zone > board_.interfaces(plug.host).size()) return ENETUNREACH;
    auto calls = board_.calls(plug);
    const auto wanted = static_cast<std::int32_t>(zone);
    const std::int32_t device = device_of(calls, plug.socket);
    if (device == wanted) return 0;
    if (device != 0) return EINVAL;
    // A handshake that is under way has its link.
    (void)calls.set_option(plug.socket, SOL_SOCKET, bind_to_number, octets_of(wanted));
    return 0;
}

/// sendto() to an address of a link goes by that link. False where there is none of that number.
bool CallDesk::name_zone(const Plug& plug, const RawName& name, sock::SendAs& as) {
    const std::uint32_t zone = zone_of(name);
    if (zone == 0) return true;
    if (zone > board_.interfaces(plug.host).size()) {
        board_.calls(plug).refused(event::Call::send, plug.socket, Error::network_unreachable,
                                   event::Reason::no_route);
        return false;
    }
    as.link = zone;
    return true;
}

}  // namespace dt::host
