// connect(): its sequence of answers, failures and their errors, other destinations (spec 6.4).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using event::Reason;

/// A socket whose connect() was refused.
Program refused(Pair& pair) {
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(81)), "EINPROGRESS");
    pair.settle();
    return program;
}

Program listen_on(Pair& pair, Host& host, Endpoint address) {
    const Program program = Program::stream(pair, host);
    EXPECT_EQ(program.bind(address), "OK");
    EXPECT_EQ(program.listen(4), "OK");
    return program;
}

TEST(Connect, ClosedPort_API_CONN_001_API_CONN_005_API_ERR_009) {
    Pair pair;
    const Program program = refused(pair);
    const auto done = pair.log.last(event::Call::connect_done);
    ASSERT_TRUE(done);
    EXPECT_EQ(done->error, Error::connection_refused);
    EXPECT_EQ(done->reason, Reason::refused_by_peer);
    EXPECT_EQ(done->argument, pair.b.at(81));
    EXPECT_EQ(program.connect(pair.b.at(81)), "ECONNREFUSED");
    EXPECT_EQ(program.connect(pair.b.at(81)), "EINPROGRESS");
}

TEST(Connect, SameSocketConnectsAfterAFailure_API_CONN_002) {
    Pair pair;
    const Program program = refused(pair);
    EXPECT_EQ(program.connect(pair.b.at(81)), "ECONNREFUSED");
    const Program listener = listen_on(pair, pair.b, pair.b.at(81));
    EXPECT_EQ(program.connect(pair.b.at(81)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(program.connect(pair.b.at(81)), "OK");
    EXPECT_EQ(program.send("hello"), "5");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->receive(), "'hello'");
}

TEST(Connect, WhileTheHandshakeRuns_API_CONN_003_API_ERR_006_API_ERR_015) {
    Pair pair;
    pair.cut();
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(program.connect(pair.b.at(80)), "EALREADY");
    EXPECT_EQ(program.poll(), "none");
}

TEST(Connect, AfterSuccess_API_CONN_004_API_ERR_018) {
    Pair pair;
    listen_on(pair, pair.b, pair.b.at(80));
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const auto done = pair.log.last(event::Call::connect_done);
    ASSERT_TRUE(done);
    EXPECT_FALSE(done->error);
    EXPECT_EQ(done->local, program.local());
    EXPECT_EQ(program.connect(pair.b.at(80)), "OK");
    EXPECT_EQ(program.connect(pair.b.at(80)), "EISCONN");
}

TEST(Connect, ResultIsToldOnce) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.send("x"), "1");
    pair.pass(1s);
    std::size_t told = 0;
    for (const event::CallMade& made : pair.log.all<event::CallMade>()) {
        if (made.call == event::Call::connect_done) ++told;
    }
    EXPECT_EQ(told, 1U);
}

TEST(Connect, ErrorAlreadyTaken_API_CONN_006_API_CONN_007_API_ERR_008) {
    Pair pair;
    const Program program = refused(pair);
    EXPECT_EQ(program.take_error(), "ECONNREFUSED");
    EXPECT_EQ(program.take_error(), "0");
    EXPECT_EQ(program.connect(pair.b.at(81)), "ECONNABORTED");
    EXPECT_EQ(program.connect(pair.b.at(81)), "EINPROGRESS");
}

TEST(Connect, NoRoute_API_CONN_008_API_ERR_021) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect({Ipv4(192, 0, 2, 1), Port{80}}), "ENETUNREACH");
    EXPECT_EQ(pair.log.last(event::Call::connect)->reason, Reason::no_route);
    EXPECT_EQ(program.poll(), "OUT,HUP");
}

TEST(Connect, NeighbourIsSilent_API_CONN_009_API_ERR_014) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect({Ipv4(10, 0, 0, 9), Port{80}}), "EINPROGRESS");
    pair.pass(2s);
    EXPECT_EQ(program.poll(), "none");
    pair.pass(2s);
    EXPECT_EQ(program.poll(), "IN,OUT,ERR,HUP,RDHUP");
    EXPECT_EQ(pair.log.last(event::Call::connect_done)->reason, Reason::neighbour_silent);
    EXPECT_EQ(program.connect({Ipv4(10, 0, 0, 9), Port{80}}), "EHOSTUNREACH");
}

