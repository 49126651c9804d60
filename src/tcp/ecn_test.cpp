// Explicit congestion notification (RFC 3168): spec rows TCP-ECN-001 to TCP-ECN-013, TCP-CC-024.
#include <gtest/gtest.h>

#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

constexpr std::uint8_t ect_0 = 2;
constexpr std::uint8_t marked = 3;

class EcnTest : public ConnectionTest {
  protected:
    static constexpr std::uint32_t mss = 1000;

    EcnTest() {
        config.ecn = event::Ecn::on;
        config.congestion = event::CongestionControl::reno;
    }

    void begin() {
        PeerSegment answer = syn_ack(mss);
        answer.flags |= TcpFlag::ece;
        answer.options.sack_permitted = true;
        options.send_buffer = 1'000'000;
        path_delay = 100ms;
        establish(answer);
    }
    /// Writes, and answers the IP ECN fields of what left.
    std::vector<std::uint8_t> fields_of_next(std::size_t count) {
        while (count > 0) {
            const MutableOctets room = c->writable(pool, count);
            c->commit(turn(), room.size());
            count -= room.size();
        }
        return fields();
    }
    std::vector<std::uint8_t> fields() {
        std::vector<std::uint8_t> found;
        while (auto out = c->next_segment(turn(), pool)) {
            found.push_back(static_cast<std::uint8_t>(out->tos & 3));
            sent.push_back(read(*out));
        }
        return found;
    }
    Outcome marked_text(std::uint32_t seq, std::size_t length, TcpFlags flags, std::uint8_t ecn) {
        SegmentIn in = segment({.flags = flags, .seq = seq, .text = std::string(length, 'm')});
        in.ecn = ecn;
        Outcome outcome = c->on_segment(turn(), pool, std::move(in));
        flush();
        return outcome;
    }
    [[nodiscard]] event::PathView view() const { return c->path_view(); }
};

TEST_F(EcnTest, TCP_ECN_001_only_when_on_a_syn_asks) {
    open_active();
    EXPECT_TRUE(sent[0].flags().ece() && sent[0].flags().cwr());
    sent.clear();
    config.ecn = event::Ecn::passive;
    open_active();
    EXPECT_FALSE(sent[0].flags().ece() || sent[0].flags().cwr());
}

TEST_F(EcnTest, TCP_ECN_003_reflected_bits_are_no_answer) {
    PeerSegment answer = syn_ack(mss);
    answer.flags |= TcpFlag::ece | TcpFlag::cwr;
    establish(answer);
    EXPECT_FALSE(view().ecn);
    EXPECT_EQ(fields_of_next(100), (std::vector<std::uint8_t>{0}));
}

TEST_F(EcnTest, TCP_ECN_004_the_second_syn_does_not_ask) {
    open_active();
    sent.clear();
    run(1s);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_FALSE(sent[0].flags().ece() || sent[0].flags().cwr());
}

TEST_F(EcnTest, TCP_ECN_005_new_text_and_nothing_else_is_ecn_capable) {
    begin();
    EXPECT_TRUE(view().ecn);
    EXPECT_EQ(fields_of_next(2 * mss), (std::vector<std::uint8_t>{ect_0, ect_0}));
    (void)arrive({.seq = theirs, .ack = ours, .text = "x"});
    EXPECT_EQ(fields(), (std::vector<std::uint8_t>{0}));  // an ACK
    sent.clear();
    now = c->deadline();
    (void)c->on_timer(turn());
    for (const std::uint8_t field : fields()) EXPECT_EQ(field, 0);  // sent again
    EXPECT_FALSE(sent.empty());
}

TEST_F(EcnTest, TCP_ECN_006_and_TCP_ECN_007_a_mark_is_echoed_until_cwr) {
    begin();
    (void)marked_text(theirs, 100, TcpFlag::ack, marked);
    EXPECT_TRUE(sent.back().flags().ece());
    (void)marked_text(theirs + 100, 100, TcpFlag::ack, ect_0);
    EXPECT_TRUE(sent.back().flags().ece());
    (void)marked_text(theirs + 200, 100, TcpFlag::ack | TcpFlag::cwr, marked);
    EXPECT_TRUE(sent.back().flags().ece());
    (void)marked_text(theirs + 300, 100, TcpFlag::ack | TcpFlag::cwr, ect_0);
    EXPECT_FALSE(sent.back().flags().ece());
}

