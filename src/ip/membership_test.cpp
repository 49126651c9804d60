// Tests of IGMP and MLD of one host: what is told of its groups, and when (RFC 3376, RFC 3810).
#include <gtest/gtest.h>

#include "ip/groups.hpp"
#include "ip/router_fixture.hpp"

namespace dt::ip::test {
namespace {

using event::Reason;
using namespace std::chrono_literals;

constexpr const char* mdns = "224.0.0.251";
constexpr std::uint8_t igmp = 2;

class Membership : public HostFixture {
  protected:
    struct Report {
        int type = 0;
        int record = 0;  // of version 3
        Ipv4 to;
        Ipv4 group;
        Instant at;
    };

    /// IGMP messages that left by eth0.
    std::vector<Report> reports() {
        for (Sent& frame : sent()) later.push_back({now, std::move(frame)});
        std::vector<Report> found;
        for (const Later& each : later) {
            const auto ip = each.frame.ip();
            if (static_cast<std::uint8_t>(ip.protocol()) != igmp) continue;
            const Octets message = ip.payload();
            EXPECT_EQ(ip.ttl(), 1);
            EXPECT_EQ(ip.header_length(), 24U);
            EXPECT_TRUE(ip.is_checksum_correct());
            EXPECT_TRUE(Checksum::of(message).is_correct());
            EXPECT_EQ(each.frame.link().destination(), wire::multicast_mac(ip.destination()));
            const int type = std::to_integer<int>(message[0]);
            const bool is_v3 = type == 0x22;
            found.push_back({type, is_v3 ? std::to_integer<int>(message[8]) : 0, ip.destination(),
                             Ipv4::load(message, is_v3 ? 12 : 4), each.at});
        }
        later.clear();
        return found;
    }
    void join() { ASSERT_TRUE(host.join(turn(), 1, addr(mdns))); }
    void leave() { host.leave(turn(), 1, addr(mdns)); }

    static Packet message(Bytes octets, const char* to = "224.0.0.1") {
        store_be<std::uint16_t>(octets, 2, 0);
        store_be(octets, 2, Checksum::of(octets).finish());
        Packet packet;
        packet.destination = addr(to);
        packet.protocol = igmp;
        packet.ttl = 1;
        packet.payload = std::move(octets);
        packet.to = wire::multicast_mac(packet.destination);
        return packet;
    }
    static Packet query(std::uint8_t tenths, bool is_v3) {
        Bytes octets(is_v3 ? 12 : 8);
        octets[0] = std::byte{0x11};
        octets[1] = static_cast<std::byte>(tenths);
        return message(octets);
    }
    [[nodiscard]] Reason last_drop() const { return log.all<event::PacketDropped>().back().reason; }
    Packet to_group() {
        Packet packet = udp(5353, 5353, 4);
        packet.destination = addr(mdns);
        packet.to = wire::multicast_mac(packet.destination);
        return packet;
    }
};

TEST_F(Membership, IP4_027_a_group_is_heard_while_somebody_has_joined_it) {
    EXPECT_FALSE(is_delivered(to_group()));
    join();
    join();
    const Arrival arrival = inject(to_group());
    ASSERT_TRUE(arrival.packet);
    EXPECT_TRUE(arrival.packet->to_many);
    leave();
    EXPECT_TRUE(is_delivered(to_group()));
    leave();
    EXPECT_FALSE(is_delivered(to_group()));
}

TEST_F(Membership, IP4_027_a_group_is_heard_on_the_link_it_was_joined_on_alone) {
    const InterfaceIndex other = add("eth1", 9, "10.8.0.1", 24);
    join();
    EXPECT_TRUE(inject(to_group(), 1).packet);
    EXPECT_FALSE(inject(to_group(), other).packet);
    const auto loops = [&](InterfaceIndex by) {
        PacketOut packet = out_to(mdns, 32);
        packet.by = by;
        EXPECT_TRUE(host.send(turn(), std::move(packet)));
        return sent().size() == 2;
    };
    EXPECT_TRUE(loops(1));
    EXPECT_FALSE(loops(other));
}

TEST_F(Membership, IP4_028_a_change_is_reported_twice) {
    join();
    host.advance(turn());
    auto told = reports();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].type, 0x22);
    EXPECT_EQ(told[0].record, 4);
    EXPECT_EQ(told[0].to, (Ipv4{224, 0, 0, 22}));
    EXPECT_EQ(told[0].group, (Ipv4{224, 0, 0, 251}));
    advance(1s);
    told = reports();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].record, 4);
    join();  // one more tells nobody anything
    leave();
    advance(5s);
    EXPECT_TRUE(reports().empty());
    leave();
    advance(2s);
    told = reports();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].record, 3);
    EXPECT_EQ(host.deadline(), never);
}

TEST_F(Membership, IP4_028_a_query_is_answered_within_its_time) {
    join();
    advance(2s);
    static_cast<void>(reports());
    const Instant asked = now;
    inject(query(100, true));
    advance(11s);
    const auto told = reports();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].record, 2);
    EXPECT_LE(told[0].at - asked, 10s);
}

TEST_F(Membership, ARouterOfVersion2IsToldInItsOwnWords) {
    join();
    advance(2s);
    static_cast<void>(reports());
    inject(query(100, false));
    advance(11s);
    auto told = reports();
    ASSERT_EQ(told.size(), 1U);
    EXPECT_EQ(told[0].type, 0x16);
    EXPECT_EQ(told[0].to, (Ipv4{224, 0, 0, 251}));
    leave();
    advance(2s);
    told = reports();
    ASSERT_EQ(told.size(), 2U);
    EXPECT_EQ(told[0].type, 0x17);
    EXPECT_EQ(told[0].to, (Ipv4{224, 0, 0, 2}));
    join();
    advance(Groups::v2_time);
    static_cast<void>(reports());
    inject(query(100, true));
    advance(11s);
    EXPECT_EQ(reports()[0].type, 0x22);  // it was forgotten
}

