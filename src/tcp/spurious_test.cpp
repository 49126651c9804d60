// Losses that were none: what is undone, and what loss detection may still believe (RFC 3522,
// RFC 5682, RFC 8985 §6.2): spec rows TCP-LOSS-021, TCP-LOSS-044, TCP-LOSS-046.
#include <gtest/gtest.h>

#include "tcp/loss_fixture.hpp"

namespace dt::tcp {
namespace {

using event::CongestionState;
using event::Reason;

class Spurious : public SackLoss {
  protected:
    /// An ACK of the first `acked` segments that echoes what left at `echoed`.
    void ack_echo(std::uint32_t acked, Instant echoed) {
        PeerSegment p{.seq = theirs, .ack = at(acked + 1)};
        p.options.timestamps = {stamp_++, timestamp_at(echoed)};
        deliver(p);
    }
    void expect_as_before(std::uint32_t cwnd) {
        EXPECT_EQ(view().state, CongestionState::open);
        EXPECT_EQ(view().cwnd, cwnd);
        EXPECT_EQ(view().ssthresh, 0U);
        EXPECT_EQ(view().lost, 0U);
        EXPECT_EQ(decisions().back(), Reason::loss_was_none);
    }

  private:
    std::uint32_t stamp_ = 78;
};

TEST_F(Spurious, TCP_LOSS_044_a_delay_longer_than_a_round_trip_is_no_loss) {
    fly();
    run(570ms);
    EXPECT_EQ(take_segments(), (Numbers{10, 1}));
    ack(2);  // more than 100 ms after the second copy of 1 left
    expect_as_before(12);
    run(30ms);
    EXPECT_EQ(take_segments(), Numbers{});
    ack(10);
    expect_as_before(20);
}

TEST_F(Spurious, TCP_LOSS_044_and_TCP_LOSS_021_the_echo_too_tells_which_copy_arrived) {
    config.timestamps = event::Switch::on;
    fly();
    const Instant first = now - 100ms;
    run(570ms);
    EXPECT_EQ(take_segments(), (Numbers{10, 1}));
    ack_echo(2, first);
    expect_as_before(12);
    run(30ms);
    EXPECT_EQ(take_segments(), Numbers{});
    ack_echo(10, first);
    expect_as_before(20);
}

TEST_F(Spurious, TCP_LOSS_044_what_was_sacked_after_it_still_shows_a_loss) {
    fly();
    run(570ms);
    (void)take_segments();
    sack(2, {block(5, 6)});
    run(30ms);  // 3 and 4 left before 5, which arrived
    EXPECT_EQ(view().lost + view().resent, 3U);
    EXPECT_EQ(view().state, CongestionState::recovery);
}

TEST_F(Spurious, TCP_LOSS_021_an_echo_older_than_the_copy_is_of_the_first) {
    config.timestamps = event::Switch::on;
    config.congestion = event::CongestionControl::cubic;
    fly();
    const Instant first = now - 100ms;
    PeerSegment p{.seq = theirs, .ack = at(1)};
    p.options.timestamps = {77, timestamp_at(first)};
    p.options.sack.push_back(block(4, 6));
    deliver(p);
    EXPECT_EQ(take_segments(), (Numbers{1, 2, 3}));
    now += 110ms;
    PeerSegment late{.seq = theirs, .ack = at(2)};
    late.options.timestamps = {78, timestamp_at(first)};
    late.options.sack.push_back(block(4, 6));
    deliver(late);
    // 7 to 10 left before the second copy of 1: were it that which arrived, they would be lost.
    EXPECT_EQ(view().lost, 0U);
    EXPECT_EQ(take_segments(), Numbers{});
}

TEST_F(Spurious, TCP_LOSS_046_a_tail_probe_of_long_ago_does_not_hide_a_needless_timeout) {
    config.timestamps = event::Switch::on;
    fly();
    Instant first = now - 100ms;
    ack_echo(9, first);
    run(450ms);
    EXPECT_EQ(take_segments(), (Numbers{10}));
    ack_echo(10, now - 100ms);
    ASSERT_EQ(view().state, CongestionState::open);
    const std::uint32_t cwnd = view().cwnd;
    write(mss);
    first = now;
    run(450ms);
    EXPECT_EQ(take_segments(), (Numbers{11, 11}));
    ASSERT_EQ(view().state, CongestionState::loss);
    ack_echo(11, first);
    EXPECT_EQ(decisions().back(), Reason::loss_was_none);
    EXPECT_GE(view().cwnd, cwnd);
}

TEST_F(Spurious, TCP_LOSS_046_a_second_tail_probe_begins_the_stamp_anew) {
    config.timestamps = event::Switch::on;
    fly();
    ack_echo(9, now - 100ms);
    run(450ms);
    ack_echo(10, now - 100ms);
    write(mss);
    now += 100ms;
    ack_echo(11, now - 100ms);  // the first probe had repaired a loss
    const std::uint32_t cwnd = view().cwnd;
    const std::uint32_t ssthresh = view().ssthresh;
    (void)take_segments();
    write(2 * mss);
    const Instant first = now;
    run(900ms);
    ASSERT_EQ(take_segments(), (Numbers{12, 13, 13, 12}));
    ack_echo(13, first);
    EXPECT_EQ(decisions().back(), Reason::loss_was_none);
    EXPECT_GE(view().cwnd, cwnd);
    EXPECT_EQ(view().ssthresh, ssthresh);
}

}  // namespace
}  // namespace dt::tcp
