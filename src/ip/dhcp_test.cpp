// Tests of the DHCP client: its states and times (RFC 2131 §4.4), and what a lease is to the host.
#include "ip/dhcp.hpp"

#include "ip/dhcp_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using namespace std::chrono_literals;

TEST_F(DhcpTest, ALinkWithoutAnAddressAsksAllForOne) {
    const Asked first = next_asked();
    EXPECT_LE(first.at - Instant{}, 1s);
    EXPECT_EQ(first.link().destination(), Mac::broadcast());
    EXPECT_EQ(first.link().source(), mac(9));
    EXPECT_EQ(IpAddr{first.ip().source()}, IpAddr::any_v4());
    EXPECT_EQ(IpAddr{first.ip().destination()}, IpAddr::broadcast());
    EXPECT_TRUE(wire::UdpView::parse(first.ip().payload())
                    ->is_checksum_correct(wire::pseudo_header(
                        first.ip().source(), first.ip().destination(), wire::IpProtocol::udp,
                        static_cast<std::uint32_t>(first.ip().payload().size()))));
    EXPECT_EQ(first.type(), dhcp_discover);
    EXPECT_TRUE(first.wants_broadcast());
    EXPECT_TRUE(host.is_leasing());
}

TEST_F(DhcpTest, WithoutTheSwitchNothingIsAsked) {
    Engine other{Config{}, 42, 4, pool};
    other.add_interface({.name = "eth0", .mac = mac(9), .mtu = 1500, .addresses = {}});
    EXPECT_EQ(other.deadline(), never);
    EXPECT_FALSE(other.is_leasing());
}

TEST_F(DhcpTest, TheIntervalBetweenQuestionsDoublesFrom4To64Seconds) {
    run(400s);
    const auto questions = asked();
    ASSERT_GE(questions.size(), 7U);
    Duration usual = 4s;
    for (std::size_t i = 1; i < 7; ++i, usual = std::min<Duration>(usual * 2, 64s)) {
        const Duration gap = questions[i].at - questions[i - 1].at;
        EXPECT_GE(gap, usual - 1s) << i;
        EXPECT_LE(gap, usual + 1s) << i;
        EXPECT_EQ(questions[i].xid(), questions[0].xid());
    }
}

TEST_F(DhcpTest, TheFirstOfferOfUseIsAskedForOfItsServer) {
    const Asked discover = next_asked();
    hear(dhcp_offer, discover, {.address = "10.77.0.50", .lease_s = std::nullopt});
    EXPECT_EQ(refused(Reason::dhcp_refused), 1U);
    hear(dhcp_offer, discover, {.address = "10.77.0.51", .server = "10.77.0.2"});
    hear(dhcp_offer, discover, {.address = "10.77.0.52"});
    EXPECT_EQ(refused(Reason::dhcp_not_for_us), 1U);
    const Asked request = next_asked();
    EXPECT_EQ(request.type(), dhcp_request);
    EXPECT_EQ(request.xid(), discover.xid());
    EXPECT_EQ(request.address_option(50), Ipv4(10, 77, 0, 51));
    EXPECT_EQ(request.address_option(54), Ipv4(10, 77, 0, 2));
    EXPECT_TRUE(request.ciaddr().is_any());
    EXPECT_EQ(request.link().destination(), Mac::broadcast());
}

TEST_F(DhcpTest, TheAddressIsOursOnceNobodyAnswersForIt) {
    const Asked request = request_for({});
    hear(dhcp_ack, request);
    later.clear();
    run(500ms);
    EXPECT_FALSE(address());
    EXPECT_TRUE(host.is_leasing());
    run(500ms);
    EXPECT_EQ(address(), addr("10.77.0.50"));
    EXPECT_FALSE(host.is_leasing());
    const auto asks = arps();
    ASSERT_EQ(asks.size(), 4U);
    for (std::size_t i = 0; i < 3; ++i) {  // RFC 5227 §2.1.1
        EXPECT_TRUE(asks[i].second.sender_ip.is_any());
        EXPECT_EQ(asks[i].second.target_ip, Ipv4(10, 77, 0, 50));
    }
}

TEST_F(DhcpTest, AnAddressThatIsOursIsAnnouncedTwice) {
    hear(dhcp_ack, request_for({}));
    later.clear();
    run(10s);
    const auto asks = arps();
    ASSERT_EQ(asks.size(), 5U);
    for (std::size_t i = 3; i < 5; ++i) {  // RFC 5227 §2.3
        EXPECT_EQ(asks[i].second.sender_ip, Ipv4(10, 77, 0, 50));
        EXPECT_EQ(asks[i].second.target_ip, Ipv4(10, 77, 0, 50));
    }
    EXPECT_EQ(asks[4].first - asks[3].first, 2s);
}

