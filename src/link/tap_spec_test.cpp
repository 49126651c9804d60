// The grammar of --tap.
#include "link/tap_spec.hpp"

#include <gtest/gtest.h>

namespace dt::link {
namespace {

std::string why(std::string_view text) {
    const auto tap = parse_tap(text);
    return tap ? "" : std::to_string(tap.error().column) + ": " + tap.error().sentence;
}

TEST(TapSpec, ANameIsEnough) {
    const auto tap = parse_tap("dt0");
    ASSERT_TRUE(tap);
    EXPECT_EQ(tap->name, "dt0");
    EXPECT_FALSE(tap->address);
    EXPECT_FALSE(tap->gateway);
}

TEST(TapSpec, AddressAndGatewayOfOneNetwork) {
    const auto tap = parse_tap(" tap-1 , ip=10.9.0.2/24, gw=10.9.0.1 ");
    ASSERT_TRUE(tap);
    EXPECT_EQ(tap->name, "tap-1");
    EXPECT_EQ(tap->address, IpAddr(Ipv4(10, 9, 0, 2)));
    EXPECT_EQ(tap->network, wire::Prefix::of(Ipv4(10, 9, 0, 0), 24));
    EXPECT_EQ(tap->gateway, IpAddr(Ipv4(10, 9, 0, 1)));
}

TEST(TapSpec, Ipv6MayBeLeftToTheRouters) {
    EXPECT_EQ(parse_tap("t")->autoconf, event::Switch::off);
    EXPECT_EQ(parse_tap("t,auto6")->autoconf, event::Switch::on);
    const auto tap = parse_tap("t,auto6,ip=10.9.0.2/24");
    ASSERT_TRUE(tap);
    EXPECT_EQ(tap->autoconf, event::Switch::on);
    EXPECT_TRUE(tap->address);
}

TEST(TapSpec, TheAddressMayBeLeased) {
    EXPECT_EQ(parse_tap("t")->dhcp, event::Switch::off);
    EXPECT_EQ(parse_tap("t,dhcp")->dhcp, event::Switch::on);
    EXPECT_EQ(parse_tap("t,auto6,dhcp")->dhcp, event::Switch::on);
    EXPECT_EQ(why("t,dhcp,dhcp"), "8: `dhcp` is given twice");
    EXPECT_EQ(why("t,dhcp,ip=10.9.0.2/24"),
              "8: with dhcp the address is leased: there is no ip= beside it");
    EXPECT_EQ(why("t,ip=10.9.0.2/24,dhcp"),
              "18: with dhcp the address is leased: there is no ip= beside it");
    EXPECT_EQ(why("t,dhcp,gw=10.9.0.1"), "11: gw= needs ip= before it");
}

TEST(TapSpec, EachErrorNamesItsPlaceAndWhatIsWrong) {
    EXPECT_EQ(why(""), "1: `` is no name of an interface");
    EXPECT_EQ(why("a/b"), "1: `a/b` is no name of an interface");
    EXPECT_EQ(why("sixteen-letters-"), "1: `sixteen-letters-` is no name of an interface");
    EXPECT_EQ(why("t,mtu=9000"), "3: `mtu` is not known; a tap has ip=, gw=, dhcp and auto6");
    EXPECT_EQ(why("t,auto6=1"), "3: `auto6` is not known; a tap has ip=, gw=, dhcp and auto6");
    EXPECT_EQ(why("t,auto6,auto6"), "9: `auto6` is given twice");
    EXPECT_EQ(why("t,ip"), "3: `ip` needs a value");
    EXPECT_EQ(why("t,ip=10.0.0.1"),
              "6: ip=10.0.0.1 is no IPv4 address with the length of its prefix");
    EXPECT_EQ(why("t,ip=10.0.0.1/31"), "6: a prefix has 8 to 30 bits here");
    EXPECT_EQ(why("t,ip=10.0.0.0/24"), "6: `10.0.0.0/24` names a network, not a host of it");
    EXPECT_EQ(why("t,ip=10.0.0.255/24"), "6: `10.0.0.255/24` names a network, not a host of it");
    EXPECT_EQ(why("t,ip=10.0.0.1/24,ip=10.0.0.2/24"), "18: `ip` is given twice");
    EXPECT_EQ(why("t,gw=10.0.0.1"), "6: gw= needs ip= before it");
    EXPECT_EQ(why("t,ip=10.0.0.1/24,gw=x"), "21: `x` is no IPv4 address");
    EXPECT_EQ(why("t,ip=10.0.0.1/24,gw=10.0.1.2"),
              "21: gateway 10.0.1.2 is no other host of the network of ip=");
    EXPECT_EQ(why("t,ip=10.0.0.1/24,gw=10.0.0.1"),
              "21: gateway 10.0.0.1 is no other host of the network of ip=");
}

}  // namespace
}  // namespace dt::link
