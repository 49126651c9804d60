// Tests of the choice of an IPv6 source address (RFC 6724 §5, §10).
#include "ip/source_address.hpp"

#include <gtest/gtest.h>

namespace dt::ip {
namespace {

wire::Prefix own(const char* text, std::uint8_t length = 64) {
    return {*IpAddr::parse(text), length};
}

class SourceAddress : public ::testing::Test {
  protected:
    InterfaceIndex add(std::vector<wire::Prefix> addresses, std::uint8_t last = 1) {
        return interfaces.add({.name = "eth",
                               .mac = Mac({2, 0, 0, 0, 0, last}),
                               .mtu = 1500,
                               .addresses = std::move(addresses),
                               .vouches = false,
                               .super_segment_max = 0});
    }
    std::string chosen(InterfaceIndex out, const char* destination) {
        const auto source = choose_source_v6(interfaces, out, *Ipv6::parse(destination));
        return source ? wire::to_string(*source) : "none";
    }
    InterfaceTable interfaces{event::Switch::on};
};

TEST_F(SourceAddress, SRC_001_an_own_address_is_reached_from_itself) {
    add({own("2001:db8::1"), own("2001:db8::2")});
    EXPECT_EQ(chosen(loopback_interface, "2001:db8::2"), "2001:db8::2");
    EXPECT_EQ(chosen(loopback_interface, "::1"), "::1");
}

TEST_F(SourceAddress, SRC_002_the_scope_fits_the_destination) {
    const auto out = add({own("2001:db8::1")});
    EXPECT_EQ(chosen(out, "fe80::5"), "fe80::ff:fe00:1");
    EXPECT_EQ(chosen(out, "2001:db8:9::5"), "2001:db8::1");
    EXPECT_EQ(chosen(out, "ff02::1"), "fe80::ff:fe00:1");
    EXPECT_EQ(chosen(out, "ff0e::1"), "2001:db8::1");
}

TEST_F(SourceAddress, SRC_015_orchid_addresses_have_a_label_of_their_own) {
    const auto out = add({own("2001:1f::1"), own("2001:db8::1")});
    // By the longest prefix it would be the other one, which shares 26 bits.
    EXPECT_EQ(chosen(out, "2001:20::5"), "2001:db8::1");
    EXPECT_EQ(chosen(out, "2001:10::5"), "2001:1f::1");
}

TEST_F(SourceAddress, SRC_005_the_outgoing_interface_is_preferred) {
    add({own("2001:db8:1::1")});
    const auto second = add({own("2001:db8:2::1")}, 2);
    EXPECT_EQ(chosen(second, "2001:db8:1::9"), "2001:db8:2::1");
    EXPECT_EQ(chosen(second, "fe80::5"), "fe80::ff:fe00:2");
}

TEST_F(SourceAddress, SRC_007_labels_match) {
    const auto out = add({own("2001:db8::1"), own("fd00::1"), own("2002:c000:201::1")});
    EXPECT_EQ(chosen(out, "fd11::5"), "fd00::1");
    EXPECT_EQ(chosen(out, "2002:c633:6401::1"), "2002:c000:201::1");
    EXPECT_EQ(chosen(out, "2001:db9::1"), "2001:db8::1");
}

TEST_F(SourceAddress, SRC_009_the_longest_common_prefix_wins) {
    const auto out = add({own("2001:db8:ffff::1"), own("2001:db8:1::1")});
    EXPECT_EQ(chosen(out, "2001:db8:1::9"), "2001:db8:1::1");
}

TEST_F(SourceAddress, SRC_016_only_the_bits_of_the_prefix_count) {
    const auto out = add({own("2001:db8:1:1::8"), own("2001:db8:1:1:f::1")});
    EXPECT_EQ(chosen(out, "2001:db8:1:1:f::9"), "2001:db8:1:1::8");
}

TEST_F(SourceAddress, SRC_014_the_policy_table_groups_addresses) {
    const auto label = [](const char* text) { return policy_label(*Ipv6::parse(text)); };
    EXPECT_EQ(label("::1"), 0);
    EXPECT_EQ(label("2001:db8::1"), 1);
    EXPECT_EQ(label("2002::1"), 2);
    EXPECT_EQ(label("::1.2.3.4"), 3);
    EXPECT_EQ(label("2001::1"), 5);
    EXPECT_EQ(label("fec0::1"), 11);
    EXPECT_EQ(label("3ffe::1"), 12);
    EXPECT_EQ(label("fd00::1"), 13);
}

TEST_F(SourceAddress, WithoutAnAddressThereIsNoSource) {
    const auto out = interfaces.add({.name = "tun0",
                                     .mac = Mac{},
                                     .mtu = 1500,
                                     .addresses = {},
                                     .vouches = false,
                                     .super_segment_max = 0});
    EXPECT_EQ(chosen(out, "2001:db8::5"), "none");
}

}  // namespace
}  // namespace dt::ip
