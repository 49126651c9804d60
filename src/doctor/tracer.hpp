// Runs a program and stops at its socket calls, as they begin and as they return: seccomp's
// SECCOMP_RET_TRACE and ptrace's exit stop. Nothing is executed in the program's place.
#pragma once

#include <sys/types.h>

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "os/failure.hpp"

namespace dt::doctor {

/// One system call of a thread that stands still.
struct Stop {
    pid_t thread = 0;
    std::uint64_t number = 0;  ///< SYS_connect and so on
    std::array<std::uint64_t, 6> arguments{};
    std::int64_t result = 0;  ///< at the return: the kernel's own, negative errno on failure
};

/// What looks at the calls.
class CallWatcher {
  public:
    virtual ~CallWatcher() = default;
    /// A call begins. Whether its return is of interest too.
    virtual bool on_call(const Stop& stop) = 0;
    virtual void on_return(const Stop& stop) = 0;
};

/// Runs the program to its end and that of all its children. The exit status is the program's, or
/// 128+n for a signal. Fails where it cannot be started or traced.
[[nodiscard]] os::SysResult<int> trace(const std::vector<std::string>& command,
                                       CallWatcher& watcher);

/// Copies memory of a stopped thread; the number of octets that could be read.
[[nodiscard]] std::size_t read_memory(pid_t thread, std::uint64_t address, void* to,
                                      std::size_t size);

}  // namespace dt::doctor
