// Packets out, own addresses, several interfaces (spec 5.1, 5.8).
#include "ip/engine.hpp"

#include "ip/host_fixture.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;

/// A TCP header alone, as the transport hands it down: checksum 0.
PacketOut bare_segment(buf::Pool& pool, const char* destination) {
    PacketOut packet;
    packet.destination = addr(destination);
    packet.frame = pool.frame();
    packet.protocol = 6;
    wire::TcpRepr header;
    header.source = Port{1000};
    header.destination = Port{2000};
    header.flags = TcpFlag::ack;
    (void)header.emit(packet.frame->prepend(header.size()));
    return packet;
}

class IpEngine : public HostFixture {
  protected:
    IpEngine() { know_peer(); }
};

TEST_F(IpEngine, a_packet_gets_its_header_checksum_and_link_address) {
    PacketOut packet = bare_segment(pool, "10.9.0.2");
    packet.tos = 0x10;
    packet.ttl = 33;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].interface, 1);
    EXPECT_EQ(frames[0].link().destination(), mac(2));
    EXPECT_EQ(frames[0].link().source(), mac(1));
    EXPECT_EQ(IpAddr{frames[0].ip().source()}, addr("10.9.0.1"));
    EXPECT_EQ(frames[0].ip().ttl(), 33);
    EXPECT_EQ(frames[0].ip().tos(), 0x10);
    EXPECT_TRUE(frames[0].ip().is_dont_fragment());
    EXPECT_TRUE(frames[0].ip().is_checksum_correct());
    EXPECT_TRUE(sums_up(frames[0], 6));
}

TEST_F(IpEngine, UDP_001_a_checksum_of_zero_is_sent_as_all_ones) {
    // The datagram's last two octets are the complement of all the rest's sum.
    PacketOut packet;
    packet.destination = addr("10.9.0.2");
    packet.protocol = 17;
    packet.frame = pool.frame();
    wire::UdpRepr header;
    header.source = Port{1};
    header.destination = Port{2};
    header.payload_length = 2;
    Checksum rest =
        wire::pseudo_header(addr("10.9.0.1"), packet.destination, wire::IpProtocol::udp, 10);
    header.emit(packet.frame->prepend(8));
    Bytes text(2);
    store_be(text, 0, rest.add(packet.frame->head()).finish());
    ASSERT_TRUE(packet.frame->add(pool.copy(text)));
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(load_be<std::uint16_t>(frames[0].ip().payload(), 6), 0xffff);
}

TEST_F(IpEngine, IP4_037_a_link_that_vouches_is_left_the_checksum) {
    host.add_interface({.name = "fast",
                        .mac = mac(5),
                        .mtu = 1500,
                        .addresses = {{addr("10.7.0.1"), 24}},
                        .vouches = true,
                        .super_segment_max = 65535});
    know(2, "10.7.0.2", 6);
    ASSERT_TRUE(host.send(turn(), bare_segment(pool, "10.7.0.2")));
    const auto out = host.next_frame(turn());
    ASSERT_TRUE(out);
    EXPECT_EQ(out->frame->offload.checksum, wire::ChecksumState::needed);
    EXPECT_EQ(out->frame->offload.checksum_start, 34);
    EXPECT_EQ(out->frame->offload.checksum_offset, 16);
    complete_checksum(*out->frame);
    Sent done{2, Bytes(out->frame->size())};
    out->frame->copy_to(done.octets);
    EXPECT_TRUE(sums_up(done, 6));
}

TEST_F(IpEngine, IP4_009_a_source_that_is_not_ours_never_leaves) {
    PacketOut packet = bare_segment(pool, "10.9.0.2");
    packet.source = addr("10.9.0.66");
    EXPECT_EQ(host.send(turn(), std::move(packet)), fail(Error::address_not_available));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.dropped(Reason::address_not_local), 1U);
}

TEST_F(IpEngine, IP4_010_a_ttl_of_zero_never_leaves) {
    PacketOut packet = bare_segment(pool, "10.9.0.2");
    packet.ttl = 0;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    EXPECT_EQ(sent()[0].ip().ttl(), 64);
}