TEST_F(EcnTest, TCP_ECN_010_old_text_and_bare_acks_bring_no_echo) {
    begin();
    (void)marked_text(theirs, 100, TcpFlag::ack, ect_0);
    (void)marked_text(theirs, 100, TcpFlag::ack, marked);
    (void)marked_text(theirs + 100, 0, TcpFlag::ack, marked);
    (void)marked_text(theirs + 200'000, 100, TcpFlag::ack, marked);
    for (const Sent& s : sent) EXPECT_FALSE(s.flags().ece());
    (void)marked_text(theirs + 500, 100, TcpFlag::ack, marked);  // out of order, in the window
    EXPECT_TRUE(sent.back().flags().ece());
}

TEST_F(EcnTest, TCP_ECN_008_and_TCP_CC_024_one_cut_a_window_and_one_cwr) {
    begin();
    (void)fields_of_next(30 * mss);
    ASSERT_EQ(sent.size(), 10U);
    sent.clear();
    now += 100ms;
    for (std::uint32_t i = 1; i <= 9; ++i)
        deliver({.flags = TcpFlag::ack | TcpFlag::ece, .seq = theirs, .ack = ours + i * mss});
    EXPECT_EQ(view().state, event::CongestionState::reduced);
    EXPECT_EQ(view().ssthresh, 5U);
    EXPECT_EQ(view().cwnd, 5U);
    std::size_t told = 0;
    for (const Sent& s : sent) {
        EXPECT_GT(s.seq(), ours + 9 * mss);  // nothing is sent again
        told += s.flags().cwr() ? 1 : 0;
    }
    EXPECT_EQ(told, 1U);
    const auto changes = log.all<event::CongestionChange>();
    ASSERT_EQ(changes.size(), 1U);
    EXPECT_EQ(changes[0].reason, event::Reason::marked_by_network);
}

TEST_F(EcnTest, TCP_CC_025_a_mark_and_a_loss_in_one_round_trip_are_one_cut) {
    begin();
    (void)fields_of_next(30 * mss);
    now += 100ms;
    deliver({.flags = TcpFlag::ack | TcpFlag::ece, .seq = theirs, .ack = ours + mss});
    const std::uint32_t ssthresh = view().ssthresh;
    PeerSegment p{.seq = theirs, .ack = ours + mss};
    p.options.sack.push_back({Seq{ours + 2 * mss}, Seq{ours + 6 * mss}});
    deliver(p);
    EXPECT_EQ(view().state, event::CongestionState::recovery);
    EXPECT_EQ(view().ssthresh, ssthresh);
}

TEST_F(EcnTest, TCP_CC_025_a_mark_and_a_tail_that_a_probe_repaired_are_one_cut) {
    begin();
    (void)fields_of_next(20 * mss);
    now += 100ms;
    deliver({.seq = theirs, .ack = ours + 5 * mss});
    deliver({.flags = TcpFlag::ack | TcpFlag::ece, .seq = theirs, .ack = ours + 10 * mss});
    const std::uint32_t ssthresh = view().ssthresh;
    ASSERT_EQ(view().state, event::CongestionState::reduced);
    now += 100ms;
    deliver({.flags = TcpFlag::ack | TcpFlag::ece, .seq = theirs, .ack = ours + 19 * mss});
    run(500ms);
    EXPECT_EQ(sent.back().seq(), ours + 19 * mss);  // the probe
    EXPECT_EQ(sent.back().summary.retransmission, 1);
    deliver({.seq = theirs, .ack = ours + 20 * mss});
    (void)fields_of_next(mss);
    now += 100ms;
    deliver({.seq = theirs, .ack = ours + 21 * mss});
    EXPECT_EQ(view().ssthresh, ssthresh);
    EXPECT_EQ(view().state, event::CongestionState::open);
}

}  // namespace
}  // namespace dt::tcp
