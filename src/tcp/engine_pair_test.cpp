// Two engines back to back: connect, accept, data both ways, close, TIME-WAIT, readiness edges.
#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

using event::Cause;
using event::State;

TEST_F(PairTest, ConnectMeetsAccept) {
    listen();
    const ConnId mine = connect();
    pump();
    EXPECT_EQ(client.engine.readiness(mine).state, State::established);
    EXPECT_EQ(server.engine.accept_queue_length(listener), 1U);
    const ConnId theirs = accept();
    EXPECT_EQ(server.engine.readiness(theirs).state, State::established);
    EXPECT_EQ(server.engine.tuple(theirs), client.engine.tuple(mine)->reversed());
    EXPECT_EQ(carried, 3U);
}

TEST_F(PairTest, DataFlowsBothWays) {
    listen();
    const ConnId mine = connect();
    pump();
    const ConnId theirs = accept();
    client.write(mine, "ping");
    server.write(theirs, "pong!");
    pump();
    EXPECT_EQ(server.read_all(theirs), "ping");
    EXPECT_EQ(client.read_all(mine), "pong!");
}

TEST_F(PairTest, AMegabyteArrivesWhole) {
    listen();
    const ConnId mine = connect();
    pump();
    const ConnId theirs = accept();
    std::string sent(1 << 20, '\0');
    for (std::size_t i = 0; i < sent.size(); ++i) sent[i] = static_cast<char>('a' + i % 23);
    std::string received;
    std::size_t written = 0;
    for (int i = 0; i < 100'000 && received.size() < sent.size(); ++i) {
        written += client.write(mine, std::string_view(sent).substr(written));
        run(1ms);
        received += server.read_all(theirs);
    }
    EXPECT_TRUE(received == sent);
}

TEST_F(PairTest, TCP_CONN_012_who_closes_first_keeps_time_wait_for_sixty_seconds) {
    listen();
    const ConnId mine = connect();
    pump();
    const ConnId theirs = accept();
    client.engine.close(client.turn(), mine, CloseKind::orderly);
    pump();
    EXPECT_TRUE(server.engine.readiness(theirs).peer_finished);
    server.engine.close(server.turn(), theirs, CloseKind::orderly);
    pump();
    EXPECT_EQ(client.count(State::time_wait), 1U);
    EXPECT_EQ(client.engine.holder({{client_address, Port{40000}}, server_end}),
              Engine::Holder::time_wait);
    // TCP-TW-015: the peer of who closed first keeps nothing.
    EXPECT_EQ(server.sockets().size(), 1U);
    run(59s);
    EXPECT_EQ(client.count(State::time_wait), 1U);
    run(1s);
    EXPECT_TRUE(client.sockets().empty());
    const auto last = client.log.all<event::Transition>().back();
    EXPECT_EQ(last.from, State::time_wait);
    EXPECT_EQ(last.cause, Cause::time_wait_timeout);
    EXPECT_EQ(last.reason, event::Reason::time_wait_over);
    EXPECT_EQ(client.engine.deadline(), never);
    EXPECT_EQ(pool.frames_in_use(), 0U);
    EXPECT_EQ(pool.blocks_in_use(), 0U);
}

TEST_F(PairTest, TCP_TW_015_the_passive_closer_keeps_no_record) {
    listen();
    const ConnId mine = connect();
    pump();
    const ConnId theirs = accept();
    server.engine.close(server.turn(), theirs, CloseKind::orderly);
    pump();
    client.engine.close(client.turn(), mine, CloseKind::orderly);
    pump();
    EXPECT_EQ(server.count(State::time_wait), 1U);
    EXPECT_TRUE(client.sockets().empty());
}

TEST_F(PairTest, TCP_CONN_021_half_closed_still_carries_data_the_other_way) {
    listen();
    const ConnId mine = connect();
    pump();
    const ConnId theirs = accept();
    client.engine.shutdown_write(client.turn(), mine);
    pump();
    server.write(theirs, "later");
    pump();
    EXPECT_EQ(client.read_all(mine), "later");
}