/// Nothing but ARP crosses the wire: every segment is lost.
void lose_segments(Pair& pair) {
    pair.from_a.drops = [](const Frame& frame) {
        constexpr std::size_t ether_type = 12;
        return load_be<std::uint16_t>(frame.front(), ether_type) == 0x0800;
    };
}

TEST(Connect, NoAnswer_API_CONN_010_API_ERR_033) {
    Pair pair;
    lose_segments(pair);
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    pair.pass(127s);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EALREADY");
    pair.pass(13s);
    EXPECT_EQ(pair.log.last(event::Call::connect_done)->reason, Reason::syn_unanswered);
    EXPECT_EQ(program.connect(pair.b.at(80)), "ETIMEDOUT");
}

TEST(Connect, ToManyHosts_API_CONN_011) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect({Ipv4::broadcast(), Port{80}}), "ENETUNREACH");
    EXPECT_EQ(program.connect({Ipv4(224, 0, 0, 1), Port{80}}), "ENETUNREACH");
    EXPECT_EQ(program.connect({Ipv4(10, 0, 0, 255), Port{80}}), "ENETUNREACH");
}

TEST(Connect, PortZeroOverLoopback_API_CONN_012) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect({Ipv4::loopback(), Port{}}), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(program.connect({Ipv4::loopback(), Port{}}), "ECONNREFUSED");
}

TEST(Connect, WildcardAddressMeansLoopback_API_CONN_013) {
    Pair pair;
    listen_on(pair, pair.a, {Ipv4::any(), Port{80}});
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect({Ipv4::any(), Port{80}}), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(program.connect({Ipv4::any(), Port{80}}), "OK");
    EXPECT_EQ(program.peer(), (Endpoint{Ipv4::loopback(), Port{80}}));
    EXPECT_EQ(program.local().addr, IpAddr(Ipv4::loopback()));
}

TEST(Connect, EphemeralPortsAreUsedUp_API_CONN_015_API_ERR_003) {
    Config config;
    config.port_first = 40000;
    config.port_last = 40003;
    Pair pair(config);
    listen_on(pair, pair.b, pair.b.at(80));
    listen_on(pair, pair.b, pair.b.at(81));
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(Program::stream(pair, pair.a).connect(pair.b.at(80)), "EINPROGRESS");
        pair.settle();
    }
    EXPECT_EQ(Program::stream(pair, pair.a).connect(pair.b.at(80)), "EADDRNOTAVAIL");
    EXPECT_EQ(pair.log.last(event::Call::connect)->reason, Reason::ports_exhausted);
    EXPECT_EQ(Program::stream(pair, pair.a).connect(pair.b.at(81)), "EINPROGRESS");
}

TEST(Connect, TupleIsTaken_API_CONN_016) {
    Pair pair;
    listen_on(pair, pair.b, pair.b.at(80));
    const Program one = Program::stream(pair, pair.a);
    const Program two = Program::stream(pair, pair.a);
    for (const Program& program : {one, two}) {
        EXPECT_EQ(program.set(1, 2, 1), "OK");
        EXPECT_EQ(program.bind(pair.a.at(5000)), "OK");
    }
    EXPECT_EQ(one.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(two.connect(pair.b.at(80)), "EADDRNOTAVAIL");
    EXPECT_EQ(pair.log.last(event::Call::connect)->reason, Reason::tuple_taken);
}

TEST(Connect, UnspecifiedFamilyDisconnects_API_CONN_018_API_POLL_019) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    const Port port = talk.client.local().port;
    EXPECT_EQ(talk.client.disconnect(), "OK");
    EXPECT_EQ(talk.client.peer_word(), "ENOTCONN");
    EXPECT_EQ(talk.client.local(), (Endpoint{Ipv4::any(), port}));
    EXPECT_EQ(talk.client.poll(), "OUT,ERR,HUP");
    pair.settle();
    EXPECT_EQ(talk.server.receive(), "ECONNRESET");
    EXPECT_EQ(talk.client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(talk.client.connect(pair.b.at(80)), "OK");
}

TEST(Connect, SynCountBoundsTheWait_API_CONN_022) {
    Pair pair;
    lose_segments(pair);
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.set(6, 7, 1), "OK");
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    pair.pass(2900ms);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EALREADY");
    pair.pass(500ms);
    EXPECT_EQ(program.connect(pair.b.at(80)), "ETIMEDOUT");
    EXPECT_EQ(pair.log.last(event::Call::connect)->reason, Reason::syn_unanswered);
}

