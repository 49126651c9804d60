// Closing: spec rows TCP-CONN-012..031, FSM cells of CLOSE, SHUTDOWN and ABORT.
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

using event::Reason;

class Closing : public ConnectionTest {
  protected:
    static constexpr std::uint32_t after_fin = ours + 1;

    void deliver_fin(std::uint32_t ack) {
        deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = ack});
    }
    void deliver_ack(std::uint32_t ack) { deliver({.seq = theirs, .ack = ack}); }
    /// FIN-WAIT-2 with the program's socket still open.
    void half_close() {
        establish();
        shutdown_write();
        deliver_ack(after_fin);
        ASSERT_EQ(c->state(), State::fin_wait_2);
        sent.clear();
    }
    /// FIN-WAIT-2 of an orphan.
    void orphan() {
        establish();
        close();
        deliver_ack(after_fin);
        ASSERT_EQ(c->state(), State::fin_wait_2);
        sent.clear();
    }
};

TEST_F(Closing, API_OPT_016_what_is_closed_is_not_busy) {
    establish();
    write(1000);
    close();
    now += 30ms;
    deliver_fin(after_fin + 1000);
    ASSERT_EQ(c->state(), State::time_wait);
    EXPECT_EQ(c->times(now).busy, 30ms);
    EXPECT_EQ(c->times(now + 1min).busy, 30ms);
}

TEST_F(Closing, TCP_CONN_012_active_close) {
    establish();
    log.bodies.clear();
    close();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].flags(), TcpFlag::fin | TcpFlag::ack);
    EXPECT_EQ(sent[0].seq(), ours);
    deliver_ack(after_fin);
    deliver_fin(after_fin);
    EXPECT_EQ(states(), (std::vector{State::fin_wait_1, State::fin_wait_2, State::time_wait}));
    EXPECT_EQ(fates, (std::vector{Fate::time_wait}));
    ASSERT_EQ(replies.size(), 1U);  // the ACK of the FIN no longer needs the connection
    EXPECT_EQ(replies[0].flags, TcpFlags{TcpFlag::ack});
    EXPECT_EQ(replies[0].seq.value(), after_fin);
    EXPECT_EQ(replies[0].ack.value(), theirs + 1);
    EXPECT_EQ(c->deadline(), never);
    EXPECT_EQ(c->readiness().state, State::closed);
}

TEST_F(Closing, TCP_CONN_013_passive_close_has_no_time_wait) {
    establish();
    log.bodies.clear();
    deliver_fin(ours);
    close();
    EXPECT_EQ(sent.back().flags(), TcpFlag::fin | TcpFlag::ack);
    deliver({.seq = theirs + 1, .ack = after_fin});
    EXPECT_EQ(states(), (std::vector{State::close_wait, State::last_ack, State::closed}));
    EXPECT_EQ(fates, (std::vector{Fate::gone}));
    EXPECT_TRUE(replies.empty());
    EXPECT_EQ(c->readiness().reason, Reason::closed_orderly);
}

TEST_F(Closing, TCP_CONN_014_simultaneous_close) {
    establish();
    log.bodies.clear();
    close();
    deliver_fin(ours);
    EXPECT_EQ(c->state(), State::closing);
    expect_ack(sent.back(), after_fin, theirs + 1);
    deliver({.seq = theirs + 1, .ack = after_fin});
    EXPECT_EQ(states(), (std::vector{State::fin_wait_1, State::closing, State::time_wait}));
}

TEST_F(Closing, TCP_CONN_015_fin_with_the_ack_of_ours_leads_to_time_wait_at_once) {
    establish();
    log.bodies.clear();
    close();
    deliver_fin(after_fin);
    EXPECT_EQ(states(), (std::vector{State::fin_wait_1, State::time_wait}));
    const auto transitions = log.all<event::Transition>();
    EXPECT_EQ(transitions.back().cause, event::Cause::rcv_fin_and_ack_of_fin);
}

