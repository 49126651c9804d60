// Tests of IPv6 headers, extension headers and derived addresses.
#include "wire/ipv6.hpp"

#include <gtest/gtest.h>

#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

Ipv6 v6(const char* text) { return *Ipv6::parse(text); }

const Ipv6Repr sample{.source = v6("2001:db8::1"),
                      .destination = v6("2001:db8::2"),
                      .next_header = NextHeader::udp,
                      .hop_limit = 33,
                      .traffic_class = 0xb9,
                      .flow_label = 0xabcde,
                      .payload_length = 4};

std::vector<std::byte> packet_of(const Ipv6Repr& header) {
    std::vector<std::byte> octets(Ipv6Repr::size() + header.payload_length);
    header.emit(octets);
    return octets;
}

TEST(Ipv6Header, IsEmittedAsRfc8200Draws) {
    EXPECT_EQ(packet_of(sample), hex("6b9abcde 0004 11 21"
                                     "20010db8 00000000 00000000 00000001"
                                     "20010db8 00000000 00000000 00000002 00000000"));
}

TEST(Ipv6Header, IsParsedBackToTheSameValues) {
    const auto octets = packet_of(sample);
    const auto view = Ipv6View::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(Ipv6Repr::from(*view), sample);
    EXPECT_EQ(view->payload().size(), 4U);
}

TEST(Ipv6Header, ASliceTooShortOrOfAnotherVersionIsRefused) {
    auto octets = packet_of(sample);
    for (std::size_t length = 0; length < octets.size(); ++length) {
        const auto view = Ipv6View::parse(Octets{octets}.first(length));
        ASSERT_FALSE(view);
        EXPECT_EQ(view.error(), Error::truncated);
    }
    octets[0] = std::byte{0x45};
    EXPECT_EQ(Ipv6View::parse(octets).error(), Error::malformed);
}

TEST(Ipv6Header, WhatFollowsThePayloadIsCutOff) {
    auto octets = packet_of(sample);
    octets.resize(octets.size() + 6);
    EXPECT_EQ(Ipv6View::parse(octets)->payload().size(), 4U);
}

TEST(Ipv6FragmentHeader, KeepsItsValues) {
    const Ipv6Fragment fragment{NextHeader::tcp, 1448, true, 0xdeadbeef};
    std::array<std::byte, 8> octets{};
    fragment.emit(octets);
    EXPECT_EQ(*Ipv6Fragment::parse(octets), fragment);
    EXPECT_FALSE(fragment.is_atomic());
    EXPECT_TRUE((Ipv6Fragment{NextHeader::tcp, 0, false, 7}.is_atomic()));
    EXPECT_FALSE(Ipv6Fragment::parse(Octets{octets}.first(7)));
}

TEST(Ipv6Transport, IsFoundBehindTheChain) {
    Ipv6Repr header = sample;
    header.next_header = NextHeader::hop_by_hop;
    header.payload_length = 8 + 16 + 8 + 8;
    auto octets = packet_of(header);
    octets[40] = std::byte{60};  // then destination options of 16 octets
    octets[48] = std::byte{44};
    octets[49] = std::byte{1};
    octets[64] = std::byte{17};  // then a first fragment with UDP
    const auto place = find_transport(octets);
    ASSERT_TRUE(place);
    EXPECT_EQ(place->protocol, NextHeader::udp);
    EXPECT_EQ(place->offset, 72U);
    octets[67] = std::byte{8};  // a later fragment holds none
    EXPECT_FALSE(find_transport(octets));
    EXPECT_FALSE(find_transport(Octets{octets}.first(60)));
}

TEST(Ipv6Address, SolicitedNodeGroupHasTheLow24Bits) {
    EXPECT_EQ(solicited_node(v6("2001:db8::ab12:3456")), v6("ff02::1:ff12:3456"));
}

TEST(Ipv6Address, Eui64InvertsTheUniversalBit) {
    EXPECT_EQ(eui64_address(v6("fe80::"), Mac({0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde})),
              v6("fe80::3656:78ff:fe9a:bcde"));
}

}  // namespace
}  // namespace dt::wire
