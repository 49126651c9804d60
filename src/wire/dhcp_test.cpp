// Tests of DHCP messages: what a client asks, and what of a reply is believed (vulnerability 18).
#include "wire/dhcp.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/rng.hpp"

namespace dt::wire {
namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t options_at = 240;
constexpr std::size_t file_at = 108;
constexpr std::size_t sname_at = 44;

Bytes octets_of(std::initializer_list<int> values) {
    Bytes octets;
    for (const int value : values) octets.push_back(static_cast<std::byte>(value));
    return octets;
}

/// An acknowledgement of 10.9.0.7 for 02:00:00:00:00:01 whose options are `options`.
Bytes reply(const Bytes& options) {
    Bytes message(options_at);
    message[0] = std::byte{2};
    message[1] = std::byte{1};
    message[2] = std::byte{6};
    store_be(message, 4, 0x1234'5678U);
    Ipv4(10, 9, 0, 7).store(message, 16);
    Mac({2, 0, 0, 0, 0, 1}).store(message, 28);
    store_be(message, 236, 0x6382'5363U);
    message.insert(message.end(), options.begin(), options.end());
    return message;
}

std::optional<Error> error_of(const Bytes& message) {
    const auto parsed = DhcpReply::parse(message);
    return parsed ? std::nullopt : std::optional(parsed.error());
}

TEST(DhcpReply, EveryOptionThatIsUsedIsRead) {
    const auto parsed = DhcpReply::parse(
        reply(octets_of({53, 1,  5,  54, 4, 10, 9,  0, 1, 1,  4,  255, 255, 255, 128, 0,  0,
                         3,  8,  10, 9,  0, 1,  10, 9, 0, 2,  26, 2,   5,   120, 51,  4,  0,
                         0,  14, 16, 58, 4, 0,  0,  7, 8, 59, 4,  0,   0,   12,  78,  255})));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->type, DhcpType::ack);
    EXPECT_EQ(parsed->xid, 0x1234'5678U);
    EXPECT_EQ(parsed->client, Mac({2, 0, 0, 0, 0, 1}));
    EXPECT_EQ(parsed->address, Ipv4(10, 9, 0, 7));
    EXPECT_EQ(parsed->server, Ipv4(10, 9, 0, 1));
    EXPECT_EQ(parsed->prefix_length, 25);
    ASSERT_EQ(parsed->router_count, 2);
    EXPECT_EQ(parsed->routers[1], Ipv4(10, 9, 0, 2));
    EXPECT_EQ(parsed->mtu, 1400);
    EXPECT_EQ(parsed->lease_s, 3600U);
    EXPECT_EQ(parsed->renewal_s, 1800U);
    EXPECT_EQ(parsed->rebinding_s, 3150U);
}

TEST(DhcpReply, WhatIsNotSaidIsNothingAndWhatIsNotKnownIsSkipped) {
    const auto parsed = DhcpReply::parse(
        reply(octets_of({119, 3, 1, 2, 3, 53, 1, 2, 6, 4, 10, 9, 0, 1, 255, 1, 1, 1})));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->type, DhcpType::offer);
    EXPECT_FALSE(parsed->server || parsed->prefix_length || parsed->lease_s || parsed->mtu);
    EXPECT_EQ(parsed->router_count, 0);
}

TEST(DhcpReply, OptionsMayGoOnInTheFieldsOfNames) {
    Bytes message = reply(octets_of({52, 1, 3, 53, 1, 2, 255}));
    const Bytes in_file = octets_of({51, 4, 0, 0, 0, 60, 255});
    const Bytes in_sname = octets_of({1, 4, 255, 255, 0, 0, 255});
    std::ranges::copy(in_file, message.begin() + file_at);
    std::ranges::copy(in_sname, message.begin() + sname_at);
    const auto parsed = DhcpReply::parse(message);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->lease_s, 60U);
    EXPECT_EQ(parsed->prefix_length, 16);
    // Where nothing says so, they are names.
    message[options_at + 2] = std::byte{1};
    EXPECT_FALSE(DhcpReply::parse(message)->prefix_length);
}

TEST(DhcpReply, vuln_18_options_that_overreach_or_of_which_a_lease_is_made_are_refused) {
    for (const Bytes& options :
         {octets_of({53}), octets_of({53, 1}), octets_of({53, 2, 5}), octets_of({53, 0}),
          octets_of({53, 1, 5, 1, 200, 255}), octets_of({53, 1, 5, 51, 2, 0, 1}),
          octets_of({53, 1, 5, 54, 5, 1, 2, 3, 4, 5}), octets_of({53, 1, 1}), octets_of({53, 1, 0}),
          octets_of({255}), octets_of({})}) {
        EXPECT_EQ(error_of(reply(options)), Error::malformed) << ::testing::PrintToString(options);
    }
}

TEST(DhcpReply, AnIllFormedOptionThatALeaseCanDoWithoutIsSkippedAlone) {
    for (const Bytes& options :
         {octets_of({1, 3, 255, 255, 255}), octets_of({1, 4, 255, 0, 255, 0}), octets_of({3, 0}),
          octets_of({3, 6, 10, 9, 0, 1, 10, 9}), octets_of({26, 1, 5}), octets_of({52, 1, 4}),
          octets_of({52, 0}), octets_of({58, 1, 1}), octets_of({59, 5, 0, 0, 0, 0, 1})}) {
        Bytes all = octets_of({53, 1, 5});
        all.insert(all.end(), options.begin(), options.end());
        const Bytes rest = octets_of({51, 4, 0, 0, 0, 60, 255});
        all.insert(all.end(), rest.begin(), rest.end());
        const auto parsed = DhcpReply::parse(reply(all));
        ASSERT_TRUE(parsed) << ::testing::PrintToString(options);
        EXPECT_EQ(parsed->lease_s, 60U);
        EXPECT_FALSE(parsed->prefix_length || parsed->mtu || parsed->renewal_s ||
                     parsed->rebinding_s || parsed->router_count != 0);
    }
}

TEST(DhcpReply, vuln_18_padding_without_end_ends_with_the_message) {
    Bytes options = octets_of({53, 1, 5});
    options.resize(60'000);
    ASSERT_TRUE(DhcpReply::parse(reply(options)));
    // An overload within the names is none: nobody goes round.
    Bytes message = reply(octets_of({53, 1, 5, 52, 1, 1, 255}));
    std::ranges::copy(octets_of({52, 1, 3}), message.begin() + file_at);
    EXPECT_TRUE(DhcpReply::parse(message));
}

TEST(DhcpReply, AMoreThanOnceNamedRouterIsBounded) {
    Bytes options = octets_of({53, 1, 5});
    for (int i = 1; i <= 200; ++i) {
        const Bytes one = octets_of({3, 4, 10, 9, 0, i});
        options.insert(options.end(), one.begin(), one.end());
    }
    const auto parsed = DhcpReply::parse(reply(options));
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->router_count, DhcpReply::routers_max);
    EXPECT_EQ(parsed->routers[2], Ipv4(10, 9, 0, 3));
}

TEST(DhcpReply, OnlyRepliesOfServersOnEthernetAreRead) {
    const Bytes good = reply(octets_of({53, 1, 5, 255}));
    ASSERT_TRUE(DhcpReply::parse(good));
    for (const std::size_t at : {0U, 1U, 2U, 236U, 239U}) {
        Bytes bad = good;
        bad[at] ^= std::byte{1};
        EXPECT_EQ(error_of(bad), Error::malformed) << at;
    }
    for (std::size_t size = 0; size < options_at; ++size) {
        EXPECT_EQ(error_of(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))),
                  Error::truncated);
    }
}

