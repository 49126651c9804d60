// Which route is taken.
#include "ip/route.hpp"

#include <gtest/gtest.h>

namespace dt::ip {
namespace {

IpAddr addr(const char* text) { return *IpAddr::parse(text); }

Route via(const char* prefix, const char* gateway, std::uint32_t metric = 0) {
    Route route;
    route.destination = *wire::Prefix::parse(prefix);
    route.gateway = addr(gateway);
    route.interface = 1;
    route.metric = metric;
    return route;
}

TEST(Route, IP4_030_longest_prefix_wins_then_the_lower_metric) {
    RouteTable routes;
    routes.add(via("0.0.0.0/0", "10.9.0.3"));
    routes.add(via("10.0.0.0/8", "10.9.0.1"));
    routes.add(via("10.1.0.0/16", "10.9.0.2"));
    EXPECT_EQ(routes.find(addr("10.1.1.1"))->address, addr("10.9.0.2"));
    EXPECT_EQ(routes.find(addr("10.2.1.1"))->address, addr("10.9.0.1"));
    EXPECT_EQ(routes.find(addr("8.8.8.8"))->address, addr("10.9.0.3"));
    routes.add(via("10.1.0.0/16", "10.9.0.9", 5));
    EXPECT_EQ(routes.find(addr("10.1.1.1"))->address, addr("10.9.0.2"));
    RouteTable other_order;
    other_order.add(via("10.1.0.0/16", "10.9.0.9", 5));
    other_order.add(via("10.1.0.0/16", "10.9.0.2", 1));
    EXPECT_EQ(other_order.find(addr("10.1.1.1"))->address, addr("10.9.0.2"));
}

TEST(Route, IP4_031_without_a_match_there_is_no_hop) {
    RouteTable routes;
    routes.add(via("10.0.0.0/8", "10.9.0.1"));
    EXPECT_FALSE(routes.find(addr("192.0.2.1")));
}

TEST(Route, IP4_032_a_dead_gateway_yields_to_another_route) {
    RouteTable routes;
    routes.add(via("0.0.0.0/0", "10.9.0.2"));
    routes.add(via("0.0.0.0/0", "10.9.0.3", 10));
    const auto dead = [](InterfaceIndex, const IpAddr& gateway) {
        return gateway == addr("10.9.0.2");
    };
    const auto all_dead = [](InterfaceIndex, const IpAddr&) { return true; };
    EXPECT_EQ(routes.find(addr("8.8.8.8"))->address, addr("10.9.0.2"));
    EXPECT_EQ(routes.find(addr("8.8.8.8"), dead)->address, addr("10.9.0.3"));
    EXPECT_EQ(routes.find(addr("8.8.8.8"), all_dead)->address, addr("10.9.0.2"));
}

TEST(Route, IP4_030_prefixes_of_every_length_and_both_families_fit_what_they_hold) {
    for (std::uint8_t length = 0; length <= 32; ++length) {
        RouteTable routes;
        Route route;
        route.destination = wire::Prefix::of(addr("10.171.205.239"), length);
        routes.add(route);
        for (unsigned bit = 0; bit < 32; ++bit) {
            const Ipv4 other{addr("10.171.205.239").v4().value() ^ (0x80000000U >> bit)};
            EXPECT_EQ(routes.find(other).has_value(), bit >= length) << +length << " " << bit;
        }
        EXPECT_FALSE(routes.find(addr("2001:db8::1")));
    }
    RouteTable six;
    Route route;
    route.destination = *wire::Prefix::parse("2001:db8:0:8000::/49");
    six.add(route);
    EXPECT_TRUE(six.find(addr("2001:db8:0:ffff::1")));
    EXPECT_FALSE(six.find(addr("2001:db8:0:7fff::1")));
    Route all;
    all.destination = *wire::Prefix::parse("::/0");
    six.add(all);
    EXPECT_TRUE(six.find(addr("2001:db8:0:7fff::1")));
    EXPECT_FALSE(six.find(addr("10.0.0.1")));
}

TEST(Route, an_on_link_route_names_the_destination_itself) {
    RouteTable routes;
    Route route;
    route.destination = *wire::Prefix::parse("10.9.0.0/24");
    route.interface = 2;
    routes.add(route);
    const auto hop = routes.find(addr("10.9.0.7"));
    EXPECT_EQ(hop->address, addr("10.9.0.7"));
    EXPECT_EQ(hop->interface, 2);
}

}  // namespace
}  // namespace dt::ip