TEST_F(IpEngine, IP4_017_and_IP4_018_identifications_are_counted_and_keyed_by_destination) {
    IdSource ids(Rng{1});
    std::vector<std::uint16_t> seen;
    for (int i = 0; i < 1000; ++i) seen.push_back(ids.next(addr("10.0.0.1"), addr("10.0.0.2"), 17));
    std::ranges::sort(seen);
    EXPECT_EQ(std::ranges::unique(seen).size(), 0U);
    int related = 0;
    for (std::uint32_t i = 0; i < 100; ++i) {
        const Ipv4 to{0x0a010000U + i};
        const int one = ids.next(addr("10.0.0.1"), to, 17);
        const int other = ids.next(addr("10.0.0.1"), Ipv4{to.value() + 0x1000}, 17);
        related += std::abs(one - other) < 16 ? 1 : 0;
    }
    EXPECT_LT(related, 5);
}

TEST_F(IpEngine, IP4_017_the_segments_of_a_super_segment_share_no_identification_with_the_next) {
    IdSource ids(Rng{1});
    const std::uint16_t first = ids.next(addr("10.0.0.1"), addr("10.0.0.2"), 6, 40);
    const std::uint16_t next = ids.next(addr("10.0.0.1"), addr("10.0.0.2"), 6);
    EXPECT_EQ(static_cast<std::uint16_t>(next - first), 40);
}

TEST_F(IpEngine, IP4_019_a_large_packet_is_fragmented_where_that_is_allowed) {
    PacketOut packet = out_to("10.9.0.2", 2008);
    packet.dont_fragment = false;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].ip().total_length(), 1500);
    EXPECT_EQ(frames[1].ip().total_length(), 548);
    EXPECT_TRUE(frames[0].ip().has_more_fragments());
    EXPECT_FALSE(frames[1].ip().has_more_fragments());
    EXPECT_EQ(frames[1].ip().fragment_offset(), 1480U);
    EXPECT_EQ(frames[0].ip().id(), frames[1].ip().id());
    EXPECT_TRUE(frames[1].ip().is_checksum_correct());
}

TEST_F(IpEngine, IP4_019_fragments_fit_a_path_that_is_known_to_be_narrow) {
    PacketOut packet = out_to("10.9.0.2", 1480);
    packet.dont_fragment = false;
    packet.mtu = 1000;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].ip().total_length(), 996);
    EXPECT_EQ(frames[1].ip().fragment_offset(), 976U);
    EXPECT_EQ(frames[1].ip().total_length(), 524);
}

TEST_F(IpEngine, IP4_020_a_large_packet_that_must_not_be_fragmented_is_refused) {
    EXPECT_EQ(host.send(turn(), out_to("10.9.0.2", 2000)), fail(Error::message_too_long));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.dropped(Reason::packet_too_big), 1U);
}

TEST_F(IpEngine, IP4_031_and_ICMP4_018_no_route_is_an_error_and_nothing_leaves) {
    EXPECT_EQ(host.send(turn(), out_to("192.0.2.1", 10)), fail(Error::network_unreachable));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.dropped(Reason::no_route), 1U);
    EXPECT_EQ(host.path(addr("192.0.2.1"), std::nullopt).error(), Error::network_unreachable);
}

TEST_F(IpEngine, IP4_032_a_gateway_that_does_not_answer_is_replaced) {
    add_default("10.9.0.5");
    add_default("10.9.0.6");
    know(1, "10.9.0.6", 6);
    ASSERT_TRUE(host.send(turn(), bare_segment(pool, "192.0.2.1")));
    EXPECT_TRUE(sent()[0].is_arp());
    advance(4s);
    ASSERT_TRUE(host.send(turn(), bare_segment(pool, "192.0.2.1")));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].link().destination(), mac(6));
}