TEST_F(PairTest, TheSocketOfAConnectionInTimeWaitStillReadsToItsEnd) {
    listen();
    const ConnId mine = connect();
    pump();
    const ConnId theirs = accept();
    client.engine.shutdown_write(client.turn(), mine);
    pump();
    server.write(theirs, "rest");
    server.engine.close(server.turn(), theirs, CloseKind::orderly);
    pump();
    EXPECT_EQ(client.count(State::time_wait), 1U);
    EXPECT_EQ(client.sockets().size(), 1U);  // the record, not also the socket's connection
    EXPECT_EQ(client.read_all(mine), "rest");
    EXPECT_TRUE(client.engine.readiness(mine).peer_finished);
    run(61s);
    EXPECT_TRUE(client.engine.tuple(mine).has_value());
    client.engine.close(client.turn(), mine, CloseKind::orderly);
    EXPECT_FALSE(client.engine.tuple(mine).has_value());
}

TEST_F(PairTest, ARefusedConnectionEndsWithItsError) {
    const ConnId mine = connect();
    pump();
    EXPECT_EQ(client.engine.readiness(mine).state, State::closed);
    EXPECT_EQ(client.engine.take_error(mine), Error::connection_refused);
    EXPECT_EQ(client.engine.holder({{client_address, Port{40000}}, server_end}),
              Engine::Holder::none);
    EXPECT_EQ(client.counters().attempt_fails, 1U);
    EXPECT_EQ(server.counters().resets_out, 1U);
}

TEST_F(PairTest, EdgesComeOnceEachInOrder) {
    listen();
    const ConnId mine = connect();
    pump();
    const auto connected = client.engine.next_edge();
    ASSERT_TRUE(connected);
    EXPECT_EQ(connected->connection, mine);
    EXPECT_FALSE(client.engine.next_edge());
    const auto acceptable = server.engine.next_edge();
    ASSERT_TRUE(acceptable);
    EXPECT_EQ(acceptable->listener, listener);
    EXPECT_FALSE(server.engine.next_edge());
    // What arrived before accept() is told with it.
    client.write(mine, "early");
    pump();
    EXPECT_FALSE(server.engine.next_edge());
    const ConnId theirs = accept();
    EXPECT_EQ(server.engine.next_edge()->connection, theirs);
    client.write(mine, "a");
    pump();
    client.write(mine, "b");
    pump();
    EXPECT_EQ(server.engine.next_edge()->connection, theirs);
    EXPECT_FALSE(server.engine.next_edge());
}

TEST_F(PairTest, ConnectionsTakeTurns) {
    listen(10);
    const ConnId first = connect(40000);
    const ConnId second = connect(40001);
    pump();
    client.write(first, std::string(8000, 'a'));
    client.write(second, std::string(8000, 'b'));
    std::vector<std::uint16_t> order;
    for (int i = 0; i < 4; ++i)
        order.push_back(client.engine.next_segment(client.turn())->tuple.local.port.value());
    EXPECT_EQ(order, (std::vector<std::uint16_t>{40000, 40001, 40000, 40001}));
}

TEST_F(PairTest, TCP_CONN_010_a_socket_connects_to_itself) {
    const Endpoint self{client_address, Port{40000}};
    const ConnId mine = client.engine.connect(client.turn(), {self, self}, Path{}, {}).value();
    for (int i = 0; i < 100 && carry(client, client); ++i) {
    }
    EXPECT_EQ(client.engine.readiness(mine).state, State::established);
    client.write(mine, "echo");
    for (int i = 0; i < 100 && carry(client, client); ++i) {
    }
    EXPECT_EQ(client.read_all(mine), "echo");
}

