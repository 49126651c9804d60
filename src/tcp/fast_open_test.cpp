// Fast Open's cookies and the client's memory of servers.
#include "tcp/fast_open.hpp"

#include <gtest/gtest.h>

#include <string>

namespace dt::tcp {
namespace {

constexpr Ipv4 client(192, 0, 2, 1);
constexpr Ipv4 server(192, 168, 0, 1);

std::string text_of(Octets octets) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string text;
    for (const std::byte octet : octets) {
        text += digits[std::to_integer<unsigned>(octet) >> 4];
        text += digits[std::to_integer<unsigned>(octet) & 15];
    }
    return text;
}

wire::FastOpen cookie_of(std::uint8_t first) {
    wire::FastOpen cookie;
    cookie.length = 8;
    cookie.octets[0] = static_cast<std::byte>(first);
    return cookie;
}

// The cookie that Linux makes with tcp_fastopen_key a1a1a1a1-b2b2b2b2-c3c3c3c3-d4d4d4d4.
TEST(FastOpen, TCP_TFO_002_a_cookie_depends_on_key_and_client_alone_and_is_that_of_linux) {
    const SipKey key{0xb2b2b2b2a1a1a1a1ULL, 0xd4d4d4d4c3c3c3c3ULL};
    EXPECT_EQ(text_of(fast_open_cookie(key, client, server).cookie()), "3021b9d889017eeb");
    EXPECT_NE(fast_open_cookie(key, Ipv4(192, 0, 2, 2), server),
              fast_open_cookie(key, client, server));
    EXPECT_NE(fast_open_cookie(SipKey{1, 2}, client, server),
              fast_open_cookie(key, client, server));
}

TEST(FastOpen, TCP_TFO_007_a_server_is_remembered_with_its_mss_and_a_syn_keeps_room_for_options) {
    FastOpenCache cache;
    cache.learn(server, {.mss = 940, .cookie = cookie_of(1), .tried = 0});
    const auto opening = opening_to(event::fast_open_client, cache.find(server), 1460);
    ASSERT_TRUE(opening);
    EXPECT_EQ(opening->option, cookie_of(1));
    EXPECT_EQ(opening->text_max, 900U);
}

TEST(FastOpen, TCP_TFO_007_without_a_cookie_a_syn_asks_for_one_and_carries_no_text) {
    const auto opening = opening_to(event::fast_open_client, FastOpenCache{}.find(server), 1460);
    ASSERT_TRUE(opening);
    EXPECT_TRUE(opening->option->is_request());
    EXPECT_EQ(opening->text_max, 0U);
    EXPECT_FALSE(opening_to(0, {}, 1460));
}

TEST(FastOpen, TCP_TFO_007_a_server_never_seen_gets_what_our_own_mss_holds) {
    const auto opening = opening_to(event::fast_open_client | event::fast_open_client_no_cookie,
                                    FastOpenServer{}, 1460);
    EXPECT_FALSE(opening->option);
    EXPECT_EQ(opening->text_max, 1420U);
}

TEST(FastOpen, TCP_TFO_008_a_form_that_got_no_answer_gives_way_to_the_experimental_one) {
    FastOpenCache cache;
    cache.learn(server, {.mss = 1460, .cookie = std::nullopt, .tried = 1});
    const auto opening = opening_to(event::fast_open_client, cache.find(server), 1460);
    EXPECT_EQ(opening->option->form, wire::FastOpen::Form::experimental);
    cache.learn(server, {.mss = 0, .cookie = std::nullopt, .tried = 2});
    EXPECT_EQ(opening_to(event::fast_open_client, cache.find(server), 1460)->option->form,
              wire::FastOpen::Form::standard);
}

TEST(FastOpen, A_cookie_stays_until_another_comes) {
    FastOpenCache cache;
    cache.learn(server, {.mss = 1000, .cookie = cookie_of(1), .tried = 0});
    cache.learn(server, {.mss = 0, .cookie = std::nullopt, .tried = 1});
    EXPECT_EQ(cache.find(server).cookie, cookie_of(1));
    EXPECT_EQ(cache.find(server).mss, 1000);
}

TEST(FastOpen, The_memory_of_servers_is_bounded_and_the_one_seen_longest_ago_goes) {
    FastOpenCache cache;
    for (std::uint32_t i = 0; i <= FastOpenCache::most; ++i) {
        cache.learn(Ipv4(0x0a000000U + i), {.mss = 1, .cookie = std::nullopt, .tried = 0});
    }
    EXPECT_EQ(cache.size(), FastOpenCache::most);
    EXPECT_EQ(cache.find(Ipv4(0x0a000000U)).mss, 0);
    EXPECT_EQ(cache.find(Ipv4(0x0a000001U)).mss, 1);
}

}  // namespace
}  // namespace dt::tcp
