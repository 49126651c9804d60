// Opening a connection: spec rows TCP-CONN, TCP-SEG-012..017, TCP-OPT, FSM-SYN_SENT.
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

using Handshake = ConnectionTest;

TEST_F(Handshake, SynThenSynAckThenAck) {
    open_active();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].flags(), TcpFlags{TcpFlag::syn});
    EXPECT_EQ(sent[0].seq(), iss);
    EXPECT_EQ(sent[0].header.options.mss, 1460);
    deliver(syn_ack());
    ASSERT_EQ(sent.size(), 2U);
    expect_ack(sent[1], ours, theirs);
    EXPECT_EQ(states(), (std::vector{State::syn_sent, State::established}));
    EXPECT_TRUE(c->readiness().connected_once);
}

TEST_F(Handshake, PassiveOpenIsEstablishedByTheLastAck) {
    open_passive();
    deliver({});
    EXPECT_EQ(c->state(), State::established);
    expect_no_segment();
    const auto transitions = log.all<event::Transition>();
    ASSERT_EQ(transitions.size(), 1U);
    EXPECT_EQ(transitions[0].from, State::syn_received);
}

TEST_F(Handshake, TCP_SEG_023_last_ack_with_text_delivers_it) {
    open_passive();
    deliver_text(theirs, "ping", ours);
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(read_all(), "ping");
}

TEST_F(Handshake, TCP_SEG_024_last_ack_with_fin_goes_to_close_wait) {
    open_passive();
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = ours});
    EXPECT_EQ(states(), (std::vector{State::established, State::close_wait}));
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs + 1);
    EXPECT_TRUE(c->readiness().peer_finished);
}

TEST_F(Handshake, TCP_SEG_018_last_ack_of_other_numbers_gets_a_reset) {
    open_passive();
    deliver({.seq = theirs, .ack = ours + 4});
    EXPECT_EQ(c->state(), State::syn_received);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].flags, TcpFlags{TcpFlag::rst});
    EXPECT_EQ(replies[0].seq.value(), ours + 4);
}

TEST_F(Handshake, SynOffersMssTimestampsAndScale) {
    config.timestamps = event::Switch::on;
    open_active();
    ASSERT_EQ(sent.size(), 1U);
    const wire::TcpRepr& syn = sent[0].header;
    EXPECT_EQ(syn.options.mss, 1460);
    ASSERT_TRUE(syn.options.timestamps.has_value());
    EXPECT_EQ(syn.options.timestamps->echo, 0U);  // TCP-OPT-010
    EXPECT_TRUE(syn.options.window_scale.has_value());
    EXPECT_EQ(syn.window, 64240);
}

TEST_F(Handshake, TCP_9293_MUST_67_mss_follows_the_mtu) {
    path.mtu = 9000;
    open_active();
    EXPECT_EQ(sent.at(0).header.options.mss, 8960);
}

TEST_F(Handshake, TCP_OPT_002_scale_is_used_only_if_both_sent_it) {
    open_active();
    PeerSegment answer = syn_ack();
    answer.window = 1000;
    deliver(answer);
    deliver({.window = 2920});
    write(4000);
    EXPECT_EQ(c->peer_shift(), 0U);
    EXPECT_EQ(c->path_view().in_flight, 2920U);
    EXPECT_EQ(sent.back().summary.window, sent.back().header.window);
}

TEST_F(Handshake, TCP_OPT_004_window_of_syn_is_not_scaled_later_ones_are) {
    open_active();
    PeerSegment answer = syn_ack();
    answer.options.window_scale = 7;
    answer.window = 500;
    deliver(answer);
    EXPECT_EQ(sent[1].header.window, 502);  // 64240 rounded up: the edge does not retreat
    EXPECT_EQ(c->peer_shift(), 7U);
    write(20000);
    EXPECT_EQ(c->path_view().in_flight, 500U);  // the SYN,ACK's window, as it stands
    deliver({.ack = ours + 500, .window = 500});
    EXPECT_GT(c->path_view().in_flight, 10000U);
}

TEST_F(Handshake, TCP_OPT_005_scale_covers_the_largest_buffer) {
    config.receive_buffer_max = 32 << 20;
    EXPECT_EQ(window_shift(config), 10);
    config.receive_buffer_max = 6 << 20;
    EXPECT_EQ(window_shift(config), 7);
    config.receive_buffer_max = config.receive_buffer = 65535;
    EXPECT_EQ(window_shift(config), 0);
}