TEST_F(PairTest, ATakenTupleIsRefused) {
    listen();
    const FourTuple tuple{{client_address, Port{40000}}, server_end};
    (void)connect();
    const auto again = client.engine.connect(client.turn(), tuple, Path{}, {});
    ASSERT_FALSE(again);
    EXPECT_EQ(again.error(), Error::address_not_available);
}

/// A client whose connection to the server has just ended in TIME-WAIT.
class ReuseTest : public PairTest {
  protected:
    const FourTuple tuple{{client_address, Port{40000}}, server_end};

    void close_first() {
        listen();
        const ConnId mine = connect();
        pump();
        const ConnId theirs = accept();
        client.engine.close(client.turn(), mine, CloseKind::orderly);
        pump();
        server.engine.close(server.turn(), theirs, CloseKind::orderly);
        pump();
        ASSERT_EQ(client.count(State::time_wait), 1U);
    }
    void configure(event::TimeWaitReuse reuse) {
        client.config.time_wait_reuse = reuse;
        client.engine.reconfigure(client.config);
    }
    [[nodiscard]] bool may_connect() {
        return client.engine.connect(client.turn(), tuple, Path{}, {}).has_value();
    }
};

TEST_F(ReuseTest, TCP_TW_013_a_second_later_timestamps_let_connect_take_the_tuple) {
    configure(event::TimeWaitReuse::on);
    close_first();
    run(900ms);
    EXPECT_FALSE(client.engine.may_connect(client.turn(), tuple));
    EXPECT_FALSE(may_connect());
    run(300ms);
    EXPECT_TRUE(client.engine.may_connect(client.turn(), tuple));
    ASSERT_TRUE(may_connect());
    EXPECT_EQ(client.count(State::time_wait), 0U);
    pump();
    EXPECT_EQ(client.count(State::established), 1U);
}