TEST(DhcpReply, vuln_18_any_octets_are_parsed_within_their_bounds) {
    base::Rng rng(2131);
    std::size_t taken = 0;
    for (int i = 0; i < 20'000; ++i) {
        Bytes options(rng.below(80));
        for (std::byte& each : options) each = static_cast<std::byte>(rng.below(64));
        const Bytes type = octets_of({53, 1, 5});
        options.insert(options.begin(), type.begin(), type.end());
        // In a buffer of its own size, so that a read behind it is seen.
        taken += DhcpReply::parse(reply(options)).has_value() ? 1U : 0U;
    }
    EXPECT_GT(taken, 0U);
}

TEST(DhcpQuestion, ADiscoverAsksForAnAnswerToAll) {
    DhcpQuestion asked;
    asked.xid = 0x0102'0304;
    asked.secs = 9;
    asked.client = Mac({2, 0, 0, 0, 0, 1});
    asked.size_max = 1472;
    const auto message = asked.message();
    const auto at = [&](std::size_t index) { return std::to_integer<int>(message[index]); };
    EXPECT_EQ(message.size(), 300U);
    EXPECT_EQ(at(0), 1);
    EXPECT_EQ(load_be<std::uint32_t>(message, 4), 0x0102'0304U);
    EXPECT_EQ(load_be<std::uint16_t>(message, 8), 9);
    EXPECT_EQ(load_be<std::uint16_t>(message, 10), 0x8000);
    EXPECT_EQ(Mac::load(message, 28), asked.client);
    const Bytes options(message.begin() + options_at, message.end());
    Bytes expected = octets_of(
        {53, 1, 1, 61, 7, 1, 2, 0, 0, 0, 0, 1, 57, 2, 5, 192, 55, 6, 1, 3, 26, 51, 58, 59, 255});
    expected.resize(options.size());
    EXPECT_EQ(options, expected);
}

TEST(DhcpQuestion, WhatExtendsALeaseNamesItsAddressAndAsksForAnAnswerToItAlone) {
    DhcpQuestion asked;
    asked.type = DhcpType::request;
    asked.address = Ipv4(10, 9, 0, 7);
    const auto message = asked.message();
    EXPECT_EQ(load_be<std::uint16_t>(message, 10), 0);
    EXPECT_EQ(Ipv4::load(message, 12), asked.address);
}

TEST(DhcpQuestion, ADeclineSaysWhichAddressOfWhomAndNothingElse) {
    DhcpQuestion asked;
    asked.type = DhcpType::decline;
    asked.client = Mac({2, 0, 0, 0, 0, 1});
    asked.wanted = Ipv4(10, 9, 0, 7);
    asked.server = Ipv4(10, 9, 0, 1);
    const auto message = asked.message();
    EXPECT_EQ(load_be<std::uint16_t>(message, 10), 0);
    const Bytes options(message.begin() + options_at, message.end());
    Bytes expected = octets_of(
        {53, 1, 4, 61, 7, 1, 2, 0, 0, 0, 0, 1, 50, 4, 10, 9, 0, 7, 54, 4, 10, 9, 0, 1, 255});
    expected.resize(options.size());
    EXPECT_EQ(options, expected);
}

}  // namespace
}  // namespace dt::wire
