// Reassembly (spec 5.2): order, overlaps, bounds, time.
#include "ip/reassembly.hpp"

#include "ip/host_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;

class Fragments : public HostFixture {
  protected:
    Fragments() { know_peer(); }

    /// Octets [begin, begin + length) of a payload whose octets count up.
    static Packet piece(std::uint32_t begin, std::uint32_t length, bool more,
                        std::uint16_t id = 7) {
        Packet packet;
        packet.payload.resize(length);
        for (std::uint32_t i = 0; i < length; ++i) {
            packet.payload[i] = static_cast<std::byte>((begin + i) * 31 >> 2);
        }
        packet.id = id;
        packet.fragment_offset = begin;
        packet.more_fragments = more;
        return packet;
    }
    /// The payload that reached a transport, if one did.
    std::optional<Bytes> feed(const Packet& packet) {
        Arrival arrival = inject(packet);
        if (!arrival.packet) return std::nullopt;
        Bytes payload(arrival.packet->frame->size());
        arrival.packet->frame->copy_to(payload);
        return payload;
    }
};

TEST_F(Fragments, IP4_FRAG_001_any_order_completes) {
    EXPECT_FALSE(feed(piece(2960, 100, false)));
    EXPECT_FALSE(feed(piece(1480, 1480, true)));
    const auto payload = feed(piece(0, 1480, true));
    ASSERT_TRUE(payload);
    EXPECT_EQ(*payload, piece(0, 3060, false).payload);
    EXPECT_EQ(host.deadline(), never);
    EXPECT_EQ(log.dropped(), 0U);
}

TEST_F(Fragments, IP4_FRAG_002_the_largest_datagram_completes) {
    std::optional<Bytes> payload;
    for (std::uint32_t begin = 0; begin < 65515; begin += 1480) {
        const std::uint32_t length = std::min(1480U, 65515 - begin);
        payload = feed(piece(begin, length, begin + length < 65515));
    }
    ASSERT_TRUE(payload);
    EXPECT_EQ(payload->size(), 65515U);
}

TEST_F(Fragments, IP4_FRAG_003_a_duplicate_is_ignored) {
    feed(piece(0, 16, true));
    Packet copy = piece(0, 16, true);
    copy.payload.assign(16, std::byte{0});
    feed(copy);
    Packet inside = piece(0, 8, true);
    inside.payload.assign(8, std::byte{0});
    feed(inside);
    const auto payload = feed(piece(16, 8, false));
    ASSERT_TRUE(payload);
    EXPECT_EQ(*payload, piece(0, 24, false).payload);
    EXPECT_EQ(log.dropped(Reason::old_duplicate), 2U);
}

TEST_F(Fragments, IP4_FRAG_004_and_vuln_03_an_overlap_discards_the_datagram) {
    feed(piece(0, 16, true));
    EXPECT_FALSE(feed(piece(8, 16, false)));
    EXPECT_FALSE(feed(piece(16, 8, false)));
    EXPECT_FALSE(feed(piece(0, 16, true)));
    EXPECT_EQ(log.dropped(Reason::fragment_overlap), 3U);

    feed(piece(16, 16, true, 8));
    EXPECT_FALSE(feed(piece(8, 16, true, 8)));
    EXPECT_FALSE(feed(piece(0, 16, true, 8)));
}

TEST_F(Fragments, IP4_FRAG_005_a_length_that_is_no_multiple_of_8_is_dropped) {
    feed(piece(0, 12, true));
    EXPECT_FALSE(feed(piece(8, 8, false)));
    EXPECT_GE(log.dropped(Reason::fragment_malformed), 1U);
}

TEST_F(Fragments, IP4_FRAG_006_and_vuln_04_the_ping_of_death_is_dropped) {
    EXPECT_FALSE(feed(piece(8190 * 8, 1000, false)));
    EXPECT_EQ(log.dropped(Reason::fragment_malformed), 1U);
    EXPECT_EQ(host.deadline(), never);
}

TEST_F(Fragments, IP4_FRAG_007_two_ends_discard_the_datagram) {
    feed(piece(16, 16, false));
    feed(piece(8, 8, false));
    EXPECT_FALSE(feed(piece(0, 8, true)));
    EXPECT_FALSE(feed(piece(0, 16, true)));
    EXPECT_EQ(log.dropped(Reason::fragment_malformed), 1U);
}

TEST_F(Fragments, IP4_FRAG_008_the_time_runs_from_the_first_fragment) {
    feed(piece(0, 16, true));
    advance(29900ms);
    EXPECT_TRUE(feed(piece(16, 8, false)));
    feed(piece(0, 16, true, 8));
    advance(30100ms);
    EXPECT_FALSE(feed(piece(16, 8, false, 8)));
    EXPECT_EQ(log.dropped(Reason::fragments_expired), 1U);
}

