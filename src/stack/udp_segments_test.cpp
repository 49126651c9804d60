// UDP_SEGMENT and UDP_GRO: what is cut as it is sent, and joined as it is read (udp(7)).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int sol_socket = 1;
constexpr int so_no_check = 11;
constexpr int sol_udp = 17;
constexpr int udp_segment = 103;
constexpr int udp_gro = 104;
constexpr int ip_mtu_discover = 10;

struct UdpSegments : ::testing::Test {
    UdpSegments() { EXPECT_EQ(reader.bind(pair.b.at(53)), "OK"); }

    /// What the reader has: texts, each with the length of its parts where it was joined.
    std::vector<std::pair<std::string, std::uint16_t>> read(std::size_t room = 65'536) {
        pair.settle();
        std::vector<std::pair<std::string, std::uint16_t>> texts;
        std::string text(room, '\0');
        const auto octets = std::as_writable_bytes(std::span{text});
        while (const auto received = reader.calls().receive_from(reader.id(), octets)) {
            texts.emplace_back(text.substr(0, received->copied), received->segment);
            full_size = received->full_size;
        }
        return texts;
    }
    std::string send_as(const Program& from, std::string_view text, std::uint16_t segment) {
        const sock::SendAs as{.source = {}, .link = {}, .ttl = {}, .tos = {}, .segment = segment};
        return from.send_to(text, pair.b.at(53), as);
    }
    using Texts = std::vector<std::pair<std::string, std::uint16_t>>;

    Pair pair;
    Program reader = Program::datagram(pair, pair.b);
    Program writer = Program::datagram(pair, pair.a);
    std::size_t full_size = 0;
};

TEST_F(UdpSegments, UDP_028_what_is_longer_leaves_as_several_datagrams) {
    EXPECT_EQ(writer.set(sol_udp, udp_segment, 3), "OK");
    EXPECT_EQ(writer.send_to("abcdefgh", pair.b.at(53)), "8");
    EXPECT_EQ(read(), (Texts{{"abc", 0}, {"def", 0}, {"gh", 0}}));
    EXPECT_EQ(writer.send_to("abc", pair.b.at(53)), "3");
    EXPECT_EQ(writer.send_to("", pair.b.at(53)), "0");
    EXPECT_EQ(read(), (Texts{{"abc", 0}, {"", 0}}));
}

TEST_F(UdpSegments, UDP_028_one_datagram_asks_for_itself) {
    EXPECT_EQ(writer.set(sol_udp, udp_segment, 3), "OK");
    EXPECT_EQ(send_as(writer, "abcde", 4), "5");
    EXPECT_EQ(send_as(writer, "abcde", 0), "5");
    EXPECT_EQ(read(), (Texts{{"abcd", 0}, {"e", 0}, {"abcde", 0}}));
}

TEST_F(UdpSegments, UDP_028_no_part_is_cut_further_and_128_go_at_once) {
    EXPECT_EQ(send_as(writer, std::string(1472, 'x'), 1472), "1472");
    EXPECT_EQ(send_as(writer, std::string(1000, 'x'), 2000), "1000");
    EXPECT_EQ(send_as(writer, std::string(1473, 'x'), 1473), "EMSGSIZE");
    EXPECT_EQ(send_as(writer, std::string(3000, 'x'), 1473), "EMSGSIZE");
    EXPECT_EQ(send_as(writer, std::string(128, 'x'), 1), "128");
    EXPECT_EQ(send_as(writer, std::string(129, 'x'), 1), "EINVAL");
    EXPECT_EQ(read().size(), 130U);
    EXPECT_EQ(writer.set(sol_socket, so_no_check, 1), "OK");
    EXPECT_EQ(send_as(writer, "x", 1), "EINVAL");
}

TEST_F(UdpSegments, UDP_028_a_path_that_may_not_be_cut_takes_what_is_longer_than_its_mtu) {
    EXPECT_EQ(writer.set(0, ip_mtu_discover, 2), "OK");
    EXPECT_EQ(writer.send_to(std::string(3000, 'x'), pair.b.at(53)), "EMSGSIZE");
    EXPECT_EQ(send_as(writer, std::string(3000, 'x'), 1472), "3000");
    EXPECT_EQ(read().size(), 3U);
}

TEST_F(UdpSegments, UDP_028_what_goes_on_is_read_as_one) {
    EXPECT_EQ(reader.set(sol_udp, udp_gro, 1), "OK");
    EXPECT_EQ(send_as(writer, "abcdefgh", 3), "8");
    EXPECT_EQ(read(), (Texts{{"abcdefgh", 3}}));
    EXPECT_EQ(send_as(writer, "abcdefgh", 3), "8");
    EXPECT_EQ(read(4), (Texts{{"abcd", 3}}));
    EXPECT_EQ(full_size, 8U);
}

TEST_F(UdpSegments, UDP_028_a_shorter_part_ends_it_and_a_longer_or_empty_one_begins_anew) {
    EXPECT_EQ(reader.set(sol_udp, udp_gro, 1), "OK");
    for (const char* text : {"ab", "c", "de", "fgh", "ijk", "", "l"}) {
        (void)writer.send_to(text, pair.b.at(53));
    }
    EXPECT_EQ(read(), (Texts{{"abc", 2}, {"de", 0}, {"fghijk", 3}, {"", 0}, {"l", 0}}));
}

TEST_F(UdpSegments, UDP_028_two_senders_are_not_joined) {
    EXPECT_EQ(reader.set(sol_udp, udp_gro, 1), "OK");
    const Program other = Program::datagram(pair, pair.a);
    (void)writer.send_to("ab", pair.b.at(53));
    (void)other.send_to("cd", pair.b.at(53));
    (void)writer.send_to("ef", pair.b.at(53));
    EXPECT_EQ(read(), (Texts{{"ab", 0}, {"cd", 0}, {"ef", 0}}));
}

TEST_F(UdpSegments, UDP_028_at_most_64_are_read_as_one) {
    EXPECT_EQ(reader.set(sol_udp, udp_gro, 1), "OK");
    EXPECT_EQ(send_as(writer, std::string(100, 'x'), 1), "100");
    EXPECT_EQ(read(), (Texts{{std::string(64, 'x'), 1}, {std::string(36, 'x'), 1}}));
}

TEST_F(UdpSegments, UDP_028_joined_datagrams_stay_within_the_longest) {
    EXPECT_EQ(reader.set(sol_udp, udp_gro, 1), "OK");
    for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(send_as(writer, std::string(40'000, 'x'), 1250), "40000");
    }
    std::vector<std::size_t> lengths;
    for (const auto& [text, segment] : read()) lengths.push_back(text.size());
    EXPECT_EQ(lengths, (std::vector<std::size_t>{65'000, 15'000}));
}

}  // namespace
}  // namespace dt::stack::testing
