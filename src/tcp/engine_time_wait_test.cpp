// TIME-WAIT as an engine lives it: answers, restart, new incarnations, the cost of many records.
#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

using event::Cause;
using event::Reason;
using event::State;

/// A connection that we closed first and whose peer's FIN has come: a record on 10.0.0.1:80.
class TimeWaitEngineTest : public EngineTest {
  protected:
    Seq snd_nxt;
    Seq rcv_nxt;

    void enter(std::uint16_t port = 40000,
               const Script& first = {.flags = TcpFlag::syn, .seq = irs}) {
        if (listener.handle.is_null()) listen(10);
        const auto answer = host().deliver(peer(port), first);
        ASSERT_EQ(answer.size(), 1U);
        const Seq iss = answer[0].header.seq;
        Script ack{.flags = TcpFlag::ack, .seq = theirs, .ack = iss + 1};
        ack.options.timestamps = first.options.timestamps;
        (void)host().deliver(peer(port), ack);
        const ConnId id = accept();
        engine().close(host().turn(), id, CloseKind::orderly);
        (void)host().flush();
        ack.flags = TcpFlag::fin | TcpFlag::ack;
        ack.ack = iss + 2;
        const auto last = host().deliver(peer(port), ack);
        snd_nxt = iss + 2;
        rcv_nxt = theirs + 1;
        ASSERT_EQ(last.size(), 1U);
        ASSERT_EQ(last[0].header.ack, rcv_nxt);
        ASSERT_EQ(engine().holder(peer(port)), Engine::Holder::time_wait);
    }
    std::vector<Left> send(TcpFlags flags, Seq seq, std::string_view text = {}) {
        return host().deliver(peer(), {.flags = flags, .seq = seq, .ack = snd_nxt, .text = text});
    }
    [[nodiscard]] bool is_waiting() { return engine().holder(peer()) == Engine::Holder::time_wait; }
};

TEST_F(TimeWaitEngineTest, TCP_TW_002_the_fin_again_is_acknowledged_and_restarts_two_msl) {
    enter();
    (void)host().run(50s);
    expect_ack(send(TcpFlag::fin | TcpFlag::ack, rcv_nxt - 1), snd_nxt, rcv_nxt);
    EXPECT_EQ(host().last_drop(), Reason::time_wait_fin_again);
    (void)host().run(59s);
    EXPECT_TRUE(is_waiting());
    (void)host().run(1s);
    EXPECT_FALSE(is_waiting());
}

TEST_F(TimeWaitEngineTest, TCP_TW_003_data_is_acknowledged_and_not_delivered) {
    enter();
    expect_ack(send(TcpFlag::ack | TcpFlag::psh, rcv_nxt, "late"), snd_nxt, rcv_nxt);
    expect_ack(send(TcpFlag::ack | TcpFlag::psh, rcv_nxt - 1, "old"), snd_nxt, rcv_nxt);
    EXPECT_EQ(host().last_drop(), Reason::time_wait_old_segment);
    EXPECT_TRUE(is_waiting());
}