TEST_F(Fragments, IP4_FRAG_009_time_exceeded_quotes_the_first_fragment_if_it_came) {
    const Packet first = piece(0, 16, true);
    feed(first);
    feed(piece(8, 8, false, 8));
    advance(31s);
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(later[0].at, Instant{} + 30s);
    EXPECT_EQ(later[0].frame.icmp().type(), wire::Icmpv4Type::time_exceeded);
    EXPECT_EQ(later[0].frame.icmp().code(), 1);
    const Bytes original = first.ip();
    EXPECT_TRUE(std::ranges::equal(later[0].frame.icmp().payload(), original));
    EXPECT_EQ(log.dropped(Reason::fragments_expired), 2U);
}

TEST_F(Fragments, IP4_FRAG_010_and_vuln_03_a_flood_of_first_fragments_is_bounded) {
    Reassembler reassembler(pool);
    for (std::uint32_t i = 0; i < 20'000; ++i) {
        Packet packet = piece(0, 1000, true, static_cast<std::uint16_t>(i));
        packet.source = Ipv4{0x0a000000U + i};
        FramePtr frame = frame_of(packet.ip());
        EXPECT_FALSE(reassembler.add(turn(), 1, std::move(frame)));
        ASSERT_LE(reassembler.octets_held(), Reassembler::octets_max);
    }
    EXPECT_GT(log.dropped(Reason::fragments_full), 10'000U);
    EXPECT_LT(pool.frames_in_use(), 5000U);
}

TEST_F(Fragments, IP4_FRAG_010_a_datagram_goes_when_its_source_is_far_ahead) {
    feed(piece(0, 16, true, 1));
    for (std::uint16_t id = 100; id < 200; ++id) feed(piece(0, 16, true, id));
    EXPECT_FALSE(feed(piece(16, 8, false, 1)));
    EXPECT_EQ(log.dropped(Reason::fragments_full), 1U);
}

TEST_F(Fragments, IP4_FRAG_011_a_split_transport_header_is_seen_whole) {
    const Packet whole = udp(1000, 2000, 20);
    Packet first = whole;
    first.payload.resize(8);
    first.more_fragments = true;
    Packet rest = whole;
    rest.payload.erase(rest.payload.begin(), rest.payload.begin() + 8);
    rest.fragment_offset = 8;
    EXPECT_FALSE(feed(first));
    EXPECT_EQ(feed(rest), whole.payload);
}

TEST_F(Fragments, IP4_FRAG_012_and_TCP_ECN_012_congestion_marks_are_merged) {
    const auto merged = [this](std::uint8_t one, std::uint8_t other, std::uint16_t id) {
        Packet first = piece(0, 8, true, id);
        first.tos = one;
        Packet last = piece(8, 8, false, id);
        last.tos = other;
        inject(first);
        const Arrival arrival = inject(last);
        return arrival.packet ? int{arrival.packet->tos} : -1;
    };
    EXPECT_EQ(merged(0x2a, 0x2b, 1), 0x2b);
    EXPECT_EQ(merged(0x29, 0x29, 2), 0x29);
    EXPECT_EQ(merged(0x2a, 0x2a, 6), 0x2a);
    EXPECT_EQ(merged(0, 3, 3), -1);
    EXPECT_EQ(merged(0, 2, 4), -1);
    EXPECT_EQ(merged(0, 0, 5), 0);
}

TEST_F(Fragments, IP4_FRAG_013_options_come_from_the_first_fragment) {
    Packet first = piece(0, 8, true);
    first.options = Bytes{std::byte{7}, std::byte{3}, std::byte{4}, std::byte{0}};
    feed(piece(8, 8, false));
    const Arrival arrival = inject(first);
    ASSERT_TRUE(arrival.packet);
    EXPECT_EQ(arrival.packet->header_length, 24);
    EXPECT_EQ(arrival.packet->frame->size(), 16U);
}

TEST_F(Fragments, IP4_FRAG_014_a_broadcast_is_put_together_too) {
    Packet first = piece(0, 8, true);
    Packet last = piece(8, 8, false);
    first.destination = last.destination = addr("255.255.255.255");
    first.to = last.to = Mac::broadcast();
    feed(first);
    EXPECT_TRUE(feed(last));
}

TEST_F(Fragments, IP4_FRAG_015_after_a_discard_nothing_is_mixed) {
    feed(piece(0, 16, true));
    feed(piece(8, 16, true));
    EXPECT_FALSE(feed(piece(0, 16, true)));
    EXPECT_FALSE(feed(piece(16, 8, false)));
    advance(31s);
    feed(piece(0, 16, true));
    EXPECT_EQ(feed(piece(16, 8, false)), piece(0, 24, false).payload);
}

TEST_F(Fragments, IP4_FRAG_016_the_most_fragments_a_datagram_can_have_complete) {
    std::optional<Bytes> payload;
    for (std::uint32_t i = 0; i < 8000; ++i) {
        const std::uint32_t place = i * 3001 % 8000;
        payload = feed(piece(place * 8, 8, place != 7999));
    }
    ASSERT_TRUE(payload);
    EXPECT_EQ(*payload, piece(0, 64'000, false).payload);
}

TEST_F(Fragments, ICMP4_006_no_error_about_a_later_fragment) {
    host.set_forwarding(true);
    Packet packet = piece(800, 8, true);
    packet.destination = addr("192.0.2.1");
    inject(packet);
    EXPECT_TRUE(sent().empty());
}

}  // namespace
}  // namespace dt::ip::test
