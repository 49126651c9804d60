// Segments that arrive in synchronised states: spec rows TCP-SEG-025..046, TCP-SEC,
// TCP-OPT-007..016.
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

using event::Reason;
using Input = ConnectionTest;

TEST_F(Input, TCP_SEG_025_acceptability_table) {
    options.receive_buffer = 2000;  // a window of 1000
    config.window_scaling = event::Switch::off;
    struct Row {
        std::uint32_t offset;
        std::size_t length;
        std::uint32_t window;
        bool is_acceptable;
    };
    const Row rows[] = {
        {0, 0, 0, true},         {1, 0, 0, false},       {0, 0, 1000, true},
        {999, 0, 1000, true},    {1001, 0, 1000, false}, {0, 1, 1000, true},
        {999, 5, 1000, true},    {1000, 5, 1000, false}, {0U - 5, 5, 1000, false},
        {0U - 5, 6, 1000, true}, {1, 5, 0, false},       {0U - 1, 0, 1000, false},
    };
    for (const Row& row : rows) {
        log.bodies.clear();
        establish();
        std::uint32_t next = theirs;
        if (row.window == 0) {
            deliver_text(next, std::string(1000, 'f'), ours);
            next += 1000;
        }
        deliver({.seq = next + row.offset, .ack = ours, .text = std::string(row.length, 't')});
        EXPECT_EQ(drops().empty(), row.is_acceptable)
            << row.offset << " len " << row.length << " window " << row.window;
    }
}

TEST_F(Input, TCP_SEG_026_unacceptable_segment_is_acknowledged) {
    establish();
    deliver_text(theirs + 500'000, "far", ours);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs);
    deliver_text(theirs - 3, "old", ours);
    ASSERT_EQ(sent.size(), 2U);
    expect_ack(sent[1], ours, theirs);
    EXPECT_EQ(drops(), (std::vector{Reason::out_of_window, Reason::old_duplicate}));
    EXPECT_EQ(sent[0].reason, Reason::out_of_window);
}

TEST_F(Input, TCP_SEG_027_unacceptable_reset_is_dropped_silently) {
    establish();
    deliver({.flags = TcpFlag::rst, .seq = theirs - 1});
    deliver({.flags = TcpFlag::rst, .seq = theirs + 200'000});
    expect_no_segment();
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(drops(), (std::vector{Reason::rst_out_of_window, Reason::rst_out_of_window}));
}

TEST_F(Input, TCP_SEG_028_text_without_ack_flag_is_dropped) {
    establish();
    deliver({.flags = TcpFlag::psh, .seq = theirs, .ack = 0, .text = "no ack"});
    expect_no_segment();
    EXPECT_EQ(c->unread(), 0U);
    EXPECT_EQ(drops(), (std::vector{Reason::no_ack_flag}));
}

TEST_F(Input, TCP_SEG_029_overlap_on_the_left_is_trimmed) {
    establish();
    deliver_text(theirs, "abcd", ours);
    deliver_text(theirs + 2, "CDef", ours);
    EXPECT_EQ(read_all(), "abcdef");
}

TEST_F(Input, TCP_SEG_029_text_beyond_the_window_is_trimmed_with_its_fin) {
    options.receive_buffer = 2000;
    config.window_scaling = event::Switch::off;
    establish();
    deliver({.flags = TcpFlag::ack | TcpFlag::fin,
             .seq = theirs,
             .ack = ours,
             .text = std::string(1500, 'w')});
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(c->unread(), 1000U);
    EXPECT_EQ(sent.back().ack(), theirs + 1000);
}

TEST_F(Input, TCP_SEG_030_acknowledgment_of_unsent_text) {
    establish();
    deliver({.seq = theirs, .ack = ours + 100});
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs);
    EXPECT_EQ(drops(), (std::vector{Reason::ack_of_unsent}));
}

TEST_F(Input, TCP_SEG_032_older_segment_does_not_set_the_window) {
    establish();
    deliver_text(theirs, "new", ours);
    deliver({.seq = theirs + 3, .ack = ours, .window = 3000});
    log.bodies.clear();
    // A segment from before it, overtaken: its sequence number is older.
    deliver({.seq = theirs + 2, .ack = ours, .text = "w!", .window = 10});
    write(3000);
    EXPECT_EQ(c->path_view().in_flight, 3000U);
}

TEST_F(Input, TCP_SEG_033_exact_reset) {
    establish();
    write(10);
    sent.clear();
    deliver({.flags = TcpFlag::rst, .seq = theirs});
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(fates, (std::vector{Fate::gone}));
    EXPECT_EQ(c->readiness().error, Error::connection_reset);
    EXPECT_EQ(c->readiness().reason, Reason::reset_by_peer);
    EXPECT_EQ(c->deadline(), never);
    EXPECT_EQ(c->unacked(), 0U);
    expect_no_segment();
}

TEST_F(Input, API_IO_020_text_received_before_the_reset_stays_readable) {
    establish();
    deliver_text(theirs, "abc", ours);
    deliver({.flags = TcpFlag::rst, .seq = theirs + 3});
    EXPECT_EQ(read_all(), "abc");
    EXPECT_EQ(c->take_error(), Error::connection_reset);
}

TEST_F(Input, TCP_SEG_034_reset_in_close_wait_is_a_broken_pipe) {
    establish();
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = ours});
    deliver({.flags = TcpFlag::rst, .seq = theirs + 1});
    EXPECT_EQ(c->take_error(), Error::broken_pipe);
}

