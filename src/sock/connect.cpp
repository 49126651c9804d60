// connect() in its sequence of answers, and connect(AF_UNSPEC) (spec 6.4).
#include <utility>

#include "sock/table.hpp"

namespace dt::sock {

using event::Reason;

Answer<void> SocketTable::connect(const Turn& turn, event::Caller caller, SocketId id,
                                  const ZonedEndpoint& remote) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return connect_datagram(id, *socket, remote);
    settle(turn, id, *socket);
    switch (socket->phase) {
        case Phase::unconnected:
            socket->connect_by = caller;
            if (socket->remote) return refuse(Error::is_connected, Reason::wrong_state);
            if (may_defer(turn, *socket, remote.endpoint)) {
                const auto fitting = check_family(*socket, remote.endpoint.addr);
                if (!fitting) return fitting;
                if (auto zoned = connect_to_zone(*socket, remote); !zoned) return zoned;
                socket->remote = std::make_unique<Endpoint>(remote.endpoint);
                mark_edge(id);
                return {};
            }
            return begin_connect(turn, id, *socket, remote,
                                 socket->settings().fast_open_connect == event::Switch::on
                                     ? tcp::FastOpenUse::yes
                                     : tcp::FastOpenUse::no);
        case Phase::connecting: return continue_connect(turn, id, *socket);
        case Phase::connected: return refuse(Error::is_connected, Reason::wrong_state);
        case Phase::disconnecting: return refuse(Error::invalid_argument, Reason::wrong_state);
    }
    std::unreachable();
}

Answer<core::Core::Chosen> SocketTable::choose_path(const Socket& socket, IpAddr destination,
                                                    const SendAs& as) const {
    const auto by = choose_link(socket, destination, as);
    if (!by) return std::unexpected(by.error());
    std::optional<IpAddr> bound;
    if (as.source && !as.source->is_any()) {
        if (!core_.is_local(*as.source)) {
            const bool is_strange_v4 = as.source->is_v4() && as.source->is_unicast();
            return refuse(is_strange_v4 ? Error::network_unreachable : Error::invalid_argument,
                          Reason::address_not_local);
        }
        bound = as.source;
    } else if (socket.local.addr.is_unicast() && !core_.ip().is_broadcast(socket.local.addr)) {
        bound = socket.local.addr;
    }
    if (bound && bound->family() != destination.family()) {
        return refuse(Error::network_unreachable, Reason::no_route);
    }
    auto chosen = core_.choose_path(destination, bound, *by);
    if (chosen) return *chosen;
    const bool routed = chosen.error() != Error::network_unreachable;
    return refuse(chosen.error(), routed ? Reason::bad_argument : Reason::no_route);
}

/// The segments of a connection go by the routes alone: one that is to keep to a device is made
/// only where they lead there.
bool SocketTable::leads_to_device(const Socket& socket, const core::Core::Chosen& chosen) const {
    const auto device = socket.settings().device();
    if (!device) return true;
    const auto path = core_.ip().path(chosen.destination, chosen.source);
    // An own address is reached by lo, whichever link it is on.
    return path && (path->interface == *device || path->interface == ip::loopback_interface);
}

Answer<FourTuple> SocketTable::choose_tuple(const Turn& turn, Socket& socket,
                                            const core::Core::Chosen& chosen,
                                            Endpoint remote) const {
    FourTuple tuple{{chosen.source, socket.local.port}, {chosen.destination, remote.port}};
    if (socket.port_hold == PortHold::none) {
        const auto port =
            core_.ports().choose(turn, core_.tcp(), chosen.source, tuple.remote, socket.transport);
        if (!port) return refuse(port.error().error, port.error().reason);
        tuple.local.port = *port;
        return tuple;
    }
    if (core_.tcp().may_connect(turn, tuple)) return tuple;
    switch (core_.tcp().holder(tuple)) {
        case tcp::Engine::Holder::none: return tuple;
        case tcp::Engine::Holder::connection:
        case tcp::Engine::Holder::half_open:
            return refuse(Error::address_not_available, Reason::tuple_taken);
        case tcp::Engine::Holder::time_wait:
            return refuse(Error::address_not_available, Reason::port_in_time_wait);
    }
    std::unreachable();
}

