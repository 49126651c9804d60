// Tests of ARP packets.
#include "wire/arp.hpp"

#include <gtest/gtest.h>

#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

constexpr std::string_view request_text =
    "0001 0800 06 04 0001 020000000001 0a000001 000000000000 0a000002";

ArpRepr request() {
    return {ArpOperation::request, *Mac::parse("02:00:00:00:00:01"), Ipv4(10, 0, 0, 1), Mac{},
            Ipv4(10, 0, 0, 2)};
}

Result<ArpRepr> with_octet(std::size_t at, unsigned value) {
    auto octets = hex(request_text);
    octets[at] = static_cast<std::byte>(value);
    return ArpRepr::from(*ArpView::parse(octets));
}

TEST(Arp, EmitsWhatItParses) {
    std::vector<std::byte> octets(ArpRepr::size());
    request().emit(octets);
    EXPECT_EQ(octets, hex(request_text));
    EXPECT_EQ(ArpRepr::from(*ArpView::parse(octets)), request());
}

TEST(Arp, ARP_001_a_reply_turns_the_request_round) {
    const Mac ours = *Mac::parse("02:00:00:00:00:02");
    const ArpRepr reply = request().reply_from(ours);
    EXPECT_EQ(reply.operation, ArpOperation::reply);
    EXPECT_EQ(reply.sender_mac, ours);
    EXPECT_EQ(reply.sender_ip, Ipv4(10, 0, 0, 2));
    EXPECT_EQ(reply.target_mac, request().sender_mac);
    EXPECT_EQ(reply.target_ip, Ipv4(10, 0, 0, 1));
}

TEST(Arp, ARP_002_types_and_lengths_are_checked) {
    EXPECT_TRUE(with_octet(1, 1));
    EXPECT_TRUE(with_octet(1, 6)) << "IEEE 802, as Linux takes it";
    EXPECT_TRUE(with_octet(7, 2));
    EXPECT_FALSE(with_octet(1, 0));
    EXPECT_FALSE(with_octet(2, 0x86)) << "not IPv4";
    EXPECT_FALSE(with_octet(4, 8));
    EXPECT_FALSE(with_octet(5, 16));
    EXPECT_FALSE(with_octet(7, 0));
    EXPECT_FALSE(with_octet(7, 3));
}

TEST(Arp, ARP_002_short_packets_are_truncated) {
    auto octets = hex(request_text);
    octets.resize(27);
    EXPECT_EQ(ArpView::parse(octets).error(), Error::truncated);
    EXPECT_FALSE(ArpView::parse({}));
    octets.resize(46);
    EXPECT_TRUE(ArpView::parse(octets)) << "padded to the shortest frame";
}

}  // namespace
}  // namespace dt::wire
