// What a pair shows while its socket is no stream yet: filler during a handshake, doorbells of a
// listener, and how a connection breaks.
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "host/switchboard.hpp"

namespace dt::host {

void Switchboard::look_at_handshake(PlugHandle handle, Plug& plug) {
    // A blocking connect() that waits takes the result itself.
    if (!plug.parked.empty()) return;
    const sock::PollMask mask = calls(plug).poll(plug.socket);
    if (mask.has(sock::PollMask::err) || mask.has(sock::PollMask::hup)) {
        break_pair(handle, plug);
    } else if (mask.has(sock::PollMask::out)) {
        become_connected(handle, plug);
    }
}

void Switchboard::begin_waiting(Plug& plug, int theirs) {
    plug.phase = Phase::connecting;
    plug.filler += fill(theirs);
}

void Switchboard::become_connected(PlugHandle handle, Plug& plug) {
    plug.phase = Phase::connected;
    plug.flags.set(PairFlag::may_read);
    drop_filler(plug);
    make_ready(handle, plug);
}

void Switchboard::drop_filler(Plug& plug) {
    if (plug.filler == 0) return;
    if (const auto theirs = borrow_end(plug)) restore_room(theirs->fd.get());
    while (plug.filler > 0) {
        const std::size_t wanted = std::min<std::size_t>(plug.filler, scratch_.size());
        const ssize_t n = ::read(plug.ours.get(), scratch_.data(), wanted);
        if (n <= 0) break;
        plug.filler -= static_cast<std::uint32_t>(n);
    }
    plug.filler = 0;
}

void Switchboard::discard_written(Plug& plug) {
    // More than a pair holds: a program that never stops writing does not keep us.
    constexpr int reads = 64;
    for (int i = 0; i < reads; ++i) {
        if (::read(plug.ours.get(), scratch_.data(), scratch_.size()) <= 0) break;
    }
    plug.filler = 0;
}

void Switchboard::begin_listening(Plug& plug, int theirs) {
    if (plug.phase == Phase::listening) return;
    plug.phase = Phase::listening;
    plug.filler += fill(theirs);  // an idle listener has nothing to read and no room to write
}

std::uint64_t Switchboard::waiting_connections(const Plug& plug) {
    return calls(plug).unread(plug.socket) + plug.returned.size();
}

void Switchboard::ring(Plug& plug) {
    const std::uint64_t waiting = waiting_connections(plug);
    while (plug.doorbells < waiting) {
        const std::byte octet{};
        if (::send(plug.ours.get(), &octet, 1, MSG_DONTWAIT | MSG_NOSIGNAL) == 1) {
            ++plug.doorbells;
            continue;
        }
        return;  // a full pair rings enough
    }
}

void Switchboard::take_back_doorbell(Plug& plug, int theirs) {
    while (plug.doorbells > waiting_connections(plug)) {
        std::byte octet{};
        --plug.doorbells;
        if (::recv(theirs, &octet, 1, MSG_DONTWAIT) != 1) return;
    }
}

void Switchboard::break_pair(PlugHandle handle, Plug& plug) {
    if (plug.phase == Phase::failed) return;
    // An octet unread in our queue makes the kernel report ECONNRESET when we close.
    if (const auto theirs = borrow_end(plug)) {
        const std::byte octet{};
        ::send(theirs->fd.get(), &octet, 1, MSG_DONTWAIT | MSG_NOSIGNAL);
    }
    // Where the writing side was shut there is one already (put_spare()).
    int unread = 0;
    const bool shows = ::ioctl(plug.ours.get(), FIONREAD, &unread) == 0 && unread > 0;
    if (!shows) plug.flags.set(PairFlag::broke_silently);
    close_pair(handle, plug);
}

void Switchboard::end_pair(PlugHandle handle, Plug& plug) {
    discard_written(plug);  // what is unread would make the kernel report ECONNRESET
    close_pair(handle, plug);
}

void Switchboard::close_pair(PlugHandle handle, Plug& plug) {
    plug.ours.reset();
    plug.phase = Phase::failed;
    ++failed_;
    if (!plug.parked.empty()) wake(handle);
}

}  // namespace dt::host
