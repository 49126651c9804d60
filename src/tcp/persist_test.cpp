// Timers over a connection: spec rows TCP-RTO, TCP-WIN-007..011, TCP-KA.
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

using event::Reason;

class TimersOf : public ConnectionTest {
  protected:
    /// Text queued behind a closed window, nothing in flight; time begins here.
    void close_window() {
        establish();
        deliver({.seq = theirs, .ack = ours, .window = 0});
        write(1000);
        sent.clear();
        start = now;
    }
    void begin() {
        sent.clear();
        start = now;
    }
};

TEST_F(TimersOf, TCP_RTO_008_timer_starts_with_the_first_text) {
    establish();
    EXPECT_EQ(c->deadline(), never);
    write(10);
    EXPECT_EQ(c->deadline(), now + 200ms);
    EXPECT_EQ(c->timer(now).kind, event::TimerKind::retransmit);
}

TEST_F(TimersOf, TCP_RTO_009_all_acked_means_no_timer) {
    establish();
    write(10);
    deliver({.seq = theirs, .ack = ours + 10});
    EXPECT_EQ(c->deadline(), never);
}

TEST_F(TimersOf, TCP_RTO_010_progress_restarts_the_timer) {
    options.no_delay = true;
    establish();
    write(10);
    write(10);
    now += 150ms;
    deliver({.seq = theirs, .ack = ours + 10});
    const Duration rto = c->path_view().rto;
    EXPECT_EQ(c->deadline(), now + rto);
}

TEST_F(TimersOf, TCP_RTO_011_only_the_earliest_segment_is_sent_at_expiry) {
    establish();
    write(14'600);
    sent.clear();
    run(200ms);
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].seq(), ours);
}

TEST_F(TimersOf, TCP_RTO_012_back_off_doubles) {
    establish();
    write(10);
    run(60s);
    EXPECT_EQ(times(), (std::vector<Duration>{0ms, 200ms, 600ms, 1400ms, 3000ms, 6200ms, 12'600ms,
                                              25'400ms, 51'000ms}));
    EXPECT_EQ(c->retransmissions(), 8U);
    EXPECT_EQ(sent.back().summary.retransmission, 8);
}

TEST_F(TimersOf, TCP_RTO_005_back_off_is_capped_at_two_minutes) {
    establish();
    write(10);
    run(900s);
    const auto at = times();
    ASSERT_GE(at.size(), 13U);
    EXPECT_EQ(at[11] - at[10], 120s);
}

TEST_F(TimersOf, TCP_RTO_002_and_003_first_and_next_sample) {
    path_delay = 300ms;
    establish();
    EXPECT_EQ(c->path_view().srtt, 300ms);
    EXPECT_EQ(c->path_view().rto, 900ms);
    write(10);
    now += 500ms;
    deliver({.seq = theirs, .ack = ours + 10});
    EXPECT_EQ(c->path_view().srtt, 325ms);
    EXPECT_EQ(c->path_view().rto, 975ms);
}

TEST_F(TimersOf, TCP_RTO_015_after_back_offs_the_next_sample_is_a_first_one) {
    config.rtt_clear_after = 3;
    path_delay = 100ms;
    establish();
    write(10);
    run(2200ms);  // 0.3, 0.9, 2.1 s: three back-offs
    ASSERT_EQ(c->retransmissions(), 3U);
    EXPECT_EQ(c->path_view().srtt, 0ms);
    EXPECT_EQ(c->path_view().rto, 300ms);
    deliver({.seq = theirs, .ack = ours + 10});
    write(10);
    now += 500ms;
    deliver({.seq = theirs, .ack = ours + 20});
    EXPECT_EQ(c->path_view().srtt, 500ms);
    EXPECT_EQ(c->path_view().rto, 1500ms);
}

TEST_F(TimersOf, TCP_RTO_015_two_back_offs_forget_nothing_nor_do_more_on_linux) {
    path_delay = 100ms;
    establish();
    write(10);
    run(5s);
    EXPECT_GT(c->retransmissions(), 3U);
    EXPECT_EQ(c->path_view().srtt, 100ms);
}

