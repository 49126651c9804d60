// Which addresses mean something on one link only.
#include "sock/zone.hpp"

#include <gtest/gtest.h>

namespace dt::sock {
namespace {

bool needs(const char* text) { return needs_zone(*IpAddr::parse(text)); }

TEST(Zone, LinkLocalAddressesAndGroupsOfALinkOrHostNeedOne) {
    for (const char* text : {"fe80::1", "febf::1", "ff02::1", "ff12::1", "ff01::1"}) {
        EXPECT_TRUE(needs(text)) << text;
    }
}

TEST(Zone, WhatMeansTheSameOnEveryLinkNeedsNone) {
    for (const char* text : {"::", "::1", "fd00::1", "2001:db8::1", "ff05::1", "ff0e::1",
                             "169.254.0.1", "224.0.0.1", "10.0.0.1"}) {
        EXPECT_FALSE(needs(text)) << text;
    }
}

}  // namespace
}  // namespace dt::sock
