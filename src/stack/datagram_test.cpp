// UDP sockets: names, default peer, errors, sizes (spec 6.4, 6.5 API-IO-026, 027).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using event::Reason;

TEST(Datagram, FirstSendNamesTheSocket) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    EXPECT_EQ(sender.send_to("question", pair.b.at(53)), "8");
    EXPECT_TRUE(sender.local().addr.is_any());
    EXPECT_FALSE(sender.local().port.is_any());
    pair.settle();
    std::array<std::byte, 64> room{};
    const auto received = receiver.calls().receive_from(receiver.id(), room);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->copied, 8U);
    EXPECT_EQ(received->from, (Endpoint{pair.a.address, sender.local().port}));
    EXPECT_EQ(receiver.send_to("answer", received->from), "6");
    pair.settle();
    EXPECT_EQ(sender.receive(), "'answer'");
}

TEST(Datagram, UDP_009_ShortRoomTellsTheFullSize) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    EXPECT_EQ(Program::datagram(pair, pair.a).send_to("12345", pair.b.at(53)), "5");
    pair.settle();
    std::array<std::byte, 2> room{};
    const auto received = receiver.calls().receive_from(receiver.id(), room);
    ASSERT_TRUE(received);
    EXPECT_EQ(received->copied, 2U);
    EXPECT_EQ(received->full_size, 5U);
    EXPECT_EQ(receiver.receive(), "EAGAIN");
}

TEST(Datagram, Refusals_API_IO_026_API_ERR_011_API_ERR_017_API_ERR_020) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.send_to(std::string(65508, 'x'), pair.b.at(53)), "EMSGSIZE");
    EXPECT_EQ(program.send("x"), "EDESTADDRREQ");
    EXPECT_EQ(program.send_to("x", pair.b.at(0)), "EINVAL");
    EXPECT_EQ(program.send_to("x", {Ipv4::broadcast(), Port{53}}), "EACCES");
    EXPECT_EQ(program.send_to("x", {Ipv4(192, 0, 2, 1), Port{53}}), "ENETUNREACH");
    EXPECT_EQ(pair.log.last(event::Call::send)->reason, Reason::no_route);
}

TEST(Datagram, SecondSendLearnsThatThePortIsClosed_API_POLL_022) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(53)), "OK");
    EXPECT_EQ(program.send("x"), "1");
    pair.settle();
    EXPECT_EQ(program.poll(), "OUT,ERR");
    EXPECT_EQ(program.send("x"), "ECONNREFUSED");
    EXPECT_EQ(program.poll(), "OUT");
    pair.settle();
    EXPECT_EQ(program.send("x"), "1");
    pair.settle();
    EXPECT_EQ(program.take_error(), "ECONNREFUSED");
}

TEST(Datagram, ICMP4_008_what_a_host_tells_itself_is_not_limited) {
    Config config;
    config.ipv6 = event::Switch::on;
    Pair pair{config};
    const std::array<std::pair<sock::Family, IpAddr>, 2> own = {
        {{sock::Family::inet, IpAddr::loopback_v4()},
         {sock::Family::inet6, IpAddr::loopback_v6()}}};
    for (const auto& [family, loopback] : own) {
        const Program program = Program::datagram(pair, pair.a, family);
        EXPECT_EQ(program.connect({loopback, Port{53}}), "OK");
        for (int i = 0; i < 60; ++i) {  // more than the bursts
            EXPECT_EQ(program.send("x"), "1");
            pair.settle();
            EXPECT_EQ(program.take_error(), "ECONNREFUSED");
        }
    }
}

TEST(Datagram, ConnectedSocketHearsOnlyItsPeer) {
    Pair pair;
    const Program one = Program::datagram(pair, pair.b);
    const Program two = Program::datagram(pair, pair.b);
    EXPECT_EQ(one.bind(pair.b.at(53)), "OK");
    EXPECT_EQ(two.bind(pair.b.at(54)), "OK");
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(53)), "OK");
    EXPECT_EQ(two.send_to("stranger", program.local()), "8");
    EXPECT_EQ(one.send_to("peer", program.local()), "4");
    pair.settle();
    EXPECT_EQ(program.receive(), "'peer'");
    EXPECT_EQ(program.receive(), "EAGAIN");
}

TEST(Datagram, DisconnectTakesTheNameBack) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(53)), "OK");
    EXPECT_EQ(program.disconnect(), "OK");
    EXPECT_EQ(program.local(), (Endpoint{Ipv4::any(), Port{}}));
    EXPECT_EQ(program.peer_word(), "ENOTCONN");
    EXPECT_EQ(program.send("x"), "EDESTADDRREQ");
}

