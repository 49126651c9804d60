// What leaves and when: spec rows TCP-WIN-001..006, Nagle, PSH, cwnd, super-segments.
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

class Output : public ConnectionTest {
  protected:
    [[nodiscard]] std::vector<std::size_t> lengths() const {
        std::vector<std::size_t> all;
        for (const Sent& s : sent) all.push_back(s.text.size());
        return all;
    }
    /// Commits without letting anything leave in between.
    void queue(std::size_t count) {
        while (count > 0) {
            const MutableOctets room = c->writable(pool, count);
            ASSERT_FALSE(room.empty());
            std::fill(room.begin(), room.end(), std::byte{'q'});
            c->commit(turn(), room.size());
            count -= room.size();
        }
    }
};

TEST_F(Output, TCP_9293_SHLD_28_whole_segments_then_the_rest) {
    establish();
    queue(14'600);
    flush();
    EXPECT_EQ(lengths(), std::vector<std::size_t>(10, 1460));
}

TEST_F(Output, TCP_9293_MUST_61_last_segment_has_psh) {
    establish();
    queue(3000);
    flush();
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1460, 1460, 80}));
    EXPECT_FALSE(sent[0].flags().psh());
    EXPECT_FALSE(sent[1].flags().psh());
    EXPECT_TRUE(sent[2].flags().psh());
}

TEST_F(Output, TCP_CC_002_ten_segments_before_any_ack) {
    establish();
    queue(29'000);
    flush();
    EXPECT_EQ(lengths(), std::vector<std::size_t>(10, 1460));
    EXPECT_EQ(c->path_view().cwnd, 10U);
    EXPECT_EQ(c->path_view().ssthresh, 0U);
}

TEST_F(Output, TCP_WIN_003_nagle_holds_the_second_small_write) {
    establish();
    write("1");
    write("2");
    write("3");
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1}));
    deliver({.seq = theirs, .ack = ours + 1});
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1, 2}));
    EXPECT_EQ(sent[1].text, "23");  // TCP-9293-SHLD-7
}

TEST_F(Output, TCP_9293_MUST_17_no_delay_sends_at_once) {
    options.no_delay = true;
    establish();
    write("1");
    write("2");
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1, 1}));
}

TEST_F(Output, TCP_WIN_005_setting_no_delay_pushes_what_is_held) {
    establish();
    write("1");
    write("2");
    ASSERT_EQ(sent.size(), 1U);
    options.no_delay = true;
    c->set_options(turn(), options);
    flush();
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1, 1}));
}

TEST_F(Output, TCP_WIN_004_cork_holds_a_part_for_200_ms) {
    options.cork = true;
    establish();
    write(100);
    EXPECT_TRUE(sent.empty());
    run(199ms);
    EXPECT_TRUE(sent.empty());
    run(1ms);
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{100}));
}

TEST_F(Output, CorkLetsWholeSegmentsGo) {
    options.cork = true;
    establish();
    queue(1500);
    flush();
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1460}));
    options.cork = false;
    c->set_options(turn(), options);
    flush();
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1460, 40}));
}

TEST_F(Output, TCP_WIN_006_fin_releases_a_held_part) {
    establish();
    write("1");
    write("2");
    shutdown_write();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[1].text, "2");
    EXPECT_TRUE(sent[1].flags().fin());
}

TEST_F(Output, TCP_9293_SHLD_27_writes_are_joined_into_whole_segments) {
    establish();
    write("1");
    write(700);
    write(700);
    deliver({.seq = theirs, .ack = ours + 1});
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1, 1400}));
}

TEST_F(Output, TCP_WIN_001_window_smaller_than_a_segment_is_used_at_once) {
    PeerSegment answer = syn_ack();
    answer.window = 300;
    establish(answer);
    queue(1000);
    flush();
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{300}));
}

TEST_F(Output, TCP_WIN_002_sliver_of_a_window_waits_for_the_override_timer) {
    establish();
    queue(1460);
    flush();
    deliver({.seq = theirs, .ack = ours + 1460, .window = 10});
    sent.clear();
    queue(1000);
    flush();
    EXPECT_TRUE(sent.empty());  // MUST-38
    run(99ms);
    EXPECT_TRUE(sent.empty());
    run(901ms);
    ASSERT_FALSE(sent.empty());
    EXPECT_EQ(sent[0].text.size(), 10U);
}

