// The build id of the test program itself.
#include "os/build_id.hpp"

#include <gtest/gtest.h>

namespace dt::os {
namespace {

TEST(BuildId, IsHexadecimalAndTheSameEachTime) {
    const std::string id = build_id();
    EXPECT_GE(id.size(), 16U);
    EXPECT_EQ(id.find_first_not_of("0123456789abcdef"), std::string::npos);
    EXPECT_EQ(id, build_id());
}

}  // namespace
}  // namespace dt::os
