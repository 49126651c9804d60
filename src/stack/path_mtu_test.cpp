// What a program sees of its path: IP_MTU, TCP_CONGESTION with BBR, SO_MAX_PACING_RATE
// (spec 4.6, 3.6).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

constexpr int sol_socket = 1;
constexpr int ipproto_ip = 0;
constexpr int ipproto_tcp = 6;
constexpr int ip_mtu_discover = 10;
constexpr int ip_mtu = 14;
constexpr int tcp_congestion = 13;
constexpr int so_max_pacing_rate = 47;

/// Octets that were waiting; receive() puts them between quotes.
std::size_t drained(const Program& program) {
    std::size_t all = 0;
    while (program.poll().starts_with("IN")) all += program.receive().size() - 2;
    return all;
}

/// Takes what leaves; the first octets are those of Ethernet and IPv4.
class Packets final : public FrameSink {
  public:
    void take(InterfaceIndex, FramePtr frame) override {
        std::vector<std::byte> octets(frame->size());
        frame->copy_to(octets);
        constexpr std::size_t ethernet = 14;
        lengths.push_back(octets.size() - ethernet);
        fragments.push_back(std::to_integer<unsigned>(octets[ethernet + 6]) << 8U |
                            std::to_integer<unsigned>(octets[ethernet + 7]));
        frames.push_back(std::move(frame));
    }

    std::vector<std::size_t> lengths;
    std::vector<unsigned> fragments;  // flags and offset
    std::vector<FramePtr> frames;
};

TEST(PathOptions, TCP_PMTU_015_a_datagram_larger_than_the_path_leaves_in_fragments) {
    Pair pair;
    const Program sender = Program::datagram(pair, pair.a);
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    EXPECT_EQ(sender.send_to("x", pair.b.at(53)), "1");
    pair.settle();  // the neighbour is known from here on
    EXPECT_EQ(receiver.receive_count(), "1");
    EXPECT_EQ(sender.get(ipproto_ip, ip_mtu_discover), "1");  // IP_PMTUDISC_WANT
    EXPECT_EQ(sender.send_to(std::string(2000, 'x'), pair.b.at(53)), "2000");
    Packets packets;
    (void)turn(pair.a.stack, pair.now, pair.a.inbox, packets);
    EXPECT_EQ(packets.lengths, (std::vector<std::size_t>{1500, 548}));
    constexpr unsigned more = 0x2000;
    EXPECT_EQ(packets.fragments, (std::vector<unsigned>{more, 1480 / 8}));
    for (FramePtr& frame : packets.frames) pair.b.inbox.frames.push_back({1, std::move(frame)});
    pair.settle();
    EXPECT_EQ(receiver.receive_count(), "2000");
}

TEST(PathOptions, TCP_PMTU_011_ip_mtu_is_told_of_a_connection_alone) {
    Pair pair;
    const Program fresh = Program::stream(pair, pair.a);
    EXPECT_EQ(fresh.get(ipproto_ip, ip_mtu), "ENOTCONN");
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.get(ipproto_ip, ip_mtu), "1500");
}

TEST(PathOptions, TCP_CC_033_bbr_may_be_chosen_and_an_unknown_name_not) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.set_text(ipproto_tcp, tcp_congestion, "bbr"), "OK");
    EXPECT_EQ(talk.client.set_text(ipproto_tcp, tcp_congestion, "nope"), "ENOENT");
    EXPECT_EQ(talk.client.send(std::string(20'000, 'x')), "20000");
    std::size_t all = 0;
    for (int i = 0; i < 200 && all < 20'000; ++i) {
        pair.pass(10ms);
        all += drained(talk.server);
    }
    EXPECT_EQ(all, 20'000U);
}

TEST(PathOptions, TCP_CC_026_a_program_bounds_its_rate) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.set(sol_socket, so_max_pacing_rate, 100'000), "OK");
    EXPECT_EQ(talk.client.send(std::string(14'600, 'x')), "14600");
    pair.pass(1ms);
    (void)talk.server.receive();
    EXPECT_EQ(talk.client.send(std::string(15'000, 'x')), "15000");
    pair.pass(50ms);
    std::size_t all = drained(talk.server);
    EXPECT_LT(all, 9'000U);  // 100 octets a millisecond, and a burst
    for (int i = 0; i < 40; ++i) {
        pair.pass(10ms);
        all += drained(talk.server);
    }
    EXPECT_EQ(all, 15'000U);
}

}  // namespace
}  // namespace dt::stack::testing