TEST_F(DhcpTest, AnAddressThatIsTakenAwayIsNotAnnouncedAnyMore) {
    lease({.lease_s = 4});
    know(link, "10.77.0.1", 4);
    later.clear();
    const Asked renewal = next_asked(3s);
    hear(dhcp_nak, renewal);
    EXPECT_FALSE(address());
    const std::size_t before = arps().size();
    run(3s);
    EXPECT_EQ(arps().size(), before);
}

TEST_F(DhcpTest, ARequestIsAsOldAsTheQuestionThatWasOfferedTo) {
    next_asked();
    const Asked discover = next_asked();  // the second one
    hear(dhcp_offer, discover);
    const auto secs = [](const Asked& asked) { return load_be<std::uint16_t>(asked.message(), 8); };
    EXPECT_GT(secs(discover), 0);
    for (int i = 0; i < 3; ++i) EXPECT_EQ(secs(next_asked()), secs(discover)) << i;
}

TEST_F(DhcpTest, ALeaseCountsFromTheFirstRequestForIt) {
    const Asked first = request_for({.lease_s = 100});
    const Asked third = (next_asked(), next_asked());
    EXPECT_GE(third.at - first.at, 9s);
    hear(dhcp_ack, third, {.lease_s = 100});
    run(1s);
    EXPECT_TRUE(address());
    run(first.at + 99s - now);
    EXPECT_TRUE(address());
    run(1s);
    EXPECT_FALSE(address());
}

TEST_F(DhcpTest, ALeaseThatIsOverWhenItIsHeardOfIsNone) {
    request_for({.lease_s = 5});
    const Asked third = (next_asked(), next_asked());
    hear(dhcp_ack, third, {.lease_s = 5});
    EXPECT_EQ(refused(Reason::dhcp_refused), 1U);
    run(2s);
    EXPECT_FALSE(address());
}

TEST_F(DhcpTest, ALeaseBringsItsNetworkItsRouterAndItsMtu) {
    lease({.routers = {"10.77.0.1", "10.77.0.2"}, .mtu = 1400});
    const auto near = host.path(addr("10.77.0.77"), std::nullopt);
    const auto far = host.path(addr("192.0.2.1"), std::nullopt);
    ASSERT_TRUE(near && far);
    EXPECT_EQ(near->source, addr("10.77.0.50"));
    EXPECT_EQ(near->interface, link);
    EXPECT_EQ(near->mtu, 1400U);
    EXPECT_EQ(far->source, addr("10.77.0.50"));
    EXPECT_EQ(far->mtu, 1400U);
    EXPECT_TRUE(host.is_broadcast(addr("10.77.0.255")));
    // The first router is asked for.
    later.clear();
    PacketOut packet = out_to("192.0.2.1", 32);
    packet.source = IpAddr::any_v4();
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].arp().target_ip, Ipv4(10, 77, 0, 1));
}

TEST_F(DhcpTest, ARouterOutsideOfTheNetworkIsOnTheLinkAllTheSame) {
    lease({.mask = "255.255.255.255", .routers = {"10.77.9.9"}});
    PacketOut packet = out_to("192.0.2.1", 32);
    packet.source = IpAddr::any_v4();
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].arp().target_ip, Ipv4(10, 77, 9, 9));
}

TEST_F(DhcpTest, WithoutAMaskTheNetworkIsThatOfTheClass) {
    lease({.address = "192.168.7.50", .server = "192.168.7.1", .mask = std::nullopt});
    EXPECT_EQ(host.interfaces()[link].addresses[0].length, 24);
}

TEST_F(DhcpTest, AnAddressThatSomebodyHasIsDeclinedAndAnotherOneAskedForLater) {
    const Asked request = request_for({});
    hear(dhcp_ack, request);
    run(100ms);
    inject(arp({wire::ArpOperation::reply, mac(5), Ipv4{10, 77, 0, 50}, mac(9), Ipv4{}}, mac(9)),
           link);
    EXPECT_EQ(log.dropped(Reason::address_duplicate), 1U);
    const Asked decline = next_asked();
    EXPECT_EQ(decline.type(), dhcp_decline);
    EXPECT_EQ(decline.address_option(50), Ipv4(10, 77, 0, 50));
    EXPECT_EQ(decline.address_option(54), Ipv4(10, 77, 0, 1));
    EXPECT_TRUE(decline.ciaddr().is_any());
    const Asked again = next_asked();
    EXPECT_EQ(again.type(), dhcp_discover);
    EXPECT_NE(again.xid(), request.xid());
    EXPECT_GE(again.at - decline.at, 10s);
    EXPECT_FALSE(address());
}