TEST_F(IpEngine, IP4_034_own_addresses_are_reached_by_lo) {
    for (const char* own : {"10.9.0.1", "127.0.0.1", "127.9.9.9"}) {
        ASSERT_TRUE(host.send(turn(), bare_segment(pool, own)));
        auto out = host.next_frame(turn());
        ASSERT_TRUE(out);
        EXPECT_EQ(out->interface, loopback_interface);
        const Arrival arrival = host.receive(turn(), out->interface, std::move(out->frame));
        ASSERT_TRUE(arrival.packet) << own;
        EXPECT_TRUE(arrival.packet->checksum_trusted);
    }
    EXPECT_EQ(host.path(addr("10.9.0.1"), std::nullopt)->mtu, 65536U);
    EXPECT_EQ(log.dropped(), 0U);
}

TEST_F(IpEngine, IP4_035_a_route_may_lower_the_mtu) {
    add_default("10.9.0.2", 1, 1400);
    EXPECT_EQ(host.path(addr("192.0.2.1"), std::nullopt)->mtu, 1400U);
    EXPECT_EQ(host.path(addr("10.9.0.2"), std::nullopt)->mtu, 1500U);
    EXPECT_FALSE(host.send(turn(), out_to("192.0.2.1", 1381)));
    EXPECT_TRUE(host.send(turn(), out_to("192.0.2.1", 1380)));
}

TEST_F(IpEngine, IP4_035_a_new_route_counts_for_every_destination_that_was_asked_for_before) {
    add_default("10.9.0.2");
    std::vector<std::string> destinations;  // more than there are ways remembered
    for (int i = 0; i < 200; ++i) destinations.push_back("192.0.2." + std::to_string(i));
    for (int again = 0; again < 2; ++again) {
        for (const std::string& each : destinations)
            EXPECT_EQ(host.path(addr(each.c_str()), std::nullopt)->mtu, 1500U) << each;
    }
    Route narrow;
    narrow.destination = {addr("192.0.2.0"), 24};
    narrow.gateway = addr("10.9.0.2");
    narrow.interface = 1;
    narrow.mtu = 1300;
    host.add_route(narrow);
    for (const std::string& each : destinations)
        EXPECT_EQ(host.path(addr(each.c_str()), std::nullopt)->mtu, 1300U) << each;
}

TEST_F(IpEngine, IP4_036_prefixes_of_31_and_32_bits_work) {
    const InterfaceIndex pair = add("p2p", 21, "10.1.0.0", 31);
    know(pair, "10.1.0.1", 22);
    ASSERT_TRUE(host.send(turn(), bare_segment(pool, "10.1.0.1")));
    EXPECT_EQ(sent()[0].interface, pair);
    EXPECT_FALSE(host.is_broadcast(addr("10.1.0.1")));

    const InterfaceIndex single = add("one", 31, "10.2.0.1", 32);
    Route on_link;
    on_link.destination = {addr("10.2.0.9"), 32};
    on_link.interface = single;
    host.add_route(on_link);
    know(single, "10.2.0.9", 32);
    ASSERT_TRUE(host.send(turn(), bare_segment(pool, "10.2.0.9")));
    const auto frames = sent();
    EXPECT_EQ(frames[0].interface, single);
    EXPECT_EQ(IpAddr{frames[0].ip().source()}, addr("10.2.0.1"));
}

TEST_F(IpEngine, SRC_001_an_own_secondary_address_is_addressed_from_the_primary) {
    host.add_interface({.name = "two",
                        .mac = mac(12),
                        .mtu = 1500,
                        .addresses = {{addr("10.6.0.1"), 24}, {addr("10.6.0.2"), 24}},
                        .vouches = false,
                        .super_segment_max = 0});
    EXPECT_EQ(host.path(addr("10.6.0.1"), std::nullopt)->source, addr("10.6.0.1"));
    EXPECT_EQ(host.path(addr("10.6.0.2"), std::nullopt)->source, addr("10.6.0.1"));
    EXPECT_EQ(host.path(addr("127.9.9.9"), std::nullopt)->source, addr("127.0.0.1"));
}

