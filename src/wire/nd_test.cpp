// Tests of neighbour discovery messages and their options.
#include "wire/nd.hpp"

#include <gtest/gtest.h>

#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

const Ipv6 target = *Ipv6::parse("fe80::1");
const Mac own({2, 0, 0, 0, 0, 7});

TEST(NdMessage, ASolicitationKeepsTargetAndLinkAddress) {
    const auto octets = make_solicitation(target, own);
    EXPECT_EQ(octets[0], std::byte{135});
    const auto message = NeighborSolicitation::parse(octets);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->target, target);
    EXPECT_EQ(message->options.source_link, own);
    EXPECT_FALSE(message->options.target_link);
}

TEST(NdMessage, AnAdvertisementKeepsItsFlags) {
    for (int flags = 0; flags < 8; ++flags) {
        const NeighborAdvertisement sent{.target = target,
                                         .is_router = (flags & 4) != 0,
                                         .solicited = (flags & 2) != 0,
                                         .overrides = (flags & 1) != 0,
                                         .options = {}};
        const auto octets = make_advertisement(sent, own);
        const auto got = NeighborAdvertisement::parse(octets);
        ASSERT_TRUE(got);
        EXPECT_EQ(got->is_router, sent.is_router);
        EXPECT_EQ(got->solicited, sent.solicited);
        EXPECT_EQ(got->overrides, sent.overrides);
        EXPECT_EQ(got->options.target_link, own);
    }
}

TEST(NdMessage, AProbeCarriesItsNonce) {
    const std::array<std::byte, 6> nonce{std::byte{1}, std::byte{2}, std::byte{3},
                                         std::byte{4}, std::byte{5}, std::byte{6}};
    const auto octets = make_probe(target, nonce);
    const auto message = NeighborSolicitation::parse(octets);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->options.nonce, nonce);
    EXPECT_FALSE(message->options.source_link);
}

TEST(NdMessage, ARouterAdvertisementIsReadWithItsPrefixes) {
    const auto octets =
        hex("86 00 0000 40 08 0708 00007530 000003e8"
            "05 01 0000 00000578"
            "03 04 40 c0 00015180 00003840 00000000 20010db8 00010000 00000000 00000000");
    const auto message = RouterAdvertisement::parse(octets);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->hop_limit, 64);
    EXPECT_EQ(message->preference, 1);
    EXPECT_EQ(message->lifetime_s, 1800);
    EXPECT_EQ(message->reachable_ms, 30000U);
    EXPECT_EQ(message->retrans_ms, 1000U);
    EXPECT_EQ(message->options.mtu, 1400U);
    ASSERT_EQ(message->options.prefix_count, 1U);
    const PrefixInformation& prefix = message->options.prefixes[0];
    EXPECT_EQ(prefix.prefix, *Ipv6::parse("2001:db8:1::"));
    EXPECT_EQ(prefix.length, 64);
    EXPECT_TRUE(prefix.on_link);
    EXPECT_TRUE(prefix.autonomous);
    EXPECT_EQ(prefix.valid_s, 86400U);
    EXPECT_EQ(prefix.preferred_s, 14400U);
}

TEST(NdOptions, MoreThanSixteenPrefixesAreSkipped) {
    std::vector<std::byte> octets(32 * 20);
    for (std::size_t at = 0; at < octets.size(); at += 32) {
        octets[at] = std::byte{3};
        octets[at + 1] = std::byte{4};
    }
    EXPECT_EQ(NdOptions::parse(octets)->prefix_count, 16U);
}

TEST(NdOptions, ALengthOfZeroOrPastTheEndIsMalformed) {
    EXPECT_EQ(NdOptions::parse(hex("01 00 000000000000")).error(), Error::malformed);
    EXPECT_EQ(NdOptions::parse(hex("01 02 000000000000")).error(), Error::malformed);
    EXPECT_EQ(NdOptions::parse(hex("01 01 00000000")).error(), Error::malformed);
    EXPECT_TRUE(NdOptions::parse({}));
}

TEST(NdMessage, OctetsThatEndEarlyAreTruncated) {
    const auto octets = make_solicitation(target, own);
    for (std::size_t length = 0; length < 24; ++length) {
        EXPECT_EQ(NeighborSolicitation::parse(Octets{octets}.first(length)).error(),
                  Error::truncated);
    }
    EXPECT_FALSE(RouterAdvertisement::parse(Octets{octets}.first(15)));
    EXPECT_FALSE(RedirectMessage::parse(Octets{octets}.first(32)));
}

}  // namespace
}  // namespace dt::wire
