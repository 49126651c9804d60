// The only clock read of the program.
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace dt::os {

/// CLOCK_MONOTONIC: never decreases, stands still while the machine sleeps.
[[nodiscard]] Instant now();

/// Nanoseconds since 1970 (CLOCK_REALTIME), for names of files and for logs.
[[nodiscard]] std::int64_t wall_time_ns();
/// What the wall clock is ahead of now().
[[nodiscard]] Duration wall_offset();

}  // namespace dt::os
