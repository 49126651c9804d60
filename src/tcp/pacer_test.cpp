// Pacing (spec TCP-CC-026): rates, departure times, and a connection that keeps to them.
#include "tcp/pacer.hpp"

#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

TEST(PacingRate, TCP_CC_026_twice_or_six_fifths_of_a_window_in_a_round_trip) {
    EXPECT_EQ(pacing_rate(10'000, 100ms, 200), 200'000U);
    EXPECT_EQ(pacing_rate(10'000, 100ms, 120), 120'000U);
}

TEST(PacerTest, TCP_CC_026_the_first_ten_segments_are_not_held) {
    Pacer pacer;
    pacer.set_rate(100'000);
    const Instant now = Instant{} + 1s;
    for (int i = 0; i < 10; ++i) {
        EXPECT_FALSE(pacer.holds(now)) << i;
        pacer.on_sent(now, 1000, 1);
    }
    EXPECT_FALSE(pacer.holds(now));
    pacer.on_sent(now, 1000, 1);
    EXPECT_TRUE(pacer.holds(now));
}

TEST(PacerTest, ASegmentTakesItsTimeAtTheRate) {
    Pacer pacer;
    pacer.set_rate(100'000);
    Instant now = Instant{} + 1s;
    pacer.on_sent(now, 10'000, 10);
    pacer.on_sent(now, 1000, 1);
    // The time before the first counted as idle: half of the segment's 10 ms.
    EXPECT_EQ(pacer.next(), now + 5ms);
    now = pacer.next();
    pacer.on_sent(now, 1000, 1);
    EXPECT_EQ(pacer.next(), now + 10ms);
}

TEST(PacerTest, WithoutARateNothingIsHeld) {
    Pacer pacer;
    const Instant now = Instant{} + 1s;
    for (int i = 0; i < 100; ++i) pacer.on_sent(now, 60'000, 44);
    EXPECT_FALSE(pacer.holds(now));
}

/// A peer that acknowledges what it is told to; RTT 100 ms by the first segment.
class PacedTest : public EngineTest {
  protected:
    ConnId id;
    Seq ours;

    void open(const Options& options = {}) {
        listen(5, options);
        ours = establish() + 1;
        id = accept();
        host().write(id, "x");
        (void)host().flush();
        host().now += 100ms;
        ours += 1;
        ack(ours);
    }
    void ack(Seq number) {
        Script script{.flags = TcpFlag::ack, .seq = theirs, .ack = number};
        (void)host().deliver(peer(), script);
    }
    /// When each segment left, for `span` of silence.
    std::vector<Instant> departures(Duration span) {
        std::vector<Instant> all;
        for (const Left& left : host().flush()) all.push_back(left.at);
        for (const Left& left : host().run(span)) all.push_back(left.at);
        return all;
    }
};

TEST_F(PacedTest, TCP_CC_026_behind_the_first_ten_segments_leave_spread) {
    config.pacing = event::Switch::on;
    config.send_buffer = 200'000;
    open();
    host().write(id, std::string(9 * 536, 'x'));
    EXPECT_EQ(departures(0ms).size(), 9U);  // the first ten, with that of the sample
    host().now += 100ms;
    ack(ours + 9 * 536);
    ours += 9 * 536;
    host().write(id, std::string(10 * 536, 'x'));
    const auto left = departures(90ms);
    ASSERT_GE(left.size(), 5U);
    EXPECT_GT(left.back() - left.front(), 5ms);
    EXPECT_GT(engine().pacing_rate(id), 0U);
}

TEST_F(PacedTest, TCP_CC_026_without_pacing_they_leave_at_once) {
    config.send_buffer = 200'000;
    open();
    host().write(id, std::string(9 * 536, 'x'));
    EXPECT_EQ(departures(0ms).size(), 9U);
    ack(ours + 9 * 536);
    ours += 9 * 536;
    host().write(id, std::string(10 * 536, 'x'));
    EXPECT_EQ(departures(0ms).size(), 10U);
    EXPECT_EQ(engine().pacing_rate(id), 0U);
}

TEST_F(PacedTest, TCP_CC_026_what_the_timer_sends_again_does_not_wait_for_the_pace) {
    config.send_buffer = 200'000;
    Options options;
    options.pacing_rate_max = 100;  // a segment in 5.36 s
    open(options);
    host().write(id, std::string(10 * 536, 'x'));
    (void)departures(0ms);
    EXPECT_GE(departures(5s).size(), 4U);
}

TEST_F(PacedTest, TCP_PMTU_007_what_waits_for_its_pace_leaves_as_small_as_the_path_was_told_to_be) {
    config.send_buffer = 200'000;
    config.mtu_expires = 100ms;
    Options options;
    options.pacing_rate_max = 536;  // a segment a second
    open(options);
    host().write(id, std::string(9 * 536, 'x'));
    (void)host().flush();
    ack(ours + 9 * 536);
    host().write(id, std::string(536, 'x'));
    const auto left = host().flush();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].text, 536U);
    static_cast<void>(engine().on_icmp(host().turn(), peer(), ours + 9 * 536,
                                       IcmpError::fragmentation_needed, 552));
    const auto again = host().run(10s);
    ASSERT_FALSE(again.empty());
    EXPECT_EQ(again[0].text, 512U) << "what was learned was over before it could be used";
}

TEST_F(PacedTest, AProgramMayBoundTheRate) {
    config.send_buffer = 200'000;
    Options options;
    options.pacing_rate_max = 53'600;  // a segment in 10 ms
    open(options);
    host().write(id, std::string(30 * 536, 'x'));
    (void)departures(0ms);
    EXPECT_EQ(engine().pacing_rate(id), 53'600U);
    ack(ours + 9 * 536);
    const auto left = departures(100ms);
    EXPECT_GE(left.size(), 8U);
    EXPECT_LE(left.size(), 12U);
}

TEST_F(PacedTest, TCP_CC_026_what_a_small_window_held_is_held_by_the_pace_and_leaves) {
    config.send_buffer = 200'000;
    Options options;
    options.pacing_rate_max = 536;  // a segment a second
    open(options);
    host().write(id, std::string(40 * 536, 'x'));
    std::size_t sent = 0;
    const auto count = [&](const std::vector<Left>& all) {
        for (const Left& left : all) sent += left.text;
    };
    count(host().flush());
    ack(ours + static_cast<std::uint32_t>(sent));
    count(host().run(5s));  // each second one: the next may leave in a second
    Script closing{.flags = TcpFlag::ack,
                   .seq = theirs,
                   .ack = ours + static_cast<std::uint32_t>(sent),
                   .window = 52};
    const std::size_t before = sent;
    count(host().deliver(peer(), closing));
    count(host().run(5s));
    EXPECT_GT(sent, before) << "the hold was over before the pace let anything leave";
}

}  // namespace
}  // namespace dt::tcp
