// Ring keeps order through growth and wrapping, and drops what is popped.
#include "base/ring.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace dt::base {
namespace {

TEST(Ring, KeepsOrderThroughGrowthAndWrapping) {
    Ring<int> ring;
    int next_in = 0;
    int next_out = 0;
    for (int round = 0; round < 200; ++round) {
        for (int i = 0; i < 3; ++i) ring.push(next_in++);
        for (int i = 0; i < (round < 100 ? 2 : 4) && !ring.empty(); ++i)
            ASSERT_EQ(ring.pop(), next_out++);
    }
    EXPECT_EQ(ring.size(), static_cast<std::size_t>(next_in - next_out));
}

TEST(Ring, ReachesAnyPlaceFromTheOldest) {
    Ring<int> ring;
    for (int i = 0; i < 6; ++i) ring.push(i);
    (void)ring.pop();
    (void)ring.pop();
    ring.push(6);
    EXPECT_EQ(ring.front(), 2);
    EXPECT_EQ(ring[0], 2);
    EXPECT_EQ(ring[4], 6);
}

TEST(Ring, DoesNotGrowInSteadyState) {
    Ring<int> ring;
    for (int i = 0; i < 8; ++i) ring.push(i);
    const std::size_t memory = ring.memory();
    for (int i = 0; i < 1000; ++i) {
        (void)ring.pop();
        ring.push(i);
    }
    EXPECT_EQ(ring.memory(), memory);
}

TEST(Ring, HoldsValuesThatOnlyMove) {
    Ring<std::unique_ptr<int>> ring;
    ring.push(std::make_unique<int>(7));
    EXPECT_EQ(*ring.front(), 7);
    EXPECT_EQ(*ring.pop(), 7);
    EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace dt::base
