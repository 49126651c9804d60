// Tests of UDP headers.
#include "wire/udp.hpp"

#include <gtest/gtest.h>

#include "wire/hex_fixture.hpp"
#include "wire/ipv4.hpp"

namespace dt::wire {
namespace {

TEST(Udp, EmitsWhatItParses) {
    const UdpRepr repr{.source = Port{53}, .destination = Port{40000}, .payload_length = 3};
    const auto payload = hex("010203");
    const Checksum pseudo =
        pseudo_header(Ipv4(10, 0, 0, 1), Ipv4(10, 0, 0, 2), IpProtocol::udp, 11);
    std::vector<std::byte> octets(8);
    repr.emit(octets, Checksum(pseudo).add(payload));
    octets.insert(octets.end(), payload.begin(), payload.end());
    const auto view = UdpView::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(UdpRepr::from(*view), repr);
    EXPECT_TRUE(view->has_checksum());
    EXPECT_TRUE(view->is_checksum_correct(pseudo));
    octets[9] ^= std::byte{4};
    EXPECT_FALSE(view->is_checksum_correct(pseudo));
}

TEST(Udp, ASumOfZeroIsSentAsOnes) {
    const UdpRepr repr{.source = Port{1}, .destination = Port{2}, .payload_length = 0};
    std::vector<std::byte> octets(8);
    // 1 + 2 + 8 and this number make 0xffff, whose complement is zero.
    repr.emit(octets, Checksum().add_u16(0xffff - 11));
    EXPECT_EQ(UdpView::parse(octets)->checksum(), 0xffff);
    repr.emit(octets);
    EXPECT_FALSE(UdpView::parse(octets)->has_checksum());
}

TEST(Udp, vuln_04_lengths_that_do_not_fit_are_refused) {
    const auto octets = hex("0035 9c40 000a 0000 aabb ccdd");
    for (std::size_t length = 0; length <= octets.size(); ++length) {
        const auto view = UdpView::parse(Octets(octets).first(length));
        ASSERT_EQ(view.has_value(), length >= 10) << length;
        if (view) {
            EXPECT_EQ(view->payload().size(), 2U) << "what lies behind the length is cut";
        }
    }
    EXPECT_EQ(UdpView::parse(hex("0035 9c40 0007 0000")).error(), Error::malformed);
    EXPECT_EQ(UdpView::parse(hex("0035 9c40 0000 0000")).error(), Error::malformed);
    EXPECT_EQ(UdpView::parse(hex("0035 9c40 0009 0000")).error(), Error::truncated);
}

TEST(Udp, AHeaderAloneStandsForADatagramInPieces) {
    const auto front = hex("0035 9c40 03e8 0000");
    ASSERT_TRUE(UdpView::parse_front(front, 1000));
    EXPECT_EQ(UdpRepr::from(*UdpView::parse_front(front, 1000)).payload_length, 992);
    EXPECT_FALSE(UdpView::parse_front(front, 999));
}

}  // namespace
}  // namespace dt::wire
