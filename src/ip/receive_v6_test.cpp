// Tests of arriving IPv6 packets: header, extension headers, fragments, ICMPv6.
#include <gtest/gtest.h>

#include "ip/host_v6_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using namespace std::chrono_literals;

class ReceiveV6 : public HostV6Fixture {
  protected:
    ReceiveV6() { know_peer_v6(); }

    /// A destination-options header with `options`, padded by PadN.
    static Bytes options(int next, Bytes inside) {
        const std::size_t pad = (8 - (2 + inside.size()) % 8) % 8;
        if (pad == 1) inside.push_back(std::byte{0});
        if (pad > 1) {
            inside = inside + octets_of({1, static_cast<int>(pad - 2)}) + Bytes(pad - 2);
        }
        return octets_of({next, static_cast<int>((2 + inside.size()) / 8 - 1)}) + inside;
    }
    static Bytes fragment_header(int next, std::uint32_t offset, bool more, std::uint32_t id) {
        Bytes header(wire::Ipv6Fragment::size());
        wire::Ipv6Fragment{static_cast<wire::NextHeader>(next), offset, more, id}.emit(header);
        return header;
    }
    static PacketV6 fragment(std::uint32_t offset, bool more, std::size_t length,
                             std::uint32_t id = 4) {
        PacketV6 packet;
        packet.next_header = 44;
        packet.payload = fragment_header(17, offset, more, id) + Bytes(length, std::byte{0x11});
        return packet;
    }
};

TEST_F(ReceiveV6, IsOffByDefault) {
    Engine off{Config{}, 1, 3, pool};
    off.add_interface({.name = "eth0",
                       .mac = mac(1),
                       .mtu = 1500,
                       .addresses = {{addr(own_text), 64}},
                       .vouches = false,
                       .super_segment_max = 0});
    EXPECT_FALSE(off.is_local(addr(own_text)));
    const Config plain;
    const Turn without{now, plain, log, 3};
    EXPECT_FALSE(off.receive(without, 1, frame_of(PacketV6{}.frame())).packet);
    EXPECT_EQ(log.dropped(Reason::ipv6_off), 1U);
}

TEST_F(ReceiveV6, IP6_001_another_version_and_a_length_past_the_frame_are_dropped) {
    PacketV6 packet;
    Bytes octets = packet.ip();
    octets[0] = std::byte{0x50};
    inject(Packet::link(octets, wire::EtherType::ipv6, mac(9), mac(2)), link);
    octets = packet.ip();
    octets[5] = std::byte{9};
    inject(Packet::link(octets, wire::EtherType::ipv6, mac(9), mac(2)), link);
    EXPECT_EQ(log.dropped(Reason::bad_header), 2U);
    EXPECT_TRUE(is_delivered(packet));
}

TEST_F(ReceiveV6, LinkPaddingIsCutOff) {
    Bytes frame = PacketV6{}.frame() + Bytes(20);
    frame[5] = std::byte{9};
    const auto arrival = inject(frame, link);
    ASSERT_TRUE(arrival.packet);
    EXPECT_EQ(arrival.packet->frame->size(), 8U);
}

TEST_F(ReceiveV6, IP6_003_hop_by_hop_options_stand_first_or_nowhere) {
    EXPECT_TRUE(is_delivered(PacketV6::with(0, options(17, {}))));
    EXPECT_TRUE(is_delivered(PacketV6::with(60, options(60, {}) + options(17, {}))));
    const Answer first = answer_to(PacketV6::with(60, options(0, {}) + options(17, {})));
    EXPECT_EQ(first.type, 4);
    EXPECT_EQ(first.code, 1);
    EXPECT_EQ(first.rest, 40U);
    const Answer second = answer_to(PacketV6::with(0, options(0, {}) + options(17, {})));
    EXPECT_EQ(second.rest, 40U);
}

TEST_F(ReceiveV6, IP6_004_an_unknown_next_header_is_told_with_its_place) {
    PacketV6 packet;
    packet.next_header = 200;
    EXPECT_EQ(answer_to(packet), (Answer{4, 1, 6, 40 + 8 + 48}));
}

