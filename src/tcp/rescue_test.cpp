// Rescue retransmission (RFC 6675 §5 rule 4), and a scoreboard that a hostile peer fills.
#include "tcp/loss_fixture.hpp"

namespace dt::tcp {
namespace {

using event::State;

// RFC 6675 §5 rule 4, where it is switched on: 8 and 9 are SACKed, 1 is repaired, and nothing would
// tell of 10 before the time-out.
TEST_F(SackLoss, TCP_LOSS_012_the_last_segment_is_sent_once_more) {
    config.rescue = event::Switch::on;
    fly();
    sack(0, {block(2, 4)});
    EXPECT_EQ(take_segments(), (Numbers{1}));
    sack(0, {block(2, 9)});
    EXPECT_EQ(take_segments(), (Numbers{10}));
    sack(1, {block(2, 9)});
    EXPECT_EQ(take_segments(), Numbers{});
}

TEST_F(SackLoss, TCP_LOSS_012_by_default_it_waits_for_the_time_out) {
    fly();
    sack(0, {block(2, 4)});
    EXPECT_EQ(take_segments(), (Numbers{1}));
    sack(0, {block(2, 9)});
    EXPECT_EQ(take_segments(), Numbers{});
}

// VULNERABILITIES class 1 (CVE-2019-11477 to 11479): a peer with a tiny MSS that SACKs every other
// segment. The runs of the scoreboard are bounded by what is in flight, each ACK costs what it
// changes, and nothing overflows.
TEST_F(SackLoss, vuln_01_TCP_SEC_022_alternate_blocks_of_tiny_segments_are_bounded) {
    options.send_buffer = 1'000'000;
    PeerSegment answer = syn_ack(8);
    answer.options.sack_permitted = true;
    establish(answer);
    queue(200'000);
    flush();
    std::uint32_t acked = 0;
    std::uint32_t segment = view().mss;
    EXPECT_GE(segment, 48U - 12U);
    std::size_t most = 0;
    for (int round = 0; round < 2'000; ++round) {
        PeerSegment p{.seq = theirs, .ack = ours + acked};
        for (std::uint32_t i = 0; i < 3; ++i) {
            const std::uint32_t first =
                ours + acked + (2 * (static_cast<std::uint32_t>(round) % 50 + i) + 1) * segment;
            p.options.sack.push_back({Seq{first}, Seq{first + segment}});
        }
        deliver(p);
        sent.clear();
        if (round % 100 == 99) {
            acked += segment;
            now += 50ms;
        }
        most = std::max(most, c->memory());
        ASSERT_LE(view().sacked, view().outstanding);
        ASSERT_EQ(c->state(), State::established);
    }
    // The text itself, once, and tens of octets for each segment that may be outstanding.
    EXPECT_LE(most, 2U * 1'000'000U);
}

}  // namespace
}  // namespace dt::tcp
