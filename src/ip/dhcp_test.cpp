// Tests of the DHCP client: its states and times (RFC 2131 §4.4), what a lease is to the host, and
// servers that lie (vulnerability 18).
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
    EXPECT_EQ(asks[3].second.sender_ip, Ipv4(10, 77, 0, 50));  // §2.3
    EXPECT_EQ(asks[3].second.target_ip, Ipv4(10, 77, 0, 50));
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
    EXPECT_GE(renewal.at - Instant{}, 500s);
    EXPECT_LE(renewal.at - Instant{}, 503s);
    EXPECT_EQ(renewal.type(), dhcp_request);
    EXPECT_EQ(IpAddr{renewal.ip().source()}, addr("10.77.0.50"));
    EXPECT_EQ(IpAddr{renewal.ip().destination()}, addr("10.77.0.1"));
    EXPECT_EQ(renewal.link().destination(), mac(4));
    EXPECT_EQ(renewal.ciaddr(), Ipv4(10, 77, 0, 50));
    EXPECT_FALSE(renewal.address_option(50));
    EXPECT_FALSE(renewal.address_option(54));
    hear(dhcp_ack, renewal, {.lease_s = 1000}, "10.77.0.50");
    run(490s);
    EXPECT_TRUE(asked().empty());
    EXPECT_EQ(address(), addr("10.77.0.50"));
    EXPECT_EQ(next_asked(20s).type(), dhcp_request);
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
    EXPECT_GE(renewals[1] - renewals[0], 180s);
    for (std::size_t i = 1; i < renewals.size(); ++i) EXPECT_GE(renewals[i] - renewals[i - 1], 60s);
    ASSERT_TRUE(rebinding);
    EXPECT_GE(rebinding->at - Instant{}, 875s);
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
    EXPECT_GE(next_asked(600s).at - Instant{}, 500s);
}

TEST_F(DhcpTest, vuln_18_a_giant_lease_neither_overflows_nor_ends) {
    lease({.lease_s = 0xffff'fffe, .renewal_s = 0xffff'fffc, .rebinding_s = 0xffff'fffd});
    asked();
    run(24h * 365 * 10);
    EXPECT_EQ(address(), addr("10.77.0.50"));
    EXPECT_TRUE(asked().empty());
}

TEST_F(DhcpTest, vuln_18_a_lease_of_a_second_does_not_spin) {
    const Given given{.lease_s = 1};
    for (int i = 0; i < 10; ++i) lease(given);
    EXPECT_GE(now - Instant{}, 5s);
    run(3s);
    EXPECT_FALSE(address());
    EXPECT_EQ(host.routes().size(), 1U);
}

TEST_F(DhcpTest, vuln_18_addresses_that_no_host_can_have_are_refused) {
    const Asked discover = next_asked();
    std::size_t count = 0;
    for (const char* bad : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255",
                            "10.77.0.0", "10.77.0.255", "10.9.0.1" /* of our other link */}) {
        hear(dhcp_offer, discover, {.address = bad});
        EXPECT_EQ(refused(Reason::dhcp_refused), ++count) << bad;
    }
    hear(dhcp_offer, discover, {.mask = "0.0.0.0"});
    hear(dhcp_offer, discover, {.mask = "128.0.0.0"});
    hear(dhcp_offer, discover, {.lease_s = 0});
    EXPECT_EQ(refused(Reason::dhcp_refused), count + 3);
    EXPECT_TRUE(asked().empty());
    hear(dhcp_offer, discover);
    EXPECT_EQ(next_asked().type(), dhcp_request);
}

TEST_F(DhcpTest, vuln_18_routers_and_mtus_that_serve_nobody_are_not_taken) {
    lease({.routers = {"127.0.0.1", "10.77.0.50", "224.0.0.1"}, .mtu = 68});
    EXPECT_FALSE(is_reached("192.0.2.1"));
    EXPECT_EQ(host.path(addr("10.77.0.77"), std::nullopt)->mtu, 1500U);
}

TEST_F(DhcpTest, vuln_18_answers_to_others_and_to_no_question_change_nothing) {
    const Asked discover = next_asked();
    const Given given;
    hear_text(given.message(dhcp_offer, discover.xid() + 1));
    Bytes other = given.message(dhcp_offer, discover.xid());
    mac(8).store(other, 28);
    hear_text(other);
    hear_text(given.message(dhcp_ack, discover.xid()));
    hear_text(given.message(dhcp_nak, discover.xid()));
    hear_text(given.message(dhcp_offer, discover.xid()), "255.255.255.255", "10.77.0.1", 6767);
    EXPECT_EQ(refused(Reason::dhcp_not_for_us), 5U);
    EXPECT_TRUE(asked().empty());
    // An acknowledgement of something else than was asked for.
    hear(dhcp_offer, discover);
    const Asked request = next_asked();
    hear(dhcp_ack, request, {.address = "10.77.0.66"});
    EXPECT_EQ(refused(Reason::dhcp_refused), 1U);
    run(2s);
    EXPECT_FALSE(address());
}

TEST_F(DhcpTest, vuln_18_messages_that_are_cut_short_are_dropped_with_their_reason) {
    const Asked discover = next_asked();
    const Bytes whole = Given{}.message(dhcp_offer, discover.xid());
    for (std::size_t size = 0; size < 242; ++size) {
        hear_text(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size)));
    }
    EXPECT_EQ(refused(Reason::dhcp_malformed), 242U);
    Packet tiny = udp(67, 68, 0);
    tiny.payload.resize(5);
    tiny.source = addr("10.77.0.1");
    tiny.destination = IpAddr::broadcast();
    tiny.to = Mac::broadcast();
    EXPECT_TRUE(inject(tiny, link).packet);  // the transport refuses it, as any other
    Packet bad = udp(67, 68, whole.size());
    std::ranges::copy(whole, bad.payload.begin() + 8);
    store_be<std::uint16_t>(bad.payload, 6, 0x1234);
    bad.source = addr("10.77.0.1");
    bad.destination = IpAddr::broadcast();
    bad.to = Mac::broadcast();
    inject(bad, link);
    EXPECT_EQ(refused(Reason::bad_checksum), 1U);
    EXPECT_TRUE(asked().empty());
}

TEST_F(DhcpTest, OtherDatagramsAndOtherLinksAreLeftToPrograms) {
    next_asked();
    Packet other = udp(67, 69, 300);
    other.source = addr("10.77.0.1");
    other.destination = IpAddr::broadcast();
    other.to = Mac::broadcast();
    EXPECT_TRUE(inject(other, link).packet);
    EXPECT_TRUE(is_delivered(udp(67, 68, 300)));
}

}  // namespace
}  // namespace dt::ip::test
