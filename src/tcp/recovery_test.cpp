// Loss recovery and congestion control over a connection: spec rows TCP-LOSS (without SACK),
// TCP-CC.
#include "tcp/recovery.hpp"

#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

// MSS 1000, ten segments in flight, RTT 100 ms, more text queued.
class RecoveryOf : public ConnectionTest {
  protected:
    static constexpr std::uint32_t mss = 1000;

    RecoveryOf() { config.congestion = event::CongestionControl::reno; }

    void fly(std::size_t extra = 10) {
        options.send_buffer = 1'000'000;
        path_delay = 100ms;
        establish(syn_ack(mss));
        std::size_t left = (10 + extra) * mss;
        while (left > 0) {
            const MutableOctets room = c->writable(pool, left);
            ASSERT_FALSE(room.empty());
            c->commit(turn(), room.size());
            left -= room.size();
        }
        flush();
        ASSERT_EQ(sent.size(), 10U);
        sent.clear();
        now += 100ms;
    }
    void ack_upto(std::uint32_t segments) {
        deliver({.seq = theirs, .ack = ours + segments * mss});
    }
    void duplicate() { deliver({.seq = theirs, .ack = c_una()}); }
    [[nodiscard]] std::uint32_t c_una() const { return una; }
    void duplicates(int count) {
        for (int i = 0; i < count; ++i) duplicate();
    }
    /// Which segments (1 = the first) have left since the last look.
    std::vector<std::uint32_t> take_segments() {
        std::vector<std::uint32_t> numbers;
        for (const Sent& s : sent) numbers.push_back((s.seq() - ours) / mss + 1);
        sent.clear();
        return numbers;
    }
    std::uint32_t una = ours;
};

using Numbers = std::vector<std::uint32_t>;

