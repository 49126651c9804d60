// Tests of routers: which are asked for, heard, preferred and forgotten; redirects (spec 5.7).
#include "ip/router_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using namespace std::chrono_literals;

TEST_F(RouterTest, ND_010_routers_are_asked_for_until_one_answers) {
    host.advance(turn());
    advance(40s);
    const auto questions = messages(solicitation_type);
    ASSERT_GE(questions.size(), 4U);
    EXPECT_LE(questions[0].first - Instant{}, 2s);  // as soon as the link-local address is valid
    const auto gap = [&](std::size_t i) { return questions[i].first - questions[i - 1].first; };
    for (std::size_t i = 1; i < 4; ++i) {
        const Duration usual = 4s * (1 << (i - 1));
        EXPECT_GE(gap(i), usual * 9 / 10);
        EXPECT_LE(gap(i), usual * 11 / 10);
    }
    const auto ip = *wire::Ipv6View::parse(questions[0].second.link().payload());
    EXPECT_EQ(ip.destination(), v6("ff02::2"));
    EXPECT_TRUE(ip.source().is_link_local());
    hear_router({});
    later.clear();
    advance(120s);
    EXPECT_TRUE(messages(solicitation_type).empty());
}

TEST_F(RouterTest, ND_011_what_a_router_says_of_the_link_holds) {
    settle();
    know_routers();
    hear_router({.lifetime_s = 1800,
                 .hop_limit = 33,
                 .reachable_ms = 20'000,
                 .retrans_ms = 2'000,
                 .options = mtu_option(1400)});
    const auto path = host.path(addr("2001:db8:ffff::1"), std::nullopt);
    ASSERT_TRUE(path);
    EXPECT_EQ(path->mtu, 1400U);
    PacketOut packet = out_to("2001:db8:ffff::1", 32);
    packet.source = IpAddr::any_v6();
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(wire::Ipv6View::parse(frames[0].link().payload())->hop_limit(), 33);
    // Too small, too large, not said: as before.
    hear_router({.lifetime_s = 1800, .options = mtu_option(1279)});
    hear_router({.lifetime_s = 1800, .options = mtu_option(1501)});
    EXPECT_EQ(host.path(addr("2001:db8:ffff::1"), std::nullopt)->mtu, 1400U);
    // Questions for a neighbour go out every 2 s now.
    later.clear();
    EXPECT_EQ(next_hop_of("2001:db8::77").has_value(), true);
    advance(10s);
    const auto questions = messages(probe_type);
    ASSERT_GE(questions.size(), 2U);
    EXPECT_EQ(questions[1].first - questions[0].first, 2s);
}

TEST_F(RouterTest, ARouterThatAsksForHasteIsNotFollowedBelowWhatLinuxTakes) {
    settle();
    know_routers();
    hear_router({.lifetime_s = 1800, .reachable_ms = 1, .retrans_ms = 1});
    later.clear();
    EXPECT_TRUE(next_hop_of("2001:db8::77").has_value());
    advance(1s);
    const auto questions = messages(probe_type);
    ASSERT_GE(questions.size(), 2U);
    EXPECT_EQ(questions[1].first - questions[0].first, 10ms);
}

TEST_F(RouterTest, ND_030_lifetime_0_takes_the_router_away_and_nothing_else) {
    settle();
    hear_router({.options = prefix("2001:db8:1::", 64, on_link | autonomous, 7200, 7200)});
    EXPECT_TRUE(has_default_route());
    advance(3s);
    ASSERT_TRUE(address_in("2001:db8:1::"));
    hear_router({.lifetime_s = 0});
    EXPECT_FALSE(has_default_route());
    EXPECT_TRUE(address_in("2001:db8:1::"));
}

TEST_F(RouterTest, ARouterThatIsNotHeardAgainIsGoneAfterItsLifetime) {
    settle();
    hear_router({.lifetime_s = 100});
    advance(99s);
    EXPECT_TRUE(has_default_route());
    hear_router({.lifetime_s = 100});
    advance(99s);
    EXPECT_TRUE(has_default_route());
    advance(2s);
    EXPECT_FALSE(has_default_route());
}

TEST_F(RouterTest, ND_012_vuln_a_router_that_is_not_of_this_link_is_not_heard) {
    settle();
    const auto refused = [&](PacketV6 packet) {
        log.clear();
        hear(std::move(packet));
        EXPECT_FALSE(has_default_route());
        return last_drop();
    };
    const Bytes message = Said{}.message();
    EXPECT_EQ(refused(PacketV6::nd(message, "2001:db8::2", all_nodes)), Reason::router_refused);
    EXPECT_EQ(refused(PacketV6::nd(message, "::", all_nodes)), Reason::router_refused);
    PacketV6 far = PacketV6::nd(message, router, all_nodes);
    far.hop_limit = 64;
    EXPECT_EQ(refused(far), Reason::nd_malformed);
    Bytes coded = message;
    coded[1] = std::byte{1};
    EXPECT_EQ(refused(PacketV6::nd(coded, router, all_nodes)), Reason::nd_malformed);
    const Bytes cut(message.begin(), message.begin() + 12);
    EXPECT_EQ(refused(PacketV6::nd(cut, router, all_nodes)), Reason::nd_malformed);
    host.set_forwarding(true);
    EXPECT_EQ(refused(PacketV6::nd(message, router, all_nodes)), Reason::not_offered);
}