TEST_F(Membership, vuln_queries_from_afar_and_damaged_ones_are_ignored) {
    join();
    advance(2s);
    static_cast<void>(reports());
    Packet far = query(100, true);
    far.ttl = 64;
    inject(far);
    EXPECT_EQ(last_drop(), Reason::bad_header);
    Packet damaged = query(100, true);
    damaged.payload[1] ^= std::byte{1};
    inject(damaged);
    EXPECT_EQ(last_drop(), Reason::bad_checksum);
    inject(query(0, false));  // version 1
    EXPECT_EQ(last_drop(), Reason::not_offered);
    inject(message(Bytes(4)));
    EXPECT_EQ(last_drop(), Reason::not_offered);
    advance(30s);
    EXPECT_TRUE(reports().empty());
}

TEST_F(Membership, vuln_a_flood_of_queries_is_one_answer) {
    join();
    advance(2s);
    static_cast<void>(reports());
    for (int i = 0; i < 1000; ++i) inject(query(10, true));
    advance(5s);
    EXPECT_EQ(reports().size(), 1U);
}

TEST_F(Membership, TheNumberOfGroupsIsBounded) {
    for (std::size_t i = 0; i < Groups::groups_max; ++i) {
        const auto low = static_cast<std::uint8_t>(i);
        const auto high = static_cast<std::uint8_t>(i >> 8);
        ASSERT_TRUE(host.join(turn(), 1, IpAddr(Ipv4{239, 1, high, low})));
    }
    EXPECT_EQ(host.join(turn(), 1, addr(mdns)), fail(Error::no_buffer_space));
}

class MembershipV6 : public HostV6Fixture {};

TEST_F(MembershipV6, ICMP6_011_a_group_of_ipv6_is_reported_to_its_routers) {
    ASSERT_TRUE(host.join(turn(), link, addr("ff02::fb")));
    host.advance(turn());
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    const auto ip = ip6(frames[0]);
    EXPECT_EQ(ip.destination(), v6("ff02::16"));
    EXPECT_TRUE(ip.source().is_link_local());
    EXPECT_EQ(ip.hop_limit(), 1);
    ASSERT_EQ(ip.next_header(), wire::NextHeader::hop_by_hop);
    EXPECT_EQ(std::to_integer<int>(ip.payload()[2]), 5);  // Router Alert (RFC 2711)
    const Octets message = ip.payload().subspan(8);
    ASSERT_EQ(message.size(), 28U);
    EXPECT_EQ(std::to_integer<int>(message[0]), 143);
    EXPECT_EQ(std::to_integer<int>(message[8]), 4);
    EXPECT_EQ(Ipv6::load(message, 12), v6("ff02::fb"));
}

TEST_F(MembershipV6, AQueryIsAnsweredAndOneFromAfarIsNot) {
    ASSERT_TRUE(host.join(turn(), link, addr("ff02::fb")));
    advance(3s);
    later.clear();
    Bytes query(28);
    query[0] = std::byte{130};
    store_be<std::uint16_t>(query, 4, 1000);
    PacketV6 asked = PacketV6::icmp(query, "fe80::2", "ff02::1");
    hear(asked);  // hop limit 64
    advance(2s);
    EXPECT_TRUE(later.empty());
    asked.hop_limit = 1;
    hear(asked);
    advance(2s);
    ASSERT_EQ(later.size(), 1U);
    EXPECT_EQ(std::to_integer<int>(ip6(later[0].frame).payload()[8 + 8]), 2);
}

TEST_F(MembershipV6, AGroupsPacketWithAHopLimitOf0StaysOnThisHost) {
    ASSERT_TRUE(host.join(turn(), link, addr("ff05::77")));
    PacketOut packet = out_to("ff05::77", 32);
    packet.by = link;
    packet.ttl = 0;
    ASSERT_TRUE(host.send(turn(), std::move(packet)));
    const auto frames = sent();
    ASSERT_EQ(frames.size(), 1U);
    EXPECT_EQ(frames[0].interface, loopback_interface);
    EXPECT_EQ(ip6(frames[0]).destination(), v6("ff05::77"));
}

class MembershipOfUnproved : public RouterTest {
  protected:
    /// Reports of `group` that left by the link, from an address that routers heed.
    [[nodiscard]] std::size_t reports_of(const char* group) const {
        constexpr std::size_t of_option = 8;
        return static_cast<std::size_t>(std::ranges::count_if(later, [&](const Later& each) {
            const auto ip = wire::Ipv6View::parse(each.frame.link().payload());
            const bool is_report = ip && each.frame.interface == link &&
                                   ip->next_header() == wire::NextHeader::hop_by_hop;
            if (!is_report || !ip->source().is_link_local()) return false;
            return Ipv6::load(ip->payload(), of_option + 12) == v6(group);
        }));
    }
};

TEST_F(MembershipOfUnproved, ICMP6_011_what_was_joined_before_there_is_an_address_is_told_again) {
    ASSERT_TRUE(host.join(turn(), link, addr("ff05::77")));
    ASSERT_TRUE(host.join(turn(), link, addr("ff05::78")));
    host.leave(turn(), link, addr("ff05::78"));
    host.advance(turn());
    advance(10s);
    EXPECT_EQ(reports_of("ff05::77"), std::size_t{Groups::robustness});
    EXPECT_EQ(reports_of("ff02::1:ff00:1"), std::size_t{Groups::robustness});  // of 2001:db8::1
    EXPECT_EQ(reports_of("ff05::78"), 0U);
}

}  // namespace
}  // namespace dt::ip::test
