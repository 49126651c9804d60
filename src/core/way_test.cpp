// The way that packets of a transport go: when it is in doubt (RFC 9293 §3.8.3), when addresses
// come, where its MTU varies, and what ICMP says of a group's.
#include "core/hosts_fixture.hpp"
#include "ip/host_v6_fixture.hpp"

namespace dt::core::test {
namespace {

using event::NeighbourChange;
using event::State;

/// a — router — b, with an established connection from a to b.
class Way : public Hosts {
  protected:
    explicit Way(const Config& config = {}) {
        add_host(config);
        add_host(config);
        Host& router = add_host(config);
        link(a(), a().join("10.0.1.1", 1, false), router, router.join("10.0.1.254", 1, false));
        link(b(), b().join("10.0.2.1", 1, false), router, router.join("10.0.2.254", 2, false));
        router.core.ip().set_forwarding(true);
        router.core.ip().add_neighbor(turn(router), {2, addr("10.0.2.1")}, mac(1, 1));
        a().route_by("10.0.1.254");
        b().route_by("10.0.2.254");
    }
    void converse() {
        (void)listen(b(), "10.0.2.1:80");
        client = connect(a(), at("10.0.2.1:80"));
        settle();
        ASSERT_EQ(state(a(), client), State::established);
        a().log.clear();
    }
    /// What a has learned of its router since the log was cleared.
    [[nodiscard]] std::vector<NeighbourChange::State> neighbour_steps() {
        std::vector<NeighbourChange::State> steps;
        for (const auto& each : a().log.all<NeighbourChange>()) steps.push_back(each.state);
        return steps;
    }

