// Stream octets in and out: in place and copying (spec 6.5).
#include "sock/table.hpp"

namespace dt::sock {
namespace {

using event::Reason;

/// Tells what `moved` names but for the connection's tuple.
void tell(const Turn& turn, const tcp::Engine& tcp, const Socket& socket, event::BytesMoved moved) {
    if (!turn.wants_rare()) return;
    moved.tuple = tcp.tuple(*socket.connection()).value_or(FourTuple{});
    turn.emit(moved);
}

event::BytesMoved to_program(SocketId id, event::Caller caller, std::size_t count) {
    event::BytesMoved moved;
    moved.socket = id.number();
    moved.caller = caller;
    moved.direction = event::Direction::to_program;
    moved.count = count;
    return moved;
}

event::BytesMoved from_program(SocketId id, event::Caller caller, std::size_t count) {
    event::BytesMoved moved = to_program(id, caller, count);
    moved.direction = event::Direction::from_program;
    return moved;
}

}  // namespace

/// What send() looks at before it takes octets, in the order of Linux: an opening that is not
/// over, then the pending error, then whether anything may be sent at all.
Answer<void> SocketTable::check_writable(Socket& socket) {
    const StreamFacts facts = stream_facts(socket);
    const bool refused = !facts.may_send() || facts.writing == Way::shut || facts.error;
    if (!refused) return {};
    if (facts.error) {
        if (const auto error = take_error(socket)) return std::unexpected(*error);
    }
    if (facts.is_opening()) return refuse(Error::would_block, Reason::would_wait);
    const bool ended = facts.reason != Reason::none && facts.is_closed();
    return refuse(Error::broken_pipe, ended ? Reason::peer_gone : Reason::wrong_state);
}

/// What recv() answers where nothing is unread; success means end of stream.
Answer<void> SocketTable::check_readable(Socket& socket, const StreamFacts& facts) {
    if (facts.end == StreamFacts::End::seen) return {};
    // A soft error (ICMP in ESTABLISHED) is for SO_ERROR alone (TCP-ICMP-009).
    if (facts.error) {
        if (const auto error = take_error(socket)) return std::unexpected(*error);
    }
    if (facts.reading == Way::shut) return {};
    if (facts.is_closed() || facts.is_listening()) {
        return refuse(Error::not_connected, Reason::wrong_state);
    }
    return refuse(Error::would_block, Reason::would_wait);
}

void SocketTable::tell_end(const Turn& turn, event::Caller caller, SocketId id, Socket& socket) {
    if (socket.marks.has(Mark::end_told) || socket.connection() == nullptr) return;
    socket.marks.set(Mark::end_told);
    event::BytesMoved moved = to_program(id, caller, 0);
    moved.end = event::BytesMoved::End::yes;
    tell(turn, core_.tcp(), socket, moved);
}

Answer<MutableOctets> SocketTable::writable(SocketId id, std::size_t wanted) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return refuse(Error::not_supported, Reason::wrong_state);
    if (auto allowed = check_writable(*socket); !allowed) {
        return std::unexpected(allowed.error());
    }
    const MutableOctets room = core_.tcp().writable(*socket->connection(), wanted);
    if (room.empty() && wanted > 0) return refuse(Error::would_block, Reason::would_wait);
    return room;
}

Answer<void> SocketTable::commit(const Turn& turn, event::Caller caller, SocketId id,
                                 std::size_t count) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->connection() == nullptr) return refuse(Error::broken_pipe, Reason::wrong_state);
    core_.tcp().commit(turn, *socket->connection(), count);
    tell(turn, core_.tcp(), *socket, from_program(id, caller, count));
    return {};
}

Answer<Octets> SocketTable::readable(const Turn& turn, event::Caller caller, SocketId id) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return refuse(Error::not_supported, Reason::wrong_state);
    // Who passes octets on takes the urgent one with the others. It is lost only where another is
    // told of while it is the next to be read, and SO_OOBINLINE is off (Linux).
    const tcp::ConnId* connection = socket->connection();
    const Octets held = connection == nullptr ? Octets{} : core_.tcp().readable(*connection);
    if (!held.empty()) return held;
    if (auto end = check_readable(*socket, stream_facts(*socket)); !end)
        return std::unexpected(end.error());
    tell_end(turn, caller, id, *socket);
    return Octets{};
}

