// CUBIC and HyStart++ by their numbers: spec rows TCP-CC-015 to TCP-CC-039.
#include "tcp/cubic.hpp"

#include <gtest/gtest.h>

#include "tcp/congestion.hpp"

namespace dt::tcp {
namespace {

constexpr std::uint32_t mss = 1000;

// A flow that uses its window; each round of `rtt` acknowledges all of it in segments.
class Flow {
  public:
    explicit Flow(Duration rtt = 100ms, event::Switch hystart = event::Switch::off) : rtt_(rtt) {
        Config config;
        config.hystart = hystart;
        congestion.choose(event::CongestionControl::cubic);
        congestion.start(config, mss, Congestion::Opening::usual);
    }
    /// One round: `acks` of equal size.
    void round(Duration rtt) {
        const std::uint32_t cwnd = congestion.cwnd();
        nxt_ += cwnd;
        congestion.on_sent(cwnd, mss, una_, nxt_);
        const std::uint32_t segments = cwnd / mss;
        now_ += rtt;
        for (std::uint32_t i = 0; i < segments; ++i) {
            AckEvent ack;
            ack.kind = AckKind::advanced;
            ack.now = now_;
            una_ += mss;
            ack.una = una_;
            ack.nxt = una_ + congestion.cwnd();
            ack.mss = mss;
            ack.delivered = ack.acked = mss;
            ack.srtt = rtt;
            ack.path_rtt = rtt;
            congestion.on_ack(ack);
        }
        una_ = nxt_;
    }
    void run(Duration span) {
        for (const Instant end = now_ + span; now_ < end;) round(rtt_);
    }
    void lose() {
        congestion.on_loss(congestion.cwnd(), mss);
        congestion.set_cwnd(congestion.ssthresh());
    }
    [[nodiscard]] std::uint32_t window() const { return congestion.cwnd() / mss; }

    Congestion congestion;
    void skip(Duration span) { now_ += span; }

