// What a loop sleeps on: descriptors with a 64-bit token each, and a deadline in nanoseconds.
#pragma once

#include <cstdint>
#include <span>

#include "base/time.hpp"
#include "os/failure.hpp"
#include "os/fd.hpp"

struct epoll_event;

namespace dt::os {

class Epoll {
  public:
    [[nodiscard]] static SysResult<Epoll> make();

    /// `events` as in <sys/epoll.h>.
    SysStatus add(int fd, std::uint32_t events, std::uint64_t token);
    SysStatus change(int fd, std::uint32_t events, std::uint64_t token);
    /// A descriptor that is closed leaves by itself where no duplicate of it lives.
    void remove(int fd);

    /// Sleeps until something is ready or `timeout` is over; a signal ends it with nothing.
    [[nodiscard]] std::span<epoll_event> wait(std::span<epoll_event> room, Duration timeout);

  private:
    explicit Epoll(int fd) : fd_(fd) {}
    UniqueFd fd_;
};

}  // namespace dt::os