TEST_F(Input, TCP_SEC_029_reset_with_the_number_of_the_fin) {
    establish();
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = ours});
    deliver({.flags = TcpFlag::rst, .seq = theirs});
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->take_error(), Error::broken_pipe);
}

TEST_F(Input, TCP_SEC_001_inexact_reset_is_challenged) {
    establish();
    deliver({.flags = TcpFlag::rst, .seq = theirs + 10});
    EXPECT_EQ(c->state(), State::established);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs);
    EXPECT_EQ(sent[0].reason, Reason::rst_challenged);
}

TEST_F(Input, TCP_SEC_003_reset_at_the_right_edge_of_held_text) {
    establish();
    deliver_text(theirs + 100, std::string(400, 'h'), ours);
    deliver({.flags = TcpFlag::rst, .seq = theirs + 500});
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(Input, TCP_SEC_004_syn_is_challenged_whatever_its_number) {
    establish();
    for (const std::uint32_t seq : {theirs, theirs + 10, theirs - 1'000'000}) {
        sent.clear();
        deliver({.flags = TcpFlag::syn, .seq = seq, .ack = 0});
        ASSERT_EQ(sent.size(), 1U) << seq;
        expect_ack(sent[0], ours, theirs);
        EXPECT_EQ(sent[0].reason, Reason::syn_challenged);
        now += 1s;
    }
    EXPECT_EQ(c->state(), State::established);
}

TEST_F(Input, TCP_SEC_005_five_syns_at_once_get_one_challenge) {
    establish();
    for (int i = 0; i < 5; ++i) deliver({.flags = TcpFlag::syn, .seq = theirs, .ack = 0});
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_EQ(drops(), (std::vector{Reason::syn_challenged, Reason::challenge_limited,
                                    Reason::challenge_limited, Reason::challenge_limited,
                                    Reason::challenge_limited}));
}

TEST_F(Input, TCP_WIN_028_out_of_window_text_gets_every_ack_pure_acks_get_one) {
    establish();
    for (int i = 0; i < 4; ++i) {
        deliver({.seq = theirs + 900'000, .ack = ours});
        now += 40ms;
    }
    EXPECT_EQ(sent.size(), 1U);
    sent.clear();
    for (int i = 0; i < 4; ++i) deliver_text(theirs + 900'000, "out", ours);
    EXPECT_EQ(sent.size(), 4U);
}

TEST_F(Input, TCP_SEC_007_and_TCP_9293_MAY_12_ack_far_in_the_past_is_challenged) {
    establish();
    deliver_text(theirs, "bad", ours - 100'000);
    EXPECT_EQ(c->unread(), 0U);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(drops(), (std::vector{Reason::ack_too_old}));
}

TEST_F(Input, TCP_SEG_036_early_fin_waits_for_its_text) {
    establish();
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs + 10, .ack = ours});
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(sent.size(), 1U);  // a duplicate ACK
    deliver_text(theirs, "0123456789", ours);
    EXPECT_EQ(c->state(), State::close_wait);
    EXPECT_EQ(sent.back().ack(), theirs + 11);
    EXPECT_EQ(read_all(), "0123456789");
}

TEST_F(Input, TCP_SEG_037_fin_delivers_the_text_before_it) {
    establish();
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = ours, .text = "bye"});
    EXPECT_EQ(read_all(), "bye");
    EXPECT_TRUE(c->readiness().peer_finished);
    EXPECT_EQ(sent.at(0).ack(), theirs + 4);
}

TEST_F(Input, TCP_SEG_038_fin_again_in_close_wait_is_acknowledged) {
    establish();
    const PeerSegment fin{.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = ours};
    deliver(fin);
    sent.clear();
    deliver(fin);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs + 1);
    EXPECT_EQ(c->state(), State::close_wait);
}

