// Calls of a traced program, as their registers say them.
#include "doctor/followed.hpp"

#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>

#include "os/clock.hpp"
#include "os/process.hpp"

namespace dt::doctor {

using rules::CallKind;

std::optional<rules::Lookup> Lookups::asked(pid_t process, const Endpoint& server, Instant now) {
    // The A and the AAAA query go out together; a resolver asks again after a second or more.
    constexpr Duration asks_again = 900ms;
    Waiting& waiting = waiting_[{process, server}];
    if (waiting.queries == 0) waiting.since = now;
    ++waiting.queries;
    const Duration waited = now - waiting.since;
    if (waited < asks_again) return std::nullopt;
    const rules::Lookup lookup{waited, waiting.queries};
    waiting = {now, 1};
    return lookup;
}

void Lookups::answered(pid_t process, const Endpoint& server) { waiting_.erase({process, server}); }

std::optional<CallKind> kind_of(std::uint64_t number) {
    switch (number) {
        case SYS_socket: return CallKind::socket;
        case SYS_bind: return CallKind::bind;
        case SYS_listen: return CallKind::listen;
        case SYS_connect: return CallKind::connect;
        case SYS_accept:
        case SYS_accept4: return CallKind::accept;
        case SYS_read:
        case SYS_readv:
        case SYS_recvfrom:
        case SYS_recvmsg: return CallKind::receive;
        case SYS_write:
        case SYS_writev:
        case SYS_sendto:
        case SYS_sendmmsg:
        case SYS_sendmsg: return CallKind::send;
        default: return std::nullopt;
    }
}

bool never_waits(const Stop& stop) {
    switch (stop.number) {
        case SYS_recvfrom:
        case SYS_sendto:
        case SYS_sendmmsg: return (stop.arguments[3] & MSG_DONTWAIT) != 0;
        case SYS_recvmsg:
        case SYS_sendmsg: return (stop.arguments[2] & MSG_DONTWAIT) != 0;
        default: return false;
    }
}

namespace {

std::uint64_t size_of_parts(pid_t thread, std::uint64_t address, std::size_t count) {
    std::array<iovec, 64> parts{};
    if (count > parts.size()) return 0;
    const std::size_t octets = count * sizeof(iovec);
    if (read_memory(thread, address, parts.data(), octets) != octets) return 0;
    std::uint64_t size = 0;
    for (std::size_t i = 0; i < count; ++i) size += parts[i].iov_len;
    return size;
}

}  // namespace

std::uint64_t size_of_send(const Stop& stop) {
    if (stop.number == SYS_write || stop.number == SYS_sendto) return stop.arguments[2];
    if (stop.number == SYS_writev) {
        return size_of_parts(stop.thread, stop.arguments[1], stop.arguments[2]);
    }
    msghdr message{};
    if (stop.number != SYS_sendmsg ||
        read_memory(stop.thread, stop.arguments[1], &message, sizeof message) != sizeof message) {
        return 0;
    }
    return size_of_parts(stop.thread, reinterpret_cast<std::uintptr_t>(message.msg_iov),
                         message.msg_iovlen);
}

Begun begin(const Stop& stop, CallKind kind) {
    Begun begun;
    begun.call.kind = kind;
    begun.call.pid = os::process_of(stop.thread).value_or(stop.thread);
    begun.call.fd = static_cast<int>(stop.arguments[0]);
    begun.since = os::now();
    begun.never_waits = never_waits(stop);
    return begun;
}

}  // namespace dt::doctor
