// Tests of offload metadata and of the virtio header that carries it.
#include "wire/offload.hpp"

#include <gtest/gtest.h>

#include "base/rng.hpp"
#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

constexpr Offload super_segment{.checksum = ChecksumState::needed,
                                .checksum_start = 34,
                                .checksum_offset = 16,
                                .segment_size = 1460};

TEST(Offload, IP4_037_the_header_of_a_link_says_what_may_be_trusted) {
    EXPECT_EQ(parse_vnet_header(hex("00 00 0000 0000 0000 0000"), 60)->checksum,
              ChecksumState::unverified);
    EXPECT_EQ(parse_vnet_header(hex("02 00 0000 0000 0000 0000"), 60)->checksum,
              ChecksumState::verified);
    EXPECT_EQ(parse_vnet_header(hex("01 00 0000 0000 2200 1000"), 60)->checksum,
              ChecksumState::needed);
    EXPECT_FALSE(Offload{}.is_vouched_for());
    EXPECT_TRUE(super_segment.is_vouched_for());
}

TEST(Offload, EmitsWhatItParses) {
    std::vector<std::byte> header(vnet_header_size);
    emit_vnet_header(super_segment, Family::v4, 54, header);
    EXPECT_EQ(header, hex("01 01 3600 b405 2200 1000"));
    EXPECT_EQ(parse_vnet_header(header, 4000), super_segment);
    emit_vnet_header(super_segment, Family::v6, 74, header);
    EXPECT_EQ(header[1], std::byte{4});
    emit_vnet_header({}, Family::v4, 54, header);
    EXPECT_EQ(header, std::vector<std::byte>(vnet_header_size));
}

TEST(Offload, vuln_22_places_outside_the_frame_are_refused) {
    EXPECT_TRUE(parse_vnet_header(hex("01 00 0000 0000 2200 1000"), 52));
    EXPECT_FALSE(parse_vnet_header(hex("01 00 0000 0000 2200 1000"), 51));
    EXPECT_FALSE(parse_vnet_header(hex("01 00 0000 0000 ffff ffff"), 65536));
    EXPECT_FALSE(parse_vnet_header(hex("01 01 3600 0000 2200 1000"), 4000)) << "segments of 0";
    EXPECT_FALSE(parse_vnet_header(hex("00 01 3600 b405 2200 1000"), 4000)) << "no checksum";
    EXPECT_FALSE(parse_vnet_header(hex("01 09 3600 b405 2200 1000"), 4000)) << "unknown kind";
    EXPECT_EQ(parse_vnet_header(hex("01 00 0000 0000"), 60).error(), Error::truncated);
}

TEST(Offload, vuln_22_whatever_is_accepted_is_sane) {
    Rng rng(22);
    for (int round = 0; round < 100000; ++round) {
        std::vector<std::byte> header(vnet_header_size);
        for (std::byte& octet : header) octet = static_cast<std::byte>(rng.below(8));
        const std::size_t frame_size = rng.below(3000);
        const auto offload = parse_vnet_header(header, frame_size);
        if (!offload || offload->checksum != ChecksumState::needed) continue;
        ASSERT_LE(std::size_t{offload->checksum_start} + offload->checksum_offset + 2, frame_size);
        ASSERT_EQ(offload->is_super_segment(), (header[1] & std::byte{0x7f}) != std::byte{0});
    }
}

TEST(Offload, PlacesFollowHeadersPutOnAndTakenOff) {
    Offload offload = super_segment;
    offload.on_prepend(14);
    EXPECT_EQ(offload.checksum_start, 48);
    offload.on_drop_front(14);
    EXPECT_EQ(offload, super_segment);
    Offload plain;
    plain.on_prepend(14);
    EXPECT_EQ(plain, Offload{});
}

TEST(Offload, CountsTheSegmentsOfASuperSegment) {
    EXPECT_EQ(Offload{}.segment_count(60000), 1U);
    EXPECT_EQ(super_segment.segment_count(0), 1U);
    EXPECT_EQ(super_segment.segment_count(1460), 1U);
    EXPECT_EQ(super_segment.segment_count(1461), 2U);
}

}  // namespace
}  // namespace dt::wire
