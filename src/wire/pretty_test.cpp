// Tests of packets as text.
#include "wire/pretty.hpp"

#include <gtest/gtest.h>

#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/hex_fixture.hpp"
#include "wire/icmpv4.hpp"
#include "wire/ipv4.hpp"
#include "wire/udp.hpp"

namespace dt::wire {
namespace {

constexpr Seq iss{0xfffffff0U};
constexpr Seq irs{1000};

TcpRepr segment(TcpFlags flags, Seq seq, Seq ack) {
    return {.source = Port{40000},
            .destination = Port{80},
            .seq = seq,
            .ack = ack,
            .flags = flags,
            .window = 64240,
            .urgent = 0,
            .options = {}};
}

std::vector<std::byte> frame_with(EtherType type, const std::vector<std::byte>& payload) {
    std::vector<std::byte> frame(EthernetRepr::size());
    EthernetRepr{*Mac::parse("02:00:00:00:00:02"), *Mac::parse("02:00:00:00:00:01"), type}.emit(
        frame);
    frame.insert(frame.end(), payload.begin(), payload.end());
    return frame;
}

std::vector<std::byte> datagram_with(IpProtocol protocol, const std::vector<std::byte>& payload) {
    const Ipv4Repr ip{.source = {10, 0, 0, 1},
                      .destination = {10, 0, 0, 2},
                      .protocol = protocol,
                      .payload_length = static_cast<std::uint32_t>(payload.size())};
    std::vector<std::byte> octets(ip.size());
    ip.emit(octets);
    octets.insert(octets.end(), payload.begin(), payload.end());
    return octets;
}

std::string line(IpProtocol protocol, const std::vector<std::byte>& payload) {
    return pretty_frame(frame_with(EtherType::ipv4, datagram_with(protocol, payload)));
}

TEST(Pretty, WritesSegmentsAsPacketdrillDoes) {
    TcpRepr syn = segment(TcpFlag::syn, iss, {});
    syn.options = {.mss = 1460,
                   .window_scale = 10,
                   .sack_permitted = true,
                   .timestamps = Timestamps{1, 0},
                   .sack = {}};
    EXPECT_EQ(pretty(syn, 0, {iss, irs}),
              "S 0:0(0) win 64240 <mss 1460,sackOK,TS val 1 ecr 0,nop,wscale 10>");
    const TcpRepr syn_ack = segment(TcpFlag::syn | TcpFlag::ack, irs, iss + 1);
    EXPECT_EQ(pretty(syn_ack, 0, {irs, iss}, Detail::brief), "S. 0:0(0) ack 1");
    const TcpRepr data = segment(TcpFlag::psh | TcpFlag::ack, iss + 1, irs + 1);
    EXPECT_EQ(pretty(data, 77, {iss, irs}, Detail::brief), "P. 1:78(77) ack 1");
    EXPECT_EQ(pretty(data, 77, {iss, irs}), "P. 1:78(77) ack 1 win 64240");
}

TEST(Pretty, WritesOptionsInTheOrderOfTheWire) {
    TcpOptions options;
    EXPECT_EQ(pretty(options), "");
    options.timestamps = Timestamps{7, 9};
    EXPECT_EQ(pretty(options), "nop,nop,TS val 7 ecr 9");
    options.sack.push_back({irs + 1001, irs + 2001});
    options.sack.push_back({irs + 3001, irs + 4001});
    EXPECT_EQ(pretty(options, irs), "nop,nop,TS val 7 ecr 9,nop,nop,sack 1001:2001 3001:4001");
    options = {};
    options.sack_permitted = true;
    EXPECT_EQ(pretty(options), "nop,nop,sackOK");
}

TEST(Pretty, WritesEveryFlag) {
    EXPECT_EQ(pretty(TcpFlags::from_bits(0xff)), "SFRPUEW.");
    EXPECT_EQ(pretty(TcpFlags{}), "-");
    EXPECT_EQ(pretty(TcpFlag::fin | TcpFlag::ack), "F.");
    TcpRepr urgent = segment(TcpFlag::urg | TcpFlag::ack, iss, irs);
    urgent.urgent = 3;
    EXPECT_EQ(pretty(urgent, 3, {iss, irs}), "U. 0:3(3) ack 0 win 64240 urg 3");
}

TEST(Pretty, WritesFramesOfEveryProtocol) {
    std::vector<std::byte> tcp(20);
    (void)segment(TcpFlag::syn, Seq{7}, {}).emit(tcp);
    EXPECT_EQ(line(IpProtocol::tcp, tcp), "10.0.0.1:40000 > 10.0.0.2:80 S 7:7(0) win 64240");
    std::vector<std::byte> udp(11);
    UdpRepr{.source = Port{5}, .destination = Port{53}, .payload_length = 3}.emit(udp);
    EXPECT_EQ(line(IpProtocol::udp, udp), "10.0.0.1:5 > 10.0.0.2:53 udp (3)");
    std::vector<std::byte> icmp(8);
    Icmpv4Repr::echo_request(1, 2).emit(icmp, {});
    EXPECT_EQ(line(IpProtocol::icmp, icmp), "10.0.0.1 > 10.0.0.2 icmp echo request id 1 seq 2 (0)");
    EXPECT_EQ(line(static_cast<IpProtocol>(200), tcp), "10.0.0.1 > 10.0.0.2 protocol 200 (20)");
}

TEST(Pretty, WritesWhatAnErrorIsAbout) {
    std::vector<std::byte> udp(8);
    UdpRepr{.source = Port{5}, .destination = Port{53}, .payload_length = 0}.emit(udp);
    const auto quoted = datagram_with(IpProtocol::udp, udp);
    std::vector<std::byte> icmp(8);
    Icmpv4Repr::unreachable(UnreachableCode::port).emit(icmp, Checksum::of(quoted));
    icmp.insert(icmp.end(), quoted.begin(), quoted.end());
    EXPECT_EQ(line(IpProtocol::icmp, icmp),
              "10.0.0.1 > 10.0.0.2 icmp unreachable port [10.0.0.1:5 > 10.0.0.2:53]");
}

TEST(Pretty, WritesArp) {
    ArpRepr arp{ArpOperation::request, *Mac::parse("02:00:00:00:00:01"), Ipv4(10, 0, 0, 1), Mac{},
                Ipv4(10, 0, 0, 2)};
    std::vector<std::byte> octets(ArpRepr::size());
    arp.emit(octets);
    EXPECT_EQ(pretty_frame(frame_with(EtherType::arp, octets)),
              "arp who-has 10.0.0.2 tell 10.0.0.1");
    arp.reply_from(*Mac::parse("02:00:00:00:00:02")).emit(octets);
    EXPECT_EQ(pretty_frame(frame_with(EtherType::arp, octets)),
              "arp 10.0.0.2 is-at 02:00:00:00:00:02");
}

TEST(Pretty, NamesWhatItCannotParse) {
    EXPECT_EQ(pretty_frame(hex("0200")), "frame truncated (2)");
    EXPECT_EQ(pretty_frame(frame_with(EtherType::ipv4, hex("4500"))), "ip truncated (2)");
    EXPECT_EQ(pretty_frame(frame_with(EtherType::arp, hex("00"))), "arp truncated (1)");
    EXPECT_EQ(pretty_frame(frame_with(EtherType::ipv6, hex("6000"))),
              "02:00:00:00:00:01 > 02:00:00:00:00:02 type 0x86dd (2)");
    EXPECT_EQ(line(IpProtocol::tcp, std::vector<std::byte>(20)),
              "10.0.0.1 > 10.0.0.2 tcp malformed (20)");
}

}  // namespace
}  // namespace dt::wire
