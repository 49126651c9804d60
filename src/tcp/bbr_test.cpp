// BBR version 1 over a link of one rate and one delay, in virtual time: what its model finds, the
// states it passes through, and what loss does (spec TCP-CC-041).
#include "tcp/bbr.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <optional>
#include <set>

#include "tcp/congestion.hpp"

namespace dt::tcp {
namespace {

using Mode = Bbr::Mode;

constexpr std::uint32_t mss = 1000;

/// A bottleneck that serves one segment after the other and has room for all of them, behind which
/// every so manieth transmission is lost. The peer sends SACK.
class Link {
  public:
    Link(std::uint64_t octets_per_s, Duration delay, std::uint64_t lost_every = never_lost)
        : takes_(Duration{static_cast<std::int64_t>(mss * 1'000'000'000ULL / octets_per_s)}),
          delay_(delay),
          lost_every_(lost_every) {}

    /// Sends for `span`: as the pace allows, as the window allows.
    void run(Duration span) {
        const Instant end = now + span;
        while (now < end) {
            send();
            Instant next = std::min(end, next_departure_ > now ? next_departure_ : now + 1ms);
            if (!arriving_.empty()) next = std::min(next, arriving_.front().back);
            now = std::max(next, now + 1us);
            while (!arriving_.empty() && arriving_.front().back <= now) acknowledge();
            modes.insert(bbr.mode());
            if (bbr.mode() == Mode::probe_bandwidth && bbr.bandwidth() > 0)
                gains.insert((bbr.pacing_rate() * 1000 / bbr.bandwidth() + 2) / 5 * 5);
            if (bbr.mode() == Mode::probe_rtt)
                flight_in_probe = std::min(flight_in_probe, flight());
            flight_max = std::max(flight_max, flight());
        }
    }
    [[nodiscard]] std::uint32_t flight() const { return distance(una_, nxt_); }

    Bbr bbr;
    CongestionWindow window{10 * mss, ssthresh_initial};
    Instant now = Instant{} + 1s;
    std::set<Mode> modes;
    std::set<std::uint64_t> gains;  // of the pace while cruising, per mille, to the nearest five
    std::uint64_t delivered = 0;
    std::uint32_t flight_max = 0;
    std::uint32_t flight_in_probe = 1U << 30;
    Duration srtt{};

    static constexpr std::uint64_t never_lost = ~std::uint64_t{0};

  private:
    struct Segment {
        Instant back{};
        Instant sent{};
        Seq first{};
    };

    [[nodiscard]] std::uint32_t in_flight() const {
        return static_cast<std::uint32_t>(arriving_.size() + missing_.size()) * mss;
    }
    void send() {
        const std::uint64_t rate = bbr.pacing_rate();
        while (in_flight() + mss <= window.cwnd && now >= next_departure_) {
            const bool is_again = !lost_.empty();
            const Seq first = is_again ? lost_.front() : nxt_;
            if (is_again) lost_.pop_front();
            if (!is_again) nxt_ += mss;
            bbr.on_sent({.now = now,
                         .kind = is_again ? Bbr::Sent::Kind::again : Bbr::Sent::Kind::new_text,
                         .flight = flight(),
                         .length = mss,
                         .unsent = 100 * mss,
                         .mss = mss},
                        window);
            free_at_ = std::max(free_at_, now) + takes_;
            const bool is_lost = ++transmissions_ % lost_every_ == 0;
            (is_lost ? missing_ : arriving_).push_back({free_at_ + delay_, now, first});
            if (rate == 0) continue;
            next_departure_ =
                now + Duration{static_cast<std::int64_t>(mss * 1'000'000'000ULL / rate)};
        }
    }
    void acknowledge() {
        const Segment segment = arriving_.front();
        arriving_.pop_front();
        if (segment.first == una_) {
            una_ += mss;
            while (held_.erase(una_.value()) > 0) una_ += mss;
        } else {
            held_.insert(segment.first.value());
        }
        find_losses(segment);
        delivered += mss;
        AckEvent ack;
        ack.now = now;
        ack.kind = AckKind::advanced;
        ack.una = una_;
        ack.nxt = nxt_;
        ack.mss = mss;
        ack.delivered = ack.acked = mss;
        ack.in_flight = in_flight();
        ack.path_rtt = now - segment.sent;
        ack.newest_sent = segment.sent;
        srtt = srtt == Duration{} ? *ack.path_rtt : (7 * srtt + *ack.path_rtt) / 8;
        ack.srtt = srtt;
        bbr.on_ack(ack, window);
    }
    /// What left before the segment that arrived does not come any more.
    void find_losses(const Segment& arrived) {
        for (; !missing_.empty() && missing_.front().sent < arrived.sent; missing_.pop_front()) {
            lost_.push_back(missing_.front().first);
            bbr.on_loss(window);
            if (!repaired_) repaired_ = nxt_;
        }
        if (!repaired_ || before(una_, *repaired_)) return;
        repaired_.reset();
        bbr.on_recovered(window);
    }

    Duration takes_;
    Duration delay_;
    std::uint64_t lost_every_;
    std::uint64_t transmissions_ = 0;
    Seq una_{1};
    Seq nxt_{1};
    Instant free_at_{};
    Instant next_departure_{};
    std::deque<Segment> arriving_;
    std::deque<Segment> missing_;   // lost, and not yet known to be
    std::deque<Seq> lost_;          // to be sent again
    std::set<std::uint32_t> held_;  // arrived behind a hole
    std::optional<Seq> repaired_;   // where this recovery ends
};

constexpr std::uint64_t ten_megabits = 1'250'000;  // octets per second

TEST(WindowedMaxTest, TheBestOfTheLastRoundsCounts) {
    WindowedMax most(10);
    most.on_sample(100, 1);
    most.on_sample(50, 2);
    EXPECT_EQ(most.value(), 100U);
    most.on_sample(60, 11);
    EXPECT_EQ(most.value(), 100U);
    most.on_sample(40, 12);
    EXPECT_LE(most.value(), 60U);
    most.on_sample(200, 13);
    EXPECT_EQ(most.value(), 200U);
}

TEST(BbrTest, TCP_CC_041_it_leaves_startup_when_the_pipe_is_full) {
    Link link(ten_megabits, 40ms);
    EXPECT_EQ(link.bbr.mode(), Mode::startup);
    link.run(1s);
    EXPECT_NE(link.bbr.mode(), Mode::startup);
    EXPECT_TRUE(link.modes.contains(Mode::drain));
    EXPECT_EQ(link.bbr.mode(), Mode::probe_bandwidth);
}

TEST(BbrTest, TCP_CC_041_the_model_finds_rate_and_delay) {
    Link link(ten_megabits, 40ms);
    link.run(3s);
    EXPECT_GT(link.bbr.bandwidth(), ten_megabits * 95 / 100);
    EXPECT_LT(link.bbr.bandwidth(), ten_megabits * 105 / 100);
    EXPECT_GE(link.bbr.min_rtt(), 40ms);
    EXPECT_LT(link.bbr.min_rtt(), 45ms);
}

TEST(BbrTest, TCP_CC_041_cruising_it_fills_the_link_and_keeps_its_queue_short) {
    Link link(ten_megabits, 40ms);
    link.run(3s);
    const std::uint64_t before = link.delivered;
    link.flight_max = 0;
    link.run(5s);
    EXPECT_GT(link.delivered - before, 5 * ten_megabits * 95 / 100);
    // Two products of bandwidth and delay at most: 100 segments, and three for offload.
    EXPECT_LE(link.flight_max, 110U * mss);
}

TEST(BbrTest, TCP_CC_041_every_ten_seconds_it_empties_the_pipe_to_see_the_delay) {
    Link link(ten_megabits, 40ms);
    link.run(9s);
    EXPECT_FALSE(link.modes.contains(Mode::probe_rtt));
    link.run(4s);
    EXPECT_TRUE(link.modes.contains(Mode::probe_rtt));
    EXPECT_LE(link.flight_in_probe, 4U * mss);
    EXPECT_EQ(link.bbr.mode(), Mode::probe_bandwidth);
}

TEST(BbrTest, TCP_CC_041_a_loss_costs_no_rate) {
    Link link(ten_megabits, 40ms);
    link.run(3s);
    const std::uint64_t pace = link.bbr.bandwidth();
    for (int i = 0; i < 10; ++i) {
        link.bbr.on_loss(link.window);
        link.run(100ms);
        link.bbr.on_recovered(link.window);
    }
    EXPECT_GT(link.bbr.bandwidth(), pace * 95 / 100);
    EXPECT_GT(link.window.cwnd, 50U * mss);
}

TEST(BbrTest, TCP_CC_041_the_pace_probes_drains_and_cruises_one_hundredth_below_the_rate) {
    Link link(ten_megabits, 40ms);
    link.run(3s);
    link.gains.clear();
    link.run(2s);
    EXPECT_TRUE(link.gains.contains(1235) || link.gains.contains(1240));
    EXPECT_TRUE(link.gains.contains(740) || link.gains.contains(745));
    EXPECT_TRUE(link.gains.contains(990));
}

TEST(BbrTest, TCP_CC_041_startup_paces_at_two_by_the_logarithm_of_two) {
    Link link(ten_megabits, 40ms);
    link.run(100ms);
    ASSERT_EQ(link.bbr.mode(), Mode::startup);
    EXPECT_GE(link.bbr.pacing_rate() * 1000 / link.bbr.bandwidth(), 2850U);
}

/// One segment at a time, acknowledged `rtt` after it left.
class Requests {
  public:
    Requests() { window.cwnd = 10 * mss; }
    void trip(Duration rtt, std::uint32_t length = mss, std::uint32_t unsent = 0) {
        end_ += length;
        Bbr::Sent sent{.now = now, .flight = length, .length = length};
        sent.unsent = unsent;
        sent.mss = mss;
        bbr.on_sent(sent, window);
        AckEvent ack;
        ack.newest_sent = now;
        now += rtt;
        ack.kind = AckKind::advanced;
        ack.now = now;
        ack.una = end_;
        ack.mss = mss;
        ack.acked = ack.delivered = length;
        ack.path_rtt = ack.srtt = rtt;
        bbr.on_ack(ack, window);
    }
    Bbr bbr;
    CongestionWindow window;
    Instant now{1000s};

  private:
    Seq end_{1};
};

TEST(BbrTest, TCP_CC_041_behind_a_pause_the_pipe_is_not_emptied_for_it_was_empty) {
    Requests flow;
    flow.trip(50ms);
    flow.now += 11s;
    flow.trip(50ms);
    EXPECT_EQ(flow.bbr.mode(), Mode::startup);
    EXPECT_GT(flow.bbr.memory(), 0U);
}

TEST(BbrTest, TCP_CC_041_a_window_that_was_shut_is_no_pause) {
    Requests flow;
    flow.trip(50ms, mss, 5 * mss);  // text waits behind it
    flow.now += 11s;
    flow.trip(50ms);
    EXPECT_EQ(flow.bbr.mode(), Mode::probe_rtt);
}

TEST(BbrTest, TCP_CC_041_what_a_late_ack_shows_does_not_renew_the_least_round_trip) {
    Requests flow;
    flow.trip(50ms);
    flow.now += 11s;
    flow.trip(90ms, mss / 10);  // the peer's delayed ACK
    EXPECT_EQ(flow.bbr.min_rtt(), Duration{50ms});
    flow.trip(60ms);
    EXPECT_EQ(flow.bbr.min_rtt(), Duration{60ms});
}

// One in twenty lost at 200 ms: the left edge stands still for round trips, so the rate is measured
// on what arrives behind the holes, one round trip at a time, and the pipe is found full in time.
TEST(BbrTest, TCP_CC_041_a_long_path_that_loses_one_in_twenty_is_filled) {
    Link link(10 * ten_megabits, 200ms, 20);
    link.run(6s);
    EXPECT_GT(link.bbr.bandwidth(), 10 * ten_megabits * 90 / 100);
    const std::uint64_t before = link.delivered;
    link.run(3s);
    EXPECT_GT(link.delivered - before, 3 * 10 * ten_megabits * 90 / 100);
}

TEST(BbrTest, ASlowerLinkIsFoundSlower) {
    Link slow(ten_megabits / 10, 40ms);
    slow.run(5s);
    EXPECT_LT(slow.bbr.bandwidth(), ten_megabits / 10 * 105 / 100);
    EXPECT_GE(slow.window.cwnd, 4U * mss);
}

TEST(CongestionTest, TCP_CC_034_bbr_takes_over_a_window_and_gives_it_back) {
    Config config;
    Congestion congestion;
    congestion.start(config, mss, Congestion::Opening::usual);
    const std::uint32_t cwnd = congestion.cwnd();
    congestion.choose(event::CongestionControl::bbr);
    EXPECT_EQ(congestion.algorithm(), event::CongestionControl::bbr);
    EXPECT_TRUE(congestion.is_paced());
    EXPECT_EQ(congestion.cwnd(), cwnd);
    congestion.choose(event::CongestionControl::reno);
    EXPECT_FALSE(congestion.is_paced());
    EXPECT_EQ(congestion.cwnd(), cwnd);
}

}  // namespace
}  // namespace dt::tcp
