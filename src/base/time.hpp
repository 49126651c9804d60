// Instants and durations. The stack never reads a clock: every call that can act is given `now`.
#pragma once

#include <chrono>
#include <cstdint>

namespace dt::base {

/// A span of time in nanoseconds. Use the literals of std::chrono (`40ms`, `60s`).
using Duration = std::chrono::nanoseconds;

/// The clock of a stack: whatever its owner passes in. It has no now() on purpose.
struct StackClock {
    using rep = Duration::rep;
    using period = Duration::period;
    using duration = Duration;
    using time_point = std::chrono::time_point<StackClock>;
    static constexpr bool is_steady = true;
};

/// A point on the stack's clock, in nanoseconds since an epoch that only its owner knows.
/// Successive instants handed to one stack never decrease.
using Instant = std::chrono::time_point<StackClock, Duration>;

/// Later than every instant that can happen; the deadline of a stack with nothing armed.
inline constexpr Instant never = Instant::max();

/// Whole milliseconds since the epoch of `t`, rounded down.
constexpr std::int64_t to_ms(Instant t) {
    return std::chrono::floor<std::chrono::milliseconds>(t.time_since_epoch()).count();
}
constexpr std::int64_t to_ms(Duration d) {
    return std::chrono::floor<std::chrono::milliseconds>(d).count();
}

}  // namespace dt::base

namespace dt {
using base::Duration;
using base::Instant;
using base::never;
using namespace std::chrono_literals;  // NOLINT(google-build-using-namespace): literals only
}  // namespace dt
