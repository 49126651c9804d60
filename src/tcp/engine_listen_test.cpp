// A listener's two queues against scripted peers (spec 4.3; RFC 9293 §3.10.7.2 and SYN-RECEIVED).
#include <array>

#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

using event::QueueStep;
using event::Reason;
using event::State;

class ListenTest : public EngineTest {};

TEST_F(ListenTest, TCP_SYNQ_001_backlog_is_clamped_to_somaxconn) {
    listen(100'000);
    EXPECT_EQ(queues().limit, 4096U);
    engine().set_backlog(host().turn(), listener, static_cast<std::uint32_t>(-1));
    EXPECT_EQ(queues().limit, 4096U);
}

TEST_F(ListenTest, TCP_SYNQ_002_accept_queue_admits_backlog_plus_one) {
    for (const std::uint32_t backlog : {0U, 1U, 2U, 5U}) {
        made.reset();
        listen(backlog);
        for (std::uint16_t port = 1; port < 20; ++port) {
            const auto left = syn(port);
            if (left.empty()) break;
            EXPECT_TRUE(last_ack(left[0].header.seq, port).empty());
        }
        EXPECT_EQ(queues().accept_length, backlog + 1);
        EXPECT_EQ(host().count(State::established), backlog + 1);
    }
}

TEST_F(ListenTest, TCP_SYNQ_003_a_syn_that_meets_a_full_accept_queue_is_ignored_and_counted) {
    listen(1);
    establish(1);
    establish(2);
    EXPECT_TRUE(syn(3).empty());
    EXPECT_EQ(host().last_drop(), Reason::accept_queue_full);
    EXPECT_EQ(host().steps().back(), QueueStep::syn_ignored);
    const auto change = host().log.all<event::QueueChange>().back();
    EXPECT_EQ(change.accept_queue, 2U);
    EXPECT_EQ(change.limit, 1U);
    EXPECT_EQ(change.ignored, 1U);
    EXPECT_EQ(host().counters().listen_overflows, 1U);
    EXPECT_EQ(host().counters().listen_drops, 1U);
    EXPECT_EQ(queues().syn_ignored, 1U);
}

TEST_F(ListenTest, TCP_SYNQ_004_the_last_ack_at_a_full_accept_queue_is_held_and_syn_acks_go_on) {
    listen(0);
    const Seq first = half_open(1);
    // The SYN queue of backlog 0 holds one: complete it, then fill the accept queue.
    EXPECT_TRUE(last_ack(first, 1).empty());
    engine().set_backlog(host().turn(), listener, 1);
    const Seq second = half_open(2);
    const Seq third = half_open(3);
    EXPECT_TRUE(last_ack(second, 2).empty());
    EXPECT_TRUE(last_ack(third, 3).empty());
    EXPECT_EQ(host().last_drop(), Reason::ack_waits_for_accept_queue);
    EXPECT_EQ(host().steps().back(), QueueStep::ack_held);
    EXPECT_EQ(host().counters().listen_overflows, 1U);
    EXPECT_EQ(host().counters().listen_drops, 1U);
    EXPECT_EQ(host().count(State::syn_received), 1U);
    const Instant begun = host().now;
    const auto left = host().run(3500ms);
    ASSERT_EQ(left.size(), 2U);
    EXPECT_EQ(left[0].at - begun, 1s);
    EXPECT_EQ(left[1].at - begun, 3s);
    EXPECT_EQ(left[0].header.seq, third);
    EXPECT_EQ(left[0].header.flags, TcpFlag::syn | TcpFlag::ack);
}

TEST_F(ListenTest, TCP_SYNQ_005_data_is_ignored_while_held_and_completes_once_a_place_is_free) {
    listen(1);
    const Seq held = half_open(3);
    establish(1);
    establish(2);
    EXPECT_TRUE(last_ack(held, 3).empty());
    const Script data{
        .flags = TcpFlag::ack | TcpFlag::psh, .seq = theirs, .ack = held + 1, .text = "hello"};
    EXPECT_TRUE(host().deliver(peer(3), data).empty());
    EXPECT_EQ(host().counters().listen_overflows, 2U);
    (void)accept();
    const auto left = host().deliver(peer(3), data);
    expect_ack(left, held + 1, theirs + 5);
    (void)accept();
    EXPECT_EQ(host().read_all(accept()), "hello");
}

TEST_F(ListenTest, TCP_SYNQ_006_abort_on_overflow_answers_the_last_ack_with_rst) {
    config.accept_overflow = event::Overflow::reset;
    listen(1);
    const Seq held = half_open(3);
    establish(1);
    establish(2);
    expect_reset(last_ack(held, 3), held + 1);
    EXPECT_EQ(host().count(State::syn_received), 0U);
    EXPECT_EQ(host().last_drop(), Reason::accept_queue_full);
}

TEST_F(ListenTest, TCP_SYNQ_007_syn_queue_admits_backlog_plus_one) {
    config.syn_cookies = event::SynCookies::off;
    for (const std::uint32_t backlog : {1U, 10U}) {
        made.reset();
        listen(backlog);
        std::size_t answered = 0;
        for (std::uint16_t port = 1; port <= 40; ++port) answered += syn(port).size();
        EXPECT_EQ(answered, backlog + 1);
        EXPECT_EQ(host().last_drop(), Reason::syn_queue_full);
        EXPECT_EQ(host().counters().listen_overflows, 0U);
        EXPECT_EQ(host().counters().listen_drops, 40U - backlog - 1);
        EXPECT_EQ(queues().syn_length, backlog + 1);
    }
}

TEST_F(ListenTest, TCP_SYNQ_015_half_open_entries_hold_no_buffers) {
    config.somaxconn = 10'000;
    listen(10'000);
    (void)host().engine;
    const std::size_t before = engine().memory().half_open;
    for (std::uint32_t i = 0; i < 10'000; ++i) {
        FourTuple tuple = peer(1);
        tuple.remote.addr = Ipv4{0x0b000000U + i};
        (void)host().deliver(tuple, {.flags = TcpFlag::syn, .seq = irs});
    }
    EXPECT_EQ(queues().syn_length, 10'000U);
    EXPECT_LE(engine().memory().half_open - before, 10'000U * 128U);
    EXPECT_EQ(pool.frames_in_use(), 0U);
}

TEST_F(ListenTest, TCP_SYNQ_016_a_full_queue_of_silent_peers_lets_its_oldest_go_for_a_new_syn) {
    config.syn_cookies = event::SynCookies::off;
    listen(1);
    (void)half_open(1);
    (void)half_open(2);
    (void)host().run(6s);
    EXPECT_TRUE(syn(3).empty());  // sent again twice: still honest
    (void)host().run(2s);
    EXPECT_EQ(syn(3).size(), 1U);
    EXPECT_EQ(queues().syn_length, 2U);
    EXPECT_EQ(engine().holder(peer(1)), Engine::Holder::none);
    EXPECT_EQ(engine().holder(peer(2)), Engine::Holder::half_open);
    EXPECT_EQ(host().log.all<event::Transition>().at(2).reason, Reason::syn_queue_full);
}

TEST_F(ListenTest, TCP_SYNQ_018_a_reset_or_expired_entry_frees_its_place) {
    config.syn_cookies = event::SynCookies::off;
    listen(1);
    (void)half_open(1);
    (void)half_open(2);
    EXPECT_TRUE(syn(3).empty());
    EXPECT_TRUE(host().deliver(peer(1), {.flags = TcpFlag::rst, .seq = theirs}).empty());
    EXPECT_EQ(syn(3).size(), 1U);
    (void)host().run(64s);
    EXPECT_EQ(queues().syn_length, 0U);
    EXPECT_EQ(syn(4).size(), 1U);
}

TEST_F(ListenTest, TCP_CONN_008_syn_acks_leave_at_0_1_3_7_15_31_s_and_the_entry_goes_at_63_s) {
    listen(5);
    const Instant begun = host().now;
    const Seq iss = half_open();
    std::vector<Duration> times;
    for (const Left& left : host().run(70s)) {
        EXPECT_EQ(left.header.flags, TcpFlag::syn | TcpFlag::ack);
        EXPECT_EQ(left.header.seq, iss);
        times.push_back(left.at - begun);
    }
    EXPECT_EQ(times, (std::vector<Duration>{1s, 3s, 7s, 15s, 31s}));
    const auto gone = host().log.all<event::Transition>().back();
    EXPECT_EQ(gone.from, State::syn_received);
    EXPECT_EQ(gone.reason, Reason::syn_ack_unanswered);
    EXPECT_EQ(host().steps().back(), QueueStep::syn_removed);
    EXPECT_EQ(host().counters().attempt_fails, 1U);
}

TEST_F(ListenTest, TCP_SYNQ_019_closing_resets_queued_children_and_drops_half_open_silently) {
    listen(5);
    const Seq accepted_iss = establish(1);
    const ConnId accepted = accept();
    const Seq queued = establish(2);
    const Seq waiting = half_open(3);
    engine().close_listener(host().turn(), listener);
    const auto left = host().flush();
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].tuple, peer(2));
    EXPECT_EQ(left[0].header.flags, TcpFlag::rst | TcpFlag::ack);
    EXPECT_EQ(left[0].header.seq, queued + 1);
    EXPECT_EQ(left[0].reason, Reason::reset_listener_closed);
    EXPECT_EQ(host().steps().back(), QueueStep::closed);
    // Accepted sockets live on.
    EXPECT_EQ(engine().readiness(accepted).state, State::established);
    host().arrive(peer(1),
                  {.flags = TcpFlag::ack, .seq = theirs, .ack = accepted_iss + 1, .text = "x"});
    EXPECT_EQ(host().read_all(accepted), "x");
    (void)host().flush();
    // The half-open peer's last ACK comes too late.
    expect_reset(last_ack(waiting, 3), waiting + 1);
    EXPECT_EQ(host().sockets().size(), 1U);
}

TEST_F(ListenTest, AfterClosingANewSynIsRefusedAndListeningWorksAgain) {
    listen(5);
    engine().close_listener(host().turn(), listener);
    expect_reset_ack(syn(1), irs + 1);
    listen(5);
    EXPECT_EQ(syn(1).size(), 1U);
}

TEST_F(ListenTest, TCP_SYNQ_021_listening_again_changes_the_limit_at_once) {
    listen(0);
    establish(1);
    EXPECT_TRUE(syn(2).empty());
    engine().set_backlog(host().turn(), listener, 3);
    EXPECT_EQ(host().steps().back(), QueueStep::limit_changed);
    EXPECT_EQ(queues().limit, 3U);
    EXPECT_EQ(syn(2).size(), 1U);
}

TEST_F(ListenTest, TCP_SYNQ_024_with_defer_accept_a_bare_ack_waits_for_data) {
    Options options;
    options.defer_accept_s = 7;  // three SYN-ACKs fall due
    listen(5, options);
    const Seq iss = half_open();
    EXPECT_TRUE(last_ack(iss).empty());
    EXPECT_EQ(host().last_drop(), Reason::ack_waits_for_data);
    EXPECT_EQ(engine().accept_queue_length(listener), 0U);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::half_open);
    EXPECT_TRUE(host().run(2500ms).empty());
    (void)host().deliver(
        peer(),
        {.flags = TcpFlag::ack | TcpFlag::psh, .seq = theirs, .ack = iss + 1, .text = "data"});
    EXPECT_EQ(host().read_all(accept()), "data");
}

TEST_F(ListenTest, TCP_SYNQ_024_when_the_time_for_data_is_over_a_bare_ack_completes) {
    Options options;
    options.defer_accept_s = 3;
    listen(5, options);
    const Seq iss = half_open();
    EXPECT_TRUE(last_ack(iss).empty());
    const Instant begun = host().now;
    const auto left = host().run(3500ms);
    ASSERT_EQ(left.size(), 1U);
    EXPECT_EQ(left[0].at - begun, 3s);
    EXPECT_TRUE(last_ack(iss).empty());
    EXPECT_EQ(engine().accept_queue_length(listener), 1U);
}

TEST_F(ListenTest, TCP_SYNQ_025_a_connection_reset_while_queued_is_still_accepted) {
    listen(5);
    establish();
    EXPECT_TRUE(host().deliver(peer(), {.flags = TcpFlag::rst, .seq = theirs}).empty());
    EXPECT_EQ(engine().accept_queue_length(listener), 1U);
    EXPECT_EQ(engine().holder(peer()), Engine::Holder::none);
    const ConnId id = accept();
    EXPECT_EQ(engine().readiness(id).state, State::closed);
    EXPECT_EQ(engine().take_error(id), Error::connection_reset);
    engine().close(host().turn(), id, CloseKind::orderly);
    EXPECT_FALSE(engine().tuple(id).has_value());
}

TEST_F(ListenTest, TCP_SYNQ_026_accept_order_is_the_order_of_the_last_acks) {
    listen(5);
    constexpr std::array<std::uint16_t, 4> order{3, 1, 4, 2};
    std::array<Seq, 5> iss;
    for (std::uint16_t port = 1; port <= 4; ++port) iss[port] = half_open(port);
    for (const std::uint16_t port : order) (void)last_ack(iss[port], port);
    for (const std::uint16_t port : order)
        EXPECT_EQ(engine().tuple(accept())->remote.port, Port{port});
    const auto none = engine().accept(host().turn(), listener);
    ASSERT_FALSE(none);
    EXPECT_EQ(none.error(), Error::would_block);
}

TEST_F(ListenTest, TCP_SYNQ_027_queues_show_both_lengths_limit_and_ignored) {
    listen(1);
    establish(1);
    (void)half_open(2);
    (void)host().run(500ms);
    auto view = queues();
    EXPECT_EQ(view.syn_length, 1U);
    EXPECT_EQ(view.accept_length, 1U);
    EXPECT_EQ(view.limit, 1U);
    EXPECT_EQ(view.oldest, 500ms);
    const auto sockets = host().sockets();
    ASSERT_EQ(sockets.size(), 3U);
    EXPECT_EQ(sockets[0].state, State::listen);
    EXPECT_EQ(sockets[1].state, State::established);
    EXPECT_EQ(sockets[1].queued_in, local);
    EXPECT_EQ(sockets[2].state, State::syn_received);
    EXPECT_EQ(sockets[2].timer.left, 500ms);
}

TEST_F(ListenTest, EachStepOfTheQueuesIsAnEventInOrder) {
    listen(5);
    establish();
    (void)accept();
    EXPECT_EQ(host().steps(), (std::vector{QueueStep::opened, QueueStep::syn_added,
                                           QueueStep::promoted, QueueStep::accepted}));
    const auto transitions = host().log.all<event::Transition>();
    ASSERT_EQ(transitions.size(), 2U);
    EXPECT_EQ(transitions[0].from, State::listen);
    EXPECT_EQ(transitions[0].to, State::syn_received);
    EXPECT_EQ(transitions[1].to, State::established);
}

TEST_F(ListenTest, AFloodOfSynsLeavesMemoryBoundedAndAConnectionUnhurt) {
    listen(128);
    const Seq iss = establish(1);
    const ConnId id = accept();
    host().log.bodies.clear();
    const auto memory = engine().memory();
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        FourTuple tuple = peer(7);
        tuple.remote.addr = Ipv4{0x0c000000U + i};
        host().arrive(tuple, {.flags = TcpFlag::syn, .seq = irs});
        if (i % 1000 == 999) {
            (void)host().flush();
            host().log.bodies.clear();
        }
        ASSERT_TRUE(engine().may_receive());
    }
    EXPECT_EQ(queues().syn_length, 129U);
    EXPECT_LE(engine().memory().half_open, memory.half_open + 129 * 128 + 16'384);
    EXPECT_EQ(engine().memory().index, memory.index);
    host().arrive(peer(1), {.flags = TcpFlag::ack, .seq = theirs, .ack = iss + 1, .text = "x"});
    EXPECT_EQ(host().read_all(id), "x");
}

TEST_F(ListenTest, TCP_SEC_020_a_flood_of_acks_is_reset_and_leaves_nothing) {
    listen(128);
    host().log.bodies.clear();
    const auto memory = engine().memory();
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        FourTuple tuple = peer(7);
        tuple.remote.addr = Ipv4{0x0c000000U + i};
        host().arrive(tuple, {.flags = TcpFlag::ack, .seq = irs, .ack = Seq{i}, .text = "x"});
        if (i % 1000 == 999) {
            EXPECT_EQ(host().flush().size(), 1000U);
            host().log.bodies.clear();
        }
    }
    EXPECT_EQ(queues().syn_length + queues().accept_length, 0U);
    EXPECT_EQ(engine().memory().connections, memory.connections);
    EXPECT_EQ(engine().memory().half_open, memory.half_open);
    EXPECT_EQ(engine().memory().index, memory.index);
}

