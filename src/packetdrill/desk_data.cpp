// Octets in and out, the options and the small calls on a descriptor.
#include <fcntl.h>
#include <linux/sockios.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "base/errno.hpp"
#include "packetdrill/desk.hpp"

namespace dt::packetdrill {
namespace {

MutableOctets octets_of(const iovec& part) {
    return {static_cast<std::byte*>(part.iov_base), part.iov_len};
}

bool is_unreadable(const iovec& part) { return part.iov_base == nullptr && part.iov_len > 0; }

/// Fills the parts in order with what `take` answers for each; stops at a part that is not full.
template <class Take>
Result<std::size_t> scatter(std::span<const iovec> parts, Take take) {
    std::size_t total = 0;
    for (const iovec& part : parts) {
        if (is_unreadable(part)) return fail(Error::bad_address);
        const Result<std::size_t> count = take(octets_of(part));
        if (!count) return total > 0 ? Result<std::size_t>{total} : count;
        total += *count;
        if (*count < part.iov_len) break;
    }
    return total;
}

Result<std::vector<std::byte>> gather(std::span<const iovec> parts) {
    std::vector<std::byte> octets;
    for (const iovec& part : parts) {
        if (is_unreadable(part)) return fail(Error::bad_address);
        const Octets from = octets_of(part);
        octets.insert(octets.end(), from.begin(), from.end());
    }
    return octets;
}

tcp::WriteMark mark_of(int flags) {
    tcp::WriteMark mark;
    if ((flags & MSG_MORE) != 0) mark.more = tcp::WriteMark::More::yes;
    if ((flags & MSG_EOR) != 0) mark.record = tcp::WriteMark::Record::ends;
    return mark;
}

bool is_opening(Error error) {
    return error == Error::in_progress || error == Error::already_in_progress;
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

Status Desk::opened(sock::SocketId id) {
    stack::Calls calls = machine_.calls();
    if (calls.peer_name(id)) return {};
    std::int32_t error = 0;
    const MutableOctets value = std::as_writable_bytes(std::span{&error, 1});
    if (!calls.get_option(id, SOL_SOCKET, SO_ERROR, value) || error == 0) {
        return fail(Error::would_block);
    }
    return fail(base::error_of(error).value_or(Error::connection_aborted));
}

Result<Endpoint> Desk::opening_target(const SocketEntry& entry, Octets to) {
    refresh();
    DT_TRY(target, sock::parse_connect_address(entry.family, to));
    if (target.given == sock::Address::Given::unspecified) return fail(Error::not_supported);
    return target.endpoint;
}

Result<std::size_t> Desk::go_on(Sending& sending) {
    const bool may_wait = sending.waits == Sending::Waits::yes;
    if (may_wait && sending.sent > 0) {
        DT_CHECK(opened(sending.id));
        if (sending.sent == sending.octets.size()) return sending.sent;
    }
    const Octets rest = Octets{sending.octets}.subspan(sending.sent);
    const bool opening = sending.opens && sending.sent == 0;
    const auto count = opening ? machine_.calls().send_opening(sending.id, *sending.opens, rest)
                               : machine_.calls().send(sending.id, rest, sending.mark);
    if (!count) return may_wait && is_opening(count.error()) ? fail(Error::would_block) : count;
    sending.sent += *count;
    if (!may_wait) return sending.sent;
    if (sending.sent < sending.octets.size()) return fail(Error::would_block);
    DT_CHECK(opened(sending.id));
    return sending.sent;
}

Result<std::size_t> Desk::send(int fd, std::span<const iovec> parts, int flags, Octets to) {
    Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    Sending sending;
    sending.id = entry->id;
    sending.mark = mark_of(flags);
    if ((flags & MSG_FASTOPEN) != 0) {
        DT_TRY(target, opening_target(*entry, to));
        sending.opens = target;
    }
    DT_TRY(octets, gather(parts));
    sending.octets = std::move(octets);
    const Instant until = deadline_of(*entry, machine_.calls().send_timeout(sending.id), flags);
    const bool may_wait = until > machine_.now();
    if (may_wait) sending.waits = Sending::Waits::yes;
    std::optional<Machine::PendingWrite> pending;
    if (may_wait && !machine_.calls().peer_name(sending.id)) pending.emplace(machine_);
    const auto answer = machine_.await(lock, until, [&] {
        const std::size_t before = sending.sent;
        auto step = go_on(sending);
        // While it waits, what it gave to the stream counts already: stamps are told from that.
        SocketEntry* own = socket(fd);
        if (own != nullptr && own->id == sending.id) own->sent += sending.sent - before;
        return step;
    });
    pending.reset();
    if (SocketEntry* own = sending.sent > 0 ? socket(fd) : nullptr) {
        if ((flags & MSG_ZEROCOPY) != 0 && own->zero_copy.enabled) {
            own->zero_copy.on_sent(own->sent);
        }
        if (own->stamps.wanted() != 0) {
            own->stamps.on_written(own->sent);
            follow_stamps(*own);
        }
    }
    const bool failed_to_open = !answer && may_wait && answer.error() != Error::would_block;
    if (failed_to_open) return answer;
    return !answer && sending.sent > 0 ? Result<std::size_t>{sending.sent} : answer;
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
    const bool is_own = level == SOL_SOCKET && (name == SO_MARK || name == SO_TIMESTAMPING);
    if (is_own) {
        const int own = name == SO_MARK ? entry->mark : static_cast<int>(entry->stamps.wanted());
        *length = std::min(*length, static_cast<socklen_t>(sizeof own));
        std::memcpy(value, &own, *length);
        return 0;
    }
    DT_TRY(real, machine_.calls().get_option(entry->id, level, name, room));
    *length = static_cast<socklen_t>(std::min<std::size_t>(real, room.size()));
    return 0;
}

std::optional<Status> Desk::set_own_option(SocketEntry& entry, int name, Octets value) {
    if (name != SO_ZEROCOPY && name != SO_TIMESTAMPING && name != SO_MARK) return std::nullopt;
    if (value.size() < sizeof(int)) return fail(Error::invalid_argument);
    const int number = sock::int_in(value);
    if (name == SO_ZEROCOPY) entry.zero_copy.enabled = number != 0;
    if (name == SO_TIMESTAMPING)
        entry.stamps.enable(static_cast<std::uint32_t>(number), entry.sent);
    if (name == SO_MARK) {
        if (::geteuid() != 0) return fail(Error::not_permitted);
        entry.mark = number;
    }
    return Status{};
}

Result<int> Desk::set_option(int fd, int level, int name, Octets value) {
    const Machine::Lock lock = machine_.lock();
    SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    if (level == SOL_SOCKET) {
        if (const auto done = set_own_option(*entry, name, value)) {
            DT_CHECK(*done);
            return 0;
        }
    }
    refresh();
    DT_CHECK(machine_.calls().set_option(entry->id, level, name, value));
    machine_.settle();
    return 0;
}

}  // namespace dt::packetdrill
