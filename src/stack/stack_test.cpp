// The stack as a whole: snapshot, deadlines, refusals at the door, and that nothing hangs on
// addresses in memory.
#include "stack/stack.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using event::State;

TEST(Stack, InetSixIsOff) {
    Pair pair;
    const auto socket = pair.calls(pair.a).socket(sock::Family::inet6, sock::Type::stream);
    EXPECT_EQ(socket.error(), Error::family_not_supported);
    EXPECT_EQ(pair.log.last(event::Call::socket)->reason, event::Reason::ipv6_off);
}

TEST(Stack, ProtocolMustFit_API_ERR_031) {
    Pair pair;
    Calls calls = pair.calls(pair.a);
    EXPECT_EQ(calls.socket(sock::Family::inet, sock::Type::stream, 262).error(),
              Error::protocol_not_supported);
    EXPECT_EQ(calls.socket(sock::Family::inet, sock::Type::datagram, 6).error(),
              Error::protocol_not_supported);
    EXPECT_TRUE(calls.socket(sock::Family::inet, sock::Type::stream, 6));
}

TEST(Stack, SocketsAreBounded_API_SOCK_006) {
    Config config;
    config.sockets_max = 1;
    Pair pair(config);
    EXPECT_TRUE(pair.calls(pair.a).socket(sock::Family::inet, sock::Type::stream));
    EXPECT_EQ(pair.calls(pair.a).socket(sock::Family::inet, sock::Type::stream).error(),
              Error::too_many_files);
    EXPECT_EQ(pair.log.last(event::Call::socket)->reason, event::Reason::limit_reached);
}

TEST(Stack, RefusalAtTheDoorIsTold) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    program.calls().refused(event::Call::bind, program.id(), Error::invalid_argument,
                            event::Reason::bad_argument);
    const auto call = pair.log.last(event::Call::bind);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->error, Error::invalid_argument);
    EXPECT_EQ(call->reason, event::Reason::bad_argument);
}

TEST(Stack, IdleStackHasNoDeadline) {
    Pair pair;
    EXPECT_EQ(pair.deadline(), never);
    EXPECT_EQ(Program::stream(pair, pair.a).connect({Ipv4::loopback(), Port{80}}), "EINPROGRESS");
    EXPECT_EQ(turn(pair.a.stack, pair.now, pair.a.inbox, pair.from_a), Left::work);
    EXPECT_LE(pair.a.stack.deadline(), pair.now);
    EXPECT_EQ(pair.a.stack.frames_on_lo(), 1U);
    pair.settle();
    EXPECT_GT(pair.a.stack.deadline(), pair.now);
}

TEST(Snapshot, ListenersFirstThenByCreationTimeWaitLast) {
    Pair pair;
    const Program fresh = Program::stream(pair, pair.b);
    const Conversation first = converse(pair, pair.a, pair.b, pair.b.at(80));
    const Program queued = Program::stream(pair, pair.a);
    EXPECT_EQ(queued.connect(pair.b.at(80)), "EINPROGRESS");
    const Conversation second = converse(pair, pair.a, pair.b, pair.b.at(81));
    EXPECT_EQ(second.server.close(), "OK");
    pair.settle();
    EXPECT_EQ(second.client.close(), "OK");
    pair.settle();
    const auto sockets = pair.b.stack.snapshot(pair.now).sockets;
    ASSERT_EQ(sockets.size(), 6U);
    EXPECT_EQ(sockets[0].state, State::listen);
    EXPECT_EQ(sockets[0].local, pair.b.at(80));
    EXPECT_EQ(sockets[0].socket, first.listener.id().number());
    EXPECT_EQ(sockets[0].queues->accept_length, 1U);
    EXPECT_EQ(sockets[1].local, pair.b.at(81));
    EXPECT_EQ(sockets[2].socket, fresh.id().number());
    EXPECT_EQ(sockets[2].state, State::closed);
    EXPECT_EQ(sockets[3].socket, first.server.id().number());
    EXPECT_EQ(sockets[3].state, State::established);
    EXPECT_EQ(sockets[3].peer, first.client.local());
    EXPECT_EQ(sockets[3].opened_by, (event::Caller{2, 3}));
    EXPECT_EQ(sockets[4].queued_in, pair.b.at(80));
    EXPECT_EQ(sockets[4].socket, 0U);
    EXPECT_EQ(sockets[5].state, State::time_wait);
    EXPECT_EQ(sockets[5].timer.kind, event::TimerKind::time_wait);
    EXPECT_EQ(sockets[5].timer.left, Duration{60s});
}

TEST(Snapshot, QueueLengthsAndTimers) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.server.send("unread"), "6");
    pair.settle();
    pair.cut();
    EXPECT_EQ(talk.client.send("unacked"), "7");
    pair.pass(1s);
    const auto sockets = pair.a.stack.snapshot(pair.now).sockets;
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets[0].receive_queue, 6U);
    EXPECT_EQ(sockets[0].send_queue, 7U);
    EXPECT_EQ(sockets[0].timer.kind, event::TimerKind::retransmit);
    EXPECT_GE(sockets[0].retransmissions, 1U);
}

TEST(Snapshot, DatagramSockets) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.bind(pair.a.at(53)), "OK");
    const auto sockets = pair.a.stack.snapshot(pair.now).sockets;
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets[0].transport, event::Transport::udp);
    EXPECT_EQ(sockets[0].local, pair.a.at(53));
    EXPECT_EQ(sockets[0].socket, program.id().number());
}

/// A run with many sockets, resets and time-outs; its events as text that holds no address.
std::string story(std::uint64_t seed) {
    Pair pair({}, seed);
    const Program listener = Program::stream(pair, pair.b);
    listener.bind(pair.b.at(80));
    listener.listen(3);
    std::vector<Program> clients;
    for (int i = 0; i < 20; ++i) {
        clients.push_back(Program::stream(pair, pair.a));
        clients.back().connect(pair.b.at(i % 3 == 0 ? 81 : 80));
        if (i % 2 == 0) pair.pass(10ms);
        if (i % 4 == 0) {
            if (const auto server = listener.accept()) server->send("hello");
        }
        if (i % 7 == 0) clients[clients.size() / 2].close();
    }
    pair.pass(30s);
    std::string text;
    for (const event::Event& event : pair.log.events) {
        text += std::to_string(event.at.time_since_epoch().count()) + " " +
                std::to_string(event.host) + " " + std::to_string(event.body.index());
        if (const auto* sent = std::get_if<event::SegmentSent>(&event.body)) {
            text += " " + to_string(sent->segment.tuple) + " " +
                    std::to_string(sent->segment.seq.value());
        }
        if (const auto* made = std::get_if<event::CallMade>(&event.body)) {
            text += " " + std::to_string(made->socket) + " " + to_string(made->local);
        }
        text += "\n";
    }
    for (const sock::ReadinessEdge& edge : pair.a.edges)
        text += std::to_string(edge.socket.number()) + Program::words(edge.mask) + "\n";
    return text;
}

TEST(Stack, SameSeedSameEventsWhereverMemoryLies) {
    const std::string first = story(7);
    // Other things in memory move every later allocation.
    std::vector<std::unique_ptr<std::byte[]>> elsewhere;
    for (std::size_t i = 1; i < 400; ++i)
        elsewhere.push_back(std::make_unique<std::byte[]>(i * 97));
    EXPECT_EQ(first, story(7));
    EXPECT_NE(first, story(8));
}

}  // namespace
}  // namespace dt::stack::testing