    tcp::ConnId client;
};

TEST_F(Way, TCP_9293_MUST_20_at_r1_the_next_hop_is_asked_and_at_r2_the_connection_ends) {
    using Step = NeighbourChange::State;
    converse();
    links.pop_back();  // behind the router all is silent
    write(a(), client, "lost");
    run(1300ms);  // sent again after 0.2 and 0.6 s
    EXPECT_TRUE(neighbour_steps().empty());
    run(2s);  // after 1.4 s the third time; at 3 s the way is in doubt
    EXPECT_EQ(neighbour_steps(), (std::vector{Step::probing, Step::reachable}));
    EXPECT_EQ(state(a(), client), State::established);
    run(1200s);
    EXPECT_EQ(state(a(), client), State::closed);
    EXPECT_EQ(a().core.tcp().take_error(client), Error::timed_out);
}

TEST_F(Way, TCP_9293_MUST_20_a_router_that_died_gives_way_to_another_soon_after_r1) {
    Host& second = add_host();
    link(a(), 1, second, second.join("10.0.1.253", 1, false));
    ip::Route other;
    other.destination = {IpAddr::any_v4(), 0};
    other.gateway = addr("10.0.1.253");
    other.interface = 1;
    other.metric = 1;
    a().core.ip().add_route(other);
    converse();
    links.erase(links.begin());  // the first router is gone
    write(a(), client, "lost");
    run(7s);
    EXPECT_TRUE(a().core.ip().neighbors().is_failed({1, addr("10.0.1.254")}));
    EXPECT_TRUE(a().core.ip().neighbors().mac({1, addr("10.0.1.253")}));
}

TEST_F(Way, TCP_9293_MUST_45_a_better_address_that_comes_changes_no_connection) {
    converse();
    (void)a().core.ip().add_interface({.name = "eth2",
                                       .mac = mac(0, 2),
                                       .mtu = 1500,
                                       .addresses = {{addr("10.0.2.99"), 24}},
                                       .vouches = false,
                                       .super_segment_max = 0});
    const auto chosen = a().core.choose_path(addr("10.0.2.1"), std::nullopt);
    ASSERT_TRUE(chosen);
    EXPECT_EQ(chosen->source, addr("10.0.2.99"));
    write(a(), client, "as before");
    settle();
    const auto sent = a().log.all<event::SegmentSent>();
    ASSERT_FALSE(sent.empty());
    for (const auto& each : sent) {
        EXPECT_EQ(each.segment.tuple.local.addr, addr("10.0.1.1"));
    }
    EXPECT_EQ(a().core.tcp().tuple(client)->local.addr, addr("10.0.1.1"));
}

TEST_F(Way, TCP_9293_SHLD_6_the_mss_is_of_the_smallest_mtu_on_the_way_out) {
    (void)listen(b(), "10.0.2.1:80");
    const auto mss = [&] {
        a().log.clear();
        (void)connect(a(), at("10.0.2.1:80"));
        settle();
        return a().log.all<event::SegmentSent>().at(0).segment.mss;
    };
    EXPECT_EQ(mss(), 1460);  // of the link
    ip::Route narrow;
    narrow.destination = wire::Prefix::of(addr("10.0.2.0"), 24);
    narrow.gateway = addr("10.0.1.254");
    narrow.interface = 1;
    narrow.mtu = 1400;
    a().core.ip().add_route(narrow);
    EXPECT_EQ(mss(), 1360);  // of the route
    a().core.tcp().learn_path_mtu(turn(a()), addr("10.0.2.1"), 1300);
    EXPECT_EQ(mss(), 1260);  // of the path
}

/// Neighbours are believed for a second or three, and then only as long as text is acknowledged.
class BriefBelief : public Way {
  protected:
    BriefBelief() : Way(brief()) {}
    static Config brief() {
        Config config;
        config.neighbour_reachable = 2s;
        return config;
    }
};

TEST_F(BriefBelief, ARP_010_a_flow_that_is_acknowledged_asks_for_no_neighbour) {
    using Step = NeighbourChange::State;
    converse();
    for (int i = 0; i < 50; ++i) {
        write(a(), client, "x");
        run(500ms);
    }
    for (const Step step : neighbour_steps()) EXPECT_NE(step, Step::probing);
    EXPECT_FALSE(neighbour_steps().empty());  // it was believed anew

    links.clear();  // an answer that does not come proves nothing
    a().log.clear();
    for (int i = 0; i < 20; ++i) {
        write(a(), client, "x");
        run(500ms);
    }
    const auto steps = neighbour_steps();
    EXPECT_NE(std::ranges::find(steps, Step::probing), steps.end());
}

class GroupV6 : public Hosts {
  protected:
    GroupV6() {
        Config config;
        config.ipv6 = event::Switch::on;
        Host& host = add_host(config);
        (void)host.core.ip().add_interface({.name = "eth1",
                                            .mac = mac(0, 1),
                                            .mtu = 1500,
                                            .addresses = {{addr("2001:db8::1"), 64}},
                                            .vouches = false,
                                            .super_segment_max = 0});
    }
    /// A router says that a datagram to `group` was too large.
    void too_big(const char* group, std::uint32_t mtu) {
        const std::vector<std::byte> quoted =
            ip::test::PacketV6{.source = ip::test::v6("2001:db8::1"),
                               .destination = ip::test::v6(group),
                               .payload = ip::test::octets_of({0x0f, 0xa0, 0x13, 0x88, 0, 8, 0, 0})}
                .ip();
        std::vector<std::byte> message(8);
        message[0] = std::byte{2};
        store_be(message, 4, mtu);
        message.insert(message.end(), quoted.begin(), quoted.end());
        auto packet = ip::test::PacketV6::icmp(std::move(message), "2001:db8::254", "2001:db8::1");
        packet.to = mac(0, 1);
        inject(a(), packet.frame());
    }
};

TEST_F(GroupV6, ICMP6_008_what_a_router_says_of_a_groups_path_is_kept) {
    const Socket socket = open(a(), "[2001:db8::1]:4000");
    const Endpoint group = at("[ff0e::1234]:5000");
    send(a(), socket.local, group, 100);
    settle();
    EXPECT_FALSE(a().core.path_mtu(group.addr, now));
    too_big("ff0e::1234", 1400);
    ASSERT_TRUE(a().core.path_mtu(group.addr, now));
    EXPECT_EQ(a().core.path_mtu(group.addr, now)->mtu, 1400);
    too_big("ff0e::1234", 600);  // no path of IPv6 takes less than 1280
    EXPECT_GE(a().core.path_mtu(group.addr, now)->mtu, 1280);
    too_big("ff0e::9999", 1300);
    EXPECT_TRUE(a().core.path_mtu(addr("ff0e::9999"), now));
    EXPECT_FALSE(a().core.path_mtu(addr("ff0e::77"), now));
}

}  // namespace
}  // namespace dt::core::test
