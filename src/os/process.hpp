// Other processes: pidfds, what /proc says of them, duplicates of their descriptors.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "os/failure.hpp"
#include "os/fd.hpp"

namespace dt::os {

/// A pidfd of the process; for a thread id see open_task().
[[nodiscard]] SysResult<UniqueFd> open_process(pid_t pid);
/// A pidfd through which the descriptors of thread `tid` are reached: of the thread itself where
/// the kernel can (PIDFD_THREAD, 6.9), else of its process.
[[nodiscard]] SysResult<UniqueFd> open_task(pid_t tid);
/// A duplicate of descriptor `fd` of the process behind `pidfd` (pidfd_getfd).
[[nodiscard]] SysResult<UniqueFd> borrow(int pidfd, int fd);
SysStatus send_signal(int pidfd, int signal);

/// The process that thread `tid` belongs to (Tgid in /proc/TID/status).
[[nodiscard]] std::optional<pid_t> process_of(pid_t tid);
/// The name of a process, at most 15 octets, made printable; empty when it is gone.
[[nodiscard]] std::string name_of(pid_t pid);
/// All descendants of `ancestor`, in no order that means anything.
[[nodiscard]] std::vector<pid_t> descendants(pid_t ancestor);

/// What a process and its descendants do, to tell one that works from one that waits.
struct Activity {
    std::uint64_t cpu_ticks = 0;  ///< used by all of them
    bool sleeps = true;           ///< none of them runs, or waits for a disk
};
[[nodiscard]] Activity activity_of(pid_t pid);

struct OpenSocket {
    int fd = -1;
    std::uint64_t inode = 0;
};
/// The sockets among the descriptors of a process; empty where it may not be read.
[[nodiscard]] std::vector<OpenSocket> sockets_of(pid_t pid);

/// Which AF_UNIX sockets are still open anywhere (sock_diag); nothing where the kernel does not
/// say.
class UnixDiag {
  public:
    UnixDiag();
    /// The kernel looks through all that there are: for many of them ask for all at once.
    [[nodiscard]] std::optional<bool> is_open(std::uint64_t inode);
    /// The inodes of all, in order.
    [[nodiscard]] std::optional<std::vector<std::uint64_t>> open_inodes();

  private:
    [[nodiscard]] bool ask(std::uint64_t inode, unsigned flags);

    UniqueFd netlink_;
};

}  // namespace dt::os