TEST_F(TimersOf, TCP_9293_SHLD_10_the_way_is_in_doubt_after_r1_retransmissions) {
    establish();
    write(10);
    std::vector<Way> ways;
    for (int i = 0; i < 5; ++i) {
        now = c->deadline();
        ways.push_back(c->on_timer(turn()).way);
        flush();
    }
    using enum Way;
    EXPECT_EQ(ways, (std::vector{believed, believed, believed, doubted, doubted}));
    config.retries_1 = 9;
    now = c->deadline();
    EXPECT_EQ(c->on_timer(turn()).way, believed);
}

TEST_F(TimersOf, TCP_RTO_004_floor_lies_under_the_variance) {
    path_delay = 100ms;
    establish();
    EXPECT_EQ(c->path_view().rto, 300ms);
}

TEST_F(TimersOf, TCP_RTO_006_no_sample_from_what_was_sent_twice) {
    path_delay = 100ms;
    establish();
    write(10);
    run(300ms);
    now += 7ms;
    deliver({.seq = theirs, .ack = ours + 10});
    EXPECT_EQ(c->path_view().srtt, 100ms);
}

TEST_F(TimersOf, TCP_RTO_013_back_off_lasts_until_a_fresh_sample) {
    path_delay = 100ms;
    establish();
    write(10);
    run(300ms);
    deliver({.seq = theirs, .ack = ours + 10});
    write(10);
    EXPECT_EQ(c->deadline(), now + 600ms);  // still doubled
    now += 100ms;
    deliver({.seq = theirs, .ack = ours + 20});
    write(10);
    EXPECT_LE(c->deadline(), now + 300ms);
}

TEST_F(TimersOf, TCP_RTO_016_gives_up_after_retries_2) {
    config.retries_2 = 4;
    establish();
    write(10);
    run(60s);
    EXPECT_EQ(times(), (std::vector<Duration>{0ms, 200ms, 600ms, 1400ms, 3000ms}));
    EXPECT_EQ(c->take_error(), Error::timed_out);
    EXPECT_EQ(c->readiness().reason, Reason::retransmissions_unanswered);
    EXPECT_TRUE(replies.empty());  // TCP-RTO-019
    EXPECT_EQ(states().back(), State::closed);
}

TEST_F(TimersOf, TCP_9293_SHLD_11_default_gives_up_after_about_924_seconds) {
    establish();
    write(10);
    run(924s);
    EXPECT_EQ(c->state(), State::established);
    run(2s);
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(TimersOf, TCP_RTO_017_stored_icmp_error_is_reported) {
    config.retries_2 = 2;
    establish();
    write(10);
    (void)c->on_icmp(turn(), Seq{ours}, IcmpError::host_unreachable, 0);
    run(60s);
    EXPECT_EQ(c->take_error(), Error::host_unreachable);
}

TEST_F(TimersOf, TCP_RTO_018_user_timeout_overrides_retries) {
    options.user_timeout_ms = 3000;
    establish();
    write(10);
    run(3200ms - 1ms);
    EXPECT_EQ(c->state(), State::established);
    run(1ms);
    EXPECT_EQ(c->take_error(), Error::timed_out);
    EXPECT_EQ(c->readiness().reason, Reason::user_timeout);
    EXPECT_EQ(times(), (std::vector<Duration>{0ms, 200ms, 600ms, 1400ms, 3000ms}));
}

TEST_F(TimersOf, TCP_LOSS_048_retransmission_has_a_fresh_timestamp) {
    config.timestamps = event::Switch::on;
    PeerSegment answer = syn_ack();
    answer.options.timestamps = wire::Timestamps{7000, 0};
    establish(answer);
    write(10);
    run(200ms);
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(sent[1].header.options.timestamps->value,
              sent[0].header.options.timestamps->value + 200);
}

TEST_F(TimersOf, TCP_WIN_007_and_008_closed_window_is_probed) {
    close_window();
    while (since_start() < 27s) {
        run(c->deadline() - now);
        if (!sent.empty() && sent.back().at == since_start()) {
            now += 1ms;
            deliver({.seq = theirs, .ack = ours, .window = 0});
            now -= 1ms;
        }
    }
    EXPECT_EQ(times(), (std::vector<Duration>{200ms, 600ms, 1400ms, 3000ms, 6200ms, 12'600ms,
                                              25'400ms, 51'000ms}));
    expect_ack(sent[0], ours - 1, theirs);
}

TEST_F(TimersOf, TCP_RTO_021_persist_and_retransmission_exclude_each_other) {
    close_window();
    EXPECT_EQ(c->timer(now).kind, event::TimerKind::persist);
    deliver({.seq = theirs, .ack = ours, .window = 65535});
    EXPECT_EQ(c->timer(now).kind, event::TimerKind::retransmit);
}

TEST_F(TimersOf, TCP_WIN_010_probe_finds_the_open_window) {
    close_window();
    run(200ms);
    ASSERT_EQ(sent.size(), 1U);
    deliver({.seq = theirs, .ack = ours, .window = 65535});
    EXPECT_EQ(texts(), 1U);
}

TEST_F(TimersOf, TCP_WIN_011_unanswered_probes_give_up) {
    config.retries_2 = 4;
    close_window();
    run(60s);
    EXPECT_EQ(c->take_error(), Error::timed_out);
    EXPECT_EQ(c->readiness().reason, Reason::probes_unanswered);
    EXPECT_EQ(sent.size(), 4U);
}

TEST_F(TimersOf, TCP_9293_MUST_37_answered_probes_keep_the_connection) {
    config.retries_2 = 4;
    close_window();
    for (int i = 0; i < 40; ++i) {
        run(c->deadline() - now);
        deliver({.seq = theirs, .ack = ours, .window = 0});
    }
    EXPECT_GT(since_start(), 1h);
    EXPECT_EQ(c->state(), State::established);
}

TEST_F(TimersOf, TCP_SEC_024_orphan_behind_a_closed_window_dies_though_answered) {
    close_window();
    close();
    for (int i = 0; i < 40 && c->state() != State::closed; ++i) {
        run(c->deadline() - now);
        if (c->state() != State::closed) deliver({.seq = theirs, .ack = ours, .window = 0});
    }
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->readiness().reason, Reason::probes_unanswered);
}

