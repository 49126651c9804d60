// Urgent octets by the calls of a program: MSG_OOB, SO_OOBINLINE, SIOCATMARK, POLLPRI (spec 4.8,
// API-IO-011, API-POLL-009).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

class UrgentCalls : public ::testing::Test {
  protected:
    static constexpr int sol_socket = 1;
    static constexpr int so_oobinline = 10;

    /// send(), with MSG_OOB where asked for, until it has arrived.
    void send(std::string_view text, tcp::WriteMark::Urgent how) {
        tcp::WriteMark mark;
        mark.urgent = how;
        const auto count =
            pair.calls(pair.a).send(talk.client.id(), std::as_bytes(std::span{text}), mark);
        EXPECT_EQ(count.value_or(0), text.size());
        pair.settle();
    }
    std::string receive_urgent() {
        const auto octet = pair.calls(pair.b).receive_urgent(talk.server.id());
        if (!octet) return std::string(base::describe(octet.error()).name);
        return *octet ? std::string(1, static_cast<char>(**octet)) : "the end";
    }
    [[nodiscard]] bool is_at_mark() { return pair.calls(pair.b).is_at_mark(talk.server.id()); }

    static constexpr auto plain = tcp::WriteMark::Urgent::no;
    static constexpr auto urgent = tcp::WriteMark::Urgent::last;

    Pair pair;
    Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
};

TEST_F(UrgentCalls, TCP_URG_001_and_TCP_URG_002_the_last_octet_of_a_send_is_urgent) {
    send("abX", urgent);
    EXPECT_EQ(receive_urgent(), "X");
    EXPECT_EQ(talk.server.receive(), "'ab'");
    EXPECT_EQ(receive_urgent(), "EINVAL");
}

TEST_F(UrgentCalls, TCP_URG_003_and_API_POLL_009_poll_tells_it_until_it_is_read) {
    send("abX", urgent);
    EXPECT_EQ(talk.server.poll(), "IN,PRI,OUT");
    EXPECT_EQ(receive_urgent(), "X");
    EXPECT_EQ(talk.server.poll(), "IN,OUT");
}

TEST_F(UrgentCalls, TCP_URG_005_receive_stops_at_the_mark) {
    send("12X", urgent);
    send("34", plain);
    EXPECT_EQ(talk.server.receive(), "'12'");
    EXPECT_TRUE(is_at_mark());
    EXPECT_EQ(talk.server.receive(), "'34'");
    EXPECT_FALSE(is_at_mark());
}

TEST_F(UrgentCalls, TCP_URG_006_in_line_it_stays_in_the_stream) {
    EXPECT_EQ(talk.server.get(sol_socket, so_oobinline), "0");
    EXPECT_EQ(talk.server.set(sol_socket, so_oobinline, 1), "OK");
    EXPECT_EQ(talk.server.get(sol_socket, so_oobinline), "1");
    send("12X", urgent);
    send("34", plain);
    EXPECT_EQ(talk.server.receive(), "'12'");
    EXPECT_EQ(receive_urgent(), "EINVAL");
    EXPECT_EQ(talk.server.receive(), "'X34'");
}

TEST_F(UrgentCalls, TCP_URG_004_a_listener_is_not_connected_and_a_fresh_socket_has_none) {
    const auto answer = [&](SocketId id) {
        const auto octet = pair.calls(pair.b).receive_urgent(id);
        return octet ? "an octet" : std::string(base::describe(octet.error()).name);
    };
    EXPECT_EQ(answer(talk.listener.id()), "ENOTCONN");
    EXPECT_EQ(answer(Program::stream(pair, pair.b).id()), "EINVAL");
}

TEST_F(UrgentCalls, WhoReadsInPlaceLosesNothing) {
    send("12X", urgent);
    send("34", plain);
    std::string all;
    for (int i = 0; i < 5; ++i) {
        auto calls = pair.calls(pair.b);
        const auto octets = calls.readable(talk.server.id());
        if (!octets || octets->empty()) break;
        all.append(reinterpret_cast<const char*>(octets->data()), octets->size());
        EXPECT_TRUE(calls.consume(talk.server.id(), octets->size()));
    }
    EXPECT_EQ(all, "12X34");
}

}  // namespace
}  // namespace dt::stack::testing