TEST(Connect, UserTimeoutBoundsTheWait) {
    Pair pair;
    lose_segments(pair);
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.set(6, 18, 1500), "OK");
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    pair.pass(1400ms);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EALREADY");
    pair.pass(200ms);
    EXPECT_EQ(program.connect(pair.b.at(80)), "ETIMEDOUT");
}

TEST(Connect, BindWhileConnecting_API_CONN_025) {
    Pair pair;
    pair.cut();
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(program.bind({Ipv4::any(), Port{}}), "EINVAL");
}

TEST(Connect, NamesWhileConnecting_API_CONN_026) {
    Pair pair;
    pair.cut();
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(program.local().addr, IpAddr(pair.a.address));
    EXPECT_FALSE(program.local().port.is_any());
    EXPECT_EQ(program.peer_word(), "ENOTCONN");
}

TEST(Connect, DataWhileConnecting_API_CONN_027_API_ERR_005) {
    Pair pair;
    pair.cut();
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(program.send("x"), "EAGAIN");
    EXPECT_EQ(program.receive(), "EAGAIN");
}

TEST(Connect, ShutdownWhileConnectingAborts_API_CONN_028_API_SHUT_011_API_POLL_018) {
    Pair pair;
    const Program listener = listen_on(pair, pair.b, pair.b.at(80));
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    pair.a.stack.advance(pair.now);
    EXPECT_EQ(program.shutdown(sock::How::both), "OK");
    EXPECT_EQ(program.poll(), "OUT,ERR,HUP");
    EXPECT_EQ(program.take_error(), "ECONNRESET");
    pair.settle();
    EXPECT_EQ(listener.accept_word(), "EAGAIN");
}

TEST(Connect, CloseWhileConnecting_API_CONN_029) {
    Pair pair;
    const Program listener = listen_on(pair, pair.b, pair.b.at(80));
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(program.close(), "OK");
    pair.settle();
    EXPECT_TRUE(pair.a.stack.snapshot(pair.now).sockets.empty());
    EXPECT_EQ(listener.accept_word(), "EAGAIN");
}

TEST(Connect, ToItself_API_CONN_030) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    const Endpoint self{Ipv4::loopback(), Port{5000}};
    EXPECT_EQ(program.bind(self), "OK");
    EXPECT_EQ(program.connect(self), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(program.connect(self), "OK");
    EXPECT_EQ(program.send("echo"), "4");
    pair.settle();
    EXPECT_EQ(program.receive(), "'echo'");
}

TEST(Connect, DatagramSocketSendsNothing_API_CONN_031) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(53)), "OK");
    pair.settle();
    EXPECT_EQ(pair.from_a.sent, 0U);
    EXPECT_EQ(program.peer(), pair.b.at(53));
    EXPECT_EQ(program.local().addr, IpAddr(pair.a.address));
}

TEST(Connect, BoundPortThatDoesNotListen_API_CONN_033) {
    Pair pair;
    const Program holder = Program::stream(pair, pair.b);
    EXPECT_EQ(holder.bind(pair.b.at(81)), "OK");
    EXPECT_EQ(refused(pair).take_error(), "ECONNREFUSED");
}

TEST(Connect, OtherFamilyIsRefused_API_ERR_004) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.connect({IpAddr::loopback_v6(), Port{80}}), "EAFNOSUPPORT");
    EXPECT_EQ(program.bind({IpAddr::loopback_v6(), Port{80}}), "EAFNOSUPPORT");
}

}  // namespace
}  // namespace dt::stack::testing
