// Carrying octets between pairs and stacks: the kernel copies from the program straight into the
// send queue's blocks and from the receive queue's blocks straight to the program.
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errno.hpp"
#include "host/switchboard.hpp"

namespace dt::host {
namespace {

constexpr std::size_t octets_at_once = 65536;
constexpr int turns_at_once = 16;  // of one socket before others come: 1 MiB

/// Whether octets with MSG_MORE are in the pair, or before those that are.
bool has_marked(const Plug& plug) {
    return plug.more_until > plug.taken || plug.flags.has(PairFlag::holds_more);
}

/// read() of what the program wrote: 0 at its end, which is before the spare octet of a pair whose
/// writing side was shut.
ssize_t read_written(const Plug& plug, MutableOctets to) {
    if (plug.filler == 0) return ::read(plug.ours.get(), to.data(), to.size());
    const std::size_t left = Switchboard::waiting_in_pair(plug);
    if (left == 0) return 0;
    return ::read(plug.ours.get(), to.data(), std::min(to.size(), left));
}

}  // namespace

std::size_t Switchboard::waiting_in_pair(const Plug& plug) {
    int octets = 0;
    if (!plug.ours.is_open() || ::ioctl(plug.ours.get(), FIONREAD, &octets) != 0) return 0;
    const auto all = static_cast<std::uint32_t>(std::max(octets, 0));
    return all - std::min(all, plug.filler);
}

void Switchboard::carry_one(PlugHandle handle) {
    Plug* plug = plugs_.get(handle);
    if (plug == nullptr) return;
    plug->in_ready_list = Plug::Waiting::no;
    if (plug->phase == Phase::connecting) look_at_handshake(handle, *plug);
    switch (plug->phase) {
        case Phase::fresh:
        case Phase::connecting:
        case Phase::listening:
            if (is_left_alone(handle, *plug)) return close_stream(handle, *plug);
            if (plug->phase == Phase::listening) ring(*plug);
            return;
        case Phase::connected: return carry_stream(handle, *plug);
        case Phase::datagram: return carry_datagrams(handle, *plug);
        case Phase::failed: return;
    }
}

bool Switchboard::is_closed_by_program(Plug& plug) {
    if (plug.flags.has(PairFlag::program_ended)) refresh(plug);
    return plug.flags.has(PairFlag::program_gone);
}

/// Whether the last close has come and no call waits any more: one that does holds the socket, as
/// an open file is held by a call on it (API-LIST-029).
bool Switchboard::is_left_alone(PlugHandle handle, Plug& plug) {
    if (!is_closed_by_program(plug)) return false;
    if (plug.parked.empty()) return true;
    wake(handle);  // those whose thread was ended wait no more
    return false;
}

/// An error, and nothing more will come or go; with IP_RECVERR a connection outlives others.
bool Switchboard::is_broken(const Plug& plug) {
    const sock::PollMask mask = calls(plug).poll(plug.socket);
    return mask.has(sock::PollMask::err) && mask.has(sock::PollMask::hup);
}

/// The connection goes on after `error` (IP_RECVERR). A pair can tell none and live: SO_ERROR does.
bool Switchboard::outlives(Plug& plug, Error error) {
    if (calls(plug).poll(plug.socket).has(sock::PollMask::hup)) return false;
    plug.live_error = base::errno_of(error);
    return true;
}

void Switchboard::carry_stream(PlugHandle handle, Plug& plug) {
    // A reset behind the peer's end is told by what is written next, not by a read (DEC-14).
    const bool has_ended = plug.flags.has(PairFlag::we_ended);
    if (has_ended && is_broken(plug)) {
        if (is_closed_by_program(plug)) return close_stream(handle, plug);
        return end_pair(handle, plug);
    }
    if (is_closed_by_program(plug) && is_reset_by_close(plug)) return reset_stream(handle, plug);
    if (!plug.flags.has(PairFlag::may_write)) stop_writer_of_broken(plug);
    // To the program first: what arrived may be what it waits for.
    const Progress to = carry_to_program(handle, plug);
    if (plug.phase != Phase::connected) return;
    const Progress from = carry_from_program(handle, plug);
    Plug* still = plugs_.get(handle);
    const bool moved = to == Progress::some || from == Progress::some;
    if (still != nullptr && moved) make_ready(handle, *still);
}

/// What was written before the close goes out as far as the windows let it: on Linux it has left
/// before the close is called. The rest is lost then, so it does not wait for room.
void Switchboard::reset_stream(PlugHandle handle, Plug& plug) {
    plug.flags.set(PairFlag::may_read);
    (void)carry_from_program(handle, plug);  // closes where it comes to the end
    if (Plug* still = plugs_.get(handle)) close_stream(handle, *still);
}

/// A connection that broke while octets wait for the program to read: those come before the error,
/// but a program that only writes must not wait for ever.
void Switchboard::stop_writer_of_broken(Plug& plug) {
    if (plug.flags.has(PairFlag::write_shut)) return;
    if (!is_broken(plug)) return;
    if (const auto theirs = borrow_end(plug)) put_spare(plug, theirs->fd.get());
    plug.flags.set(PairFlag::write_shut);  // so that this end is not taken for its close
    ::shutdown(plug.ours.get(), SHUT_RD);
}

/// Passes what the stack received on to the pair; `none` once nothing is left or nothing fits.
Switchboard::Progress Switchboard::carry_to_program(PlugHandle handle, Plug& plug) {
    for (int i = 0; i < turns_at_once; ++i) {
        if (carry_piece(handle, plug) == Progress::none) return Progress::none;
    }
    return Progress::some;
}

Switchboard::Progress Switchboard::carry_piece(PlugHandle handle, Plug& plug) {
    if (!plug.flags.has(PairFlag::may_write)) return Progress::none;
    if (plug.flags.has(PairFlag::we_ended)) return Progress::none;
    auto program = calls(plug);
    const auto octets = program.readable(plug.socket);
    if (!octets && octets.error() == Error::would_block) return Progress::none;
    if (!octets && outlives(plug, octets.error())) return Progress::none;
    if (!octets) plug.pending_error = base::errno_of(octets.error());
    if (!octets || octets->empty()) {
        end_to_program(handle, plug);
        return Progress::none;
    }
    const Arrived piece = next_arrived(plug, *octets);
    const ssize_t n = give(plug, piece);
    if (n < 0 && errno == EPIPE) {
        // shutdown(SHUT_RD): what comes is taken and lost. A close is passed on by itself.
        if (plug.flags.has(PairFlag::program_ended)) return Progress::none;
        (void)program.consume(plug.socket, piece.text.size());
        return Progress::some;
    }
    const std::size_t taken = n > 0 ? static_cast<std::size_t>(n) : 0;
    if (taken > 0) (void)program.consume(plug.socket, taken);
    if (taken == piece.text.size()) return Progress::some;
    want_room(handle, plug);
    return Progress::none;
}

/// The stack has nothing more for the program: the end of the stream, or an error.
void Switchboard::end_to_program(PlugHandle handle, Plug& plug) {
    if (plug.pending_error != 0) return break_pair(handle, plug);
    if (plug.flags.has(PairFlag::read_shut)) {
        // Its own shutdown() shows it an end already: what breaks later is an error all the same,
        // but for a reset behind the peer's end.
        if (calls(plug).poll(plug.socket).has(sock::PollMask::err)) end_pair(handle, plug);
        return;
    }
    plug.flags.set(PairFlag::we_ended);
    ::shutdown(plug.ours.get(), SHUT_WR);
}

/// Where octets of the program go: into the stack, or where nothing can be sent any more they are
/// lost; `nullopt` while the stack has no room.
std::optional<MutableOctets> Switchboard::place_for_octets(Plug& plug) {
    if (plug.flags.has(PairFlag::end_passed)) return MutableOctets(scratch_);
    auto room = calls(plug).writable(plug.socket, octets_at_once);
    const bool was_told = !room && room.error() != Error::would_block &&
                          room.error() != Error::broken_pipe && outlives(plug, room.error());
    if (was_told) room = calls(plug).writable(plug.socket, octets_at_once);
    if (room) return *room;
    if (room.error() == Error::would_block) return std::nullopt;
    if (room.error() != Error::broken_pipe) plug.pending_error = base::errno_of(room.error());
    return MutableOctets(scratch_);
}

/// Passes what the program wrote on to the stack; `none` once nothing is left or nothing fits.
Switchboard::Progress Switchboard::carry_from_program(PlugHandle handle, Plug& plug) {
    for (int i = 0; i < turns_at_once; ++i) {
        if (carry_written_piece(handle, plug) == Progress::none) return Progress::none;
    }
    return Progress::some;
}

Switchboard::Progress Switchboard::carry_written_piece(PlugHandle handle, Plug& plug) {
    if (!plug.flags.has(PairFlag::may_read)) return Progress::none;
    const auto place = place_for_octets(plug);
    if (!place) return Progress::none;
    const bool is_lost = place->data() == scratch_.data();
    const MutableOctets room = is_lost ? MutableOctets{} : *place;
    const Written next = next_written(plug);
    const bool is_marked = !is_lost && (next.is_urgent || has_marked(plug));
    MutableOctets to = is_marked ? room_for_marked(plug, room.size()) : *place;
    to = to.first(std::min(to.size(), next.most));
    if (to.empty()) {
        plug.flags.clear(PairFlag::may_read);
        return Progress::none;
    }
    const ssize_t n = read_written(plug, to);
    if (n < 0 && errno == ECONNRESET) {  // told once, before the end
        plug.flags.set(PairFlag::left_unread);
        return Progress::some;
    }
    if (n > 0 && next.is_urgent && !is_lost) {
        pass_on_urgent(plug, to.front());
    } else if (n > 0) {
        pass_on(plug, to.first(static_cast<std::size_t>(n)), room);
    }
    // A short read emptied the pair; a later change is told again. The end must be read.
    const bool emptied = n > 0 && static_cast<std::size_t>(n) < to.size() &&
                         !plug.flags.has(PairFlag::program_ended) &&
                         !plug.flags.has(PairFlag::sends_urgent);
    if (n <= 0 || emptied) plug.flags.clear(PairFlag::may_read);
    if (n == 0) pass_end(handle, plug);
    return n > 0 ? Progress::some : Progress::none;
}

/// Where octets with MSG_MORE go on their way, and the first ones after them: in pieces that are
/// all of one kind.
MutableOctets Switchboard::room_for_marked(const Plug& plug, std::size_t room) {
    const MutableOctets most = MutableOctets(scratch_).first(std::min(room, scratch_.size()));
    if (plug.more_until <= plug.taken) return most;
    return most.first(std::min<std::uint64_t>(most.size(), plug.more_until - plug.taken));
}

/// What the program wrote, into the stack; `room` is where it may be already, empty where nothing
/// can be sent any more.
void Switchboard::pass_on(Plug& plug, Octets written, const MutableOctets& room) {
    using More = tcp::WriteMark::More;
    const bool is_more = plug.more_until > plug.taken;
    plug.taken += written.size();
    if (room.empty()) return;
    if (written.data() == room.data()) {
        (void)calls(plug).commit(plug.socket, written.size());
        return;
    }
    (void)calls(plug).send(plug.socket, written, is_more ? More::yes : More::no);
    if (is_more) return plug.flags.set(PairFlag::holds_more);
    plug.flags.clear(PairFlag::holds_more);
}

void Switchboard::pass_on_written(PlugHandle handle) {
    Plug* plug = plugs_.get(handle);
    if (plug == nullptr || plug->phase != Phase::connected) return;
    plug->flags.set(PairFlag::may_read);
    (void)carry_from_program(handle, *plug);
}

void Switchboard::expect_more(PlugHandle handle, std::size_t count, int theirs) {
    pass_on_written(handle);  // it is of another kind
    Plug* plug = plugs_.get(handle);
    if (plug == nullptr || plug->phase != Phase::connected) return;
    int charged = 0;
    int room = 0;
    socklen_t length = sizeof room;
    const bool is_known = ::ioctl(theirs, SIOCOUTQ, &charged) == 0 &&
                          ::getsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &room, &length) == 0;
    // Who writes more than there is room for may be stopped before its end, by a signal or because
    // it does not wait: what it writes next must not be taken for the rest.
    const auto left = static_cast<std::size_t>(std::max(room - charged, 0));
    if (!is_known || count >= left / 2) return;
    plug->more_until = plug->taken + waiting_in_pair(*plug) + count;
}