TEST_F(ReceiveV6, IP6_005_unknown_options_do_what_their_type_says) {
    EXPECT_TRUE(is_delivered(PacketV6::with(60, options(17, octets_of({0x1e, 0})))));
    EXPECT_EQ(answer_to(PacketV6::with(60, options(17, octets_of({0x5e, 0})))), Answer{});
    EXPECT_EQ(log.dropped(Reason::unknown_option), 1U);
    const Answer told = answer_to(PacketV6::with(60, options(17, octets_of({0x9e, 0}))));
    EXPECT_EQ(told.type, 4);
    EXPECT_EQ(told.code, 2);
    EXPECT_EQ(told.rest, 42U);
}

TEST_F(ReceiveV6, IP6_030_action_10_is_answered_even_to_a_group_and_11_is_not) {
    PacketV6 packet = PacketV6::with(60, options(17, octets_of({0x9e, 0})));
    packet.destination = wire::all_nodes();
    packet.to = wire::multicast_mac(packet.destination);
    EXPECT_EQ(answer_to(packet).rest, 42U);
    packet.payload = options(17, octets_of({0xde, 0})) + Bytes(8);
    EXPECT_EQ(answer_to(packet), Answer{});
}

TEST_F(ReceiveV6, IP6_006_a_routing_header_with_segments_left_is_a_problem) {
    const Answer answer = answer_to(PacketV6::with(43, octets_of({17, 0, 0, 1, 0, 0, 0, 0})));
    EXPECT_EQ(answer.type, 4);
    EXPECT_EQ(answer.code, 0);
    EXPECT_EQ(answer.rest, 42U);
}

TEST_F(ReceiveV6, IP6_007_a_routing_header_without_segments_left_is_passed_over) {
    EXPECT_TRUE(is_delivered(PacketV6::with(43, octets_of({17, 0, 0, 0, 0, 0, 0, 0}))));
    PacketV6 nothing = PacketV6::with(43, octets_of({59, 0, 0, 0, 0, 0, 0, 0}));
    EXPECT_EQ(answer_to(nothing), Answer{});
}

TEST_F(ReceiveV6, IP6_008_padding_is_taken_up_to_seven_octets_of_zeros) {
    EXPECT_TRUE(is_delivered(PacketV6::with(60, octets_of({17, 0, 0, 1, 3, 0, 0, 0}))));
    EXPECT_FALSE(is_delivered(PacketV6::with(60, octets_of({17, 0, 1, 4, 0, 0, 7, 0}))));
    const Bytes ten = octets_of({17, 1, 0, 0, 0, 0, 0, 0, 1, 6, 0, 0, 0, 0, 0, 0});
    EXPECT_FALSE(is_delivered(PacketV6::with(60, ten)));
    EXPECT_TRUE(sent().empty());
}

TEST_F(ReceiveV6, AnOptionPastTheEndOfItsHeaderIsDropped) {
    EXPECT_FALSE(is_delivered(PacketV6::with(60, octets_of({17, 0, 0x1e, 9, 0, 0, 0, 0}))));
    EXPECT_FALSE(is_delivered(PacketV6::with(60, octets_of({17, 9, 0, 0, 0, 0, 0, 0}))));
    EXPECT_EQ(log.dropped(Reason::bad_header), 2U);
}

// VULNERABILITIES class 19: long, looping and lying chains of extension headers. Each is judged
// once and ends; what goes up is only what the chain leads to.
TEST_F(ReceiveV6, vuln_19_long_and_lying_chains_of_headers_end) {
    Bytes chain;
    for (int i = 0; i < 100; ++i) chain = chain + options(60, {});
    const bool is_long_chain_taken = is_delivered(PacketV6::with(60, chain + options(17, {})));
    EXPECT_FALSE(is_delivered(PacketV6::with(60, chain)));  // it never ends
    const Bytes lies = octets_of({60, 255, 0, 0, 0, 0, 0, 0});
    EXPECT_FALSE(is_delivered(PacketV6::with(60, lies)));
    EXPECT_FALSE(is_delivered(PacketV6::with(43, octets_of({43, 255, 0, 0, 0, 0, 0, 0}))));
    // A header cut short at every octet, each kind.
    for (const int kind : {0, 43, 44, 60}) {
        for (std::size_t length = 0; length < 8; ++length) {
            PacketV6 packet;
            packet.next_header = static_cast<std::uint8_t>(kind);
            packet.payload = Bytes(length, std::byte{0});
            EXPECT_FALSE(is_delivered(packet)) << kind << " " << length;
        }
    }
    // Routing headers of type 0 with segments left are refused (RFC 5095), whatever their length.
    for (int length = 0; length <= 4; length += 2) {
        Bytes routing = octets_of({17, length, 0, 1, 0, 0, 0, 0});
        routing = routing + Bytes(static_cast<std::size_t>(length) * 8, std::byte{0x20});
        EXPECT_FALSE(is_delivered(PacketV6::with(43, routing)));
    }
    EXPECT_TRUE(is_delivered(PacketV6::with(60, options(17, {}))));
    RecordProperty("long_chain_taken", is_long_chain_taken ? 1 : 0);
}

