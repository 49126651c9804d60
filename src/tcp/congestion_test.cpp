// What all algorithms of congestion control share.
#include "tcp/congestion.hpp"

#include <gtest/gtest.h>

namespace dt::tcp {
namespace {

// RFC 5681 §4.1: RW = min(IW, cwnd).
TEST(CongestionTest, TCP_CC_012_behind_a_pause_the_window_is_the_initial_one_of_its_rule) {
    constexpr std::uint32_t mss = 8960;
    event::Config config;
    config.initial_window = event::InitialWindow::rfc_6928;
    Congestion congestion;
    congestion.start(config, mss, Congestion::Opening::usual);
    congestion.set_cwnd(40 * mss);
    EXPECT_EQ(congestion.cwnd_after(1h, 200ms, mss), 2 * mss);
    config.initial_window = event::InitialWindow::ten_segments;
    congestion.start(config, mss, Congestion::Opening::usual);
    congestion.set_cwnd(40 * mss);
    EXPECT_EQ(congestion.cwnd_after(1h, 200ms, mss), 10 * mss);
}

}  // namespace
}  // namespace dt::tcp
