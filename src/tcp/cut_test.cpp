// How often and how far a window is cut: spec rows TCP-LOSS-015, TCP-LOSS-016, TCP-LOSS-039,
// TCP-LOSS-053, DEC-31, DEC-32.
#include <gtest/gtest.h>

#include "tcp/loss_fixture.hpp"

namespace dt::tcp {
namespace {

using event::CongestionState;
using event::Reason;

// Ten in flight; 1, 5 and 8 are lost and leave again one millisecond apart, 5 and 8 before new
// text; a round trip later the second copies of 1 and 8 prove to be lost, one after the other.
class LostAgain : public SackLoss {
  protected:
    void lose_twice() {
        fly(30);
        sack(0, {block(2, 4)});
        now += 1ms;
        sack(0, {block(6, 7), block(2, 4)});
        now += 1ms;
        sack(0, {block(9, 10), block(6, 7), block(2, 4)});
        const Numbers left = take_segments();
        ASSERT_EQ(left, (Numbers{1, 5, 11, 12, 8, 13, 14}));
        ASSERT_EQ(decisions().size(), 1U);
        now += 99ms;
        sack(0, {block(2, 7), block(9, 10)});
        EXPECT_EQ(take_segments().front(), 1U);
        ASSERT_EQ(decisions().size(), 2U);
        now += 1ms;
        sack(0, {block(11, 13), block(2, 7), block(9, 10)});
    }
};

TEST_F(LostAgain, TCP_LOSS_016_and_TCP_LOSS_015_what_left_before_the_cut_costs_no_other) {
    config.congestion = event::CongestionControl::cubic;
    lose_twice();
    EXPECT_EQ(take_segments().front(), 8U);
    EXPECT_EQ(decisions(), (std::vector{Reason::lost_by_time, Reason::lost_by_time}));
    EXPECT_EQ(view().ssthresh, 4U);  // 10, 7, 4
    EXPECT_EQ(view().state, CongestionState::recovery);
}

TEST_F(LostAgain, TCP_LOSS_016_a_third_copy_that_is_lost_costs_one_more) {
    config.congestion = event::CongestionControl::cubic;
    lose_twice();
    (void)take_segments();
    now += 100ms;
    sack(0, {block(2, 13)});  // 8, whose third copy left after that of 1
    EXPECT_EQ(take_segments().front(), 1U);
    EXPECT_EQ(decisions().size(), 3U);
    EXPECT_LT(view().ssthresh, 4U);
}

TEST_F(SackLoss, TCP_LOSS_039_a_loss_that_the_probe_repaired_is_cut_for_once) {
    fly(0, 10);
    ack(9);
    run(250ms + 200ms);
    EXPECT_EQ(take_segments(), (Numbers{10}));
    ack(10);
    const std::uint32_t cwnd = view().cwnd;
    write(mss);
    now += 100ms;
    ack(11);
    EXPECT_EQ(cwnd, 20U);
    EXPECT_EQ(view().cwnd, 10U);
    EXPECT_EQ(decisions(), (std::vector{Reason::lost_before_probe}));
}

TEST_F(SackLoss, TCP_LOSS_039_cubic_keeps_seven_tenths_of_the_window_whose_tail_was_lost) {
    config.congestion = event::CongestionControl::cubic;
    fly(0, 10);
    ack(9);
    run(450ms);
    ack(10);
    write(mss);
    now += 100ms;
    ack(11);
    EXPECT_EQ(view().cwnd, 14U);
}

// DEC-32: what was in flight when it was lost, where the program did not fill the window.
TEST_F(SackLoss, TCP_LOSS_039_a_tail_of_few_segments_is_cut_for_by_them) {
    fly(0, 10);
    ack(10);
    write(mss);
    now += 100ms;
    ack(11);
    write(6 * mss);
    now += 100ms;
    ack(16);
    run(450ms);
    (void)take_segments();
    ack(17);
    write(mss);
    now += 100ms;
    ack(18);
    EXPECT_EQ(view().cwnd, 3U);
}

TEST_F(SackLoss, TCP_LOSS_039_a_needless_probe_is_told_by_d_sack) {
    fly(0, 10);
    ack(9);
    run(450ms);
    (void)take_segments();
    ack(10);
    const std::uint32_t cwnd = view().cwnd;
    sack(10, {block(10, 10)});
    write(mss);
    now += 100ms;
    ack(11);
    EXPECT_GE(view().cwnd, cwnd);
}

// The timer delivers nothing: in recovery the window waits for an ACK.
TEST_F(SackLoss, TCP_LOSS_053_the_reorder_timer_in_recovery_moves_no_window) {
    fly(20);
    sack(0, {block(3, 3)});
    ack(3);
    sack(3, {block(5, 7)});
    run(25ms);
    ASSERT_EQ(view().state, CongestionState::recovery);
    sack(3, {block(9, 9), block(5, 7)});
    const std::uint32_t cwnd = view().cwnd;
    const std::uint32_t lost = view().lost + view().resent;
    run(25ms);
    EXPECT_EQ(view().lost + view().resent, lost + 1);
    EXPECT_EQ(view().cwnd, cwnd);
}

}  // namespace
}  // namespace dt::tcp
