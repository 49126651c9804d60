// Tests of IPv4 headers: lengths, checksum, options, emission.
#include "wire/ipv4.hpp"

#include <gtest/gtest.h>

#include <array>

#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

std::vector<std::byte> datagram(std::size_t payload_length) {
    const Ipv4Repr repr{.source = {10, 0, 0, 1},
                        .destination = {10, 0, 0, 2},
                        .protocol = IpProtocol::udp,
                        .id = 0x1234,
                        .payload_length = static_cast<std::uint32_t>(payload_length)};
    std::vector<std::byte> octets(repr.size() + payload_length);
    repr.emit(octets);
    return octets;
}

Error error_of(Octets octets) {
    const auto view = Ipv4View::parse(octets);
    EXPECT_FALSE(view);
    return view ? Error::timed_out : view.error();
}

std::vector<std::byte> with_options(std::string_view options) {
    auto octets = hex("4600 0018 0000 4000 40 01 0000 0a000001 0a000002");
    const auto extra = hex(options);
    octets.insert(octets.end(), extra.begin(), extra.end());
    octets[0] = static_cast<std::byte>(0x40 + octets.size() / 4);
    octets[3] = static_cast<std::byte>(octets.size());
    return octets;
}

Ipv4OptionsKind kind_of(std::string_view options) {
    const auto octets = with_options(options);
    const auto view = Ipv4View::parse(octets);
    EXPECT_TRUE(view);
    return view->options_kind();
}

TEST(Ipv4Header, EmitsWhatItParses) {
    const Ipv4Repr repr{.source = {10, 0, 0, 1},
                        .destination = {10, 0, 0, 2},
                        .protocol = IpProtocol::icmp,
                        .ttl = 3,
                        .tos = 0x28,
                        .id = 77,
                        .dont_fragment = false,
                        .more_fragments = true,
                        .fragment_offset = 1480,
                        .payload_length = 8};
    std::vector<std::byte> octets(28);
    repr.emit(octets);
    const auto view = Ipv4View::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_TRUE(view->is_checksum_correct());
    EXPECT_TRUE(view->is_fragment());
    EXPECT_EQ(Ipv4Repr::from(*view), repr);
}

TEST(Ipv4Header, EmitsTheOctetsOfAKnownHeader) {
    std::vector<std::byte> octets(20);
    Ipv4Repr{.source = {192, 168, 0, 1},
             .destination = {192, 168, 0, 199},
             .protocol = IpProtocol::udp,
             .payload_length = 95}
        .emit(octets);
    EXPECT_EQ(octets, hex("4500 0073 0000 4000 4011 b861 c0a80001 c0a800c7"));
}

TEST(Ipv4Header, IP4_001_another_version_is_malformed) {
    auto octets = datagram(8);
    octets[0] = std::byte{0x55};
    EXPECT_EQ(error_of(octets), Error::malformed);
}

