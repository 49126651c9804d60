// Text out of order: first octets win, memory is bounded (TCP-SEC-021, TCP-SEC-023).
#include "tcp/reassembly.hpp"

#include <gtest/gtest.h>

#include <string>

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

TEST_F(ReassemblyTest, TCP_SEC_021_memory_is_bounded_for_the_smallest_pieces) {
    most = 100'000;
    bool was_full = false;
    for (std::uint32_t i = 0; i < 3000; ++i)
        was_full |= insert(Seq{i * 2}, "o") == Reassembly::Stored::no_room;
    EXPECT_TRUE(was_full);
    EXPECT_LE(held.memory(), 2 * most);
}

TEST_F(ReassemblyTest, PiecesAreBoundedInNumber) {
    most = std::size_t{1} << 30;
    std::uint32_t kept = 0;
    for (std::uint32_t i = 0; i < 2 * Reassembly::runs_max; ++i)
        kept += insert(Seq{(i * 7919) % 65'536 * 2}, "o") == Reassembly::Stored::yes ? 1U : 0U;
    EXPECT_EQ(kept, Reassembly::runs_max);
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