TEST_F(Handshake, TCP_9293_MUST_15_no_mss_means_536) {
    establish(syn_ack(0));
    write(3000);
    ASSERT_GE(sent.size(), 5U);
    EXPECT_EQ(sent[0].text.size(), 536U);
}

TEST_F(Handshake, TCP_OPT_030_tiny_mss_is_raised_to_48) {
    establish(syn_ack(8));
    write(100);
    EXPECT_EQ(sent.at(0).text.size(), 48U);
}

TEST_F(Handshake, TCP_9293_MUST_16_option_octets_are_taken_off_the_segment) {
    config.timestamps = event::Switch::on;
    PeerSegment answer = syn_ack(9000);
    answer.options.timestamps = wire::Timestamps{7000, 0};
    establish(answer);
    write(3000);
    EXPECT_EQ(sent.at(0).text.size(), 1448U);
    EXPECT_EQ(sent.at(0).header.options.timestamps->echo, 7000U);
}

TEST_F(Handshake, TCP_SEG_012_acknowledgment_of_other_numbers_gets_a_reset) {
    open_active();
    PeerSegment answer = syn_ack();
    answer.ack = iss + 9;
    deliver(answer);
    EXPECT_EQ(c->state(), State::syn_sent);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].flags, TcpFlags{TcpFlag::rst});
    EXPECT_EQ(replies[0].seq.value(), iss + 9);
    EXPECT_EQ(drops(), (std::vector{event::Reason::ack_unacceptable}));
}

TEST_F(Handshake, TCP_SEG_013_acknowledgment_of_iss_gets_a_reset) {
    open_active();
    PeerSegment answer = syn_ack();
    answer.ack = iss;
    deliver(answer);
    EXPECT_EQ(c->state(), State::syn_sent);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].seq.value(), iss);
}

TEST_F(Handshake, TCP_SEG_014_reset_with_acceptable_ack_means_refused) {
    open_active();
    deliver({.flags = TcpFlag::rst | TcpFlag::ack, .seq = 0, .ack = ours});
    EXPECT_EQ(states(), (std::vector{State::syn_sent, State::closed}));
    EXPECT_EQ(fates, (std::vector{Fate::gone}));
    EXPECT_EQ(c->readiness().error, Error::connection_refused);
    EXPECT_EQ(c->readiness().reason, event::Reason::refused_by_peer);
    EXPECT_EQ(c->take_error(), Error::connection_refused);
    EXPECT_EQ(c->take_error(), std::nullopt);
    EXPECT_TRUE(replies.empty());
}

TEST_F(Handshake, TCP_SEG_015_reset_without_good_ack_is_dropped) {
    open_active();
    deliver({.flags = TcpFlag::rst, .seq = 0});
    deliver({.flags = TcpFlag::rst | TcpFlag::ack, .seq = 0, .ack = iss + 9});
    EXPECT_EQ(c->state(), State::syn_sent);
    EXPECT_TRUE(replies.empty());
    EXPECT_EQ(drops(), (std::vector{event::Reason::rst_ignored, event::Reason::ack_unacceptable}));
}

TEST_F(Handshake, TCP_SEG_016_text_in_the_syn_ack_is_delivered) {
    open_active();
    PeerSegment answer = syn_ack();
    answer.text = "hi";
    deliver(answer);
    EXPECT_EQ(c->state(), State::established);
    expect_ack(sent.back(), ours, theirs + 2);
    EXPECT_EQ(read_all(), "hi");
}

TEST_F(Handshake, TCP_SEG_017_segment_without_syn_and_rst_is_dropped) {
    open_active();
    sent.clear();
    deliver({.seq = theirs, .ack = ours});
    deliver({.flags = TcpFlag::fin, .seq = theirs});
    EXPECT_EQ(c->state(), State::syn_sent);
    expect_no_segment();
    EXPECT_EQ(drops(), (std::vector{event::Reason::no_syn_flag, event::Reason::no_syn_flag}));
}

TEST_F(Handshake, TCP_9293_MUST_10_simultaneous_open) {
    open_active();
    PeerSegment syn{.flags = TcpFlag::syn, .seq = irs, .ack = 0};
    syn.options.mss = 1000;
    deliver(syn);
    EXPECT_EQ(c->state(), State::syn_received);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[1].flags(), TcpFlag::syn | TcpFlag::ack);
    EXPECT_EQ(sent[1].seq(), iss);  // TCP-CONN-011
    EXPECT_EQ(sent[1].ack(), theirs);
    PeerSegment answer = syn_ack();
    deliver(answer);
    EXPECT_EQ(states(), (std::vector{State::syn_sent, State::syn_received, State::established}));
    ASSERT_EQ(sent.size(), 3U);
    expect_ack(sent[2], ours, theirs);
    write(2000);
    EXPECT_EQ(sent[3].text.size(), 1000U);
}