TEST(Ipv4Header, IP4_002_a_flipped_bit_breaks_the_checksum) {
    auto octets = datagram(0);
    for (std::size_t bit = 8; bit < 160; ++bit) {
        if (bit / 8 == 2 || bit / 8 == 3) continue;
        octets[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        ASSERT_FALSE(Ipv4View::parse(octets)->is_checksum_correct()) << bit;
        octets[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    }
    EXPECT_TRUE(Ipv4View::parse(octets)->is_checksum_correct());
}

TEST(Ipv4Header, IP4_003_lengths_that_do_not_fit_are_refused) {
    auto octets = datagram(20);
    octets[0] = std::byte{0x44};
    EXPECT_EQ(error_of(octets), Error::malformed);
    octets = datagram(20);
    octets[3] = std::byte{10};
    EXPECT_EQ(error_of(octets), Error::malformed);
    octets[3] = std::byte{41};
    EXPECT_EQ(error_of(octets), Error::truncated);
    octets[0] = std::byte{0x4f};
    EXPECT_EQ(error_of(octets), Error::truncated);
}

TEST(Ipv4Header, vuln_04_every_cut_of_every_header_length_is_safe) {
    const std::vector<std::byte> whole = datagram(60);
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        for (unsigned ihl = 0; ihl < 16; ++ihl) {
            std::vector<std::byte> octets(whole.begin(), whole.begin() + static_cast<long>(length));
            if (!octets.empty()) octets[0] = static_cast<std::byte>(0x40 | ihl);
            const auto view = Ipv4View::parse(octets);
            EXPECT_EQ(view.has_value(), length == 80 && ihl >= 5);
            const auto quoted = Ipv4View::parse_quoted(octets);
            EXPECT_EQ(quoted.has_value(), length >= 20 && ihl >= 5 && 4U * ihl <= length);
            if (quoted) {
                EXPECT_EQ(quoted->payload().size(), length - 4U * ihl);
            }
        }
    }
}

TEST(Ipv4Header, IP4_004_link_padding_is_cut) {
    auto octets = datagram(20);
    octets.resize(60, std::byte{0xee});
    EXPECT_EQ(Ipv4View::parse(octets)->payload().size(), 20U);
    EXPECT_EQ(Ipv4View::parse_quoted(octets)->payload().size(), 20U);
}

TEST(Ipv4Header, AHeaderAloneStandsForADatagramInPieces) {
    const auto octets = datagram(1000);
    const Octets front = Octets(octets).first(28);
    const auto view = Ipv4View::parse_front(front, octets.size());
    ASSERT_TRUE(view);
    EXPECT_EQ(view->total_length(), 1020);
    EXPECT_EQ(view->payload().size(), 8U);
    EXPECT_FALSE(Ipv4View::parse_front(front, octets.size() - 1));
}

TEST(Ipv4Header, IP4_013_unknown_options_are_harmless) {
    EXPECT_EQ(kind_of(""), Ipv4OptionsKind::harmless);
    EXPECT_EQ(kind_of("01 01 01 00"), Ipv4OptionsKind::harmless);
    EXPECT_EQ(kind_of("de 04 ff ff"), Ipv4OptionsKind::harmless);
    EXPECT_EQ(kind_of("00 83 00 00"), Ipv4OptionsKind::harmless);
}

TEST(Ipv4Header, IP4_014_vuln_05_source_routes_are_found) {
    EXPECT_EQ(kind_of("83 07 04 0a000003 00"), Ipv4OptionsKind::source_route);
    EXPECT_EQ(kind_of("01 89 03 04"), Ipv4OptionsKind::source_route);
}

TEST(Ipv4Header, vuln_05_illegal_option_lengths_end_the_walk) {
    EXPECT_EQ(kind_of("07 00 00 00"), Ipv4OptionsKind::malformed);
    EXPECT_EQ(kind_of("07 01 00 00"), Ipv4OptionsKind::malformed);
    EXPECT_EQ(kind_of("07 05 04 00"), Ipv4OptionsKind::malformed);
    EXPECT_EQ(kind_of("01 01 01 07"), Ipv4OptionsKind::malformed);
    EXPECT_EQ(kind_of("83 ff 04 00"), Ipv4OptionsKind::malformed);
}

TEST(PseudoHeader, EqualsTheSumOfItsOctets) {
    const auto octets = hex("c0a80001 c0a800c7 0006 0514");
    EXPECT_EQ(pseudo_header(Ipv4(192, 168, 0, 1), Ipv4(192, 168, 0, 199), IpProtocol::tcp, 0x514),
              Checksum::of(octets));
    const auto v6 =
        hex("20010db8000000000000000000000001 fe8000000000000000000000000000ff 00010203 00000011");
    EXPECT_EQ(pseudo_header(*IpAddr::parse("2001:db8::1"), *IpAddr::parse("fe80::ff"),
                            IpProtocol::udp, 0x10203),
              Checksum::of(v6));
}

}  // namespace
}  // namespace dt::wire
