// Tests of addresses of our own making: proved, made of prefixes, grown old (RFC 4862, spec 5.7).
#include "ip/autoconf.hpp"

#include "ip/router_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using namespace std::chrono_literals;

class Autoconfigured : public RouterTest {};

TEST_F(Autoconfigured, ND_016_an_address_is_proved_by_one_question_and_ours_a_second_later) {
    host.advance(turn());
    EXPECT_TRUE(addresses().empty());
    EXPECT_FALSE(host.is_local(addr(own_text)));
    advance(3s);
    const auto probes = messages(probe_type);
    ASSERT_EQ(probes.size(), 2U);  // the link-local one, and the one that was given
    for (const auto& [at, frame] : probes) {
        EXPECT_LE(at - Instant{}, 1s);
        const auto ip = *wire::Ipv6View::parse(frame.link().payload());
        EXPECT_TRUE(ip.source().is_any());
        EXPECT_EQ(ip.hop_limit(), 255);
        const auto asked = wire::NeighborSolicitation::parse(ip.payload());
        ASSERT_TRUE(asked);
        EXPECT_EQ(ip.destination(), wire::solicited_node(asked->target));
        EXPECT_TRUE(asked->options.nonce);
        EXPECT_FALSE(asked->options.source_link);
    }
    EXPECT_EQ(addresses().size(), 2U);
    EXPECT_TRUE(host.is_local(addr(own_text)));
}

TEST_F(Autoconfigured, ND_017_an_address_that_somebody_has_is_not_used) {
    host.advance(turn());
    advance(1s);
    const wire::NeighborAdvertisement claim{.target = v6(own_text),
                                            .is_router = false,
                                            .solicited = false,
                                            .overrides = true,
                                            .options = {}};
    const auto octets = wire::make_advertisement(claim, mac(2));
    hear(PacketV6::nd({octets.begin(), octets.end()}, own_text, all_nodes));
    EXPECT_EQ(last_drop(), Reason::address_duplicate);
    advance(5s);
    EXPECT_FALSE(host.is_local(addr(own_text)));
    EXPECT_EQ(addresses().size(), 1U);  // the link-local one
}

TEST_F(Autoconfigured, ND_017_who_proves_the_same_address_takes_it_and_an_own_probe_does_not) {
    host.advance(turn());
    advance(1s);
    // Our own question, come back by a link that loops (RFC 7527).
    Bytes own;
    for (const auto& [at, frame] : messages(probe_type)) {
        const auto ip = *wire::Ipv6View::parse(frame.link().payload());
        const auto asked = wire::NeighborSolicitation::parse(ip.payload());
        if (asked->target == v6(own_text)) own.assign(ip.payload().begin(), ip.payload().end());
    }
    ASSERT_FALSE(own.empty());
    hear(PacketV6::nd(own, "::", "ff02::1:ff00:1"));
    EXPECT_EQ(last_drop(), Reason::address_tentative);
    own[30] ^= std::byte{1};  // the nonce of another host
    hear(PacketV6::nd(own, "::", "ff02::1:ff00:1"));
    EXPECT_EQ(last_drop(), Reason::address_duplicate);
    advance(5s);
    EXPECT_FALSE(host.is_local(addr(own_text)));
}

TEST_F(Autoconfigured, AQuestionForAnAddressThatIsBeingProvedIsNotAnswered) {
    host.advance(turn());
    advance(1s);
    hear(PacketV6::nd(solicitation(own_text), router, "ff02::1:ff00:1"));
    EXPECT_EQ(last_drop(), Reason::address_tentative);
    EXPECT_TRUE(sent().empty());
}

TEST_F(Autoconfigured, ND_013_a_prefix_gives_a_route_an_address_or_both) {
    settle();
    later.clear();
    hear_router({.options = prefix("2001:db8:1::", 64, on_link | autonomous, 7200, 7200) +
                            prefix("2001:db8:2::", 64, on_link, 7200, 7200) +
                            prefix("2001:db8:3::", 64, autonomous, 7200, 7200) +
                            prefix("2001:db8:4::", 63, on_link, 7200, 7200)});
    EXPECT_FALSE(address_in("2001:db8:1::"));  // not proved yet
    advance(3s);
    EXPECT_EQ(messages(probe_type).size(), 2U);
    EXPECT_LE(messages(probe_type)[0].first - (now - 3s), 1s);
    EXPECT_TRUE(address_in("2001:db8:1::"));
    EXPECT_FALSE(address_in("2001:db8:2::"));
    EXPECT_TRUE(address_in("2001:db8:3::"));
    const auto is_on_link = [&](const char* destination) {
        for (const Route& route : host.routes()) {
            if (!route.gateway && route.destination.contains(addr(destination))) return true;
        }
        return false;
    };
    EXPECT_TRUE(is_on_link("2001:db8:1::5"));
    EXPECT_TRUE(is_on_link("2001:db8:2::5"));
    EXPECT_FALSE(is_on_link("2001:db8:3::5"));
    EXPECT_TRUE(is_on_link("2001:db8:4:0::5"));
}

