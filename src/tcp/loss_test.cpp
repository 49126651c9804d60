// Loss recovery with SACK over a connection: spec rows TCP-LOSS, and the window that follows.
#include "tcp/loss.hpp"

#include <gtest/gtest.h>

#include "tcp/loss_fixture.hpp"

namespace dt::tcp {
namespace {

using event::CongestionState;
using event::Reason;

TEST(LossDefaults, TCP_LOSS_057_recovery_is_set_as_on_linux) {
    const event::Config config;
    EXPECT_EQ(config.frto, 2);
    EXPECT_EQ(config.recovery, 1);
    EXPECT_EQ(config.early_retransmit, 3);
    EXPECT_EQ(config.reordering, 3);
    EXPECT_EQ(config.reordering_max, 300);
}

TEST_F(SackLoss, TCP_LOSS_007_the_scoreboard_follows_each_ack) {
    fly();
    sack(0, {block(3, 3)});
    EXPECT_EQ(view().sacked, 1U);
    sack(0, {block(5, 5), block(3, 3)});
    EXPECT_EQ(view().sacked, 2U);
    sack(3, {block(5, 5)});
    EXPECT_EQ(view().sacked, 1U);
    EXPECT_EQ(view().outstanding, 7U);
}

TEST_F(SackLoss, TCP_LOSS_008_and_TCP_LOSS_010_three_segments_sacked_lose_the_first) {
    fly();
    sack(0, {block(2, 2)});
    sack(0, {block(2, 3)});
    EXPECT_EQ(take_segments(), Numbers{});
    EXPECT_EQ(view().state, CongestionState::disorder);
    sack(0, {block(2, 4)});
    EXPECT_EQ(take_segments(), (Numbers{1}));
    EXPECT_EQ(view().state, CongestionState::recovery);
    EXPECT_EQ(view().ssthresh, 5U);
    EXPECT_EQ(decisions(), (std::vector{Reason::lost_by_time}));
}

TEST_F(SackLoss, TCP_LOSS_008_each_hole_below_three_ranges_is_lost_at_once) {
    fly();
    sack(0, {block(3, 3)});
    sack(0, {block(5, 5), block(3, 3)});
    sack(0, {block(7, 7), block(5, 5), block(3, 3)});
    EXPECT_EQ(view().lost + view().resent, 4U);
    EXPECT_EQ(take_segments().front(), 1U);
}

TEST_F(SackLoss, TCP_LOSS_003_and_TCP_LOSS_004_limited_transmit) {
    fly(10);
    sack(0, {block(2, 2)});
    EXPECT_EQ(take_segments(), (Numbers{11}));
    sack(0, {block(2, 3)});
    EXPECT_EQ(take_segments(), (Numbers{12}));
    EXPECT_EQ(view().cwnd, 10U);
    sack(0, {block(2, 4)});
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

TEST_F(SackLoss, TCP_LOSS_011_two_losses_leave_in_order_then_new_text) {
    fly(10);
    sack(0, {block(2, 2)});
    sack(0, {block(2, 3)});
    (void)take_segments();
    sack(0, {block(2, 4)});
    sack(0, {block(6, 6), block(2, 4)});
    sack(0, {block(6, 8), block(2, 4)});
    sack(0, {block(6, 10), block(2, 4)});
    const Numbers numbers = take_segments();
    ASSERT_GE(numbers.size(), 2U);
    EXPECT_EQ(numbers[0], 1U);
    EXPECT_EQ(numbers[1], 5U);
    for (std::size_t i = 2; i < numbers.size(); ++i) EXPECT_GE(numbers[i], 13U);
}

TEST_F(SackLoss, TCP_LOSS_014_and_TCP_LOSS_043_the_point_acknowledged_ends_it_at_ssthresh) {
    fly();
    sack(0, {block(2, 4)});
    ack(10);
    EXPECT_EQ(view().state, CongestionState::open);
    EXPECT_EQ(view().cwnd, 5U);
    EXPECT_EQ(decisions(), (std::vector{Reason::lost_by_time, Reason::loss_repaired}));
}

TEST_F(SackLoss, TCP_LOSS_014_cubic_keeps_seven_tenths) {
    config.congestion = event::CongestionControl::cubic;
    fly();
    sack(0, {block(2, 4)});
    ack(10);
    EXPECT_EQ(view().cwnd, 7U);
}

TEST_F(SackLoss, TCP_LOSS_015_one_cut_for_five_losses_of_a_window) {
    fly();
    sack(0, {block(6, 8)});
    sack(0, {block(6, 10)});
    EXPECT_EQ(view().ssthresh, 5U);
    now += 100ms;
    sack(1, {block(6, 10)});
    sack(3, {block(6, 10)});
    ack(10);
    EXPECT_EQ(view().cwnd, 5U);
    EXPECT_EQ(decisions().size(), 2U);
}

TEST_F(SackLoss, TCP_LOSS_016_and_TCP_LOSS_030_a_lost_retransmission_is_found_and_cuts_again) {
    fly(20);
    sack(0, {block(2, 4)});
    (void)take_segments();
    sack(0, {block(2, 10)});
    const Numbers fresh = take_segments();
    ASSERT_FALSE(fresh.empty());  // new text left behind the retransmission
    const std::uint32_t ssthresh = view().ssthresh;
    now += 100ms;
    sack(0, {block(2, fresh.front())});
    EXPECT_EQ(take_segments().front(), 1U);
    EXPECT_LT(view().ssthresh, ssthresh);
}

TEST_F(SackLoss, TCP_LOSS_018_and_TCP_LOSS_017_and_TCP_OPT_023_a_withdrawn_sack_is_not_believed) {
    fly();
    sack(0, {block(2, 4)});
    (void)take_segments();
    ack(1);  // and now the peer does not hold 2 to 4
    run(60ms);
    EXPECT_EQ(take_segments(), (Numbers{2}));
    EXPECT_EQ(view().sacked, 0U);
    EXPECT_EQ(view().state, CongestionState::loss);
    EXPECT_EQ(decisions().back(), Reason::sack_withdrawn);
}

TEST_F(SackLoss, TCP_LOSS_021_a_sack_too_soon_after_a_retransmission_is_of_the_first_copy) {
    config.congestion = event::CongestionControl::cubic;
    fly();
    sack(0, {block(4, 6)});
    EXPECT_EQ(take_segments(), (Numbers{1, 2, 3}));
    now += 20ms;
    sack(0, {block(4, 6), block(3, 3)});
    // 1 and 2 left before 3: were this the second copy of 3, they would be lost again.
    EXPECT_EQ(take_segments(), Numbers{});
}

TEST_F(SackLoss, TCP_LOSS_022_the_least_rtt) {
    fly();
    EXPECT_EQ(view().min_rtt, 100ms);
    ack(10);
    write(mss);
    now += 50ms;
    ack(11);
    EXPECT_EQ(view().min_rtt, 50ms);
    write(mss);
    now += 150ms;
    ack(12);
    EXPECT_EQ(view().min_rtt, 50ms);
}

TEST_F(SackLoss, TCP_LOSS_023_what_arrives_late_and_was_never_resent_is_reordering) {
    fly();
    sack(0, {block(3, 3)});
    EXPECT_EQ(view().reorderings, 0U);
    sack(2, {block(3, 3)});
    EXPECT_EQ(view().reorderings, 1U);
}

TEST_F(SackLoss,
       TCP_LOSS_024_and_TCP_LOSS_027_after_reordering_three_sacks_wait_a_quarter_of_the_rtt) {
    fly();
    sack(0, {block(3, 3)});
    ack(3);
    sack(3, {block(5, 7)});
    EXPECT_EQ(take_segments(), Numbers{});
    run(24ms);
    EXPECT_EQ(take_segments(), Numbers{});
    run(1ms);
    EXPECT_EQ(take_segments(), (Numbers{4}));
}

TEST_F(SackLoss, TCP_LOSS_024_three_segments_sacked_are_three_however_small) {
    options.no_delay = true;
    fly(0, 1);
    ack(1);
    for (int i = 0; i < 6; ++i) write(100);
    sent.clear();
    now += 100ms;
    const Seq first{at(2)};
    sack(1, {{first + 100, first + 200}});
    sack(1, {{first + 100, first + 300}});
    EXPECT_TRUE(sent.empty());
    sack(1, {{first + 100, first + 400}});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].seq(), at(2));
}

TEST_F(SackLoss, TCP_LOSS_025_and_TCP_LOSS_028_and_TCP_LOSS_040_one_sack_and_silence) {
    fly();
    sack(0, {block(2, 2)});
    EXPECT_EQ(c->timer(now).kind, TimerKind::reorder);
    run(24ms);
    EXPECT_EQ(take_segments(), Numbers{});
    run(1ms);
    EXPECT_EQ(take_segments(), (Numbers{1}));
    EXPECT_EQ(view().state, CongestionState::recovery);
}

TEST_F(SackLoss, TCP_LOSS_026_sixteen_timeouts_end_a_wide_window_too) {
    config.early_retransmit = 0;
    config.frto = 0;
    fly(0, 1);
    std::uint32_t acked = 1;
    ack(acked);
    const auto lose = [&] {
        write(mss);
        run(c->deadline() - now);
        now += 100ms;
        ack(++acked);
        ASSERT_EQ(decisions().back(), Reason::loss_repaired);
    };
    const auto tolerated = [&] {
        for (int i = 0; i < 2; ++i) {
            write(mss);
            now += 100ms;
            ack(++acked);
        }
        write(2 * mss);
        now += 100ms;
        sack(acked, {block(acked + 2, acked + 2)});
        const Duration left = c->timer(now).left;
        ack(acked += 2);
        return left;
    };
    lose();
    sack(acked, {block(acked, acked)});
    EXPECT_EQ(tolerated(), 50ms);
    for (int i = 0; i < 16; ++i) lose();
    EXPECT_EQ(tolerated(), 25ms);
}

TEST_F(SackLoss, TCP_LOSS_029_equal_times_are_ordered_by_number) {
    fly();
    sack(0, {block(3, 8)});
    EXPECT_EQ(view().lost + view().resent, 2U);  // 9 and 10 are not lost
}

TEST_F(SackLoss, TCP_LOSS_033_and_TCP_LOSS_036_the_probe_is_the_last_segment) {
    fly(0, 5);
    now -= 100ms;
    run(201ms);
    EXPECT_EQ(take_segments(), Numbers{});
    run(1ms);
    EXPECT_EQ(take_segments(), (Numbers{5}));
    EXPECT_EQ(view().cwnd, 10U);
}

TEST_F(SackLoss, TCP_LOSS_037_and_TCP_LOSS_035_after_the_probe_the_timeout) {
    fly(0, 5);
    now -= 100ms;
    run(202ms);
    (void)take_segments();
    run(299ms);
    EXPECT_EQ(take_segments(), Numbers{});
    run(1ms);
    EXPECT_EQ(take_segments(), (Numbers{1}));
    EXPECT_EQ(view().state, CongestionState::loss);
}

TEST_F(SackLoss, TCP_LOSS_036_the_probe_is_new_text_where_only_cwnd_holds_it) {
    fly(5);
    now -= 100ms;
    run(202ms);
    EXPECT_EQ(take_segments(), (Numbers{11}));
}

TEST_F(SackLoss, TCP_LOSS_038_the_ack_of_the_probe_shows_what_is_lost) {
    fly(0, 5);
    now -= 100ms;
    run(202ms);
    (void)take_segments();
    now += 100ms;
    sack(0, {block(5, 5)});
    run(25ms);
    EXPECT_EQ(take_segments().front(), 1U);
}

TEST_F(SackLoss, TCP_LOSS_044_a_delay_is_no_loss) {
    fly();
    run(450ms);  // the probe, then the timer
    EXPECT_EQ(take_segments(), (Numbers{10, 1}));
    EXPECT_EQ(view().state, CongestionState::loss);
    ack(2);
    EXPECT_EQ(view().state, CongestionState::open);
    EXPECT_EQ(view().cwnd, 12U);     // as before, and two segments of slow start
    EXPECT_EQ(view().ssthresh, 0U);  // not set
    EXPECT_EQ(decisions().back(), Reason::loss_was_none);
}

TEST_F(SackLoss, TCP_LOSS_046_d_sack_of_the_retransmission_undoes_the_cut) {
    fly();
    sack(0, {block(2, 4)});
    (void)take_segments();
    now += 10ms;
    sack(4, {});
    sack(4, {block(1, 1)});
    EXPECT_EQ(view().state, CongestionState::open);
    EXPECT_EQ(view().cwnd, 10U);
    EXPECT_EQ(decisions().back(), Reason::loss_was_none);
}

TEST_F(SackLoss, TCP_LOSS_046_the_echo_of_the_first_copy_undoes_the_cut) {
    config.timestamps = event::Switch::on;
    fly();
    const std::uint32_t echo = timestamp_at(now - 100ms);
    PeerSegment p{.seq = theirs, .ack = at(1)};
    p.options.timestamps = {78, echo};
    p.options.sack.push_back(block(2, 4));
    deliver(p);
    ASSERT_EQ(view().state, CongestionState::recovery);
    now += 10ms;
    PeerSegment late{.seq = theirs, .ack = at(11)};
    late.options.timestamps = {79, echo};
    deliver(late);
    EXPECT_EQ(view().state, CongestionState::open);
    EXPECT_EQ(view().cwnd, 10U);
}

// Behind a timeout and what it doubted a connection is as small as one that lost nothing.
TEST_F(SackLoss, WhatALossNeedsIsGivenBackBehindIt) {
    fly();
    run(2s);
    ack(10);
    ASSERT_EQ(decisions().front(), Reason::lost_by_timeout);
    const std::size_t held = c->memory();
    queue(mss);
    flush();
    now += 100ms;
    ack(11);
    EXPECT_EQ(view().state, CongestionState::open);
    EXPECT_EQ(c->memory(), held - sizeof(Loss));
}

// What Linux counts as delivered: segments, of a part too.
TEST_F(SackLoss, DeliveredCountsSegmentsByAckAndBySack) {
    fly();
    const std::uint32_t before = view().delivered;
    sack(0, {block(3, 4)});
    EXPECT_EQ(view().delivered, before + 2);
    sack(4, {});
    EXPECT_EQ(view().delivered, before + 4);
}

TEST_F(SackLoss, TCP_LOSS_047_and_TCP_OPT_026_blocks_without_sense_mark_nothing) {
    fly();
    sack(0, {{Seq{at(5)}, Seq{at(4)}}});
    sack(0, {{Seq{at(30)}, Seq{at(31)}}});
    sack(0, {{Seq{at(1)}, Seq{at(3)}}});
    sack(0, {{Seq{at(1) - 1000}, Seq{at(1)}}});
    sack(0, {{Seq{at(2) + 500}, Seq{at(3) + 500}}});  // halves of two segments
    EXPECT_EQ(view().sacked, 0U);
    EXPECT_EQ(take_segments(), Numbers{});
}

TEST_F(SackLoss, TCP_OPT_026_a_block_across_the_left_edge_is_no_duplicate) {
    fly();
    sack(3, {block(5, 7)});
    ASSERT_EQ(take_segments(), (Numbers{4}));
    sack(3, {{Seq{at(3) + 500}, Seq{at(4) + 500}}});
    EXPECT_EQ(view().duplicates, 0U);
    EXPECT_EQ(view().state, CongestionState::recovery);
    sack(3, {block(3, 3)});
    EXPECT_EQ(view().duplicates, 1U);
}

TEST_F(SackLoss, TCP_LOSS_051_a_thousand_sacks_send_one_segment_again) {
    fly();
    for (int i = 0; i < 1000; ++i) sack(0, {block(2, 4)});
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

TEST_F(SackLoss, TCP_LOSS_053_an_ack_that_delivers_nothing_moves_no_window) {
    fly(20);
    sack(0, {block(2, 4)});
    const std::uint32_t cwnd = view().cwnd;
    (void)take_segments();
    for (int i = 0; i < 5; ++i) sack(0, {block(2, 4)});
    EXPECT_EQ(view().cwnd, cwnd);
    EXPECT_EQ(take_segments(), Numbers{});
}

TEST_F(SackLoss, TCP_LOSS_056_no_new_recovery_for_what_was_out_at_a_timeout) {
    fly();
    sack(0, {block(2, 4)});
    run(1s);
    (void)take_segments();
    const std::uint32_t ssthresh = view().ssthresh;
    EXPECT_EQ(view().state, CongestionState::loss);
    for (int i = 0; i < 3; ++i) sack(0, {block(2, 4)});
    EXPECT_EQ(view().ssthresh, ssthresh);
    EXPECT_EQ(view().state, CongestionState::loss);
}

TEST_F(SackLoss, TCP_LOSS_031_a_timeout_loses_what_is_old) {
    fly();
    run(2s);
    EXPECT_EQ(take_segments().front(), 10U);  // the probe
    EXPECT_GE(view().lost, 8U);
}

// Its neighbour of 20 ms before is older than a round trip and a quarter, and lost.
TEST_F(SackLoss, TCP_LOSS_031_a_timeout_does_not_lose_what_is_as_young_as_reordering) {
    for (const auto& [age, lost] : {std::pair{110ms, 3U}, std::pair{130ms, 4U}}) {
        fly(0, 5);
        ack(1);
        run(350ms);
        ASSERT_EQ(take_segments(), (Numbers{5}));  // the probe; the timer follows it
        ASSERT_EQ(c->timer(now).kind, TimerKind::retransmit);
        run(c->deadline() - now - age);
        write(mss);
        run(age);
        EXPECT_EQ(take_segments(), (Numbers{6, 2}));
        EXPECT_EQ(view().lost, lost);
        sent.clear();
    }
}

TEST_F(SackLoss, TCP_SEC_022_many_small_blocks_are_bounded) {
    fly(0, 10);
    for (std::uint32_t i = 1; i < 10 * mss; i += 2) sack(0, {{Seq{ours + i}, Seq{ours + i + 1}}});
    EXPECT_LT(c->memory(), 200'000U);
    EXPECT_EQ(view().sacked, 0U);
}

TEST_F(SackLoss, TCP_LOSS_042_half_a_window_lost_is_repaired_by_what_is_delivered) {
    config.congestion = event::CongestionControl::cubic;
    fly(30);
    ack(10);  // slow start: 20 out
    (void)take_segments();
    now += 100ms;
    for (std::uint32_t i = 21; i <= 30; ++i) {
        sack(10, {block(21, i)});
        EXPECT_LE(take_segments().size(), 2U);
    }
    now += 100ms;
    sack(20, {block(21, 30)});
    EXPECT_EQ(view().state, CongestionState::recovery);
    ack(32);  // limited transmit had sent two more
    EXPECT_EQ(view().state, CongestionState::open);
    EXPECT_EQ(view().cwnd, 14U);
}

TEST_F(SackLoss, TCP_SEC_024_an_orphan_is_not_kept_for_its_user_timeout) {
    options.user_timeout_ms = 1'000'000'000;
    fly(0, 1);
    (void)close();
    run(600s);
    EXPECT_EQ(c->state(), State::closed);
}

}  // namespace
}  // namespace dt::tcp
