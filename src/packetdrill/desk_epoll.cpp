// epoll over sockets of the stack: level and edge triggered, one-shot (epoll(7)).
#include <sys/eventfd.h>

#include <algorithm>

#include "packetdrill/desk.hpp"

namespace dt::packetdrill {
namespace {

constexpr std::uint32_t modes = EPOLLET | EPOLLONESHOT | EPOLLWAKEUP | EPOLLEXCLUSIVE;
constexpr std::uint32_t always_told = EPOLLERR | EPOLLHUP;

}  // namespace

EpollEntry* Desk::epoll(int fd) {
    const auto found = entries_.find(fd);
    return found == entries_.end() ? nullptr : std::get_if<EpollEntry>(&found->second);
}

Result<int> Desk::epoll_create(int size) {
    const Machine::Lock lock = machine_.lock();
    if (size <= 0) return fail(Error::invalid_argument);
    return take_number(EpollEntry{});
}

Result<int> Desk::epoll_ctl(int epoll_fd, int operation, int fd, const epoll_event* event) {
    const Machine::Lock lock = machine_.lock();
    EpollEntry* entry = epoll(epoll_fd);
    if (entry == nullptr || !entries_.contains(fd)) return fail(Error::bad_descriptor);
    if (socket(fd) == nullptr) return fail(Error::invalid_argument);
    const bool known = entry->interests.contains(fd);
    if (operation == EPOLL_CTL_DEL) {
        entry->interests.erase(fd);
        return known ? Result<int>{0} : fail(Error::no_such_entry);
    }
    if (event == nullptr) return fail(Error::bad_address);
    if (operation == EPOLL_CTL_MOD && !known) return fail(Error::no_such_entry);
    if (operation != EPOLL_CTL_MOD && operation != EPOLL_CTL_ADD) {
        return fail(Error::invalid_argument);
    }
    entry->interests.insert_or_assign(fd, Interest{*event, 0});
    return 0;
}

/// What is to be told about `fd` now, and remembers that it was. 0 = nothing.
std::uint32_t Desk::take_ready(int fd, Interest& interest) {
    SocketEntry* entry = socket(fd);
    if (entry == nullptr) return 0;
    std::uint32_t bits = readiness(*entry);
    if ((bits & EPOLLIN) != 0) bits |= EPOLLRDNORM;
    if ((bits & EPOLLOUT) != 0) bits |= EPOLLWRNORM;
    const std::uint32_t wanted = (interest.wanted.events & ~modes) | always_told;
    const bool disarmed = (interest.wanted.events & ~modes) == 0;
    if (disarmed) return 0;
    bits &= wanted;
    const std::uint64_t moves = machine_.moves_of(entry->id) + entry->error_moves;
    const bool edge = (interest.wanted.events & EPOLLET) == 0 || interest.seen_moves != moves + 1;
    if (bits == 0 || !edge) return 0;
    interest.seen_moves = moves + 1;
    if ((interest.wanted.events & EPOLLONESHOT) != 0) interest.wanted.events &= modes;
    return bits;
}

Result<int> Desk::epoll_wait(int epoll_fd, std::span<epoll_event> events, int timeout_ms) {
    Machine::Lock lock = machine_.lock();
    if (epoll(epoll_fd) == nullptr) return fail(Error::bad_descriptor);
    if (events.empty()) return fail(Error::invalid_argument);
    const Instant until =
        timeout_ms < 0 ? never : machine_.now() + std::chrono::milliseconds{timeout_ms};
    const auto attempt = [&]() -> Result<int> {
        EpollEntry* entry = epoll(epoll_fd);
        std::size_t count = 0;
        for (auto& [fd, interest] : entry->interests) {
            if (count == events.size()) break;
            const std::uint64_t data = interest.wanted.data.u64;
            const std::uint32_t bits = take_ready(fd, interest);
            if (bits == 0) continue;
            events[count].events = bits;
            events[count++].data.u64 = data;
        }
        return count > 0 ? Result<int>{static_cast<int>(count)} : fail(Error::would_block);
    };
    const auto answer = machine_.await(lock, until, attempt);
    return answer ? answer : Result<int>{0};
}

}  // namespace dt::packetdrill