TEST_F(Autoconfigured, ND_013_vuln_a_prefix_that_contradicts_itself_gives_nothing) {
    settle();
    const std::size_t routes = host.routes().size();
    const auto refused = [&](const Bytes& option) {
        log.clear();
        hear_router({.lifetime_s = 0, .options = option});
        advance(3s);
        EXPECT_EQ(host.routes().size(), routes);
        EXPECT_EQ(addresses().size(), 2U);
        return last_drop();
    };
    constexpr int both = on_link | autonomous;
    EXPECT_EQ(refused(prefix("2001:db8:1::", 64, both, 10, 20)), Reason::prefix_refused);
    EXPECT_EQ(refused(prefix("fe80::", 64, both, 7200, 7200)), Reason::prefix_refused);
    EXPECT_EQ(refused(prefix("ff02::", 64, both, 7200, 7200)), Reason::prefix_refused);
    EXPECT_EQ(refused(prefix("::ffff:10.9.0.0", 120, both, 7200, 7200)), Reason::prefix_refused);
    EXPECT_EQ(refused(prefix("2001:db8:1::", 80, autonomous, 7200, 7200)), Reason::prefix_refused);
    EXPECT_EQ(refused(prefix("2001:db8:1::", 64, both, 0, 0)), std::nullopt);
}

TEST_F(Autoconfigured, ND_015_SRC_003_IP6_028_an_address_grows_old_and_goes) {
    settle();
    hear_router({.options = prefix("2001:db8:1::", 64, on_link | autonomous, 30, 10)});
    advance(3s);
    const auto young = address_in("2001:db8:1::");
    ASSERT_TRUE(young);
    EXPECT_EQ(host.path(addr("2001:db8:1::9"), std::nullopt)->source, IpAddr(*young));
    advance(8s);  // deprecated: any other one of the same scope goes before it
    EXPECT_EQ(host.path(addr("2001:db8:1::9"), std::nullopt)->source, addr(own_text));
    EXPECT_TRUE(host.is_local(IpAddr(*young)));  // what is under way goes on (IP6-028)
    advance(20s);
    EXPECT_FALSE(host.is_local(IpAddr(*young)));
}

TEST_F(Autoconfigured, ND_014_nobody_takes_an_address_away_in_less_than_two_hours) {
    settle();
    constexpr int both = on_link | autonomous;
    hear_router({.options = prefix("2001:db8:1::", 64, both, 86'400, 86'400)});
    advance(3s);
    const auto own = address_in("2001:db8:1::");
    ASSERT_TRUE(own);
    hear_router({.options = prefix("2001:db8:1::", 64, both, 10, 5)});
    advance(6s);
    // Deprecated as it was said, all the same.
    EXPECT_EQ(host.path(addr("2001:db8:1::9"), std::nullopt)->source, addr(own_text));
    advance(7184s);
    EXPECT_TRUE(host.is_local(IpAddr(*own)));
    // Chosen again when a router says so.
    hear_router({.options = prefix("2001:db8:1::", 64, both, 8000, 8000)});
    EXPECT_EQ(host.path(addr("2001:db8:1::9"), std::nullopt)->source, IpAddr(*own));
    advance(7990s);
    EXPECT_TRUE(host.is_local(IpAddr(*own)));
    advance(20s);
    EXPECT_FALSE(host.is_local(IpAddr(*own)));
}

/// The addresses of a host of this seed that heard a router with two prefixes, the link-local one
/// first: the last 64 bits of each.
std::vector<std::uint64_t> identifiers(std::uint64_t seed) {
    buf::Pool pool;
    EventLog log;
    Config config;
    config.ipv6 = event::Switch::on;
    config.autoconf = event::Switch::on;
    Engine host{config, seed, 3, pool};
    host.add_interface({.name = "eth0",
                        .mac = mac(1),
                        .mtu = 1500,
                        .addresses = {},
                        .vouches = false,
                        .super_segment_max = 0});
    Instant now{};
    const auto run = [&] {
        for (int i = 0; i < 50; ++i, now += 100ms) {
            host.advance({now, config, log, 3});
            while (host.next_frame({now, config, log, 3})) {
            }
        }
    };
    run();
    const Said said{.options = prefix("2001:db8:1::", 64, autonomous, 7200, 7200) +
                               prefix("2001:db8:2::", 64, autonomous, 7200, 7200)};
    FramePtr frame = pool.frame();
    const Bytes octets = PacketV6::nd(said.message(), router, all_nodes).frame();
    EXPECT_TRUE(frame->add(pool.copy(octets)));
    static_cast<void>(host.receive({now, config, log, 3}, 1, std::move(frame)));
    run();
    std::vector<std::uint64_t> found;
    for (const wire::Prefix& own : host.interfaces()[1].addresses) {
        found.push_back(own.network.words()[1]);
    }
    return found;
}

TEST_F(Autoconfigured, ND_018_identifiers_are_stable_for_a_prefix_and_differ_between_prefixes) {
    const auto first = identifiers(1);
    ASSERT_EQ(first.size(), 3U);
    EXPECT_EQ(identifiers(1), first);
    EXPECT_NE(identifiers(2)[0], first[0]);
    EXPECT_NE(first[1], first[2]);
    EXPECT_NE(first[0], first[1]);
}

TEST_F(Autoconfigured, ICMP6_011_the_group_of_an_address_is_reported) {
    host.advance(turn());
    advance(3s);
    std::size_t reports = 0;
    for (const Later& each : later) {
        const auto ip = wire::Ipv6View::parse(each.frame.link().payload());
        if (!ip || ip->destination() != v6("ff02::16")) continue;
        ++reports;
        EXPECT_EQ(ip->hop_limit(), 1);
        EXPECT_EQ(ip->next_header(), wire::NextHeader::hop_by_hop);
        EXPECT_EQ(std::to_integer<int>(ip->payload()[8]), 143);
        const Octets message = ip->payload().subspan(8);
        EXPECT_TRUE(wire::pseudo_header(ip->source(), ip->destination(), wire::IpProtocol::icmpv6,
                                        static_cast<std::uint32_t>(message.size()))
                        .add(message)
                        .is_correct());
    }
    EXPECT_GE(reports, 4U);  // two groups, each told twice
}

}  // namespace
}  // namespace dt::ip::test
