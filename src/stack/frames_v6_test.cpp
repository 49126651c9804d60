// IPv6 packets built by hand, and what the sockets of a host learn of them (spec 5.5, 5.6, 5.9).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::stack::testing {
namespace {

using event::Reason;
using wire::NextHeader;
using Bytes = std::vector<std::byte>;

Bytes operator+(Bytes first, const Bytes& second) {
    first.insert(first.end(), second.begin(), second.end());
    return first;
}

Config with_v6() {
    Config config;
    config.ipv6 = event::Switch::on;
    return config;
}

constexpr Mac mac_of(std::uint8_t last) { return Mac({2, 0, 0, 0, 0, last}); }

/// Hosts with IPv6; what the test builds comes to `a` as from `b`.
class FramesV6 : public ::testing::Test {
  protected:
    FramesV6() {
        // Nothing of ours is answered: b hears nobody.
        pair.a.stack.add_neighbour(pair.now, 1, pair.b.address_v6(), mac_of(2));
        pair.from_a.drops = [](const Frame&) { return true; };
    }

    [[nodiscard]] Bytes packet(NextHeader next, const Bytes& payload) const {
        Bytes octets(wire::Ipv6Repr::size());
        wire::Ipv6Repr{.source = pair.b.address_v6(),
                       .destination = pair.a.address_v6(),
                       .next_header = next,
                       .hop_limit = 64,
                       .traffic_class = 0,
                       .flow_label = 0,
                       .payload_length = static_cast<std::uint32_t>(payload.size())}
            .emit(octets);
        return octets + payload;
    }
    void hear(const Bytes& ip, Mac to = mac_of(1)) {
        Bytes link(wire::EthernetRepr::size());
        wire::EthernetRepr{to, mac_of(2), wire::EtherType::ipv6}.emit(link);
        FramePtr frame = pair.pool.frame();
        ASSERT_TRUE(frame->add(pair.pool.copy(link + ip)));
        pair.a.inbox.frames.push_back({1, std::move(frame)});
        pair.settle();
    }
    /// The sum over the pseudo-header in its place, or 0 there.
    enum class Sum : std::uint8_t { right, zero };
    void put_sum(Bytes& message, wire::IpProtocol protocol, std::size_t at) const {
        const std::uint16_t sum =
            wire::pseudo_header(pair.b.address_v6(), pair.a.address_v6(), protocol,
                                static_cast<std::uint32_t>(message.size()))
                .add(Octets{message})
                .finish();
        store_be(MutableOctets{message}, at, sum);
    }
    [[nodiscard]] Bytes datagram(Sum sum) const {
        Bytes message(wire::UdpRepr::size() + 1, std::byte{'x'});
        wire::UdpRepr{Port{4000}, Port{53}, 1}.emit(message);
        store_be<std::uint16_t>(MutableOctets{message}, wire::UdpRepr::checksum_offset, 0);
        if (sum == Sum::right) {
            put_sum(message, wire::IpProtocol::udp, wire::UdpRepr::checksum_offset);
        }
        return message;
    }
    [[nodiscard]] Program receiver() {
        const Program program = Program::datagram(pair, pair.a, sock::Family::inet6);
        EXPECT_EQ(program.bind(pair.a.at_v6(53)), "OK");
        return program;
    }
    /// An error about the first octets of `sent`.
    [[nodiscard]] Bytes error(std::uint8_t type, std::uint8_t code, const event::Segment& sent) {
        Bytes quoted(wire::Ipv6Repr::size() + 20);
        wire::Ipv6Repr{.source = sent.tuple.local.addr.v6(),
                       .destination = sent.tuple.remote.addr.v6(),
                       .next_header = NextHeader::tcp,
                       .hop_limit = 64,
                       .traffic_class = 0,
                       .flow_label = 0,
                       .payload_length = 20}
            .emit(quoted);
        const MutableOctets tcp = MutableOctets{quoted}.subspan(wire::Ipv6Repr::size());
        store_be(tcp, 0, sent.tuple.local.port.value());
        store_be(tcp, 2, sent.tuple.remote.port.value());
        store_be(tcp, 4, sent.seq.value());
        Bytes message(wire::Icmpv6Repr::size());
        wire::Icmpv6Repr{static_cast<wire::Icmpv6Type>(type), code, 0}.emit(message);
        message = message + quoted;
        put_sum(message, wire::IpProtocol::icmpv6, wire::Icmpv6Repr::checksum_offset);
        return packet(NextHeader::icmpv6, message);
    }
    /// What connect() comes to when an ICMPv6 error answers its SYN.
    std::string answer_to_connect(std::uint8_t type, std::uint8_t code) {
        const Program program = Program::stream(pair, pair.a, sock::Family::inet6);
        EXPECT_EQ(program.connect(pair.b.at_v6(80)), "EINPROGRESS");
        pair.settle();
        const auto sent = pair.log.all<event::SegmentSent>();
        EXPECT_FALSE(sent.empty());
        hear(error(type, code, sent.back().segment));
        return program.take_error();
    }

