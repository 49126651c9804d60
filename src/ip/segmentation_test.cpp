// Super-segments cut into segments.
#include "ip/segmentation.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace dt::ip {
namespace {

class CutterTest : public ::testing::Test {
  protected:
    /// A super-segment with `text` octets, which lie in slices of `piece`.
    FramePtr packet(bool is_v6, std::size_t text, std::size_t piece) {
        FramePtr frame = pool_.frame();
        std::vector<std::byte> octets(text);
        for (std::size_t i = 0; i < text; ++i) octets[i] = static_cast<std::byte>(i * 7);
        for (std::size_t at = 0; at < text; at += piece) {
            EXPECT_TRUE(
                frame->add(pool_.copy(Octets{octets}.subspan(at, std::min(piece, text - at)))));
        }
        tcp_.source = Port{1};
        tcp_.destination = Port{2};
        tcp_.seq = Seq{0xffffff00U};
        tcp_.ack = Seq{9};
        tcp_.window = 77;
        tcp_.options.timestamps = wire::Timestamps{1, 2};
        (void)tcp_.emit(frame->prepend(tcp_.size()));
        const auto payload = static_cast<std::uint32_t>(frame->size());
        if (is_v6) {
            wire::Ipv6Repr{.source = from6,
                           .destination = to6,
                           .next_header = wire::NextHeader::tcp,
                           .hop_limit = 64,
                           .traffic_class = 2,
                           .flow_label = 5,
                           .payload_length = payload}
                .emit(frame->prepend(40));
        } else {
            wire::Ipv4Repr{.source = from4,
                           .destination = to4,
                           .protocol = wire::IpProtocol::tcp,
                           .ttl = 64,
                           .tos = 2,
                           .id = 0xfffe,
                           .dont_fragment = true,
                           .more_fragments = false,
                           .fragment_offset = 0,
                           .payload_length = payload}
                .emit(frame->prepend(20));
        }
        frame->offload.segment_size = 1000;
        frame->id = 42;
        return frame;
    }
    std::vector<std::vector<std::byte>> cut(Frame& frame) {
        std::vector<std::vector<std::byte>> segments;
        auto cutter = Cutter::of(frame, pool_);
        EXPECT_TRUE(cutter.has_value());
        while (const FramePtr segment = cutter ? cutter->next() : FramePtr{}) {
            EXPECT_EQ(segment->id, 42U);
            segments.emplace_back(segment->size());
            segment->copy_to(segments.back());
        }
        return segments;
    }
    /// The segments of a packet with `text` octets are right in every field; there are `count`.
    void expect_cut(bool is_v6, std::size_t text, std::size_t piece, std::size_t count) {
        const FramePtr frame = packet(is_v6, text, piece);
        const auto segments = cut(*frame);
        ASSERT_EQ(segments.size(), count);
        std::size_t at = 0;
        for (std::size_t i = 0; i < count; ++i) {
            const bool is_last = i + 1 == count;
            const Octets payload = is_v6 ? payload_v6(segments[i]) : payload_v4(segments[i], i);
            const auto tcp = wire::TcpView::parse(payload);
            ASSERT_TRUE(tcp.has_value());
            const IpAddr source = is_v6 ? IpAddr{from6} : IpAddr{from4};
            const IpAddr destination = is_v6 ? IpAddr{to6} : IpAddr{to4};
            EXPECT_TRUE(tcp->is_checksum_correct(
                wire::pseudo_header(source, destination, wire::IpProtocol::tcp,
                                    static_cast<std::uint32_t>(payload.size()))));
            EXPECT_EQ(tcp->seq(), tcp_.seq + static_cast<std::uint32_t>(at));
            EXPECT_EQ(tcp->ack(), tcp_.ack);
            EXPECT_EQ(tcp->flags().psh(), is_last);
            EXPECT_EQ(tcp->flags().fin(), is_last);
            EXPECT_EQ(tcp->flags().cwr(), i == 0);
            EXPECT_EQ(tcp->payload().size(), std::min<std::size_t>(1000, text - at));
            for (const std::byte octet : tcp->payload()) {
                ASSERT_EQ(octet, static_cast<std::byte>(at * 7)) << at;
                ++at;
            }
        }
        EXPECT_EQ(at, text);
    }

    static constexpr Ipv4 from4{10, 0, 0, 1};
    static constexpr Ipv4 to4{10, 0, 0, 2};
    static constexpr Ipv6 from6{{0xfd, 1}};
    static constexpr Ipv6 to6{{0xfd, 2}};

    static Octets payload_v4(const std::vector<std::byte>& segment, std::size_t number) {
        const auto ip = wire::Ipv4View::parse(segment);
        EXPECT_TRUE(ip.has_value());
        EXPECT_TRUE(ip->is_checksum_correct());
        EXPECT_EQ(ip->id(), static_cast<std::uint16_t>(0xfffe + number));
        EXPECT_EQ(ip->total_length(), segment.size());
        return Octets{segment}.subspan(20);
    }
    static Octets payload_v6(const std::vector<std::byte>& segment) {
        const auto ip = wire::Ipv6View::parse_quoted(segment);
        EXPECT_TRUE(ip.has_value());
        EXPECT_EQ(ip->payload_length() + 40U, segment.size());
        return Octets{segment}.subspan(40);
    }

    buf::Pool pool_;
    wire::TcpRepr tcp_{.source = {},
                       .destination = {},
                       .seq = {},
                       .ack = {},
                       .flags = TcpFlag::ack | TcpFlag::psh | TcpFlag::fin | TcpFlag::cwr,
                       .window = 0,
                       .urgent = 0,
                       .options = {}};
};

TEST_F(CutterTest, CutsIPv4IntoWholeSegments) { expect_cut(false, 4500, 4096, 5); }
TEST_F(CutterTest, CutsIPv6IntoWholeSegments) { expect_cut(true, 4500, 4096, 5); }
TEST_F(CutterTest, TextMayLieInOddPieces) { expect_cut(false, 3333, 333, 4); }
TEST_F(CutterTest, TheLastSegmentMayBeWhole) { expect_cut(false, 3000, 1000, 3); }
TEST_F(CutterTest, ASegmentWithoutTextStaysOne) { expect_cut(false, 0, 1, 1); }

TEST_F(CutterTest, HeadersBesideTheTextAreCutToo) {
    const FramePtr frame = packet(false, 2500, 4096);
    std::vector<std::byte> octets(frame->size());
    frame->copy_to(octets);
    const FramePtr flat = pool_.frame();
    ASSERT_TRUE(flat->add(pool_.copy(octets)));
    flat->offload = frame->offload;
    flat->id = 42;
    EXPECT_EQ(cut(*flat), cut(*frame));
}

TEST_F(CutterTest, NothingButTcpIsCut) {
    const FramePtr udp = packet(false, 2500, 4096);
    const std::byte protocol{17};
    udp->head()[9] = protocol;
    EXPECT_FALSE(Cutter::of(*udp, pool_).has_value());
    const FramePtr lies = packet(false, 2500, 4096);
    lies->head()[20 + 12] = std::byte{0x40};  // a header of four words
    EXPECT_FALSE(Cutter::of(*lies, pool_).has_value());
}

}  // namespace
}  // namespace dt::ip
