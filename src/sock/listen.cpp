// listen() and accept() (spec 6.3).
#include <algorithm>
#include <utility>

#include "sock/table.hpp"

namespace dt::sock {

using event::Reason;

Answer<void> SocketTable::listen(const Turn& turn, SocketId id, int backlog) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return refuse(Error::not_supported, Reason::wrong_state);
    // A negative backlog is a large one (API-LIST-007).
    const std::uint32_t limit = std::min(static_cast<std::uint32_t>(backlog), config_.somaxconn);
    if (auto* listening = std::get_if<Listening>(&socket->state)) {
        listening->backlog = limit;
        core_.tcp().set_backlog(turn, listening->id, limit);
        return {};
    }
    if (socket->phase != Phase::unconnected || !stream_facts(*socket).is_closed()) {
        return refuse(Error::invalid_argument, Reason::wrong_state);
    }
    if (!may_listen_on_device(*socket)) {
        return refuse(Error::not_permitted, Reason::not_offered);
    }
    return listen_first(turn, id, *socket, limit);
}

Answer<void> SocketTable::listen_first(const Turn& turn, SocketId id, Socket& socket,
                                       std::uint32_t backlog) {
    if (socket.port_hold == PortHold::none) {
        const Endpoint wanted{socket.local.addr, Port::any()};
        if (auto claimed = claim_port(id, socket, wanted, false); !claimed) return claimed;
    }
    if (auto admitted = core_.ports().listen(id.number(), socket.transport); !admitted) {
        return refuse(admitted.error().error, admitted.error().reason);
    }
    auto listener = core_.tcp().listen(turn, socket.local, backlog, socket.settings().tcp);
    if (!listener) {
        core_.ports().stop_listening(id.number(), socket.transport);
        return refuse(listener.error(), Reason::limit_reached);
    }
    socket.state = Listening{*listener, backlog};
    socket.marks.clear(Mark::read_shut);
    socket.marks.clear(Mark::write_shut);
    own(*listener, id);
    mark_edge(id);
    return {};
}

Answer<Accepted> SocketTable::accept(const Turn& turn, event::Caller caller, SocketId id) {
    const Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return refuse(Error::not_supported, Reason::wrong_state);
    const tcp::ListenerId* listener = socket->listener();
    if (listener == nullptr) return refuse(Error::invalid_argument, Reason::wrong_state);
    if (core_.tcp().accept_queue_length(*listener) == 0) {
        return refuse(Error::would_block, Reason::would_wait);
    }
    const auto handle = sockets_.insert();  // where there is no room the connection stays queued
    if (!handle) return refuse(Error::too_many_files, Reason::limit_reached);
    auto connection = core_.tcp().accept(turn, *listener);
    if (!connection) {
        sockets_.erase(*handle);
        return refuse(connection.error(), Reason::would_wait);
    }
    const FourTuple tuple = core_.tcp().tuple(*connection).value_or(FourTuple{});
    Socket& made = *sockets_.get(*handle);
    made.state = Stream{*connection};
    made.phase = Phase::connected;
    made.local = tuple.local;
    made.family = socket->family;
    made.opened_by = caller;
    made.ordinal = ++opened_;
    made.own = socket->own;
    keep_to_zone_of(made, tuple);
    own(*connection, SocketId{*handle});
    mark_edge(SocketId{*handle});
    return Accepted{SocketId{*handle}, tuple.remote};
}

}  // namespace dt::sock