TEST_F(Closing, TCP_CONN_016_fin_follows_all_queued_text) {
    establish();
    std::size_t written = 0;
    for (const MutableOctets room = c->writable(pool, 20'000); written < 1; ++written)
        c->commit(turn(), room.size());
    const auto queued = static_cast<std::uint32_t>(c->unacked());
    ASSERT_GT(queued, 14'600U);
    close();
    EXPECT_EQ(texts(), 10U);
    EXPECT_FALSE(sent.back().flags().fin());
    for (std::uint32_t acked = 14'600; acked < queued; acked += 14'600) deliver_ack(ours + acked);
    EXPECT_TRUE(sent.back().flags().fin());
    EXPECT_EQ(sent.back().seq() + sent.back().text.size(), ours + queued);
}

TEST_F(Closing, TCP_CONN_017_fin_is_retransmitted) {
    establish();
    close();
    run(200ms);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[1].flags(), TcpFlag::fin | TcpFlag::ack);
    EXPECT_EQ(sent[1].seq(), ours);
    EXPECT_EQ(sent[1].summary.retransmission, 1);
}

TEST_F(Closing, FinGoesWithTheLastText) {
    establish();
    MutableOctets room = c->writable(pool, 100);
    c->commit(turn(), room.size());
    shutdown_write();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].flags(), TcpFlag::fin | TcpFlag::ack | TcpFlag::psh);
    EXPECT_EQ(sent[0].text.size(), 100U);
    run(200ms);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[1].flags(), sent[0].flags());
    EXPECT_EQ(sent[1].text, sent[0].text);
    deliver_ack(ours + 50);
    EXPECT_EQ(c->state(), State::fin_wait_1);
    deliver_ack(ours + 101);
    EXPECT_EQ(c->state(), State::fin_wait_2);
}

TEST_F(Closing, TCP_CONN_018_orphan_in_fin_wait_2_ends_after_60_seconds) {
    orphan();
    run(60s - 1ms);
    EXPECT_EQ(c->state(), State::fin_wait_2);
    run(1ms);
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(fates, (std::vector{Fate::gone}));
    EXPECT_EQ(c->readiness().reason, Reason::orphan_expired);
    expect_no_segment();
}

TEST_F(Closing, TCP_CONN_019_fin_wait_2_with_a_socket_lasts) {
    half_close();
    run(1h);
    EXPECT_EQ(c->state(), State::fin_wait_2);
    deliver_text(theirs, "still", after_fin);
    EXPECT_EQ(read_all(), "still");
}

TEST_F(Closing, TCP_CONN_020_linger2_sets_the_time) {
    options.linger_2_s = 2;
    orphan();
    run(2s - 1ms);
    EXPECT_EQ(c->state(), State::fin_wait_2);
    run(1ms);
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(Closing, TCP_CONN_020_negative_linger2_resets_when_the_fin_is_acked) {
    options.linger_2_s = -1;
    establish();
    close();
    deliver_ack(after_fin);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_TRUE(replies[0].flags.rst());
    EXPECT_EQ(fates, (std::vector{Fate::gone}));
}

TEST_F(Closing, TCP_CONN_021_half_close_lets_text_in) {
    half_close();
    deliver_text(theirs, "answer", after_fin);
    EXPECT_EQ(read_all(), "answer");
    deliver({.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs + 6, .ack = after_fin});
    EXPECT_EQ(fates, (std::vector{Fate::time_wait}));
}

TEST_F(Closing, TimeWaitKeepsWhatWasNotReadYet) {
    half_close();
    deliver(
        {.flags = TcpFlag::ack | TcpFlag::fin, .seq = theirs, .ack = after_fin, .text = "last"});
    EXPECT_EQ(fates, (std::vector{Fate::time_wait}));
    EXPECT_EQ(read_all(), "last");
    EXPECT_TRUE(c->readiness().peer_finished);
    const TimeWaitValues values = c->time_wait_values();
    EXPECT_EQ(values.snd_nxt.value(), after_fin);
    EXPECT_EQ(values.rcv_nxt.value(), theirs + 5);
    EXPECT_EQ(close().fate, Fate::gone);
}

TEST_F(Closing, TCP_CONN_022_close_with_unread_text_resets) {
    establish();
    deliver_text(theirs, "unread", ours);
    sent.clear();
    const Outcome outcome = close();
    EXPECT_EQ(outcome.fate, Fate::gone);
    ASSERT_TRUE(outcome.reply.has_value());
    EXPECT_EQ(outcome.reply->flags, TcpFlag::rst | TcpFlag::ack);
    EXPECT_EQ(outcome.reply->seq.value(), ours);
    EXPECT_EQ(outcome.reply->ack.value(), theirs + 6);
    EXPECT_EQ(outcome.reply->reason, Reason::reset_unread_data);
    EXPECT_TRUE(sent.empty());
    EXPECT_EQ(c->unread(), 0U);
}

TEST_F(Closing, TCP_CONN_022_text_that_only_the_host_holds_counts_as_unread) {
    establish();
    EXPECT_EQ(close(CloseKind::unread).reply->reason, Reason::reset_unread_data);
}

TEST_F(Closing, TCP_CONN_023_linger_zero_resets) {
    establish();
    const Outcome outcome = close(CloseKind::abort);
    ASSERT_TRUE(outcome.reply.has_value());
    EXPECT_EQ(outcome.reply->flags, TcpFlag::rst | TcpFlag::ack);
    EXPECT_EQ(outcome.reply->reason, Reason::reset_linger_zero);
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(Closing, TCP_SEG_005_reset_of_a_live_connection_has_its_window) {
    establish();
    EXPECT_GT(close(CloseKind::abort).reply->window, 0U);
}

TEST_F(Closing, TCP_OPT_017_reset_of_a_live_connection_has_timestamps) {
    config.timestamps = event::Switch::on;
    PeerSegment answer = syn_ack();
    answer.options.timestamps = wire::Timestamps{7000, 0};
    establish(answer);
    const Outcome outcome = close(CloseKind::abort);
    ASSERT_TRUE(outcome.reply->timestamps.has_value());
    EXPECT_EQ(outcome.reply->timestamps->echo, 7000U);
    const SegmentOut out = segment_of(*outcome.reply, pool);
    EXPECT_EQ(out.frame->size(), 32U);
}

TEST_F(Closing, TCP_CONN_029_queued_text_is_discarded_by_abort) {
    establish();
    deliver_text(theirs, "in", ours);
    write(100);
    EXPECT_EQ(c->abort(turn(), Reason::aborted_by_program).fate, Fate::gone);
    EXPECT_EQ(c->unacked(), 0U);
    EXPECT_EQ(c->unread(), 0U);
}

TEST_F(Closing, TCP_CONN_031_orphan_gives_up_after_its_retries) {
    config.orphan_retries = 3;
    establish();
    close();
    run(10min);
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->readiness().reason, Reason::retransmissions_unanswered);
    EXPECT_EQ(times(), (std::vector<Duration>{0ms, 200ms, 600ms, 1400ms}));
}

TEST_F(Closing, TCP_SEG_035_reset_in_closing_ends_without_error) {
    establish();
    shutdown_write();
    deliver_fin(ours);
    ASSERT_EQ(c->state(), State::closing);
    deliver({.flags = TcpFlag::rst, .seq = theirs + 1});
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->take_error(), std::nullopt);
}