TEST_F(ReceiveV6, IP6_010_a_link_below_1280_octets_has_no_ipv6) {
    const InterfaceIndex narrow = add("eth2", 8, "2001:db8:2::1", 64, 1279);
    EXPECT_FALSE(host.is_local(addr("2001:db8:2::1")));
    PacketV6 packet;
    packet.destination = v6("2001:db8:2::1");
    packet.to = mac(8);
    inject(packet.frame(), narrow);
    EXPECT_EQ(log.dropped(Reason::ipv6_off), 1U);
}

TEST_F(ReceiveV6, IP6_011_fragments_in_any_order_make_the_packet) {
    EXPECT_FALSE(is_delivered(fragment(1448, false, 60)));
    EXPECT_FALSE(is_delivered(fragment(48, true, 1400)));
    const auto arrival = hear(fragment(0, true, 48));
    ASSERT_TRUE(arrival.packet);
    EXPECT_EQ(arrival.packet->frame->size(), 1508U);
    EXPECT_EQ(arrival.packet->protocol, 17);
}

TEST_F(ReceiveV6, IP6_012_any_overlap_but_an_exact_duplicate_discards_the_packet) {
    EXPECT_FALSE(is_delivered(fragment(0, true, 16, 1)));
    EXPECT_FALSE(is_delivered(fragment(8, true, 16, 1)));
    EXPECT_FALSE(is_delivered(fragment(24, false, 16, 1)));
    EXPECT_GE(log.dropped(Reason::fragment_overlap), 1U);
    EXPECT_FALSE(is_delivered(fragment(0, true, 16, 2)));
    EXPECT_FALSE(is_delivered(fragment(0, true, 16, 2)));
    EXPECT_TRUE(is_delivered(fragment(16, false, 16, 2)));
    EXPECT_FALSE(is_delivered(fragment(0, true, 32, 3)));
    EXPECT_FALSE(is_delivered(fragment(8, true, 16, 3)));  // inside, yet no duplicate
    EXPECT_FALSE(is_delivered(fragment(32, false, 16, 3)));
}

TEST_F(ReceiveV6, IP6_013_an_atomic_fragment_is_handled_alone) {
    EXPECT_FALSE(is_delivered(fragment(0, true, 16)));
    const auto arrival = hear(fragment(0, false, 16));
    ASSERT_TRUE(arrival.packet);
    EXPECT_EQ(arrival.packet->frame->size(), 16U);
    EXPECT_TRUE(is_delivered(fragment(16, false, 8)));  // the open one is still there
}

TEST_F(ReceiveV6, IP6_014_a_length_that_is_no_multiple_of_8_is_a_problem) {
    const Answer answer = answer_to(fragment(0, true, 12));
    EXPECT_EQ(answer.type, 4);
    EXPECT_EQ(answer.code, 0);
    EXPECT_EQ(answer.rest, 4U);
}

TEST_F(ReceiveV6, IP6_015_a_packet_beyond_65535_octets_is_a_problem) {
    EXPECT_EQ(answer_to(fragment(65528, false, 16)).rest, 42U);
}

TEST_F(ReceiveV6, IP6_016_the_first_fragment_must_hold_all_headers) {
    PacketV6 packet;
    packet.next_header = 44;
    packet.payload = fragment_header(6, 0, true, 9) + Bytes(8);
    EXPECT_EQ(answer_to(packet), (Answer{4, 3, 0, 40 + 8 + 56}));
    packet.payload = fragment_header(60, 0, true, 10) + options(17, {});
    EXPECT_EQ(answer_to(packet).code, 3);
    EXPECT_FALSE(is_delivered(fragment(0, true, 8, 11)));
    EXPECT_TRUE(is_delivered(fragment(8, false, 8, 11)));  // a UDP header alone is enough
}

