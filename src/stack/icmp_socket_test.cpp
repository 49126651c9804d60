// Sockets of ICMP: echo by its identifier, raw ones by type (spec 5.3 ICMP4-013 to 015, icmp(7),
// raw(7)).
#include <gtest/gtest.h>

#include "base/checksum.hpp"
#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using event::Reason;

constexpr int icmp = 1;
constexpr int icmpv6 = 58;
constexpr int sol_raw = 255;

Program open(Pair& pair, Host& host, sock::Type type, sock::Family family = sock::Family::inet) {
    const int protocol = family == sock::Family::inet ? icmp : icmpv6;
    const auto id = pair.calls(host).socket(family, type, protocol);
    EXPECT_TRUE(id);
    return {pair, host, *id};
}

/// An echo request: type, code 0, checksum 0, identifier, sequence number, text.
std::string echo(char type, std::uint16_t identifier, char sequence, std::string_view text = "") {
    std::string message(8, '\0');
    message[0] = type;
    message[4] = static_cast<char>(identifier >> 8);
    message[5] = static_cast<char>(identifier);
    message[7] = sequence;
    return message + std::string(text);
}

std::string with_checksum(std::string message) {
    const std::uint16_t sum = Checksum{}.add(std::as_bytes(std::span{message})).finish();
    message[2] = static_cast<char>(sum >> 8);
    message[3] = static_cast<char>(sum);
    return message;
}

/// The octets that came, or the word of the answer where none did.
std::string received(const Program& program) {
    const std::string quoted = program.receive();
    return quoted.starts_with('\'') ? quoted.substr(1, quoted.size() - 2) : quoted;
}

std::uint16_t identifier_in(const std::string& message) {
    return static_cast<std::uint16_t>(static_cast<unsigned char>(message[4]) << 8 |
                                      static_cast<unsigned char>(message[5]));
}

Config with_v6() {
    Config config;
    config.ipv6 = event::Switch::on;
    return config;
}

TEST(IcmpSocket, ICMP4_013_an_echo_is_answered_to_the_socket_whose_identifier_it_has) {
    Pair pair;
    const Program one = open(pair, pair.a, sock::Type::datagram);
    const Program two = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(one.send_to(echo(8, 77, 1, "hello"), pair.b.at(0)), "13");
    EXPECT_EQ(two.send_to(echo(8, 77, 2, "there"), pair.b.at(0)), "13");
    pair.settle();
    const std::string answer = received(one);
    ASSERT_EQ(answer.size(), 13U);
    EXPECT_EQ(answer[0], 0);  // echo reply
    EXPECT_EQ(answer[7], 1);
    EXPECT_EQ(answer.substr(8), "hello");
    // The identifier is the socket's port, whatever the program wrote there.
    EXPECT_EQ(identifier_in(answer), one.local().port.value());
    EXPECT_NE(one.local().port, two.local().port);
    EXPECT_EQ(received(two).substr(8), "there");
    EXPECT_EQ(one.receive(), "EAGAIN");
}

TEST(IcmpSocket, OnlyAnEchoCanBeAskedForWithoutARawSocket) {
    Pair pair;
    const Program program = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(program.send_to(echo(0, 1, 1), pair.b.at(0)), "EINVAL");
    EXPECT_EQ(program.send_to("short", pair.b.at(0)), "EINVAL");
    EXPECT_EQ(program.send_to(echo(8, 1, 1) + std::string(65508, 'x'), pair.b.at(0)), "EMSGSIZE");
    EXPECT_EQ(program.send_to(echo(8, 1, 1), {Ipv4::broadcast(), Port{0}}), "EACCES");
    EXPECT_EQ(program.listen(1), "EOPNOTSUPP");
}

TEST(IcmpSocket, AnIdentifierIsBoundOnce) {
    Pair pair;
    const Program one = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(one.bind(pair.a.at(77)), "OK");
    const Program two = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(two.bind(pair.a.at(77)), "EADDRINUSE");
    // UDP's ports are others.
    EXPECT_EQ(Program::datagram(pair, pair.a).bind(pair.a.at(77)), "OK");
    EXPECT_EQ(one.send_to(echo(8, 0, 1), pair.b.at(0)), "8");
    pair.settle();
    EXPECT_EQ(identifier_in(received(one)), 77);
}

