// The threads that call us: how their descriptors are reached, and which process they belong to.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "os/failure.hpp"
#include "os/fd.hpp"

namespace dt::host {

/// A duplicate of a program's descriptor, held while one call is answered and never longer: it
/// would hide the last close.
struct Borrowed {
    os::UniqueFd fd;
    std::uint64_t cookie = 0;  ///< SO_COOKIE: names the socket whatever its descriptor number
};

class Tasks {
  public:
    static constexpr std::size_t tasks_max =
        512;  ///< each costs a descriptor; all are dropped when full

    /// Errors: EBADF where `fd` is not open, ENOTSOCK where it is no socket, EPERM where the
    /// program may not be inspected.
    [[nodiscard]] os::SysResult<Borrowed> borrow(pid_t tid, int fd);
    [[nodiscard]] pid_t process_of(pid_t tid);

  private:
    struct Task {
        os::UniqueFd pidfd;
        pid_t process = 0;
    };
    os::SysResult<Task*> find(pid_t tid);

    std::unordered_map<pid_t, Task> tasks_;
};

/// SO_COOKIE of a socket. Errors: ENOTSOCK.
[[nodiscard]] os::SysResult<std::uint64_t> cookie_of(int fd);

}  // namespace dt::host
