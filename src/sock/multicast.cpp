// Options of multicast.
#include "sock/multicast.hpp"

#include <algorithm>
#include <array>
#include <cstring>

namespace dt::sock {

namespace {

using event::Reason;

std::unexpected<Refused> bad_argument() {
    return refuse(Error::invalid_argument, Reason::bad_argument);
}
std::unexpected<Refused> no_device() {
    return refuse(Error::no_such_device, Reason::address_not_local);
}

/// What a program names: a group, and a link by its number, by an address of ours, or not at all.
struct Request {
    IpAddr group;
    Ipv4 address;
    std::int32_t number = 0;
};

/// Programs count links from 1, which is lo (SIOCGIFINDEX).
Answer<ip::InterfaceIndex> link_numbered(const OptionTarget& target, std::int32_t number) {
    const auto& links = target.table.core().ip().interfaces();
    const bool exists = number >= 1 && static_cast<std::size_t>(number) <= links.size();
    if (!exists) return no_device();
    return static_cast<ip::InterfaceIndex>(number - 1);
}

std::optional<ip::InterfaceIndex> link_with(const OptionTarget& target, const IpAddr& address) {
    const auto& links = target.table.core().ip().interfaces();
    for (std::size_t i = 0; i < links.size(); ++i) {
        const auto& own = links[i].addresses;
        if (std::ranges::find(own, address, &wire::Prefix::network) != own.end()) {
            return static_cast<ip::InterfaceIndex>(i);
        }
    }
    return std::nullopt;
}

/// Without a name it is the link that leads to the group.
Answer<ip::InterfaceIndex> link_of(const OptionTarget& target, const Request& request) {
    if (request.number != 0) return link_numbered(target, request.number);
    if (!request.address.is_any()) {
        const auto link = link_with(target, request.address);
        if (link) return *link;
        return no_device();
    }
    const auto path = target.table.core().ip().path(request.group, std::nullopt);
    if (!path) return no_device();
    return path->interface;
}

/// struct ip_mreq, or struct ip_mreqn with the number of the link behind it.
Answer<Request> request_v4(const OptionTarget& target, Octets from) {
    constexpr std::size_t size = 8;
    if (!target.socket.is_datagram()) return refuse(Error::protocol_error, Reason::wrong_state);
    if (from.size() < size) return bad_argument();
    Request request;
    request.group = Ipv4::load(from, 0);
    request.address = Ipv4::load(from, Ipv4::size);
    if (from.size() >= size + sizeof request.number) request.number = int_in(from.subspan(size));
    return request;
}

/// struct ipv6_mreq.
Answer<Request> request_v6(const OptionTarget& target, Octets from) {
    Request request;
    if (!target.socket.is_datagram()) return refuse(Error::protocol_error, Reason::wrong_state);
    if (from.size() < Ipv6::size + sizeof request.number) return bad_argument();
    request.group = Ipv6::load(from, 0);
    request.number = int_in(from.subspan(Ipv6::size));
    return request;
}

/// struct group_req (RFC 3678 §5.1): the number of a link, and the group as a sockaddr_storage.
Answer<Request> request_of_any(const OptionTarget& target, Family family, Octets from) {
    constexpr std::size_t address_at = 8;  // behind the number, as on every 64-bit Linux
    constexpr std::size_t size = address_at + 128;
    constexpr std::size_t v4_at = address_at + 4;  // sin_addr
    constexpr std::size_t v6_at = address_at + 8;  // sin6_addr
    constexpr std::uint16_t af_inet = 2;
    constexpr std::uint16_t af_inet6 = 10;
    if (!target.socket.is_datagram()) return refuse(Error::protocol_error, Reason::wrong_state);
    if (from.size() < size) return bad_argument();
    std::uint16_t named = 0;
    std::memcpy(&named, from.data() + address_at, sizeof named);
    if (named != (family == Family::inet ? af_inet : af_inet6)) return bad_argument();
    Request request;
    request.number = int_in(from);
    request.group =
        family == Family::inet ? IpAddr(Ipv4::load(from, v4_at)) : IpAddr(Ipv6::load(from, v6_at));
    return request;
}

Answer<void> join(const OptionTarget& target, const Answer<Request>& request) {
    if (!request) return std::unexpected(request.error());
    if (!request->group.is_multicast()) return bad_argument();
    const auto link = link_of(target, *request);
    if (!link) return std::unexpected(link.error());
    const Membership wanted{request->group, *link};
    auto& all = target.socket.change_settings().memberships;
    if (std::ranges::find(all, wanted) != all.end()) {
        return refuse(Error::address_in_use, Reason::wrong_state);
    }
    if (all.size() == memberships_max) return refuse(Error::no_buffer_space, Reason::limit_reached);
    const Status joined = target.table.core().ip().join(target.turn, *link, request->group);
    if (!joined) return refuse(joined.error(), Reason::limit_reached);
    all.push_back(wanted);
    target.table.apply_to_endpoint(target.socket);
    return {};
}

Answer<void> leave(const OptionTarget& target, const Answer<Request>& request) {
    if (!request) return std::unexpected(request.error());
    const bool is_named = request->number != 0 || !request->address.is_any();
    const auto link = link_of(target, *request);
    if (is_named && !link) return refuse(Error::address_not_available, Reason::address_not_local);
    auto& all = target.socket.change_settings().memberships;
    const auto found = std::ranges::find_if(all, [&](const Membership& each) {
        return each.group == request->group && (!is_named || each.link == *link);
    });
    if (found == all.end()) return refuse(Error::address_not_available, Reason::wrong_state);
    target.table.core().ip().leave(target.turn, found->link, found->group);
    all.erase(found);
    target.table.apply_to_endpoint(target.socket);
    return {};
}

}  // namespace

Answer<void> join_v4(const OptionTarget& target, Octets from) {
    return join(target, request_v4(target, from));
}
Answer<void> leave_v4(const OptionTarget& target, Octets from) {
    return leave(target, request_v4(target, from));
}
Answer<void> join_v6(const OptionTarget& target, Octets from) {
    return join(target, request_v6(target, from));
}
Answer<void> leave_v6(const OptionTarget& target, Octets from) {
    return leave(target, request_v6(target, from));
}

Answer<void> join_any_v4(const OptionTarget& target, Octets from) {
    return join(target, request_of_any(target, Family::inet, from));
}
Answer<void> leave_any_v4(const OptionTarget& target, Octets from) {
    return leave(target, request_of_any(target, Family::inet, from));
}
Answer<void> join_any_v6(const OptionTarget& target, Octets from) {
    return join(target, request_of_any(target, Family::inet6, from));
}
Answer<void> leave_any_v6(const OptionTarget& target, Octets from) {
    return leave(target, request_of_any(target, Family::inet6, from));
}

Answer<std::size_t> read_multicast_address(const OptionTarget& target, MutableOctets to) {
    std::array<std::byte, Ipv4::size> address{};
    target.socket.settings().multicast_interface.store(address, 0);
    return put_value(to, address);
}

/// An address, struct ip_mreq or struct ip_mreqn; 0.0.0.0 leaves it to the routes again.
Answer<void> write_multicast_address(const OptionTarget& target, Octets from) {
    constexpr std::size_t request_size = 8;
    if (from.size() < Ipv4::size) return bad_argument();
    const bool is_long = from.size() >= request_size;
    Request request;
    request.address = Ipv4::load(from, is_long ? Ipv4::size : 0);
    if (from.size() >= request_size + sizeof request.number) {
        request.number = int_in(from.subspan(request_size));
    }
    Settings& settings = target.socket.change_settings();
    if (request.number == 0 && request.address.is_any()) {
        settings.multicast_interface = request.address;
        settings.groups_v4.link.reset();
        return {};
    }
    const auto link = link_of(target, request);
    if (!link) return refuse(Error::address_not_available, Reason::address_not_local);
    const auto device = settings.device();
    if (device && *device != *link) return bad_argument();
    settings.multicast_interface = request.address;
    settings.groups_v4.link = *link;
    return {};
}

Answer<std::size_t> read_multicast_link(const OptionTarget& target, MutableOctets to) {
    const auto& link = target.socket.settings().groups_v6.link;
    return put_value(to, std::int32_t{link ? *link + 1 : 0});
}

Answer<void> write_multicast_link(const OptionTarget& target, Octets from) {
    if (!target.socket.is_datagram()) return refuse(Error::no_such_option, Reason::wrong_state);
    if (from.size() < sizeof(std::int32_t)) return bad_argument();
    const std::int32_t number = int_in(from);
    if (number == 0) {
        target.socket.change_settings().groups_v6.link.reset();
        return {};
    }
    const auto link = link_numbered(target, number);
    if (!link) return std::unexpected(link.error());
    const auto device = target.socket.settings().device();
    if (device && *device != *link) return bad_argument();
    target.socket.change_settings().groups_v6.link = *link;
    return {};
}

Answer<std::size_t> read_multicast_hops(const OptionTarget& target, MutableOctets to) {
    return put_value(to, target.socket.settings().groups_v6.ttl);
}

Answer<void> write_multicast_hops(const OptionTarget& target, Octets from) {
    constexpr std::int32_t unset = -1;
    constexpr std::int32_t most = 255;
    if (!target.socket.is_datagram()) return refuse(Error::no_such_option, Reason::wrong_state);
    const bool is_whole = from.size() >= sizeof(std::int32_t);
    if (!is_whole || int_in(from) < unset || int_in(from) > most) return bad_argument();
    const std::int32_t hops = int_in(from);
    target.socket.change_settings().groups_v6.ttl = hops == unset ? 1 : hops;
    return {};
}

event::Switch hears_all(const Socket& socket, Family of) {
    const Settings& settings = socket.settings();
    if (of == Family::inet6) return settings.groups_v6.all.value_or(event::Switch::on);
    const bool is_own_family = socket.family == Family::inet;
    return settings.groups_v4.all.value_or(is_own_family ? event::Switch::on : event::Switch::off);
}

Answer<std::size_t> read_multicast_all_v4(const OptionTarget& target, MutableOctets to) {
    const bool all = hears_all(target.socket, Family::inet) == event::Switch::on;
    return put_number(number::ipproto_ip, to, all ? 1 : 0);
}

/// An int or, as all of its level, a single octet.
Answer<void> write_multicast_all_v4(const OptionTarget& target, Octets from) {
    if (from.empty()) return bad_argument();
    const bool is_whole = from.size() >= sizeof(std::int32_t);
    const std::int32_t value = is_whole ? int_in(from) : static_cast<std::int32_t>(from[0]);
    if (value != 0 && value != 1) return bad_argument();
    target.socket.change_settings().groups_v4.all =
        value == 1 ? event::Switch::on : event::Switch::off;
    apply(target, Effect::endpoint);
    return {};
}

}  // namespace dt::sock
