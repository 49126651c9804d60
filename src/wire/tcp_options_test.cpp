// Tests of TCP options: order of emission, and every way in which a peer can lie.
#include "wire/tcp_options.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "base/rng.hpp"
#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

TcpOptions on_syn(std::string_view text) { return TcpOptions::parse(hex(text), SegmentKind::syn); }
TcpOptions elsewhere(std::string_view text) {
    return TcpOptions::parse(hex(text), SegmentKind::other);
}

std::vector<std::byte> emitted(const TcpOptions& options) {
    std::vector<std::byte> octets(options.size());
    (void)options.emit(octets);
    return octets;
}

SackBlocks blocks(std::size_t count) {
    SackBlocks blocks;
    for (std::uint32_t i = 0; i < count; ++i) blocks.push_back({Seq{16 * i + 1}, Seq{16 * i + 9}});
    return blocks;
}

TEST(TcpOptions, TCP_9293_MUST_4_a_syn_carries_its_options_in_the_order_of_linux) {
    const TcpOptions options{.mss = 1460,
                             .window_scale = 10,
                             .sack_permitted = true,
                             .timestamps = Timestamps{1, 0},
                             .sack = {},
                             .fast_open = {}};
    const auto octets = emitted(options);
    EXPECT_EQ(octets, hex("020405b4 0402080a 00000001 00000000 0103030a"));
    EXPECT_EQ(TcpOptions::parse(octets, SegmentKind::syn), options);
}

TEST(TcpOptions, TCP_OPT_027_sizes_are_multiples_of_four_and_padding_is_nop) {
    EXPECT_EQ(emitted({}), hex(""));
    TcpOptions options;
    options.sack_permitted = true;
    EXPECT_EQ(emitted(options), hex("01010402"));
    options.window_scale = 7;
    EXPECT_EQ(emitted(options), hex("01010402 01030307"));
    options = {};
    options.timestamps = Timestamps{2, 3};
    EXPECT_EQ(emitted(options), hex("0101080a 00000002 00000003"));
    options.sack = blocks(1);
    EXPECT_EQ(emitted(options), hex("0101080a 00000002 00000003 0101050a 00000001 00000009"));
}

TEST(TcpOptions, TCP_9293_MUST_68_every_emitted_option_but_nop_has_its_length) {
    TcpOptions options{.mss = 1,
                       .window_scale = 1,
                       .sack_permitted = true,
                       .timestamps = {},
                       .sack = blocks(2),
                       .fast_open = {}};
    const auto octets = emitted(options);
    std::size_t at = 0;
    while (at < octets.size()) {
        if (octets[at] == std::byte{1}) {
            ++at;
            continue;
        }
        ASSERT_LT(at + 1, octets.size());
        const auto length = std::to_integer<std::size_t>(octets[at + 1]);
        ASSERT_GE(length, 2U);
        at += length;
    }
    EXPECT_EQ(at, octets.size());
}

// We pad with NOP in front, so no end of options is emitted and nothing can follow one.
TEST(TcpOptions, TCP_9293_MUST_69_no_combination_of_options_leaves_octets_behind_an_end) {
    for (unsigned chosen = 0; chosen < 32; ++chosen) {
        TcpOptions options;
        if ((chosen & 1) != 0) options.mss = 0x0101;
        if ((chosen & 2) != 0) options.window_scale = 1;
        options.sack_permitted = (chosen & 4) != 0;
        if ((chosen & 8) != 0) options.timestamps = Timestamps{0x01010101, 0x01010101};
        if ((chosen & 16) != 0) options.sack.push_back({Seq{0x01010101}, Seq{0x01010101}});
        const auto octets = emitted(options);
        EXPECT_EQ(octets.size() % 4, 0U);
        EXPECT_EQ(std::count(octets.begin(), octets.end(), std::byte{0}), 0) << chosen;
        EXPECT_EQ(TcpOptions::parse(octets, SegmentKind::syn), options);
    }
}