Answer<void> SocketTable::consume(const Turn& turn, event::Caller caller, SocketId id,
                                  std::size_t count) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    const tcp::ConnId* connection = socket->connection();
    if (connection == nullptr || count > core_.tcp().held(*connection)) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    core_.tcp().consume(turn, *connection, count);
    tell(turn, core_.tcp(), *socket, to_program(id, caller, count));
    return {};
}

Answer<std::size_t> SocketTable::send(const Turn& turn, event::Caller caller, SocketId id,
                                      Octets from, tcp::WriteMark mark) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return send_datagram(turn, id, {from, std::nullopt, {}});
    if (socket->is_deferred()) return send_deferred(turn, caller, id, from);
    const tcp::ConnId* const connection = socket->connection();
    const bool is_plain = connection != nullptr && !socket->marks.has(Mark::write_shut) &&
                          core_.tcp().may_write(*connection);
    if (!is_plain) {
        if (auto allowed = check_writable(*socket); !allowed) {
            return std::unexpected(allowed.error());
        }
    }
    const std::size_t taken = core_.tcp().write(turn, *socket->connection(), from, mark);
    if (taken == 0 && !from.empty()) return refuse(Error::would_block, Reason::would_wait);
    if (taken == 0) return 0;
    tell(turn, core_.tcp(), *socket, from_program(id, caller, taken));
    return taken;
}

Answer<std::size_t> SocketTable::peek(SocketId id, MutableOctets to) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return refuse(Error::not_supported, Reason::not_offered);
    const StreamFacts facts = stream_facts(*socket);
    if (facts.unread > 0) return core_.tcp().peek(*socket->connection(), 0, to);
    if (auto end = check_readable(*socket, facts); !end) return std::unexpected(end.error());
    return 0;
}

/// recv(MSG_OOB), in the order of Linux (TCP-URG-004): what cannot be read, then a stream that has
/// ended, then an octet that is only announced.
Answer<std::optional<std::byte>> SocketTable::receive_urgent(const Turn& turn, event::Caller caller,
                                                             SocketId id, tcp::Engine::Take take) {
    const Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    const tcp::ConnId* connection = socket->connection();
    if (socket->is_datagram()) return refuse(Error::not_supported, Reason::not_offered);
    if (connection == nullptr) {
        const bool listens = socket->listener() != nullptr;
        return refuse(listens ? Error::not_connected : Error::invalid_argument,
                      Reason::wrong_state);
    }
    const auto value = core_.tcp().take_urgent(*connection, take);
    if (!value) {
        const bool waits = value.error() == Error::would_block;
        return refuse(value.error(), waits ? Reason::would_wait : Reason::bad_argument);
    }
    if (!*value) return std::nullopt;
    if (take == tcp::Engine::Take::away) {
        tell(turn, core_.tcp(), *socket, to_program(id, caller, 1));
    }
    return *value;
}

bool SocketTable::is_at_mark(SocketId id) const {
    const Socket* socket = find(id);
    if (socket == nullptr || socket->connection() == nullptr) return false;
    return core_.tcp().readiness(*socket->connection()).is_at_mark;
}

Answer<std::size_t> SocketTable::receive(const Turn& turn, event::Caller caller, SocketId id,
                                         MutableOctets to) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) {
        const auto received = receive_datagram(id, to);
        if (!received) return std::unexpected(received.error());
        return received->copied;
    }
    if (socket->is_deferred()) return refuse(Error::would_block, Reason::would_wait);
    const tcp::ConnId* const connection = socket->connection();
    if (connection != nullptr) {
        if (const auto count = core_.tcp().read(turn, *connection, to)) {
            if (*count > 0) tell(turn, core_.tcp(), *socket, to_program(id, caller, *count));
            return *count;
        }
    }
    if (auto end = check_readable(*socket, stream_facts(*socket)); !end) {
        const bool nothing_asked = to.empty() && end.error().error == Error::would_block;
        if (!nothing_asked) return std::unexpected(end.error());
        return 0;
    }
    if (!to.empty()) tell_end(turn, caller, id, *socket);
    return 0;
}

}  // namespace dt::sock
