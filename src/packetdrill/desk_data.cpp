// Octets in and out, the options and the small calls on a descriptor.
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <cstring>

#include "packetdrill/desk.hpp"

namespace dt::packetdrill {
namespace {

MutableOctets octets_of(const iovec& part) {
    return {static_cast<std::byte*>(part.iov_base), part.iov_len};
}

/// Fills the parts in order with what `take` answers for each; stops at a part that is not full.
template <class Take>
Result<std::size_t> scatter(std::span<const iovec> parts, Take take) {
    std::size_t total = 0;
    for (const iovec& part : parts) {
        const Result<std::size_t> count = take(octets_of(part));
        if (!count) return total > 0 ? Result<std::size_t>{total} : count;
        total += *count;
        if (*count < part.iov_len) break;
    }
    return total;
}

}  // namespace

Result<std::size_t> Desk::receive(int fd, std::span<const iovec> parts, int flags) {
    Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    const sock::SocketId id = entry->id;
    const Instant until = deadline_of(*entry, machine_.calls().receive_timeout(id), flags);
    const bool peeks = (flags & MSG_PEEK) != 0;
    return machine_.await(lock, until, [&] {
        return scatter(parts, [&](MutableOctets to) {
            return peeks ? machine_.calls().peek(id, to) : machine_.calls().receive(id, to);
        });
    });
}

Result<std::size_t> Desk::receive_message(int fd, msghdr& message, int flags) {
    DT_TRY(count, receive(fd, {message.msg_iov, message.msg_iovlen}, flags));
    message.msg_namelen = 0;
    message.msg_controllen = 0;
    message.msg_flags = 0;
    return count;
}

Result<std::size_t> Desk::send(int fd, std::span<const iovec> parts, int flags, Octets to) {
    Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    if (!to.empty() && entry->type == sock::Type::stream) return fail(Error::not_supported);
    std::vector<std::byte> octets;
    for (const iovec& part : parts) {
        const Octets from = octets_of(part);
        octets.insert(octets.end(), from.begin(), from.end());
    }
    const sock::SocketId id = entry->id;
    const Instant until = deadline_of(*entry, machine_.calls().send_timeout(id), flags);
    std::size_t sent = 0;
    const auto attempt = [&]() -> Result<std::size_t> {
        const auto count = machine_.calls().send(id, Octets{octets}.subspan(sent));
        if (!count) return count;
        sent += *count;
        const bool waits = sent < octets.size() && until > machine_.now();
        return waits ? Result<std::size_t>{fail(Error::would_block)} : Result<std::size_t>{sent};
    };
    const auto answer = machine_.await(lock, until, attempt);
    return !answer && sent > 0 ? Result<std::size_t>{sent} : answer;
}

Result<int> Desk::fcntl(int fd, int command, int argument) {
    const Machine::Lock lock = machine_.lock();
    SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    switch (command) {
        case F_GETFL: return entry->flags;
        case F_SETFL: entry->flags = O_RDWR | (argument & ~O_ACCMODE); return 0;
        case F_GETFD:
        case F_SETFD: return 0;
        default: return fail(Error::invalid_argument);
    }
}

Result<int> Desk::ioctl(int fd, unsigned long request, void* argument) {
    const Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    int answer = 0;
    switch (request) {
        case FIONREAD: answer = static_cast<int>(machine_.calls().unread(entry->id)); break;
        case SIOCOUTQ: answer = static_cast<int>(machine_.calls().unsent(entry->id)); break;
        default: return fail(Error::invalid_argument);
    }
    std::memcpy(argument, &answer, sizeof answer);
    return 0;
}

Result<int> Desk::get_option(int fd, int level, int name, void* value, socklen_t* length) {
    const Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    if (value == nullptr || length == nullptr) return fail(Error::bad_address);
    const MutableOctets room{static_cast<std::byte*>(value), *length};
    DT_TRY(real, machine_.calls().get_option(entry->id, level, name, room));
    *length = static_cast<socklen_t>(std::min<std::size_t>(real, room.size()));
    return 0;
}

Result<int> Desk::set_option(int fd, int level, int name, Octets value) {
    const Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    DT_CHECK(machine_.calls().set_option(entry->id, level, name, value));
    machine_.settle();
    return 0;
}

}  // namespace dt::packetdrill