TEST(TcpOptions, TCP_OPT_021_four_blocks_fit_alone_and_three_beside_timestamps) {
    TcpOptions options;
    options.sack = blocks(4);
    EXPECT_EQ(options.size(), 36U);
    EXPECT_EQ(TcpOptions::parse(emitted(options), SegmentKind::other).sack, blocks(4));
    options.timestamps = Timestamps{1, 2};
    EXPECT_EQ(options.size(), 40U);
    EXPECT_EQ(TcpOptions::parse(emitted(options), SegmentKind::other).sack, blocks(3));
}

TEST(TcpOptions, TCP_9293_MUST_5_options_count_on_every_segment) {
    const auto options = elsewhere("01 01 08 0a 00000007 00000009 fe 04 1234");
    ASSERT_TRUE(options.timestamps);
    EXPECT_EQ(*options.timestamps, (Timestamps{7, 9}));
    EXPECT_EQ(elsewhere("0101080a 00000007 00000009").timestamps, options.timestamps);
}

TEST(TcpOptions, TCP_9293_MUST_6_unknown_kinds_are_skipped_by_their_length) {
    EXPECT_EQ(on_syn("c8 04 0204 0204 05b4").mss, 1460);
    EXPECT_EQ(on_syn("fd 04 0204 0204 05b4").mss, 1460) << "TCP_OPT_029";
}

TEST(TcpOptions, TCP_9293_MUST_7_illegal_lengths_end_the_walk_and_keep_what_came_before) {
    for (const char* text : {"0204 05b4 08 00", "0204 05b4 08 01", "0204 05b4 08 0a 0000",
                             "0204 05b4 c8 03", "0204 05b4 08", "0204 05b4 05 ff"}) {
        const auto options = on_syn(text);
        EXPECT_EQ(options.mss, 1460) << text;
        EXPECT_TRUE(options.was_cut_short) << text;
    }
    EXPECT_FALSE(on_syn("02 00").mss);
}

TEST(TcpOptions, TCP_9293_MUST_64_options_need_not_be_aligned) {
    EXPECT_EQ(on_syn("01 01 01 02 04 05 b4 00").mss, 1460);
    EXPECT_EQ(on_syn("01 08 0a 00000007 00000009 00").timestamps, (Timestamps{7, 9}));
}

TEST(TcpOptions, NothingCountsAfterTheEndOfOptions) {
    const auto options = on_syn("00 02 04 05 b4 01 01 01");
    EXPECT_FALSE(options.mss);
    EXPECT_FALSE(options.was_cut_short);
}

TEST(TcpOptions, TCP_OPT_003_a_shift_above_14_counts_as_14) {
    EXPECT_EQ(on_syn("03 03 0e").window_scale, 14);
    EXPECT_FALSE(on_syn("03 03 0e").was_window_scale_cut);
    EXPECT_EQ(on_syn("03 03 0f").window_scale, 14);
    EXPECT_TRUE(on_syn("03 03 0f").was_window_scale_cut);
    EXPECT_EQ(on_syn("03 03 ff").window_scale, 14);
}

TEST(TcpOptions, TCP_OPT_018_what_belongs_to_a_syn_counts_only_there) {
    const auto options = elsewhere("0204 05b4 0402 030307");
    EXPECT_FALSE(options.mss);
    EXPECT_FALSE(options.sack_permitted);
    EXPECT_FALSE(options.window_scale);
    EXPECT_FALSE(options.was_cut_short);
}

TEST(TcpOptions, vuln_07_known_kinds_with_wrong_lengths_are_skipped) {
    EXPECT_FALSE(on_syn("02 03 05 01").mss);
    EXPECT_FALSE(on_syn("02 05 05 b4 00").mss);
    EXPECT_FALSE(on_syn("03 02 01 01").window_scale);
    EXPECT_FALSE(on_syn("04 03 00").sack_permitted);
    EXPECT_FALSE(on_syn("08 09 00000001 000000").timestamps);
    EXPECT_FALSE(on_syn("02 04 00 00").mss) << "an MSS of 0 would divide by zero";
    EXPECT_EQ(on_syn("02 04 00 01").mss, 1);
}

TEST(TcpOptions, vuln_07_of_a_repeated_option_the_last_counts) {
    const auto options = on_syn("080a 00000001 00000002 080a 00000003 00000004");
    EXPECT_EQ(options.timestamps, (Timestamps{3, 4}));
}