TEST_F(Closing, FSM_EST_SW_twice_sends_one_fin) {
    establish();
    shutdown_write();
    shutdown_write();
    EXPECT_EQ(sent.size(), 1U);
    EXPECT_EQ(c->readiness().room, 0U);
}

TEST_F(Closing, FSM_FIN_WAIT_2_CL_starts_the_orphan_timer) {
    half_close();
    run(10min);
    close();
    EXPECT_EQ(c->timer(now).kind, event::TimerKind::fin_wait_2);
    EXPECT_EQ(c->timer(now).left, 60s);
}

TEST_F(Closing, FSM_SYN_RECEIVED_CL_sends_fin_behind_the_syn) {
    open_active();
    deliver({.flags = TcpFlag::syn, .seq = irs, .ack = 0});
    close();
    EXPECT_EQ(c->state(), State::fin_wait_1);
    deliver({.seq = theirs, .ack = ours});
    EXPECT_TRUE(sent.back().flags().fin());
    EXPECT_EQ(sent.back().seq(), ours);
    deliver({.seq = theirs, .ack = after_fin});
    EXPECT_EQ(c->state(), State::fin_wait_2);
}

TEST_F(Closing, TCP_ICMP_009_error_in_established_is_soft_and_told_once) {
    establish();
    write(10);
    EXPECT_EQ(c->on_icmp(turn(), Seq{ours}, IcmpError::port_unreachable, 0).fate, Fate::keep);
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(c->readiness().error, std::nullopt);
    EXPECT_EQ(c->take_error(), Error::connection_refused);
    EXPECT_EQ(c->take_error(), std::nullopt);
}

TEST_F(Closing, TCP_PMTU_002_and_TCP_RTO_024_smaller_path_mtu_sends_again_in_smaller_segments) {
    establish();
    write(1460);
    sent.clear();
    const std::uint32_t cwnd = c->path_view().cwnd;
    (void)c->on_icmp(turn(), Seq{ours}, IcmpError::fragmentation_needed, 800);
    flush();
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[0].text.size(), 760U);  // TCP-RTO-024
    EXPECT_EQ(sent[1].text.size(), 700U);
    EXPECT_GE(c->path_view().cwnd, cwnd);
}

TEST_F(Closing, TCP_PMTU_006_path_mtu_has_a_floor_and_never_rises) {
    establish();
    write(1460);
    (void)c->on_icmp(turn(), Seq{ours}, IcmpError::fragmentation_needed, 9000);
    EXPECT_EQ(c->path_view().mss, 1460U);
    (void)c->on_icmp(turn(), Seq{ours}, IcmpError::fragmentation_needed, 68);
    EXPECT_EQ(c->path_view().mss, 512U);
}

TEST_F(Closing, EveryTransitionIsInTheTable) {
    orphan();
    run(60s);
    for (const auto& t : log.all<event::Transition>()) EXPECT_EQ(next_state(t.from, t.cause), t.to);
}

}  // namespace
}  // namespace dt::tcp
