// Addresses and routes of worlds.
#include "world/topology.hpp"

#include <gtest/gtest.h>

namespace dt::world {
namespace {

Spec spec_of(const std::vector<std::string>& hosts,
             const std::vector<std::vector<std::string>>& links) {
    Spec spec;
    for (const std::string& host : hosts) spec.hosts.push_back({host});
    for (const auto& link : links) spec.links.push_back({link, {}});
    return spec;
}

IpAddr at(std::uint8_t link, std::uint8_t host) { return Ipv4{10, 0, link, host}; }

TEST(Topology, AddressesFollowHostOrderWhateverOrderALinkNamesThem) {
    const Topology topology(spec_of({"client", "server", "db"}, {{"db", "server", "client"}}));
    EXPECT_EQ(topology.attachments(0)[0].address, at(0, 1));
    EXPECT_EQ(topology.attachments(1)[0].address, at(0, 2));
    EXPECT_EQ(topology.attachments(2)[0].address, at(0, 3));
    EXPECT_EQ(topology.attachments(2)[0].port, 0);
    EXPECT_EQ(topology.host_at(0, 0), 2);
    EXPECT_NE(topology.attachments(0)[0].mac, topology.attachments(1)[0].mac);
    EXPECT_FALSE(topology.has_forwarding());
}

TEST(Topology, AGivenAddressIsKeptAndTheOthersTakeTheFirstFreeOnes) {
    Spec spec = spec_of({"client", "server", "db"}, {{"client", "server", "db"}});
    spec.hosts[2].address = at(0, 1);
    const Topology topology(spec);
    EXPECT_EQ(topology.attachments(0)[0].address, at(0, 2));
    EXPECT_EQ(topology.attachments(1)[0].address, at(0, 3));
    EXPECT_EQ(topology.attachments(2)[0].address, at(0, 1));
}

TEST(Topology, EachLinkIsASubnetAndMiddleHostsForward) {
    const Topology topology(
        spec_of({"client", "proxy", "app"}, {{"client", "proxy"}, {"proxy", "app"}}));
    ASSERT_EQ(topology.attachments(1).size(), 2U);
    EXPECT_EQ(topology.attachments(1)[0].address, at(0, 2));
    EXPECT_EQ(topology.attachments(1)[1].address, at(1, 1));
    EXPECT_TRUE(topology.forwards(1));
    EXPECT_FALSE(topology.forwards(0));
    const auto routes = topology.routes(0);
    ASSERT_EQ(routes.size(), 1U);
    EXPECT_EQ(routes[0].destination, topology.subnet(1));
    EXPECT_EQ(routes[0].gateway, at(0, 2));
    EXPECT_TRUE(topology.routes(1).empty());
}

TEST(Topology, RoutesAreShortestPathsOverARing) {
    const Topology topology(spec_of({"a", "b", "c", "d", "e"},
                                    {{"a", "b"}, {"b", "c"}, {"c", "d"}, {"d", "e"}, {"e", "a"}}));
    const auto routes = topology.routes(0);
    ASSERT_EQ(routes.size(), 3U);
    EXPECT_EQ(routes[0].gateway, at(0, 2)) << "b-c by b";
    EXPECT_EQ(routes[2].gateway, at(4, 2)) << "d-e by e";
}

TEST(Topology, ANameIsTheAddressNearestToTheAsker) {
    const Topology topology(
        spec_of({"client", "proxy", "app"}, {{"client", "proxy"}, {"proxy", "app"}}));
    EXPECT_EQ(topology.nearest_address(0, 1), at(0, 2));
    EXPECT_EQ(topology.nearest_address(2, 1), at(1, 1));
    EXPECT_EQ(topology.nearest_address(0, 2), at(1, 2));
    EXPECT_EQ(topology.nearest_address(1, 1), at(0, 2));
}

TEST(Topology, HostsThatNoPathJoinsDoNotResolve) {
    const Topology topology(spec_of({"a", "b", "c", "d"}, {{"a", "b"}, {"c", "d"}}));
    EXPECT_EQ(topology.nearest_address(0, 2), std::nullopt);
    EXPECT_TRUE(topology.routes(0).empty());
}

TEST(Spec, ProblemsAreSaidInOneSentence) {
    EXPECT_EQ(problem(spec_of({}, {})), "a network has 1 to 1000 hosts, not 0");
    EXPECT_EQ(problem(spec_of({"a", "a"}, {})), "two hosts are named `a`");
    EXPECT_EQ(problem(spec_of({"a"}, {{"a", "b"}})), "host `b` of a link does not exist");
    EXPECT_EQ(problem(spec_of({"a", "b"}, {{"a", "b", "a"}})), "host `a` is twice on one link");
    EXPECT_EQ(problem(spec_of({"a", "b"}, {{"a", "b"}})), std::nullopt);
}

TEST(Topology, EachLinkHasAPrefixOfIpv6AndRoutesOfBothFamiliesGoTheSameWay) {
    Spec spec;
    spec.hosts = {{"a"}, {"router"}, {"b"}};
    spec.links = {{{"a", "router"}, {}}, {{"router", "b"}, {}}};
    const Topology topology(spec);
    EXPECT_EQ(topology.attachments(0)[0].address_v6, *IpAddr::parse("fd00:10::1"));
    EXPECT_EQ(topology.attachments(2)[0].address_v6, *IpAddr::parse("fd00:10:0:1::2"));
    const auto routes = topology.routes(0, Family::v6);
    ASSERT_EQ(routes.size(), 1U);
    EXPECT_EQ(routes[0].gateway, topology.attachments(1)[0].address_v6);
    EXPECT_EQ(routes[0].destination, *Prefix::parse("fd00:10:0:1::/64"));
    EXPECT_EQ(topology.nearest_address(0, 2, Family::v6), topology.attachments(2)[0].address_v6);
}

}  // namespace
}  // namespace dt::world
