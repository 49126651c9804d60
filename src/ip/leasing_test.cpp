// Tests of leases as a host takes them: servers that lie (vulnerability 18), other links, and what
// is left to programs.
#include <array>

#include "ip/dhcp_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using namespace std::chrono_literals;

TEST_F(DhcpTest, vuln_18_a_giant_lease_neither_overflows_nor_ends) {
    lease({.lease_s = 0xffff'fffe, .renewal_s = 0xffff'fffc, .rebinding_s = 0xffff'fffd});
    asked();
    run(24h * 365 * 10);
    EXPECT_EQ(address(), addr("10.77.0.50"));
    EXPECT_TRUE(asked().empty());
}

std::vector<event::LeaseChange::Step> steps(const EventLog& log) {
    std::vector<event::LeaseChange::Step> found;
    for (const auto& each : log.all<event::LeaseChange>()) found.push_back(each.step);
    return found;
}

TEST_F(DhcpTest, ALeaseIsToldWhenItIsTakenExtendedAndOver) {
    using Step = event::LeaseChange::Step;
    lease({.lease_s = 1000});
    const auto taken = log.all<event::LeaseChange>().back();
    EXPECT_EQ(taken.address, addr("10.77.0.50"));
    EXPECT_EQ(taken.length, 24);
    EXPECT_EQ(taken.server, addr("10.77.0.1"));
    EXPECT_GT(taken.left, 990s);
    know(link, "10.77.0.1", 4);
    hear(dhcp_ack, next_asked(600s), {.lease_s = 1000}, "10.77.0.50");
    EXPECT_EQ(steps(log), (std::vector{Step::taken, Step::extended}));
    run(1100s);
    EXPECT_EQ(steps(log), (std::vector{Step::taken, Step::extended, Step::over}));
    EXPECT_FALSE(address());
}

TEST_F(DhcpTest, AHostThatLeavesGivesItsLeaseBackAndAsksForNoOther) {
    lease();
    asked();
    know(link, "10.77.0.1", 4);
    host.give_back_leases(turn());
    const auto told = asked();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].type(), dhcp_release);
    EXPECT_EQ(told[0].ip().destination(), addr("10.77.0.1").v4());
    EXPECT_EQ(told[0].ip().source(), addr("10.77.0.50").v4());
    EXPECT_FALSE(address());
    EXPECT_EQ(steps(log).back(), event::LeaseChange::Step::given_back);
    run(24h);
    EXPECT_TRUE(asked().empty());
}

TEST_F(DhcpTest, WhoHasNoLeaseGivesNoneBack) {
    host.give_back_leases(turn());
    run(1h);
    EXPECT_TRUE(asked().empty());
    EXPECT_TRUE(log.all<event::LeaseChange>().empty());
}

TEST_F(DhcpTest, vuln_18_a_lease_of_a_second_is_none) {
    const Asked discover = next_asked();
    hear(dhcp_offer, discover, {.lease_s = 1});
    hear(dhcp_offer, discover, {.lease_s = 3});
    EXPECT_EQ(refused(Reason::dhcp_refused), 2U);
    hear(dhcp_offer, discover, {.lease_s = 4});
    EXPECT_EQ(next_asked().type(), dhcp_request);
}

TEST_F(DhcpTest, vuln_18_a_server_that_answers_each_renewal_is_not_asked_all_the_time) {
    const Given given{.lease_s = 4, .renewal_s = 1, .rebinding_s = 2};
    lease(given);
    know(link, "10.77.0.1", 4);
    std::size_t requests = 0;
    for (const Instant end = now + 60s; now < end;) {
        for (const Asked& each : asked()) {
            ++requests;
            // As late as it can: its times count from the question.
            run(900ms);
            hear(dhcp_ack, each, given, "10.77.0.50");
        }
        run(50ms);
    }
    EXPECT_TRUE(address());
    EXPECT_GE(requests, 10U);
    EXPECT_LE(requests, 61U);
    hear(dhcp_ack, next_asked(), {.lease_s = 1}, "10.77.0.50");
    EXPECT_EQ(refused(Reason::dhcp_refused), 1U);
}

