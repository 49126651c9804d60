// send() and recv() on streams: ends, errors and the order in which they are told (spec 6.5).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using event::Reason;

Conversation talk_of(Pair& pair) { return converse(pair, pair.a, pair.b, pair.b.at(80)); }

TEST(Data, NeverConnected_API_IO_001_API_IO_002_API_IO_003_API_ERR_029_API_ERR_025) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.send("x"), "EPIPE");
    EXPECT_EQ(program.receive(), "ENOTCONN");
    EXPECT_EQ(program.send_to("x", pair.b.at(80)), "EPIPE");
}

TEST(Data, AddressOnAConnectedStreamIsIgnored_API_IO_004) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.send_to("abc", {Ipv4(10, 9, 9, 9), Port{9}}), "3");
    pair.settle();
    EXPECT_EQ(talk.server.receive(), "'abc'");
}

TEST(Data, NoOctets_API_IO_005) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.send(""), "0");
    EXPECT_EQ(talk.client.receive_count(0), "0");
}

TEST(Data, NothingThere_API_IO_006) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.receive(), "EAGAIN");
    EXPECT_EQ(pair.log.last(event::Call::receive)->reason, Reason::would_wait);
}

TEST(Data, PeekDoesNotConsume_API_IO_008) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.send("abcdef"), "6");
    pair.settle();
    std::string text(3, '\0');
    const auto count =
        talk.client.calls().peek(talk.client.id(), std::as_writable_bytes(std::span{text}));
    EXPECT_EQ(count, 3U);
    EXPECT_EQ(text, "abc");
    EXPECT_EQ(talk.client.receive(), "'abcdef'");
}

TEST(Data, SendBufferFillsAgainstAShutWindow_API_IO_013_API_IO_033_API_POLL_008) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    const std::string block(65536, 'x');
    std::size_t sent = 0;
    std::string answer;
    for (int i = 0; i < 500; ++i) {
        answer = talk.client.send(block);
        if (answer == "EAGAIN") break;
        sent += count_of(answer);
        pair.settle();
    }
    EXPECT_EQ(answer, "EAGAIN");
    EXPECT_EQ(talk.client.poll(), "none");
    EXPECT_GT(sent, 16384U);
    std::size_t received = 0;
    for (int i = 0; i < 5000 && received < sent; ++i) {
        const std::string got = talk.server.receive_count();
        if (got == "EAGAIN") {
            pair.pass(10ms);
            continue;
        }
        received += count_of(got);
        pair.settle();
    }
    EXPECT_EQ(received, sent);
    EXPECT_EQ(talk.client.poll(), "OUT");
}

TEST(Data, AfterThePeersFin_API_IO_015) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.send("rest"), "4");
    EXPECT_EQ(talk.server.shutdown(sock::How::write), "OK");
    pair.settle();
    EXPECT_EQ(talk.client.receive(), "'rest'");
    EXPECT_EQ(talk.client.receive(), "0");
    EXPECT_EQ(talk.client.receive(), "0");
    EXPECT_EQ(talk.client.send("ok"), "2");
    pair.settle();
    EXPECT_EQ(talk.server.receive(), "'ok'");
}

TEST(Data, EndOfStreamIsToldOnce) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.shutdown(sock::How::write), "OK");
    pair.settle();
    EXPECT_EQ(talk.client.receive(), "0");
    EXPECT_EQ(talk.client.receive(), "0");
    std::size_t told = 0;
    for (const event::BytesMoved& moved : pair.log.all<event::BytesMoved>()) {
        if (moved.end == event::BytesMoved::End::yes) ++told;
    }
    EXPECT_EQ(told, 1U);
}

TEST(Data, WriteToAClosedPeer_API_IO_016) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.close(), "OK");
    pair.settle();
    EXPECT_EQ(talk.client.send("x"), "1");
    pair.settle();
    EXPECT_EQ(talk.client.send("x"), "EPIPE");
    EXPECT_EQ(talk.client.poll(), "IN,OUT,HUP,RDHUP");
    EXPECT_EQ(talk.client.receive(), "0");
}

TEST(Data, ResetThenReceive_API_IO_017_API_ERR_010) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    reset(talk.server);
    pair.settle();
    EXPECT_EQ(talk.client.receive(), "ECONNRESET");
    EXPECT_EQ(pair.log.last(event::Call::receive)->reason, Reason::reset_by_peer);
    EXPECT_EQ(talk.client.receive(), "0");
}

TEST(Data, ResetThenSend_API_IO_018) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    reset(talk.server);
    pair.settle();
    EXPECT_EQ(talk.client.send("x"), "ECONNRESET");
    EXPECT_EQ(talk.client.send("x"), "EPIPE");
    EXPECT_EQ(talk.client.receive(), "0");
}

TEST(Data, ResetThenTheOption_API_IO_019_API_IO_032) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    reset(talk.server);
    pair.settle();
    EXPECT_EQ(talk.client.take_error(), "ECONNRESET");
    EXPECT_EQ(talk.client.receive(), "0");
    EXPECT_EQ(talk.client.send("x"), "EPIPE");
}

