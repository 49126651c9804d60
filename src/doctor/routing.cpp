// Parser of rtnetlink answers.
#include "doctor/routing.hpp"

#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "doctor/netlink_bytes.hpp"

namespace dt::doctor {

namespace {

/// The fixed part of a message, where it is long enough.
template <class T>
std::optional<T> fixed_part(const nlmsghdr& header) {
    T value{};
    if (mnl_nlmsg_get_payload_len(&header) < sizeof value) return std::nullopt;
    std::memcpy(&value, mnl_nlmsg_get_payload(&header), sizeof value);
    return value;
}

std::optional<IpAddr> address_in(const nlattr& attribute, unsigned family) {
    const Octets octets{static_cast<const std::byte*>(mnl_attr_get_payload(&attribute)),
                        mnl_attr_get_payload_len(&attribute)};
    if (family == AF_INET && octets.size() >= Ipv4::size) return Ipv4::load(octets, 0);
    if (family == AF_INET6 && octets.size() >= Ipv6::size) return Ipv6::load(octets, 0);
    return std::nullopt;
}

std::uint32_t number_in(const nlattr& attribute) {
    return mnl_attr_get_payload_len(&attribute) >= 4 ? mnl_attr_get_u32(&attribute) : 0;
}

rules::NeighbourState state_of(std::uint16_t state) {
    using rules::NeighbourState;
    if ((state & NUD_FAILED) != 0) return NeighbourState::failed;
    if ((state & NUD_INCOMPLETE) != 0) return NeighbourState::incomplete;
    if ((state & (NUD_REACHABLE | NUD_PERMANENT | NUD_NOARP)) != 0) {
        return NeighbourState::reachable;
    }
    return NeighbourState::other;
}

rules::RouteKind kind_of(std::uint8_t type) {
    using rules::RouteKind;
    switch (type) {
        case RTN_UNICAST: return RouteKind::unicast;
        case RTN_LOCAL: return RouteKind::local;
        case RTN_BROADCAST: return RouteKind::broadcast;
        case RTN_UNREACHABLE: return RouteKind::unreachable;
        case RTN_PROHIBIT: return RouteKind::prohibit;
        case RTN_BLACKHOLE: return RouteKind::blackhole;
        default: return RouteKind::none;
    }
}

}  // namespace

DumpStep read_addresses(Octets datagram, std::vector<rules::LocalAddress>& out) {
    return read_messages(datagram, [&](const nlmsghdr& header) {
        const auto fixed = fixed_part<ifaddrmsg>(header);
        if (!fixed) return false;
        rules::LocalAddress own{{}, fixed->ifa_prefixlen, fixed->ifa_index, false};
        std::uint32_t flags = fixed->ifa_flags;
        std::optional<IpAddr> address;
        for_each_attribute(header, sizeof *fixed, [&](const nlattr& attribute) {
            const auto type = mnl_attr_get_type(&attribute);
            if (type == IFA_FLAGS) flags = number_in(attribute);
            // IFA_LOCAL is ours; IFA_ADDRESS is the peer's on a point-to-point link.
            if (type == IFA_LOCAL) address = address_in(attribute, fixed->ifa_family);
            if (type == IFA_ADDRESS && !address) address = address_in(attribute, fixed->ifa_family);
        });
        own.is_tentative =
            (flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED)) != 0 && (flags & IFA_F_OPTIMISTIC) == 0;
        if (address) {
            own.address = *address;
            out.push_back(own);
        }
        return true;
    });
}

DumpStep read_neighbours(Octets datagram, std::vector<rules::Neighbour>& out) {
    return read_messages(datagram, [&](const nlmsghdr& header) {
        const auto fixed = fixed_part<ndmsg>(header);
        if (!fixed) return false;
        for_each_attribute(header, sizeof *fixed, [&](const nlattr& attribute) {
            if (mnl_attr_get_type(&attribute) != NDA_DST) return;
            const auto address = address_in(attribute, fixed->ndm_family);
            if (!address) return;
            out.push_back({*address, static_cast<std::uint32_t>(fixed->ndm_ifindex),
                           state_of(fixed->ndm_state)});
        });
        return true;
    });
}

DumpStep read_route(Octets datagram, std::optional<rules::Route>& out) {
    return read_messages(datagram, [&](const nlmsghdr& header) {
        const auto fixed = fixed_part<rtmsg>(header);
        if (!fixed) return false;
        rules::Route route;
        route.kind = kind_of(fixed->rtm_type);
        for_each_attribute(header, sizeof *fixed, [&](const nlattr& attribute) {
            switch (mnl_attr_get_type(&attribute)) {
                case RTA_GATEWAY: route.gateway = address_in(attribute, fixed->rtm_family); break;
                case RTA_PREFSRC: route.source = address_in(attribute, fixed->rtm_family); break;
                case RTA_OIF: route.interface = number_in(attribute); break;
                default: break;
            }
        });
        out = route;
        return true;
    });
}

rules::RouteKind kind_of_route_error(int error) {
    switch (error) {
        case EHOSTUNREACH: return rules::RouteKind::unreachable;
        case EACCES: return rules::RouteKind::prohibit;
        case EINVAL: return rules::RouteKind::blackhole;
        default: return rules::RouteKind::none;
    }
}

}  // namespace dt::doctor
