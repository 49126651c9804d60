// Who may share a local port (spec 6.2).
#include "core/bind_rules.hpp"

#include <gtest/gtest.h>

namespace dt::core {
namespace {

bool meet(const IpAddr& a, const IpAddr& b) {
    return overlaps({.local = {a, Port{80}}}, {.local = {b, Port{80}}});
}

IpAddr addr(const char* text) { return *IpAddr::parse(text); }

TEST(BindRules, API_BIND_027_and_API_BIND_029_wildcards_and_families) {
    EXPECT_TRUE(meet(IpAddr::any_v6(), IpAddr::any_v4()));
    EXPECT_TRUE(meet(addr("127.0.0.1"), IpAddr::any_v6()));
    EXPECT_FALSE(meet(IpAddr::loopback_v6(), IpAddr::any_v4()));
    EXPECT_TRUE(meet(IpAddr::loopback_v6(), IpAddr::any_v6()));
}

TEST(BindRules, API_BIND_030_a_mapped_address_is_the_ipv4_address) {
    EXPECT_TRUE(meet(addr("::ffff:127.0.0.1"), addr("127.0.0.1")));
}

TEST(BindRules, API_BIND_024_two_specific_addresses_do_not_meet) {
    EXPECT_FALSE(meet(addr("127.0.0.1"), addr("127.0.0.2")));
    EXPECT_TRUE(meet(addr("127.0.0.1"), IpAddr::any_v4()));
}

TEST(BindRules, API_BIND_035_sockets_of_different_links_do_not_conflict) {
    Holding held{.local = {IpAddr::any_v4(), Port{80}}, .link = 1};
    Holding wanted = held;
    EXPECT_TRUE(conflicts(wanted, held, Sharing::allowed));
    wanted.link = 2;
    EXPECT_FALSE(conflicts(wanted, held, Sharing::allowed));
    EXPECT_FALSE(conflicts(wanted, held, Sharing::refused));
    wanted.link.reset();
    EXPECT_TRUE(conflicts(wanted, held, Sharing::allowed));
}

TEST(BindRules, API_BIND_018_and_API_BIND_020_a_shared_port_needs_one_user) {
    Holding held{{addr("127.0.0.1"), Port{80}}, HolderKind::listener, false, true, 7};
    Holding wanted = held;
    EXPECT_FALSE(conflicts(wanted, held, Sharing::allowed));
    wanted.uid = 8;
    EXPECT_TRUE(conflicts(wanted, held, Sharing::allowed));
    held.kind = HolderKind::time_wait;
    EXPECT_FALSE(conflicts(wanted, held, Sharing::allowed));
}

TEST(BindRules, a_port_picked_by_the_stack_is_never_shared) {
    const Holding held{{addr("127.0.0.1"), Port{80}}, HolderKind::socket, true, true, 7};
    EXPECT_FALSE(conflicts(held, held, Sharing::allowed));
    EXPECT_TRUE(conflicts(held, held, Sharing::refused));
}

}  // namespace
}  // namespace dt::core
