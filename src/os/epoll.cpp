// What a loop sleeps on (epoll_pwait2, so that a deadline is kept to the microsecond).
#include "os/epoll.hpp"

#include <sys/epoll.h>

#include <algorithm>

namespace dt::os {
namespace {

constexpr Duration longest_sleep = std::chrono::hours{1};

timespec to_timespec(Duration d) {
    const auto ns = std::clamp(d, Duration::zero(), longest_sleep).count();
    return {ns / 1'000'000'000, ns % 1'000'000'000};
}

}  // namespace

SysResult<Epoll> Epoll::make() {
    const int fd = ::epoll_create1(EPOLL_CLOEXEC);
    if (fd < 0) return failed("epoll_create1");
    return Epoll(fd);
}

SysStatus Epoll::add(int fd, std::uint32_t events, std::uint64_t token) {
    epoll_event event{.events = events, .data = {.u64 = token}};
    if (::epoll_ctl(fd_.get(), EPOLL_CTL_ADD, fd, &event) != 0) return failed("epoll_ctl");
    return {};
}

SysStatus Epoll::change(int fd, std::uint32_t events, std::uint64_t token) {
    epoll_event event{.events = events, .data = {.u64 = token}};
    if (::epoll_ctl(fd_.get(), EPOLL_CTL_MOD, fd, &event) != 0) return failed("epoll_ctl");
    return {};
}

void Epoll::remove(int fd) { ::epoll_ctl(fd_.get(), EPOLL_CTL_DEL, fd, nullptr); }

std::span<epoll_event> Epoll::wait(std::span<epoll_event> room, Duration timeout) {
    const timespec t = to_timespec(timeout);
    const int count =
        ::epoll_pwait2(fd_.get(), room.data(), static_cast<int>(room.size()), &t, nullptr);
    return room.first(static_cast<std::size_t>(std::max(count, 0)));
}

}  // namespace dt::os