TEST_F(Handshake, TCP_CONN_009_simultaneous_open_ends_by_a_plain_ack_too) {
    open_active();
    deliver({.flags = TcpFlag::syn, .seq = irs, .ack = 0});
    deliver({.seq = theirs, .ack = ours});
    EXPECT_EQ(c->state(), State::established);
}

TEST_F(Handshake, TCP_OPT_024_a_syn_that_comes_twice_is_reported) {
    open_active();
    PeerSegment syn{.flags = TcpFlag::syn, .seq = irs, .ack = 0};
    syn.options.sack_permitted = true;
    deliver(syn);
    deliver(syn_ack());
    const wire::SackBlocks& blocks = sent.back().header.options.sack;
    ASSERT_EQ(blocks.size(), 1U);
    EXPECT_EQ(blocks[0].first, Seq{irs});
    EXPECT_EQ(blocks[0].end, Seq{theirs});
}

TEST_F(Handshake, TCP_CONN_010_connection_to_itself) {
    tuple.remote = tuple.local;
    open_active();
    deliver({.flags = TcpFlag::syn, .seq = iss, .ack = 0});
    EXPECT_EQ(c->state(), State::syn_received);
    deliver({.flags = TcpFlag::syn | TcpFlag::ack, .seq = iss, .ack = iss + 1});
    EXPECT_EQ(c->state(), State::established);
    write("own");
    EXPECT_EQ(sent.back().text, "own");
    deliver_text(iss + 1, "own", iss + 4);
    EXPECT_EQ(read_all(), "own");
}

TEST_F(Handshake, TCP_9293_MUST_11_reset_of_an_active_syn_received_means_refused) {
    open_active();
    deliver({.flags = TcpFlag::syn, .seq = irs, .ack = 0});
    deliver({.flags = TcpFlag::rst, .seq = theirs, .ack = 0});
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->readiness().error, Error::connection_refused);
}

TEST_F(Handshake, TCP_CONN_004_syn_is_sent_four_times_linearly_then_doubling) {
    open_active();
    run(200s);
    EXPECT_EQ(times(), (std::vector<Duration>{0s, 1s, 2s, 3s, 4s, 5s, 7s, 11s, 19s, 35s, 67s}));
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->readiness().error, Error::timed_out);
    EXPECT_EQ(c->readiness().reason, event::Reason::syn_unanswered);
    EXPECT_EQ(sent.back().summary.retransmission, 10);
    const auto fired = log.all<event::TimerFired>();
    EXPECT_EQ(fired.size(), 11U);  // ten that sent, and the last at 131 s
}

TEST_F(Handshake, TCP_CONN_004_it_fails_at_131_seconds) {
    open_active();
    run(131s - 1ms);
    EXPECT_EQ(c->state(), State::syn_sent);
    run(1ms);
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(fates, (std::vector{Fate::gone}));
}

