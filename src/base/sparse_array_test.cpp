// SparseArray reads as if all 65536 values were there and takes memory only for pages written.
#include "base/sparse_array.hpp"

#include <gtest/gtest.h>

namespace dt::base {
namespace {

TEST(SparseArray, UnwrittenValuesReadAsEmptyAndTakeNoMemory) {
    SparseArray<std::uint32_t> array;
    const std::size_t bare = array.memory();
    EXPECT_EQ(array[0], 0U);
    EXPECT_EQ(array[65535], 0U);
    EXPECT_EQ(array.memory(), bare);
}

TEST(SparseArray, ValuesAreKeptApart) {
    SparseArray<std::uint32_t> array;
    array.at(80) = 1;
    array.at(81) = 2;
    array.at(65535) = 3;
    EXPECT_EQ(array[80], 1U);
    EXPECT_EQ(array[81], 2U);
    EXPECT_EQ(array[65535], 3U);
    EXPECT_EQ(array[336], 0U);  // same place in another page
}

}  // namespace
}  // namespace dt::base
