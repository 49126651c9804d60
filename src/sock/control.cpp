// socket(), bind(), shutdown(), close(), getsockname(), getpeername() (spec 6.1, 6.2, 6.6).
#include <limits>
#include <utility>

#include "sock/numbers.hpp"
#include "sock/table.hpp"

namespace dt::sock {
namespace {

using event::Reason;

bool is_icmp(Family family, int protocol) {
    return protocol == (family == Family::inet ? number::ipproto_icmp : number::ipproto_icmpv6);
}

bool fits(Family family, Type type, int protocol) {
    switch (type) {
        case Type::stream: return protocol == 0 || protocol == number::ipproto_tcp;
        case Type::datagram:
            return protocol == 0 || protocol == number::ipproto_udp || is_icmp(family, protocol);
        case Type::raw: break;
    }
    return is_icmp(family, protocol);
}

event::Transport transport_of(Family family, Type type, int protocol) {
    if (type == Type::stream) return event::Transport::tcp;
    if (type == Type::raw) return event::Transport::raw;
    return is_icmp(family, protocol) ? event::Transport::icmp : event::Transport::udp;
}

std::uint32_t slot_count(const Config& config) {
    constexpr std::size_t most = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(config.sockets_max < most ? config.sockets_max : most);
}

/// Broadcast and multicast addresses may be bound but are no source (API-BIND-005).
bool is_to_many(IpAddr address) { return address.is_multicast() || address.is_broadcast(); }

}  // namespace

event::SocketNumber SocketId::number() const { return handle.word(); }

SocketTable::SocketTable(const Config& config, core::Core& core)
    : config_(config), core_(core), sockets_(slot_count(config)) {}

Answer<SocketId> SocketTable::open(event::Caller caller, Family family, Type type, int protocol) {
    if (family == Family::inet6 && config_.ipv6 == event::Switch::off) {
        return refuse(Error::family_not_supported, Reason::ipv6_off);
    }
    if (protocol < 0 || protocol >= number::ipproto_max) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    if (!fits(family, type, protocol))
        return refuse(Error::protocol_not_supported, Reason::not_offered);
    const auto handle = sockets_.insert();
    if (!handle) return refuse(Error::too_many_files, Reason::limit_reached);
    Socket& socket = *sockets_.get(*handle);
    socket.opened_by = caller;
    socket.family = family;
    socket.local.addr = socket.any_address();
    socket.ordinal = ++opened_;
    socket.transport = transport_of(family, type, protocol);
    if (type != Type::stream) socket.state = Datagram{};
    const bool is_of_icmp = type != Type::stream && socket.transport != event::Transport::udp;
    if (is_of_icmp) socket.change_settings().tcp.v6_only = family == Family::inet6;
    if (type == Type::raw) {  // it hears everything from now on
        open_endpoint(SocketId{*handle}, socket);
        core_.hear_messages();
    }
    return SocketId{*handle};
}

/// The order of the checks is Linux's: address, right to the port, state; for an AF_INET6 socket
/// the address is last (__inet_bind(), __inet6_bind()).
Answer<void> SocketTable::check_bindable(Socket& socket, const ZonedEndpoint& address) {
    if (auto fitting = check_family(socket, address.endpoint.addr); !fitting) {
        // A mapped address on a socket for IPv6 alone (API-BIND-032).
        const bool is_mapped = fitting.error().error == Error::network_unreachable;
        return is_mapped ? refuse(Error::invalid_argument, Reason::bad_argument) : fitting;
    }
    if (socket.family == Family::inet) {
        if (auto own = check_own_address(socket, address.endpoint.addr); !own) return own;
        return check_port(socket, address.endpoint.port);
    }
    const bool is_stream = !socket.is_datagram();
    if (is_stream && !address.endpoint.addr.is_v4() && address.endpoint.addr.is_multicast()) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    if (auto free = check_port(socket, address.endpoint.port); !free) return free;
    if (auto there = bind_to_zone(socket, address); !there) return there;
    return check_own_address(socket, address.endpoint.addr);
}

Answer<void> SocketTable::check_port(const Socket& socket, Port port) const {
    const bool has_ports =
        socket.transport == event::Transport::tcp || socket.transport == event::Transport::udp;
    if (has_ports && !port.is_any() && port.value() < config_.unprivileged_port_start) {
        return refuse(Error::access_denied, Reason::port_privileged);
    }
    const bool closed = socket.is_datagram() || stream_facts(socket).is_closed();
    if (!closed || socket.port_hold != PortHold::none) {
        return refuse(Error::invalid_argument, Reason::wrong_state);
    }
    return {};
}

/// IPv4 addresses, mapped ones too, are for IPv4 sockets and for IPv6 sockets that take both.
Answer<void> SocketTable::check_family(const Socket& socket, IpAddr address) {
    const bool is_v6_socket = socket.family == Family::inet6;
    if (!address.is_v4() && !is_v6_socket) {
        return refuse(Error::family_not_supported, Reason::bad_argument);
    }
    if (address.is_v4() && is_v6_socket && socket.settings().tcp.v6_only) {
        return refuse(Error::network_unreachable, Reason::no_route);
    }
    return {};
}

Answer<void> SocketTable::check_own_address(const Socket& socket, IpAddr address) const {
    const bool allowed = address.is_any() || is_to_many(address) || is_own(socket, address) ||
                         core_.ip().is_broadcast(address) ||
                         socket.settings().free_bind == event::Switch::on;
    if (!allowed) return refuse(Error::address_not_available, Reason::address_not_local);
    return {};
}

Answer<void> SocketTable::claim_port(SocketId id, Socket& socket, Endpoint wanted, bool listening) {
    core::Claim claim;
    claim.transport = socket.transport;
    claim.local = wanted;
    claim.owner = id.number();
    claim.reuse_address = socket.settings().tcp.reuse_address;
    claim.reuse_port = socket.settings().tcp.reuse_port;
    claim.listening = listening;
    claim.v6_only = socket.settings().tcp.v6_only;
    claim.link = socket.settings().device();
    const auto bound = core_.ports().bind(config_, core_.tcp(), claim);
    if (!bound) return refuse(bound.error().error, bound.error().reason);
    socket.local = *bound;
    socket.port_hold = wanted.port.is_any() ? PortHold::automatic : PortHold::fixed;
    return {};
}

void SocketTable::release_port(SocketId id, Socket& socket) {
    if (socket.port_hold == PortHold::none) return;
    core_.ports().release(id.number(), socket.transport);
    socket.port_hold = PortHold::none;
}

Answer<void> SocketTable::bind(SocketId id, const ZonedEndpoint& named) {
    const Endpoint& address = named.endpoint;
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (auto bindable = check_bindable(*socket, named); !bindable) return bindable;
    if (socket->transport == event::Transport::raw) {
        socket->local.addr = address.addr;
        core_.icmp().rebind(*std::get<Datagram>(socket->state).id, socket->local);
        return {};
    }
    const bool later =
        address.port.is_any() && socket->settings().bind_address_no_port == event::Switch::on;
    if (later) {
        socket->local = address;
    } else if (auto claimed = claim_port(id, *socket, address, false); !claimed) {
        return claimed;
    }
    if (!address.addr.is_any()) socket->marks.set(Mark::address_fixed);
    if (std::holds_alternative<Fresh>(socket->state)) socket->state = Bound{};
    if (socket->is_datagram() && !later) open_endpoint(id, *socket);
    return {};
}

void SocketTable::become_unconnected(SocketId id, Socket& socket, Failed failed) {
    if (!socket.marks.has(Mark::address_fixed)) socket.local.addr = socket.any_address();
    if (socket.port_hold == PortHold::automatic) release_port(id, socket);
    socket.marks.clear(Mark::read_shut);
    socket.marks.clear(Mark::write_shut);
    socket.marks.clear(Mark::end_told);
    socket.phase = Phase::unconnected;
    socket.state = failed;
}

Answer<void> SocketTable::shutdown(const Turn& turn, SocketId id, How how) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    mark_edge(id);
    const bool reading = how != How::write;
    const bool writing = how != How::read;
    const StreamFacts facts = stream_facts(*socket);
    if (facts.is_listening() && !reading) return {};
    if (facts.is_listening() || facts.state == event::State::syn_sent) {
        return disconnect(turn, id);
    }
    if (socket->phase == Phase::connecting) {
        socket->phase =
            facts.is_closed() || facts.is_opening() ? Phase::disconnecting : Phase::connected;
    }
    if (reading) socket->marks.set(Mark::read_shut);
    if (writing) socket->marks.set(Mark::write_shut);
    if (socket->is_datagram()) {
        if (socket->remote) return {};
        return refuse(Error::not_connected, Reason::wrong_state);
    }
    // The marks stay although the call is refused (API-SHUT-001).
    if (facts.is_closed()) return refuse(Error::not_connected, Reason::wrong_state);
    const tcp::ConnId connection = *socket->connection();
    if (writing) core_.tcp().shutdown_write(turn, connection);
    if (reading) core_.tcp().shutdown_read(turn, connection);
    return {};
}