TEST_F(Handshake, TCP_CONN_005_classic_schedule) {
    config.syn_linear_timeouts = 0;
    open_active();
    run(126s);
    EXPECT_EQ(times(), (std::vector<Duration>{0s, 1s, 3s, 7s, 15s, 31s, 63s}));
    EXPECT_EQ(c->state(), State::syn_sent);
    run(1s);
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(Handshake, TCP_CONN_006_syncnt_one_fails_at_three_seconds) {
    options.syn_count = 1;
    open_active();
    run(3s - 1ms);
    EXPECT_EQ(times(), (std::vector<Duration>{0s, 1s}));
    EXPECT_EQ(c->state(), State::syn_sent);
    run(1ms);
    EXPECT_EQ(c->readiness().error, Error::timed_out);
}

TEST_F(Handshake, TCP_CONN_007_user_timeout_bounds_syn_sent) {
    options.user_timeout_ms = 1500;
    open_active();
    run(1499ms);
    EXPECT_EQ(c->state(), State::syn_sent);
    run(1ms);
    EXPECT_EQ(c->readiness().error, Error::timed_out);
    EXPECT_EQ(sent.size(), 2U);
}

TEST_F(Handshake, TCP_RTO_014_lost_syn_without_timestamps_starts_text_with_three_seconds) {
    open_active();
    run(1s);
    deliver(syn_ack());
    sent.clear();
    write(10);
    run(2999ms);
    EXPECT_EQ(texts(), 1U);
    run(1ms);
    EXPECT_EQ(texts(), 2U);
}

TEST_F(Handshake, TCP_CC_003_two_lost_syns_make_the_first_window_one_segment) {
    open_active();
    run(1s);
    deliver(syn_ack());
    EXPECT_EQ(c->path_view().cwnd, 10U);

    start = now;
    open_active();
    run(2s);
    deliver(syn_ack());
    EXPECT_EQ(c->path_view().cwnd, 1U);
}

TEST_F(Handshake, TCP_ICMP_001_to_007_an_error_ends_syn_sent) {
    const std::pair<IcmpError, Error> rows[] = {
        {IcmpError::network_unreachable, Error::network_unreachable},
        {IcmpError::host_unreachable, Error::host_unreachable},
        {IcmpError::protocol_unreachable, Error::no_such_option},
        {IcmpError::port_unreachable, Error::connection_refused},
        {IcmpError::admin_prohibited, Error::host_unreachable},
        {IcmpError::time_exceeded, Error::host_unreachable},
        {IcmpError::parameter_problem, Error::protocol_error},
    };
    for (const auto& [icmp, error] : rows) {
        open_active();
        const Outcome outcome = c->on_icmp(turn(), Seq{iss}, icmp, 0);
        EXPECT_EQ(outcome.fate, Fate::gone);
        EXPECT_EQ(c->take_error(), error);
    }
}

TEST_F(Handshake, TCP_SEC_018_icmp_that_quotes_other_numbers_is_ignored) {
    open_active();
    EXPECT_EQ(c->on_icmp(turn(), Seq{iss + 2}, IcmpError::host_unreachable, 0).fate, Fate::keep);
    EXPECT_EQ(c->on_icmp(turn(), Seq{iss - 1}, IcmpError::host_unreachable, 0).fate, Fate::keep);
    EXPECT_EQ(c->state(), State::syn_sent);
}

TEST_F(Handshake, FSM_SYN_SENT_SW_ends_the_connection_with_a_reset_error) {
    open_active();
    EXPECT_EQ(shutdown_write().fate, Fate::gone);
    EXPECT_EQ(c->take_error(), Error::connection_reset);
}

TEST_F(Handshake, FSM_SYN_SENT_CL_frees_without_a_segment) {
    open_active();
    sent.clear();
    EXPECT_EQ(close().fate, Fate::gone);
    expect_no_segment();
    EXPECT_EQ(c->deadline(), never);
}

// Linux: text that follows that of the SYN saves the ACK of the SYN-ACK; the flow is a dialogue.
TEST_F(Handshake, TextBehindThatOfTheSynLetsTheAckOfTheAnswerWait) {
    ActiveOpen open{tuple, path, options, Seq{iss}, 0x1000};
    open.fast_open.emplace().text_max = 500;
    c = std::make_unique<Connection>(turn(), open);
    const std::string text(500, 'x');
    ASSERT_EQ(c->write_early(pool, std::as_bytes(std::span(text))), 500U);
    flush();
    PeerSegment answer = syn_ack();
    answer.ack = ours + 500;
    (void)arrive(answer);
    sent.clear();
    write("more");
    flush();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].text, "more");
    (void)deliver_text(theirs, "answer", ours + 504);
    EXPECT_EQ(sent.size(), 1U);
    run(40ms);
    EXPECT_EQ(sent.size(), 2U);
}

TEST_F(Handshake, TextOfTheSynThatWasNotTakenLeavesAgainByItselfWithPush) {
    ActiveOpen open{tuple, path, options, Seq{iss}, 0x1000};
    open.fast_open.emplace().text_max = 500;
    c = std::make_unique<Connection>(turn(), open);
    const std::string text(500, 'x');
    ASSERT_EQ(c->write_early(pool, std::as_bytes(std::span(text))), 500U);
    flush();
    (void)arrive(syn_ack());
    sent.clear();
    write(std::string(3000, 'y'));
    ASSERT_GE(sent.size(), 2U);
    EXPECT_EQ(sent[0].text, text);
    EXPECT_TRUE(sent[0].flags().psh());
    EXPECT_EQ(sent[1].text, std::string(1460, 'y'));
    EXPECT_FALSE(sent[1].flags().psh());
}

TEST_F(Handshake, SilentNeighbourEndsSynSent) {
    open_active();
    EXPECT_EQ(c->on_neighbour_failed(turn()).fate, Fate::gone);
    EXPECT_EQ(c->take_error(), Error::host_unreachable);
    EXPECT_EQ(c->readiness().reason, event::Reason::neighbour_silent);
}

}  // namespace
}  // namespace dt::tcp
