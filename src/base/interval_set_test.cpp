// Tests of interval sets, also over numbers that wrap.
#include "base/interval_set.hpp"

#include <gtest/gtest.h>

#include <cstdint>

#include "base/rng.hpp"

namespace dt::base {
namespace {

using Set = IntervalSet<int>;
using Insertion = Set::Insertion;

std::vector<Interval<int>> listed(const Set& set) {
    return {set.intervals().begin(), set.intervals().end()};
}

TEST(IntervalSet, KeepsIntervalsInOrderAndApart) {
    Set set(8);
    EXPECT_EQ(set.insert(30, 40), Insertion::added);
    EXPECT_EQ(set.insert(10, 20), Insertion::added);
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{10, 20}, {30, 40}}));
}

TEST(IntervalSet, MergesWhatOverlapsOrTouches) {
    Set set(8);
    for (const int first : {0, 20, 40, 60})
        EXPECT_EQ(set.insert(first, first + 10), Insertion::added);
    EXPECT_EQ(set.insert(10, 20), Insertion::added);
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{0, 30}, {40, 50}, {60, 70}}));
    EXPECT_EQ(set.insert(25, 65), Insertion::added);
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{0, 70}}));
}

TEST(IntervalSet, SaysWhereNothingWasNew) {
    Set set(8);
    EXPECT_EQ(set.insert(0, 10), Insertion::added);
    EXPECT_EQ(set.insert(2, 10), Insertion::nothing_new);
    EXPECT_EQ(set.insert(5, 5), Insertion::nothing_new);
    EXPECT_EQ(set.insert(5, 4), Insertion::nothing_new);
    EXPECT_EQ(set.insert(2, 11), Insertion::added);
}

TEST(IntervalSet, RefusesOneIntervalTooManyButStillMerges) {
    Set set(2);
    EXPECT_EQ(set.insert(0, 1), Insertion::added);
    EXPECT_EQ(set.insert(4, 5), Insertion::added);
    EXPECT_EQ(set.insert(8, 9), Insertion::full);
    EXPECT_EQ(set.insert(5, 9), Insertion::added);
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{0, 1}, {4, 9}}));
    EXPECT_FALSE(set.erase(5, 6));
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{0, 1}, {4, 9}}));
}

TEST(IntervalSet, ErasesTrimsAndSplits) {
    Set set(8);
    EXPECT_EQ(set.insert(0, 100), Insertion::added);
    EXPECT_TRUE(set.erase(40, 60));
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{0, 40}, {60, 100}}));
    EXPECT_TRUE(set.erase(30, 70));
    EXPECT_TRUE(set.erase(-5, 10));
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{10, 30}, {70, 100}}));
    set.erase_before(80);
    EXPECT_EQ(listed(set), (std::vector<Interval<int>>{{80, 100}}));
    set.erase_before(100);
    EXPECT_TRUE(set.empty());
}

TEST(IntervalSet, FindsGaps) {
    Set set(8);
    EXPECT_EQ(set.insert(10, 20), Insertion::added);
    EXPECT_EQ(set.insert(30, 40), Insertion::added);
    EXPECT_EQ(set.first_gap(0, 50), (Interval<int>{0, 10}));
    EXPECT_EQ(set.first_gap(10, 50), (Interval<int>{20, 30}));
    EXPECT_EQ(set.first_gap(25, 27), (Interval<int>{25, 27}));
    EXPECT_EQ(set.first_gap(35, 50), (Interval<int>{40, 50}));
    EXPECT_FALSE(set.first_gap(10, 20));
}

/// Numbers modulo 2^32, as sequence numbers are.
struct ModularBefore {
    bool operator()(std::uint32_t a, std::uint32_t b) const {
        return static_cast<std::int32_t>(a - b) < 0;
    }
};

TEST(IntervalSet, WorksAcrossTheWrapOfAModularType) {
    IntervalSet<std::uint32_t, ModularBefore> set(8);
    using WrapInsertion = decltype(set)::Insertion;
    EXPECT_EQ(set.insert(0xfffffff0U, 0xfffffff8U), WrapInsertion::added);
    EXPECT_EQ(set.insert(0x10U, 0x20U), WrapInsertion::added);
    EXPECT_EQ(set.insert(0xfffffff8U, 0x8U), WrapInsertion::added);
    ASSERT_EQ(set.size(), 2U);
    EXPECT_EQ(set.front(), (Interval<std::uint32_t>{0xfffffff0U, 0x8U}));
    EXPECT_TRUE(set.contains(0));
    EXPECT_FALSE(set.contains(8));
    EXPECT_EQ(set.first_gap(0xfffffff0U, 0x20U), (Interval<std::uint32_t>{0x8U, 0x10U}));
    set.erase_before(0);
    EXPECT_EQ(set.front(), (Interval<std::uint32_t>{0, 8}));
}

TEST(IntervalSet, EqualsASetOfPointsUnderRandomUse) {
    Rng rng(4);
    for (int run = 0; run < 50; ++run) {
        Set set(1000);
        std::vector<bool> points(200);
        for (int step = 0; step < 300; ++step) {
            const int first = static_cast<int>(rng.below(190));
            const int end = first + static_cast<int>(rng.below(12));
            const bool is_insert = rng.chance(0.6);
            bool was_new = false;
            for (int x = first; x < end; ++x) {
                const auto at = static_cast<std::size_t>(x);
                was_new = was_new || !points[at];
                points[at] = is_insert;
            }
            if (is_insert) {
                ASSERT_EQ(set.insert(first, end) == Insertion::added, was_new);
            } else {
                ASSERT_TRUE(set.erase(first, end));
            }
            for (int x = 0; x < 200; ++x) {
                ASSERT_EQ(set.contains(x), points[static_cast<std::size_t>(x)]) << x;
            }
            for (std::size_t i = 1; i < set.size(); ++i) {
                ASSERT_LT(set.intervals()[i - 1].end, set.intervals()[i].first);
            }
        }
    }
}

}  // namespace
}  // namespace dt::base
