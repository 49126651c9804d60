// Groups by the calls of programs: joining, delivery, the way out, the loop (spec 5.1 IP4-027,
// ip(7), ipv6(7)).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using event::Reason;

constexpr int ip = 0;
constexpr int ipv6 = 41;
constexpr int multicast_if = 32;
constexpr int multicast_ttl = 33;
constexpr int multicast_loop = 34;
constexpr int add_membership = 35;
constexpr int drop_membership = 36;
constexpr int join_group_v6 = 20;
constexpr int leave_group_v6 = 21;
constexpr int mcast_join = 42;
constexpr int mcast_leave = 45;
const Endpoint mdns{Ipv4(224, 0, 0, 251), Port{5353}};

/// struct ip_mreq.
std::string request(Ipv4 group, Ipv4 link = Ipv4::any()) {
    std::array<std::byte, 8> octets{};
    group.store(octets, 0);
    link.store(octets, 4);
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

/// struct ipv6_mreq.
std::string request_v6(const Ipv6& group, std::int32_t link) {
    std::array<std::byte, 20> octets{};
    group.store(octets, 0);
    std::memcpy(octets.data() + 16, &link, sizeof link);
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

Program listening(Pair& pair, Host& host) {
    Program program = Program::datagram(pair, host);
    EXPECT_EQ(program.set(1, 2, 1), "OK");  // SO_REUSEADDR
    EXPECT_EQ(program.bind({IpAddr::any_v4(), mdns.port}), "OK");
    return program;
}

TEST(Multicast, IP4_027_a_group_reaches_whoever_joined_it) {
    Pair pair;
    const Program member = listening(pair, pair.b);
    const Program sender = Program::datagram(pair, pair.a);
    EXPECT_EQ(sender.send_to("early", mdns), "5");
    pair.settle();
    EXPECT_EQ(member.receive(), "EAGAIN");
    EXPECT_EQ(member.set_text(ip, add_membership, request(Ipv4(224, 0, 0, 251))), "OK");
    EXPECT_EQ(sender.send_to("query", mdns), "5");
    pair.settle();
    EXPECT_EQ(member.receive(), "'query'");
    EXPECT_EQ(member.set_text(ip, drop_membership, request(Ipv4(224, 0, 0, 251))), "OK");
    EXPECT_EQ(sender.send_to("late", mdns), "4");
    pair.settle();
    EXPECT_EQ(member.receive(), "EAGAIN");
}

TEST(Multicast, IP4_027_every_socket_of_the_port_gets_a_copy_and_the_sender_too) {
    Pair pair;
    const Program one = listening(pair, pair.b);
    const Program two = listening(pair, pair.b);
    const Program own = listening(pair, pair.a);
    for (const Program& each : {one, own}) {
        EXPECT_EQ(each.set_text(ip, add_membership, request(Ipv4(224, 0, 0, 251))), "OK");
    }
    EXPECT_EQ(own.send_to("a", mdns), "1");
    pair.settle();
    EXPECT_EQ(one.receive(), "'a'");
    EXPECT_EQ(two.receive(), "'a'");  // IP_MULTICAST_ALL, as on Linux by default
    EXPECT_EQ(own.receive(), "'a'");
    EXPECT_EQ(own.set(ip, multicast_loop, 0), "OK");
    EXPECT_EQ(own.get(ip, multicast_loop), "0");
    EXPECT_EQ(own.send_to("b", mdns), "1");
    pair.settle();
    EXPECT_EQ(one.receive(), "'b'");
    EXPECT_EQ(own.receive(), "EAGAIN");
}

TEST(Multicast, IP4_027_datagrams_to_a_group_do_not_pass_a_router_by_default) {
    Pair pair;
    const Program member = listening(pair, pair.b);
    EXPECT_EQ(member.set_text(ip, add_membership, request(Ipv4(224, 0, 0, 251))), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    EXPECT_EQ(sender.get(ip, multicast_ttl), "1");
    std::array<std::byte, 8> room{};
    const auto ttl = [&] {
        EXPECT_EQ(sender.send_to("x", mdns), "1");
        pair.settle();
        return member.calls().receive_from(member.id(), room)->arrival.ttl;
    };
    EXPECT_EQ(ttl(), 1);
    EXPECT_EQ(sender.set(ip, multicast_ttl, 4), "OK");
    EXPECT_EQ(ttl(), 4);
}

TEST(Multicast, RefusalsAreThoseOfLinux) {
    Pair pair;
    const Program program = Program::datagram(pair, pair.a);
    const Ipv4 group(224, 0, 0, 251);
    EXPECT_EQ(program.set_text(ip, add_membership, "short"), "EINVAL");
    EXPECT_EQ(program.set_text(ip, add_membership, request(Ipv4(10, 0, 0, 2))), "EINVAL");
    EXPECT_EQ(program.set_text(ip, add_membership, request(group, Ipv4(192, 0, 2, 1))), "ENODEV");
    EXPECT_EQ(program.set_text(ip, drop_membership, request(group)), "EADDRNOTAVAIL");
    EXPECT_EQ(program.set_text(ip, add_membership, request(group, pair.a.address)), "OK");
    EXPECT_EQ(program.set_text(ip, add_membership, request(group)), "EADDRINUSE");
    EXPECT_EQ(program.set_text(ip, multicast_if, request(Ipv4(), Ipv4(192, 0, 2, 1))),
              "EADDRNOTAVAIL");
    for (std::uint8_t i = 1; i < 20; ++i) {
        EXPECT_EQ(program.set_text(ip, add_membership, request(Ipv4(239, 0, 0, i))), "OK");
    }
    EXPECT_EQ(program.set_text(ip, add_membership, request(Ipv4(239, 0, 0, 99))), "ENOBUFS");
    const Program stream = Program::stream(pair, pair.a);
    EXPECT_EQ(stream.set_text(ip, add_membership, request(group)), "EPROTO");
    EXPECT_EQ(stream.set_text(ip, add_membership, "short"), "EPROTO");
    EXPECT_EQ(program.set_text(ip, drop_membership, request(Ipv4(10, 0, 0, 2))), "EADDRNOTAVAIL");
    EXPECT_EQ(program.set_text(ip, drop_membership, request(group, Ipv4(192, 0, 2, 1))),
              "EADDRNOTAVAIL");
}

/// struct group_req (RFC 3678 §5.1).
std::string group_request(const IpAddr& group, std::uint32_t link) {
    std::array<std::byte, 136> octets{};
    std::memcpy(octets.data(), &link, sizeof link);
    octets[8] = static_cast<std::byte>(group.is_v4() ? 2 : 10);  // AF_INET, AF_INET6
    if (group.is_v4()) {
        group.v4().store(octets, 12);
    } else {
        group.v6().store(octets, 16);
    }
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

TEST(Multicast, IP4_027_a_group_is_joined_and_left_by_the_calls_of_rfc_3678_too) {
    Config config;
    config.ipv6 = event::Switch::on;
    Pair pair(config);
    const Program member = listening(pair, pair.b);
    const Program sender = Program::datagram(pair, pair.a);
    const IpAddr group = mdns.addr;
    const IpAddr group_v6 = Ipv6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb});
    EXPECT_EQ(member.set_text(ip, mcast_join, group_request(group, 9)), "ENODEV");
    EXPECT_EQ(member.set_text(ip, mcast_join, group_request(group_v6, 0)), "EINVAL");
    EXPECT_EQ(member.set_text(ip, mcast_join, group_request(group, 2).substr(0, 100)), "EINVAL");
    EXPECT_EQ(member.set_text(ip, mcast_join, group_request(group, 2)), "OK");
    EXPECT_EQ(sender.send_to("one", mdns), "3");
    pair.settle();
    EXPECT_EQ(member.receive(), "'one'");
    EXPECT_EQ(member.set_text(ip, mcast_leave, group_request(group, 2)), "OK");
    EXPECT_EQ(member.set_text(ip, mcast_leave, group_request(group, 2)), "EADDRNOTAVAIL");
    EXPECT_EQ(member.set_text(ip, mcast_leave, group_request(group, 9)), "EADDRNOTAVAIL");
    const Program six = Program::datagram(pair, pair.b, sock::Family::inet6);
    EXPECT_EQ(six.bind({IpAddr::any_v6(), Port{5354}}), "OK");
    EXPECT_EQ(six.set_text(ipv6, mcast_join, group_request(group_v6, 2)), "OK");
    const Program sender_v6 = Program::datagram(pair, pair.a, sock::Family::inet6);
    EXPECT_EQ(sender_v6.send_to("six", {group_v6, Port{5354}}), "3");
    pair.settle();
    EXPECT_EQ(six.receive(), "'six'");
    EXPECT_EQ(six.set_text(ipv6, mcast_leave, group_request(group_v6, 2)), "OK");
}

TEST(Multicast, AClosedSocketLeavesItsGroups) {
    Pair pair;
    const Program member = listening(pair, pair.b);
    const Program other = listening(pair, pair.b);
    EXPECT_EQ(member.set_text(ip, add_membership, request(Ipv4(224, 0, 0, 251))), "OK");
    EXPECT_EQ(member.close(), "OK");
    EXPECT_EQ(Program::datagram(pair, pair.a).send_to("x", mdns), "1");
    pair.settle();
    EXPECT_EQ(other.receive(), "EAGAIN");
}

TEST(Multicast, AGroupOfIpv6IsHeardByTheNumberOfItsLink) {
    Config config;
    config.ipv6 = event::Switch::on;
    Pair pair(config);
    const Ipv6 group({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xfb});
    const Program member = Program::datagram(pair, pair.b, sock::Family::inet6);
    EXPECT_EQ(member.bind({IpAddr::any_v6(), mdns.port}), "OK");
    EXPECT_EQ(member.set_text(ipv6, join_group_v6, request_v6(group, 7)), "ENODEV");
    EXPECT_EQ(member.set_text(ipv6, join_group_v6, request_v6(group, 2)), "OK");
    const Program sender = Program::datagram(pair, pair.a, sock::Family::inet6);
    EXPECT_EQ(sender.send_to("six", {group, mdns.port}), "3");
    pair.settle();
    EXPECT_EQ(member.receive(), "'six'");
    EXPECT_EQ(member.set_text(ipv6, leave_group_v6, request_v6(group, 2)), "OK");
    EXPECT_EQ(sender.send_to("gone", {group, mdns.port}), "4");
    pair.settle();
    EXPECT_EQ(member.receive(), "EAGAIN");
}

}  // namespace
}  // namespace dt::stack::testing
