// How long there was something to send, and what of it the peer's window took.
#include "tcp/busy_time.hpp"

#include <gtest/gtest.h>

namespace dt::tcp {
namespace {

using Phase = BusyTime::Phase;

TEST(BusyTimeTest, API_OPT_016_what_the_window_took_is_busy_too) {
    BusyTime time;
    const Instant start{1000s};
    time.enter(Phase::busy, start);
    time.enter(Phase::window_limited, start + 30ms);
    time.enter(Phase::busy, start + 130ms);
    time.enter(Phase::idle, start + 150ms);
    EXPECT_EQ(time.busy(start + 1h), 150ms);
    EXPECT_EQ(time.window_limited(start + 1h), 100ms);
}

TEST(BusyTimeTest, API_OPT_016_a_phase_counts_while_it_lasts) {
    BusyTime time;
    const Instant start{1000s};
    time.enter(Phase::window_limited, start);
    time.enter(Phase::window_limited, start + 20ms);
    EXPECT_EQ(time.window_limited(start + 50ms), 50ms);
    EXPECT_EQ(time.busy(start + 50ms), 50ms);
}

}  // namespace
}  // namespace dt::tcp