TEST_F(RouterTest, ND_021_of_two_routers_the_preferred_one_is_used) {
    settle();
    know_routers();
    hear_router({}, router);
    hear_router({.flags = 0x08}, other_router);  // high
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(3));
    hear_router({.lifetime_s = 0}, other_router);
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));
}

TEST_F(RouterTest, ND_009_a_router_that_says_it_is_none_is_none) {
    settle();
    know_routers();
    hear_router({}, router);
    hear_router({}, other_router);
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));
    const wire::NeighborAdvertisement said{.target = v6(router),
                                           .is_router = false,
                                           .solicited = false,
                                           .overrides = false,
                                           .options = {}};
    const auto octets = wire::make_advertisement(said, mac(2));
    hear(PacketV6::nd({octets.begin(), octets.end()}, router, all_nodes));
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(3));
}

Bytes redirect(const char* target, const char* destination) {
    Bytes message(40);
    message[0] = std::byte{137};
    v6(target).store(message, 8);
    v6(destination).store(message, 24);
    return message;
}

TEST_F(RouterTest, ND_020_a_redirect_is_about_one_destination) {
    settle();
    know_routers();
    hear_router({});
    ASSERT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));
    hear(PacketV6::nd(redirect(other_router, "2001:db8:ffff::1"), router, own_text));
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(3));
    EXPECT_EQ(next_hop_of("2001:db8:ffff::2"), mac(2));
}

TEST_F(RouterTest, ND_020_a_redirect_to_a_neighbour_that_is_silent_is_forgotten) {
    settle();
    know_routers();
    hear_router({});
    hear(PacketV6::nd(redirect("2001:db8:ffff::1", "2001:db8:ffff::1"), router, own_text));
    EXPECT_NE(next_hop_of("2001:db8:ffff::1"), mac(2));  // a question to its group
    advance(5s);
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));
    // A later one is believed again.
    hear(PacketV6::nd(redirect(other_router, "2001:db8:ffff::1"), router, own_text));
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(3));
}

TEST_F(RouterTest, ND_020_a_redirect_ends_with_the_router_that_gave_it_or_takes_its_packets) {
    settle();
    know_routers();
    hear_router({.flags = 0x08}, router);  // high: the present first hop
    hear_router({}, other_router);
    hear(PacketV6::nd(redirect(other_router, "2001:db8:ffff::1"), router, own_text));
    hear(PacketV6::nd(redirect("fe80::4", "2001:db8:ffff::2"), router, own_text));
    host.add_neighbor(turn(), {link, addr("fe80::4")}, mac(4));
    ASSERT_EQ(next_hop_of("2001:db8:ffff::1"), mac(3));
    ASSERT_EQ(next_hop_of("2001:db8:ffff::2"), mac(4));
    hear_router({.lifetime_s = 0}, other_router);
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));
    EXPECT_EQ(next_hop_of("2001:db8:ffff::2"), mac(4));
    hear_router({.lifetime_s = 0}, router);
    EXPECT_FALSE(next_hop_of("2001:db8:ffff::2"));
}

TEST_F(RouterTest, ND_028_vuln_only_the_present_first_hop_redirects_and_only_on_the_link) {
    settle();
    know_routers();
    hear_router({});
    const auto refused = [&](PacketV6 packet) {
        log.clear();
        hear(std::move(packet));
        EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));
        return last_drop();
    };
    const Bytes good = redirect(other_router, "2001:db8:ffff::1");
    EXPECT_EQ(refused(PacketV6::nd(good, other_router, own_text)), Reason::redirect_refused);
    EXPECT_EQ(refused(PacketV6::nd(good, "2001:db8::2", own_text)), Reason::redirect_refused);
    EXPECT_EQ(refused(PacketV6::nd(redirect("2001:db8::9", "2001:db8:ffff::1"), router, own_text)),
              Reason::redirect_refused);
    EXPECT_EQ(refused(PacketV6::nd(redirect(other_router, "ff02::5"), router, own_text)),
              Reason::nd_malformed);
    EXPECT_EQ(
        refused(PacketV6::nd(redirect("::ffff:10.9.0.7", "2001:db8:ffff::1"), router, own_text)),
        Reason::nd_malformed);
    PacketV6 far = PacketV6::nd(good, router, own_text);
    far.hop_limit = 64;
    EXPECT_EQ(refused(far), Reason::nd_malformed);
}