TEST_F(DhcpTest, AfterTenConflictsOneAddressAMinuteIsProved) {
    std::vector<Instant> declined;
    for (int i = 0; i < 12; ++i) {
        hear(dhcp_ack, request_for({}));
        run(100ms);
        inject(
            arp({wire::ArpOperation::reply, mac(5), Ipv4{10, 77, 0, 50}, mac(9), Ipv4{}}, mac(9)),
            link);
        const Asked decline = next_asked();
        ASSERT_EQ(decline.type(), dhcp_decline) << i;
        declined.push_back(decline.at);
    }
    for (std::size_t i = 1; i < 10; ++i) EXPECT_LT(declined[i] - declined[i - 1], 20s) << i;
    EXPECT_GE(declined[10] - declined[9], 60s);
    EXPECT_GE(declined[11] - declined[10], 60s);
    // An address that nobody has ends it.
    lease();
    EXPECT_TRUE(address());
}

TEST_F(DhcpTest, WhoProvesTheSameAddressTakesItFromUsAndOurOwnProbeDoesNot) {
    hear(dhcp_ack, request_for({}));
    run(100ms);
    const Ipv4 wanted{10, 77, 0, 50};
    inject(arp({wire::ArpOperation::request, mac(9), Ipv4{}, Mac{}, wanted}, Mac::broadcast()),
           link);
    EXPECT_EQ(log.dropped(Reason::address_duplicate), 0U);
    inject(arp({wire::ArpOperation::request, mac(5), Ipv4{}, Mac{}, wanted}, Mac::broadcast()),
           link);
    EXPECT_EQ(log.dropped(Reason::address_duplicate), 1U);
    EXPECT_EQ(next_asked().type(), dhcp_decline);
}

TEST_F(DhcpTest, ARequestIsRepeatedFourTimesAtMostAndThenAllIsAskedAnew) {
    const Asked discover = next_asked();
    hear(dhcp_offer, discover);
    run(120s);
    const auto questions = asked();
    ASSERT_GE(questions.size(), 5U);
    for (std::size_t i = 0; i < 4; ++i) EXPECT_EQ(questions[i].type(), dhcp_request);
    EXPECT_EQ(questions[4].type(), dhcp_discover);
    EXPECT_NE(questions[4].xid(), discover.xid());
}

TEST_F(DhcpTest, ARefusedRequestBeginsAnewAndNotAtOnce) {
    const Asked request = request_for({});
    hear(dhcp_nak, request, {.server = "10.77.0.9"});  // another server has no say
    EXPECT_EQ(refused(Reason::dhcp_not_for_us), 1U);
    hear(dhcp_nak, request);
    const Asked again = next_asked();
    EXPECT_EQ(again.type(), dhcp_discover);
    EXPECT_GE(again.at - request.at, 4s);
}

TEST_F(DhcpTest, AtT1TheServerAloneIsAskedAndTheLeaseGoesOn) {
    lease({.lease_s = 1000});
    know(link, "10.77.0.1", 4);
    const Asked renewal = next_asked(600s);
    EXPECT_GE(renewal.at - Instant{}, 468s);  // up to a sixteenth of 500 s earlier
    EXPECT_LE(renewal.at - Instant{}, 503s);
    EXPECT_EQ(renewal.type(), dhcp_request);
    EXPECT_EQ(IpAddr{renewal.ip().source()}, addr("10.77.0.50"));
    EXPECT_EQ(IpAddr{renewal.ip().destination()}, addr("10.77.0.1"));
    EXPECT_EQ(renewal.link().destination(), mac(4));
    EXPECT_EQ(renewal.ciaddr(), Ipv4(10, 77, 0, 50));
    EXPECT_FALSE(renewal.address_option(50));
    EXPECT_FALSE(renewal.address_option(54));
    hear(dhcp_ack, renewal, {.lease_s = 1000}, "10.77.0.50");
    run(460s);
    EXPECT_TRUE(asked().empty());
    EXPECT_EQ(address(), addr("10.77.0.50"));
    EXPECT_EQ(next_asked(50s).type(), dhcp_request);
}

