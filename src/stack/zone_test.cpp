// Calls that name the link of an address, on a host with two of them (RFC 4007 §6, ipv6(7)).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int sol_socket = 1;
constexpr int so_bindtoifindex = 62;
constexpr int ip = 0;
constexpr int ipv6 = 41;
constexpr int ip_add_membership = 35;
constexpr int ip_multicast_all = 49;
constexpr int ipv6_multicast_if = 17;
constexpr int ipv6_multicast_all = 29;
constexpr std::uint32_t eth0 = 2;  // lo is 1
constexpr std::uint32_t eth1 = 3;
constexpr std::uint32_t unknown = 99;
const IpAddr neighbour = *IpAddr::parse("fe80::1:1");
const IpAddr group_of_a_link = *IpAddr::parse("ff02::77");

Config with_v6() {
    Config config;
    config.ipv6 = event::Switch::on;
    return config;
}

class Zones : public ::testing::Test {
  protected:
    Zones() {
        InterfaceConfig second;
        second.name = "eth1";
        second.mac = Mac({2, 0, 0, 0, 1, 1});
        second.address = Ipv4(10, 0, 1, 1);
        pair.a.stack.add_interface(second);
    }

    Program stream() { return Program::stream(pair, pair.a, sock::Family::inet6); }
    Program datagram() { return Program::datagram(pair, pair.a, sock::Family::inet6); }
    template <class T>
    static std::string word(const Result<T>& result) {
        return result ? "OK" : std::string(base::describe(result.error()).name);
    }
    static std::string bind(const Program& program, IpAddr to, std::uint32_t zone,
                            std::uint16_t port = 0) {
        return word(program.calls().bind(program.id(), {Endpoint{to, Port{port}}, zone}));
    }
    static std::string connect(const Program& program, IpAddr to, std::uint32_t zone) {
        return word(program.calls().connect(program.id(), {Endpoint{to, Port{9}}, zone}));
    }
    static std::string send(const Program& program, IpAddr to, std::uint32_t zone) {
        sock::SendAs as;
        as.zone = zone;
        return word(program.calls().send_to(program.id(), {}, Endpoint{to, Port{9}}, as));
    }
    static std::string device(const Program& program) {
        EXPECT_EQ(program.get(sol_socket, so_bindtoifindex),
                  std::to_string(static_cast<std::int32_t>(program.calls().device(program.id()))));
        return program.get(sol_socket, so_bindtoifindex);
    }
    /// The address of one of the links of `pair.a` that means something there alone.
    IpAddr own(std::uint32_t link) {
        const Program asker = datagram();
        EXPECT_EQ(connect(asker, neighbour, link), "OK");
        const IpAddr address = asker.local().addr;
        EXPECT_TRUE(address.is_link_local());
        EXPECT_EQ(asker.close(), "OK");
        return address;
    }

    Pair pair{with_v6()};
};

TEST_F(Zones, BindKeepsTheSocketToTheLinkAlsoWhereItIsRefused) {
    for (const Program& each : {stream(), datagram()}) {
        EXPECT_EQ(bind(each, own(eth0), unknown), "ENODEV");
        EXPECT_EQ(device(each), "99");
        EXPECT_EQ(bind(each, own(eth0), eth1), "EADDRNOTAVAIL");
        EXPECT_EQ(device(each), "3");
        EXPECT_EQ(bind(each, own(eth0), eth0), "OK");
        EXPECT_EQ(device(each), "2");
    }
}

TEST_F(Zones, BindWithoutAZoneTakesTheDevice) {
    const Program without = datagram();
    EXPECT_EQ(bind(without, own(eth1), 0), "EINVAL");
    EXPECT_EQ(without.set(sol_socket, so_bindtoifindex, eth0), "OK");
    EXPECT_EQ(bind(without, own(eth1), 0), "EADDRNOTAVAIL");
    EXPECT_EQ(without.set(sol_socket, so_bindtoifindex, eth1), "OK");
    EXPECT_EQ(bind(without, own(eth1), 0), "OK");
}

