// Tests of DNS messages: names, pointers, answers.
#include "wire/dns.hpp"

#include <gtest/gtest.h>

#include <string>

#include "base/rng.hpp"
#include "wire/hex_fixture.hpp"

namespace dt::wire {
namespace {

// What a resolver sends for `Server`, with an EDNS record behind the question.
constexpr std::string_view query_text =
    "abcd 0100 0001 0000 0000 0001 06 536572766572 00 0001 0001"
    "00 0029 04d0 00000000 0000";

DnsName name(std::string_view text) {
    const auto parsed = DnsName::parse(text);
    EXPECT_TRUE(parsed) << text;
    return parsed ? *parsed : DnsName{};
}

Result<DnsQuestion> question_of(std::string_view text) {
    const auto octets = hex(text);
    const auto view = DnsView::parse(octets);
    EXPECT_TRUE(view);
    return view->question();
}

TEST(DnsName, IsLowerCaseTextWithoutItsLastDot) {
    EXPECT_EQ(name("WWW.Example.org.").view(), "www.example.org");
    EXPECT_EQ(name("WWW.Example.org."), name("www.example.ORG"));
    EXPECT_TRUE(name(".").is_root());
    for (const std::string& text : {std::string(), std::string(".."), std::string("a..b"),
                                    std::string(".a"), std::string(64, 'a'),
                                    std::string(63, 'a') + '.' + std::string(63, 'b') + '.' +
                                        std::string(63, 'c') + '.' + std::string(62, 'd')}) {
        EXPECT_FALSE(DnsName::parse(text)) << text;
    }
}

TEST(Dns, ReadsTheQuestionOfAResolver) {
    const auto octets = hex(query_text);
    const auto view = DnsView::parse(octets);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->id(), 0xabcd);
    EXPECT_FALSE(view->is_response());
    EXPECT_EQ(view->opcode(), 0);
    EXPECT_TRUE(view->is_recursion_desired());
    const auto question = view->question();
    ASSERT_TRUE(question);
    EXPECT_EQ(question->name.view(), "server");
    EXPECT_EQ(question->type, DnsType::a);
    EXPECT_EQ(question->klass, DnsClass::internet);
}

TEST(Dns, AnswersWithAddresses) {
    const DnsQuestion question{name("server"), DnsType::a, DnsClass::internet};
    DnsRepr repr = DnsRepr::answer_to(0xabcd, question, DnsRcode::no_error);
    repr.add(Ipv4(10, 0, 0, 2));
    std::vector<std::byte> octets(repr.size());
    repr.emit(octets);
    EXPECT_EQ(octets, hex("abcd 8580 0001 0001 0000 0000 06 736572766572 00 0001 0001"
                          "c00c 0001 0001 00000000 0004 0a000002"));
    const auto view = DnsView::parse(octets);
    EXPECT_EQ(view->question(), question);
    std::array<IpAddr, 4> addresses;
    EXPECT_EQ(view->addresses(addresses), 1U);
    EXPECT_EQ(addresses[0], IpAddr(Ipv4(10, 0, 0, 2)));
}

TEST(Dns, AnswersInBothFamiliesAndAtMostEight) {
    const DnsQuestion question{name("a.b"), DnsType::any, DnsClass::internet};
    DnsRepr repr = DnsRepr::answer_to(1, question, DnsRcode::no_error);
    for (std::uint8_t i = 0; i < 9; ++i) {
        repr.add(i % 2 == 0 ? IpAddr(Ipv4(10, 0, 0, i)) : IpAddr::loopback_v6());
    }
    std::vector<std::byte> octets(repr.size());
    repr.emit(octets);
    std::array<IpAddr, 9> addresses;
    EXPECT_EQ(DnsView::parse(octets)->addresses(addresses), 8U);
    EXPECT_EQ(addresses[6], IpAddr(Ipv4(10, 0, 0, 6)));
    EXPECT_EQ(addresses[7], IpAddr::loopback_v6());
}

TEST(Dns, SaysThatANameDoesNotExist) {
    const DnsRepr repr =
        DnsRepr::answer_to(7, {name("nowhere"), DnsType::aaaa, {}}, DnsRcode::name_error);
    std::vector<std::byte> octets(repr.size());
    repr.emit(octets);
    const auto view = DnsView::parse(octets);
    EXPECT_TRUE(view->is_response());
    EXPECT_EQ(view->rcode(), DnsRcode::name_error);
    EXPECT_EQ(view->answer_count(), 0);
}

TEST(Dns, vuln_10_pointers_lead_only_backwards) {
    constexpr std::string_view header = "0001 0100 0001 0000 0000 0000";
    const auto with = [&](std::string_view text) {
        return question_of(std::string(header) + std::string(text));
    };
    EXPECT_EQ(with("c00c 0001 0001").error(), Error::malformed) << "to itself";
    EXPECT_EQ(with("c00e c00c 0001 0001").error(), Error::malformed) << "forwards";
    EXPECT_EQ(with("0161 c00c 0001 0001").error(), Error::malformed) << "to the start of its name";
    EXPECT_EQ(with("c000 0001 0001").error(), Error::malformed) << "into the header";
    EXPECT_EQ(with("c0").error(), Error::truncated);
    EXPECT_EQ(with("4161 00 0001 0001").error(), Error::malformed) << "reserved label type";
    EXPECT_EQ(with("0561").error(), Error::truncated);
    EXPECT_EQ(with("0161 00 0001").error(), Error::truncated);
    EXPECT_EQ(with("012e 00 0001 0001").error(), Error::malformed) << "a dot within a label";
}

TEST(Dns, vuln_10_names_longer_than_255_octets_are_malformed) {
    std::string text = "0001 0100 0001 0000 0000 0000";
    for (int i = 0; i < 200; ++i) text += " 0161";
    EXPECT_EQ(question_of(text + " 00 0001 0001").error(), Error::malformed);
}

TEST(Dns, vuln_10_a_record_that_lies_about_its_length_is_truncated) {
    auto octets =
        hex("abcd 8580 0001 0001 0000 0000 0161 00 0001 0001"
            "c00c 0001 0001 00000000 0004 0a000002");
    std::array<IpAddr, 4> addresses;
    octets[octets.size() - 5] = std::byte{5};
    EXPECT_EQ(DnsView::parse(octets)->addresses(addresses).error(), Error::truncated);
    octets[octets.size() - 5] = std::byte{3};
    EXPECT_EQ(DnsView::parse(octets)->addresses(addresses), 0U) << "no address has 3 octets";
}

TEST(Dns, NotOneQuestionIsMalformed) {
    EXPECT_EQ(question_of("0001 0100 0000 0000 0000 0000").error(), Error::malformed);
    EXPECT_EQ(question_of("0001 0100 0002 0000 0000 0000 0161 00 0001 0001").error(),
              Error::malformed);
    EXPECT_EQ(DnsView::parse(hex("0001 0100")).error(), Error::truncated);
}

TEST(Dns, vuln_10_random_messages_are_read_within_their_bounds) {
    Rng rng(10);
    for (int round = 0; round < 50000; ++round) {
        std::vector<std::byte> octets(12 + rng.below(80));
        for (std::byte& octet : octets) {
            constexpr std::uint8_t likely[] = {0, 1, 3, 0xc0, 12, 16, 20};
            octet = static_cast<std::byte>(rng.chance(0.7) ? likely[rng.below(std::size(likely))]
                                                           : rng.below(256));
        }
        store_be<std::uint16_t>(MutableOctets(octets), 4, 1);
        const auto view = DnsView::parse(octets);
        std::array<IpAddr, 3> addresses;
        if (const auto question = view->question()) {
            ASSERT_LE(question->name.view().size(), DnsName::size_max);
        }
        if (const auto count = view->addresses(addresses)) {
            ASSERT_LE(*count, 3U);
        }
    }
}

}  // namespace
}  // namespace dt::wire
