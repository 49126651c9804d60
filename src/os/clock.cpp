// The only clock read of the program.
#include "os/clock.hpp"

#include <ctime>

namespace dt::os {
namespace {

std::int64_t read_ns(clockid_t clock) {
    timespec t{};
    (void)::clock_gettime(clock, &t);
    return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

Instant now() { return Instant{Duration{read_ns(CLOCK_MONOTONIC)}}; }

std::int64_t wall_time_ns() { return read_ns(CLOCK_REALTIME); }

Duration wall_offset() { return Duration{wall_time_ns() - now().time_since_epoch().count()}; }

}  // namespace dt::os
