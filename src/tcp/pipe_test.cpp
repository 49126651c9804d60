// What is believed to be in flight, and what it lets out: spec rows TCP-LOSS-009, TCP-LOSS-019,
// TCP-LOSS-020, TCP-LOSS-032, TCP-LOSS-045, TCP-LOSS-054.
#include <gtest/gtest.h>

#include "tcp/loss_fixture.hpp"

namespace dt::tcp {
namespace {

using event::CongestionState;

// Twelve are out, of which 1 is lost: limited transmit sent two.
TEST_F(SackLoss, TCP_LOSS_009_the_pipe_is_what_is_out_less_sacked_and_lost_and_the_window_follows) {
    config.congestion = event::CongestionControl::cubic;
    fly(10);
    sack(0, {block(2, 2)});
    sack(0, {block(2, 3)});
    sack(0, {block(2, 4)});
    EXPECT_EQ(take_segments(), (Numbers{11, 12, 1}));
    EXPECT_EQ(view().in_flight, (12 - 3) * mss);
    Numbers windows{view().cwnd};
    Numbers pipes;
    for (std::uint32_t last = 5; last <= 8; ++last) {
        sack(0, {block(2, last)});
        windows.push_back(view().cwnd);
        pipes.push_back(view().in_flight / mss);
    }
    EXPECT_EQ(windows, (Numbers{9, 9, 9, 8, 7}));
    EXPECT_EQ(pipes, (Numbers{9, 9, 8, 7}));
    EXPECT_EQ(take_segments(), (Numbers{13, 14}));
}

TEST(SentRuns, TCP_LOSS_019_each_knows_when_it_left_its_end_how_often_and_whether_it_is_lost) {
    buf::Pool pool;
    SendQueue queue{Seq{0}};
    queue.set_segment(1000);
    const Instant first{1000s};
    queue.on_sent(pool, 1, first);  // SYN
    static_cast<void>(queue.on_ack(Seq{1}));
    while (queue.queued() < 10'000)
        queue.commit(queue.writable(pool, 10'000 - queue.queued()).size());
    queue.on_sent(pool, 10'000, first);
    EXPECT_EQ(queue.segments(SendQueue::Kind::any), 10U);
    EXPECT_EQ(queue.head_sent(), first);
    EXPECT_EQ(queue.first_lost(), nullptr);
    Delivery delivery;
    delivery.now = first + 100ms;
    queue.on_sack(Seq{1001}, Seq{4001}, delivery);
    EXPECT_EQ(queue.mark_overdue(*delivery.newest, 100ms, first + 100ms), Duration{});
    const tcp::Run* lost = queue.first_lost();
    ASSERT_NE(lost, nullptr);
    EXPECT_EQ(lost->sent, first);
    EXPECT_EQ(lost->end(), Seq{1001});
    EXPECT_FALSE(lost->is_resent());
    EXPECT_EQ(queue.lost(), 1000U);
    queue.on_resent(1000, first + 101ms);
    EXPECT_EQ(queue.head_sent(), first + 101ms);
    EXPECT_EQ(queue.head_transmissions(), 2);
    EXPECT_EQ(queue.segments(SendQueue::Kind::resent), 1U);
    EXPECT_EQ(queue.lost(), 0U);
}

// RFC 6675 IsLost() would call 1 lost: three are SACKed above it. RACK alone decides, by time.
TEST_F(SackLoss, TCP_LOSS_020_only_time_tells_a_loss_where_segments_do_not_count) {
    config.recovery = 1 | 4;
    fly();
    sack(0, {block(2, 10)});
    EXPECT_EQ(take_segments(), Numbers{});
    run(24ms);
    EXPECT_EQ(take_segments(), Numbers{});
    run(1ms);
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

// Without SACK there is no time of arrival to go by: duplicates are counted.
TEST_F(SackLoss, TCP_LOSS_020_without_sack_duplicates_tell) {
    options.send_buffer = 4'000'000;
    path_delay = 100ms;
    establish(syn_ack(mss));
    queue(10 * mss);
    flush();
    sent.clear();
    now += 100ms;
    config.recovery = 1 | 4;
    ack(0);
    ack(0);
    EXPECT_EQ(take_segments(), Numbers{});
    ack(0);
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

TEST_F(SackLoss, TCP_LOSS_032_nine_that_are_lost_wait_for_the_window) {
    config.early_retransmit = 0;
    config.frto = 0;
    fly();
    run(view().rto);
    EXPECT_EQ(take_segments(), (Numbers{1}));
    EXPECT_GE(view().lost, 9U);
    run(view().rto - 1ms);
    EXPECT_EQ(take_segments(), Numbers{});
    ack(1);
    EXPECT_EQ(take_segments(), (Numbers{2, 3}));
}

// RFC 9937 §6.1: twenty out, two SACKed before the ACK that begins recovery. Of n segments that
// arrive, 10n/18 may leave; by the window of twenty it were 10n/20, by 17 one more at the seventh.
TEST_F(SackLoss, TCP_LOSS_054_what_was_sacked_before_recovery_is_not_of_its_flight) {
    fly(20);
    ack(10);
    EXPECT_EQ(take_segments().size(), 20U);
    now += 100ms;
    sack(10, {block(12, 12)});
    sack(10, {block(12, 13)});
    sack(10, {block(12, 14)});
    EXPECT_EQ(take_segments(), (Numbers{11}));
    EXPECT_EQ(view().ssthresh, 10U);
    queue(20 * mss);
    Numbers left{1};
    std::uint32_t count = 1;
    for (std::uint32_t last = 15; last <= 20; ++last) {
        sack(10, {block(12, last)});
        count += static_cast<std::uint32_t>(take_segments().size());
        left.push_back(count);
    }
    EXPECT_EQ(left, (Numbers{1, 2, 2, 3, 3, 4, 4}));
}

// Linux, and we: another expiry of the same head asks again, and is undone with the first.
TEST_F(SackLoss, TCP_LOSS_045_a_further_expiry_of_one_head_asks_again) {
    config.early_retransmit = 0;
    fly();
    const Duration rto = view().rto;
    run(rto);
    run(2 * rto);
    EXPECT_EQ(take_segments(), (Numbers{1, 1}));
    EXPECT_EQ(view().ssthresh, 5U);
    ack(2);  // 2 left but once
    EXPECT_EQ(view().state, CongestionState::open);
    EXPECT_EQ(view().ssthresh, 0U);
    EXPECT_EQ(view().cwnd, 12U);
}

}  // namespace
}  // namespace dt::tcp
