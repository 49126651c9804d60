// bind(): local addresses, automatic ports, who may share a port (spec 6.2).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int sol_socket = 1;
constexpr int reuse_address = 2;
constexpr int reuse_port = 15;
constexpr int ipproto_ip = 0;
constexpr int free_bind = 15;
constexpr int bind_address_no_port = 24;

const Endpoint any80{Ipv4::any(), Port{80}};
const Endpoint lo80{Ipv4::loopback(), Port{80}};

/// The option both sockets of a conflict test have.
enum class Has : std::uint8_t { nothing, address, port };

void give(const Program& program, Has has) {
    if (has == Has::address) {
        EXPECT_EQ(program.set(sol_socket, reuse_address, 1), "OK");
    }
    if (has == Has::port) {
        EXPECT_EQ(program.set(sol_socket, reuse_port, 1), "OK");
    }
}

enum class First : std::uint8_t { bound, listening };

struct Second {
    Endpoint address;
    Has has;
};

/// Binds a first socket, then answers the result of the second's bind.
std::string second_bind(Second first, Second second, First stays = First::bound) {
    Pair pair;
    const Program one = Program::stream(pair, pair.a);
    give(one, first.has);
    EXPECT_EQ(one.bind(first.address), "OK");
    if (stays == First::listening) {
        EXPECT_EQ(one.listen(1), "OK");
    }
    const Program two = Program::stream(pair, pair.a);
    give(two, second.has);
    return two.bind(second.address);
}

TEST(Bind, SecondBindOnOneSocket_API_BIND_001) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.bind(lo80), "OK");
    EXPECT_EQ(program.bind(lo80), "EINVAL");
    EXPECT_EQ(program.bind({Ipv4::any(), Port{}}), "EINVAL");
}

TEST(Bind, AfterAConnection_API_BIND_002) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.bind({Ipv4::any(), Port{}}), "EINVAL");
}

TEST(Bind, AddressOfAnotherHost_API_BIND_003) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.bind({Ipv4(192, 0, 2, 9), Port{80}}), "EADDRNOTAVAIL");
    const auto call = pair.log.last(event::Call::bind);
    ASSERT_TRUE(call);
    EXPECT_EQ(call->reason, event::Reason::address_not_local);
    EXPECT_EQ(call->argument, (Endpoint{Ipv4(192, 0, 2, 9), Port{80}}));
    EXPECT_EQ(program.set(ipproto_ip, free_bind, 1), "OK");
    EXPECT_EQ(program.bind({Ipv4(192, 0, 2, 9), Port{80}}), "OK");
}

TEST(Bind, EveryAddressOf127IsLocal_API_BIND_004) {
    Pair pair;
    EXPECT_EQ(Program::stream(pair, pair.a).bind({Ipv4(127, 9, 9, 9), Port{80}}), "OK");
}

TEST(Bind, BroadcastAndMulticastAreAccepted_API_BIND_005) {
    Pair pair;
    EXPECT_EQ(Program::stream(pair, pair.a).bind({Ipv4::broadcast(), Port{80}}), "OK");
    EXPECT_EQ(Program::stream(pair, pair.a).bind({Ipv4(224, 0, 0, 1), Port{80}}), "OK");
}

TEST(Bind, PrivilegedPort_API_BIND_006_API_ERR_001) {
    Config config;
    config.unprivileged_port_start = 1024;
    Pair pair(config);
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.bind(lo80), "EACCES");
    EXPECT_EQ(pair.log.last(event::Call::bind)->reason, event::Reason::port_privileged);
    EXPECT_EQ(program.bind({Ipv4::loopback(), Port{1024}}), "OK");
}

TEST(Bind, AutomaticPortIsVisibleAtOnce_API_BIND_010) {
    Pair pair;
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.bind({Ipv4::loopback(), Port{}}), "OK");
    EXPECT_GE(program.local().port.value(), 32768);
    EXPECT_LE(program.local().port.value(), 60999);
    EXPECT_EQ(program.local().addr, IpAddr(Ipv4::loopback()));
}

TEST(Bind, NameBeforeBind_API_BIND_011) {
    Pair pair;
    EXPECT_EQ(Program::stream(pair, pair.a).local(), (Endpoint{Ipv4::any(), Port{}}));
}