TEST(Datagram, DisconnectKeepsABoundName) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.bind(pair.a.at(5000)), "OK");
    EXPECT_EQ(program.connect(pair.b.at(53)), "OK");
    EXPECT_EQ(program.disconnect(), "OK");
    EXPECT_EQ(program.local(), pair.a.at(5000));
}

TEST(Datagram, OverLoopback) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.a);
    EXPECT_EQ(receiver.bind({Ipv4::loopback(), Port{53}}), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    EXPECT_EQ(sender.send_to("home", {Ipv4::loopback(), Port{53}}), "4");
    pair.settle();
    EXPECT_EQ(receiver.receive(), "'home'");
    EXPECT_EQ(pair.from_a.sent, 0U);
}

TEST(Datagram, ShutSocketSendsNothing) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(53)), "OK");
    EXPECT_EQ(program.shutdown(sock::How::write), "OK");
    EXPECT_EQ(program.send("x"), "EPIPE");
}

TEST(Datagram, ConnectTwiceChangesThePeer) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.connect(pair.b.at(53)), "OK");
    EXPECT_EQ(program.connect(pair.b.at(54)), "OK");
    EXPECT_EQ(program.peer(), pair.b.at(54));
}

TEST(Datagram, LargerThanTheMtuArrivesWhole) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    const std::string text(9000, 'u');
    EXPECT_EQ(Program::datagram(pair, pair.a).send_to(text, pair.b.at(53)), "9000");
    pair.settle();
    EXPECT_EQ(receiver.receive_count(), "9000");
}

TEST(Datagram, ForbiddenFragmentsLimitTheSize) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.set(0, 10, 2), "OK");
    EXPECT_EQ(program.send_to(std::string(1473, 'u'), pair.b.at(53)), "EMSGSIZE");
    EXPECT_EQ(program.send_to(std::string(1472, 'u'), pair.b.at(53)), "1472");
}

TEST(Datagram, ServiceAndTimeToLiveAreTheSocketsOwn) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    const auto arrival = [&] {
        EXPECT_EQ(sender.send_to("x", pair.b.at(53)), "1");
        pair.settle();
        std::array<std::byte, 8> room{};
        const auto received = receiver.calls().receive_from(receiver.id(), room);
        EXPECT_TRUE(received);
        EXPECT_EQ(received->to, pair.b.at(53));
        EXPECT_EQ(received->arrival.interface, 1);
        return received->arrival;
    };
    EXPECT_EQ(arrival().ttl, 64);
    EXPECT_EQ(sender.set(0, 2, 5), "OK");     // IP_TTL
    EXPECT_EQ(sender.set(0, 1, 0x28), "OK");  // IP_TOS
    EXPECT_EQ(arrival().ttl, 5);
    EXPECT_EQ(arrival().tos, 0x28);
}

TEST(Datagram, DontFragmentFollowsPathDiscovery) {
    constexpr int always = 2;
    constexpr int never = 0;
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    // Frames with DF are lost here: what arrives had none.
    pair.from_a.drops = [](const Frame& frame) {
        constexpr std::size_t flags_at = 14 + 6;  // behind the Ethernet header
        const Octets front = frame.front();
        const bool is_ipv4 = front.size() > flags_at && load_be<std::uint16_t>(front, 12) == 0x800;
        return is_ipv4 && (std::to_integer<unsigned>(front[flags_at]) & 0x40U) != 0;
    };
    const auto arrives = [&](std::size_t size) {
        EXPECT_EQ(sender.send_to(std::string(size, 'x'), pair.b.at(53)), std::to_string(size));
        pair.settle();
        return receiver.receive() != "EAGAIN";
    };
    EXPECT_FALSE(arrives(100));  // IP_PMTUDISC_WANT: what fits proves the path
    EXPECT_TRUE(arrives(3000));  // and what does not is cut
    EXPECT_EQ(sender.set(0, 10, always), "OK");
    EXPECT_FALSE(arrives(100));
    EXPECT_EQ(sender.set(0, 10, never), "OK");
    EXPECT_TRUE(arrives(100));
}

TEST(Datagram, UnreadIsTheLengthOfTheNextOne) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    EXPECT_EQ(sender.send_to("12345", pair.b.at(53)), "5");
    EXPECT_EQ(sender.send_to("123", pair.b.at(53)), "3");
    pair.settle();
    EXPECT_EQ(receiver.calls().unread(receiver.id()), 5U);
}

