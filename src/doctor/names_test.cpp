// Looking up names that need no name server.
#include "doctor/names.hpp"

#include <gmock/gmock.h>

namespace dt::doctor {
namespace {

TEST(Names, LocalhostIsTheLoopbackAddressAndEachAddressComesOnce) {
    const auto found = look_up("localhost");
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, testing::Contains(Endpoint::parse("127.0.0.1:1")->addr));
    for (const IpAddr& address : *found) {
        EXPECT_TRUE(address.is_loopback());
        EXPECT_EQ(std::ranges::count(*found, address), 1);
    }
}

TEST(Names, AnAddressIsItsOwnName) {
    const auto found = look_up("192.0.2.7");
    ASSERT_TRUE(found);
    EXPECT_THAT(*found, testing::ElementsAre(Endpoint::parse("192.0.2.7:1")->addr));
}

TEST(Names, WhatIsNoNameHasNoAddressAndAReason) {
    const auto found = look_up("no such name");
    ASSERT_FALSE(found);
    EXPECT_FALSE(found.error().why.empty());
}

}  // namespace
}  // namespace dt::doctor
