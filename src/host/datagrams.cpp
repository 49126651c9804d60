// Datagrams between pairs and stacks. The pair keeps their limits; whom each came from is kept
// here, and the kernel's charge for what is unread says which of them the program still has before
// it.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cerrno>

#include "base/errno.hpp"
#include "host/switchboard.hpp"

namespace dt::host {
namespace {

constexpr int datagrams_at_once = 64;
/// Those that a full pair holds, and more: whatever was sent before a call is taken before it, and
/// a program that never stops sending does not keep us.
constexpr int drained_at_once = 1024;

std::uint32_t charged(int ours) {
    int octets = 0;
    return ::ioctl(ours, SIOCOUTQ, &octets) == 0 ? static_cast<std::uint32_t>(octets) : 0;
}

}  // namespace

void Switchboard::carry_datagrams(PlugHandle handle, Plug& plug) {
    take_datagrams(plug);
    const bool is_drained = !plug.flags.has(PairFlag::may_read);
    if (is_drained && is_closed_by_program(plug)) return close_datagram(handle, plug);
    deliver_datagrams(plug);
    if (!is_drained) make_ready(handle, plug);
    if (plug.held_from) {
        if (!plug.flags.has(PairFlag::may_write)) want_room(handle, plug);
    } else if (calls(plug).poll(plug.socket).has(sock::PollMask::in)) {
        make_ready(handle, plug);  // more than one visit delivers
    }
    if (!plug.parked.empty()) wake(handle);
}

void Switchboard::drain_datagrams(Plug& plug) {
    plug.flags.set(PairFlag::may_read);
    take_datagrams(plug);
}

void Switchboard::take_datagrams(Plug& plug) {
    for (int i = 0; i < drained_at_once && plug.flags.has(PairFlag::may_read); ++i) {
        const auto length = take_datagram(plug.ours.get(), scratch_);
        if (!length) return plug.flags.clear(PairFlag::may_read);
        (void)calls(plug).send_to(plug.socket, Octets(scratch_).first(*length), std::nullopt);
    }
}

void Switchboard::settle_in_pair(Plug& plug) {
    if (plug.in_pair.empty()) return;
    std::uint32_t unread = charged(plug.ours.get());
    std::size_t kept = 0;
    for (auto it = plug.in_pair.rbegin(); it != plug.in_pair.rend() && it->charge <= unread; ++it) {
        unread -= it->charge;
        ++kept;
    }
    while (plug.in_pair.size() > kept) plug.in_pair.pop_front();
}

bool Switchboard::push_datagram(Plug& plug, Octets text, const Origin& origin) {
    settle_in_pair(plug);
    const std::uint32_t before = charged(plug.ours.get());
    const ssize_t n =
        ::send(plug.ours.get(), text.data(), text.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0) return errno != EAGAIN;  // nobody reads any more: taken and lost
    const std::uint32_t after = charged(plug.ours.get());
    // A program that read in between makes the difference too small; then the sender of this one
    // is found by its place alone.
    plug.in_pair.push_back({origin, after > before ? after - before : 0});
    return true;
}

void Switchboard::deliver_datagrams(Plug& plug) {
    if (plug.held_from) {
        if (!push_datagram(plug, plug.held_back, *plug.held_from)) return;
        plug.held_from.reset();
        plug.held_back.clear();
    }
    auto program = calls(plug);
    for (int i = 0; i < datagrams_at_once; ++i) {
        if (!program.poll(plug.socket).has(sock::PollMask::in)) return;
        const auto received = program.receive_from(plug.socket, scratch_);
        if (!received) {
            if (received.error() == Error::would_block) return;
            plug.pending_error = base::errno_of(received.error());  // it came before a datagram
            continue;
        }
        const auto text = Octets(scratch_).first(received->copied);
        const bool from_us = plug.name_server && received->from == name_service;
        const Origin origin{from_us ? *plug.name_server : received->from, received->to,
                            received->arrival, received->segment};
        if (push_datagram(plug, text, origin)) continue;
        plug.held_back.assign(text.begin(), text.end());
        plug.held_from = origin;
        plug.flags.clear(PairFlag::may_write);
        return;
    }
}

void Switchboard::close_datagram(PlugHandle handle, Plug& plug) {
    (void)calls(plug).close(plug.socket, sock::Unread::none);
    unplug(handle);
}

}  // namespace dt::host