    Pair pair{with_v6()};
};

TEST_F(FramesV6, UDP_002_over_ipv6_a_datagram_has_a_checksum) {
    const Program program = receiver();
    hear(packet(NextHeader::udp, datagram(Sum::zero)));
    EXPECT_EQ(program.receive(), "EAGAIN");
    EXPECT_EQ(pair.log.all<event::DatagramMoved>().back().reason, Reason::bad_checksum);
    hear(packet(NextHeader::udp, datagram(Sum::right)));
    EXPECT_EQ(program.receive(), "'x'");
}

TEST_F(FramesV6, IP6_025_the_checksum_is_over_the_final_destination) {
    const Program program = receiver();
    // A routing header of any type whose segments are done (RFC 8200 §4.4).
    const Bytes routing{static_cast<std::byte>(NextHeader::udp),
                        std::byte{0},
                        std::byte{99},
                        std::byte{0},
                        std::byte{0},
                        std::byte{0},
                        std::byte{0},
                        std::byte{0}};
    hear(packet(NextHeader::routing, routing + datagram(Sum::right)));
    EXPECT_EQ(program.receive(), "'x'");
}

TEST_F(FramesV6, IP6_027_a_segment_for_one_host_in_a_frame_for_many_is_dropped) {
    const Program listener = Program::stream(pair, pair.a, sock::Family::inet6);
    EXPECT_EQ(listener.bind(pair.a.at_v6(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    Bytes syn(20);
    store_be<std::uint16_t>(syn, 0, 4000);
    store_be<std::uint16_t>(syn, 2, 80);
    syn[12] = std::byte{0x50};
    syn[13] = std::byte{2};
    put_sum(syn, wire::IpProtocol::tcp, 16);
    hear(packet(NextHeader::tcp, syn), Mac({0x33, 0x33, 0, 0, 0, 1}));
    EXPECT_EQ(pair.from_a.sent, 0U);
    EXPECT_EQ(pair.log.all<event::SegmentDropped>().back().reason, Reason::invalid_destination);
    hear(packet(NextHeader::tcp, syn));
    EXPECT_EQ(pair.from_a.sent, 1U);
}

TEST_F(FramesV6, ICMP6_009_ICMP6_012_TCP_ICMP_014_each_error_about_a_SYN_is_an_errno) {
    struct Case {
        std::uint8_t type;
        std::uint8_t code;
        const char* errno_name;
    };
    for (const Case& each : std::to_array<Case>({{1, 0, "ENETUNREACH"},
                                                 {1, 1, "EACCES"},
                                                 {1, 2, "EHOSTUNREACH"},
                                                 {1, 3, "EHOSTUNREACH"},
                                                 {1, 4, "ECONNREFUSED"},
                                                 {1, 5, "EACCES"},
                                                 {1, 6, "EACCES"},
                                                 {1, 7, "EPROTO"},
                                                 {1, 8, "EPROTO"},
                                                 {3, 0, "EHOSTUNREACH"},
                                                 {3, 1, "EHOSTUNREACH"},
                                                 {4, 0, "EPROTO"},
                                                 {4, 1, "EPROTO"},
                                                 {4, 2, "EPROTO"},
                                                 {4, 3, "EPROTO"},
                                                 {5, 0, "EPROTO"}})) {
        EXPECT_EQ(answer_to_connect(each.type, each.code), each.errno_name)
            << int{each.type} << "/" << int{each.code};
    }
    EXPECT_EQ(answer_to_connect(2, 0), "0");  // it is too large, which a SYN can mend
}

TEST_F(FramesV6, IP6_009_a_chain_of_more_than_eight_headers_is_dropped) {
    const Program program = receiver();
    const auto chained = [](std::size_t headers, Bytes transport) {
        Bytes chain;
        for (std::size_t i = 0; i < headers; ++i) {
            const auto next = i + 1 == headers ? NextHeader::udp : NextHeader::destination_options;
            Bytes header(8);
            header[0] = static_cast<std::byte>(next);
            header[2] = std::byte{1};  // PadN
            header[3] = std::byte{4};
            chain = chain + header;
        }
        return chain + std::move(transport);
    };
    hear(packet(NextHeader::destination_options, chained(8, datagram(Sum::right))));
    EXPECT_EQ(program.receive(), "'x'");
    hear(packet(NextHeader::destination_options, chained(9, datagram(Sum::right))));
    EXPECT_EQ(program.receive(), "EAGAIN");
    EXPECT_EQ(pair.log.all<event::PacketDropped>().back().reason, Reason::bad_header);
}

TEST_F(FramesV6, TCP_OPT_031_an_mss_of_65535_leaves_segments_to_the_path) {
    const Program listener = Program::stream(pair, pair.a, sock::Family::inet6);
    EXPECT_EQ(listener.bind(pair.a.at_v6(80)), "OK");
    EXPECT_EQ(listener.listen(1), "OK");
    const auto segment = [this](TcpFlags flags, std::uint32_t seq, std::uint32_t ack) {
        wire::TcpRepr header;
        header.source = Port{4000};
        header.destination = Port{80};
        header.seq = Seq{seq};
        header.ack = Seq{ack};
        header.flags = flags;
        header.window = 65535;
        if (flags.syn()) header.options.mss = 65535;
        Bytes octets(header.size());
        static_cast<void>(header.emit(octets));
        store_be<std::uint16_t>(octets, 16, 0);
        put_sum(octets, wire::IpProtocol::tcp, 16);
        hear(packet(NextHeader::tcp, octets));
    };
    segment(TcpFlag::syn, 100, 0);
    const Seq iss = pair.log.all<event::SegmentSent>().back().segment.seq;
    segment(TcpFlag::ack, 101, iss.value() + 1);
    const auto server = listener.accept();
    ASSERT_TRUE(server);
    EXPECT_EQ(server->send(std::string(5000, 'x')), "5000");
    pair.settle();
    std::uint32_t most = 0;
    for (const event::SegmentSent& sent : pair.log.all<event::SegmentSent>())
        most = std::max(most, sent.segment.length);
    EXPECT_EQ(most, 1440U);
}

}  // namespace
}  // namespace dt::stack::testing
