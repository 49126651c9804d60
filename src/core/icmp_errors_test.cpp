// ICMP errors and datagram sockets: what each type and code means, and who is told.
#include "core/icmp_errors.hpp"

#include "core/hosts_fixture.hpp"
#include "wire/icmpv4.hpp"

namespace dt::core::test {
namespace {

using udp::Hardness;

struct Case {
    int type;
    int code;
    Error error;
    Hardness hardness;
};

void expect(const Case& each, const IpAddr& own) {
    const ip::ErrorIn error{.from = own,
                            .type = static_cast<std::uint8_t>(each.type),
                            .code = static_cast<std::uint8_t>(each.code),
                            .mtu = 0,
                            .source = own,
                            .destination = own,
                            .protocol = 17,
                            .transport = {}};
    const DatagramError means = datagram_error(error);
    EXPECT_EQ(means.error, each.error) << each.type << '/' << each.code;
    EXPECT_EQ(means.hardness, each.hardness) << each.type << '/' << each.code;
}

TEST(IcmpErrors, UDP_013_hardness_and_errno_are_of_type_and_code) {
    constexpr auto soft = Hardness::soft;
    constexpr auto hard = Hardness::hard;
    const std::vector<Case> cases = {
        {3, 0, Error::network_unreachable, soft},
        {3, 1, Error::host_unreachable, soft},
        {3, 2, Error::no_such_option, hard},
        {3, 3, Error::connection_refused, hard},
        {3, 4, Error::message_too_long, Hardness::of_size},
        {3, 5, Error::not_supported, soft},
        {3, 6, Error::network_unreachable, hard},
        {3, 7, Error::host_unreachable, hard},
        {3, 8, Error::host_unreachable, hard},
        {3, 9, Error::network_unreachable, hard},
        {3, 10, Error::host_unreachable, hard},
        {3, 11, Error::network_unreachable, soft},
        {3, 12, Error::host_unreachable, soft},
        {3, 13, Error::host_unreachable, hard},
        {3, 14, Error::host_unreachable, hard},
        {3, 15, Error::host_unreachable, hard},
        {11, 0, Error::host_unreachable, soft},
        {12, 0, Error::protocol_error, hard},
    };
    for (const Case& each : cases) expect(each, IpAddr::loopback_v4());
}

TEST(IcmpErrors, UDP_013_hardness_and_errno_of_icmpv6_are_of_type_and_code) {
    constexpr auto soft = Hardness::soft;
    constexpr auto hard = Hardness::hard;
    const std::vector<Case> cases = {
        {1, 0, Error::network_unreachable, soft},
        {1, 1, Error::access_denied, hard},
        {1, 2, Error::host_unreachable, soft},
        {1, 3, Error::host_unreachable, soft},
        {1, 4, Error::connection_refused, hard},
        {1, 5, Error::access_denied, hard},
        {1, 6, Error::access_denied, hard},
        {1, 7, Error::protocol_error, hard},
        {1, 255, Error::protocol_error, hard},
        {2, 0, Error::message_too_long, Hardness::of_size},
        {3, 0, Error::host_unreachable, soft},
        {3, 1, Error::host_unreachable, soft},
        {4, 0, Error::protocol_error, hard},
        {100, 0, Error::protocol_error, soft},
    };
    for (const Case& each : cases) expect(each, IpAddr::loopback_v6());
}

class IcmpErrorsToSockets : public Hosts {
  protected:
    IcmpErrorsToSockets() {
        back_to_back();
        socket = open(a(), "10.0.0.1:4000");
        a().core.udp().connect(socket.id, peer);
    }
    /// A router says that what the socket sent did not arrive.
    std::optional<Error> told(std::uint8_t code, std::uint16_t mtu = 0) {
        Bytes header(8);
        store_be(header, 0, socket.local.port.value());
        store_be(header, 2, peer.port.value());
        say(code, mtu, wire::IpProtocol::udp, header);
        return a().core.udp().take_error(socket.id);
    }
    void say(std::uint8_t code, std::uint16_t mtu, wire::IpProtocol protocol, const Bytes& header) {
        Bytes message(8 + 20);
        wire::Ipv4Repr quoted;
        quoted.source = addr("10.0.0.1").v4();
        quoted.destination = peer.addr.v4();
        quoted.protocol = protocol;
        quoted.payload_length = static_cast<std::uint32_t>(header.size());
        quoted.emit(MutableOctets{message}.subspan(8));
        message.insert(message.end(), header.begin(), header.end());
        message[0] = std::byte{3};
        message[1] = static_cast<std::byte>(code);
        store_be(message, 6, mtu);
        store_be(message, 2, Checksum::of(message).finish());
        inject(a(), frame_to(a(), 1, message));
    }

    const Endpoint peer = at("10.0.0.2:53");
    Socket socket;
};

TEST_F(IcmpErrorsToSockets, UDP_011_the_refusal_of_a_firewall_is_told_to_a_connected_socket) {
    EXPECT_EQ(told(13), Error::host_unreachable);
    EXPECT_EQ(told(10), Error::host_unreachable);
    EXPECT_EQ(told(9), Error::network_unreachable);
    EXPECT_EQ(told(1), std::nullopt);
    EXPECT_EQ(told(0), std::nullopt);
}

TEST_F(IcmpErrorsToSockets, WhatWasTooLargeIsToldUnlessSizesAreLeftToRouters) {
    udp::Engine& udp = a().core.udp();
    EXPECT_EQ(told(4, 1000), Error::message_too_long);
    udp.set_errors(socket.id, udp::Errors::hard_ones, udp::Oversize::soft);
    EXPECT_EQ(told(4, 1000), std::nullopt);
    udp.set_errors(socket.id, udp::Errors::all, udp::Oversize::soft);
    EXPECT_EQ(told(4, 1000), Error::message_too_long);
    EXPECT_TRUE(udp.take_notice(socket.id));
    udp.set_errors(socket.id, udp::Errors::all, udp::Oversize::unheard);
    EXPECT_EQ(told(4, 1000), std::nullopt);
    EXPECT_FALSE(udp.has_notice(socket.id));
}

TEST_F(IcmpErrorsToSockets, ICMP4_014_an_error_about_our_answer_is_not_about_a_programs_question) {
    udp::Engine& icmp = a().core.icmp();
    const auto asking = icmp.open(at("10.0.0.1:77"), 65536);
    icmp.set_errors(asking, udp::Errors::all);
    Bytes echo(8);
    store_be<std::uint16_t>(echo, 4, 77);
    say(1, 0, wire::IpProtocol::icmp, echo);  // type 0: an echo reply
    EXPECT_EQ(icmp.take_error(asking), std::nullopt);
    echo[0] = std::byte{8};
    say(1, 0, wire::IpProtocol::icmp, echo);
    EXPECT_EQ(icmp.take_error(asking), Error::host_unreachable);
}

}  // namespace
}  // namespace dt::core::test