TEST_F(ReceiveV6, IP6_017_after_60_s_the_sender_of_a_first_fragment_is_told) {
    hear(fragment(0, true, 16, 1));
    hear(fragment(16, true, 16, 2));
    advance(59s);
    EXPECT_TRUE(later.empty());
    advance(2s);
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(static_cast<int>(icmp6(later[0].frame).type()), 3);
    EXPECT_EQ(icmp6(later[0].frame).code(), 1);
    EXPECT_EQ(later[0].at, Instant{} + 60s);
}

TEST_F(ReceiveV6, IP6_020_the_traffic_class_is_passed_up) {
    PacketV6 packet;
    packet.traffic_class = 0x2b;
    const auto arrival = hear(packet);
    ASSERT_TRUE(arrival.packet);
    EXPECT_EQ(arrival.packet->tos, 0x2b);
}

TEST_F(ReceiveV6, IP6_022_the_unspecified_source_never_speaks_tcp) {
    PacketV6 packet;
    packet.source = Ipv6::any();
    EXPECT_TRUE(is_delivered(packet));  // UDP
    packet.next_header = 6;
    packet.payload = Bytes(20);
    EXPECT_FALSE(is_delivered(packet));
}

TEST_F(ReceiveV6, IP6_023_multicast_and_mapped_sources_are_dropped) {
    PacketV6 packet;
    packet.source = v6("ff02::2");
    EXPECT_FALSE(is_delivered(packet));
    packet.source = v6("::ffff:10.9.0.2");
    EXPECT_FALSE(is_delivered(packet));
    EXPECT_EQ(log.dropped(Reason::invalid_source), 2U);
}

TEST_F(ReceiveV6, IP6_024_the_loopback_address_never_comes_by_a_link) {
    PacketV6 packet;
    packet.destination = Ipv6::loopback();
    EXPECT_FALSE(is_delivered(packet));
    packet = {};
    packet.source = Ipv6::loopback();
    EXPECT_FALSE(is_delivered(packet));
    EXPECT_EQ(log.dropped(Reason::martian_loopback), 2U);
}

TEST_F(ReceiveV6, AnAddressOfALinkIsThereOnThatLinkAlone) {
    PacketV6 packet;
    packet.destination = v6(own_link_text);  // of eth0
    EXPECT_FALSE(is_delivered(packet));
    EXPECT_EQ(log.dropped(Reason::invalid_destination), 1U);
    EXPECT_TRUE(inject(packet.frame(), 1).packet);
}

TEST_F(ReceiveV6, IP6_026_a_jumbogram_is_dropped_in_silence) {
    PacketV6 packet = PacketV6::with(0, octets_of({17, 0, 0xc2, 4, 0, 1, 0, 0}));
    Bytes octets = packet.ip();
    octets[4] = octets[5] = std::byte{0};
    inject(Packet::link(octets, wire::EtherType::ipv6, mac(9), mac(2)), link);
    EXPECT_EQ(log.dropped(), 1U);
    EXPECT_TRUE(sent().empty());
}

TEST_F(ReceiveV6, IP6_029_nothing_follows_next_header_59) {
    PacketV6 packet;
    packet.next_header = 59;
    EXPECT_EQ(answer_to(packet), Answer{});
    EXPECT_EQ(log.dropped(), 0U);
}

TEST_F(ReceiveV6, ICMP6_001_a_bad_checksum_is_dropped) {
    PacketV6 packet = PacketV6::icmp(echo_v6(8));
    packet.payload[9] ^= std::byte{1};
    EXPECT_EQ(answer_to(packet), Answer{});
    ASSERT_EQ(log.all<event::IcmpMoved>().size(), 1U);
    EXPECT_EQ(log.all<event::IcmpMoved>()[0].reason, Reason::bad_checksum);
}

TEST_F(ReceiveV6, ICMP6_002_an_echo_is_answered_with_the_same_data) {
    hear(PacketV6::icmp(echo_v6(100)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(sums_up_v6(frames[0]));
    EXPECT_EQ(icmp6(frames[0]).type(), wire::Icmpv6Type::echo_reply);
    EXPECT_EQ(icmp6(frames[0]).rest(), 77U << 16 | 1U);
    EXPECT_EQ(ip6(frames[0]).source(), v6(own_text));
    const Bytes data(100, std::byte{0x2a});
    EXPECT_TRUE(std::ranges::equal(icmp6(frames[0]).payload(), data));
}

TEST_F(ReceiveV6, ICMP6_002_an_echo_to_all_nodes_is_answered_from_a_unicast_address) {
    hear(PacketV6::icmp(echo_v6(4), peer_text, "ff02::1"));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(ip6(frames[0]).source(), v6(own_text));
    EXPECT_TRUE(sums_up_v6(frames[0]));
}

TEST_F(ReceiveV6, ICMP6_003_and_ICMP6_007_a_closed_port_is_told_in_1280_octets) {
    PacketV6 packet;
    packet.payload = octets_of({0, 7, 0, 9}) + Bytes(1396);
    auto arrival = hear(packet);
    ASSERT_TRUE(arrival.packet);
    host.send_error(turn(), *arrival.packet, 1, 4);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(sums_up_v6(frames[0]));
    EXPECT_EQ(icmp6(frames[0]).type(), wire::Icmpv6Type::destination_unreachable);
    EXPECT_EQ(icmp6(frames[0]).code(), 4);
    EXPECT_EQ(frames[0].link().payload().size(), 1280U);
    const auto told = log.all<event::IcmpMoved>();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].quoted.remote.port, Port{9});
}