TEST_F(Input, TCP_SEG_039_text_behind_the_fin_is_dropped_silently) {
    establish();
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = ours});
    sent.clear();
    deliver_text(theirs + 1, "late", ours);
    expect_no_segment();
    EXPECT_EQ(c->unread(), 0U);
    EXPECT_EQ(drops(), (std::vector{Reason::data_after_fin}));
}

TEST_F(Input, TCP_SEG_040_text_after_close_gets_a_reset) {
    establish();
    close();
    deliver({.seq = theirs, .ack = ours + 1});
    EXPECT_EQ(c->state(), State::fin_wait_2);
    sent.clear();
    deliver_text(theirs, "data", ours + 1);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].flags, TcpFlags{TcpFlag::rst});
    EXPECT_EQ(replies[0].seq.value(), ours + 1);
    EXPECT_EQ(replies[0].reason, Reason::data_after_close);
    EXPECT_EQ(fates, (std::vector{Fate::gone}));
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(Input, TCP_SEG_041_text_after_shutdown_of_both_gets_a_reset) {
    establish();
    shutdown_write();
    c->shutdown_read(turn());
    deliver_text(theirs, "data", ours + 1);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].flags, TcpFlags{TcpFlag::rst});
    EXPECT_EQ(c->readiness().state, State::closed);
}

TEST_F(Input, TCP_SEG_042_text_after_shutdown_of_reading_is_taken) {
    establish();
    c->shutdown_read(turn());
    deliver_text(theirs, "data", ours);
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_EQ(read_all(), "data");
}

TEST_F(Input, TCP_SEG_043_acks_carry_snd_nxt) {
    establish();
    write(100);
    sent.clear();
    deliver_text(theirs + 1000, "early", ours);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours + 100, theirs);
}

TEST_F(Input, TCP_SEG_044_numbers_wrap_round) {
    PassiveOpen open = passive();
    open.iss = Seq{0xfffffff0};
    open.irs = Seq{0xfffffff0};
    c = std::make_unique<Connection>(turn(), pool, open);
    deliver({.seq = 0xfffffff1, .ack = 0xfffffff1});
    ASSERT_EQ(c->state(), State::established);
    sent.clear();
    const std::string text(100, 'w');
    deliver_text(0xfffffff1 + 50, text.substr(50), 0xfffffff1);
    deliver_text(0xfffffff1, text.substr(0, 50), 0xfffffff1);
    EXPECT_EQ(read_all(), text);
    EXPECT_EQ(sent.back().ack(), 0xfffffff1U + 100);
    write(100);
    EXPECT_EQ(sent.back().seq(), 0xfffffff1U);
    deliver({.seq = 0xfffffff1U + 100, .ack = 0xfffffff1U + 100});
    EXPECT_EQ(c->unacked(), 0U);
    shutdown_write();
    EXPECT_EQ(sent.back().seq(), 0xfffffff1U + 100);
}

