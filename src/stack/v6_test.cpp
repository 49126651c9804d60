// IPv6 and dual-stack sockets over two stacks: calls, names, both transports (RFC 3493, spec 6).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int ipproto_ipv6 = 41;
constexpr int v6_only = 26;
constexpr int unicast_hops = 16;
constexpr int sol_socket = 1;
constexpr int so_domain = 39;
constexpr int so_reuseaddr = 2;
constexpr int af_inet6 = 10;

const Endpoint any_v6_80{IpAddr::any_v6(), Port{80}};
const Endpoint any_v4_80{IpAddr::any_v4(), Port{80}};

Config with_v6() {
    Config config;
    config.ipv6 = event::Switch::on;
    return config;
}

class V6 : public ::testing::Test {
  protected:
    Program stream(Host& host) { return Program::stream(pair, host, sock::Family::inet6); }
    Program datagram(Host& host) { return Program::datagram(pair, host, sock::Family::inet6); }
    /// Sockets that were bound one after the other.
    std::string second_bind(Endpoint first, bool first_v6_only, Endpoint second) {
        const Program one = Program::stream(pair, pair.a, family_of(first));
        if (first_v6_only) {
            EXPECT_EQ(one.set(ipproto_ipv6, v6_only, 1), "OK");
        }
        EXPECT_EQ(one.bind(first), "OK");
        const Program two = Program::stream(pair, pair.a, family_of(second));
        const std::string answer = two.bind(second);
        EXPECT_EQ(one.close(), "OK");
        EXPECT_EQ(two.close(), "OK");
        return answer;
    }
    static sock::Family family_of(const Endpoint& endpoint) {
        return endpoint.addr.is_v4() ? sock::Family::inet : sock::Family::inet6;
    }
    static void talk(Pair& pair, const Program& from, const Program& to) {
        EXPECT_EQ(from.send("hello"), "5");
        pair.settle();
        EXPECT_EQ(to.receive(), "'hello'");
    }

    Pair pair{with_v6()};
};

TEST(V6Off, API_SOCK_003_ASocketIsRefusedWhereIpv6IsOff) {
    Pair pair;
    const auto refused = pair.calls(pair.a).socket(sock::Family::inet6, sock::Type::stream);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), Error::family_not_supported);
}

