// The seccomp filter of a run: which system calls stop and wait for our answer (seccomp(2), BPF).
#pragma once

#include <linux/filter.h>

#include <vector>

namespace dt::host {

/// The program to install. Calls it lets pass cost nothing; those on IPv4 and IPv6 sockets that
/// are control wait for the supervisor; io_uring and the 32-bit socket calls do not exist.
[[nodiscard]] std::vector<sock_filter> make_filter();

}  // namespace dt::host