TEST(Data, UnreadOctetsComeBeforeTheReset_API_IO_020) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.send("last"), "4");
    pair.settle();
    reset(talk.server);
    pair.settle();
    EXPECT_EQ(talk.client.receive(), "'last'");
    EXPECT_EQ(talk.client.receive(), "ECONNRESET");
}

TEST(Data, PeerClosedWithUnreadData_API_IO_021) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.send("unread"), "6");
    pair.settle();
    EXPECT_EQ(talk.server.close(), "OK");
    pair.settle();
    EXPECT_EQ(talk.client.receive(), "ECONNRESET");
    EXPECT_EQ(talk.client.send("x"), "EPIPE");
}

TEST(Data, ProgramThatLeftOctetsUnreadResets) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.close(sock::Unread::some), "OK");
    pair.settle();
    EXPECT_EQ(talk.client.receive(), "ECONNRESET");
}

TEST(Data, SendAfterShutdown_API_IO_022) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.client.shutdown(sock::How::write), "OK");
    EXPECT_EQ(talk.client.send("x"), "EPIPE");
    EXPECT_EQ(pair.log.last(event::Call::send)->reason, Reason::wrong_state);
}

TEST(Data, ReceiveAfterShutdown_API_IO_023) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.send("data"), "4");
    pair.settle();
    EXPECT_EQ(talk.client.shutdown(sock::How::read), "OK");
    EXPECT_EQ(talk.client.receive(2), "'da'");
    EXPECT_EQ(talk.client.receive(2), "'ta'");
    EXPECT_EQ(talk.client.receive(), "0");
    EXPECT_EQ(talk.server.send("more"), "4");
    pair.settle();
    EXPECT_EQ(talk.client.receive(), "'more'");
    EXPECT_EQ(talk.client.receive(), "0");
}

TEST(Data, StreamsGiveNoAddress_API_IO_031) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.send("abc"), "3");
    pair.settle();
    std::array<std::byte, 8> room{};
    const auto received = talk.client.calls().receive_from(talk.client.id(), room);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->copied, 3U);
    EXPECT_EQ(received->from, Endpoint{});
}

TEST(Data, InPlaceFormsMoveTheSameOctets) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    Calls out = talk.client.calls();
    const auto room = out.writable(talk.client.id(), 5);
    ASSERT_TRUE(room);
    ASSERT_GE(room->size(), 5U);
    std::memcpy(room->data(), "in place", 5);
    EXPECT_TRUE(out.commit(talk.client.id(), 5));
    pair.settle();
    Calls in = talk.server.calls();
    const auto text = in.readable(talk.server.id());
    ASSERT_TRUE(text);
    ASSERT_EQ(text->size(), 5U);
    EXPECT_EQ(std::memcmp(text->data(), "in pl", 5), 0);
    EXPECT_TRUE(in.consume(talk.server.id(), 5));
    EXPECT_EQ(in.readable(talk.server.id()).error(), Error::would_block);
    EXPECT_EQ(in.consume(talk.server.id(), 1).error(), Error::invalid_argument);
    const auto moved = pair.log.all<event::BytesMoved>();
    ASSERT_EQ(moved.size(), 2U);
    EXPECT_EQ(moved[0].direction, event::Direction::from_program);
    EXPECT_EQ(moved[0].socket, talk.client.id().number());
    EXPECT_EQ(moved[1].direction, event::Direction::to_program);
    EXPECT_EQ(moved[1].count, 5U);
}

TEST(Data, CountsForQueries_API_SOCK_018) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    EXPECT_EQ(talk.server.send("12345"), "5");
    pair.settle();
    EXPECT_EQ(talk.client.calls().unread(talk.client.id()), 5U);
    pair.cut();
    EXPECT_EQ(talk.client.send("1234567"), "7");
    pair.settle();
    EXPECT_EQ(talk.client.calls().unsent(talk.client.id()), 7U);
}

TEST(Data, ClosedSocketIsABadDescriptor_API_SOCK_010_API_ERR_007) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.close(), "OK");
    EXPECT_EQ(program.close(), "EBADF");
    EXPECT_EQ(program.send("x"), "EBADF");
    EXPECT_EQ(program.receive(), "EBADF");
    EXPECT_EQ(program.bind(pair.a.at(80)), "EBADF");
    EXPECT_EQ(program.connect(pair.b.at(80)), "EBADF");
    EXPECT_EQ(program.listen(1), "EBADF");
    EXPECT_EQ(program.accept_word(), "EBADF");
    EXPECT_EQ(program.get(1, 4), "EBADF");
    EXPECT_EQ(program.local_word(), "EBADF");
}

TEST(Data, LargeTransferArrivesInOrder) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    std::string wanted;
    for (int i = 0; wanted.size() < 300'000; ++i) wanted += std::to_string(i) + ";";
    std::string got;
    std::size_t sent = 0;
    for (int i = 0; i < 100'000 && got.size() < wanted.size(); ++i) {
        const std::string answer = talk.client.send(std::string_view(wanted).substr(sent, 10'000));
        if (answer != "EAGAIN") sent += count_of(answer);
        pair.settle();
        std::string part = talk.server.receive();
        if (part != "EAGAIN") got += part.substr(1, part.size() - 2);
        if (part == "EAGAIN") pair.pass(1ms);
    }
    EXPECT_TRUE(got == wanted);
}

}  // namespace
}  // namespace dt::stack::testing
