// When text is acknowledged: spec rows TCP-WIN-020..027.
#include "tcp/ack_policy.hpp"

#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

class Acknowledging : public ConnectionTest {
  protected:
    std::uint32_t at = theirs;
    std::uint32_t mine = ours;

    void receive(std::size_t count) {
        deliver_text(at, std::string(count, 'r'), mine);
        at += static_cast<std::uint32_t>(count);
    }
    /// A request and its response: the flow counts as interactive.
    void converse() {
        receive(10);
        now += 1ms;
        write(10);
        mine += 10;
        now += 1ms;
        deliver({.seq = at, .ack = mine});
        sent.clear();
    }
};

TEST_F(Acknowledging, TCP_WIN_021_the_first_sixteen_segments_are_acknowledged_at_once) {
    establish();
    for (int i = 0; i < 16; ++i) receive(10);
    EXPECT_EQ(sent.size(), 16U);
    receive(10);
    EXPECT_EQ(sent.size(), 16U);
}

TEST_F(Acknowledging, TCP_WIN_020_the_delay_follows_how_slowly_text_comes) {
    path_delay = 300ms;
    establish();
    for (int i = 0; i < 40; ++i) {
        receive(10);
        run(100ms);
    }
    EXPECT_GT(c->path_view().delayed_ack, 40ms);
    EXPECT_LE(c->path_view().delayed_ack, 200ms);
}

TEST_F(Acknowledging, TCP_WIN_020_interactive_flow_waits_40_ms) {
    establish();
    converse();
    receive(10);
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(c->timer(now).kind, event::TimerKind::delayed_ack);
    run(39ms);
    EXPECT_TRUE(sent.empty());
    run(1ms);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], mine, at);
}

TEST_F(Acknowledging, TCP_WIN_023_ack_rides_on_text) {
    establish();
    converse();
    receive(10);
    now += 5ms;
    write(20);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].ack(), at);
    EXPECT_EQ(sent[0].text.size(), 20U);
    mine += 20;
    deliver({.seq = at, .ack = mine});
    run(1s);
    EXPECT_EQ(sent.size(), 1U);
}

TEST_F(Acknowledging, TCP_WIN_025_two_full_segments_are_acknowledged_at_once) {
    establish();
    converse();
    receive(1460);
    EXPECT_TRUE(sent.empty());
    receive(1460);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], mine, at);
}

TEST_F(Acknowledging, TCP_WIN_022_hole_duplicate_and_fin_are_acknowledged_at_once) {
    establish();
    converse();
    deliver_text(at + 100, "later", mine);
    EXPECT_EQ(sent.size(), 1U);
    deliver_text(at, std::string(100, 'h'), mine);
    EXPECT_EQ(sent.size(), 2U);
    at += 105;
    EXPECT_EQ(sent[1].ack(), at);
    deliver_text(at - 5, "later", mine);
    EXPECT_EQ(sent.size(), 3U);
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = at, .ack = mine});
    EXPECT_EQ(sent.size(), 4U);
}

TEST_F(Acknowledging, TCP_WIN_027_pure_acks_are_not_acknowledged) {
    establish();
    write(10);
    sent.clear();
    deliver({.seq = theirs, .ack = ours + 10});
    run(1s);
    expect_no_segment();
}

TEST_F(Acknowledging, TCP_WIN_024_quickack_acknowledges_at_once_and_delays_when_cleared) {
    establish();
    options.quick_ack = false;
    c->set_options(turn(), options);
    receive(10);
    EXPECT_TRUE(sent.empty());
    options.quick_ack = true;
    c->set_options(turn(), options);
    flush();
    EXPECT_EQ(sent.size(), 1U);
    receive(10);
    EXPECT_EQ(sent.size(), 2U);
}

TEST_F(Acknowledging, QuickAgainAfterAPause) {
    establish();
    for (int i = 0; i < 17; ++i) receive(10);
    EXPECT_EQ(sent.size(), 16U);
    run(1s);
    sent.clear();
    receive(10);
    EXPECT_EQ(sent.size(), 1U);
}

TEST_F(Acknowledging, TCP_WIN_026_burst_of_a_turn_gets_one_ack) {
    establish();
    for (std::uint32_t i = 0; i < 20; ++i)
        arrive({.seq = theirs + i * 1460, .ack = ours, .text = std::string(1460, 'b')});
    flush();
    EXPECT_EQ(sent.size(), 1U);
}

// RFC 9293 §3.8.6.3. A peer with TCP_MAXSEG 88 and timestamps sends segments of 76 octets.
TEST_F(Acknowledging, TCP_WIN_020_every_second_full_segment_of_a_peer_with_small_ones) {
    config.timestamps = event::Switch::on;
    PeerSegment answer = syn_ack(88);
    answer.options.timestamps = {1, timestamp_at(now)};
    establish(answer);
    for (std::uint32_t i = 0; i < 40; ++i) {
        if (i == 20) sent.clear();
        PeerSegment p{.seq = theirs + i * 76, .ack = ours, .text = std::string(76, 'f')};
        p.options.timestamps = {2 + i, timestamp_at(now)};
        deliver(p);
    }
    EXPECT_EQ(c->path_view().peer_mss, 76U);
    EXPECT_EQ(sent.size(), 10U);
}

TEST_F(Acknowledging, SmallWritesThatArePushedAreNoFullSegments) {
    establish();
    for (int i = 0; i < 20; ++i) receive(100);
    EXPECT_EQ(c->path_view().peer_mss, 536U);
}

TEST_F(Acknowledging, FiredDelayIsAnEvent) {
    establish();
    converse();
    receive(10);
    run(40ms);
    const auto fired = log.all<event::TimerFired>();
    ASSERT_EQ(fired.size(), 1U);
    EXPECT_EQ(fired[0].kind, event::TimerKind::delayed_ack);
}

}  // namespace
}  // namespace dt::tcp
