// Path MTU: what is believed and remembered, and the search by what arrives (spec 4.6).
#include "tcp/path_mtu.hpp"

#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

constexpr Instant start = Instant{} + std::chrono::hours{1};
constexpr Instant over = start + 600s;

IpAddr address(std::uint32_t last) { return Ipv4{0x0a000000U + last}; }

TEST(PathMtuTold, TCP_PMTU_004_below_552_octets_routers_may_fragment) {
    using Fragments = PathMtu::Fragments;
    for (const std::uint16_t mtu : std::to_array<std::uint16_t>({0, 68, 100, 300, 551})) {
        const auto told = path_mtu_told(Family::v4, mtu, over);
        ASSERT_TRUE(told);
        EXPECT_EQ(told->mtu, 552);
        EXPECT_EQ(told->fragments, Fragments::may);
    }
    EXPECT_EQ(path_mtu_told(Family::v4, 552, over)->fragments, Fragments::no);
    EXPECT_EQ(path_mtu_told(Family::v4, 800, over)->mtu, 800);
}

TEST(PathMtuTold, TCP_PMTU_005_ipv6_takes_no_less_than_1280) {
    EXPECT_EQ(path_mtu_told(Family::v6, 1280, over)->mtu, 1280);
    EXPECT_FALSE(path_mtu_told(Family::v6, 1279, over));
}

TEST(PathMtusTest, TCP_PMTU_007_a_lesson_is_over_after_its_time) {
    PathMtus known;
    known.learn(address(1), {.mtu = 800, .until = over}, start);
    EXPECT_EQ(known.find(address(1), over - 1ns)->mtu, 800);
    EXPECT_FALSE(known.find(address(1), over));
    EXPECT_FALSE(known.find(address(2), start));
}

TEST(PathMtusTest, TCP_PMTU_006_it_is_never_raised_while_it_counts) {
    PathMtus known;
    known.learn(address(1), {.mtu = 800, .until = over}, start);
    const std::uint32_t version = known.version();
    known.learn(address(1), {.mtu = 1000, .until = over + 60s}, start);
    EXPECT_EQ(known.find(address(1), start)->mtu, 800);
    EXPECT_EQ(known.version(), version);
}

