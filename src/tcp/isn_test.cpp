// ISNs and timestamp offsets: keyed, spread out, growing for one tuple (RFC 6528).
#include "tcp/isn.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <numeric>
#include <set>
#include <vector>

namespace dt::tcp {
namespace {

FourTuple tuple_of(std::uint16_t port) {
    return {{Ipv4{10, 0, 0, 1}, Port{80}}, {Ipv4{10, 0, 0, 2}, Port{port}}};
}
constexpr Instant at(Duration since_start) { return Instant{} + since_start; }

TEST(Isn, TCP_SEC_008_and_TCP_9293_MUST_8_clock_ticks_every_four_microseconds) {
    const IsnSource source(SipKey{1, 2});
    const Seq start = source.initial(tuple_of(1000), at(1s));
    EXPECT_EQ(source.initial(tuple_of(1000), at(1s + 4us)), start + 1);
    EXPECT_EQ(source.initial(tuple_of(1000), at(2s)), start + 250'000);
}

TEST(Isn, TCP_SEC_008_and_TCP_9293_MUST_9_numbers_of_different_tuples_and_secrets_are_unrelated) {
    const IsnSource source(SipKey{1, 2});
    const IsnSource other(SipKey{1, 3});
    std::set<std::uint32_t> steps;
    int agreeing = 0;
    int upper_half = 0;
    Seq last = source.initial(tuple_of(0), at(1s));
    for (std::uint16_t port = 1; port < 10'000; ++port) {
        const Seq isn = source.initial(tuple_of(port), at(1s));
        steps.insert(distance(last, isn));
        agreeing += isn == other.initial(tuple_of(port), at(1s)) ? 1 : 0;
        upper_half += isn.value() >> 31 != 0 ? 1 : 0;
        last = isn;
    }
    EXPECT_GT(steps.size(), 9'990U);  // no common step from which to predict the next
    EXPECT_LE(agreeing, 1);
    EXPECT_NEAR(upper_half, 5'000, 400);
}

// What nmap calls SP and GCD: steps between the ISNs of successive SYNs have no common divisor and
// no pattern in any bit, though the clock between them is known.
TEST(Isn, vuln_09_and_TCP_9293_SHLD_1_a_hundred_thousand_numbers_follow_no_line) {
    const IsnSource source(SipKey{7, 8});
    std::array<int, 32> ones{};
    std::uint32_t divisor = 0;
    std::vector<std::uint32_t> steps;
    Seq last = source.initial(tuple_of(0), at(1s));
    constexpr int count = 100'000;
    for (int i = 1; i <= count; ++i) {
        FourTuple tuple = tuple_of(static_cast<std::uint16_t>(i));
        tuple.remote.addr = Ipv4{0x0a000002U + static_cast<std::uint32_t>(i >> 16)};
        const Seq isn = source.initial(tuple, at(1s + i * 4us));
        const std::uint32_t step = distance(last, isn);
        divisor = std::gcd(divisor, step);
        steps.push_back(step);
        for (std::size_t bit = 0; bit < 32; ++bit)
            ones[bit] += (isn.value() >> bit & 1U) != 0 ? 1 : 0;
        last = isn;
    }
    EXPECT_EQ(divisor, 1U);
    for (const int of_bit : ones) EXPECT_NEAR(of_bit, count / 2, 800);  // 5 sigma
    std::sort(steps.begin(), steps.end());
    const auto distinct = std::unique(steps.begin(), steps.end()) - steps.begin();
    EXPECT_GT(distinct, count - 20);
}

TEST(Isn, TCP_SEC_009_and_TCP_9293_SHLD_1_a_new_incarnation_starts_beyond_a_slow_old_one) {
    const IsnSource source(SipKey{5, 6});
    const Seq first = source.initial(tuple_of(1000), at(10s));
    const Seq old_snd_nxt = first + 240'000;  // one second at 240 kB/s
    EXPECT_TRUE(after(source.initial(tuple_of(1000), at(11s)), old_snd_nxt));
}

TEST(Isn, TCP_SEC_010_the_secret_does_not_change_over_time) {
    const IsnSource source(SipKey{5, 6});
    // 2^32 ticks of 4 µs later the clock part is the same again, and so is the number.
    const auto wrap = 4us * (std::int64_t{1} << 32);
    EXPECT_EQ(source.initial(tuple_of(1), at(3s)), source.initial(tuple_of(1), at(3s + wrap)));
}

TEST(
    Isn,
    TCP_SEC_025_and_TCP_OPT_011_timestamp_offset_is_constant_for_a_tuple_and_differs_between_tuples) {
    const IsnSource source(SipKey{1, 2});
    const std::uint32_t a = source.timestamp_offset(tuple_of(1000));
    EXPECT_EQ(a, source.timestamp_offset(tuple_of(1000)));
    EXPECT_NE(a, source.timestamp_offset(tuple_of(1001)));
    EXPECT_NE(a, 0U);
    EXPECT_EQ(timestamp_value(at(1500ms), a), a + 1500);
}

TEST(Isn, NearTheWrapNumbersAndTimestampsBeginALittleBelowZeroAndGrow) {
    const IsnSource source({1, 2}, event::Numbers::near_wrap);
    for (std::uint16_t port = 1; port < 200; ++port) {
        const FourTuple tuple = tuple_of(port);
        const Seq first = source.initial(tuple, at(0s));
        EXPECT_GE(first.value(), 0xffff'0000U);
        EXPECT_EQ(distance(first, source.initial(tuple, at(2s))), 7'812U)
            << "4 octets a millisecond";
        const std::uint32_t offset = source.timestamp_offset(tuple);
        EXPECT_GT(timestamp_value(at(0s), offset), 0xffff'0000U);
        EXPECT_LT(timestamp_value(at(5s), offset), 5'000U);
    }
}

}  // namespace
}  // namespace dt::tcp