TEST(IcmpSocket, AConnectedSocketSendsAndHearsItsPeer) {
    Pair pair;
    const Program program = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(program.connect(pair.b.at(1025)), "OK");
    EXPECT_EQ(program.send(echo(8, 0, 1, "x")), "9");
    pair.settle();
    EXPECT_EQ(received(program).size(), 9U);
    const Program stranger = open(pair, pair.b, sock::Type::raw);
    const std::string reply = with_checksum(echo(0, program.local().port.value(), 9));
    EXPECT_EQ(stranger.send_to(reply, pair.a.at(0)), "8");
    pair.settle();
    EXPECT_EQ(received(program)[7], 9);
}

TEST(IcmpSocket, ICMP4_014_an_error_about_an_echo_is_read_where_errors_are_wanted) {
    Pair pair;
    const Program quiet = open(pair, pair.a, sock::Type::datagram);
    const Program program = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(program.set(0, 11, 1), "OK");  // IP_RECVERR
    const Endpoint nobody{Ipv4(10, 0, 0, 99), Port{0}};
    EXPECT_EQ(quiet.send_to(echo(8, 0, 1), nobody), "8");
    EXPECT_EQ(program.send_to(echo(8, 0, 1), nobody), "8");
    EXPECT_EQ(program.send_to(echo(8, 0, 2), nobody), "8");
    pair.pass(std::chrono::seconds{5});
    EXPECT_EQ(quiet.poll(), "OUT");
    EXPECT_EQ(program.poll(), "OUT,ERR");
    EXPECT_EQ(program.receive(), "EHOSTUNREACH");
    for (const int sequence : {1, 2}) {
        const auto notice = program.calls().take_notice(program.id());
        ASSERT_TRUE(notice) << sequence;
        EXPECT_EQ(notice->type, 3);
        EXPECT_EQ(notice->code, 1);
        EXPECT_EQ(notice->to.addr, nobody.addr);
        EXPECT_EQ(notice->from, IpAddr(pair.a.address));
        EXPECT_EQ(std::to_integer<int>(notice->quoted[7]), sequence);
        // The next one becomes pending (Linux sock_dequeue_err_skb()).
        if (sequence == 1) {
            EXPECT_EQ(program.receive(), "EHOSTUNREACH");
        }
    }
    EXPECT_EQ(program.calls().take_notice(program.id()), std::nullopt);
    EXPECT_EQ(program.poll(), "OUT");
}

TEST(IcmpSocket, ErrorsThatNobodyReadsAreBounded) {
    Pair pair;
    const Program program = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(program.set(0, 11, 1), "OK");
    for (int i = 0; i < 200; ++i) {
        EXPECT_EQ(program.send_to(echo(8, 0, 1), {Ipv4(10, 0, 0, 99), Port{0}}), "8");
        pair.settle();
        if (program.poll() == "OUT,ERR") static_cast<void>(program.take_error());
    }
    pair.pass(std::chrono::seconds{5});
    std::size_t count = 0;
    while (program.calls().take_notice(program.id())) ++count;
    EXPECT_EQ(count, udp::Extras::notices_max);
}

TEST(IcmpSocket, UDP_learns_soft_errors_where_they_are_wanted) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.set(0, 11, 1), "OK");
    EXPECT_EQ(program.send_to("x", pair.b.at(9)), "1");  // unconnected: 3/3 all the same
    pair.settle();
    EXPECT_EQ(program.receive(), "ECONNREFUSED");
    const auto notice = program.calls().take_notice(program.id());
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->code, 3);
    EXPECT_EQ(notice->to, pair.b.at(9));
    EXPECT_EQ(notice->from, IpAddr(pair.b.address));
}

TEST(IcmpSocket, ARawSocketIsGivenTheHeaderOfIpv4AndEveryMessage) {
    Pair pair;
    const Program raw = open(pair, pair.b, sock::Type::raw);
    const Program one = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(one.send_to(echo(8, 0, 1, "hello"), pair.b.at(0)), "13");
    pair.settle();
    const std::string heard = received(raw);
    ASSERT_EQ(heard.size(), 33U);
    EXPECT_EQ(heard[0], 0x45);
    EXPECT_EQ(heard[20], 8);
    EXPECT_EQ(heard.substr(28), "hello");
    EXPECT_EQ(received(one).size(), 13U);  // it was answered as ever
}