TEST_F(RouterTest, ND_022_vuln_floods_of_routers_prefixes_and_redirects_are_bounded) {
    settle();
    know_routers();
    hear_router({});
    const std::size_t before = host.routes().size();
    for (int i = 0; i < 10'000; ++i) {
        Ipv6 from = v6("fe80::1:0:0:0");
        std::array<std::byte, 16> octets{};
        from.store(octets, 0);
        store_be(octets, 14, static_cast<std::uint16_t>(i));
        const std::string source = wire::to_string(IpAddr(Ipv6::load(octets, 0)));
        const std::string network = "2001:db8:" + std::to_string(i % 9999) + "::";
        hear_router({.options = prefix(network.c_str(), 64, on_link | autonomous, 7200, 7200)},
                    source.c_str());
    }
    EXPECT_LE(host.routes().size(), before + Autoconf::routers_max + Autoconf::prefixes_max);
    for (int i = 1; i < 1000; ++i) {
        const std::string destination = "2001:db8:ffff::" + std::to_string(i);
        hear(PacketV6::nd(redirect(other_router, destination.c_str()), router, own_text));
    }
    EXPECT_LE(host.routes().size(), before + Autoconf::routers_max + Autoconf::prefixes_max + 64);
    advance(5s);
    EXPECT_LE(addresses().size(), Autoconf::addresses_max);
    EXPECT_LE(host.neighbors().size(), config.neighbours_max);
    EXPECT_EQ(next_hop_of("2001:db8:ffff::999"), mac(3));  // the last one counts
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));    // the first one made room
}

TEST_F(RouterTest, ND_022_vuln_routers_that_do_not_exist_cannot_keep_another_out) {
    settle();
    host.add_neighbor(turn(), {link, addr(router)}, mac(2));
    for (int i = 0; i < 8; ++i) {
        const std::string from = "fe80::1:" + std::to_string(i);
        hear_router({.lifetime_s = 65'535}, from.c_str());
    }
    hear_router({});
    EXPECT_EQ(last_drop(), Reason::router_refused);
    hear_router({.flags = 0x08});  // high: more than the others claim
    EXPECT_EQ(next_hop_of("2001:db8:ffff::1"), mac(2));
    hear_router({.lifetime_s = 0});
    hear_router({.lifetime_s = 65'535}, "fe80::1:8");
    // One of those that are used turns out to be silent.
    EXPECT_NE(next_hop_of("2001:db8:ffff::1"), mac(2));
    advance(5s);
    log.clear();
    hear_router({});
    EXPECT_EQ(last_drop(), std::nullopt);
}

TEST_F(RouterTest, ND_022_vuln_prefixes_for_ever_cannot_keep_another_out) {
    settle();
    know_routers();
    constexpr std::uint32_t for_ever = 0xffff'ffff;
    for (int i = 0; i < 20; ++i) {
        const std::string network = "2001:db8:f" + std::to_string(i) + "::";
        hear_router({.options = prefix(network.c_str(), 64, on_link, for_ever, for_ever)});
        now += 1ms;
    }
    hear_router({.options = prefix("2001:db8:1::", 64, on_link, 7200, 7200)});
    EXPECT_NE(next_hop_of("2001:db8:1::77"), mac(2));   // on the link: it is asked for
    EXPECT_EQ(next_hop_of("2001:db8:f0::77"), mac(2));  // the oldest made room
}

TEST_F(RouterTest, TheEndOfARouterLeavesTheRouteThatTheUserGave) {
    settle();
    know_routers();
    Route own;
    own.destination = {IpAddr::any_v6(), 0};
    own.gateway = addr(router);
    own.interface = link;
    host.add_route(own);
    hear_router({});
    hear_router({.lifetime_s = 0});
    const auto is_default = [](const Route& route) { return route.destination.length == 0; };
    ASSERT_EQ(std::ranges::count_if(host.routes(), is_default), 1);
    EXPECT_EQ(std::ranges::find_if(host.routes(), is_default)->metric, 0U);
}

TEST_F(RouterTest, AHostWithoutAutoconfHearsNoRouter) {
    Config plain;
    plain.ipv6 = event::Switch::on;
    Engine other{plain, 42, 3, pool};
    other.add_interface({.name = "eth0",
                         .mac = mac(9),
                         .mtu = 1500,
                         .addresses = {{addr(own_text), 64}},
                         .vouches = false,
                         .super_segment_max = 0});
    const Turn at{now, plain, log, 3};
    static_cast<void>(
        other.receive(at, 1, frame_of(PacketV6::nd(Said{}.message(), router, all_nodes).frame())));
    EXPECT_EQ(last_drop(), Reason::not_offered);
    EXPECT_EQ(other.deadline(), never);
}

}  // namespace
}  // namespace dt::ip::test
