// Tests of the generator and of SipHash against published vectors.
#include "base/rng.hpp"

#include <gtest/gtest.h>

#include <array>
#include <set>
#include <vector>

namespace dt::base {
namespace {

std::vector<std::byte> counting(std::size_t count) {
    std::vector<std::byte> octets(count);
    for (std::size_t i = 0; i < count; ++i) octets[i] = static_cast<std::byte>(i);
    return octets;
}

constexpr SipKey counting_key{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL};

// xoshiro256** from the state {1, 2, 3, 4} begins with 11520, 0, 1509978240; a seeded one is
// checked by its own first numbers, which every recorded run depends on.
TEST(Rng, GivesTheSameNumbersForTheSameSeedForEver) {
    Rng rng(0);
    EXPECT_EQ(rng.next(), 0x99ec5f36cb75f2b4ULL);
    EXPECT_EQ(rng.next(), 0xbf6e1f784956452aULL);
    Rng again(0);
    EXPECT_EQ(again.next(), 0x99ec5f36cb75f2b4ULL);
    EXPECT_NE(Rng(1).next(), Rng(0).next());
}

TEST(Rng, BelowStaysBelowAndReachesEveryNumber) {
    Rng rng(7);
    std::set<std::uint64_t> seen;
    for (int i = 0; i < 1000; ++i) seen.insert(rng.below(10));
    EXPECT_EQ(seen.size(), 10U);
    EXPECT_EQ(*seen.rbegin(), 9U);
    EXPECT_EQ(rng.below(0), 0U);
    EXPECT_EQ(rng.below(1), 0U);
}

TEST(Rng, ChanceKeepsItsProbability) {
    Rng rng(11);
    int hits = 0;
    for (int i = 0; i < 100000; ++i) hits += rng.chance(0.02) ? 1 : 0;
    EXPECT_NEAR(hits, 2000, 200);
    EXPECT_FALSE(rng.chance(0.0));
    EXPECT_TRUE(rng.chance(1.0));
}

TEST(Rng, DerivedGeneratorsAreUnrelatedAndRepeatable) {
    const Rng rng(5);
    EXPECT_EQ(rng.derive(1).next(), rng.derive(1).next());
    EXPECT_NE(rng.derive(1).next(), rng.derive(2).next());
}

// Vectors of the SipHash reference (key 00 01 .. 0f, message 00 01 ..).
TEST(SipHash, TwoFourGivesThePublishedVectors) {
    EXPECT_EQ(siphash_2_4(counting_key, counting(0)), 0x726fdb47dd0e0e31ULL);
    EXPECT_EQ(siphash_2_4(counting_key, counting(15)), 0xa129ca6149be45e5ULL);
}

// Numbers of another implementation: hash(bytes) of CPython 3.11 with PYTHONHASHSEED=0.
TEST(SipHash, OneThreeAgreesWithAnotherImplementation) {
    const auto octets = counting(14);
    const auto from_one = [&octets](std::size_t count) { return Octets(octets).subspan(1, count); };
    EXPECT_EQ(siphash_1_3({}, from_one(1)), 0x44bc103b1f8540edULL);
    EXPECT_EQ(siphash_1_3({}, from_one(7)), 0xb1cd85cc334196faULL);
    EXPECT_EQ(siphash_1_3({}, from_one(8)), 0x884ccc87cb0e5fb0ULL);
    EXPECT_EQ(siphash_1_3({}, from_one(13)), 0x7d687c47a4c316a7ULL);
}

TEST(SipHash, WordsHashLikeTheirOctetsInLittleEndianOrder) {
    const auto octets = counting(40);
    const std::array<std::uint64_t, 5> words{0x0706050403020100ULL, 0x0f0e0d0c0b0a0908ULL,
                                             0x1716151413121110ULL, 0x1f1e1d1c1b1a1918ULL,
                                             0x2726252423222120ULL};
    EXPECT_EQ(siphash_2_4(counting_key, words), siphash_2_4(counting_key, octets));
    EXPECT_EQ(siphash_1_3(counting_key, words), siphash_1_3(counting_key, octets));
}

TEST(SipHash, KeyAndEveryOctetMatter) {
    auto octets = counting(23);
    const auto hash = siphash_1_3(counting_key, octets);
    EXPECT_NE(siphash_1_3({1, 2}, octets), hash);
    for (std::byte& octet : octets) {
        octet ^= std::byte{1};
        EXPECT_NE(siphash_1_3(counting_key, octets), hash);
        octet ^= std::byte{1};
    }
}

}  // namespace
}  // namespace dt::base
