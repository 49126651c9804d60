// What may be joined to a segment, and what may not.
#include "core/joiner.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace dt::core {
namespace {

constexpr std::size_t text_at_v4 = 14 + 20 + 32;

class JoinerTest : public ::testing::Test {
  protected:
    /// A frame as a link brings it. What it says is changed by each test.
    struct Says {
        bool is_v6 = false;
        std::uint8_t ttl = 64;
        std::uint8_t tos = 0;
        std::size_t text = 1000;
        std::size_t padding = 0;
        wire::TcpRepr tcp{
            .source = Port{1000},
            .destination = Port{80},
            .seq = Seq{5000},
            .ack = Seq{7000},
            .flags = TcpFlag::ack,
            .window = 500,
            .urgent = 0,
            .options = {
                .mss = {}, .window_scale = {}, .timestamps = wire::Timestamps{10, 20}, .sack = {}}};
    };
    static constexpr Ipv4 from4{10, 0, 0, 1};
    static constexpr Ipv4 to4{10, 0, 0, 2};
    static constexpr Ipv6 from6{{0xfd, 1}};
    static constexpr Ipv6 to6{{0xfd, 2}};

    FramePtr frame_of(const Says& says) {
        const std::size_t header = says.tcp.size();
        const std::size_t ip = says.is_v6 ? 40 : 20;
        std::vector<std::byte> octets(14 + ip + header + says.text + says.padding);
        for (std::size_t i = 0; i < says.text; ++i) {
            octets[14 + ip + header + i] = static_cast<std::byte>(says.tcp.seq.value() + i);
        }
        const auto segment = static_cast<std::uint32_t>(header + says.text);
        const MutableOctets all{octets};
        const auto type = says.is_v6 ? wire::EtherType::ipv6 : wire::EtherType::ipv4;
        wire::EthernetRepr{Mac({2, 0, 0, 0, 0, 1}), Mac({2, 0, 0, 0, 0, 2}), type}.emit(
            all.first(14));
        if (says.is_v6) {
            wire::Ipv6Repr{.source = from6,
                           .destination = to6,
                           .next_header = wire::NextHeader::tcp,
                           .hop_limit = says.ttl,
                           .traffic_class = says.tos,
                           .flow_label = 7,
                           .payload_length = segment}
                .emit(all.subspan(14, 40));
        } else {
            wire::Ipv4Repr{.source = from4,
                           .destination = to4,
                           .protocol = wire::IpProtocol::tcp,
                           .ttl = says.ttl,
                           .tos = says.tos,
                           .id = ++id_,
                           .dont_fragment = true,
                           .more_fragments = false,
                           .fragment_offset = 0,
                           .payload_length = segment}
                .emit(all.subspan(14, 20));
        }
        const IpAddr source = says.is_v6 ? IpAddr{from6} : IpAddr{from4};
        const IpAddr destination = says.is_v6 ? IpAddr{to6} : IpAddr{to4};
        Checksum rest = wire::pseudo_header(source, destination, wire::IpProtocol::tcp, segment);
        rest.add(all.subspan(14 + ip + header, says.text));
        says.tcp.emit(all.subspan(14 + ip, header), rest);
        FramePtr frame = pool_.frame();
        EXPECT_TRUE(frame->add(pool_.copy(octets)));
        return frame;
    }
    /// The joiner holds the segment of `says`.
    [[nodiscard]] bool begin(const Says& says) {
        FramePtr frame = frame_of(says);
        joiner_.look_at(1, *frame);
        tcp::SegmentIn segment;
        segment.header = says.tcp;
        segment.text_length = static_cast<std::uint32_t>(says.text);
        const std::size_t ip = says.is_v6 ? 40 : 20;
        frame->drop_front(14 + ip);
        segment.text_offset = static_cast<std::uint32_t>(says.tcp.size());
        segment.frame = std::move(frame);
        return joiner_.begin(segment);
    }
    /// Whether the frame of `says` is taken in.
    [[nodiscard]] bool add(const Says& says) { return joiner_.add(1, *frame_of(says)); }
    /// What follows `says` in the stream.
    static Says behind(Says says) {
        says.tcp.seq += static_cast<std::uint32_t>(says.text);
        return says;
    }