TEST_F(IpEngine, SRC_005_and_SRC_010_the_source_belongs_to_the_way_out) {
    host.add_interface({.name = "two",
                        .mac = mac(12),
                        .mtu = 1500,
                        .addresses = {{addr("10.6.0.1"), 24}, {addr("10.5.0.1"), 24}},
                        .vouches = false,
                        .super_segment_max = 0});
    add_default("10.5.0.254", 2);
    EXPECT_EQ(host.path(addr("10.9.0.2"), std::nullopt)->source, addr("10.9.0.1"));
    EXPECT_EQ(host.path(addr("10.5.0.9"), std::nullopt)->source, addr("10.5.0.1"));
    EXPECT_EQ(host.path(addr("8.8.8.8"), std::nullopt)->source, addr("10.5.0.1"));
}

TEST_F(IpEngine, SRC_011_a_bound_address_is_kept_and_loopback_stays_at_home) {
    add("eth1", 11, "10.8.0.1", 24);
    EXPECT_EQ(host.path(addr("10.8.0.2"), addr("10.9.0.1"))->source, addr("10.9.0.1"));
    EXPECT_EQ(host.path(addr("10.8.0.2"), IpAddr::any_v4())->source, addr("10.8.0.1"));
    EXPECT_EQ(host.path(addr("10.8.0.2"), addr("127.0.0.1")).error(), Error::invalid_argument);
    EXPECT_EQ(host.path(addr("10.8.0.2"), addr("10.3.3.3")).error(), Error::address_not_available);
}

TEST_F(IpEngine, IP4_025_an_own_broadcast_is_heard_here_too) {
    PacketOut packet = out_to("10.9.0.255", 10, 17);
    wire::UdpRepr{Port{1}, Port{2}, 10}.emit(packet.frame->prepend(wire::UdpRepr::size()));
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    std::size_t on_link = 0;
    std::size_t here = 0;
    while (auto out = host.next_frame(turn())) {
        if (out->interface == 1) {
            ++on_link;
            continue;
        }
        const Arrival arrival = host.receive(turn(), out->interface, std::move(out->frame));
        here += arrival.packet && arrival.packet->to_many ? 1 : 0;
    }
    EXPECT_EQ(on_link, 1U);
    EXPECT_EQ(here, 1U);
}

TEST(IpBounds, replies_are_bounded_and_the_stack_says_so) {
    Config config;
    config.reply_ring = 4;
    buf::Pool pool;
    EventLog log;
    Engine host(config, 1, 0, pool);
    host.add_interface({.name = "eth0",
                        .mac = mac(1),
                        .mtu = 1500,
                        .addresses = {{addr("10.9.0.1"), 24}},
                        .vouches = false,
                        .super_segment_max = 0});
    const Turn turn{Instant{}, config, log, 0};
    std::size_t taken = 0;
    while (host.may_receive() && taken < 100) {
        FramePtr frame = pool.frame();
        ASSERT_TRUE(frame->add(pool.copy(icmp(echo_request(8)).frame())));
        static_cast<void>(host.receive(turn, 1, std::move(frame)));
        ++taken;
    }
    EXPECT_EQ(taken, 4U);
    while (host.next_frame(turn)) {
    }
    EXPECT_TRUE(host.may_receive());
}

TEST_F(IpEngine, AGroupsPacketWithATtlOf0StaysOnThisHost) {
    ASSERT_TRUE(host.join(turn(), 1, addr("239.1.1.1")));
    sent();
    PacketOut packet = out_to("239.1.1.1", 32);
    packet.ttl = 0;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].interface, loopback_interface);
    EXPECT_EQ(IpAddr{frames[0].ip().destination()}, addr("239.1.1.1"));
    EXPECT_EQ(log.dropped(Reason::ttl_expired), 1U);
}

TEST_F(IpEngine, AGroupsPacketWithATtlOf0ThatMayNotLoopGoesNowhere) {
    ASSERT_TRUE(host.join(turn(), 1, addr("239.1.1.1")));
    PacketOut packet = out_to("239.1.1.1", 32);
    packet.ttl = 0;
    packet.loops = event::Switch::off;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    EXPECT_TRUE(sent().empty());
    EXPECT_EQ(log.dropped(Reason::ttl_expired), 1U);
}

}  // namespace
}  // namespace dt::ip::test