TEST_F(V6, AStreamCarriesDataAndEndsInTimeWait) {
    const Program listener = stream(pair.b);
    ASSERT_EQ(listener.bind(pair.b.at_v6(80)), "OK");
    ASSERT_EQ(listener.listen(1), "OK");
    const Program client = stream(pair.a);
    EXPECT_EQ(client.connect(pair.b.at_v6(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(client.connect(pair.b.at_v6(80)), "OK");
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->local(), pair.b.at_v6(80));
    EXPECT_EQ(server->peer().addr, IpAddr{pair.a.address_v6()});
    EXPECT_EQ(client.local().addr, IpAddr{pair.a.address_v6()});
    EXPECT_EQ(server->get(sol_socket, so_domain), std::to_string(af_inet6));
    talk(pair, client, *server);
    talk(pair, *server, client);
    const std::string large(200'000, 'x');
    std::size_t sent = 0;
    std::size_t got = 0;
    for (int i = 0; i < 1000 && got < large.size(); ++i) {
        sent += count_of(client.send(std::string_view(large).substr(sent)));
        pair.pass(std::chrono::milliseconds{1});
        got += count_of(server->receive_count());
    }
    EXPECT_EQ(got, large.size());
    EXPECT_EQ(client.close(), "OK");
    pair.settle();
    EXPECT_EQ(server->receive(), "0");
    EXPECT_EQ(server->close(), "OK");
    pair.settle();
    const auto sockets = pair.a.stack.snapshot(pair.now).sockets;
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets[0].state, event::State::time_wait);
}

TEST_F(V6, TheLoopbackAddressAndTheUnspecifiedOneReachTheHostItself_SRC_013) {
    const Program listener = stream(pair.a);
    ASSERT_EQ(listener.bind(any_v6_80), "OK");
    ASSERT_EQ(listener.listen(2), "OK");
    const Program one = stream(pair.a);
    EXPECT_EQ(one.connect({IpAddr::loopback_v6(), Port{80}}), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(one.connect({IpAddr::loopback_v6(), Port{80}}), "OK");
    const Program two = stream(pair.a);
    EXPECT_EQ(two.connect(any_v6_80), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(two.peer().addr, IpAddr::loopback_v6());
}

TEST_F(V6, NobodyListens_TheClientIsRefused) {
    const Program client = stream(pair.a);
    EXPECT_EQ(client.connect(pair.b.at_v6(81)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(client.take_error(), "ECONNREFUSED");
}

TEST_F(V6, API_CONN_023_ADualStackListenerTakesIpv4) {
    const Program listener = stream(pair.b);
    ASSERT_EQ(listener.bind(any_v6_80), "OK");
    ASSERT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->local(), pair.b.at(80));
    EXPECT_EQ(server->get(sol_socket, so_domain), std::to_string(af_inet6));
    talk(pair, client, *server);
}

TEST_F(V6, API_CONN_023_ADualStackSocketConnectsToAMappedAddress) {
    const Program listener = Program::stream(pair, pair.b);
    ASSERT_EQ(listener.bind(any_v4_80), "OK");
    ASSERT_EQ(listener.listen(1), "OK");
    const Program client = stream(pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(client.connect(pair.b.at(80)), "OK");
    EXPECT_TRUE(client.local().addr.is_v4());
}

TEST_F(V6, API_CONN_023_ASocketForIpv6AloneHasNoRouteToAMappedAddress) {
    const Program client = stream(pair.a);
    EXPECT_EQ(client.set(ipproto_ipv6, v6_only, 1), "OK");
    EXPECT_EQ(client.connect(pair.b.at(80)), "ENETUNREACH");
}

TEST_F(V6, AListenerForIpv6AloneLeavesIpv4Alone) {
    const Program listener = stream(pair.b);
    EXPECT_EQ(listener.set(ipproto_ipv6, v6_only, 1), "OK");
    EXPECT_EQ(listener.get(ipproto_ipv6, v6_only), "1");
    ASSERT_EQ(listener.bind(any_v6_80), "OK");
    ASSERT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(client.take_error(), "ECONNREFUSED");
}

TEST_F(V6, API_BIND_027_TheDualWildcardTakesThePortOfBothFamilies) {
    const Endpoint lo80{IpAddr::loopback_v4(), Port{80}};
    EXPECT_EQ(second_bind(any_v6_80, false, any_v4_80), "EADDRINUSE");
    EXPECT_EQ(second_bind(any_v4_80, false, any_v6_80), "EADDRINUSE");
    EXPECT_EQ(second_bind(any_v6_80, false, lo80), "EADDRINUSE");
    EXPECT_EQ(second_bind(lo80, false, any_v6_80), "EADDRINUSE");
}

TEST_F(V6, API_BIND_028_TheWildcardOfIpv6AloneLeavesIpv4ItsPort) {
    EXPECT_EQ(second_bind(any_v6_80, true, any_v4_80), "OK");
    EXPECT_EQ(second_bind(any_v6_80, true, any_v6_80), "EADDRINUSE");
}

TEST_F(V6, API_BIND_031_ADualListenerKeepsTheIpv4WildcardOutThoughBothReuseTheAddress) {
    const Program listener = stream(pair.a);
    EXPECT_EQ(listener.set(sol_socket, so_reuseaddr, 1), "OK");
    EXPECT_EQ(listener.bind(any_v6_80), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program other = Program::stream(pair, pair.a);
    EXPECT_EQ(other.set(sol_socket, so_reuseaddr, 1), "OK");
    EXPECT_EQ(other.bind(any_v4_80), "EADDRINUSE");
}

TEST_F(V6, API_BIND_032_AMappedAddressOnASocketForIpv6Alone) {
    const Program program = stream(pair.a);
    EXPECT_EQ(program.set(ipproto_ipv6, v6_only, 1), "OK");
    EXPECT_EQ(program.bind(pair.a.at(80)), "EINVAL");
}

TEST_F(V6, AMappedAddressBindsADualSocketToIpv4) {
    const Program program = stream(pair.a);
    EXPECT_EQ(program.bind(pair.a.at(80)), "OK");
    EXPECT_EQ(program.local(), pair.a.at(80));
    const Program other = stream(pair.a);
    EXPECT_EQ(other.bind({IpAddr::any_v4(), Port{80}}), "EADDRINUSE");
}

TEST_F(V6, AnAddressOfAnotherHostCannotBeBound) {
    EXPECT_EQ(stream(pair.a).bind(pair.b.at_v6(80)), "EADDRNOTAVAIL");
}

TEST_F(V6, API_BIND_033_V6OnlyIsOffAndCannotChangeOnceTheSocketHasAName) {
    const Program program = stream(pair.a);
    EXPECT_EQ(program.get(ipproto_ipv6, v6_only), "0");
    EXPECT_EQ(program.bind(any_v6_80), "OK");
    EXPECT_EQ(program.set(ipproto_ipv6, v6_only, 1), "EINVAL");
}

TEST_F(V6, IP6_002_HopsAreBoundedAndMinusOneIsTheDefault) {
    const Program program = stream(pair.a);
    EXPECT_EQ(program.get(ipproto_ipv6, unicast_hops), "64");
    EXPECT_EQ(program.set(ipproto_ipv6, unicast_hops, 256), "EINVAL");
    EXPECT_EQ(program.set(ipproto_ipv6, unicast_hops, 1), "OK");
    EXPECT_EQ(program.get(ipproto_ipv6, unicast_hops), "1");
    EXPECT_EQ(program.set(ipproto_ipv6, unicast_hops, -1), "OK");
    EXPECT_EQ(program.get(ipproto_ipv6, unicast_hops), "64");
}

TEST_F(V6, DatagramsGoBothWays) {
    const Program server = datagram(pair.b);
    ASSERT_EQ(server.bind({IpAddr::any_v6(), Port{53}}), "OK");
    const Program client = datagram(pair.a);
    EXPECT_EQ(client.send_to("ask", pair.b.at_v6(53)), "3");
    pair.settle();
    std::array<std::byte, 16> text{};
    const auto got = server.calls().receive_from(server.id(), text);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->copied, 3U);
    EXPECT_EQ(got->from.addr, IpAddr{pair.a.address_v6()});
    EXPECT_EQ(server.send_to("answer", got->from), "6");
    pair.settle();
    EXPECT_EQ(client.receive(), "'answer'");
}

TEST_F(V6, ADualDatagramSocketHearsBothFamilies) {
    const Program server = datagram(pair.b);
    ASSERT_EQ(server.bind({IpAddr::any_v6(), Port{53}}), "OK");
    const Program client = Program::datagram(pair, pair.a);
    EXPECT_EQ(client.send_to("four", pair.b.at(53)), "4");
    EXPECT_EQ(datagram(pair.a).send_to("six!", pair.b.at_v6(53)), "4");
    pair.settle();
    EXPECT_EQ(server.receive(), "'four'");
    EXPECT_EQ(server.receive(), "'six!'");
}

TEST_F(V6, UDP_007_AClosedPortRefusesAConnectedDatagramSocket) {
    const Program client = datagram(pair.a);
    EXPECT_EQ(client.connect(pair.b.at_v6(9)), "OK");
    EXPECT_EQ(client.send("x"), "1");
    pair.settle();
    EXPECT_EQ(client.receive(), "ECONNREFUSED");
}

TEST_F(V6, UDP_010_TheLongestDatagramIsTwentyOctetsLongerThanOfIpv4) {
    const Program server = datagram(pair.b);
    ASSERT_EQ(server.bind({IpAddr::any_v6(), Port{53}}), "OK");
    EXPECT_EQ(server.set(sol_socket, 8, 200'000), "OK");
    const Program client = datagram(pair.a);
    EXPECT_EQ(client.send_to(std::string(65'528, 'x'), pair.b.at_v6(53)), "EMSGSIZE");
    EXPECT_EQ(client.send_to(std::string(65'527, 'x'), pair.b.at_v6(53)), "65527");
    pair.settle();
    EXPECT_EQ(server.receive_count(), "65527");
}

}  // namespace
}  // namespace dt::stack::testing