TEST(TcpOptions, vuln_07_sack_lengths_that_hold_no_whole_block_are_skipped) {
    for (unsigned length = 2; length <= 40; ++length) {
        std::vector<std::byte> octets(40, std::byte{1});
        octets[0] = std::byte{5};
        octets[1] = static_cast<std::byte>(length);
        const auto options = TcpOptions::parse(octets, SegmentKind::other);
        const bool is_whole = length > 2 && (length - 2) % 8 == 0;
        EXPECT_EQ(options.sack.size(), is_whole ? (length - 2) / 8 : 0) << length;
        EXPECT_FALSE(options.was_cut_short);
    }
    EXPECT_TRUE(on_syn("05 01").was_cut_short);
}

// Each string lies alone on the heap, so that reading one octet past it is an error of ASan.
TEST(TcpOptions, TCP_OPT_001_no_string_of_options_is_read_past_its_end) {
    Rng rng(0xc0ffee);
    constexpr std::uint8_t kinds[] = {0, 1, 2, 3, 4, 5, 8, 28, 34, 253, 255};
    for (int round = 0; round < 200000; ++round) {
        std::vector<std::byte> octets(rng.below(41));
        for (std::byte& octet : octets) {
            const bool is_kind = rng.chance(0.6);
            octet = static_cast<std::byte>(is_kind ? kinds[rng.below(std::size(kinds))]
                                                   : rng.below(14));
        }
        const auto options = TcpOptions::parse(octets, SegmentKind::syn);
        ASSERT_LE(options.sack.size(), 4U);
        ASSERT_LE(options.size(), TcpOptions::size_max);
        ASSERT_LE(options.window_scale.value_or(0), TcpOptions::window_scale_max);
    }
}

TEST(TcpOptions, TCP_OPT_001_every_kind_with_every_length_terminates) {
    for (unsigned kind = 0; kind < 256; ++kind) {
        for (unsigned length = 0; length < 256; ++length) {
            std::vector<std::byte> octets(40, static_cast<std::byte>(kind));
            for (std::size_t i = 1; i < octets.size(); i += 2) {
                octets[i] = static_cast<std::byte>(length);
            }
            const auto options = TcpOptions::parse(octets, SegmentKind::syn);
            const bool is_single = kind < 2;
            if (!is_single && (length < 2 || length > 40)) {
                ASSERT_TRUE(options.was_cut_short) << kind << ' ' << length;
            }
        }
    }
}

TEST(TcpOptions, TCP_TFO_001_a_cookie_or_its_request_stands_last_and_is_padded_with_nop) {
    TcpOptions options;
    options.fast_open.emplace();
    EXPECT_EQ(emitted(options), hex("22 02 01 01"));
    options.fast_open->length = 8;
    options.fast_open->octets[0] = std::byte{0xab};
    EXPECT_EQ(emitted(options), hex("22 0a ab 00 00 00 00 00 00 00 01 01"));
    options.fast_open->form = FastOpen::Form::experimental;
    EXPECT_EQ(emitted(options), hex("fe 0c f9 89 ab 00 00 00 00 00 00 00"));
    EXPECT_EQ(TcpOptions::parse(emitted(options), SegmentKind::syn), options);
}

TEST(TcpOptions, TCP_TFO_001_a_cookie_counts_on_a_syn_alone_and_with_an_even_length_of_4_to_16) {
    EXPECT_TRUE(on_syn("22 02 01 01").fast_open->is_request());
    EXPECT_EQ(on_syn("22 06 01 02 03 04 01 01").fast_open->length, 4);
    EXPECT_FALSE(elsewhere("22 06 01 02 03 04 01 01").fast_open);
    EXPECT_FALSE(on_syn("22 07 01 02 03 04 05 01").fast_open);
    EXPECT_FALSE(on_syn("22 04 01 02").fast_open);
    EXPECT_FALSE(on_syn("22 14 01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10 11 12").fast_open);
    EXPECT_FALSE(on_syn("fe 04 12 34").fast_open);
    EXPECT_TRUE(on_syn("fe 04 f9 89").fast_open->is_request());
}

}  // namespace
}  // namespace dt::wire
