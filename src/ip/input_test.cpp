// What an arriving IPv4 packet must satisfy (spec 5.1): each drop has its own reason.
#include "ip/input.hpp"

#include "ip/host_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;

class Input : public HostFixture {
  protected:
    /// Injects `ip` as a frame from the peer; true where it was dropped, for this reason alone.
    bool is_dropped_for(Reason reason, const Bytes& ip) {
        log.clear();
        const Arrival arrival = inject(Packet::link(ip, wire::EtherType::ipv4, mac(1), mac(2)));
        return !arrival.packet && !arrival.error && sent().empty() && log.dropped() == 1 &&
               log.dropped(reason) == 1;
    }
};

TEST_F(Input, a_datagram_for_us_reaches_its_transport_without_its_header) {
    Packet packet = udp(1000, 2000, 5);
    packet.tos = 0x28;
    packet.ttl = 9;
    const Arrival arrival = inject(packet);
    ASSERT_TRUE(arrival.packet);
    EXPECT_EQ(arrival.packet->source, addr("10.9.0.2"));
    EXPECT_EQ(arrival.packet->destination, addr("10.9.0.1"));
    EXPECT_EQ(arrival.packet->protocol, 17);
    EXPECT_EQ(arrival.packet->tos, 0x28);
    EXPECT_EQ(arrival.packet->ttl, 9);
    EXPECT_EQ(arrival.packet->frame->size(), 13U);
    EXPECT_EQ(arrival.packet->interface, 1);
    EXPECT_FALSE(arrival.packet->to_many);
    EXPECT_FALSE(arrival.packet->checksum_trusted);
    EXPECT_EQ(log.dropped(), 0U);
}

TEST_F(Input, IP4_001_another_version_is_dropped) {
    Bytes ip = Packet{}.ip();
    ip[0] = std::byte{0x55};
    Packet::fix_header_checksum(ip);
    EXPECT_TRUE(is_dropped_for(Reason::bad_header, ip));
}

TEST_F(Input, IP4_002_a_bad_header_checksum_is_dropped) {
    Bytes ip = Packet{}.ip();
    ip[11] ^= std::byte{1};
    EXPECT_TRUE(is_dropped_for(Reason::bad_checksum, ip));
}

TEST_F(Input, IP4_003_and_vuln_04_lengths_that_lie_are_dropped) {
    Bytes short_header = Packet{}.ip();
    short_header[0] = std::byte{0x44};
    Packet::fix_header_checksum(short_header);
    EXPECT_TRUE(is_dropped_for(Reason::bad_header, short_header));

    Bytes below_header = Packet{}.ip();
    store_be<std::uint16_t>(below_header, 2, 10);
    Packet::fix_header_checksum(below_header);
    EXPECT_TRUE(is_dropped_for(Reason::bad_header, below_header));

    Bytes past_frame = Packet{}.ip();
    store_be<std::uint16_t>(past_frame, 2, 2000);
    Packet::fix_header_checksum(past_frame);
    EXPECT_TRUE(is_dropped_for(Reason::bad_header, past_frame));

    Bytes header_past_frame = Packet{}.ip();
    header_past_frame[0] = std::byte{0x4f};
    EXPECT_TRUE(is_dropped_for(Reason::bad_header, header_past_frame));

    for (std::size_t length = 0; length < 20; ++length) {
        Bytes cut = Packet{}.ip();
        cut.resize(length);
        EXPECT_TRUE(is_dropped_for(Reason::bad_header, cut)) << length;
    }
}

TEST_F(Input, a_frame_shorter_than_its_link_header_is_dropped) {
    for (std::size_t length = 1; length < 14; ++length) {
        log.clear();
        inject(Bytes(length));
        EXPECT_EQ(log.dropped(Reason::bad_header), 1U) << length;
    }
}

TEST_F(Input, IP4_004_link_padding_is_trimmed) {
    Packet packet = udp(1, 2, 3);
    Bytes frame = packet.frame();
    frame.resize(60, std::byte{0xee});
    const Arrival arrival = inject(frame);
    ASSERT_TRUE(arrival.packet);
    EXPECT_EQ(arrival.packet->frame->size(), 11U);
}

TEST_F(Input, IP4_005_a_packet_for_another_host_is_dropped) {
    Packet packet;
    packet.destination = addr("10.9.0.77");
    EXPECT_TRUE(is_dropped_for(Reason::not_for_us, packet.ip()));
}

TEST_F(Input, IP4_006_loopback_addresses_never_come_from_a_link) {
    Packet to;
    to.destination = addr("127.0.0.1");
    EXPECT_TRUE(is_dropped_for(Reason::martian_loopback, to.ip()));
    Packet from;
    from.source = addr("127.0.0.1");
    EXPECT_TRUE(is_dropped_for(Reason::martian_loopback, from.ip()));
}

TEST_F(Input, IP4_007_a_source_that_is_no_single_host_is_dropped) {
    for (const char* source :
         {"224.0.0.5", "255.255.255.255", "10.9.0.255", "240.0.0.1", "0.1.2.3", "10.9.0.1"}) {
        Packet packet;
        packet.source = addr(source);
        EXPECT_TRUE(is_dropped_for(Reason::invalid_source, packet.ip())) << source;
    }
}

TEST_F(Input, IP4_008_source_zero_is_taken_for_udp_only) {
    Packet packet = udp(68, 67, 4);
    packet.source = IpAddr::any_v4();
    EXPECT_TRUE(is_delivered(packet));
    packet.protocol = 6;
    EXPECT_TRUE(is_dropped_for(Reason::invalid_source, packet.ip()));
}