TEST_F(Output, TCP_9293_MUST_34_and_TCP_9293_SHLD_15_shrunk_window_sends_nothing_new) {
    establish();
    queue(8760);
    flush();
    deliver({.seq = theirs, .ack = ours + 1460, .window = 1000});
    sent.clear();
    queue(5000);
    flush();
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(c->path_view().in_flight, 7300U);
}

TEST_F(
    Output,
    TCP_9293_SHLD_16_and_TCP_9293_MAY_7_and_TCP_LOSS_049_retransmission_keeps_inside_a_shrunk_window) {
    establish();
    queue(4380);
    flush();
    deliver({.seq = theirs, .ack = ours, .window = 384});
    sent.clear();
    run(200ms);
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{384}));
}

TEST_F(Output, TCP_LOSS_049_closed_window_gets_the_first_segment_whole) {
    establish();
    queue(1000);
    flush();
    deliver({.seq = theirs, .ack = ours, .window = 0});
    sent.clear();
    run(200ms);
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1000}));
}

TEST_F(Output, TCP_CC_001_the_smaller_of_both_windows_rules) {
    PeerSegment answer = syn_ack();
    answer.window = 7300;
    establish(answer);
    queue(20'000);
    flush();
    EXPECT_EQ(lengths(), std::vector<std::size_t>(5, 1460));
}

TEST_F(Output, SuperSegmentHoldsWholeSegmentsAndSaysSo) {
    path.super_segment_max = 65'536;
    establish();
    queue(7300);
    flush();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].text.size(), 7300U);
    EXPECT_EQ(sent[0].segment_size, 1460);
    EXPECT_EQ(sent[0].summary.wire_segments, 5);
}

TEST_F(Output, SuperSegmentIsCutByTheWindowAtASegment) {
    path.super_segment_max = 65'536;
    establish();
    queue(20'000);
    flush();
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{7300, 7300}));
}

TEST_F(Output, LostPartOfASuperSegmentAloneIsSentAgain) {
    path.super_segment_max = 65'536;
    establish();
    queue(14'600);
    flush();
    sent.clear();
    deliver({.seq = theirs, .ack = ours + 1460});
    for (int i = 0; i < 3; ++i) deliver({.seq = theirs, .ack = ours + 1460});
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].seq(), ours + 1460);
    EXPECT_EQ(sent[0].text.size(), 1460U);
}

TEST_F(Output, TextIsNotCopied) {
    establish();
    const MutableOctets room = c->writable(pool, 1000);
    c->commit(turn(), 1000);
    const auto out = c->next_segment(turn(), pool);
    ASSERT_TRUE(out.has_value());
    ASSERT_EQ(out->frame->slices().size(), 1U);
    EXPECT_EQ(out->frame->slices()[0].octets().data(), room.data());
}

TEST_F(Output, SendBufferBoundsWhatIsQueued) {
    options.send_buffer = 5000;
    establish();
    deliver({.seq = theirs, .ack = ours, .window = 0});
    std::size_t taken = 0;
    while (true) {
        const MutableOctets room = c->writable(pool, 4000);
        if (room.empty()) break;
        c->commit(turn(), room.size());
        taken += room.size();
    }
    EXPECT_EQ(taken, 5000U);
    EXPECT_EQ(c->readiness().room, 0U);
}