TEST_F(DhcpTest, vuln_18_whatever_a_server_says_it_is_asked_a_few_times_a_second_at_most) {
    Rng rng(2131);
    const auto one_of = [&rng](const auto& list) { return list[rng.below(list.size())]; };
    constexpr std::array addresses{"10.77.0.50", "10.77.0.51", "10.9.0.99", "10.77.1.255"};
    constexpr std::array masks{"255.255.255.0", "255.255.255.255", "255.0.0.0"};
    constexpr std::array<std::uint32_t, 7> times{0, 1, 2, 4, 5, 8, 20};
    constexpr std::array types{dhcp_offer, dhcp_offer, dhcp_ack, dhcp_ack, dhcp_ack, dhcp_nak};
    const wire::Prefix other = wire::Prefix::of(addr("10.9.0.0"), 24);
    const Instant began = now;
    std::size_t questions = 0;
    std::size_t bound = 0;
    std::optional<Asked> last;
    for (int i = 0; i < 3000; ++i) {
        for (const Asked& each : asked()) {
            ++questions;
            last = each;
        }
        if (last) {
            const Given given{.address = one_of(addresses),
                              .mask = one_of(masks),
                              .lease_s = one_of(times),
                              .renewal_s = one_of(times),
                              .rebinding_s = one_of(times)};
            hear(one_of(types), *last, given);
        }
        run(std::chrono::milliseconds{1 + rng.below(300)});
        if (!address()) continue;
        ++bound;
        ASSERT_FALSE(other.contains(*address()));
    }
    EXPECT_GT(bound, 10U);
    EXPECT_LE(questions, 4 * static_cast<std::size_t>((now - began) / 1s) + 10);
}

TEST_F(DhcpTest, vuln_18_a_lease_takes_nothing_from_another_link) {
    const Asked discover = next_asked();
    // eth0 is in 10.9.0.0/24; a longer prefix there would win.
    hear(dhcp_offer, discover, {.address = "10.9.0.99", .mask = "255.255.255.128"});
    hear(dhcp_offer, discover, {.address = "10.9.0.99"});
    hear(dhcp_offer, discover, {.address = "10.9.0.255", .mask = "255.255.255.255"});
    EXPECT_EQ(refused(Reason::dhcp_refused), 3U);
    EXPECT_TRUE(asked().empty());
    // A router there is not behind the link that leases.
    lease({.routers = {"10.9.0.2", "10.9.0.1"}});
    EXPECT_EQ(address(), addr("10.77.0.50"));
    EXPECT_EQ(host.path(addr("10.9.0.2"), std::nullopt)->interface, 1);
    EXPECT_FALSE(is_reached("192.0.2.1"));
}

TEST_F(DhcpTest, ARouterOfThisLinkCountsBesideOneOfAnother) {
    lease({.routers = {"10.9.0.2", "10.77.0.1"}});
    EXPECT_EQ(host.path(addr("192.0.2.1"), std::nullopt)->interface, link);
}

TEST_F(DhcpTest, ALeaseOfOneAddressAloneLeavesOtherNetworksTheirBroadcasts) {
    lease({.address = "10.77.0.255", .mask = "255.255.255.255", .routers = {}, .lease_s = 4});
    const InterfaceIndex other = add("eth2", 7, "10.77.0.3", 24);
    EXPECT_TRUE(host.is_broadcast(addr("10.77.0.255")));
    run(10s);
    EXPECT_FALSE(address());
    EXPECT_TRUE(host.is_broadcast(addr("10.77.0.255"))) << other;
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

TEST_F(DhcpTest, WhatIsForProgramsIsNotGathered) {
    next_asked();
    Packet other = udp(67, 9000, 300);
    other.source = addr("10.77.0.1");
    other.destination = IpAddr::broadcast();
    other.to = Mac::broadcast();
    const Bytes octets = other.frame();
    FramePtr frame = frame_of(Bytes(octets.begin(), octets.begin() + 100));
    ASSERT_TRUE(frame->add(pool.copy(Octets(octets).subspan(100))));
    const auto arrival = host.receive(turn(), link, std::move(frame));
    ASSERT_TRUE(arrival.packet);
    EXPECT_LT(arrival.packet->frame->front().size(), 300U);
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
