// Tests of sequence arithmetic (RFC 9293 §3.4).
#include "wire/seq.hpp"

#include <gtest/gtest.h>

namespace dt::wire {
namespace {

constexpr Seq high{0xfffffff0U};

TEST(Seq, TCP_SEG_044_additions_wrap_at_two_to_the_32) {
    EXPECT_EQ((high + 0x20).value(), 0x10U);
    EXPECT_EQ((Seq{0x10} - 0x20), high);
    Seq seq{0xffffffffU};
    EXPECT_EQ((++seq).value(), 0U);
}

TEST(Seq, TCP_SEG_044_order_survives_the_wrap) {
    EXPECT_TRUE(before(high, high + 0x20));
    EXPECT_FALSE(before(high + 0x20, high));
    EXPECT_FALSE(before(high, high));
    EXPECT_TRUE(at_or_before(high, high));
    EXPECT_TRUE(after(high + 1, high));
    EXPECT_TRUE(at_or_after(high, high));
    EXPECT_EQ(later(high, high + 0x20), high + 0x20);
    EXPECT_EQ(earlier(high, high + 0x20), high);
}

TEST(Seq, DistancesAreUnsignedForwardsAndSignedBackwards) {
    EXPECT_EQ(distance(high, high + 0x20), 0x20U);
    EXPECT_EQ(signed_distance(high + 0x20, high), -0x20);
    EXPECT_EQ(signed_distance(high, high + 0x20), 0x20);
}

TEST(Seq, WindowHoldsItsFirstNumberAndNotItsEnd) {
    EXPECT_TRUE(in_window(high, high, 0x20));
    EXPECT_TRUE(in_window(high + 0x1f, high, 0x20));
    EXPECT_FALSE(in_window(high + 0x20, high, 0x20));
    EXPECT_FALSE(in_window(high - 1, high, 0x20));
    EXPECT_FALSE(in_window(high, high, 0));
}

TEST(Window, TCP_9293_REC_1_keeps_a_scaled_window_of_a_gibibyte) {
    const Window window = Window::from_field(0xffff, 14);
    EXPECT_EQ(window.octets(), 0xffffU << 14);
    EXPECT_EQ(window.to_field(14), 0xffff);
}

TEST(Window, FieldRoundsDownAndSaturates) {
    EXPECT_EQ(Window{1000}.to_field(7), 7);
    EXPECT_EQ(Window{1 << 20}.to_field(0), 0xffff);
    EXPECT_EQ(Window{0}.to_field(7), 0);
}

}  // namespace
}  // namespace dt::wire
