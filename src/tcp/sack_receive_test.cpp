// SACK and D-SACK as a receiver: spec rows TCP-OPT-018 to TCP-OPT-025 (RFC 2018, RFC 2883).
#include <gtest/gtest.h>

#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

using Blocks = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

class SackReceiver : public ConnectionTest {
  protected:
    void begin() {
        PeerSegment answer = syn_ack();
        answer.options.sack_permitted = true;
        if (config.timestamps == event::Switch::on) {
            answer.options.timestamps = {5, timestamp_at(now)};
        }
        establish(answer);
    }
    /// Text [first, first+length) of the peer, counted from its first octet.
    Outcome text(std::uint32_t first, std::uint32_t length) {
        sent.clear();
        PeerSegment p{.flags = TcpFlag::ack, .seq = theirs + first, .ack = ours};
        p.text = std::string(length, 't');
        if (config.timestamps == event::Switch::on) p.options.timestamps = {6, timestamp_at(now)};
        return deliver(p);
    }
    /// The blocks of the last segment, counted from the peer's first octet.
    [[nodiscard]] Blocks blocks() const {
        Blocks found;
        for (const wire::SackBlock& block : sent.back().header.options.sack)
            found.emplace_back(block.first.value() - theirs, block.end.value() - theirs);
        return found;
    }
};

TEST_F(SackReceiver, OurSynPermitsSack) {
    open_active();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_TRUE(sent[0].header.options.sack_permitted);
}

TEST_F(SackReceiver, ASynWithoutItWhereSackIsOff) {
    config.sack = event::Switch::off;
    open_active();
    EXPECT_FALSE(sent[0].header.options.sack_permitted);
}

TEST_F(SackReceiver, TCP_OPT_019_no_blocks_where_the_peer_did_not_permit_them) {
    establish();
    (void)text(1000, 500);
    EXPECT_EQ(blocks(), Blocks{});
}

TEST_F(SackReceiver, TCP_OPT_020_the_newest_block_comes_first) {
    begin();
    (void)text(1000, 500);
    EXPECT_EQ(blocks(), (Blocks{{1000, 1500}}));
    (void)text(3000, 500);
    EXPECT_EQ(blocks(), (Blocks{{3000, 3500}, {1000, 1500}}));
    (void)text(1500, 500);
    EXPECT_EQ(blocks(), (Blocks{{1000, 2000}, {3000, 3500}}));
}

TEST_F(SackReceiver, TCP_OPT_021_and_TCP_OPT_022_four_blocks_the_newest) {
    begin();
    for (std::uint32_t i = 1; i <= 5; ++i) (void)text(i * 1000, 500);
    EXPECT_EQ(blocks(), (Blocks{{5000, 5500}, {4000, 4500}, {3000, 3500}, {2000, 2500}}));
}

TEST_F(SackReceiver, TCP_OPT_021_three_beside_timestamps) {
    config.timestamps = event::Switch::on;
    begin();
    for (std::uint32_t i = 1; i <= 5; ++i) (void)text(i * 1000, 500);
    EXPECT_EQ(blocks(), (Blocks{{5000, 5500}, {4000, 4500}, {3000, 3500}}));
}

TEST_F(SackReceiver, AFilledHoleTakesItsBlockAway) {
    begin();
    (void)text(1000, 500);
    (void)text(3000, 500);
    (void)text(0, 1000);
    EXPECT_EQ(sent.back().ack(), theirs + 1500);
    EXPECT_EQ(blocks(), (Blocks{{3000, 3500}}));
    (void)text(1500, 1500);
    EXPECT_EQ(sent.back().ack(), theirs + 3500);
    EXPECT_EQ(blocks(), Blocks{});
}

TEST_F(SackReceiver, TCP_OPT_024_a_duplicate_of_held_text_is_the_first_block) {
    begin();
    (void)text(3000, 500);
    (void)text(1000, 500);
    (void)text(1000, 500);
    EXPECT_EQ(blocks(), (Blocks{{1000, 1500}, {1000, 1500}, {3000, 3500}}));
}

TEST_F(SackReceiver, TCP_OPT_024_and_TCP_OPT_025_a_duplicate_below_is_reported_once) {
    begin();
    (void)text(0, 1500);
    (void)text(0, 1000);
    EXPECT_EQ(blocks(), (Blocks{{0, 1000}}));
    EXPECT_EQ(sent.back().ack(), theirs + 1500);
    (void)text(1500, 1460);
    EXPECT_EQ(blocks(), Blocks{});
}

TEST_F(SackReceiver, TCP_OPT_024_the_old_front_of_a_segment_is_a_duplicate) {
    begin();
    (void)text(0, 1000);
    (void)text(500, 1000);
    EXPECT_EQ(blocks(), (Blocks{{500, 1000}}));
    EXPECT_EQ(sent.back().ack(), theirs + 1500);
}

TEST_F(SackReceiver, WithoutDsackDuplicatesAreOnlyAcknowledged) {
    config.dsack = event::Switch::off;
    begin();
    (void)text(0, 1000);
    (void)text(0, 1000);
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(blocks(), Blocks{});
}

TEST_F(SackReceiver, TCP_KA_006_the_octet_of_a_probe_is_a_duplicate) {
    begin();
    (void)text(0, 100);
    (void)text(99, 1);
    EXPECT_EQ(blocks(), (Blocks{{99, 100}}));
}

TEST_F(SackReceiver, TextCarriesBlocksOnlyWhereThereIsRoom) {
    begin();
    (void)text(1000, 500);
    sent.clear();
    write(100);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(blocks(), (Blocks{{1000, 1500}}));
    sent.clear();
    write(1460);
    for (const Sent& s : sent) EXPECT_LE(s.text.size() + s.header.options.size(), 1460U);
}

TEST_F(SackReceiver, TextFromTheRightMakesOneBlock) {
    begin();
    for (std::uint32_t i = 20; i >= 1; --i) (void)text(i * 100, 100);
    EXPECT_EQ(blocks(), (Blocks{{100, 2100}}));
}

}  // namespace
}  // namespace dt::tcp