  private:
    Duration rtt_;
    Instant now_{1000s};
    Seq una_{1};
    Seq nxt_{1};
};

TEST(CubeRoot, IsExactForCubesAndBetween) {
    EXPECT_EQ(cube_root(0), 0U);
    EXPECT_EQ(cube_root(1), 1U);
    EXPECT_EQ(cube_root(26), 2U);
    EXPECT_EQ(cube_root(27), 3U);
    EXPECT_EQ(cube_root(1'000'000'000'000ULL), 10'000U);
    EXPECT_EQ(cube_root(30ULL * 2'500'000'000ULL), 4217U);  // K after a loss at 100 segments
}

TEST(Cubic, TCP_CC_015_returns_to_the_old_window_after_k) {
    Flow flow;
    flow.congestion.set_cwnd(160 * mss);
    flow.lose();
    EXPECT_EQ(flow.window(), 112U);
    const std::uint32_t seen[] = {138, 151, 158, 160, 160, 160, 164, 172, 189};
    for (const std::uint32_t expected : seen) {
        flow.run(1s);
        EXPECT_NEAR(flow.window(), expected, 4);
    }
}

TEST(Cubic, TCP_CC_018_a_loss_below_the_maximum_makes_room) {
    Flow flow;
    flow.congestion.set_cwnd(160 * mss);
    flow.lose();
    flow.congestion.set_cwnd(124 * mss);
    flow.lose();
    flow.run(4s);
    EXPECT_NEAR(flow.window(), 106U, 3);
}

TEST(Cubic, TCP_CC_019_not_below_two_segments) {
    Flow flow;
    flow.congestion.set_cwnd(2 * mss);
    flow.lose();
    EXPECT_EQ(flow.window(), 2U);
}

TEST(Cubic, TCP_CC_017_a_short_rtt_grows_as_reno_would) {
    Flow flow(10ms);
    flow.congestion.set_cwnd(20 * mss);
    flow.lose();
    flow.run(200ms);
    EXPECT_GE(flow.window(), 20U);
}

TEST(Cubic, TCP_CC_016_at_most_half_a_window_per_round) {
    Flow flow;
    flow.congestion.set_cwnd(100 * mss);
    flow.lose();
    flow.run(2s);
    flow.skip(60s);  // as if time had counted
    const std::uint32_t window = flow.window();
    flow.round(100ms);
    EXPECT_LE(flow.window(), window + window / 2 + 1);
}

TEST(Cubic, TCP_CC_020_after_a_timeout_the_curve_begins_where_avoidance_does) {
    Flow flow;
    flow.congestion.set_cwnd(100 * mss);
    flow.congestion.on_timeout(Congestion::Expiry::first, 100 * mss, mss);
    EXPECT_EQ(flow.window(), 1U);
    EXPECT_EQ(flow.congestion.ssthresh(), 70 * mss);
    flow.run(1s);
    EXPECT_GE(flow.window(), 70U);
    EXPECT_LE(flow.window(), 80U);
}

// As Linux: where the curve was is not restored, so it goes on from the window as from a maximum.
TEST(Cubic, TCP_CC_022_an_undone_cut_restores_the_window_and_begins_a_stage) {
    Flow flow;
    flow.congestion.set_cwnd(160 * mss);
    flow.lose();
    flow.run(1200ms);
    const std::uint32_t cwnd = flow.congestion.cwnd();
    flow.lose();
    flow.congestion.undo(cwnd, 112 * mss);
    EXPECT_EQ(flow.congestion.cwnd(), cwnd);
    EXPECT_EQ(flow.congestion.ssthresh(), 112 * mss);
    flow.run(3s);
    EXPECT_GT(flow.window(), 165U) << "the old curve would rest at 160";
}

// RFC 9438 §4.10: W(t) = 0.4 t³ + the window at which slow start ended; Reno would add a hundred.
TEST(Cubic, TCP_CC_039_behind_a_slow_start_without_loss_it_is_convex_at_once) {
    Flow flow(100ms, event::Switch::on);
    flow.round(100ms);
    while (!flow.congestion.is_ssthresh_set()) flow.round(150ms);
    const std::uint32_t window = flow.congestion.ssthresh() / mss;
    EXPECT_LE(flow.window(), window + 2) << "K is zero: flat at first";
    flow.run(10s);
    EXPECT_NEAR(flow.window(), window + 400, 25);
}

TEST(Congestion, TCP_CC_034_another_algorithm_keeps_the_window) {
    Flow flow;
    flow.congestion.set_cwnd(80 * mss);
    flow.congestion.choose(event::CongestionControl::reno);
    EXPECT_EQ(flow.window(), 80U);
    EXPECT_EQ(flow.congestion.algorithm(), event::CongestionControl::reno);
}

TEST(HyStart, TCP_CC_023_a_risen_rtt_makes_slow_start_slow) {
    Flow flow(100ms, event::Switch::on);
    flow.round(100ms);
    flow.round(100ms);
    EXPECT_EQ(flow.window(), 40U);
    flow.round(112ms);  // threshold 12.5 ms
    EXPECT_EQ(flow.window(), 80U);
    flow.round(140ms);
    EXPECT_LT(flow.window(), 160U - 40U);
    EXPECT_FALSE(flow.congestion.is_ssthresh_set());
}

// A round lasts until what was SND.NXT at its beginning is acknowledged; each ACK is a sample.
TEST(HyStart, TCP_CC_036_a_round_ends_where_sent_text_ended_when_it_began) {
    using Pace = HyStart::Pace;
    HyStart hystart;
    const auto acks = [&](int count, Duration rtt, std::uint32_t una, std::uint32_t nxt) {
        Pace pace = Pace::grow;
        for (int i = 0; i < count; ++i) pace = hystart.on_ack(rtt, Seq{una}, Seq{nxt});
        return pace;
    };
    EXPECT_EQ(acks(8, 100ms, 500, 1000), Pace::grow);   // the round ends at 1000
    EXPECT_EQ(acks(1, 100ms, 1000, 3000), Pace::grow);  // and the next at 3000
    EXPECT_EQ(acks(1, 101ms, 1001, 3500), Pace::grow);
    EXPECT_EQ(acks(50, 150ms, 2999, 5000), Pace::grow) << "the least of the round counts";
    EXPECT_EQ(acks(1, 150ms, 3000, 6000), Pace::grow);  // the third, until 6000
    EXPECT_EQ(acks(7, 150ms, 3001, 6500), Pace::grow) << "seven samples decide nothing";
    EXPECT_EQ(acks(1, 150ms, 3002, 6500), Pace::grow_slowly);
}

TEST(HyStart, TCP_CC_037_after_five_slow_rounds_avoidance_begins) {
    Flow flow(100ms, event::Switch::on);
    flow.round(100ms);
    for (int i = 0; i < 7; ++i) flow.round(150ms);
    EXPECT_TRUE(flow.congestion.is_ssthresh_set());
}

TEST(HyStart, TCP_CC_037_an_rtt_that_falls_again_resumes_doubling) {
    Flow flow(100ms, event::Switch::on);
    flow.round(100ms);
    flow.round(130ms);
    flow.round(100ms);
    const std::uint32_t window = flow.window();
    flow.round(100ms);
    EXPECT_GE(flow.window(), 2 * window - 10);
    EXPECT_FALSE(flow.congestion.is_ssthresh_set());
}

TEST(HyStart, TCP_CC_038_only_the_first_slow_start_is_watched) {
    Flow flow(100ms, event::Switch::on);
    flow.congestion.set_cwnd(100 * mss);
    flow.congestion.on_timeout(Congestion::Expiry::first, 100 * mss, mss);
    flow.congestion.set_cwnd(10 * mss);
    flow.round(100ms);
    flow.round(200ms);
    EXPECT_EQ(flow.window(), 40U);
}

TEST(Congestion, TCP_CC_002_the_first_window_is_ten_segments_or_the_formula) {
    using event::InitialWindow;
    EXPECT_EQ(initial_window(InitialWindow::ten_segments, 1460), 14'600U);
    EXPECT_EQ(initial_window(InitialWindow::ten_segments, 8960), 89'600U);
    EXPECT_EQ(initial_window(InitialWindow::rfc_6928, 536), 5'360U);
    EXPECT_EQ(initial_window(InitialWindow::rfc_6928, 1460), 14'600U);
    EXPECT_EQ(initial_window(InitialWindow::rfc_6928, 8960), 2U * 8960);
}

TEST(Congestion, TCP_CC_005_one_segment_an_ack_where_so_limited) {
    const auto after_an_ack_of = [](std::uint32_t segments, std::uint8_t limit) {
        Config config;
        config.hystart = event::Switch::off;
        config.slow_start_limit = limit;
        Congestion congestion;
        congestion.start(config, mss, Congestion::Opening::usual);
        congestion.on_sent(10 * mss, mss, Seq{1}, Seq{1} + 10 * mss);
        AckEvent ack;
        ack.kind = AckKind::advanced;
        ack.una = Seq{1} + segments * mss;
        ack.nxt = Seq{1} + 10 * mss;
        ack.mss = mss;
        ack.delivered = ack.acked = segments * mss;
        congestion.on_ack(ack);
        return congestion.cwnd() / mss;
    };
    EXPECT_EQ(after_an_ack_of(2, 0), 12U);
    EXPECT_EQ(after_an_ack_of(2, 1), 11U);
    EXPECT_EQ(after_an_ack_of(4, 2), 12U);
}

}  // namespace
}  // namespace dt::tcp
