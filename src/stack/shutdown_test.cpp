// shutdown() and close(): what leaves the host and what the states become (spec 6.6).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using event::State;
using sock::How;

Conversation talk_of(Pair& pair) { return converse(pair, pair.a, pair.b, pair.b.at(80)); }

/// State of the only connection of `host` to a peer (its TIME-WAIT record too).
State state_of(const Pair& pair, const Host& host) {
    for (const event::SocketView& view : host.stack.snapshot(pair.now).sockets) {
        if (view.state != State::listen) return view.state;
    }
    return State::closed;
}

/// Flags of the segments `host` sent since the log was cleared, one letter a flag.
std::string sent_flags(const Pair& pair, event::HostIndex host) {
    std::string text;
    for (const event::Event& event : pair.log.events) {
        const auto* sent = std::get_if<event::SegmentSent>(&event.body);
        if (sent == nullptr || event.host != host) continue;
        text += text.empty() ? "" : " ";
        for (const auto& [bit, letter] : {std::pair{1, 'F'}, {2, 'S'}, {4, 'R'}, {16, 'A'}}) {
            if ((sent->segment.flags & bit) != 0) text += letter;
        }
    }
    return text;
}

TEST(Shutdown, UnconnectedIsRefusedButMarked_API_SHUT_001) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.shutdown(How::both), "ENOTCONN");
    EXPECT_EQ(program.poll(), "IN,OUT,HUP,RDHUP");
    EXPECT_EQ(program.receive(), "0");
}

TEST(Shutdown, UnconnectedDatagramSocket_API_SHUT_003) {
    Pair pair;
    EXPECT_EQ(Program::datagram(pair, pair.a).shutdown(How::both), "ENOTCONN");
}

TEST(Shutdown, WritingSendsFin_API_SHUT_004_API_POLL_010) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    pair.log.events.clear();
    EXPECT_EQ(talk.client.shutdown(How::write), "OK");
    pair.settle();
    EXPECT_EQ(sent_flags(pair, 0), "FA");
    pair.pass(100ms);
    EXPECT_EQ(state_of(pair, pair.a), State::fin_wait_2);
    EXPECT_EQ(talk.client.poll(), "OUT");
    EXPECT_EQ(talk.client.shutdown(How::write), "OK");
}

TEST(Shutdown, InCloseWaitLeadsToLastAck_API_SHUT_005) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.shutdown(How::write), "OK");
    pair.settle();
    EXPECT_EQ(state_of(pair, pair.a), State::close_wait);
    pair.log.events.clear();
    pair.cut();
    EXPECT_EQ(talk.client.shutdown(How::write), "OK");
    pair.settle();
    EXPECT_EQ(sent_flags(pair, 0), "FA");
    EXPECT_EQ(state_of(pair, pair.a), State::last_ack);
}

TEST(Shutdown, AfterBothFins_API_SHUT_006_API_POLL_014) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.shutdown(How::write), "OK");
    pair.settle();
    EXPECT_EQ(talk.server.shutdown(How::write), "OK");
    pair.settle();
    for (const Program& end : {talk.client, talk.server}) {
        EXPECT_EQ(end.poll(), "IN,OUT,HUP,RDHUP");
        EXPECT_EQ(end.shutdown(How::both), "ENOTCONN");
        EXPECT_EQ(end.connect(pair.b.at(80)), "EISCONN");
        EXPECT_EQ(end.peer_word(), "ENOTCONN");
    }
}

TEST(Shutdown, ReadingSendsNothing_API_SHUT_007) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    pair.log.events.clear();
    EXPECT_EQ(talk.client.shutdown(How::read), "OK");
    pair.settle();
    EXPECT_EQ(sent_flags(pair, 0), "");
    EXPECT_EQ(talk.server.send("goes on"), "7");
    pair.pass(100ms);
    EXPECT_EQ(sent_flags(pair, 0), "A");
    EXPECT_EQ(talk.server.poll(), "OUT");
}

TEST(Shutdown, BothWaysThenDataIsReset_API_SHUT_008) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.shutdown(How::both), "OK");
    pair.settle();
    pair.log.events.clear();
    EXPECT_EQ(talk.server.send("late"), "4");
    pair.settle();
    EXPECT_NE(sent_flags(pair, 0).find('R'), std::string::npos);
    EXPECT_EQ(talk.client.poll().find("OUT") != std::string::npos, true);
    EXPECT_EQ(talk.client.peer_word(), "ENOTCONN");
}

TEST(Shutdown, AfterAReset_API_SHUT_009) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    reset(talk.server);
    pair.settle();
    EXPECT_EQ(talk.client.shutdown(How::write), "ENOTCONN");
}

TEST(Shutdown, ResetInFinWait2_API_SHUT_012) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.shutdown(How::write), "OK");
    pair.settle();
    reset(talk.server);
    pair.settle();
    EXPECT_EQ(talk.client.take_error(), "ECONNRESET");
    EXPECT_EQ(talk.client.peer_word(), "ENOTCONN");
}

TEST(Close, QueuedDataIsSentFirst_API_SHUT_013) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    const std::string block(200'000, 'q');
    const std::size_t queued = count_of(talk.client.send(block));
    EXPECT_GT(queued, 10'000U);
    EXPECT_EQ(talk.client.close(), "OK");
    std::size_t received = 0;
    std::string answer;
    for (int i = 0; i < 10'000 && answer != "0"; ++i) {
        answer = talk.server.receive_count(20'000);
        if (answer == "EAGAIN") {
            pair.pass(5ms);
        } else {
            received += count_of(answer);
        }
    }
    EXPECT_EQ(received, queued);
}

TEST(Close, LingerZeroResetsAtOnce_API_SHUT_014) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    pair.log.events.clear();
    reset(talk.client);
    pair.settle();
    EXPECT_EQ(sent_flags(pair, 0), "RA");
    EXPECT_EQ(state_of(pair, pair.a), State::closed);
    EXPECT_EQ(pair.a.stack.snapshot(pair.now).sockets.size(), 0U);
}

TEST(Close, LingerDefault_API_SHUT_016) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    std::array<std::int32_t, 2> value{7, 7};
    const auto length =
        program.calls().get_option(program.id(), 1, 13, std::as_writable_bytes(std::span{value}));
    EXPECT_EQ(length, 8U);
    EXPECT_EQ(value, (std::array<std::int32_t, 2>{0, 0}));
    EXPECT_EQ(program.calls().linger(program.id()), std::nullopt);
}

TEST(Close, LingerTimeIsForTheCallerToWait) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    const std::int32_t value[2] = {1, 3};
    EXPECT_TRUE(program.calls().set_option(program.id(), 1, 13, std::as_bytes(std::span{value})));
    EXPECT_EQ(program.calls().linger(program.id()), Duration{3s});
}

TEST(Close, FourWayCloseEndsInTimeWait) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.close(), "OK");
    pair.settle();
    EXPECT_EQ(talk.server.receive(), "0");
    EXPECT_EQ(talk.server.close(), "OK");
    pair.settle();
    EXPECT_EQ(state_of(pair, pair.a), State::time_wait);
    EXPECT_EQ(state_of(pair, pair.b), State::closed);
    pair.pass(61s);
    EXPECT_EQ(state_of(pair, pair.a), State::closed);
}

TEST(Close, TellsTheNameTheSocketHad) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    const Endpoint name = talk.client.local();
    EXPECT_EQ(talk.client.close(), "OK");
    EXPECT_EQ(pair.log.last(event::Call::close)->local, name);
}

}  // namespace
}  // namespace dt::stack::testing