TEST_F(ListenTest, TCP_SEC_006_each_of_three_hundred_connections_is_challenged_at_once) {
    listen(300);
    for (std::uint16_t port = 1; port <= 300; ++port) (void)establish(port);
    (void)host().flush();
    for (std::uint16_t port = 1; port <= 300; ++port)
        host().arrive(peer(port), {.flags = TcpFlag::syn, .seq = theirs + 100});
    EXPECT_EQ(host().flush().size(), 300U);  // no limit in common, which another could measure
}

TEST_F(ListenTest, TCP_KA_011_an_accepted_connection_inherits_the_listeners_options) {
    Options options;
    options.keep_alive = true;
    options.no_delay = true;
    listen(5, options);
    establish();
    const ConnId id = accept();
    EXPECT_TRUE(engine().options(id)->keep_alive);
    EXPECT_TRUE(engine().options(id)->no_delay);
}

TEST_F(ListenTest, ReceivingStopsWhileTheReplyRingIsFull) {
    config.reply_ring = 3;
    for (std::uint16_t port = 1; port <= 3; ++port) {
        EXPECT_TRUE(engine().may_receive());
        host().arrive(peer(port), {.flags = TcpFlag::ack, .seq = irs, .ack = Seq{1}});
    }
    EXPECT_FALSE(engine().may_receive());
    EXPECT_EQ(host().flush().size(), 3U);
    EXPECT_TRUE(engine().may_receive());
}

TEST_F(ListenTest, SynAcksThatDoNotFitTheReplyRingWaitForTheNextTurn) {
    config.reply_ring = 4;
    listen(100);
    for (std::uint16_t port = 1; port <= 10; ++port) (void)half_open(port);
    host().now += 1s;
    engine().advance(host().turn());
    EXPECT_EQ(host().flush().size(), 4U);
    EXPECT_LE(engine().deadline(), host().now);
    engine().advance(host().turn());
    EXPECT_EQ(host().flush().size(), 4U);
    engine().advance(host().turn());
    EXPECT_EQ(host().flush().size(), 2U);
    EXPECT_EQ(engine().deadline(), host().now + 2s);
}

}  // namespace
}  // namespace dt::tcp