TEST_F(TimersOf, TCP_9293_SHLD_17_window_shrunk_to_zero_ends_nothing_while_the_peer_answers) {
    config.retries_2 = 4;
    establish();
    write(1000);
    deliver({.seq = theirs, .ack = ours, .window = 0});
    for (int i = 0; i < 20; ++i) {
        run(c->deadline() - now);
        deliver({.seq = theirs, .ack = ours, .window = 0});
    }
    EXPECT_GT(since_start(), 10min);
    EXPECT_EQ(c->state(), State::established);
    run(1h);  // nor is a peer kept that says nothing more
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->readiness().reason, Reason::retransmissions_unanswered);
}

// VULNERABILITIES class 14.
TEST_F(TimersOf, vuln_14_beneath_a_window_shrunk_to_zero_silence_is_not_borne_for_long) {
    establish();
    write(1000);
    deliver({.seq = theirs, .ack = ours, .window = 0});
    run(2 * config.rto_max);
    EXPECT_EQ(c->state(), State::established);
    run(2 * config.rto_max);
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_EQ(c->readiness().reason, Reason::retransmissions_unanswered);
}

TEST_F(TimersOf, TCP_9293_MUST_21_and_TCP_RTO_018_it_ends_what_a_closed_window_holds_too) {
    options.user_timeout_ms = 30'000;
    establish();
    write(1000);
    for (int i = 0; i < 200 && c->state() == State::established; ++i) {
        deliver({.seq = theirs, .ack = ours, .window = 0});
        run(500ms);
    }
    EXPECT_EQ(c->state(), State::closed);
    EXPECT_GE(since_start(), 30s);
    EXPECT_LE(since_start(), 35s);
    EXPECT_EQ(c->readiness().reason, Reason::user_timeout);
}

