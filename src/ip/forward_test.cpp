// Packets for other hosts go on, or are answered with why not (RFC 1812 §5.2, spec 5.1, 5.3).
#include "ip/host_fixture.hpp"
#include "wire/tcp.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;

class Router : public HostFixture {
  protected:
    Router() {
        add("eth1", 11, "10.8.0.1", 24, 1000);
        host.set_forwarding(true);
        know(2, "10.8.0.2", 22);
        know(1, "10.9.0.2", 2);
        log.clear();
    }
    static Packet through(std::size_t text = 10) {
        Packet packet = udp(1000, 2000, text);
        packet.destination = addr("10.8.0.2");
        return packet;
    }
};

TEST_F(Router, a_packet_goes_on_with_a_lower_ttl_and_the_same_number) {
    Packet packet = through();
    packet.ttl = 9;
    packet.options = Bytes{std::byte{1}, std::byte{1}, std::byte{1}, std::byte{0}};
    inject(packet);
    const auto out = host.next_frame(turn());
    ASSERT_TRUE(out);
    EXPECT_EQ(out->interface, 2);
    EXPECT_EQ(out->frame->id, 99U);
    Sent sent_on{2, Bytes(out->frame->size())};
    out->frame->copy_to(sent_on.octets);
    EXPECT_EQ(sent_on.link().destination(), mac(22));
    EXPECT_EQ(sent_on.link().source(), mac(11));
    EXPECT_EQ(sent_on.ip().ttl(), 8);
    EXPECT_TRUE(sent_on.ip().is_checksum_correct());
    EXPECT_EQ(sent_on.ip().header_length(), 24U);
    EXPECT_TRUE(std::ranges::equal(sent_on.ip().payload(), packet.payload));
}

TEST_F(Router, ICMP4_017_time_exceeded_is_told_to_the_sender) {
    Packet packet = through();
    packet.ttl = 1;
    inject(packet);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].interface, 1);
    EXPECT_EQ(frames[0].icmp().type(), wire::Icmpv4Type::time_exceeded);
    EXPECT_EQ(IpAddr{frames[0].ip().source()}, addr("10.9.0.1"));
    const Bytes original = packet.ip();
    EXPECT_TRUE(std::ranges::equal(frames[0].icmp().payload(), original));
    EXPECT_EQ(log.dropped(Reason::ttl_expired), 1U);
}

TEST_F(Router, no_way_on_is_told_to_the_sender) {
    Packet packet = through();
    packet.destination = addr("192.0.2.1");
    inject(packet);
    auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].icmp().code(), 0);
    EXPECT_EQ(log.dropped(Reason::no_route), 1U);

    packet.destination = addr("10.8.0.77");  // nobody there
    inject(packet);
    EXPECT_TRUE(sent()[0].is_arp());
    advance(4s);
    ASSERT_FALSE(later.empty());
    EXPECT_EQ(later.back().frame.icmp().type(), wire::Icmpv4Type::destination_unreachable);
    EXPECT_EQ(later.back().frame.icmp().code(), 1);
    EXPECT_FALSE(host.next_unreachable());
}

TEST_F(Router, a_packet_too_big_for_the_next_link_is_fragmented_or_refused_with_its_mtu) {
    inject(through(1200));
    auto frames = sent();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_LE(frames[0].ip().total_length(), 1000);
    EXPECT_EQ(frames[0].ip().payload().size() + frames[1].ip().payload().size(), 1208U);

    Packet whole = through(1200);
    whole.dont_fragment = true;
    inject(whole);
    frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].icmp().code(), 4);
    EXPECT_EQ(frames[0].icmp().next_hop_mtu(), 1000);
    EXPECT_EQ(log.dropped(Reason::packet_too_big), 1U);
}

// Linux limits neither "fragmentation needed" nor "packet too big": without them a path MTU is
// never found.
TEST_F(Router, RFC_1191_what_is_too_big_is_told_also_where_errors_are_limited) {
    config.icmp_errors_per_s = 0;
    for (int i = 0; i < 20; ++i) {
        Packet packet = through(1200);
        packet.dont_fragment = true;
        inject(packet);
        const auto frames = sent();
        ASSERT_EQ(frames.size(), 1U);
        EXPECT_EQ(frames[0].icmp().code(), 4);
    }
    Packet expired = through();
    expired.ttl = 1;
    inject(expired);
    EXPECT_EQ(sent().size(), 0U);
}

TEST_F(Router, fragments_go_on_without_being_put_together) {
    Packet packet = through(1200);
    packet.more_fragments = true;
    packet.fragment_offset = 800;
    inject(packet);
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 2U);
    EXPECT_EQ(frames[0].ip().fragment_offset(), 800U);
    EXPECT_EQ(frames[1].ip().fragment_offset(), 800U + frames[0].ip().payload().size());
    EXPECT_TRUE(frames[1].ip().has_more_fragments());
}

