// listen() and accept(): backlog, automatic names, what the accepted socket inherits (spec 6.3).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int sol_socket = 1;
constexpr int accept_conn = 30;
constexpr int ipproto_tcp = 6;

/// How many of `wanted` connections a listener with this backlog completes.
std::size_t completed(int backlog, int wanted) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(backlog), "OK");
    for (int i = 0; i < wanted; ++i) {
        EXPECT_EQ(Program::stream(pair, pair.a).connect(pair.b.at(80)), "EINPROGRESS");
        pair.settle();
    }
    for (const event::SocketView& view : pair.b.stack.snapshot(pair.now).sockets) {
        if (view.queues) return view.queues->accept_length;
    }
    return 0;
}

TEST(Listen, UnboundSocketGetsAName_API_LIST_001) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.listen(1), "OK");
    EXPECT_FALSE(program.local().port.is_any());
    EXPECT_TRUE(program.local().addr.is_any());
}

TEST(Listen, TwiceChangesTheBacklog_API_LIST_002) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.listen(5), "OK");
    EXPECT_EQ(program.listen(9), "OK");
    const event::Snapshot snapshot = pair.a.stack.snapshot(pair.now);
    ASSERT_EQ(snapshot.sockets.size(), 1U);
    ASSERT_TRUE(snapshot.sockets[0].queues);
    EXPECT_EQ(snapshot.sockets[0].queues->limit, 9U);
}

TEST(Listen, ConnectedSocket_API_LIST_003_API_LIST_017) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.listen(1), "EINVAL");
    EXPECT_EQ(talk.client.accept_word(), "EINVAL");
}

TEST(Listen, ConnectingSocket_API_LIST_004) {
    Pair pair;
    pair.cut();
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(program.listen(1), "EINVAL");
}

TEST(Listen, DatagramSocket_API_LIST_005_API_LIST_018) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.listen(1), "EOPNOTSUPP");
    EXPECT_EQ(program.accept_word(), "EOPNOTSUPP");
}

TEST(Listen, BacklogAdmitsOneMore_API_LIST_008) {
    EXPECT_EQ(completed(0, 3), 1U);
    EXPECT_EQ(completed(1, 4), 2U);
    EXPECT_EQ(completed(2, 5), 3U);
}

TEST(Listen, NegativeBacklogIsTheMost_API_LIST_007) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.listen(-1), "OK");
    const event::Snapshot snapshot = pair.a.stack.snapshot(pair.now);
    ASSERT_EQ(snapshot.sockets.size(), 1U);
    EXPECT_EQ(snapshot.sockets[0].queues->limit, 4096U);
}

TEST(Listen, IsSeenInAnOption_API_LIST_009) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.get(sol_socket, accept_conn), "0");
    EXPECT_EQ(program.listen(1), "OK");
    EXPECT_EQ(program.get(sol_socket, accept_conn), "1");
}

TEST(Listen, OtherCallsOnAListener_API_LIST_010_API_LIST_011_API_LIST_012_API_LIST_013) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.listen(1), "OK");
    EXPECT_EQ(program.send("x"), "EPIPE");
    EXPECT_EQ(program.receive(), "ENOTCONN");
    EXPECT_EQ(program.peer_word(), "ENOTCONN");
    EXPECT_EQ(program.connect(pair.b.at(80)), "EISCONN");
}

TEST(Listen, WildcardListenerGivesConcreteNames_API_LIST_014) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind({Ipv4::any(), Port{80}}), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->local(), pair.b.at(80));
    EXPECT_EQ(server->peer(), client.local());
    EXPECT_EQ(listener.local(), (Endpoint{Ipv4::any(), Port{80}}));
}

TEST(Listen, NothingToAccept_API_LIST_015) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.listen(1), "OK");
    EXPECT_EQ(program.accept_word(), "EAGAIN");
}

TEST(Accept, AtTheSocketLimitTheConnectionStaysQueued_API_LIST_020_API_ERR_019) {
    Config config;
    config.sockets_max = 2;
    Pair pair(config);
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const Program filler = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.accept_word(), "EMFILE");
    EXPECT_EQ(listener.poll(), "IN");
    EXPECT_EQ(filler.close(), "OK");
    EXPECT_EQ(listener.accept_word(), "OK");
}

TEST(Accept, ConnectionThatWasResetIsAccepted_API_LIST_021_API_POLL_020) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const Endpoint name = client.local();
    reset(client);
    pair.settle();
    const auto accepted = pair.calls(pair.b).accept(listener.id());
    ASSERT_TRUE(accepted);
    EXPECT_EQ(accepted->peer, name);
    const Program server(pair, pair.b, accepted->socket);
    EXPECT_EQ(server.poll(), "IN,OUT,ERR,HUP,RDHUP");
    EXPECT_EQ(server.peer_word(), "ENOTCONN");
    EXPECT_EQ(server.receive(), "ECONNRESET");
}

TEST(Accept, InheritsOptions_API_LIST_024) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.set(sol_socket, 9, 1), "OK");      // SO_KEEPALIVE
    EXPECT_EQ(listener.set(ipproto_tcp, 1, 1), "OK");     // TCP_NODELAY
    EXPECT_EQ(listener.set(sol_socket, 8, 20000), "OK");  // SO_RCVBUF
    EXPECT_EQ(listener.set(0, 2, 33), "OK");              // IP_TTL
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->get(sol_socket, 9), "1");
    EXPECT_EQ(server->get(ipproto_tcp, 1), "1");
    EXPECT_EQ(server->get(sol_socket, 8), "40000");
    EXPECT_EQ(server->get(0, 2), "33");
}

TEST(Accept, TellsWhichSocketWasMade) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    const auto call = pair.log.last(event::Call::accept);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->socket, talk.listener.id().number());
    EXPECT_EQ(call->created, talk.server.id().number());
    EXPECT_EQ(call->argument, talk.client.local());
    EXPECT_EQ(call->local, pair.b.at(80));
    EXPECT_EQ(call->caller, (event::Caller{2, 3}));
}

TEST(Accept, TakesTheOldestFirst) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(4), "OK");
    std::vector<Endpoint> callers;
    for (int i = 0; i < 3; ++i) {
        const Program client = Program::stream(pair, pair.a);
        EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
        pair.settle();
        callers.push_back(client.local());
    }
    for (const Endpoint& caller : callers) {
        const auto server = listener.accept();
        ASSERT_TRUE(server);
        EXPECT_EQ(server->peer(), caller);
    }
}

TEST(Listen, ClosingResetsWhatWasNotAccepted) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(listener.close(), "OK");
    pair.settle();
    EXPECT_EQ(client.receive(), "ECONNRESET");
}

TEST(Listen, ShutdownForReadingStopsIt_API_LIST_027_API_SHUT_010_API_POLL_003) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    EXPECT_EQ(listener.shutdown(sock::How::read), "OK");
    EXPECT_EQ(listener.accept_word(), "EINVAL");
    EXPECT_EQ(listener.poll(), "OUT,HUP");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(client.take_error(), "ECONNREFUSED");
    EXPECT_EQ(listener.listen(1), "OK");
    EXPECT_EQ(listener.local(), pair.b.at(80));
}

TEST(Listen, ShutdownForWritingDoesNothing_API_LIST_028) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    EXPECT_EQ(listener.shutdown(sock::How::write), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(listener.accept_word(), "OK");
}

}  // namespace
}  // namespace dt::stack::testing
