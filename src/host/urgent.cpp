// The urgent octet between a pair and its stack (spec 4.8): stream pairs of the kernel carry one as
// unix(7) says, with SIGURG, POLLPRI, SIOCATMARK and SO_OOBINLINE, and each of the two forgets an
// older one for a newer as TCP does.
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "host/switchboard.hpp"

namespace dt::host {
namespace {

/// SIOCATMARK: whether the next octet of a pair's end is, or was, the urgent one.
bool is_at_mark(int fd) {
    int at = 0;
    return ::ioctl(fd, SIOCATMARK, &at) == 0 && at != 0;
}

}  // namespace

void Switchboard::expect_urgent(PlugHandle handle, std::size_t count, int theirs) {
    expect_more(handle, count - 1, theirs);  // those before it go with it
    Plug* plug = plugs_.get(handle);
    if (plug == nullptr || !plug->ours.is_open()) return;
    // In line, a read() finds it at its place and does not pass over it.
    const int on = 1;
    ::setsockopt(plug->ours.get(), SOL_SOCKET, SO_OOBINLINE, &on, sizeof on);
    plug->flags.set(PairFlag::sends_urgent);
}

/// No more than what waits already: an urgent octet that comes between the question for the mark
/// and the read() lies behind that, and stops it. Behind the program's end nothing comes any more.
Switchboard::Written Switchboard::next_written(const Plug& plug) {
    if (!plug.flags.has(PairFlag::sends_urgent)) return {};
    const std::size_t waiting = waiting_in_pair(plug);
    const bool has_ended = plug.flags.has(PairFlag::program_ended) || plug.filler > 0;
    if (waiting == 0) return {.most = has_ended ? SIZE_MAX : 0};
    if (is_at_mark(plug.ours.get())) return {.most = 1, .is_urgent = true};
    return {.most = waiting};
}

void Switchboard::pass_on_urgent(Plug& plug, std::byte octet) {
    ++plug.taken;
    plug.flags.clear(PairFlag::holds_more);
    (void)calls(plug).send_urgent(plug.socket, Octets(&octet, 1));
}

/// What is behind an urgent octet waits until that one is in the pair.
Switchboard::Arrived Switchboard::next_arrived(const Plug& plug, Octets held) {
    auto program = calls(plug);
    if (!program.poll(plug.socket).has(sock::PollMask::pri)) return {held};
    if (program.is_at_mark(plug.socket)) return {held.first(1), true};
    const auto before = program.peek(plug.socket, scratch_);
    return {held.first(std::min(held.size(), before.value_or(held.size())))};
}

ssize_t Switchboard::give(const Plug& plug, const Arrived& piece) {
    constexpr int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
    const auto put = [&](int more) {
        return ::send(plug.ours.get(), piece.text.data(), piece.text.size(), flags | more);
    };
    const ssize_t n = put(piece.is_urgent ? MSG_OOB : 0);
    // Kernels before 5.15, and those built without AF_UNIX_OOB: it is not lost.
    return n < 0 && errno == EOPNOTSUPP && piece.is_urgent ? put(0) : n;
}

}  // namespace dt::host
