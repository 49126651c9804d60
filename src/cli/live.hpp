// The sockets of a run that is going on, asked from another terminal over its control socket.
#pragma once

#include <string>
#include <vector>

#include "cli/say.hpp"
#include "observe/ss.hpp"

namespace dt::cli {

struct LiveSockets {
    std::vector<observe::HostSockets> hosts;
    Duration since_start{};
};

/// Asks the run called `run` (its process id), or the newest. Dead control sockets are removed.
[[nodiscard]] Checked<LiveSockets> live_sockets(const std::string& run);

}  // namespace dt::cli