TEST_F(ReceiveV6, AnErrorQuotesTheExtensionHeadersToo) {
    auto arrival = hear(PacketV6::with(60, options(17, {})));
    ASSERT_TRUE(arrival.packet);
    host.send_error(turn(), *arrival.packet, 1, 4);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    const Bytes original = PacketV6::with(60, options(17, {})).ip();
    EXPECT_TRUE(std::ranges::equal(icmp6(frames[0]).payload(), original));
    EXPECT_EQ(log.all<event::IcmpMoved>()[0].quoted.remote.port, Port{9});
}

TEST_F(ReceiveV6, ICMP6_004_errors_are_not_answered_with_errors) {
    PacketV6 inner;
    inner.next_header = 200;
    inner.source = v6(own_text);
    inner.destination = v6(peer_text);
    Bytes error(8);
    wire::Icmpv6Repr::unreachable(wire::Unreachable6Code::port).emit(error);
    PacketV6 packet = PacketV6::icmp(error + inner.ip());
    packet.payload = octets_of({58, 0, 0x9e, 0, 0, 0, 0, 0}) + packet.payload;
    packet.next_header = 60;  // an unknown option in front of an error
    EXPECT_EQ(answer_to(packet), Answer{});
    PacketV6 to_group;
    to_group.next_header = 200;
    to_group.destination = wire::all_nodes();
    to_group.to = wire::multicast_mac(to_group.destination);
    EXPECT_EQ(answer_to(to_group), Answer{});
    PacketV6 from_nobody;
    from_nobody.next_header = 200;
    from_nobody.source = Ipv6::any();
    EXPECT_EQ(answer_to(from_nobody), Answer{});
}

TEST_F(ReceiveV6, ICMP6_005_errors_to_one_host_are_limited_to_ten_a_second_after_six) {
    PacketV6 packet;
    packet.next_header = 200;
    for (int i = 0; i < 60; ++i) hear(packet);
    EXPECT_EQ(sent().size(), 6U);
    std::size_t later_errors = 0;
    for (int i = 0; i < 100; ++i) {
        now += 20ms;
        hear(packet);
        later_errors += sent().size();
    }
    EXPECT_EQ(later_errors, 20U);
}

TEST_F(ReceiveV6, ICMP6_006_unknown_errors_go_up_and_unknown_messages_do_not) {
    PacketV6 sent_by_us;
    sent_by_us.source = v6(own_text);
    sent_by_us.destination = v6(peer_text);
    Bytes error(8);
    error[0] = std::byte{100};
    const auto arrival = hear(PacketV6::icmp(error + sent_by_us.ip()));
    ASSERT_TRUE(arrival.error);
    EXPECT_EQ(arrival.error->type, 100);
    EXPECT_EQ(arrival.error->protocol, 17);
    Bytes other(8);
    other[0] = std::byte{200};
    const auto nothing = hear(PacketV6::icmp(other));
    EXPECT_FALSE(nothing.error);
    EXPECT_FALSE(nothing.packet);
}

TEST_F(ReceiveV6, AnErrorAboutAnotherHostIsDropped) {
    PacketV6 other;
    other.source = v6("2001:db8::77");
    Bytes error(8);
    wire::Icmpv6Repr::unreachable(wire::Unreachable6Code::port).emit(error);
    EXPECT_FALSE(hear(PacketV6::icmp(error + other.ip())).error);
    EXPECT_EQ(log.all<event::IcmpMoved>()[0].reason, Reason::not_for_us);
}

}  // namespace
}  // namespace dt::ip::test