TEST(Bind, NoPortIsFree_API_BIND_012) {
    Config config;
    config.port_first = 40000;
    config.port_last = 40003;
    Pair pair(config);
    for (int i = 0; i < 4; ++i) {
        EXPECT_EQ(Program::stream(pair, pair.a).bind({Ipv4::any(), Port{}}), "OK");
    }
    EXPECT_EQ(Program::stream(pair, pair.a).bind({Ipv4::any(), Port{}}), "EADDRINUSE");
    EXPECT_EQ(pair.log.last(event::Call::bind)->reason, event::Reason::ports_exhausted);
}

TEST(Bind, SameAddressWithoutOptions_API_BIND_013) {
    EXPECT_EQ(second_bind({lo80, Has::nothing}, {lo80, Has::nothing}), "EADDRINUSE");
}

TEST(Bind, SameAddressBothReuseAddress_API_BIND_014) {
    EXPECT_EQ(second_bind({lo80, Has::address}, {lo80, Has::address}), "OK");
}

TEST(Bind, SameAddressOneReusesAddress_API_BIND_015) {
    EXPECT_EQ(second_bind({lo80, Has::address}, {lo80, Has::nothing}), "EADDRINUSE");
    EXPECT_EQ(second_bind({lo80, Has::nothing}, {lo80, Has::address}), "EADDRINUSE");
}

TEST(Bind, SameAddressFirstListens_API_BIND_016) {
    EXPECT_EQ(second_bind({lo80, Has::address}, {lo80, Has::address}, First::listening),
              "EADDRINUSE");
}

TEST(Bind, BothBoundThenBothListen_API_BIND_017_API_LIST_006) {
    Pair pair;
    const Program one = Program::stream(pair, pair.a);
    const Program two = Program::stream(pair, pair.a);
    give(one, Has::address);
    give(two, Has::address);
    EXPECT_EQ(one.bind(lo80), "OK");
    EXPECT_EQ(two.bind(lo80), "OK");
    EXPECT_EQ(one.listen(1), "OK");
    EXPECT_EQ(two.listen(1), "EADDRINUSE");
    EXPECT_EQ(pair.log.last(event::Call::listen)->reason, event::Reason::port_held_by_listener);
}

TEST(Bind, BothReusePort_API_BIND_018) {
    EXPECT_EQ(second_bind({lo80, Has::port}, {lo80, Has::port}), "OK");
    EXPECT_EQ(second_bind({lo80, Has::port}, {lo80, Has::port}, First::listening), "OK");
}

TEST(Bind, OneReusesPort_API_BIND_019) {
    EXPECT_EQ(second_bind({lo80, Has::port}, {lo80, Has::nothing}), "EADDRINUSE");
    EXPECT_EQ(second_bind({lo80, Has::nothing}, {lo80, Has::port}), "EADDRINUSE");
    EXPECT_EQ(second_bind({lo80, Has::port}, {lo80, Has::address}), "EADDRINUSE");
}

TEST(Bind, WildcardAgainstSpecific_API_BIND_021) {
    EXPECT_EQ(second_bind({any80, Has::nothing}, {lo80, Has::nothing}), "EADDRINUSE");
    EXPECT_EQ(second_bind({lo80, Has::nothing}, {any80, Has::nothing}), "EADDRINUSE");
}

TEST(Bind, WildcardAgainstSpecificBothReuseAddress_API_BIND_022) {
    EXPECT_EQ(second_bind({any80, Has::address}, {lo80, Has::address}), "OK");
}

TEST(Bind, ListeningWildcardAgainstSpecific_API_BIND_023) {
    EXPECT_EQ(second_bind({any80, Has::address}, {lo80, Has::address}, First::listening),
              "EADDRINUSE");
    EXPECT_EQ(second_bind({lo80, Has::address}, {any80, Has::address}, First::listening),
              "EADDRINUSE");
}

TEST(Bind, TwoSpecificAddresses_API_BIND_024) {
    const Endpoint other{Ipv4(127, 0, 0, 2), Port{80}};
    EXPECT_EQ(second_bind({lo80, Has::nothing}, {other, Has::nothing}, First::listening), "OK");
}