TEST_F(TimeWaitEngineTest, TCP_TW_004_a_newer_syn_opens_a_new_incarnation_beyond_the_old_numbers) {
    enter();
    const auto left = send(TcpFlag::syn, rcv_nxt + 100'000);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].header.flags, TcpFlag::syn | TcpFlag::ack);
    EXPECT_EQ(left[0].header.seq, snd_nxt + 65'537);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::half_open);
    EXPECT_EQ(host().count(State::time_wait), 0U);
    const auto transitions = host().log.all<event::Transition>();
    EXPECT_EQ(transitions[transitions.size() - 2].cause, Cause::replaced);
    EXPECT_EQ(transitions[transitions.size() - 2].reason, Reason::time_wait_reused);
}

TEST_F(TimeWaitEngineTest, TCP_SEG_010_a_newer_syn_with_fin_opens_nothing) {
    enter();
    EXPECT_TRUE(send(TcpFlag::syn | TcpFlag::fin, rcv_nxt + 100'000).empty());
    EXPECT_EQ(host().last_drop(), Reason::syn_with_fin_or_rst);
    EXPECT_TRUE(is_waiting());
}

TEST_F(TimeWaitEngineTest, TCP_TW_004_the_record_stays_where_the_listener_refuses_the_syn) {
    enter();
    engine().set_backlog(host().turn(), listener, 0);
    establish(1);
    EXPECT_TRUE(send(TcpFlag::syn, rcv_nxt + 100'000).empty());
    EXPECT_EQ(host().last_drop(), Reason::accept_queue_full);
    EXPECT_TRUE(is_waiting());
}

TEST_F(TimeWaitEngineTest, TCP_TW_004_without_a_listener_a_newer_syn_is_only_acknowledged) {
    enter();
    engine().close_listener(host().turn(), listener);
    expect_ack(send(TcpFlag::syn, rcv_nxt + 100'000), snd_nxt, rcv_nxt);
    EXPECT_TRUE(is_waiting());
}

TEST_F(TimeWaitEngineTest, TCP_TW_005_an_older_syn_is_acknowledged_and_the_record_stays) {
    enter();
    expect_ack(send(TcpFlag::syn, rcv_nxt - 500), snd_nxt, rcv_nxt);
    EXPECT_TRUE(is_waiting());
}

TEST_F(TimeWaitEngineTest, TCP_TW_006_with_timestamps_the_newer_one_opens_whatever_the_number) {
    Script first{.flags = TcpFlag::syn, .seq = irs};
    first.options.timestamps = {5000, 0};
    enter(40000, first);
    Script again{.flags = TcpFlag::syn, .seq = rcv_nxt + 1000};
    again.options.timestamps = {4999, 0};
    expect_ack(host().deliver(peer(), again), snd_nxt, rcv_nxt);
    again.seq = rcv_nxt - 1000;
    again.options.timestamps = {5001, 0};
    const auto left = host().deliver(peer(), again);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].header.flags, TcpFlag::syn | TcpFlag::ack);
    EXPECT_EQ(left[0].header.seq, snd_nxt + 65'537);
}

TEST_F(TimeWaitEngineTest, TCP_TW_008_an_exact_rst_is_ignored_and_obeyed_where_configured) {
    enter();
    EXPECT_TRUE(send(TcpFlag::rst, rcv_nxt).empty());
    EXPECT_EQ(host().last_drop(), Reason::time_wait_rst_ignored);
    EXPECT_TRUE(is_waiting());
    made.reset();
    listener = {};
    config.time_wait_rst = event::TimeWaitRst::obey;
    enter();
    EXPECT_TRUE(send(TcpFlag::rst, rcv_nxt).empty());
    EXPECT_FALSE(is_waiting());
    EXPECT_EQ(host().log.all<event::Transition>().back().cause, Cause::rcv_rst);
}

TEST_F(TimeWaitEngineTest, TCP_TW_009_an_inexact_rst_never_ends_the_record) {
    config.time_wait_rst = event::TimeWaitRst::obey;
    enter();
    EXPECT_TRUE(send(TcpFlag::rst, rcv_nxt + 500).empty());
    EXPECT_TRUE(is_waiting());
}

// RFC 1337 §2, hazard H2 and H3: an old duplicate makes the record answer; the confused peer's RST
// must neither end the record nor, after reuse, the new connection.
TEST_F(TimeWaitEngineTest,
       TCP_TW_010_old_duplicates_and_their_resets_do_not_reach_a_new_incarnation) {
    enter();
    expect_ack(send(TcpFlag::ack | TcpFlag::psh, rcv_nxt - 300, "old"), snd_nxt, rcv_nxt);
    EXPECT_TRUE(send(TcpFlag::rst, snd_nxt).empty());
    EXPECT_TRUE(is_waiting());
    const auto left = send(TcpFlag::syn, rcv_nxt + 100'000);
    const Seq iss = left.at(0).header.seq;
    (void)host().deliver(peer(), {.flags = TcpFlag::ack, .seq = rcv_nxt + 100'001, .ack = iss + 1});
    const ConnId id = accept();
    EXPECT_TRUE(send(TcpFlag::rst, rcv_nxt).empty());
    EXPECT_EQ(engine().readiness(id).state, State::established);
}

TEST_F(TimeWaitEngineTest, TCP_TW_016_answers_carry_the_last_window_and_a_fresh_timestamp) {
    Script first{.flags = TcpFlag::syn, .seq = irs};
    first.options.timestamps = {5000, 0};
    first.options.window_scale = 7;
    enter(40000, first);
    (void)host().run(2s);
    const auto left = send(TcpFlag::ack | TcpFlag::psh, rcv_nxt - 1, "old");
    ASSERT_EQ(left.size(), 1U);
    EXPECT_GT(left[0].header.window, 0);
    ASSERT_TRUE(left[0].header.options.timestamps);
    EXPECT_EQ(left[0].header.options.timestamps->echo, 5000U);
    (void)host().run(1s);
    const auto later = send(TcpFlag::ack | TcpFlag::psh, rcv_nxt - 1, "old");
    EXPECT_EQ(later.at(0).header.options.timestamps->value,
              left[0].header.options.timestamps->value + 1000);
    EXPECT_EQ(later[0].header.window, left[0].header.window);
}

TEST_F(TimeWaitEngineTest, vuln_15_two_confused_ends_cannot_keep_each_other_busy) {
    enter();
    std::size_t answers = 0;
    for (int i = 0; i < 10'000; ++i) answers += send(TcpFlag::ack, rcv_nxt + 5).size();
    EXPECT_EQ(answers, 1U);
    EXPECT_EQ(host().last_drop(), Reason::challenge_limited);
    EXPECT_TRUE(is_waiting());
}

TEST_F(TimeWaitEngineTest, RecordsComeLastInTheSnapshotWithTheTimeTheyHaveLeft) {
    enter(40000);
    (void)host().run(18s + 600ms);
    (void)half_open(2);
    const auto sockets = host().sockets();
    ASSERT_EQ(sockets.size(), 3U);
    EXPECT_EQ(sockets[2].state, State::time_wait);
    EXPECT_EQ(sockets[2].timer.kind, event::TimerKind::time_wait);
    EXPECT_EQ(sockets[2].timer.left, 41s + 400ms);
}

// Goal: flat cost. With many records the work of finding and expiring one does not grow; here the
// memory and the exactness of expiry are checked, time is a benchmark's business.
TEST_F(TimeWaitEngineTest, TCP_TW_011_many_records_take_tens_of_octets_each_and_expire_in_order) {
    constexpr std::uint32_t many = 20'000;
    enter();
    const auto before = engine().memory();
    for (std::uint32_t i = 0; i < many; ++i) {
        const auto port = static_cast<std::uint16_t>(1 + i % 60'000);
        if (port == 40000) continue;
        enter(port);
        host().log.bodies.clear();
        host().now += 1ms;
    }
    const auto after = engine().memory();
    EXPECT_LE((after.time_wait - before.time_wait) / many, 80U);
    EXPECT_EQ(after.connections, before.connections);
    EXPECT_EQ(host().count(State::time_wait), many + 1);
    EXPECT_EQ(pool.blocks_in_use(), 0U);
    const Instant last = host().now - 1ms;
    (void)host().run(last + 60s - 1ns - host().now);
    EXPECT_EQ(host().count(State::time_wait), 1U);
    (void)host().run(1ns);
    EXPECT_EQ(host().count(State::time_wait), 0U);
}

TEST_F(TimeWaitEngineTest, TCP_CONN_030_beyond_the_orphan_limit_a_closed_connection_is_reset) {
    config.orphans_max = 2;
    listen(10);
    std::vector<std::size_t> resets;
    for (std::uint16_t port = 1; port <= 3; ++port) {
        establish(port);
        engine().close(host().turn(), accept(), CloseKind::orderly);
        for (const Left& left : host().flush())
            if (left.header.flags.rst()) resets.push_back(port);
    }
    EXPECT_EQ(resets, std::vector<std::size_t>{3});
    EXPECT_EQ(host().log.all<event::Transition>().back().reason, Reason::too_many_orphans);
    EXPECT_EQ(engine().holder(peer(3)), Engine::Holder::none);
}

}  // namespace
}  // namespace dt::tcp