TEST_F(Output, TCP_CC_012_idle_halves_the_window_per_rto) {
    establish();
    // Three rounds of slow start: 80 segments.
    std::uint32_t acked = 0;
    while (c->path_view().cwnd < 80) {
        queue(std::min<std::size_t>(c->readiness().room, 60'000));
        flush();
        acked += c->path_view().in_flight;
        deliver({.seq = theirs, .ack = ours + acked});
    }
    const std::uint32_t full = c->path_view().cwnd;
    while (c->path_view().in_flight > 0) {
        acked += c->path_view().in_flight;
        deliver({.seq = theirs, .ack = ours + acked});
    }
    const std::uint32_t grown = std::max(full, c->path_view().cwnd);
    now += c->path_view().rto + 50ms;
    write("x");
    EXPECT_EQ(c->path_view().cwnd, grown / 2);
    acked += 1;
    deliver({.seq = theirs, .ack = ours + acked});
    now += 10s;
    write("y");
    EXPECT_EQ(c->path_view().cwnd, 10U);
}

TEST_F(Output, TwoFramesAtLeastMakeAWindow) {
    path.super_segment_max = 65'536;
    options.send_buffer = 1 << 20;
    establish();
    queue(100'000);
    flush();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].text.size(), 5U * 1460U);
    EXPECT_EQ(sent[1].text.size(), 5U * 1460U);
    deliver({.seq = theirs, .ack = ours + 10 * 1460});
    EXPECT_EQ(c->path_view().cwnd, 20U);
    ASSERT_EQ(sent.size(), 4U);
    EXPECT_EQ(sent[2].text.size(), 10U * 1460U);
}

// Nothing may take an old number for a new one, however much has passed (RFC 9293 §3.4).
TEST_F(Output, TCP_SEG_044_a_whole_circle_of_numbers_changes_nothing) {
    path.super_segment_max = 65'536;
    options.send_buffer = 1 << 20;
    PeerSegment answer = syn_ack();
    answer.options.window_scale = 4;
    establish(answer);
    const std::uint64_t circle = std::uint64_t{1} << 32;
    std::uint64_t acked = 0;
    const auto acknowledge = [&](std::uint32_t count) {
        acked += count;
        deliver({.seq = theirs, .ack = ours + static_cast<std::uint32_t>(acked)});
    };
    while (acked < circle - iss - 3'000'000) {
        const MutableOctets room = c->writable(pool, 200'000);
        c->commit(turn(), room.size());
        while (auto out = c->next_segment(turn(), pool))
            ASSERT_FALSE(TcpFlags::from_bits(out->summary.flags).syn());
        acknowledge(c->path_view().in_flight);
    }
    while (c->unacked() > 0) acknowledge(c->path_view().in_flight);
    // To the very number of our SYN: a small segment ends there.
    while (acked + ours < circle + iss) {
        const std::uint64_t left = circle + iss - ours - acked;
        write(std::min<std::size_t>(left, 10'000));
        acknowledge(c->path_view().in_flight);
    }
    ASSERT_EQ(c->unacked(), 0U);
    sent.clear();
    write("a");
    EXPECT_EQ(sent.back().seq(), iss);
    write("b");
    EXPECT_EQ(lengths(), (std::vector<std::size_t>{1}));  // Nagle
    run(300ms);
    EXPECT_EQ(sent.back().flags(), TcpFlags{TcpFlag::ack});  // "a" again, no SYN
    EXPECT_EQ(sent.back().seq(), iss);
    acknowledge(1);
    acknowledge(1);
    queue(20 * 1460);
    flush();
    sent.clear();
    for (int i = 0; i < 4; ++i) acknowledge(0);
    EXPECT_EQ(texts(), 1U);  // a fast retransmit
}

TEST_F(Output, NagleForgetsASmallSegmentOfLongAgo) {
    path.super_segment_max = 65'536;
    options.send_buffer = 1 << 20;
    PeerSegment answer = syn_ack();
    answer.options.window_scale = 4;
    establish(answer);
    write("small");
    std::uint64_t acked = 5;
    deliver({.seq = theirs, .ack = ours + 5});
    while (acked < (std::uint64_t{1} << 31) + 1'000'000) {
        // Whole segments only.
        MutableOctets room = c->writable(pool, 43 * 1460);
        c->commit(turn(), room.size());
        while (c->next_segment(turn(), pool)) {
        }
        acked += c->path_view().in_flight;
        deliver({.seq = theirs, .ack = ours + static_cast<std::uint32_t>(acked)});
    }
    while (c->path_view().in_flight > 0 || c->unacked() > 0) {
        acked += c->path_view().in_flight;
        deliver({.seq = theirs, .ack = ours + static_cast<std::uint32_t>(acked)});
    }
    queue(1460 + 10);
    flush();
    EXPECT_EQ(lengths().back(), 1470U);  // the part goes with the segment before it
}

TEST_F(Output, TCP_9293_MUST_65_mss_only_on_a_syn) {
    establish();
    write(100);
    shutdown_write();
    for (const Sent& s : sent) EXPECT_FALSE(s.header.options.mss.has_value());
}

}  // namespace
}  // namespace dt::tcp