TEST_F(Input, TCP_SEG_046_half_open_peer_resets_by_the_challenge) {
    establish();
    deliver({.flags = TcpFlag::syn, .seq = 77, .ack = 0});
    expect_ack(sent.at(0), ours, theirs);
    deliver({.flags = TcpFlag::rst, .seq = theirs, .ack = 0});
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(Input, TCP_9293_SHLD_31_hole_filled_gives_one_ack_for_all) {
    establish();
    deliver_text(theirs + 1000, std::string(500, 'b'), ours);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs);
    deliver_text(theirs, std::string(1000, 'a'), ours);
    ASSERT_EQ(sent.size(), 2U);
    expect_ack(sent[1], ours, theirs + 1500);
    EXPECT_EQ(read_all(), std::string(1000, 'a') + std::string(500, 'b'));
}

TEST_F(Input, BurstOfFourWithTheFirstLostGivesThreeDuplicateAcksInOneTurn) {
    establish();
    for (std::uint32_t i = 1; i < 4; ++i)
        arrive({.seq = theirs + i * 1000, .ack = ours, .text = std::string(1000, 'd')});
    flush();
    ASSERT_EQ(sent.size(), 3U);
    for (const Sent& s : sent) expect_ack(s, ours, theirs);
}

TEST_F(Input, TCP_9293_MUST_58_burst_in_order_gives_one_ack) {
    establish();
    for (std::uint32_t i = 0; i < 10; ++i)
        arrive({.seq = theirs + i * 1000, .ack = ours, .text = std::string(1000, 'd')});
    flush();
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs + 10'000);
}

TEST_F(Input, TCP_9293_MUST_59_burst_that_fills_its_hole_gives_one_ack) {
    establish();
    for (const std::uint32_t i : {1U, 2U, 0U})
        arrive({.seq = theirs + i * 1000, .ack = ours, .text = std::string(1000, 'd')});
    flush();
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs + 3000);
}

TEST_F(Input, OwedAcksFollowTheAckOfWhatIsNew) {
    establish();
    arrive({.seq = theirs, .ack = ours, .text = std::string(1000, 'd')});
    for (const std::uint32_t i : {2U, 3U})
        arrive({.seq = theirs + i * 1000, .ack = ours, .text = std::string(1000, 'd')});
    flush();
    ASSERT_EQ(sent.size(), 3U);
    for (const Sent& s : sent) expect_ack(s, ours, theirs + 1000);
}

