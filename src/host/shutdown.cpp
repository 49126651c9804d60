// shutdown() by a program (spec 6.6): what it does to the stack's socket, and to the pair.
#include <sys/socket.h>

#include <cstddef>
#include <limits>

#include "host/switchboard.hpp"

namespace dt::host {
namespace {

int native(sock::How how) {
    switch (how) {
        case sock::How::read: return SHUT_RD;
        case sock::How::write: return SHUT_WR;
        case sock::How::both: return SHUT_RDWR;
    }
    return SHUT_RDWR;
}

/// Notes what was shut, so that a later end of the pair is known to be a close; then shuts it.
void shut_pair(Plug& plug, sock::How how, int theirs) {
    if (how != sock::How::write) plug.flags.set(PairFlag::read_shut);
    if (how != sock::How::read) plug.flags.set(PairFlag::write_shut);
    ::shutdown(theirs, native(how));
}

}  // namespace

/// An octet behind the program's last: unread in our queue it makes the kernel report ECONNRESET
/// where the connection breaks, and later none can be put there.
void Switchboard::put_spare(Plug& plug, int theirs) {
    if (plug.flags.has(PairFlag::write_shut)) return;
    // What the program may write no longer counts: the octet fits behind a full queue too.
    constexpr int most = std::numeric_limits<int>::max() / 2;  // the kernel takes its own limit
    ::setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &most, sizeof most);
    const std::byte octet{};
    if (::send(theirs, &octet, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) ++plug.filler;
}

Status Switchboard::shut_down(PlugHandle handle, Plug& plug, sock::How how, int theirs) {
    switch (plug.phase) {
        case Phase::fresh:
        case Phase::failed: return calls(plug).shutdown(plug.socket, how);
        case Phase::connecting: return shut_handshake(handle, plug, how);
        case Phase::listening: return shut_listener(handle, plug, how, theirs);
        case Phase::connected: return shut_stream(handle, plug, how, theirs);
        case Phase::datagram: break;
    }
    drain_datagrams(plug);
    const Status status = calls(plug).shutdown(plug.socket, how);
    shut_pair(plug, how, theirs);  // also where the call is refused (API-SHUT-001)
    return status;
}

/// The end follows what was written before: where the send queue has no room for that, pass_end()
/// sends it.
Status Switchboard::shut_stream(PlugHandle handle, Plug& plug, sock::How how, int theirs) {
    plug.flags.set(PairFlag::may_read);
    carry_stream(handle, plug);
    if (plug.phase != Phase::connected) return calls(plug).shutdown(plug.socket, how);
    const bool is_late = how != sock::How::read && waiting_in_pair(plug) > 0;
    if (!is_late || how == sock::How::both) {
        const sock::How now = is_late ? sock::How::read : how;
        const Status status = calls(plug).shutdown(plug.socket, now);
        if (!status) return status;
        if (now != sock::How::read) plug.flags.set(PairFlag::end_passed);
    }
    if (how != sock::How::read) put_spare(plug, theirs);
    shut_pair(plug, how, theirs);
    make_ready(handle, plug);
    return {};
}

/// Reading is what a listener does: without it the socket is as before listen() (API-LIST-027).
Status Switchboard::shut_listener(PlugHandle handle, Plug& plug, sock::How how, int theirs) {
    const Status status = calls(plug).shutdown(plug.socket, how);
    if (!status || how == sock::How::write) return status;
    plug.phase = Phase::fresh;
    drop_returned(plug);
    restore_room(theirs);
    discard_written(plug);
    take_back_doorbell(plug, theirs);
    if (!plug.parked.empty()) wake(handle);
    return status;
}

/// Ends the handshake, whatever it asks for (API-CONN-021, 028).
Status Switchboard::shut_handshake(PlugHandle handle, Plug& plug, sock::How how) {
    const Status status = calls(plug).shutdown(plug.socket, how);
    plug.flags.set(PairFlag::end_passed);
    if (!plug.parked.empty()) wake(handle);
    make_ready(handle, plug);
    return status;
}

}  // namespace dt::host
