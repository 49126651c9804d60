// dialtone doctor --watch: looks again and again, and says what has changed.
#pragma once

#include "cli/command.hpp"
#include "doctor/session.hpp"

namespace dt::cli {

/// Until `limit` is over, Ctrl-C comes, or for ever. 1 if there ever was a finding.
[[nodiscard]] int watch_host(doctor::Question question, const Common& common, Duration limit);

/// What is told where the sockets of this host cannot be read.
[[nodiscard]] Problem unreadable(const os::Failure& failure);

}  // namespace dt::cli