TEST_F(Input, IP4_011_a_low_ttl_is_no_reason_to_drop_what_is_for_us) {
    Packet packet;
    packet.ttl = 1;
    EXPECT_TRUE(is_delivered(packet));
}

TEST_F(Input, IP4_013_and_TCP_9293_MUST_50_unknown_options_are_ignored_and_malformed_ones_dropped) {
    Packet packet;
    packet.options = {std::byte{0x1e}, std::byte{4}, std::byte{0}, std::byte{0}};
    EXPECT_TRUE(is_delivered(packet));
    for (const std::uint8_t length : std::initializer_list<std::uint8_t>{0, 1, 5, 255}) {
        packet.options[1] = std::byte{length};
        EXPECT_TRUE(is_dropped_for(Reason::bad_header, packet.ip())) << int{length};
    }
}

TEST_F(Input, IP4_014_and_TCP_9293_MUST_53_and_vuln_05_source_routes_are_refused) {
    for (const std::uint8_t kind : std::initializer_list<std::uint8_t>{131, 137}) {
        for (const std::uint8_t pointer : std::initializer_list<std::uint8_t>{0, 3, 4, 8, 255}) {
            Packet packet = icmp(echo_request(8));
            packet.options = Bytes(8);
            packet.options[0] = std::byte{kind};
            packet.options[1] = std::byte{7};
            packet.options[2] = std::byte{pointer};
            EXPECT_TRUE(is_dropped_for(Reason::source_routed, packet.ip()));
        }
    }
}

TEST_F(Input, IP4_015_and_TCP_9293_MAY_11_record_route_is_answered_without_it) {
    know_peer();
    Packet packet = icmp(echo_request(8));
    packet.options = Bytes(8);
    packet.options[0] = std::byte{7};
    packet.options[1] = std::byte{7};
    packet.options[2] = std::byte{4};
    inject(packet);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].ip().header_length(), 20U);
    EXPECT_EQ(frames[0].icmp().type(), wire::Icmpv4Type::echo_reply);
}

TEST_F(Input, IP4_022_weak_host_model_takes_an_address_of_another_interface) {
    host.add_interface({.name = "eth1",
                        .mac = mac(11),
                        .mtu = 1500,
                        .addresses = {{addr("10.8.0.1"), 24}},
                        .vouches = false,
                        .super_segment_max = 0});
    Packet packet;
    packet.destination = addr("10.8.0.1");
    EXPECT_TRUE(is_delivered(packet));
}

TEST_F(Input, IP4_023_a_unicast_packet_in_a_broadcast_frame_is_marked) {
    Packet packet;
    packet.to = Mac::broadcast();
    const Arrival arrival = inject(packet);
    ASSERT_TRUE(arrival.packet);
    EXPECT_TRUE(arrival.packet->to_many);
}

TEST_F(Input, IP4_025_both_forms_of_broadcast_are_delivered) {
    for (const char* destination : {"255.255.255.255", "10.9.0.255", "224.0.0.1"}) {
        Packet packet = udp(1, 2, 1);
        packet.destination = addr(destination);
        packet.to = Mac::broadcast();
        const Arrival arrival = inject(packet);
        ASSERT_TRUE(arrival.packet) << destination;
        EXPECT_TRUE(arrival.packet->to_many);
    }
    Packet group;
    group.destination = addr("239.1.2.3");
    EXPECT_TRUE(is_dropped_for(Reason::not_for_us, group.ip()));
}

TEST_F(Input, ARP_018_other_vlans_and_802_3_frames_are_not_ours) {
    Bytes tag{std::byte{0}, std::byte{5}};
    const auto tagged = [&](std::uint8_t vlan) {
        Bytes payload{std::byte{0}, std::byte{vlan}, std::byte{8}, std::byte{0}};
        const Bytes ip = Packet{}.ip();
        payload.insert(payload.end(), ip.begin(), ip.end());
        return Packet::link(payload, wire::EtherType::vlan, mac(1), mac(2));
    };
    EXPECT_TRUE(inject(tagged(0)).packet);
    EXPECT_FALSE(inject(tagged(5)).packet);
    EXPECT_EQ(log.dropped(Reason::not_for_us), 1U);
    const auto length = static_cast<wire::EtherType>(46);
    EXPECT_FALSE(inject(Packet::link(Packet{}.ip(), length, mac(1), mac(2))).packet);
    EXPECT_EQ(log.dropped(Reason::unknown_protocol), 1U);
}

TEST_F(Input, a_frame_for_another_link_address_is_not_ours) {
    Packet packet;
    packet.to = mac(9);
    EXPECT_FALSE(is_delivered(packet));
    EXPECT_EQ(log.dropped(Reason::not_for_us), 1U);
}

TEST_F(Input, ipv6_is_dropped_with_its_own_reason) {
    inject(Packet::link(Bytes(40), wire::EtherType::ipv6, mac(1), mac(2)));
    EXPECT_EQ(log.dropped(Reason::ipv6_off), 1U);
}

TEST_F(Input, IP4_037_a_checksum_is_trusted_only_where_the_link_vouches) {
    FramePtr frame = frame_of(Packet{}.frame());
    frame->offload.checksum = wire::ChecksumState::verified;
    EXPECT_TRUE(host.receive(turn(), 1, std::move(frame)).packet->checksum_trusted);
    FramePtr corrupted = frame_of(Packet{}.frame());
    corrupted->offload.checksum = wire::ChecksumState::verified;
    corrupted->marked_bad = 1;
    EXPECT_FALSE(host.receive(turn(), 1, std::move(corrupted)).packet->checksum_trusted);
}

}  // namespace
}  // namespace dt::ip::test
