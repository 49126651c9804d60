// The advertised window: spec rows TCP-WIN-012..018, TCP-OPT-006.
#include "tcp/receive_window.hpp"

#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

constexpr Seq next{1000};

ReceiveWindow window_of(std::uint32_t limit, std::uint8_t shift = 0) {
    ReceiveWindow window(limit, 1460);
    window.start(next, first_window(limit, 1460), shift);
    return window;
}

TEST(ReceiveWindow, FirstWindowIsWholeSegments) {
    EXPECT_EQ(first_window(65'536, 1460), 64'240);
    EXPECT_EQ(first_window(3'000'000, 1460), 65'535);
    EXPECT_EQ(first_window(1000, 1460), 1000);
}

TEST(ReceiveWindow, TCP_9293_SHLD_14_edge_never_moves_left) {
    ReceiveWindow window = window_of(20'000);
    (void)window.advertise(next, 0);
    const Seq edge = window.edge();
    window.set_limit(5000);
    (void)window.advertise(next, 0);
    EXPECT_EQ(window.edge(), edge);
    (void)window.advertise(next + 1000, 1000);
    EXPECT_EQ(window.edge(), edge);
}

TEST(ReceiveWindow, TCP_OPT_006_rounding_does_not_move_the_edge_left) {
    ReceiveWindow window = window_of(65'536, 7);
    (void)window.advertise(next, 0);
    const Seq edge = window.edge();
    const std::uint16_t field = window.advertise(next + 1, 1);
    EXPECT_FALSE(before(next + 1 + (std::uint32_t{field} << 7), edge));
}

TEST(ReceiveWindow, TCP_OPT_006_rounding_never_offers_a_unit_more_than_the_buffer) {
    for (const std::uint32_t step : {1U, 50U, 100U, 127U, 129U, 700U}) {
        ReceiveWindow window = window_of(65'536, 7);
        (void)window.advertise(next, 0);
        std::uint32_t unread = 0;
        while (window.octets(next + unread) >= step && unread < 200'000) {
            unread += step;
            (void)window.advertise(next + unread, unread);
        }
        EXPECT_LT(unread, 65'536U + 128U) << step;
        EXPECT_GT(unread, 65'536U - 2 * 1460U) << step;
    }
}

TEST(ReceiveWindow, AnEdgeIsNoFartherThanAnUnscaledFieldCanSay) {
    ReceiveWindow window = window_of(3'000'000);
    EXPECT_EQ(window.advertise(next + 64'240, 0), 65'535);
    EXPECT_EQ(window.edge(), next + 64'240 + 65'535);
    EXPECT_FALSE(window.wants_update(next + 64'240, 0));
}

TEST(ReceiveWindow,
     TCP_WIN_012_a_field_that_is_not_scaled_is_told_open_although_the_buffer_is_larger) {
    constexpr std::uint16_t mss_of_lo = 65'483;
    ReceiveWindow window(1'000'000, mss_of_lo);
    window.start(next, 65'535, 0);
    const Seq rcv_nxt = next + mss_of_lo;
    EXPECT_EQ(window.advertise(rcv_nxt, 1'000'000), 52);
    EXPECT_TRUE(window.wants_update(rcv_nxt, 0));
}

TEST(ReceiveWindow, TCP_9293_MUST_39_opens_by_a_segment_or_half_the_buffer) {
    ReceiveWindow window = window_of(14'600);
    const Seq full = next + 14'600;
    EXPECT_EQ(window.advertise(full, 14'600), 0);
    EXPECT_EQ(window.advertise(full, 14'600 - 1), 0);
    EXPECT_EQ(window.advertise(full, 14'600 - 1459), 0);
    EXPECT_EQ(window.advertise(full, 14'600 - 1460), 1460);
}

TEST(ReceiveWindow, TCP_WIN_012_and_013_update_after_a_real_opening) {
    ReceiveWindow window = window_of(65'536);
    (void)window.advertise(next, 0);
    const Seq full = window.edge();
    const std::uint64_t unread = distance(next, full);
    (void)window.advertise(full, unread);
    EXPECT_FALSE(window.wants_update(full, 65'536 - 100));
    EXPECT_FALSE(window.wants_update(full, 65'536 - 2 * 1460 + 1));
    EXPECT_TRUE(window.wants_update(full, 65'536 - 2 * 1460));
    EXPECT_TRUE(window.wants_update(full, 0));
}

TEST(ReceiveWindow, NoUpdateWhileThePeerHasHalfTheWindowLeft) {
    ReceiveWindow window = window_of(60'000);
    (void)window.advertise(next, 0);
    EXPECT_FALSE(window.wants_update(next + 10'000, 0));
    EXPECT_TRUE(window.wants_update(next + 40'000, 0));
}

TEST(ReceiveWindow, TCP_WIN_017_doubles_for_a_program_that_keeps_up) {
    ReceiveWindow window = window_of(65'536);
    Instant now{10s};
    for (int i = 0; i < 10; ++i) {
        now += 50ms;
        window.on_consumed(now, window.limit(), 50ms, 3'000'000);
    }
    EXPECT_EQ(window.limit(), 3'000'000U);
}

TEST(ReceiveWindow, SlowFlowDoesNotGrowIt) {
    ReceiveWindow window = window_of(65'536);
    Instant now{10s};
    for (int i = 0; i < 100; ++i) {
        now += 50ms;
        window.on_consumed(now, 30'000, 50ms, 3'000'000);
    }
    EXPECT_EQ(window.limit(), 65'536U);
}

using Receiving = ConnectionTest;

TEST_F(Receiving, TCP_WIN_014_text_beyond_the_window_is_dropped_and_acked) {
    options.receive_buffer = 20'000;
    establish();
    deliver_text(theirs + 11'000, "beyond", ours);
    EXPECT_EQ(c->unread(), 0U);
    expect_ack(sent.at(0), ours, theirs);
}

TEST_F(Receiving, TCP_9293_MAY_8_full_buffer_closes_the_window_and_reading_opens_it) {
    options.receive_buffer = 20'000;
    establish();
    for (std::uint32_t i = 0; i < 10; ++i)
        deliver_text(theirs + i * 1000, std::string(1000, 'f'), ours);
    EXPECT_EQ(sent.back().summary.window, 0U);
    sent.clear();
    // TCP-WIN-009: a probe is answered with the window there is.
    deliver({.seq = theirs + 8759, .ack = ours});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].summary.window, 0U);
    (void)read_all();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_GE(sent[1].summary.window, 8760U);
}

TEST_F(Receiving, ResetCountsWithAClosedWindow) {
    options.receive_buffer = 20'000;
    establish();
    for (std::uint32_t i = 0; i < 10; ++i)
        deliver_text(theirs + i * 1000, std::string(1000, 'f'), ours);
    deliver({.flags = TcpFlag::rst, .seq = theirs + 8760});
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(Receiving, AckOfTextBehindAClosedWindowStillCounts) {
    options.receive_buffer = 20'000;
    establish();
    write(100);
    for (std::uint32_t i = 0; i < 10; ++i)
        deliver_text(theirs + i * 1000, std::string(1000, 'f'), ours);
    deliver_text(theirs + 8760, "more", ours + 100);
    EXPECT_EQ(c->unacked(), 0U);
    EXPECT_EQ(c->unread(), 8760U);
}

// Each small segment with an old duplicate after it: two ACKs, and nobody reads.
TEST_F(Receiving, vuln_14_small_segments_cannot_move_the_edge_of_a_program_that_does_not_read) {
    auto answer = syn_ack();
    answer.options.window_scale = 7;
    establish(answer);
    const std::uint32_t most = window_limit(config.receive_buffer) + 127;
    std::uint64_t taken = 0;
    for (std::uint32_t i = 0; i < 5000; ++i) {
        deliver_text(theirs + i * 100, std::string(100, 's'), ours);
        deliver_text(theirs + i * 100, "s", ours);
        sent.clear();
        if (c->unread() == taken) break;
        taken = c->unread();
    }
    EXPECT_LE(taken, most);
    EXPECT_GT(taken, most - 2 * 1460);
    EXPECT_LE(c->memory(), 4 * std::size_t{most});
}

// A full-duplex program that writes and does not read: each of its segments carries an ACK.
TEST_F(Receiving, vuln_14_an_ack_with_each_text_of_ours_does_not_move_the_edge) {
    auto answer = syn_ack();
    answer.options.window_scale = 7;
    establish(answer);
    const std::uint32_t most = window_limit(config.receive_buffer) + 127;
    std::uint64_t taken = 0;
    for (std::uint32_t i = 0; i < 5000; ++i) {
        write(200);
        deliver_text(theirs + i * 100, std::string(100, 's'), ours + 200 * (i + 1));
        sent.clear();
        if (c->unread() == taken) break;
        taken = c->unread();
    }
    EXPECT_LE(taken, most);
    EXPECT_GT(taken, most - 2 * 1460);
}

TEST_F(Receiving, TCP_SEG_029_a_fin_beyond_the_window_is_not_consumed) {
    options.receive_buffer = 2000;
    config.window_scaling = event::Switch::off;
    establish();
    const TcpFlags fin_ack = TcpFlag::fin | TcpFlag::ack;
    deliver({.flags = fin_ack, .seq = theirs, .ack = ours, .text = std::string(1000, 'w')});
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(c->unread(), 1000U);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs + 1000);
    (void)read_all();
    deliver({.flags = fin_ack, .seq = theirs + 1000, .ack = ours});
    EXPECT_EQ(c->state(), State::close_wait);
}

TEST_F(Receiving, TCP_SEG_029_text_beyond_the_window_is_cut_and_the_rest_acknowledged_once) {
    options.receive_buffer = 2000;
    config.window_scaling = event::Switch::off;
    establish();
    deliver_text(theirs, std::string(1500, 'w'), ours);
    EXPECT_EQ(c->unread(), 1000U);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs + 1000);
}

TEST_F(Receiving, TCP_WIN_028_a_segment_without_ack_is_not_answered_for_its_text) {
    options.receive_buffer = 2000;
    config.window_scaling = event::Switch::off;
    establish();
    deliver({.flags = TcpFlag::psh, .seq = theirs, .text = std::string(1500, 'w')});
    expect_no_segment();
    EXPECT_EQ(c->unread(), 0U);
}

TEST_F(Receiving, TCP_SEC_005_text_beyond_the_window_adds_no_ack_to_a_challenge) {
    options.receive_buffer = 2000;
    config.window_scaling = event::Switch::off;
    establish();
    for (int i = 0; i < 5; ++i) {
        deliver({.flags = TcpFlag::rst, .seq = theirs + 5, .text = std::string(1500, 'w')});
        deliver({.flags = TcpFlag::syn, .seq = theirs + 5, .text = std::string(1500, 'w')});
    }
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_EQ(c->state(), State::established);
}

TEST_F(Receiving, TCP_WIN_018_receive_buffer_option_stops_growth) {
    options.receive_buffer = 16'384;
    path_delay = 10ms;
    establish();
    std::uint32_t at = theirs;
    for (int i = 0; i < 200; ++i) {
        now += 10ms;
        deliver_text(at, std::string(1000, 'g'), ours);
        at += 1000;
        (void)read_all();
        EXPECT_LE(sent.back().summary.window, 8192U + 128U);
    }
}

TEST_F(Receiving, TCP_WIN_015_a_buffer_that_shrinks_takes_nothing_back_and_drops_what_is_too_much) {
    options.receive_buffer = 40'000;  // a window of 20,000
    establish();
    const auto edge_of = [](const Sent& s) { return s.ack() + s.header.window; };
    deliver_text(theirs, std::string(100, 'a'), ours);
    const std::uint32_t edge = edge_of(sent.back());
    options.receive_buffer = 2304;
    c->set_options(turn(), options);
    sent.clear();
    for (std::uint32_t at = theirs + 1000; at + 900 < edge; at += 1000) {
        deliver_text(at, std::string(900, 'b'), ours);
    }
    deliver_text(theirs + 100, std::string(900, 'c'), ours);
    ASSERT_GT(sent.size(), 10U);
    for (const Sent& each : sent) EXPECT_EQ(edge_of(each), edge);
    const auto dropped = drops();
    EXPECT_GT(std::ranges::count(dropped, event::Reason::reassembly_full), 5);
    EXPECT_EQ(c->unread(), 1900U);
}

}  // namespace
}  // namespace dt::tcp