namespace {

tcp::CloseKind kind_of_close(const StreamFacts& facts, const Linger& linger, Unread unread) {
    if (facts.unread > 0 || unread == Unread::some) return tcp::CloseKind::unread;
    if (linger.mode == Linger::Mode::on && linger.seconds == 0) return tcp::CloseKind::abort;
    return tcp::CloseKind::orderly;
}

}  // namespace

Answer<void> SocketTable::close(const Turn& turn, SocketId id, Unread unread) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (const tcp::ConnId* connection = socket->connection()) {
        const StreamFacts facts = stream_facts(*socket);
        core_.tcp().close(turn, *connection,
                          kind_of_close(facts, socket->settings().linger, unread));
    } else if (const tcp::ListenerId* listener = socket->listener()) {
        core_.tcp().close_listener(turn, *listener);
    } else if (const auto* datagram = std::get_if<Datagram>(&socket->state)) {
        if (datagram->id) carrier(*socket).close(*datagram->id);
        if (socket->transport == event::Transport::raw) core_.hear_messages();
    }
    for (const Membership& each : socket->settings().memberships) {
        core_.ip().leave(turn, each.link, each.group);
    }
    release_port(id, *socket);
    sockets_.erase(id.handle);
    return {};
}

Answer<Endpoint> SocketTable::local_name(SocketId id) const {
    const Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    return socket->local;
}

Answer<Endpoint> SocketTable::peer_name(SocketId id) const {
    const Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) {
        if (socket->remote) return *socket->remote;
    } else if (const tcp::ConnId* connection = socket->connection()) {
        const StreamFacts facts = stream_facts(*socket);
        const bool named = !facts.is_closed() && facts.state != event::State::syn_sent;
        const auto tuple = core_.tcp().tuple(*connection);
        if (named && tuple) return tuple->remote;
    }
    return refuse(Error::not_connected, Reason::wrong_state);
}

}  // namespace dt::sock