TEST(Datagram, ReceiveBufferMayShrinkLater) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    EXPECT_EQ(receiver.set(1, 8, 1), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    for (int i = 0; i < 50; ++i) {
        EXPECT_EQ(sender.send_to(std::string(200, 'u'), pair.b.at(53)), "200");
        pair.settle();
    }
    std::size_t received = 0;
    while (receiver.receive() != "EAGAIN") ++received;
    EXPECT_GT(received, 0U);
    EXPECT_LT(received, 50U);
}

TEST(Datagram, IP4_024_ABroadcastLeavesOnlyWhereItIsWanted) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind({IpAddr::any_v4(), Port{53}}), "OK");
    const Program program = Program::datagram(pair, pair.a);
    const Endpoint everybody{Ipv4(10, 0, 0, 255), Port{53}};
    EXPECT_EQ(program.send_to("x", everybody), "EACCES");
    EXPECT_EQ(program.set(1, 6, 1), "OK");  // SO_BROADCAST
    pair.from_a.drops = [](const Frame& frame) {
        EXPECT_EQ(Mac::load(frame.front(), 0), Mac::broadcast());
        return false;
    };
    EXPECT_EQ(program.send_to("x", everybody), "1");
    pair.settle();
    EXPECT_EQ(pair.from_a.sent, 1U);
    EXPECT_EQ(receiver.receive(), "'x'");
}

TEST(Datagram, UDP_022_SocketsThatShareAPortShareItsConversations) {
    Pair pair;
    std::vector<Program> sharing;
    for (int i = 0; i < 2; ++i) {
        sharing.push_back(Program::datagram(pair, pair.b));
        EXPECT_EQ(sharing.back().set(1, 15, 1), "OK");  // SO_REUSEPORT
        EXPECT_EQ(sharing.back().bind(pair.b.at(53)), "OK");
    }
    for (int i = 0; i < 40; ++i) {
        EXPECT_EQ(Program::datagram(pair, pair.a).send_to("x", pair.b.at(53)), "1");
    }
    pair.settle();
    std::size_t first = 0;
    while (sharing[0].receive() == "'x'") ++first;
    EXPECT_GT(first, 8U);
    EXPECT_LT(first, 32U);
}

TEST(Datagram, UDP_026_and_UDP_027_one_datagram_names_its_source_ttl_and_tos) {
    Pair pair;
    const Program sender = Program::datagram(pair, pair.a);
    const Program receiver = Program::datagram(pair, pair.a);
    EXPECT_EQ(receiver.bind({IpAddr::loopback_v4(), Port{53}}), "OK");
    const auto arrived = [&](const sock::SendAs& as) {
        const std::byte octet{};
        const Endpoint to{IpAddr::loopback_v4(), Port{53}};
        EXPECT_TRUE(sender.calls().send_to(sender.id(), Octets(&octet, 1), to, as));
        pair.settle();
        std::array<std::byte, 8> room{};
        return receiver.calls().receive_from(receiver.id(), room).value();
    };
    const auto named = arrived({.source = pair.a.address, .link = 1, .ttl = 9, .tos = 8});
    EXPECT_EQ(named.from.addr, IpAddr{pair.a.address});
    EXPECT_EQ(named.arrival.ttl, 9);
    EXPECT_EQ(named.arrival.tos, 8);
    const auto plain = arrived({});
    EXPECT_EQ(plain.from.addr, IpAddr::loopback_v4());
    EXPECT_EQ(plain.arrival.ttl, 64);
    EXPECT_EQ(plain.arrival.tos, 0);
}

TEST(Datagram, UDP_026_a_source_or_a_link_that_is_not_ours_is_refused) {
    Pair pair;
    const Program sender = Program::datagram(pair, pair.a);
    const auto error = [&](const sock::SendAs& as) {
        const auto sent = sender.calls().send_to(sender.id(), {}, pair.b.at(53), as);
        return sent ? std::nullopt : std::optional(sent.error());
    };
    EXPECT_EQ(error({.source = pair.b.address, .link = {}, .ttl = {}, .tos = {}}),
              Error::network_unreachable);
    EXPECT_EQ(error({.source = Ipv4(224, 0, 0, 1), .link = {}, .ttl = {}, .tos = {}}),
              Error::invalid_argument);
    EXPECT_EQ(error({.source = {}, .link = 9, .ttl = {}, .tos = {}}), Error::no_such_device);
    EXPECT_EQ(error({.source = {}, .link = 0, .ttl = {}, .tos = {}}), Error::no_such_device);
}

}  // namespace
}  // namespace dt::stack::testing
