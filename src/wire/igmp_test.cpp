// Queries of groups that we hear (RFC 3376 §4.1, RFC 2236, RFC 3810 §5.1).
#include "wire/igmp.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace dt::wire {
namespace {

using Bytes = std::vector<std::byte>;

Bytes igmp_query(std::size_t size, std::uint8_t code) {
    Bytes message(12);
    message[0] = std::byte{0x11};
    message[1] = static_cast<std::byte>(code);
    Ipv4(224, 0, 0, 251).store(message, 4);
    message.resize(size);
    return message;
}

Bytes mld_query(const Ipv6& group) {
    Bytes message(28);
    message[0] = static_cast<std::byte>(mld_query_type);
    message[5] = std::byte{100};
    group.store(message, 8);
    return message;
}

TEST(GroupQuery, TheLengthTellsTheVersionOfIgmp) {
    const auto two = GroupQuery::parse_igmp(igmp_query(8, 20));
    ASSERT_TRUE(two);
    EXPECT_EQ(two->version, GroupQuery::Version::two);
    EXPECT_EQ(two->max_response, Duration{std::chrono::seconds{2}});
    EXPECT_EQ(two->group, IpAddr{Ipv4(224, 0, 0, 251)});
    const auto three = GroupQuery::parse_igmp(igmp_query(12, 20));
    ASSERT_TRUE(three);
    EXPECT_EQ(three->version, GroupQuery::Version::three);
}

TEST(GroupQuery, VersionOneAndWhatIsShortAreRefused) {
    EXPECT_EQ(GroupQuery::parse_igmp(igmp_query(8, 0)), fail(Error::malformed));
    EXPECT_EQ(GroupQuery::parse_igmp(Bytes(7)), fail(Error::truncated));
    EXPECT_EQ(GroupQuery::parse_mld(Bytes(23)), fail(Error::truncated));
}

TEST(GroupQuery, ALengthOfNoVersionIsRefused) {
    for (const std::size_t size : {9U, 10U, 11U}) {
        EXPECT_EQ(GroupQuery::parse_igmp(igmp_query(size, 20)), fail(Error::malformed)) << size;
    }
    for (const std::size_t size : {25U, 26U, 27U}) {
        Bytes message = mld_query(Ipv6::any());
        message.resize(size);
        EXPECT_EQ(GroupQuery::parse_mld(message), fail(Error::malformed)) << size;
    }
}

TEST(GroupQuery, AQueryOfVersionThreeMayAskForAnAnswerAtOnce) {
    const auto query = GroupQuery::parse_igmp(igmp_query(12, 0));
    ASSERT_TRUE(query);
    EXPECT_EQ(query->version, GroupQuery::Version::three);
    EXPECT_EQ(query->max_response, Duration::zero());
}

TEST(GroupQuery, MldAsksForAGroupOrForAll) {
    const auto all = GroupQuery::parse_mld(mld_query(Ipv6::any()));
    ASSERT_TRUE(all);
    EXPECT_TRUE(all->group.is_any());
    EXPECT_EQ(all->max_response, Duration{std::chrono::milliseconds{100}});
    EXPECT_TRUE(GroupQuery::parse_mld(mld_query(mld_routers())));
}

TEST(GroupQuery, MldDoesNotAskForWhatIsNoGroup) {
    EXPECT_EQ(GroupQuery::parse_mld(mld_query(Ipv6::loopback())), fail(Error::malformed));
    // Nor for a group of IPv4 in the clothes of IPv6.
    const Ipv6 mapped = Ipv6::mapped(Ipv4(224, 0, 0, 251));
    EXPECT_EQ(GroupQuery::parse_mld(mld_query(mapped)), fail(Error::malformed));
}

}  // namespace
}  // namespace dt::wire
