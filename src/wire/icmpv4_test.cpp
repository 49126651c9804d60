// Tests of ICMP messages and of the datagrams they quote.
#include "wire/icmpv4.hpp"

#include <gtest/gtest.h>

#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

constexpr std::string_view quoted_tcp =
    "4500 0028 0000 4000 4006 0000 0a000001 0a000002 9c40 0050 12345678";

std::vector<std::byte> message(const Icmpv4Repr& repr, std::string_view payload) {
    const auto data = hex(payload);
    std::vector<std::byte> octets(Icmpv4Repr::size());
    repr.emit(octets, Checksum::of(data));
    octets.insert(octets.end(), data.begin(), data.end());
    return octets;
}

TEST(Icmpv4, EmitsWhatItParses) {
    const auto repr = Icmpv4Repr::echo_request(0x1234, 7);
    const auto octets = message(repr, "616263");
    const auto view = Icmpv4View::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(Icmpv4Repr::from(*view), repr);
    EXPECT_TRUE(view->is_checksum_correct());
    EXPECT_EQ(view->id(), 0x1234);
    EXPECT_EQ(view->sequence(), 7);
    EXPECT_EQ(view->payload().size(), 3U);
    EXPECT_FALSE(view->is_error());
    EXPECT_FALSE(view->quoted());
}

TEST(Icmpv4, ATimestampMessageReadsBackWhatItWrites) {
    const TimestampRepr repr{.type = Icmpv4Type::timestamp_reply,
                             .id = 0x1234,
                             .sequence = 7,
                             .originated = 1,
                             .received = 0x8000'0002,
                             .sent = 3};
    std::vector<std::byte> octets(TimestampRepr::size);
    repr.emit(octets);
    EXPECT_TRUE(Icmpv4View::parse(octets)->is_checksum_correct());
    EXPECT_EQ(TimestampRepr::parse(octets), repr);
    octets.pop_back();
    EXPECT_EQ(TimestampRepr::parse(octets), fail(Error::truncated));
}

TEST(Icmpv4, ICMP4_003_a_flipped_bit_breaks_the_checksum) {
    auto octets = message(Icmpv4Repr::echo_reply(1, 2), "616263");
    octets.back() ^= std::byte{1};
    EXPECT_FALSE(Icmpv4View::parse(octets)->is_checksum_correct());
}

TEST(Icmpv4, ErrorsSayWhatTheyAreAbout) {
    const auto port = message(Icmpv4Repr::unreachable(UnreachableCode::port), quoted_tcp);
    EXPECT_TRUE(Icmpv4View::parse(port)->is_error());
    EXPECT_EQ(Icmpv4View::parse(port)->code(), 3);
    const auto too_big = message(Icmpv4Repr::fragmentation_needed(1400), quoted_tcp);
    EXPECT_EQ(Icmpv4View::parse(too_big)->next_hop_mtu(), 1400);
    const auto late = message(Icmpv4Repr::time_exceeded(TimeExceededCode::reassembly), quoted_tcp);
    EXPECT_EQ(Icmpv4View::parse(late)->type(), Icmpv4Type::time_exceeded);
    EXPECT_EQ(Icmpv4View::parse(late)->code(), 1);
    const auto problem = message(Icmpv4Repr::parameter_problem(20), quoted_tcp);
    EXPECT_EQ(Icmpv4View::parse(problem)->pointer(), 20);
}

TEST(Icmpv4, ICMP4_013_an_error_names_the_conversation_it_quotes) {
    const auto octets = message(Icmpv4Repr::unreachable(UnreachableCode::host), quoted_tcp);
    const auto quoted = Icmpv4View::parse(octets)->quoted();
    ASSERT_TRUE(quoted);
    EXPECT_EQ(quoted->header.source(), Ipv4(10, 0, 0, 1));
    EXPECT_EQ(quoted->header.destination(), Ipv4(10, 0, 0, 2));
    EXPECT_EQ(quoted->source_port, Port{40000});
    EXPECT_EQ(quoted->destination_port, Port{80});
    EXPECT_EQ(quoted->seq, Seq{0x12345678});
}

TEST(Icmpv4, ALaterFragmentQuotesNoPorts) {
    auto octets = message(Icmpv4Repr::unreachable(UnreachableCode::host), quoted_tcp);
    octets[Icmpv4View::header_length + 7] = std::byte{1};
    const auto quoted = Icmpv4View::parse(octets)->quoted();
    ASSERT_TRUE(quoted);
    EXPECT_FALSE(quoted->source_port);
    EXPECT_FALSE(quoted->seq);
}

TEST(Icmpv4, vuln_04_every_cut_of_an_error_is_safe) {
    const auto whole = message(Icmpv4Repr::unreachable(UnreachableCode::host), quoted_tcp);
    for (std::size_t length = 0; length <= whole.size(); ++length) {
        const std::vector<std::byte> octets(whole.begin(),
                                            whole.begin() + static_cast<long>(length));
        const auto view = Icmpv4View::parse(octets);
        ASSERT_EQ(view.has_value(), length >= 8);
        if (!view) continue;
        const auto quoted = view->quoted();
        ASSERT_EQ(quoted.has_value(), length >= 28);
        if (!quoted) continue;
        EXPECT_EQ(quoted->source_port.has_value(), length >= 32);
        EXPECT_EQ(quoted->seq.has_value(), length >= 36);
    }
}

TEST(Icmpv4, ICMP4_005_an_error_quotes_what_keeps_it_within_576_octets) {
    const std::vector<std::byte> datagram(628);
    EXPECT_EQ(quotable(datagram).size() + 28, 576U);
    EXPECT_EQ(quotable(Octets(datagram).first(60)).size(), 60U);
}

}  // namespace
}  // namespace dt::wire