// VULNERABILITIES class 12: who can quote our segments fills no memory.
TEST(PathMtusTest, vuln_12_the_table_is_bounded_and_the_oldest_lesson_goes) {
    PathMtus known;
    for (std::uint32_t i = 0; i < 10'000; ++i)
        known.learn(address(i), {.mtu = 800, .until = over + std::chrono::seconds{i}}, start);
    EXPECT_EQ(known.size(), PathMtus::most);
    EXPECT_FALSE(known.find(address(0), start));
    EXPECT_TRUE(known.find(address(9'999), start));
}

TEST(MtuSearchTest, TCP_PMTU_013_it_halves_the_gap_until_eight_octets_are_left) {
    MtuSearch search;
    search.begin(1036, 2960, start);
    std::vector<std::uint32_t> probes;
    for (int i = 0; i < 20; ++i) {
        const auto next = search.next();
        if (!next) break;
        probes.push_back(*next);
        search.on_sent(Seq{1}, *next);
        EXPECT_FALSE(search.next());
        search.on_arrived();
    }
    EXPECT_EQ(probes,
              (std::vector<std::uint32_t>{1998, 2479, 2719, 2839, 2899, 2929, 2944, 2952, 2956}));
}

TEST(MtuSearchTest, ALostProbeLowersTheUpperEnd) {
    MtuSearch search;
    search.begin(1000, 1400, start);
    search.on_sent(Seq{1}, *search.next());
    search.on_lost(start);
    EXPECT_EQ(search.low(), 1000U);
    EXPECT_EQ(search.next(), 1099U);
}

TEST(MtuSearchTest, AnEndedSearchBeginsAgainAfterItsTime) {
    MtuSearch search;
    search.begin(1000, 1004, start);
    EXPECT_FALSE(search.next());
    search.begin_again(1400, 600s, start + 599s);
    EXPECT_FALSE(search.next());
    search.begin_again(1400, 600s, start + 600s);
    EXPECT_EQ(search.next(), 1200U);
}

TEST(MtuSearchTest, TCP_PMTU_012_a_black_hole_halves_down_to_48) {
    MtuSearch search;
    search.begin(1024, 1460, start);
    std::vector<std::uint32_t> lows;
    for (int i = 0; i < 6; ++i) {
        lows.push_back(search.low());
        search.shrink(1024);
    }
    EXPECT_EQ(lows, (std::vector<std::uint32_t>{1024, 512, 256, 128, 64, 48}));
}

/// Two connections of the host to the same peer.
class PathTest : public EngineTest {
  protected:
    Seq first;
    Seq second;
    ConnId one;
    ConnId other;

    void open() {
        listen(5);
        first = establish(1) + 1;
        second = establish(2) + 1;
        one = accept();
        other = accept();
    }
    Seq establish(std::uint16_t port) {
        wire::TcpOptions options;
        options.mss = 1460;
        options.sack_permitted = true;
        const auto left =
            host().deliver(peer(port), {.flags = TcpFlag::syn, .seq = irs, .options = options});
        (void)last_ack(left.at(0).header.seq, port);
        return left[0].header.seq;
    }
    std::vector<std::size_t> sizes(const std::vector<Left>& left) {
        std::vector<std::size_t> all;
        for (const Left& one_left : left) all.push_back(one_left.text);
        return all;
    }
    void too_big(Seq quoted, std::uint16_t mtu) {
        (void)engine().on_icmp(host().turn(), peer(1), quoted, IcmpError::fragmentation_needed,
                               mtu);
    }
};

TEST_F(PathTest,
       TCP_PMTU_002_and_TCP_PMTU_017_what_was_too_big_leaves_again_at_once_in_smaller_segments) {
    open();
    host().write(one, std::string(1460, 'x'));
    EXPECT_EQ(sizes(host().flush()), (std::vector<std::size_t>{1460}));
    const std::uint32_t cwnd = engine().path_view(one).cwnd * 1460;
    too_big(first, 800);
    EXPECT_EQ(sizes(host().flush()), (std::vector<std::size_t>{760, 700}));
    EXPECT_GE(engine().path_view(one).cwnd * 760 + 760, cwnd);
    too_big(first, 800);  // TCP-PMTU-017
    too_big(first, 1500);
    EXPECT_TRUE(host().flush().empty());
}

TEST_F(PathTest, TCP_PMTU_010_what_quotes_nothing_of_ours_changes_nothing) {
    open();
    host().write(one, std::string(1460, 'x'));
    (void)host().flush();
    too_big(first + 100'000, 800);
    too_big(first - 1, 800);
    EXPECT_TRUE(host().flush().empty());
    EXPECT_EQ(engine().path_view(one).path_mtu, 1500);
}

TEST_F(PathTest, TCP_PMTU_009_and_TCP_PMTU_016_all_that_go_to_the_destination_learn_it) {
    open();
    host().write(one, std::string(1460, 'x'));
    (void)host().flush();
    too_big(first, 1000);
    host().write(other, std::string(1460, 'y'));
    const auto left = host().flush();
    ASSERT_FALSE(left.empty());
    for (const Left& each : left) EXPECT_LE(each.text, 960U);
    // TCP-PMTU-016: a later SYN-ACK to the same host offers what the path takes.
    const auto syn_ack = syn(3);
    ASSERT_EQ(syn_ack.size(), 1U);
    EXPECT_EQ(syn_ack[0].header.options.mss, 960);
    FourTuple elsewhere = peer(3);
    elsewhere.remote.addr = Ipv4{10, 0, 0, 3};
    const auto other_host = host().deliver(elsewhere, {.flags = TcpFlag::syn, .seq = irs});
    ASSERT_EQ(other_host.size(), 1U);
    EXPECT_EQ(other_host[0].header.options.mss, 1460);
}

TEST_F(PathTest, TCP_PMTU_007_and_TCP_PMTU_008_after_ten_minutes_full_segments_are_tried) {
    open();
    host().write(one, std::string(1460, 'x'));
    (void)host().flush();
    too_big(first, 800);
    (void)host().flush();
    (void)host().deliver(peer(1), {.flags = TcpFlag::ack, .seq = theirs, .ack = first + 1460});
    (void)host().run(599s);
    host().write(one, std::string(1460, 'x'));
    EXPECT_EQ(sizes(host().flush()), (std::vector<std::size_t>{760, 700}));
    (void)host().deliver(peer(1), {.flags = TcpFlag::ack, .seq = theirs, .ack = first + 2920});
    (void)host().run(2s);
    host().write(one, std::string(1460, 'x'));
    EXPECT_EQ(sizes(host().flush()), (std::vector<std::size_t>{1460}));
}

TEST_F(PathTest, TCP_PMTU_001_segments_are_not_to_be_fragmented) {
    open();
    host().write(one, std::string(1460, 'x'));
    const auto segment = engine().next_segment(host().turn());
    ASSERT_TRUE(segment);
    EXPECT_EQ(segment->dont_fragment, event::Switch::on);
}

// The search of RFC 4821 in a connection whose path takes everything: probes among ordinary
// segments, each larger than the last, until the gap is closed.
TEST_F(PathTest, TCP_PMTU_013_probes_that_arrive_raise_the_segment) {
    config.mtu_probing = event::MtuProbing::always;
    config.send_buffer = config.send_buffer_max = 1'000'000;
    open();
    std::size_t smallest = 1460;  // full segment of the first round
    std::size_t largest = 0;
    Seq acked = first;
    Seq end = first;
    for (int round = 0; round < 60; ++round) {
        host().write(one, std::string(20'000, 'x'));
        for (const Left& left : host().flush()) {
            end = later(end, left.header.seq + static_cast<std::uint32_t>(left.text));
            if (round == 0 && left.text > 1000) smallest = std::min(smallest, left.text);
            largest = std::max(largest, left.text);
        }
        host().now += 10ms;
        if (acked == end) continue;
        acked = end;
        for (const Left& left :
             host().deliver(peer(1), {.flags = TcpFlag::ack, .seq = theirs, .ack = acked})) {
            end = later(end, left.header.seq + static_cast<std::uint32_t>(left.text));
            largest = std::max(largest, left.text);
        }
    }
    EXPECT_EQ(smallest, 1024U);
    EXPECT_GE(largest, 1460U - 8U);
    EXPECT_LE(largest, 1460U);
    EXPECT_GE(engine().path_view(one).mss, 1460U - 8U);
}

TEST_F(PathTest, TCP_PMTU_003_an_mtu_of_zero_means_552_without_df) {
    open();
    host().write(one, std::string(1000, 'x'));
    (void)host().flush();
    too_big(first, 0);
    const auto segment = engine().next_segment(host().turn());
    ASSERT_TRUE(segment);
    EXPECT_EQ(segment->summary.length, 512U);
    EXPECT_EQ(segment->dont_fragment, event::Switch::off);
}

// Nothing is ever acknowledged: the fifth time the segment is smaller, and then half of that.
TEST_F(PathTest, TCP_PMTU_012_a_black_hole_makes_segments_smaller) {
    config.mtu_probing = event::MtuProbing::black_hole;
    open();
    host().write(one, std::string(1460, 'x'));
    (void)host().flush();
    std::vector<std::size_t> seen;
    for (const Left& left : host().run(9s)) {
        if (seen.empty() || seen.back() != left.text) seen.push_back(left.text);
    }
    ASSERT_GE(seen.size(), 2U);
    EXPECT_EQ(seen[0], 1460U);
    EXPECT_EQ(seen[1], 1024U);
    EXPECT_EQ(host().log.all<event::CongestionChange>().empty(), false);
    const auto changes = host().log.all<event::CongestionChange>();
    EXPECT_TRUE(std::ranges::any_of(changes, [](const auto& change) {
        return change.reason == event::Reason::path_black_hole;
    }));
}

TEST_F(PathTest, TCP_PMTU_012_without_probing_the_segment_stays_whole) {
    open();
    host().write(one, std::string(1460, 'x'));
    (void)host().flush();
    for (const Left& left : host().run(9s)) EXPECT_EQ(left.text, 1460U);
}

TEST(MtuSearch, A_search_that_begins_at_nothing_keeps_to_the_smallest_segment) {
    MtuSearch search;
    search.begin(0, 1460, start);
    EXPECT_EQ(search.low(), 48U);
    search.shrink(0);
    EXPECT_EQ(search.low(), 48U);
    search.begin(0, 40, start);
    search.shrink(0);
    EXPECT_EQ(search.low(), 40U);
}

TEST(MtuSearch, What_is_sent_again_decides_the_probe_only_where_it_begins_as_the_probe_does) {
    MtuSearch search;
    search.begin(1000, 1460, start);
    search.on_sent(Seq{5000}, 1230);
    search.on_resent(Seq{6230}, 100, start);
    EXPECT_TRUE(search.is_out());
    search.on_resent(Seq{6000}, 100, start);  // nothing is learned
    EXPECT_FALSE(search.is_out());
    EXPECT_EQ(search.next(), 1230U);
    search.on_sent(Seq{5000}, 1230);
    search.on_resent(Seq{5000}, 100, start);  // lost
    EXPECT_EQ(search.next(), 1114U);
}

}  // namespace
}  // namespace dt::tcp