/// A server on port 80 that closed actively: its connection is in TIME-WAIT. Answers a new bind.
std::string bind_over_time_wait(Has old_one, Has new_one) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    give(listener, old_one);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    const auto server = listener.accept();
    EXPECT_TRUE(server);
    EXPECT_EQ(server->close(), "OK");
    pair.settle();
    EXPECT_EQ(client.close(), "OK");
    EXPECT_EQ(listener.close(), "OK");
    pair.settle();
    const Program again = Program::stream(pair, pair.b);
    give(again, new_one);
    const std::string answer = again.bind(pair.b.at(80));
    if (answer != "OK") {
        EXPECT_EQ(pair.log.last(event::Call::bind)->reason, event::Reason::port_in_time_wait);
    }
    return answer;
}

TEST(Bind, PortInTimeWait_API_BIND_025) {
    EXPECT_EQ(bind_over_time_wait(Has::nothing, Has::nothing), "EADDRINUSE");
    EXPECT_EQ(bind_over_time_wait(Has::nothing, Has::address), "EADDRINUSE");
    EXPECT_EQ(bind_over_time_wait(Has::address, Has::nothing), "EADDRINUSE");
    EXPECT_EQ(bind_over_time_wait(Has::address, Has::address), "OK");
}

/// A port with a live connection whose listener is closed. Answers bind and listen of a new socket.
std::string restart_beside_connection(Has old_one, Has new_one) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    give(listener, old_one);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_TRUE(listener.accept());
    EXPECT_EQ(listener.close(), "OK");
    const Program again = Program::stream(pair, pair.b);
    give(again, new_one);
    const std::string answer = again.bind(pair.b.at(80));
    return answer == "OK" ? again.listen(1) : answer;
}

TEST(Bind, PortWithALiveConnection_API_BIND_026) {
    EXPECT_EQ(restart_beside_connection(Has::nothing, Has::nothing), "EADDRINUSE");
    EXPECT_EQ(restart_beside_connection(Has::nothing, Has::address), "EADDRINUSE");
    EXPECT_EQ(restart_beside_connection(Has::address, Has::address), "OK");
}

/// As second_bind(), for datagrams.
std::string second_datagram_bind(Has first, Has second) {
    Pair pair;
    const Program one = Program::datagram(pair, pair.a);
    give(one, first);
    EXPECT_EQ(one.bind(lo80), "OK");
    const Program two = Program::datagram(pair, pair.a);
    give(two, second);
    return two.bind(lo80);
}

TEST(Bind, Datagrams_API_BIND_034) {
    EXPECT_EQ(second_datagram_bind(Has::nothing, Has::nothing), "EADDRINUSE");
    EXPECT_EQ(second_datagram_bind(Has::address, Has::address), "OK");
    EXPECT_EQ(second_datagram_bind(Has::address, Has::nothing), "EADDRINUSE");
    EXPECT_EQ(second_datagram_bind(Has::port, Has::port), "OK");
    EXPECT_EQ(second_datagram_bind(Has::address, Has::port), "EADDRINUSE");
}

TEST(Bind, ReusePortSetAfterTheFirstBind_API_BIND_036) {
    Pair pair;
    const Program one = Program::stream(pair, pair.a);
    EXPECT_EQ(one.bind(lo80), "OK");
    give(one, Has::port);
    const Program two = Program::stream(pair, pair.a);
    give(two, Has::port);
    EXPECT_EQ(two.bind(lo80), "OK");
}

TEST(Bind, AddressWithoutPort_API_BIND_037) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const Program program = Program::stream(pair, pair.a);
    EXPECT_EQ(program.set(ipproto_ip, bind_address_no_port, 1), "OK");
    EXPECT_EQ(program.bind(pair.a.at(0)), "OK");
    EXPECT_TRUE(program.local().port.is_any());
    EXPECT_EQ(program.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_FALSE(program.local().port.is_any());
    EXPECT_EQ(program.local().addr, IpAddr(pair.a.address));
}

TEST(Bind, CloseFreesThePort_API_BIND_038) {
    Pair pair;
    const Program one = Program::stream(pair, pair.a);
    EXPECT_EQ(one.bind(lo80), "OK");
    EXPECT_EQ(one.close(), "OK");
    EXPECT_EQ(Program::stream(pair, pair.a).bind(lo80), "OK");
}

}  // namespace
}  // namespace dt::stack::testing
