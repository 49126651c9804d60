// What a sender tells of its stream: what was delivered, what never left, and how the window grows
// where the network reorders (TCP_INFO, SIOCOUTQNSD).
#include "tcp/loss_fixture.hpp"

namespace dt::tcp {
namespace {

class DeliveryTest : public SackLoss {};

TEST_F(DeliveryTest, TheSynOfAPassiveOpenCountsOnce) {
    for (const bool sack : {true, false}) {
        PassiveOpen open = passive();
        open.sack_permitted = sack;
        c = std::make_unique<Connection>(turn(), pool, open);
        deliver({});
        ASSERT_EQ(c->state(), State::established);
        EXPECT_EQ(view().delivered, 1U) << sack;
        write(2000);
        deliver({.seq = theirs, .ack = ours + 2000});
        EXPECT_EQ(view().delivered, 3U) << sack;
    }
}

TEST_F(DeliveryTest, TheSynOfAnActiveOpenCountsOnce) {
    fly();
    EXPECT_EQ(view().delivered, 1U);
    ack(10);
    EXPECT_EQ(view().delivered, 11U);
}

// What is lost or SACKed is not in flight, and was sent all the same.
TEST_F(DeliveryTest, API_SOCK_018_only_what_never_left_is_unsent) {
    fly(5);
    EXPECT_EQ(c->unsent(), 5 * mss);
    sack(0, {block(2, 4)});
    const auto fresh = static_cast<std::uint32_t>(
        std::ranges::count_if(sent, [](const Sent& s) { return s.seq() >= at(11); }));
    EXPECT_EQ(c->unsent(), (5 - fresh) * mss);
    EXPECT_GT(c->unsent(), 0U);
    EXPECT_NE(c->unsent(), 15 * mss - view().in_flight);
}

TEST_F(DeliveryTest, API_SOCK_018_a_fin_that_waits_counts_as_one) {
    fly(1);
    (void)shutdown_write();
    EXPECT_EQ(c->unsent(), mss + 1);
    ack(10);
    EXPECT_EQ(c->unsent(), 0U);
}

TEST_F(DeliveryTest, WhereTheNetworkReordersWhatIsSackedGrowsTheWindow) {
    fly();
    sack(0, {block(10, 10)});
    EXPECT_EQ(view().cwnd, 10U);
    sack(0, {block(4, 4), block(10, 10)});
    EXPECT_EQ(view().reordering, 7U);
    EXPECT_EQ(view().cwnd, 11U);
    ack(10);
    EXPECT_EQ(view().cwnd, 19U);
}

}  // namespace
}  // namespace dt::tcp