TEST_F(Input, TCP_SEC_021_text_out_of_order_is_bounded) {
    options.receive_buffer = 20'000;
    establish();
    for (std::uint32_t i = 1; i < 5000; ++i)
        arrive({.seq = theirs + i * 2, .ack = ours, .text = "o"});
    flush();
    EXPECT_LE(c->memory(), 60'000U);
    const auto reasons = drops();
    EXPECT_NE(std::find(reasons.begin(), reasons.end(), Reason::reassembly_full), reasons.end());
}

// Timestamps.
class InputWithTimestamps : public ConnectionTest {
  protected:
    void establish_with_timestamps() {
        config.timestamps = event::Switch::on;
        PeerSegment answer = syn_ack();
        answer.options.timestamps = wire::Timestamps{7000, 0};
        establish(answer);
    }
    PeerSegment stamped(std::uint32_t seq, std::string text, std::uint32_t value) {
        PeerSegment p{.seq = seq, .ack = ours, .text = std::move(text)};
        p.options.timestamps = wire::Timestamps{value, 0};
        return p;
    }
};

TEST_F(InputWithTimestamps, TCP_OPT_007_every_segment_carries_them) {
    establish_with_timestamps();
    write(10);
    deliver(stamped(theirs, "x", 7001));
    shutdown_write();
    ASSERT_EQ(sent.size(), 3U);
    for (const Sent& s : sent) EXPECT_TRUE(s.header.options.timestamps.has_value());
}

TEST_F(InputWithTimestamps, TCP_OPT_008_they_are_echoed) {
    establish_with_timestamps();
    deliver(stamped(theirs, "a", 7100));
    EXPECT_EQ(sent.back().header.options.timestamps->echo, 7100U);
    now += 5ms;
    write("b");
    EXPECT_EQ(sent.back().header.options.timestamps->echo, 7100U);
    EXPECT_EQ(sent.back().header.options.timestamps->value,
              sent.front().header.options.timestamps->value + 5);
}

TEST_F(InputWithTimestamps, TCP_OPT_009_segment_out_of_order_is_not_echoed) {
    establish_with_timestamps();
    deliver(stamped(theirs + 10, "later", 7500));
    EXPECT_EQ(sent.back().header.options.timestamps->echo, 7000U);
}

TEST_F(InputWithTimestamps, TCP_OPT_012_segment_without_them_is_taken) {
    establish_with_timestamps();
    deliver_text(theirs, "bare", ours);
    EXPECT_EQ(read_all(), "bare");
}

TEST_F(InputWithTimestamps, TCP_OPT_012_segment_without_them_is_dropped_where_it_is_to_be) {
    config.strict_timestamps = event::Switch::on;
    establish_with_timestamps();
    deliver_text(theirs, "bare", ours);
    EXPECT_EQ(c->unread(), 0U);
    EXPECT_EQ(drops(), (std::vector{Reason::timestamps_missing}));
}

TEST_F(InputWithTimestamps, TCP_OPT_013_older_timestamp_is_dropped_and_acknowledged) {
    establish_with_timestamps();
    deliver(stamped(theirs, "new", 100'010));
    sent.clear();
    deliver(stamped(theirs + 3, "old", 99'000));
    EXPECT_EQ(c->unread(), 3U);
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs + 3);
    EXPECT_EQ(drops(), (std::vector{Reason::paws}));
}

TEST_F(InputWithTimestamps, TCP_OPT_014_paws_does_not_protect_from_a_reset) {
    establish_with_timestamps();
    PeerSegment reset = stamped(theirs, "", 1);
    reset.flags = TcpFlag::rst;
    deliver(reset);
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(InputWithTimestamps, TCP_OPT_015_ts_recent_ages_out_after_24_days) {
    establish_with_timestamps();
    now += 25 * 24h;
    deliver(stamped(theirs, "old clock", 10));
    EXPECT_EQ(read_all(), "old clock");
}

TEST_F(InputWithTimestamps, TCP_RTO_006_echo_tells_which_copy_arrived) {
    establish_with_timestamps();
    write(100);
    run(200ms);
    ASSERT_EQ(texts(), 2U);
    now += 50ms;
    PeerSegment ack = stamped(theirs, "", 7001);
    ack.ack = ours + 100;
    ack.options.timestamps->echo = sent.back().header.options.timestamps->value;
    const Duration before_it = c->path_view().srtt;
    deliver(ack);
    EXPECT_EQ(before_it.count() / 1000, 1);  // the handshake took no time: 1 µs, the least there is
    EXPECT_NEAR(static_cast<double>(c->path_view().srtt / 1us), 50'000 / 8.0, 10.0);
}

TEST_F(InputWithTimestamps, TCP_OPT_016_duplicate_ack_gives_no_sample) {
    establish_with_timestamps();
    write(100);
    const Duration before_it = c->path_view().srtt;
    now += 10ms;
    PeerSegment ack = stamped(theirs, "", 7001);
    ack.options.timestamps->echo = 12345;
    deliver(ack);
    EXPECT_EQ(c->path_view().srtt, before_it);
}

}  // namespace
}  // namespace dt::tcp
