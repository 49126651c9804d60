// SYN cookies: the layout, the table of sizes, how long one lives, and that no other number passes.
#include "tcp/syn_cookie.hpp"

#include <gtest/gtest.h>

namespace dt::tcp {
namespace {

constexpr Seq irs{4'000'000'000};
constexpr Instant noon = Instant{} + std::chrono::hours{12};

FourTuple tuple_of(std::uint16_t port) {
    return {{Ipv4{10, 0, 0, 1}, Port{80}}, {Ipv4{10, 0, 0, 2}, Port{port}}};
}
FourTuple tuple_v6() { return {{Ipv6::loopback(), Port{80}}, {Ipv6::loopback(), Port{4000}}}; }

class CookieTest : public testing::Test {
  protected:
    SynCookies cookies{SipKey{1, 2}};
    FourTuple tuple = tuple_of(40000);

    [[nodiscard]] std::optional<std::uint16_t> read_after(Duration age) const {
        return cookies.read(tuple, irs, cookies.make(tuple, irs, 1460, noon), noon + age);
    }
    [[nodiscard]] std::uint16_t size_kept(const FourTuple& of, std::uint16_t mss) const {
        return cookies.read(of, irs, cookies.make(of, irs, mss, noon), noon).value_or(0);
    }
};

TEST_F(CookieTest, TCP_SYNQ_010_in_one_minute_cookies_differ_by_the_index_of_the_mss_alone) {
    const Seq smallest = cookies.make(tuple, irs, 536, noon);
    EXPECT_EQ(distance(smallest, cookies.make(tuple, irs, 1300, noon)), 1U);
    EXPECT_EQ(distance(smallest, cookies.make(tuple, irs, 1440, noon + 59s)), 2U);
    EXPECT_EQ(distance(smallest, cookies.make(tuple, irs, 1460, noon)), 3U);
}

TEST_F(CookieTest, TCP_SYNQ_029_the_largest_entry_that_the_peer_takes) {
    const std::array<std::pair<std::uint16_t, std::uint16_t>, 9> v4{{{0, 536},
                                                                     {100, 536},
                                                                     {535, 536},
                                                                     {1299, 536},
                                                                     {1300, 1300},
                                                                     {1439, 1300},
                                                                     {1440, 1440},
                                                                     {1460, 1460},
                                                                     {8960, 1460}}};
    for (const auto& [mss, kept] : v4) EXPECT_EQ(size_kept(tuple, mss), kept) << mss;
    const std::array<std::pair<std::uint16_t, std::uint16_t>, 5> v6{
        {{1000, 1220}, {1419, 1220}, {1420, 1420}, {8939, 1440}, {9000, 8940}}};
    for (const auto& [mss, kept] : v6) EXPECT_EQ(size_kept(tuple_v6(), mss), kept) << mss;
}

TEST_F(CookieTest, TCP_SYNQ_011_a_cookie_is_good_in_its_minute_and_the_next) {
    EXPECT_EQ(read_after(1s), 1460);
    EXPECT_EQ(read_after(59s), 1460);
    EXPECT_EQ(read_after(119s), 1460);
    EXPECT_EQ(read_after(120s), std::nullopt);
    EXPECT_EQ(read_after(std::chrono::hours{4}), std::nullopt);
    EXPECT_EQ(read_after(-61s), std::nullopt) << "made in a minute to come";
}

TEST_F(CookieTest, TCP_SYNQ_010_a_number_off_by_up_to_the_index_passes_and_no_other) {
    const Seq cookie = cookies.make(tuple, irs, 1460, noon);
    for (std::uint32_t off = 0; off <= 3; ++off)
        EXPECT_TRUE(cookies.read(tuple, irs, cookie - off, noon)) << off;
    EXPECT_FALSE(cookies.read(tuple, irs, cookie - 4, noon));
    EXPECT_FALSE(cookies.read(tuple, irs, cookie + 1, noon));
    EXPECT_FALSE(cookies.read(tuple, irs, cookie + 100, noon));
}

TEST_F(CookieTest, ACookieIsBoundToTupleSecretAndNumber) {
    const Seq cookie = cookies.make(tuple, irs, 1460, noon);
    EXPECT_FALSE(cookies.read(tuple_of(40001), irs, cookie, noon));
    EXPECT_FALSE(cookies.read(tuple, irs + 1000, cookie, noon));
    EXPECT_FALSE(SynCookies(SipKey{1, 3}).read(tuple, irs, cookie, noon));
}

// Two minutes, four indices of 2^24 each: eight numbers of 2^32 pass. A hundred thousand guesses,
// each for another peer, should find none but by great luck; the numbers here are fixed.
TEST_F(CookieTest, vuln_13_guessed_numbers_are_no_cookies) {
    Rng rng(7);
    std::size_t passed = 0;
    for (std::uint32_t i = 0; i < 100'000; ++i) {
        const FourTuple guess = tuple_of(static_cast<std::uint16_t>(i));
        const Seq number{static_cast<std::uint32_t>(rng.below(1ULL << 32))};
        passed += cookies.read(guess, irs + i, number, noon) ? 1U : 0U;
    }
    EXPECT_EQ(passed, 0U);
}

// Whatever is drawn, what was made is read, and only while it lives.
TEST(CookieProperty, TCP_SYNQ_010_and_TCP_SYNQ_011_what_was_made_is_read_while_it_lives) {
    Rng rng(2026);
    for (int i = 0; i < 20'000; ++i) {
        const SynCookies cookies(SipKey::from(rng));
        FourTuple tuple = tuple_of(static_cast<std::uint16_t>(rng.below(65'536)));
        tuple.remote.addr = Ipv4{static_cast<std::uint32_t>(rng.below(1ULL << 32))};
        const Seq number{static_cast<std::uint32_t>(rng.below(1ULL << 32))};
        const auto mss = static_cast<std::uint16_t>(rng.below(65'536));
        const Instant made =
            Instant{} + std::chrono::milliseconds{static_cast<std::int64_t>(rng.below(1ULL << 40))};
        const Duration age =
            std::chrono::milliseconds{static_cast<std::int64_t>(rng.below(300'000))};
        const auto read =
            cookies.read(tuple, number, cookies.make(tuple, number, mss, made), made + age);
        const auto minutes = std::chrono::floor<std::chrono::minutes>(made + age) -
                             std::chrono::floor<std::chrono::minutes>(made);
        ASSERT_EQ(read.has_value(), minutes.count() < 2) << i;
        if (read) {
            EXPECT_LE(*read, std::max<std::uint16_t>(mss, 536));
        }
    }
}

TEST(CookieTimestamp, TCP_SYNQ_012_the_low_six_bits_hold_the_options) {
    EXPECT_EQ(cookie_timestamp(6400, {7, true, false}) % 64, 23U);
    EXPECT_EQ(cookie_timestamp(6400, {std::nullopt, false, false}) % 64, 15U);
    EXPECT_EQ(cookie_timestamp(6400, {std::uint8_t{15}, false, false}) % 64, 14U);
    EXPECT_EQ(cookie_timestamp(6400, {std::uint8_t{0}, false, true}) % 64, 32U);
}

TEST(CookieTimestamp, TCP_SYNQ_012_it_never_lies_in_the_future) {
    for (std::uint32_t clock = 0xffffff00; clock != 0x100; ++clock) {
        const std::uint32_t marked = cookie_timestamp(clock, {std::uint8_t{14}, true, true});
        EXPECT_LT(clock - marked, 64U) << clock;
    }
}

TEST(CookieTimestamp, EveryOptionComesBack) {
    for (std::uint8_t scale = 0; scale <= 15; ++scale) {
        for (const bool flag : {false, true}) {
            CookieOptions options{scale, flag, !flag};
            if (scale == 15) options.window_scale.reset();
            EXPECT_EQ(options_of_cookie(cookie_timestamp(123'456, options)), options);
        }
    }
}

}  // namespace
}  // namespace dt::tcp
