// Segments that pass through the stack in batches: what is on the wire, and what arrives.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "ip/output.hpp"
#include "stack/testing_pair.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"

namespace dt::stack {
namespace {

using testing::Conversation;
using testing::Pair;
using testing::Program;

constexpr std::size_t frame_max = 14 + 1500;
constexpr std::size_t ip_at = 14;
constexpr std::size_t tcp_at = ip_at + 20;

Config in_batches() {
    Config config;
    config.batches = event::Switch::on;
    return config;
}

std::string numbered(std::size_t octets) {
    std::string text;
    for (std::size_t i = 0; text.size() < octets; ++i) text += std::to_string(i) + ' ';
    text.resize(octets);
    return text;
}

/// One frame of the wire, whole.
std::vector<std::byte> octets_of(const Frame& frame) {
    std::vector<std::byte> octets(frame.size());
    frame.copy_to(octets);
    return octets;
}

/// Each frame is a packet by itself, and its checksums are right.
void expect_whole(const Frame& frame) {
    EXPECT_LE(frame.size(), frame_max);
    EXPECT_FALSE(frame.offload.is_super_segment());
    const auto octets = octets_of(frame);
    const auto ip = wire::Ipv4View::parse(Octets{octets}.subspan(ip_at));
    if (!ip || ip->protocol() != wire::IpProtocol::tcp) return;  // ARP
    EXPECT_EQ(ip->total_length() + ip_at, frame.size());
    const auto pseudo = wire::pseudo_header(ip->source(), ip->destination(), wire::IpProtocol::tcp,
                                            static_cast<std::uint32_t>(ip->payload().size()));
    const auto tcp = wire::TcpView::parse(ip->payload());
    ASSERT_TRUE(tcp.has_value());
    EXPECT_TRUE(tcp->is_checksum_correct(pseudo));
}

bool checked_and_never_lost(const Frame& frame) {
    expect_whole(frame);
    return false;
}

/// About one of sixteen, by number and time: what is sent again arrives at last.
bool lost_now_and_then(const Frame& frame) {
    const auto octets = octets_of(frame);
    if (octets.size() < tcp_at + 32 + 100) return false;
    const auto seq = load_be<std::uint32_t>(octets, tcp_at + 4);
    const auto stamp = load_be<std::uint32_t>(octets, tcp_at + 24);  // TSval
    return (seq ^ stamp * 2654435761U) * 2246822507U >> 28 == 0;
}

/// Sends `text` from one end to the other; what arrived.
std::string carried(Pair& pair, const Conversation& talk, const std::string& text) {
    std::string arrived;
    std::size_t sent = 0;
    for (int i = 0; i < 3000 && arrived.size() < text.size(); ++i) {
        const std::size_t count = std::min<std::size_t>(text.size() - sent, 100'000);
        sent += testing::count_of(talk.client.send(std::string_view{text}.substr(sent, count)));
        pair.settle();
        for (;;) {
            const std::string got = talk.server.receive();
            if (got.front() != '\'') break;
            arrived += got.substr(1, got.size() - 2);
        }
        if (arrived.size() < text.size()) pair.pass(10ms);
    }
    return arrived;
}

std::size_t text_segments_received(const Pair& pair) {
    const auto received = pair.log.all<event::SegmentReceived>();
    return static_cast<std::size_t>(std::ranges::count_if(
        received, [](const event::SegmentReceived& each) { return each.segment.length > 0; }));
}

TEST(Batches, EveryFrameOnTheWireIsAPacketByItself) {
    Pair pair(in_batches());
    pair.from_a.drops = checked_and_never_lost;
    pair.from_b.drops = checked_and_never_lost;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    const std::string text = numbered(1'000'000);
    EXPECT_TRUE(carried(pair, talk, text) == text);
    EXPECT_GE(pair.from_a.sent, text.size() / 1448);
}

TEST(Batches, TCP_WIN_026_one_look_and_one_acknowledgment_for_many_segments) {
    Pair pair(in_batches());
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    const std::string text = numbered(1'000'000);
    EXPECT_TRUE(carried(pair, talk, text) == text);
    const std::size_t segments = text.size() / 1448;
    EXPECT_LT(text_segments_received(pair), segments / 4);
    EXPECT_LT(pair.from_b.sent, segments / 4);
}

TEST(Batches, WithoutThemEachSegmentIsSeenAlone) {
    Pair pair;
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    const std::string text = numbered(100'000);
    EXPECT_TRUE(carried(pair, talk, text) == text);
    EXPECT_GE(text_segments_received(pair), text.size() / 1448);
}

TEST(Batches, TextIsWholeWhereSegmentsAreLost) {
    for (std::uint64_t seed = 1; seed <= 5; ++seed) {
        Pair pair(in_batches(), seed);
        const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
        pair.from_a.drops = lost_now_and_then;
        const std::string text = numbered(500'000);
        const std::string got = carried(pair, talk, text);
        EXPECT_EQ(got.size(), text.size()) << "seed " << seed;
        EXPECT_TRUE(text.starts_with(got)) << "seed " << seed;
        const auto sent = pair.log.all<event::SegmentSent>();
        EXPECT_TRUE(std::ranges::any_of(
            sent, [](const event::SegmentSent& each) { return each.segment.retransmission > 0; }));
    }
}

TEST(Batches, AnsweringCallsSeeWhatCameBeforeThem) {
    Pair pair(in_batches());
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    const std::string text = numbered(20'000);  // no PSH before its end
    ASSERT_EQ(talk.client.send(text), "20000");
    (void)pair.a.stack.transmit(pair.now, pair.from_a, 3);
    while (Arriving* next = pair.b.inbox.front()) {
        ASSERT_TRUE(pair.b.stack.receive(pair.now, next->in, next->frame));
        pair.b.inbox.pop();
    }
    EXPECT_EQ(talk.server.receive_count(), std::to_string(3 * 1448));
}

TEST(Batches, IPv6TextIsWhole) {
    Config config = in_batches();
    config.ipv6 = event::Switch::on;
    Pair pair(config);
    Program listener = Program::stream(pair, pair.b, sock::Family::inet6);
    ASSERT_EQ(listener.bind(pair.b.at_v6(80)), "OK");
    ASSERT_EQ(listener.listen(2), "OK");
    Program client = Program::stream(pair, pair.a, sock::Family::inet6);
    (void)client.connect(pair.b.at_v6(80));
    pair.pass(5s);
    const auto server = listener.accept();
    ASSERT_TRUE(server.has_value());
    const std::string text = numbered(300'000);
    EXPECT_TRUE(carried(pair, {listener, client, *server}, text) == text);
    EXPECT_LT(text_segments_received(pair), text.size() / 1428 / 4);
}

}  // namespace
}  // namespace dt::stack