TEST(IcmpSocket, ARawSocketsFilterKeepsTypesAway) {
    Pair pair;
    const Program raw = open(pair, pair.a, sock::Type::raw);
    EXPECT_EQ(raw.set(sol_raw, 1, ~(1 << 0)), "OK");  // ICMP_FILTER: echo replies alone
    EXPECT_EQ(raw.get(sol_raw, 1), std::to_string(~1));
    EXPECT_EQ(raw.send_to(with_checksum(echo(8, 77, 1)), pair.b.at(0)), "8");
    EXPECT_EQ(open(pair, pair.b, sock::Type::datagram).send_to(echo(8, 0, 2), pair.a.at(0)), "8");
    pair.settle();
    const std::string heard = received(raw);
    ASSERT_EQ(heard.size(), 28U);
    EXPECT_EQ(heard[20], 0);
    EXPECT_EQ(identifier_in(heard.substr(20)), 77);
    EXPECT_EQ(raw.receive(), "EAGAIN");
}

TEST(IcmpSocket, AnEchoOverIpv6HasItsChecksumFromUs) {
    Pair pair(with_v6());
    const Program program = open(pair, pair.a, sock::Type::datagram, sock::Family::inet6);
    const Program raw = open(pair, pair.a, sock::Type::raw, sock::Family::inet6);
    EXPECT_EQ(program.send_to(echo(static_cast<char>(128), 0, 1, "six"), pair.b.at_v6(0)), "11");
    pair.pass(std::chrono::milliseconds{1});
    const std::string answer = received(program);
    ASSERT_EQ(answer.size(), 11U);
    EXPECT_EQ(static_cast<unsigned char>(answer[0]), 129);
    // Of IPv6 raw sockets are given the message alone; both questions of neighbour discovery are
    // among it.
    std::vector<int> types;
    for (std::string next = received(raw); next != "EAGAIN"; next = received(raw)) {
        types.push_back(static_cast<unsigned char>(next[0]));
    }
    EXPECT_EQ(types, (std::vector<int>{136, 135, 129}));
}

TEST(IcmpSocket, AFullBufferDropsWithItsReason) {
    Pair pair;
    const Program program = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(program.set(1, 8, 1), "OK");  // SO_RCVBUF: the least
    for (char i = 0; i < 20; ++i) {
        EXPECT_EQ(program.send_to(echo(8, 0, i, std::string(500, 'x')), pair.b.at(0)), "508");
    }
    pair.settle();
    std::size_t full = 0;
    for (const auto& moved : pair.log.all<event::IcmpMoved>()) {
        full += moved.reason == Reason::receive_buffer_full ? 1U : 0U;
    }
    EXPECT_GT(full, 10U);
    EXPECT_EQ(received(program)[7], 0);
}

TEST(IcmpSocket, TheTableShowsBothKinds) {
    Pair pair;
    const Program program = open(pair, pair.a, sock::Type::datagram);
    EXPECT_EQ(program.bind(pair.a.at(77)), "OK");
    const Program raw = open(pair, pair.a, sock::Type::raw);
    const auto snapshot = pair.a.stack.snapshot(pair.now);
    ASSERT_EQ(snapshot.sockets.size(), 2U);
    EXPECT_EQ(snapshot.sockets[0].transport, event::Transport::icmp);
    EXPECT_EQ(snapshot.sockets[0].local, pair.a.at(77));
    EXPECT_EQ(snapshot.sockets[0].socket, program.id().number());
    EXPECT_EQ(snapshot.sockets[1].transport, event::Transport::raw);
    EXPECT_EQ(snapshot.sockets[1].socket, raw.id().number());
    EXPECT_EQ(raw.close(), "OK");
    EXPECT_EQ(pair.a.stack.snapshot(pair.now).sockets.size(), 1U);
}

TEST(IcmpSocket, WhatTheOptionsSayOfIt) {
    Pair pair;
    const Program program = open(pair, pair.a, sock::Type::datagram);
    const Program raw = open(pair, pair.a, sock::Type::raw);
    EXPECT_EQ(program.get(1, 3), "2");  // SO_TYPE
    EXPECT_EQ(raw.get(1, 3), "3");
    EXPECT_EQ(program.get(1, 38), "1");  // SO_PROTOCOL
    EXPECT_EQ(program.get(0, 11), "0");  // IP_RECVERR
    EXPECT_EQ(program.set(sol_raw, 1, 0), "ENOPROTOOPT");
}

}  // namespace
}  // namespace dt::stack::testing
