// Tests of TCP headers: lengths, flags, checksum, emission.
#include "wire/tcp.hpp"

#include <gtest/gtest.h>

#include "wire/hex_fixture.hpp"
#include "wire/ipv4.hpp"

namespace dt::wire {
namespace {

TcpRepr syn() {
    return {.source = Port{40000},
            .destination = Port{80},
            .seq = Seq{0xfffffffe},
            .ack = {},
            .flags = TcpFlag::syn,
            .window = 64240,
            .urgent = 0,
            .options = {.mss = 1460,
                        .window_scale = 10,
                        .sack_permitted = true,
                        .timestamps = Timestamps{1, 0},
                        .sack = {}}};
}

TEST(TcpFlags, IsASetWithNamedTests) {
    const TcpFlags flags = TcpFlag::syn | TcpFlag::ack;
    EXPECT_TRUE(flags.syn() && flags.ack());
    EXPECT_FALSE(flags.fin() || flags.rst() || flags.psh() || flags.urg() || flags.ece() ||
                 flags.cwr());
    EXPECT_EQ(flags.without(TcpFlag::syn), TcpFlags(TcpFlag::ack));
    EXPECT_EQ(flags.bits(), 0x12);
    EXPECT_EQ(TcpFlags::from_bits(0xff).bits(), 0xff);
}

TEST(Tcp, EmitsWhatItParses) {
    const TcpRepr repr = syn();
    std::vector<std::byte> octets(repr.size());
    (void)repr.emit(octets);
    EXPECT_EQ(octets, hex("9c40 0050 fffffffe 00000000 a002 faf0 0000 0000"
                          "020405b4 0402080a 00000001 00000000 0103030a"));
    const auto view = TcpView::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(TcpRepr::from(*view), repr);
    EXPECT_TRUE(view->payload().empty());
}

TEST(Tcp, TCP_ECN_015_the_reserved_bits_are_never_sent_and_never_read) {
    TcpRepr repr = syn();
    repr.flags = TcpFlags::from_bits(0xff);
    std::vector<std::byte> octets(repr.size());
    (void)repr.emit(octets);
    EXPECT_EQ(octets[12] & std::byte{0x0f}, std::byte{0});
    octets[12] |= std::byte{0x01};  // AE (RFC 9768)
    EXPECT_EQ(TcpRepr::from(*TcpView::parse(octets)).flags, repr.flags);
}

TEST(Tcp, TCP_9293_MUST_2_emission_completes_the_checksum_also_over_odd_payload) {
    const auto payload = hex("68656c6c6f");
    const Ipv4 a(10, 0, 0, 1);
    const Ipv4 b(10, 0, 0, 2);
    TcpRepr repr = syn();
    repr.flags = TcpFlag::psh | TcpFlag::ack;
    repr.options = {};
    std::vector<std::byte> octets(repr.size());
    const auto length = static_cast<std::uint32_t>(octets.size() + payload.size());
    const Checksum pseudo = pseudo_header(a, b, IpProtocol::tcp, length);
    repr.emit(octets, Checksum(pseudo).add(payload));
    octets.insert(octets.end(), payload.begin(), payload.end());
    EXPECT_TRUE(TcpView::parse(octets)->is_checksum_correct(pseudo));
    EXPECT_EQ(TcpView::parse(octets)->payload().size(), 5U);
}

TEST(Tcp, TCP_9293_MUST_3_a_flipped_bit_breaks_the_checksum) {
    const Checksum pseudo =
        pseudo_header(Ipv4(10, 0, 0, 1), Ipv4(10, 0, 0, 2), IpProtocol::tcp, 40);
    std::vector<std::byte> octets(40);
    syn().emit(octets, pseudo);
    const auto view = TcpView::parse(octets);
    ASSERT_TRUE(view->is_checksum_correct(pseudo));
    for (std::size_t bit = 0; bit < 320; ++bit) {
        octets[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
        ASSERT_FALSE(view->is_checksum_correct(pseudo)) << bit;
        octets[bit / 8] ^= static_cast<std::byte>(1 << bit % 8);
    }
}

TEST(Tcp, TCP_SEG_001_vuln_08_every_data_offset_with_every_length) {
    for (std::size_t length = 0; length <= 64; ++length) {
        for (unsigned offset = 0; offset < 16; ++offset) {
            std::vector<std::byte> octets(length);
            if (length > 12) octets[12] = static_cast<std::byte>(offset << 4);
            const auto view = TcpView::parse(octets);
            ASSERT_EQ(view.has_value(), length >= 20 && offset >= 5 && 4U * offset <= length);
            if (!view) {
                const bool is_short = length < 20 || offset >= 5;
                ASSERT_EQ(view.error(), is_short ? Error::truncated : Error::malformed);
                continue;
            }
            ASSERT_EQ(view->payload().size(), length - 4U * offset);
            ASSERT_EQ(view->options().size(), 4U * offset - 20);
            ASSERT_FALSE(TcpRepr::from(*view).options.mss);
        }
    }
}

TEST(Tcp, SynAndFinTakeOneNumberEach) {
    TcpRepr repr = syn();
    EXPECT_EQ(repr.sequence_length(3), 4U);
    repr.flags |= TcpFlag::fin;
    EXPECT_EQ(repr.sequence_length(3), 5U);
    repr.flags = TcpFlag::ack;
    EXPECT_EQ(repr.sequence_length(0), 0U);
}

TEST(Tcp, TCP_9293_MUST_1_the_window_is_unsigned) {
    TcpRepr repr = syn();
    repr.window = 0xffff;
    std::vector<std::byte> octets(repr.size());
    (void)repr.emit(octets);
    EXPECT_EQ(TcpView::parse(octets)->window(), 65535);
}

TEST(TcpDeath, TCP_9293_MUST_65_an_mss_outside_a_syn_is_our_own_fault) {
    TcpRepr repr = syn();
    repr.flags = TcpFlag::ack;
    std::vector<std::byte> octets(repr.size());
    EXPECT_DEATH((void)repr.emit(octets), "");
}

}  // namespace
}  // namespace dt::wire
