// Tests of addresses: parsing, printing, questions.
#include "wire/address.hpp"

#include <gtest/gtest.h>

namespace dt::wire {
namespace {

IpAddr ip(std::string_view text) {
    const auto address = IpAddr::parse(text);
    EXPECT_TRUE(address) << text;
    return address ? *address : IpAddr{};
}

TEST(Ipv4, ParsesAndPrintsDottedDecimal) {
    for (const char* text : {"0.0.0.0", "10.0.0.2", "192.168.255.1", "255.255.255.255"}) {
        const auto address = Ipv4::parse(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_string(*address), text);
    }
    EXPECT_EQ(Ipv4::parse("10.1.2.3")->value(), 0x0a010203U);
}

TEST(Ipv4, RejectsWhatInetPtonRejects) {
    for (const char* text : {"", "1", "1.2.3", "1.2.3.4.5", "256.0.0.1", "01.2.3.4", "1..2.3",
                             "1.2.3.", "a.b.c.d", "1.2.3.4 ", "-1.2.3.4", "1.2.3.0004"}) {
        EXPECT_FALSE(Ipv4::parse(text)) << text;
    }
}

TEST(Ipv6, PrintsTheCanonicalForm) {
    const std::pair<const char*, const char*> cases[] = {
        {"::", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"2001:DB8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
        {"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
        {"0:0:0:0:0:ffff:1.2.3.4", "::ffff:1.2.3.4"},
        {"fe80::a:b:c:d", "fe80::a:b:c:d"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
    };
    for (const auto& [given, wanted] : cases) {
        const auto address = Ipv6::parse(given);
        ASSERT_TRUE(address) << given;
        EXPECT_EQ(to_string(*address), wanted);
    }
}

TEST(Ipv6, RejectsWhatHasNoMeaning) {
    for (const char* text : {"", ":", ":::", "1", "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2::3",
                             "12345::", "g::", "1:2:3:4:5:6:7:8::", "::1:", ":1::", "1.2.3.4::",
                             "::1.2.3", "1:2:3:4:5:6:7:1.2.3.4", "::1.2.3.4:5"}) {
        EXPECT_FALSE(Ipv6::parse(text)) << text;
    }
}

TEST(IpAddr, KeepsAnIpv4AddressMapped) {
    const IpAddr address = Ipv4{10, 0, 0, 2};
    EXPECT_TRUE(address.is_v4());
    EXPECT_EQ(address.v4(), (Ipv4{10, 0, 0, 2}));
    EXPECT_EQ(to_string(address.v6()), "::ffff:10.0.0.2");
    EXPECT_EQ(to_string(address), "10.0.0.2");
    EXPECT_EQ(address, ip("::ffff:10.0.0.2"));
    EXPECT_FALSE(ip("::1").is_v4());
}

TEST(IpAddr, AnswersQuestionsInBothFamilies) {
    EXPECT_TRUE(IpAddr{}.is_any());
    EXPECT_EQ(IpAddr{}, IpAddr::any_v4());
    EXPECT_TRUE(IpAddr::any_v6().is_any());
    EXPECT_NE(IpAddr::any_v4(), IpAddr::any_v6());
    EXPECT_TRUE(ip("127.9.9.9").is_loopback());
    EXPECT_TRUE(ip("::1").is_loopback());
    EXPECT_TRUE(ip("224.0.0.1").is_multicast());
    EXPECT_TRUE(ip("239.255.255.255").is_multicast());
    EXPECT_FALSE(ip("240.0.0.1").is_multicast());
    EXPECT_TRUE(ip("240.0.0.1").v4().is_reserved());
    EXPECT_TRUE(ip("ff02::1").is_multicast());
    EXPECT_TRUE(ip("255.255.255.255").is_broadcast());
    EXPECT_TRUE(ip("169.254.1.1").is_link_local());
    EXPECT_TRUE(ip("fe80::1").is_link_local());
    EXPECT_TRUE(ip("10.0.0.1").is_unicast());
    EXPECT_FALSE(ip("255.255.255.255").is_unicast());
}

TEST(IpAddr, OrdersAsItsOctets) {
    EXPECT_LT(ip("10.0.0.1"), ip("10.0.0.2"));
    EXPECT_LT(ip("9.255.255.255"), ip("10.0.0.0"));
    EXPECT_LT(ip("::1"), ip("10.0.0.1"));
    EXPECT_LT(ip("10.0.0.1"), ip("2001:db8::1"));
}

TEST(Prefix, IP4_030_contains_addresses_with_the_same_leading_bits) {
    const auto prefix = Prefix::parse("10.1.2.3/16");
    ASSERT_TRUE(prefix);
    EXPECT_EQ(to_string(*prefix), "10.1.0.0/16");
    EXPECT_TRUE(prefix->contains(ip("10.1.255.255")));
    EXPECT_FALSE(prefix->contains(ip("10.2.0.0")));
    EXPECT_FALSE(prefix->contains(ip("2001:db8::1")));
    EXPECT_TRUE(Prefix::parse("0.0.0.0/0")->contains(ip("8.8.8.8")));
    EXPECT_FALSE(Prefix::parse("0.0.0.0/0")->contains(ip("::1")));
    EXPECT_TRUE(Prefix::parse("2001:db8::/33")->contains(ip("2001:db8:7fff::1")));
    EXPECT_FALSE(Prefix::parse("2001:db8::/33")->contains(ip("2001:db8:8000::1")));
}

TEST(Prefix, IP4_036_point_to_point_prefixes_have_no_broadcast) {
    EXPECT_TRUE(Prefix::parse("10.0.0.0/24")->is_broadcast(ip("10.0.0.255")));
    EXPECT_FALSE(Prefix::parse("10.0.0.0/24")->is_broadcast(ip("10.0.0.254")));
    EXPECT_FALSE(Prefix::parse("10.0.0.0/31")->is_broadcast(ip("10.0.0.1")));
    EXPECT_FALSE(Prefix::parse("10.0.0.1/32")->is_broadcast(ip("10.0.0.1")));
    EXPECT_TRUE(Prefix::parse("10.0.0.1/32")->contains(ip("10.0.0.1")));
}

TEST(Prefix, RejectsLengthsOutOfRange) {
    for (const char* text :
         {"10.0.0.0", "10.0.0.0/", "10.0.0.0/33", "::/129", "10.0.0.0/-1", "10.0.0.0/08", "/8"}) {
        EXPECT_FALSE(Prefix::parse(text)) << text;
    }
}

TEST(Mac, ParsesPrintsAndAnswers) {
    const auto mac = Mac::parse("02:00:5E:00:00:0f");
    ASSERT_TRUE(mac);
    EXPECT_EQ(to_string(*mac), "02:00:5e:00:00:0f");
    EXPECT_FALSE(mac->is_multicast());
    EXPECT_TRUE(Mac::broadcast().is_broadcast());
    EXPECT_TRUE(Mac::broadcast().is_multicast());
    EXPECT_TRUE(Mac{}.is_zero());
    for (const char* text :
         {"", "02:00:00:00:00", "02-00-00-00-00-01", "0g:00:00:00:00:01", "02:00:00:00:00:01:"}) {
        EXPECT_FALSE(Mac::parse(text)) << text;
    }
}

TEST(Mac, ARP_015_groups_map_to_link_addresses) {
    EXPECT_EQ(to_string(multicast_mac(ip("239.1.2.3"))), "01:00:5e:01:02:03");
    EXPECT_EQ(to_string(multicast_mac(ip("239.129.2.3"))), "01:00:5e:01:02:03");
    EXPECT_EQ(to_string(multicast_mac(ip("ff02::1:ff00:1"))), "33:33:ff:00:00:01");
}

TEST(Endpoint, PrintsAndParsesBack) {
    for (const char* text : {"10.0.0.2:8080", "*:8080", "[::1]:80", "[::]:80", "10.0.0.2:*"}) {
        const auto endpoint = Endpoint::parse(text);
        ASSERT_TRUE(endpoint) << text;
        EXPECT_EQ(to_string(*endpoint), text);
    }
    EXPECT_EQ(*Endpoint::parse("0.0.0.0:1"), *Endpoint::parse("*:1"));
}

TEST(Endpoint, RejectsBadPortsAndHosts) {
    for (const char* text : {"10.0.0.2", "10.0.0.2:", "10.0.0.2:65536", "10.0.0.2:-1", "::1:80",
                             "[::1]", "[]:80", "[10.0.0.1]:80", ":80", "10.0.0.2:080"}) {
        EXPECT_FALSE(Endpoint::parse(text)) << text;
    }
}

TEST(FourTuple, ReversesAndHashesItsEnds) {
    const FourTuple tuple{*Endpoint::parse("10.0.0.1:40000"), *Endpoint::parse("10.0.0.2:80")};
    EXPECT_EQ(to_string(tuple), "10.0.0.1:40000 ↔ 10.0.0.2:80");
    EXPECT_EQ(tuple.reversed().reversed(), tuple);
    EXPECT_NE(tuple.reversed().words(), tuple.words());
    EXPECT_EQ(tuple.words()[4], 40000ULL << 16 | 80);
}

}  // namespace
}  // namespace dt::wire