TEST_F(TimersOf, TCP_CC_010_ssthresh_is_cut_once_though_a_closed_window_is_answered) {
    config.congestion = event::CongestionControl::reno;
    establish(syn_ack(1000));
    write(10'000);
    std::uint32_t ssthresh = 0;
    for (int i = 0; i < 6; ++i) {
        deliver({.seq = theirs, .ack = ours, .window = 0});
        run(c->deadline() - now);
        if (i == 0) ssthresh = c->path_view().ssthresh;
    }
    EXPECT_EQ(ssthresh, 5U);
    EXPECT_EQ(c->path_view().ssthresh, ssthresh);
}

TEST_F(TimersOf, TCP_9293_MUST_25_no_keep_alive_by_default) {
    establish();
    run(3h);
    expect_no_segment();
    EXPECT_EQ(c->deadline(), never);
}

TEST_F(TimersOf, TCP_9293_MUST_28_first_probe_after_two_hours) {
    options.keep_alive = true;
    establish();
    run(7200s - 1ms);
    expect_no_segment();
    run(1ms);
    EXPECT_EQ(sent.size(), 1U);
}

TEST_F(TimersOf, TCP_KA_002_and_003_probes_then_reset) {
    options.keep_alive = true;
    options.keep_idle_s = 2;
    options.keep_interval_s = 1;
    options.keep_count = 3;
    establish();
    run(10s);
    EXPECT_EQ(times(), (std::vector<Duration>{2s, 3s, 4s}));
    expect_ack(sent[0], ours - 1, theirs);
    ASSERT_EQ(replies.size(), 1U);
    EXPECT_EQ(replies[0].flags, TcpFlag::rst | TcpFlag::ack);
    EXPECT_EQ(c->take_error(), Error::timed_out);
    EXPECT_EQ(c->readiness().reason, Reason::probes_unanswered);
}

TEST_F(TimersOf, TCP_KA_004_any_segment_restarts) {
    options.keep_alive = true;
    options.keep_idle_s = 2;
    options.keep_interval_s = 1;
    options.keep_count = 3;
    establish();
    run(4050ms);
    deliver({.seq = theirs, .ack = ours});
    run(10s);
    EXPECT_EQ(times(), (std::vector<Duration>{2s, 3s, 4s, 6050ms, 7050ms, 8050ms}));
    EXPECT_EQ(c->state(), State::closed);
}

TEST_F(TimersOf, TCP_KA_005_reset_answer) {
    options.keep_alive = true;
    options.keep_idle_s = 1;
    establish();
    run(1s);
    deliver({.flags = TcpFlag::rst, .seq = theirs});
    EXPECT_EQ(c->take_error(), Error::connection_reset);
    EXPECT_EQ(c->deadline(), never);
}

TEST_F(TimersOf, TCP_KA_006_probe_of_the_peer_is_answered_once_per_burst) {
    establish();
    for (int i = 0; i < 4; ++i) deliver({.seq = theirs - 1, .ack = ours});
    ASSERT_EQ(sent.size(), 1U);
    expect_ack(sent[0], ours, theirs);
}

TEST_F(TimersOf, TCP_KA_008_user_timeout_replaces_the_count) {
    options.keep_alive = true;
    options.keep_idle_s = 2;
    options.keep_interval_s = 1;
    options.keep_count = 3;
    options.user_timeout_ms = 2500;
    establish();
    run(10s);
    EXPECT_EQ(times(), (std::vector<Duration>{2s}));
    EXPECT_EQ(replies.size(), 1U);

    replies.clear();
    now = start;
    options.keep_idle_s = 1;
    options.keep_count = 2;
    options.user_timeout_ms = 5000;
    establish();
    run(10s);
    EXPECT_EQ(times(), (std::vector<Duration>{1s, 2s, 3s, 4s}));
}

TEST_F(TimersOf, TCP_KA_009_switched_on_later_it_counts_from_the_last_activity) {
    establish();
    run(3s);
    options.keep_alive = true;
    options.keep_idle_s = 1;
    c->set_options(turn(), options);
    run(0ms);
    EXPECT_EQ(sent.size(), 1U);

    now = start;
    establish();
    run(2s);
    options.keep_alive = true;
    options.keep_idle_s = 4;
    c->set_options(turn(), options);
    EXPECT_EQ(c->deadline(), now + 2s);
}

TEST_F(TimersOf, TCP_9293_MUST_26_no_probe_while_text_is_outstanding) {
    options.keep_alive = true;
    options.keep_idle_s = 1;
    establish();
    write(10);
    run(5s);
    for (const Sent& s : sent) EXPECT_FALSE(s.text.empty());
}

TEST_F(TimersOf, FiredTimersAreEvents) {
    establish();
    write(10);
    run(700ms);
    const auto fired = log.all<event::TimerFired>();
    ASSERT_EQ(fired.size(), 2U);
    EXPECT_EQ(fired[1].kind, event::TimerKind::retransmit);
    EXPECT_EQ(fired[1].count, 2);
}

TEST_F(TimersOf, TCP_RTO_023_never_early) {
    establish();
    write(10);
    run(200ms - 1us);
    EXPECT_EQ(texts(), 1U);
    run(1us);
    EXPECT_EQ(texts(), 2U);
}

}  // namespace
}  // namespace dt::tcp