    buf::Pool pool_;
    std::uint16_t id_ = 0;
    Joiner joiner_;
};

TEST_F(JoinerTest, JoinsTheTextOfSegmentsThatFollowEachOther) {
    const Says first;
    ASSERT_TRUE(begin(first));
    const Says second = behind(first);
    EXPECT_TRUE(add(second));
    EXPECT_TRUE(add(behind(second)));
    EXPECT_FALSE(joiner_.is_complete());
    const tcp::SegmentIn joined = joiner_.take();
    EXPECT_EQ(joined.header.seq, first.tcp.seq);
    EXPECT_EQ(joined.text_length, 3000U);
    EXPECT_EQ(joined.frame->offload.segment_size, 1000);
    std::vector<std::byte> octets(joined.frame->size());
    joined.frame->copy_to(octets);
    ASSERT_EQ(octets.size(), 32U + 3000U);
    for (std::size_t i = 0; i < 3000; ++i) {
        EXPECT_EQ(octets[32 + i], static_cast<std::byte>(5000 + i)) << i;
    }
    EXPECT_FALSE(joiner_.is_holding());
}

TEST_F(JoinerTest, JoinsIPv6) {
    Says first;
    first.is_v6 = true;
    ASSERT_TRUE(begin(first));
    EXPECT_TRUE(add(behind(first)));
    Says other = behind(behind(first));
    other.tos = 1;
    EXPECT_FALSE(add(other));
    EXPECT_EQ(joiner_.take().text_length, 2000U);
}

TEST_F(JoinerTest, PushAndASegmentThatIsNotFullEndABatch) {
    const Says first;
    ASSERT_TRUE(begin(first));
    Says pushed = behind(first);
    pushed.tcp.flags |= TcpFlag::psh;
    EXPECT_TRUE(add(pushed));
    EXPECT_TRUE(joiner_.is_complete());
    EXPECT_TRUE(joiner_.take().header.flags.psh());

    ASSERT_TRUE(begin(first));
    Says small = behind(first);
    small.text = 999;
    EXPECT_TRUE(add(small));
    EXPECT_TRUE(joiner_.is_complete());
}

TEST_F(JoinerTest, WhatTcpMustSeeByItselfStaysAlone) {
    const Says first;
    for (const TcpFlag flag :
         {TcpFlag::fin, TcpFlag::syn, TcpFlag::rst, TcpFlag::urg, TcpFlag::ece, TcpFlag::cwr}) {
        Says marked = first;
        marked.tcp.flags |= flag;
        EXPECT_FALSE(begin(marked));
        ASSERT_TRUE(begin(first));
        marked = behind(first);
        marked.tcp.flags |= flag;
        EXPECT_FALSE(add(marked)) << int(marked.tcp.flags.bits());
        EXPECT_EQ(joiner_.take().text_length, 1000U);
    }
    Says empty = first;
    empty.text = 0;
    EXPECT_FALSE(begin(empty));
    Says padded = first;
    padded.padding = 3;
    EXPECT_FALSE(begin(padded));
}

TEST_F(JoinerTest, AnyOtherDifferenceKeepsSegmentsApart) {
    const Says first;
    ASSERT_TRUE(begin(first));
    const Says next = behind(first);
    const auto refused = [&](auto change) {
        Says other = next;
        change(other);
        return !add(other);
    };
    EXPECT_TRUE(refused([](Says& says) { says.tcp.seq += 1; }));
    EXPECT_TRUE(refused([](Says& says) { says.tcp.seq = Seq{5000}; }));
    EXPECT_TRUE(refused([](Says& says) { says.tcp.ack += 1; }));
    EXPECT_TRUE(refused([](Says& says) { says.tcp.window = 501; }));
    EXPECT_TRUE(refused([](Says& says) { says.tcp.source = Port{1001}; }));
    EXPECT_TRUE(refused([](Says& says) { says.tcp.destination = Port{81}; }));
    EXPECT_TRUE(refused([](Says& says) { says.tcp.options.timestamps->value = 11; }));
    EXPECT_TRUE(refused([](Says& says) { says.tcp.options.timestamps.reset(); }));
    EXPECT_TRUE(refused([](Says& says) { says.ttl = 63; }));
    EXPECT_TRUE(refused([](Says& says) { says.tos = 2; }));
    EXPECT_TRUE(refused([](Says& says) { says.padding = 1; }));
    EXPECT_TRUE(refused([](Says& says) { says.text = 0; }));
    EXPECT_TRUE(refused([](Says& says) { says.text = 1001; }));
    EXPECT_TRUE(refused([](Says& says) { says.is_v6 = true; }));
    EXPECT_FALSE(joiner_.add(2, *frame_of(next)));
    EXPECT_TRUE(add(next)) << "and this one is the next";
}

TEST_F(JoinerTest, DamagedFramesAreLeftToThoseWhoCountThem) {
    const Says first;
    ASSERT_TRUE(begin(first));
    // An octet of the IP checksum, of the text, of the IP length.
    for (const std::size_t place : {std::size_t{14 + 10}, text_at_v4 + 500, std::size_t{14 + 3}}) {
        const FramePtr frame = frame_of(behind(first));
        std::vector<std::byte> octets(frame->size());
        frame->copy_to(octets);
        octets[place] ^= std::byte{1};
        const FramePtr damaged = pool_.frame();
        ASSERT_TRUE(damaged->add(pool_.copy(octets)));
        EXPECT_FALSE(joiner_.add(1, *damaged)) << place;
    }
    const FramePtr marked = frame_of(behind(first));
    marked->marked_bad = 1;
    EXPECT_FALSE(joiner_.add(1, *marked));
    const FramePtr vouched = frame_of(behind(first));
    vouched->offload.checksum = wire::ChecksumState::verified;
    EXPECT_TRUE(joiner_.add(1, *vouched));
}

TEST_F(JoinerTest, ABatchHasABoundOfSlicesAndOfText) {
    Says says;
    ASSERT_TRUE(begin(says));
    std::size_t joined = 1;
    for (says = behind(says); add(says) && joined < 100; says = behind(says)) ++joined;
    EXPECT_LE(joined, Frame::slices_max);
    EXPECT_GE(joined, Frame::slices_max / 2);
    EXPECT_EQ(joiner_.take().text_length, joined * 1000);
}

TEST_F(JoinerTest, FragmentsAndOtherProtocolsAreLeftAlone) {
    const auto begins = [&](std::size_t place, std::byte value) {
        const Says says;
        const FramePtr whole = frame_of(says);
        std::vector<std::byte> octets(whole->size());
        whole->copy_to(octets);
        octets[place] |= value;
        FramePtr frame = pool_.frame();
        EXPECT_TRUE(frame->add(pool_.copy(octets)));
        joiner_.look_at(1, *frame);
        tcp::SegmentIn segment;
        segment.header = says.tcp;
        segment.text_length = static_cast<std::uint32_t>(says.text);
        segment.frame = std::move(frame);
        const bool is_begun = joiner_.begin(segment);
        if (is_begun) (void)joiner_.take();
        return is_begun;
    };
    EXPECT_TRUE(begins(14 + 9, std::byte{0}));
    EXPECT_FALSE(begins(14 + 9, std::byte{0x11})) << "UDP";
    EXPECT_FALSE(begins(14 + 6, std::byte{0x20})) << "more fragments";
    EXPECT_FALSE(begins(14 + 7, std::byte{0x01})) << "an offset";
}

TEST_F(JoinerTest, ShortAndForeignFramesAreLeftAlone) {
    for (std::size_t size = 0; size < 120; ++size) {
        std::vector<std::byte> octets(size, std::byte{0x45});
        const FramePtr frame = pool_.frame();
        ASSERT_TRUE(frame->add(pool_.copy(octets)));
        EXPECT_FALSE(joiner_.add(1, *frame));
        joiner_.look_at(1, *frame);
        tcp::SegmentIn nothing;
        nothing.frame = pool_.frame();
        EXPECT_FALSE(joiner_.begin(nothing));
    }
}

}  // namespace
}  // namespace dt::core
