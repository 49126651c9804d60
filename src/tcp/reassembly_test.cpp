// Text out of order: first octets win, memory is bounded (TCP-SEC-021, TCP-SEC-023).
#include "tcp/reassembly.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.hpp"

namespace dt::tcp {
namespace {

class ReassemblyTest : public testing::Test {
  protected:
    buf::Pool pool;
    Reassembly held;
    StreamQueue queue;
    std::size_t most = 1 << 20;

    Reassembly::Stored insert(Seq first, const std::string& text) {
        FramePtr frame = pool.frame();
        (void)frame->add(pool.copy({reinterpret_cast<const std::byte*>(text.data()), text.size()}));
        return held.insert(pool, first, {*frame, 0, static_cast<std::uint32_t>(text.size())}, most);
    }
    std::string text() {
        std::string all(queue.size(), '\0');
        queue.peek(0, {reinterpret_cast<std::byte*>(all.data()), all.size()});
        return all;
    }
};

TEST_F(ReassemblyTest, GapFilledGivesAllInOrder) {
    insert(Seq{3}, "def");
    insert(Seq{9}, "jkl");
    insert(Seq{6}, "ghi");
    EXPECT_EQ(held.end(), Seq{12});
    EXPECT_EQ(held.take(Seq{3}, queue), Seq{12});
    EXPECT_EQ(text(), "defghijkl");
    EXPECT_TRUE(held.is_empty());
}

TEST_F(ReassemblyTest, NothingIsTakenBeforeTheGapIsFilled) {
    insert(Seq{3}, "def");
    EXPECT_EQ(held.take(Seq{2}, queue), Seq{2});
    EXPECT_TRUE(queue.empty());
}

TEST_F(ReassemblyTest, FirstOctetsWin) {
    insert(Seq{2}, "CD");
    insert(Seq{6}, "GH");
    insert(Seq{0}, "abcdefghij");
    EXPECT_EQ(held.take(Seq{0}, queue), Seq{10});
    EXPECT_EQ(text(), "abCDefGHij");
}

TEST_F(ReassemblyTest, WhatArrivedInOrderMeanwhileIsPassedOver) {
    insert(Seq{2}, "CDEF");
    EXPECT_EQ(held.take(Seq{4}, queue), Seq{6});
    EXPECT_EQ(text(), "EF");
    insert(Seq{8}, "x");
    EXPECT_EQ(held.take(Seq{10}, queue), Seq{10});
    EXPECT_TRUE(held.is_empty());
}

TEST_F(ReassemblyTest, FinWaitsAtItsPlace) {
    held.set_fin(Seq{5});
    held.set_fin(Seq{9});
    EXPECT_FALSE(held.is_empty());
    EXPECT_FALSE(held.is_fin_at(Seq{9}));
    EXPECT_TRUE(held.is_fin_at(Seq{5}));
}

// 64 Ki segments in a random order at 4096 places: each costs a few walks down a tree of as many.
TEST_F(ReassemblyTest, TCP_SEC_023_a_segment_costs_the_logarithm_of_what_is_held) {
    constexpr std::uint64_t depth_max = 2 * 13;  // of a red-black tree of 4096
    constexpr std::uint64_t walks_max = 12;
    most = 64 << 20;
    Rng rng(9);
    std::uint64_t worst = 0;
    for (std::uint32_t i = 0; i < 65'536; ++i) {
        const auto place = static_cast<std::uint32_t>(rng.below(4096));
        const std::uint64_t before_it = held.comparisons();
        insert(Seq{0xffff'f000U + place * 2}, "o");
        worst = std::max(worst, held.comparisons() - before_it);
    }
    EXPECT_LE(worst, walks_max * depth_max);
    EXPECT_GT(worst, 0U);
}

TEST_F(ReassemblyTest, TCP_SEC_023_a_gap_that_is_filled_makes_one_piece_of_all_that_it_joins) {
    for (std::uint32_t i = 0; i < 1000; ++i) insert(Seq{i * 2 + 1}, "b");
    std::uint64_t worst = 0;
    for (std::uint32_t i = 999; i > 0; --i) {
        const std::uint64_t before_it = held.comparisons();
        insert(Seq{i * 2}, "a");
        worst = std::max(worst, held.comparisons() - before_it);
    }
    EXPECT_LE(worst, 12U * 2 * 11);
    wire::SackBlocks told;
    held.report(told);
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0], (wire::SackBlock{Seq{1}, Seq{2000}}));
    EXPECT_EQ(held.take(Seq{1}, queue), Seq{2000});
    EXPECT_TRUE(held.is_empty());
}

TEST_F(ReassemblyTest, TCP_SEC_021_memory_is_bounded_for_the_smallest_pieces) {
    most = 100'000;
    bool was_full = false;
    for (std::uint32_t i = 0; i < 3000; ++i)
        was_full |= insert(Seq{i * 2}, "o") == Reassembly::Stored::no_room;
    EXPECT_TRUE(was_full);
    EXPECT_LE(held.memory(), 2 * most);
}

TEST_F(ReassemblyTest, SixtyFourThousandSegmentsMakeABoundedNumberOfRuns) {
    most = std::size_t{1} << 30;
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < 2 * Reassembly::runs_max; ++i)
        kept += insert(Seq{(i * 7919) % 65'536 * 2}, "o") == Reassembly::Stored::yes ? 1U : 0U;
    EXPECT_EQ(kept, Reassembly::runs_max);
}

// A path of 1 Gbit/s and 100 ms that overflows in slow start loses every other segment of a window.
TEST_F(ReassemblyTest, TenThousandHolesWaitAtATimeAndAreFilledFromTheLeft) {
    constexpr std::uint32_t holes = 10'000;
    most = std::size_t{1} << 30;
    for (std::uint32_t i = 0; i < holes; ++i)
        ASSERT_EQ(insert(Seq{2 * i + 1}, "o"), Reassembly::Stored::yes) << i;
    Seq next{0};
    for (std::uint32_t i = 0; i < holes; ++i) {
        ASSERT_EQ(insert(next, "x"), Reassembly::Stored::yes);
        next = held.take(next, queue);
        ASSERT_EQ(next, Seq{2 * i + 2});
    }
    EXPECT_TRUE(held.is_empty());
    EXPECT_EQ(text().substr(0, 6), "xoxoxo");
}

TEST_F(ReassemblyTest, AHoleThatIsFilledJoinsItsNeighbours) {
    insert(Seq{2}, "cd");
    insert(Seq{6}, "gh");
    insert(Seq{4}, "ef");
    wire::SackBlocks blocks;
    held.report(blocks);
    ASSERT_EQ(blocks.size(), 1U);
    EXPECT_EQ(blocks[0], (wire::SackBlock{Seq{2}, Seq{8}}));
    insert(Seq{0}, "ab");
    EXPECT_EQ(held.take(Seq{0}, queue), Seq{8});
    EXPECT_EQ(text(), "abcdefgh");
}

// Single octets at random.
TEST_F(ReassemblyTest, ManyRunsInAnyOrderBecomeTheText) {
    constexpr std::uint32_t size = 4'000;
    most = std::size_t{1} << 30;
    base::Rng rng(5);
    for (int round = 0; round < 5; ++round) {
        const Seq first{static_cast<std::uint32_t>(rng.next())};
        std::vector<std::uint32_t> order(size);
        for (std::uint32_t i = 0; i < size; ++i) order[i] = i;
        for (std::uint32_t i = size; i > 1; --i) std::swap(order[i - 1], order[rng.below(i)]);
        Reassembly pieces;
        StreamQueue out;
        Seq next = first;
        for (const std::uint32_t at : order) {
            const auto letter = static_cast<std::byte>('a' + at % 26);
            FramePtr frame = pool.frame();
            (void)frame->add(pool.copy({&letter, 1}));
            ASSERT_EQ(pieces.insert(pool, first + at, {*frame, 0, 1}, most),
                      Reassembly::Stored::yes);
            next = pieces.take(next, out);
        }
        ASSERT_EQ(next, first + size);
        EXPECT_TRUE(pieces.is_empty());
        std::string all(out.size(), '\0');
        out.peek(0, {reinterpret_cast<std::byte*>(all.data()), all.size()});
        for (std::uint32_t i = 0; i < size; ++i) ASSERT_EQ(all[i], static_cast<char>('a' + i % 26));
    }
}

TEST_F(ReassemblyTest, BehavesLikeAStringInAnyOrderAndOverlap) {
    base::Rng rng(11);
    for (int round = 0; round < 200; ++round) {
        const std::uint32_t size = 1 + static_cast<std::uint32_t>(rng.below(3000));
        const Seq first{static_cast<std::uint32_t>(rng.next())};
        std::string whole;
        for (std::uint32_t i = 0; i < size; ++i)
            whole.push_back(static_cast<char>('a' + rng.below(26)));
        Reassembly pieces;
        StreamQueue out;
        Seq next = first;
        for (int i = 0; i < 50 && next != first + size; ++i) {
            const auto at = static_cast<std::uint32_t>(rng.below(size));
            const auto length = 1 + static_cast<std::uint32_t>(rng.below(size - at));
            FramePtr frame = pool.frame();
            const std::string part = whole.substr(at, length);
            (void)frame->add(
                pool.copy({reinterpret_cast<const std::byte*>(part.data()), part.size()}));
            (void)pieces.insert(pool, first + at, {*frame, 0, length}, most);
            next = pieces.take(next, out);
        }
        FramePtr frame = pool.frame();
        (void)frame->add(
            pool.copy({reinterpret_cast<const std::byte*>(whole.data()), whole.size()}));
        (void)pieces.insert(pool, first, {*frame, 0, size}, most);
        next = pieces.take(next, out);
        ASSERT_EQ(next, first + size);
        std::string all(out.size(), '\0');
        out.peek(0, {reinterpret_cast<std::byte*>(all.data()), all.size()});
        ASSERT_EQ(all, whole);
        EXPECT_TRUE(pieces.is_empty());
    }
}

}  // namespace
}  // namespace dt::tcp