TEST_F(Zones, ADeviceThatIsNotThereLeadsNowhere) {
    const Program lost = datagram();
    EXPECT_EQ(bind(lost, own(eth0), unknown), "ENODEV");
    std::array<std::byte, 16> room{};
    const auto name = lost.calls().get_option(lost.id(), sol_socket, 25, room);
    ASSERT_FALSE(name);
    EXPECT_EQ(name.error(), Error::no_such_device);
    EXPECT_EQ(send(lost, IpAddr::loopback_v6(), 0), "ENETUNREACH");
    EXPECT_EQ(connect(lost, IpAddr::loopback_v6(), 0), "ENETUNREACH");
    EXPECT_EQ(send(lost, *IpAddr::parse("127.0.0.1"), 0), "ENODEV");
    EXPECT_EQ(send(lost, neighbour, eth1), "OK");
    const Program large = datagram();
    EXPECT_EQ(bind(large, neighbour, 0xffff'fffe), "ENODEV");
    EXPECT_EQ(device(large), "-2");
    EXPECT_EQ(send(large, IpAddr::loopback_v6(), 0), "ENETUNREACH");
}

TEST_F(Zones, ConnectKeepsToOneLink) {
    for (const Program& each : {stream(), datagram()}) {
        EXPECT_EQ(connect(each, neighbour, 0), "EINVAL");
        EXPECT_EQ(each.set(sol_socket, so_bindtoifindex, eth1), "OK");
        EXPECT_EQ(connect(each, neighbour, eth0), "EINVAL");
        EXPECT_EQ(connect(each, neighbour, unknown), "EINVAL");
    }
    const Program peer = datagram();
    EXPECT_EQ(peer.set(sol_socket, so_bindtoifindex, eth1), "OK");
    EXPECT_EQ(connect(peer, neighbour, 0), "OK");
    EXPECT_EQ(peer.local().addr, own(eth1));
    const Program lost = stream();
    EXPECT_EQ(connect(lost, neighbour, unknown), "ENETUNREACH");
    EXPECT_EQ(device(lost), "99");
}

TEST_F(Zones, AStreamThatHasBegunIsAskedForItsStateFirst) {
    const Program opening = stream();
    EXPECT_EQ(connect(opening, neighbour, eth0), "EINPROGRESS");
    for (const std::uint32_t zone : {0U, eth0, eth1, unknown}) {
        EXPECT_EQ(connect(opening, neighbour, zone), "EALREADY");
    }
    EXPECT_EQ(device(opening), "2");
    EXPECT_EQ(bind(opening, own(eth1), eth1), "EINVAL");
    EXPECT_EQ(device(opening), "2");
}

TEST_F(Zones, DatagramsGoByTheirOwnZone) {
    const Program bound = datagram();
    EXPECT_EQ(bind(bound, own(eth0), eth0), "OK");
    EXPECT_EQ(send(bound, neighbour, 0), "OK");
    EXPECT_EQ(send(bound, neighbour, eth1), "OK");
    EXPECT_EQ(send(bound, neighbour, unknown), "ENETUNREACH");
    EXPECT_EQ(device(bound), "2");
    sock::SendAs both;
    both.zone = eth1;
    both.link = eth0;
    const auto sent = bound.calls().send_to(bound.id(), {}, Endpoint{neighbour, Port{9}}, both);
    EXPECT_EQ(word(sent), "EINVAL");
}

TEST_F(Zones, DisconnectingADatagramSocketGivesTheLinkUp) {
    const Program by_zone = datagram();
    EXPECT_EQ(bind(by_zone, own(eth0), eth0), "OK");
    EXPECT_EQ(connect(by_zone, neighbour, 0), "OK");
    const Program by_option = Program::datagram(pair, pair.a);
    EXPECT_EQ(by_option.set(sol_socket, so_bindtoifindex, eth1), "OK");
    for (const Program& each : {by_zone, by_option}) {
        EXPECT_EQ(each.disconnect(), "OK");
        EXPECT_EQ(device(each), "0");
    }
    const Program kept = stream();
    EXPECT_EQ(bind(kept, own(eth0), eth0), "OK");
    EXPECT_EQ(kept.disconnect(), "OK");
    EXPECT_EQ(device(kept), "2");
}

TEST_F(Zones, AListenerOfAZoneIsAdmittedOnAHostOfSeveralLinks) {
    const Program listener = stream();
    EXPECT_EQ(bind(listener, own(eth1), eth1, 80), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program everywhere = stream();
    EXPECT_EQ(everywhere.set(sol_socket, so_bindtoifindex, eth1), "OK");
    EXPECT_EQ(everywhere.bind({IpAddr::any_v6(), Port{81}}), "OK");
    EXPECT_EQ(everywhere.listen(1), "EPERM");  // SYNs of eth0 would come to it too
    const Program lost = stream();
    EXPECT_EQ(bind(lost, neighbour, unknown), "ENODEV");
    EXPECT_EQ(lost.listen(1), "EPERM");
    const Program torn = stream();
    EXPECT_EQ(bind(torn, own(eth1), eth1, 82), "OK");
    EXPECT_EQ(torn.set(sol_socket, so_bindtoifindex, eth0), "OK");
    EXPECT_EQ(torn.listen(1), "EPERM");
}

TEST_F(Zones, AConnectThatWaitsForItsTextKeepsToOneLinkToo) {
    constexpr int tcp = 6;
    constexpr int tcp_fastopen_connect = 30;
    constexpr int tcp_fastopen_no_cookie = 34;
    const auto waiting = [&] {
        const Program program = stream();
        EXPECT_EQ(program.set(tcp, tcp_fastopen_connect, 1), "OK");
        EXPECT_EQ(program.set(tcp, tcp_fastopen_no_cookie, 1), "OK");
        return program;
    };
    EXPECT_EQ(connect(waiting(), neighbour, 0), "EINVAL");
    const Program program = waiting();
    EXPECT_EQ(connect(program, neighbour, eth1), "OK");
    EXPECT_EQ(device(program), "3");
}

TEST_F(Zones, APingToAnAddressOfALinkNamesIt) {
    constexpr int icmpv6 = 58;
    const auto made = pair.calls(pair.a).socket(sock::Family::inet6, sock::Type::datagram, icmpv6);
    ASSERT_TRUE(made);
    const Program ping(pair, pair.a, *made);
    const std::string echo("\x80\0\0\0\0\0\0\1", 8);
    const auto send_by = [&](std::uint32_t zone) {
        sock::SendAs as;
        as.zone = zone;
        return ping.send_to(echo, Endpoint{neighbour, Port::any()}, as);
    };
    EXPECT_EQ(send_by(0), "EINVAL");
    EXPECT_EQ(send_by(eth0), "8");
    EXPECT_EQ(ping.set(sol_socket, so_bindtoifindex, eth1), "OK");
    EXPECT_EQ(send_by(0), "8");
    EXPECT_EQ(send_by(eth0), "EINVAL");
    EXPECT_EQ(send_by(eth1), "8");
}

TEST_F(Zones, GroupsOfIpv4LeaveByTheDevice) {
    constexpr int ip_multicast_if = 32;
    const Program program = Program::datagram(pair, pair.a);
    EXPECT_EQ(program.set(sol_socket, so_bindtoifindex, eth1), "OK");
    const auto by = [](Ipv4 address) {
        std::string octets(Ipv4::size, '\0');
        address.store(std::as_writable_bytes(std::span{octets}), 0);
        return octets;
    };
    EXPECT_EQ(program.set_text(ip, ip_multicast_if, by(pair.a.address)), "EINVAL");
    EXPECT_EQ(program.set_text(ip, ip_multicast_if, by(Ipv4(10, 0, 1, 1))), "OK");
}

TEST_F(Zones, AnAcceptedConnectionKeepsToTheLinkOfItsAddress) {
    const Program listener = stream();
    EXPECT_EQ(listener.bind({IpAddr::any_v6(), Port{9}}), "OK");
    EXPECT_EQ(listener.listen(2), "OK");
    const Program client = stream();
    EXPECT_EQ(connect(client, own(eth1), eth1), "EINPROGRESS");
    pair.settle();
    const auto near = listener.accept();
    ASSERT_TRUE(near);
    EXPECT_EQ(device(*near), "3");
    EXPECT_EQ(device(listener), "0");
    const Program other = stream();
    EXPECT_EQ(other.connect(pair.a.at_v6(9)), "EINPROGRESS");
    pair.settle();
    const auto far = listener.accept();
    ASSERT_TRUE(far);
    EXPECT_EQ(device(*far), "0");
}

TEST_F(Zones, AGroupOfALinkIsConnectedToByTheLinkOfGroups) {
    const Program member = datagram();
    EXPECT_EQ(connect(member, group_of_a_link, 0), "EINVAL");
    EXPECT_EQ(member.set(ipv6, ipv6_multicast_if, eth1), "OK");
    EXPECT_EQ(connect(member, group_of_a_link, 0), "OK");
    EXPECT_EQ(device(member), "3");
    EXPECT_EQ(member.local().addr, own(eth1));
    EXPECT_EQ(member.set(ipv6, ipv6_multicast_if, eth0), "EINVAL");
    const Program wide = datagram();
    EXPECT_EQ(connect(wide, *IpAddr::parse("ff05::77"), eth0), "OK");
    EXPECT_EQ(device(wide), "0");
    EXPECT_EQ(bind(stream(), group_of_a_link, eth0), "EINVAL");
}

/// struct ip_mreq.
std::string request(Ipv4 group) {
    std::array<std::byte, 8> octets{};
    group.store(octets, 0);
    return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

TEST(GroupsOfBothFamilies, ASocketOfIpv6HearsOfIpv4OnlyWhatItJoined) {
    Pair pair(with_v6());
    const Endpoint group{Ipv4(224, 0, 0, 251), Port{5353}};
    const Program member = Program::datagram(pair, pair.b);
    const Program other = Program::datagram(pair, pair.b, sock::Family::inet6);
    for (const Program& each : {member, other}) EXPECT_EQ(each.set(sol_socket, 2, 1), "OK");
    EXPECT_EQ(other.bind({IpAddr::any_v6(), group.port}), "OK");
    EXPECT_EQ(member.bind({IpAddr::any_v4(), group.port}), "OK");
    EXPECT_EQ(member.set_text(ip, ip_add_membership, request(group.addr.v4())), "OK");
    const Program sender = Program::datagram(pair, pair.a);
    const auto heard = [&] {
        EXPECT_EQ(sender.send_to("a", group), "1");
        pair.settle();
        EXPECT_EQ(member.receive(), "'a'");
        return other.receive();
    };
    EXPECT_EQ(other.get(ip, ip_multicast_all), "0");
    EXPECT_EQ(heard(), "EAGAIN");
    EXPECT_EQ(other.set(ip, ip_multicast_all, 1), "OK");
    EXPECT_EQ(heard(), "'a'");
    EXPECT_EQ(other.set(ip, ip_multicast_all, 0), "OK");
    EXPECT_EQ(other.set_text(ip, ip_add_membership, request(group.addr.v4())), "OK");
    EXPECT_EQ(heard(), "'a'");
}

TEST(GroupsOfBothFamilies, IPV6_MULTICAST_ALL_takes_any_number_and_is_of_its_own) {
    Pair pair(with_v6());
    const Program socket = Program::datagram(pair, pair.a, sock::Family::inet6);
    EXPECT_EQ(socket.get(ipv6, ipv6_multicast_all), "1");
    EXPECT_EQ(socket.set(ip, ip_multicast_all, 1), "OK");
    EXPECT_EQ(socket.set(ipv6, ipv6_multicast_all, 0), "OK");
    EXPECT_EQ(socket.get(ip, ip_multicast_all), "1");
    for (const std::int32_t value : {2, -1}) {
        EXPECT_EQ(socket.set(ipv6, ipv6_multicast_all, value), "OK");
        EXPECT_EQ(socket.get(ipv6, ipv6_multicast_all), "1");
        EXPECT_EQ(socket.set(ip, ip_multicast_all, value), "EINVAL");
    }
}

}  // namespace
}  // namespace dt::stack::testing
