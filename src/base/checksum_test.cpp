// Tests of the Internet checksum against the definition, word by word.
#include "base/checksum.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "base/rng.hpp"

namespace dt::base {
namespace {

/// RFC 1071 §1 as written: 16-bit numbers in network order, an odd octet padded with zero.
std::uint16_t by_definition(Octets octets) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < octets.size(); i += 2) {
        const auto high = std::to_integer<std::uint32_t>(octets[i]);
        const auto low = i + 1 < octets.size() ? std::to_integer<std::uint32_t>(octets[i + 1]) : 0U;
        sum += high << 8 | low;
        sum = (sum & 0xffff) + (sum >> 16);
    }
    return static_cast<std::uint16_t>(~sum);
}

std::vector<std::byte> random_octets(std::size_t count, std::uint64_t seed) {
    Rng rng(seed);
    std::vector<std::byte> octets(count);
    for (std::byte& octet : octets) octet = static_cast<std::byte>(rng.next());
    return octets;
}

TEST(Checksum, SumsTheExampleOfRfc1071) {
    const std::array<std::byte, 8> octets{std::byte{0x00}, std::byte{0x01}, std::byte{0xf2},
                                          std::byte{0x03}, std::byte{0xf4}, std::byte{0xf5},
                                          std::byte{0xf6}, std::byte{0xf7}};
    EXPECT_EQ(Checksum::of(octets).partial(), 0xddf2);
    EXPECT_EQ(Checksum::of(octets).finish(), 0x220d);
}

TEST(Checksum, EqualsTheDefinitionForEveryLengthAndAlignment) {
    const auto octets = random_octets(400, 1);
    for (std::size_t offset = 0; offset < 8; ++offset) {
        for (std::size_t length = 0; length + offset <= octets.size(); ++length) {
            const Octets part = Octets(octets).subspan(offset, length);
            ASSERT_EQ(Checksum::of(part).finish(), by_definition(part)) << offset << ' ' << length;
        }
    }
}

TEST(Checksum, LosesNoCarryInALongRunOfOnes) {
    const std::vector<std::byte> octets(1 << 20, std::byte{0xff});
    EXPECT_EQ(Checksum::of(octets).finish(), 0);
    EXPECT_TRUE(Checksum::of(octets).is_correct());
}

TEST(Checksum, AddsPartsAtEveryCutAlsoOddOnes) {
    const auto octets = random_octets(151, 2);
    const Octets all(octets);
    for (std::size_t cut = 0; cut <= all.size(); ++cut) {
        Checksum sum = Checksum::of(all.first(cut));
        sum.add(Checksum::of(all.subspan(cut)));
        ASSERT_EQ(sum.finish(), by_definition(all)) << cut;
        ASSERT_TRUE(sum.is_odd());
    }
}

TEST(Checksum, CountsNumbersInNetworkOrder) {
    const std::array<std::byte, 6> octets{std::byte{0x12}, std::byte{0x34}, std::byte{0x56},
                                          std::byte{0x78}, std::byte{0x9a}, std::byte{0xbc}};
    Checksum sum;
    sum.add_u16(0x1234).add_u32(0x56789abc);
    EXPECT_EQ(sum, Checksum::of(octets));
}

TEST(Checksum, CopyAndSumCopiesAndSums) {
    for (const std::size_t length : {0U, 1U, 7U, 63U, 64U, 65U, 1448U, 4001U}) {
        const auto from = random_octets(length, length);
        std::vector<std::byte> to(length + 1, std::byte{0x55});
        EXPECT_EQ(copy_and_sum(to, from), Checksum::of(from));
        EXPECT_TRUE(std::equal(from.begin(), from.end(), to.begin()));
        EXPECT_EQ(to.back(), std::byte{0x55});
    }
}

TEST(Checksum, IncrementalUpdateEqualsANewSum) {
    Rng rng(3);
    auto octets = random_octets(40, 3);
    for (int i = 0; i < 2000; ++i) {
        const std::uint16_t old_checksum = by_definition(octets);
        const std::size_t at = 2 * rng.below(19);
        const auto before = load_be<std::uint16_t>(octets, at);
        const auto after = static_cast<std::uint16_t>(rng.next());
        store_be(MutableOctets(octets), at, after);
        ASSERT_EQ(update_checksum(old_checksum, before, after), by_definition(octets));
    }
}

// RFC 1624 §4: the case in which the older formula yields 0xffff instead of 0.
TEST(Checksum, IncrementalUpdateGivesTheZeroOfRfc1624) {
    EXPECT_EQ(update_checksum(0xdd2f, 0x5555, 0x3285), 0x0000);
    EXPECT_EQ(update_checksum_u32(0xdd2f, 0x12345555, 0x12343285), 0x0000);
}

}  // namespace
}  // namespace dt::base