TEST_F(RecoveryOf, TCP_LOSS_001_third_duplicate_sends_the_first_again) {
    fly(0);
    duplicates(2);
    EXPECT_EQ(take_segments(), Numbers{});
    duplicates(1);
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

TEST_F(RecoveryOf, TCP_LOSS_002_window_updates_are_no_duplicates) {
    fly(0);
    for (std::uint16_t window = 60'000; window < 60'005; ++window)
        deliver({.seq = theirs, .ack = ours, .window = window});
    EXPECT_EQ(take_segments(), Numbers{});
    for (int i = 0; i < 3; ++i) deliver({.seq = theirs, .ack = ours, .window = 60'004});
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

TEST_F(RecoveryOf, TCP_LOSS_003_limited_transmit) {
    fly();
    duplicate();
    EXPECT_EQ(take_segments(), (Numbers{11}));
    duplicate();
    EXPECT_EQ(take_segments(), (Numbers{12}));
    EXPECT_EQ(c->path_view().cwnd, 10U);  // TCP-LOSS-004
    duplicate();
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

TEST_F(RecoveryOf, TCP_LOSS_005_partial_ack_sends_the_next_hole) {
    fly(0);
    duplicates(3);
    EXPECT_EQ(take_segments(), (Numbers{1}));
    ack_upto(4);
    EXPECT_EQ(take_segments(), (Numbers{5}));
    ack_upto(10);
    EXPECT_EQ(take_segments(), Numbers{});
    EXPECT_EQ(c->path_view().cwnd, c->path_view().ssthresh);
}

TEST_F(RecoveryOf, TCP_LOSS_006_no_fast_retransmit_of_old_text_after_a_timeout) {
    fly(0);
    const Duration rto = c->path_view().rto;
    run(rto);
    EXPECT_EQ(take_segments(), (Numbers{1}));
    const std::uint32_t ssthresh = c->path_view().ssthresh;
    duplicates(5);
    EXPECT_EQ(take_segments(), Numbers{});
    EXPECT_EQ(c->path_view().ssthresh, ssthresh);
    ack_upto(1);
    EXPECT_EQ(take_segments(), (Numbers{2, 3}));  // slow start: TCP-CC-009
}

TEST_F(RecoveryOf, TCP_LOSS_014_and_TCP_CC_008_reno_halves_the_flight) {
    fly(0);
    duplicates(3);
    EXPECT_EQ(c->path_view().ssthresh, 5U);
    ack_upto(10);
    EXPECT_EQ(c->path_view().cwnd, 5U);
}

TEST_F(RecoveryOf, TCP_LOSS_015_one_cut_per_episode) {
    fly();
    duplicates(3);
    const std::uint32_t ssthresh = c->path_view().ssthresh;
    ack_upto(2);
    duplicates(6);
    ack_upto(5);
    EXPECT_EQ(c->path_view().ssthresh, ssthresh);
}

TEST_F(RecoveryOf, TCP_CC_011_the_window_falls_to_ssthresh_without_inflation) {
    fly();
    duplicates(3);
    EXPECT_EQ(take_segments(), (Numbers{11, 12, 1}));
    Numbers windows{c->path_view().cwnd};
    std::vector<Numbers> left;
    for (int i = 0; i < 6; ++i) {
        duplicate();
        windows.push_back(c->path_view().cwnd);
        left.push_back(take_segments());
    }
    EXPECT_EQ(windows, (Numbers{9, 8, 8, 7, 7, 6, 5}));
    EXPECT_EQ(c->path_view().ssthresh, 5U);
    EXPECT_EQ(left, (std::vector<Numbers>{{}, {13}, {}, {14}, {}, {}}));
}

TEST_F(RecoveryOf, TCP_LOSS_051_a_thousand_duplicates_send_one_segment_again) {
    fly(0);
    duplicates(1000);
    EXPECT_EQ(take_segments(), (Numbers{1}));
}

TEST_F(RecoveryOf, TCP_LOSS_055_spoofed_duplicates_release_a_bounded_amount) {
    fly(500);
    duplicates(100);
    Numbers numbers = take_segments();
    EXPECT_LE(numbers.size(), 3U + 10U);
}

TEST_F(RecoveryOf, TCP_LOSS_050_lost_acks_cost_nothing) {
    fly(0);
    ack_upto(10);
    run(10s);
    EXPECT_EQ(take_segments(), Numbers{});
    EXPECT_EQ(c->unacked(), 0U);
}

TEST_F(RecoveryOf, TCP_LOSS_052_acknowledgment_of_unsent_text_does_not_grow_the_window) {
    fly(0);
    const std::uint32_t cwnd = c->path_view().cwnd;
    deliver({.seq = theirs, .ack = ours + 50'000});
    EXPECT_EQ(c->path_view().cwnd, cwnd);
}

TEST_F(RecoveryOf, TCP_CC_005_slow_start_doubles_per_round) {
    fly(200);
    std::uint32_t acked = 0;
    for (const std::uint32_t expected : {20U, 40U, 80U}) {
        const std::uint32_t round = c->path_view().in_flight / mss;
        for (std::uint32_t i = 2; i <= round; i += 2) ack_upto(acked + i);
        acked += round;
        EXPECT_EQ(c->path_view().cwnd, expected);
    }
}

TEST_F(RecoveryOf, TCP_CC_006_one_segment_per_round_above_ssthresh) {
    fly(500);
    duplicates(3);
    ack_upto(12);
    sent.clear();
    std::uint32_t acked = 12;
    std::uint32_t cwnd = c->path_view().cwnd;
    EXPECT_EQ(cwnd, c->path_view().ssthresh);
    for (int round = 0; round < 10; ++round) {
        acked += c->path_view().in_flight / mss;
        ack_upto(acked);
    }
    EXPECT_NEAR(c->path_view().cwnd, cwnd + 10, 1);
}

TEST_F(RecoveryOf, TCP_CC_007_acks_of_parts_do_not_speed_growth) {
    fly(100);
    for (std::uint32_t i = 1; i < mss; ++i) deliver({.seq = theirs, .ack = ours + i});
    EXPECT_EQ(c->path_view().cwnd, 10U);
    deliver({.seq = theirs, .ack = ours + mss});
    EXPECT_EQ(c->path_view().cwnd, 11U);
}

TEST_F(RecoveryOf, TCP_CC_010_ssthresh_is_cut_once_per_row_of_expiries) {
    fly(0);
    run(c->path_view().rto);
    const std::uint32_t ssthresh = c->path_view().ssthresh;
    EXPECT_EQ(ssthresh, 5U);
    run(5s);
    EXPECT_EQ(c->path_view().ssthresh, ssthresh);
    EXPECT_EQ(c->path_view().cwnd, 1U);
}

TEST_F(RecoveryOf, TCP_CC_013_duplicates_and_window_updates_do_not_grow_the_window) {
    fly(0);
    for (std::uint16_t i = 0; i < 50; ++i)
        deliver({.seq = theirs, .ack = ours, .window = static_cast<std::uint16_t>(60'000 + i)});
    deliver({.seq = theirs, .ack = ours, .window = 60'049});
    EXPECT_EQ(c->path_view().cwnd, 10U);
}

TEST_F(RecoveryOf, TCP_CC_014_window_that_is_not_used_does_not_grow) {
    establish(syn_ack(mss));
    for (std::uint32_t i = 1; i <= 100; ++i) {
        write("x");
        deliver({.seq = theirs, .ack = ours + i});
    }
    EXPECT_EQ(c->path_view().cwnd, 10U);
}

TEST_F(RecoveryOf, TCP_CC_014_six_of_ten_grow_four_of_ten_do_not) {
    establish(syn_ack(mss));
    options.no_delay = true;
    write(4 * mss);
    deliver({.seq = theirs, .ack = ours + 4 * mss});
    EXPECT_EQ(c->path_view().cwnd, 10U);
    write(6 * mss);
    deliver({.seq = theirs, .ack = ours + 10 * mss});
    EXPECT_EQ(c->path_view().cwnd, 16U);
}

TEST_F(RecoveryOf, EverythingLostIsSentAgainInOrder) {
    fly(0);
    run(c->path_view().rto);
    EXPECT_EQ(take_segments(), (Numbers{1}));
    ack_upto(1);
    EXPECT_EQ(take_segments(), (Numbers{2, 3}));
    ack_upto(3);
    EXPECT_EQ(take_segments(), (Numbers{4, 5, 6, 7}));
    ack_upto(10);
    EXPECT_EQ(c->unacked(), 0U);
}

}  // namespace
}  // namespace dt::tcp