Answer<void> SocketTable::begin_connect(const Turn& turn, SocketId id, Socket& socket,
                                        const ZonedEndpoint& to, tcp::FastOpenUse use) {
    const Endpoint& remote = to.endpoint;
    if (!stream_facts(socket).is_closed()) {
        return refuse(Error::is_connected, Reason::wrong_state);
    }
    if (auto fitting = check_family(socket, remote.addr); !fitting) return fitting;
    if (remote.addr.is_multicast() || core_.ip().is_broadcast(remote.addr)) {
        return refuse(Error::network_unreachable, Reason::no_route);
    }
    if (auto zoned = connect_to_zone(socket, to); !zoned) return zoned;
    auto chosen = choose_path(socket, remote.addr);
    if (!chosen) return refuse(chosen.error().error, chosen.error().reason);
    if (!leads_to_device(socket, *chosen)) {
        return refuse(Error::network_unreachable, Reason::no_route);
    }
    auto tuple = choose_tuple(turn, socket, *chosen, remote);
    if (!tuple) return refuse(tuple.error().error, tuple.error().reason);
    forget_notice(id, socket);
    tcp::Path path = chosen->path;
    path.tos = socket.settings().tcp.tos;
    path.ttl = socket.settings().tcp.ttl;
    tcp::Options options = socket.settings().tcp;
    options.fast_open = use;
    auto connection = core_.tcp().connect(turn, *tuple, path, options);
    if (!connection) return refuse(connection.error(), Reason::limit_reached);
    socket.local = tuple->local;
    socket.state = Stream{*connection};
    socket.phase = Phase::connecting;
    socket.marks.clear(Mark::end_told);
    socket.marks.clear(Mark::result_told);
    own(*connection, id);
    mark_edge(id);
    return refuse(Error::in_progress, Reason::none);
}

/// connect() again: still under way, done, or failed; a failure is told once and the socket is
/// free for another try (API-CONN-003…006).
Answer<void> SocketTable::continue_connect(const Turn& turn, SocketId id, Socket& socket) {
    const StreamFacts facts = stream_facts(socket);
    if (facts.is_opening()) return refuse(Error::already_in_progress, Reason::would_wait);
    if (!facts.is_closed()) {
        socket.phase = Phase::connected;
        return {};
    }
    const auto error = take_error(socket);
    if (const tcp::ConnId* connection = socket.connection()) {
        keep_refusal(id, socket);
        core_.tcp().close(turn, *connection, tcp::CloseKind::orderly);
    }
    become_unconnected(id, socket, Failed{});
    mark_edge(id);
    if (error) return refuse(error->error, error->reason);
    return refuse(Error::connection_aborted, Reason::wrong_state);
}

Answer<void> SocketTable::disconnect(const Turn& turn, SocketId id) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    mark_edge(id);
    socket->remote.reset();
    if (socket->is_datagram()) {
        disconnect_datagram(id, *socket);
        return {};
    }
    const StreamFacts facts = stream_facts(*socket);
    Failed left{facts.error, facts.reason};
    if (const tcp::ConnId* connection = socket->connection()) {
        if (!facts.is_closed()) {
            left = {Error::connection_reset, Reason::aborted_by_program};
        }
        core_.tcp().close(turn, *connection, tcp::CloseKind::abort);
    } else if (const tcp::ListenerId* listener = socket->listener()) {
        core_.ports().stop_listening(id.number(), socket->transport);
        core_.tcp().close_listener(turn, *listener);
    }
    become_unconnected(id, *socket, left);
    return {};
}

}  // namespace dt::sock