TEST_F(Router, IP4_026_broadcasts_and_groups_are_not_forwarded) {
    for (const char* destination : {"10.8.0.255", "239.1.2.3", "255.255.255.255"}) {
        Packet packet = through();
        packet.destination = addr(destination);
        inject(packet);
        EXPECT_TRUE(sent().empty()) << destination;
    }
    Packet link_broadcast = through();
    link_broadcast.to = Mac::broadcast();
    inject(link_broadcast);
    EXPECT_TRUE(sent().empty());
}

TEST_F(Router, a_checksum_left_open_is_completed_for_a_link_that_does_not_vouch) {
    Packet packet = through(101);
    packet.protocol = 17;
    const Checksum pseudo =
        wire::pseudo_header(packet.source, packet.destination, wire::IpProtocol::udp, 109);
    store_be(packet.payload, 6, pseudo.partial());
    FramePtr frame = frame_of(packet.frame());
    const Slice shared = frame->slices()[0];
    frame->offload = {wire::ChecksumState::needed, 34, 6, 0};
    static_cast<void>(host.receive(turn(), 1, std::move(frame)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_TRUE(sums_up(frames[0], 17));
    const Bytes original = packet.frame();
    EXPECT_TRUE(std::ranges::equal(shared.octets(), original));  // never written
}

TEST_F(Router, a_super_segment_is_cut_for_a_link_that_takes_none) {
    Packet packet;
    packet.protocol = 6;
    packet.destination = addr("10.8.0.2");
    packet.dont_fragment = true;
    packet.payload = Bytes(20 + 2500);
    for (std::size_t i = 0; i < 2500; ++i) packet.payload[20 + i] = static_cast<std::byte>(i % 251);
    wire::TcpRepr header;
    header.seq = Seq{0xffffff00};
    header.flags = TcpFlag::ack | TcpFlag::psh | TcpFlag::fin | TcpFlags{TcpFlag::cwr};
    (void)header.emit(packet.payload);
    FramePtr frame = frame_of(packet.frame());
    frame->offload = {wire::ChecksumState::needed, 34, 16, 900};
    static_cast<void>(host.receive(turn(), 1, std::move(frame)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 3U);
    Bytes text;
    std::uint32_t seq = 0xffffff00;
    for (std::size_t i = 0; i < 3; ++i) {
        const auto segment = *wire::TcpView::parse(frames[i].ip().payload());
        EXPECT_TRUE(sums_up(frames[i], 6));
        EXPECT_TRUE(frames[i].ip().is_checksum_correct());
        EXPECT_EQ(frames[i].ip().ttl(), 63);
        EXPECT_EQ(segment.seq(), Seq{seq});
        EXPECT_EQ(segment.flags().cwr(), i == 0);
        EXPECT_EQ(segment.flags().fin(), i == 2);
        EXPECT_EQ(segment.flags().psh(), i == 2);
        EXPECT_TRUE(segment.flags().ack());
        seq += static_cast<std::uint32_t>(segment.payload().size());
        text.insert(text.end(), segment.payload().begin(), segment.payload().end());
    }
    EXPECT_EQ(text, Bytes(packet.payload.begin() + 20, packet.payload.end()));
}

TEST_F(Router, vuln_22_a_super_segment_whose_headers_lie_is_dropped) {
    for (const std::size_t length : {0U, 5U, 20U, 40U}) {
        for (const auto words : std::initializer_list<std::uint8_t>{0, 4, 5, 15}) {
            Packet packet;
            packet.protocol = 6;
            packet.destination = addr("10.8.0.2");
            packet.payload = Bytes(length);
            if (length > 12) packet.payload[12] = static_cast<std::byte>(words << 4);
            FramePtr frame = frame_of(packet.frame());
            frame->offload = {wire::ChecksumState::needed, 34, 16, 1};
            log.clear();
            static_cast<void>(host.receive(turn(), 1, std::move(frame)));
            const bool makes_sense = length >= 20 && words >= 5 && words * 4U <= length;
            EXPECT_EQ(log.dropped(Reason::bad_header), makes_sense ? 0U : 1U);
            std::size_t text = 0;
            for (const Sent& piece : sent()) text += piece.ip().payload().size() - words * 4U;
            EXPECT_EQ(text, makes_sense ? length - words * 4U : 0U);
        }
    }
}

TEST_F(Router, a_super_segment_too_big_for_the_next_link_is_refused) {
    Packet packet;
    packet.protocol = 6;
    packet.destination = addr("10.8.0.2");
    packet.dont_fragment = true;
    packet.payload = Bytes(20 + 2800);
    packet.payload[12] = std::byte{0x50};
    FramePtr frame = frame_of(packet.frame());
    frame->offload = {wire::ChecksumState::needed, 34, 16, 1400};
    static_cast<void>(host.receive(turn(), 1, std::move(frame)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].icmp().next_hop_mtu(), 1000);
}

}  // namespace
}  // namespace dt::ip::test
