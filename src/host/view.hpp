// The sockets of a run as viewers see them: the stacks' snapshots, what lies in the pairs, and who
// holds which descriptor.
#pragma once

#include <string_view>

#include "host/programs.hpp"
#include "host/switchboard.hpp"
#include "observe/socket_codec.hpp"

namespace dt::host {

[[nodiscard]] observe::RunSockets view_sockets(world::World& world, Switchboard& board,
                                               Programs& programs, Instant began);

/// The answer to one request line.
[[nodiscard]] std::string answer_request(std::string_view line, world::World& world,
                                         Switchboard& board, Programs& programs, Instant began);

}  // namespace dt::host