/// The program's octets are all passed on: now its end, which is a close only if nobody holds it.
void Switchboard::pass_end(PlugHandle handle, Plug& plug) {
    refresh(plug);
    if (plug.flags.has(PairFlag::program_gone)) return close_stream(handle, plug);
    if (plug.flags.has(PairFlag::end_passed)) return;
    plug.flags.set(PairFlag::end_passed);
    (void)calls(plug).shutdown(plug.socket, sock::How::write);
}

/// Whether the close that has come sends RST: octets were left unread, or SO_LINGER says so
/// (API-SHUT-014).
bool Switchboard::is_reset_by_close(Plug& plug) {
    if (take_native_error(plug.ours.get()) == ECONNRESET) plug.flags.set(PairFlag::left_unread);
    return plug.flags.has(PairFlag::left_unread) || calls(plug).linger(plug.socket) == Duration{};
}

/// Connections that nobody accepts any more are reset, as those in the accept queue are.
void Switchboard::drop_returned(Plug& plug) {
    for (const Returned& returned : plug.returned) {
        (void)calls(plug).close(returned.accepted.socket, sock::Unread::some);
    }
    plug.returned.clear();
}

void Switchboard::close_stream(PlugHandle handle, Plug& plug) {
    if (is_reset_by_close(plug)) turn();  // what was passed on leaves before the reset
    const bool unread = plug.flags.has(PairFlag::left_unread);
    drop_returned(plug);
    (void)calls(plug).close(plug.socket, unread ? sock::Unread::some : sock::Unread::none);
    unplug(handle);
}

}  // namespace dt::host
