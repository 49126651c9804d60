// Fast Open for programs (RFC 7413 §4.2.1, answers of Linux): sendto(MSG_FASTOPEN), and connect()
// that waits for the first text (TCP_FASTOPEN_CONNECT).
#include <utility>

#include "sock/table.hpp"

namespace dt::sock {

using event::Reason;

/// With a cookie there is a SYN that can carry text: connect() succeeds at once and waits for it.
bool SocketTable::may_defer(const Turn& turn, const Socket& socket, Endpoint remote) const {
    if (socket.settings().fast_open_connect == event::Switch::off) return false;
    if (!remote.addr.is_unicast()) return false;
    return socket.settings().tcp.fast_open_no_cookie ||
           core_.tcp().may_open_with_text(turn, remote.addr);
}

Answer<std::size_t> SocketTable::send_opening(const Turn& turn, event::Caller caller, SocketId id,
                                              Endpoint remote, Octets from) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (socket->is_datagram()) return refuse(Error::not_supported, Reason::not_offered);
    if ((turn.config().fast_open & event::fast_open_client) == 0) {
        return refuse(Error::not_supported, Reason::not_offered);
    }
    settle(turn, id, *socket);
    if (socket->phase != Phase::unconnected) {
        if (auto made = connect(turn, caller, id, remote); !made) {
            return std::unexpected(made.error());
        }
        return send(turn, caller, id, from);
    }
    socket->connect_by = caller;
    socket->remote.reset();
    const auto begun = begin_connect(turn, id, *socket, remote, tcp::FastOpenUse::yes);
    if (begun.error().error != Error::in_progress) return std::unexpected(begun.error());
    const std::size_t taken = core_.tcp().write_early(turn, *socket->connection(), from);
    if (taken == 0) return std::unexpected(begun.error());
    return taken;
}

Answer<std::size_t> SocketTable::send_deferred(const Turn& turn, event::Caller caller, SocketId id,
                                               Octets from) {
    const Endpoint remote = *find(id)->remote;
    return send_opening(turn, caller, id, remote, from);
}

}  // namespace dt::sock