TEST_F(DhcpTest, TwoHostsThatBeganTogetherDoNotAskAgainTogether) {
    const auto renewed = [&](std::uint64_t seed) {
        DhcpClient client(link, mac(9), 1500, Rng(seed));
        client.advance(Instant{});
        client.advance(client.deadline());
        Instant at = client.deadline();
        wire::DhcpReply said;
        said.client = mac(9);
        said.address = Ipv4{10, 77, 0, 50};
        said.server = Ipv4{10, 77, 0, 1};
        said.lease_s = 100'000;
        said.xid = client.next_deed()->message.xid;
        at = Instant{} + 1s;
        EXPECT_EQ(client.on_reply(at, said), DhcpClient::Heard::taken);
        said.type = wire::DhcpType::ack;
        EXPECT_EQ(client.on_reply(at, said), DhcpClient::Heard::taken);
        for (int i = 0; i < 10 && client.deadline() < Instant{} + 10s; ++i) {
            client.advance(client.deadline());
        }
        return client.deadline() - at;
    };
    EXPECT_GT(renewed(1), 46'000s);
    EXPECT_LE(renewed(1), 50'000s);
    EXPECT_NE(renewed(1), renewed(2));
}

TEST_F(DhcpTest, AtT2AllServersAreAskedAndAnyMayExtend) {
    lease({.lease_s = 1000});
    know(link, "10.77.0.1", 4);
    run(880s);
    const auto questions = asked();
    std::vector<Duration> renewals;
    std::optional<Asked> rebinding;
    for (const Asked& each : questions) {
        if (IpAddr{each.ip().destination()}.is_broadcast()) {
            if (!rebinding) rebinding = each;
        } else {
            renewals.push_back(each.at - Instant{});
        }
    }
    // Half of what is left until T2, and not more often than each minute.
    ASSERT_GE(renewals.size(), 3U);
    EXPECT_GE(renewals[1] - renewals[0], 155s);
    for (std::size_t i = 1; i < renewals.size(); ++i) EXPECT_GE(renewals[i] - renewals[i - 1], 60s);
    ASSERT_TRUE(rebinding);
    EXPECT_GE(rebinding->at - Instant{}, 820s);
    EXPECT_EQ(IpAddr{rebinding->ip().source()}, addr("10.77.0.50"));
    EXPECT_EQ(rebinding->ciaddr(), Ipv4(10, 77, 0, 50));
    hear(dhcp_ack, *rebinding, {.server = "10.77.0.3", .lease_s = 1000});
    run(200s);
    EXPECT_EQ(address(), addr("10.77.0.50"));
}

TEST_F(DhcpTest, AtItsEndTheLeaseTakesAddressAndRoutesAway) {
    lease({.lease_s = 100});
    EXPECT_TRUE(is_reached("192.0.2.1"));
    run(98s);
    EXPECT_TRUE(address());
    asked();
    run(3s);
    EXPECT_FALSE(address());
    EXPECT_FALSE(is_reached("192.0.2.1"));
    EXPECT_FALSE(is_reached("10.77.0.77"));
    EXPECT_FALSE(host.is_broadcast(addr("10.77.0.255")));
    EXPECT_TRUE(is_reached("10.9.0.77"));
    EXPECT_EQ(host.routes().size(), 1U);
    const auto questions = asked();
    ASSERT_FALSE(questions.empty());
    EXPECT_EQ(questions.back().type(), dhcp_discover);
    lease({.address = "10.77.0.60"});
    EXPECT_EQ(address(), addr("10.77.0.60"));
}

TEST_F(DhcpTest, AServerThatRefusesToExtendTakesTheAddressAtOnce) {
    lease({.lease_s = 100});
    know(link, "10.77.0.1", 4);
    const Asked renewal = next_asked();
    hear(dhcp_nak, renewal);
    EXPECT_FALSE(address());
    EXPECT_EQ(next_asked().type(), dhcp_discover);
}

TEST_F(DhcpTest, WhatAnExtendedLeaseSaysAnewHolds) {
    lease({.lease_s = 100});
    know(link, "10.77.0.1", 4);
    hear(dhcp_ack, next_asked(), {.routers = {}, .mtu = 1300}, "10.77.0.50");
    EXPECT_EQ(address(), addr("10.77.0.50"));
    EXPECT_FALSE(is_reached("192.0.2.1"));
    EXPECT_EQ(host.path(addr("10.77.0.77"), std::nullopt)->mtu, 1300U);
}

TEST_F(DhcpTest, ALeaseForEverIsNeverAskedForAgain) {
    lease({.lease_s = 0xffff'ffff});
    asked();
    run(24h * 365);
    EXPECT_TRUE(asked().empty());
    EXPECT_EQ(address(), addr("10.77.0.50"));
}

TEST_F(DhcpTest, TimesOfTheServerHoldWhereTheyAreInOrder) {
    lease({.lease_s = 1000, .renewal_s = 100, .rebinding_s = 900});
    know(link, "10.77.0.1", 4);
    EXPECT_LE(next_asked(600s).at - Instant{}, 103s);
}

TEST_F(DhcpTest, TimesThatContradictEachOtherAreNotTaken) {
    lease({.lease_s = 1000, .renewal_s = 2000, .rebinding_s = 10});
    know(link, "10.77.0.1", 4);
    EXPECT_GE(next_asked(600s).at - Instant{}, 468s);
}

}  // namespace
}  // namespace dt::ip::test
