// Zones: the link that a link-local address or group of a call is on becomes the socket's, as by
// SO_BINDTODEVICE (RFC 4007 §6, ipv6(7)).
#include "sock/zone.hpp"

#include <algorithm>

#include "sock/table.hpp"

namespace dt::sock {

using event::Reason;

bool needs_zone(const IpAddr& address) {
    if (address.is_v4()) return false;
    constexpr unsigned scope_bits = 0x0f;  // of a group (RFC 4291 §2.7)
    constexpr unsigned of_host = 1;
    constexpr unsigned of_link = 2;
    const unsigned scope = address.v6().octets()[1] & scope_bits;
    const bool is_near = scope == of_host || scope == of_link;
    return address.v6().is_link_local() || (address.is_multicast() && is_near);
}

bool SocketTable::has_link(std::uint32_t number) const {
    return number >= 1 && number <= core_.ip().interfaces().size();
}

void SocketTable::keep_to_device(Socket& socket, std::uint32_t number) const {
    if (socket.settings().device_number == number) return;
    socket.change_settings().device_number = number;
    apply_to_endpoint(socket);
}

/// The link stays the socket's where bind() goes on to fail.
Answer<void> SocketTable::bind_to_zone(Socket& socket, const ZonedEndpoint& address) {
    if (address.endpoint.addr.is_any()) return {};
    if (address.zone && needs_zone(address.endpoint.addr)) {
        if (*address.zone != 0) keep_to_device(socket, *address.zone);
        if (socket.settings().device_number == 0) {
            return refuse(Error::invalid_argument, Reason::bad_argument);
        }
    }
    const std::uint32_t device = socket.settings().device_number;
    if (device == 0 || has_link(device)) return {};
    return refuse(Error::no_such_device, Reason::address_not_local);
}

/// A link that the socket keeps to already goes before none, and beside no other.
Answer<void> SocketTable::connect_to_zone(Socket& socket, const ZonedEndpoint& remote) {
    const IpAddr& to = remote.endpoint.addr;
    if (!remote.zone || !needs_zone(to)) return {};
    const Settings& settings = socket.settings();
    const std::uint32_t device = settings.device_number;
    const bool is_another = *remote.zone != 0 && device != 0 && *remote.zone != device;
    std::uint32_t zone = *remote.zone != 0 ? *remote.zone : device;
    if (zone == 0 && to.is_multicast() && settings.groups_v6.link) {
        zone = *settings.groups_v6.link + 1U;
    }
    if (is_another || zone == 0) return refuse(Error::invalid_argument, Reason::bad_argument);
    keep_to_device(socket, zone);
    return {};
}

/// One whose listener keeps to no link has that of the address itself.
void SocketTable::keep_to_zone_of(Socket& made, const FourTuple& tuple) const {
    const bool is_of_link = needs_zone(tuple.remote.addr);
    if (!is_of_link || made.settings().device_number != 0) return;
    if (const auto link = core_.ip().owner(tuple.local.addr)) keep_to_device(made, *link + 1U);
}

/// Of the host's own addresses those of a link, and the loopback address, are there only on theirs
/// (Linux ipv6_chk_addr()).
bool SocketTable::is_own(const Socket& socket, const IpAddr& address) const {
    if (!core_.is_local(address)) return false;
    const auto device = socket.settings().device();
    const bool is_near = needs_zone(address) || address == IpAddr::loopback_v6();
    return !device || !is_near || core_.ip().owner(address) == device;
}

/// SYNs are not told apart by their link: where there are several, a listener that believed so is
/// right only about an address of that link.
bool SocketTable::may_listen_on_device(const Socket& socket) const {
    const auto device = socket.settings().device();
    if (!device) return true;
    if (needs_zone(socket.local.addr)) return core_.ip().owner(socket.local.addr) == device;
    if (*device >= core_.ip().interfaces().size()) return false;
    const std::size_t alone = device == ip::loopback_interface ? 1 : 2;  // lo, and the one link
    return core_.ip().interfaces().size() <= alone;
}

/// The zone of the destination goes before the socket's link, and over IPv6 what IPV6_PKTINFO names
/// must be the same (Linux udpv6_sendmsg(), ip6_datagram_send_ctl()). A socket for ping sends
/// nothing to an address of a link without one, or of another (ping_v6_sendmsg()).
Answer<std::optional<ip::InterfaceIndex>> SocketTable::choose_link(const Socket& socket,
                                                                   const IpAddr& destination,
                                                                   const SendAs& as) const {
    const Settings& settings = socket.settings();
    const bool has_zone = as.zone && *as.zone != 0 && needs_zone(destination);
    const std::uint32_t kept = has_zone ? *as.zone : settings.device_number;
    const bool is_v4 = destination.is_v4();
    if (as.link && kept != 0 && !is_v4 && *as.link != kept) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    if (as.link && !has_link(*as.link)) {
        return refuse(Error::no_such_device, Reason::bad_argument);
    }
    if (socket.transport == event::Transport::icmp && needs_zone(destination)) {
        const auto& of_groups = settings.groups_v6.link;
        const bool is_nowhere = kept == 0 && !(destination.is_multicast() && of_groups);
        const bool is_another = settings.device_number != 0 && kept != settings.device_number;
        if (is_nowhere || is_another) {
            return refuse(Error::invalid_argument, Reason::bad_argument);
        }
    }
    const std::uint32_t number = as.link.value_or(kept);
    if (number == 0) {
        return destination.is_multicast() ? settings.groups_of(destination).link : std::nullopt;
    }
    if (has_link(number)) return static_cast<ip::InterfaceIndex>(number - 1);
    if (is_v4) return refuse(Error::no_such_device, Reason::no_route);
    return refuse(Error::network_unreachable, Reason::no_route);
}

}  // namespace dt::sock
