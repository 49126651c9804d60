// Starts one program: namespaces, no_new_privs, filter, exec; yields its pid and its listener.
#pragma once

#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "host/isolation.hpp"
#include "os/fd.hpp"

namespace dt::host {

/// Who reads the terminal.
enum class Input : std::uint8_t {
    inherited,  ///< the main program: stays in our process group
    none,       ///< /dev/null and a process group of its own
};

struct LaunchSpec {
    std::vector<std::string> argv;
    std::vector<std::string> env;
    std::string directory;  ///< empty = ours
    Isolation isolation = Isolation::none;
    std::vector<OwnLink> links;
    Input input = Input::inherited;
    rlimit descriptors{};  ///< RLIMIT_NOFILE of the program
};

struct Launched {
    pid_t pid = 0;
    os::UniqueFd pidfd;
    os::UniqueFd listener;
};

/// Where a start failed. Both sides of the fork use it.
enum class Stage : std::uint8_t { fork, isolate, directory, no_new_privs, filter, listener, exec };

struct LaunchFailure {
    Stage stage = Stage::fork;
    int number = 0;  ///< errno
};

[[nodiscard]] std::expected<Launched, LaunchFailure> launch(const LaunchSpec& spec,
                                                            const std::vector<sock_filter>& filter);

}  // namespace dt::host