TEST_F(ReuseTest, TCP_TW_013_the_new_number_lies_beyond_the_old_ones) {
    configure(event::TimeWaitReuse::on);
    close_first();
    const Seq old_iss = client.log.all<event::SegmentReceived>().at(0).segment.ack - 1;
    run(2s);
    ASSERT_TRUE(may_connect());
    const auto syn = client.engine.next_segment(client.turn());
    ASSERT_TRUE(syn);
    EXPECT_EQ(syn->summary.seq, old_iss + 2 + 65'537);
    const auto transitions = client.log.all<event::Transition>();
    EXPECT_EQ(transitions[transitions.size() - 2].cause, Cause::replaced);
    EXPECT_EQ(transitions[transitions.size() - 2].reason, event::Reason::time_wait_reused);
}

TEST_F(ReuseTest, TCP_TW_013_off_and_off_loopback_connect_is_refused) {
    close_first();
    run(3s);
    for (const auto reuse : {event::TimeWaitReuse::off, event::TimeWaitReuse::loopback}) {
        configure(reuse);
        EXPECT_FALSE(may_connect());
    }
    EXPECT_EQ(client.count(State::time_wait), 1U);
}

TEST_F(ReuseTest, TCP_TW_013_without_timestamps_connect_is_refused) {
    client.config.timestamps = event::Switch::off;
    configure(event::TimeWaitReuse::on);
    close_first();
    run(3s);
    EXPECT_FALSE(may_connect());
}

TEST_F(PairTest, TCP_TW_012_over_the_limit_a_record_is_skipped_and_counted) {
    client.config.time_wait_max = 3;
    Host small(client.config, pool, 11);
    std::vector<ConnId> ours;
    listen(10);
    const auto exchange = [&] {
        for (int i = 0; i < 1000; ++i) {
            const bool out = carry(small, server);
            const bool in = carry(server, small);
            if (!out && !in) return;
        }
    };
    for (std::uint16_t port = 1; port <= 5; ++port) {
        const FourTuple tuple{{client_address, Port{port}}, server_end};
        ours.push_back(small.engine.connect(small.turn(), tuple, Path{}, {}).value());
    }
    exchange();
    for (const ConnId id : ours) small.engine.close(small.turn(), id, CloseKind::orderly);
    exchange();
    for (int i = 0; i < 5; ++i) server.engine.close(server.turn(), accept(), CloseKind::orderly);
    exchange();
    EXPECT_EQ(small.count(State::time_wait), 3U);
    EXPECT_EQ(small.counters().time_wait_overflow, 2U);
    EXPECT_EQ(small.log.all<event::Transition>().back().reason, event::Reason::time_wait_overflow);
}

TEST_F(PairTest, SteadyTrafficReservesNothingNew) {
    config.time_wait = 1s;
    Host first(config, pool, 11);
    listen(10);
    const auto round = [&](std::uint16_t port) {
        const FourTuple tuple{{client_address, Port{port}}, server_end};
        const ConnId mine = first.engine.connect(first.turn(), tuple, Path{}, {}).value();
        const auto exchange = [&] {
            for (int i = 0; i < 100; ++i) {
                const bool out = carry(first, server);
                const bool in = carry(server, first);
                if (!out && !in) return;
            }
        };
        exchange();
        const ConnId theirs = accept();
        first.write(mine, "question");
        exchange();
        EXPECT_EQ(server.read_all(theirs), "question");
        first.engine.close(first.turn(), mine, CloseKind::orderly);
        exchange();
        server.engine.close(server.turn(), theirs, CloseKind::orderly);
        exchange();
        while (first.engine.next_edge() || server.engine.next_edge()) {
        }
        (void)first.run(10ms);
        server.now = first.now;
        first.log.bodies.clear();
        server.log.bodies.clear();
    };
    const auto held = [&] {
        std::size_t sum = pool.bytes_reserved();
        for (Engine* engine : {&first.engine, &server.engine}) {
            const Engine::Memory memory = engine->memory();
            sum += memory.connections + memory.half_open + memory.time_wait + memory.index;
        }
        return sum;
    };
    for (std::uint16_t i = 0; i < 300; ++i) round(static_cast<std::uint16_t>(40'000 + i % 200));
    const std::size_t before = held();
    for (std::uint16_t i = 300; i < 1500; ++i) round(static_cast<std::uint16_t>(40'000 + i % 200));
    EXPECT_EQ(held(), before);
}

TEST_F(PairTest, UsesOfAPortListConnectionsHalfOpenEntriesAndRecords) {
    listen();
    Options reusable;
    reusable.reuse_address = true;
    const ConnId first = connect(40000, reusable);
    (void)connect(40001);
    pump();
    client.engine.close(client.turn(), first, CloseKind::orderly);
    pump();
    server.engine.close(server.turn(), accept(), CloseKind::orderly);
    pump();
    const auto uses = [](Host& host, std::uint16_t port) {
        std::vector<Engine::LocalUse> all;
        host.engine.uses_of_port(Port{port}, &all, [](void* context, const Engine::LocalUse& use) {
            static_cast<std::vector<Engine::LocalUse>*>(context)->push_back(use);
        });
        return all;
    };
    server.arrive({server_end, {client_address, Port{9}}}, {.flags = TcpFlag::syn, .seq = Seq{1}});
    const auto on_80 = uses(server, 80);
    ASSERT_EQ(on_80.size(), 2U);
    EXPECT_EQ(on_80[0].holder, Engine::Holder::connection);
    EXPECT_EQ(on_80[0].tuple.remote.port, Port{40001});
    EXPECT_EQ(on_80[1].holder, Engine::Holder::half_open);
    const auto on_40000 = uses(client, 40000);
    ASSERT_EQ(on_40000.size(), 1U);
    EXPECT_EQ(on_40000[0].holder, Engine::Holder::time_wait);
    EXPECT_TRUE(on_40000[0].reuse_address);
    EXPECT_TRUE(uses(client, 40002).empty());
}

}  // namespace
}  // namespace dt::tcp
