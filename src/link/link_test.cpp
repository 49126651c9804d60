// Links: who gets a frame, when, and what the rules did to it.
#include "link/link.hpp"

#include <gtest/gtest.h>

#include <memory>

#include "link/frame_fixture.hpp"
#include "link/grammar.hpp"

namespace dt::link {
namespace {

constexpr Instant start{};
constexpr TcpFlags syn = TcpFlag::syn;
constexpr TcpFlags syn_ack = TcpFlag::syn | TcpFlag::ack;
constexpr TcpFlags ack = TcpFlag::ack;
constexpr TcpFlags fin_ack = TcpFlag::fin | TcpFlag::ack;

/// A link of `hosts` hosts a, b, c… with `settings` and `faults` in their source text.
class Bench {
  public:
    Bench(std::size_t hosts, const std::string& settings,
          const std::vector<std::string>& faults = {}, std::uint64_t seed = 1) {
        LinkSpec spec;
        for (std::size_t i = 0; i < hosts; ++i)
            spec.hosts.push_back(std::string(1, static_cast<char>('a' + i)));
        if (!settings.empty()) spec.items.push_back(*parse_link(settings));
        std::vector<FaultSpec> parsed;
        for (const std::string& fault : faults) parsed.push_back(*parse_fault(fault));
        rules = std::make_unique<Rules>(seed, std::span(&spec, 1), parsed);
        surroundings = std::make_unique<Surroundings>(Surroundings{*rules, pool, sink, nullptr});
        link = std::make_unique<Link>(0, spec, *surroundings);
        rules->begin(start);
    }

    std::uint64_t send(Instant now, const SegmentText& what) {
        FramePtr frame = segment_frame(pool, what);
        frame->id = ++sent;
        link->send(now, static_cast<PortIndex>(what.from - 1), std::move(frame));
        return sent;
    }
    /// Frames that have arrived by `now`: (id, port).
    std::vector<std::pair<std::uint64_t, PortIndex>> arrivals(Instant now) const {
        std::vector<std::pair<std::uint64_t, PortIndex>> found;
        while (InFlight* flight = link->arrived(now)) {
            found.emplace_back(flight->frame->id, flight->port);
            link->pop();
        }
        return found;
    }
    std::size_t count_arrivals(Instant now) const { return arrivals(now).size(); }

    buf::Pool pool;
    KeepingSink sink;
    std::unique_ptr<Rules> rules;
    std::unique_ptr<Surroundings> surroundings;
    std::unique_ptr<Link> link;
    std::uint64_t sent = 0;
};

using Arrivals = std::vector<std::pair<std::uint64_t, PortIndex>>;

TEST(Link, WithoutDelayAFrameArrivesAtTheSameInstantAtTheOtherEnd) {
    Bench bench(2, "");
    bench.send(start, {.flags = syn});
    EXPECT_EQ(bench.link->deadline(), start);
    EXPECT_EQ(bench.arrivals(start), (Arrivals{{1, 1}}));
    EXPECT_EQ(bench.link->deadline(), never);
    EXPECT_TRUE(bench.link->is_clean());
}

TEST(Link, DelayHoldsAFrameExactlyThatLong) {
    Bench bench(2, "delay=20ms");
    bench.send(start + 1ms, {.flags = syn});
    EXPECT_EQ(bench.link->deadline(), start + 21ms);
    EXPECT_EQ(bench.count_arrivals(start + 21ms - 1ns), 0U);
    EXPECT_EQ(bench.count_arrivals(start + 21ms), 1U);
    EXPECT_TRUE(bench.link->is_clean()) << "a delay-only link takes super-segments";
}

TEST(Link, JitterDelaysUnevenlyAndKeepsTheOrder) {
    Bench bench(2, "delay=1ms,jitter=5ms");
    for (int i = 0; i < 50; ++i) bench.send(start + i * 100us, {.flags = ack, .text = "x"});
    Arrivals expected;
    for (std::uint64_t i = 1; i <= 50; ++i) expected.emplace_back(i, 1);
    EXPECT_EQ(bench.arrivals(start + 20ms), expected);
    EXPECT_TRUE(bench.sink.events.empty());
}

TEST(Switch, FloodsUnknownStationsAndLearnsKnownOnes) {
    Bench bench(4, "");
    bench.send(start, {.from = 1, .to = 3, .flags = syn});
    EXPECT_EQ(bench.arrivals(start), (Arrivals{{1, 1}, {1, 2}, {1, 3}}));
    bench.send(start, {.from = 3, .to = 1, .flags = syn_ack});
    EXPECT_EQ(bench.arrivals(start), (Arrivals{{2, 0}}));
    bench.send(start, {.from = 1, .to = 3, .flags = ack});
    EXPECT_EQ(bench.arrivals(start), (Arrivals{{3, 2}}));
}

TEST(Switch, FloodedCopiesShareTheirText) {
    Bench bench(3, "");
    bench.send(start, {.from = 1, .to = 2, .flags = ack, .text = "hello"});
    const auto* first = bench.link->arrived(start)->frame->slices()[0].octets().data();
    bench.link->pop();
    EXPECT_EQ(bench.link->arrived(start)->frame->slices()[0].octets().data(), first);
}

TEST(Link, LosesTheShareItWasTold) {
    Bench bench(2, "loss=10%");
    for (int i = 0; i < 5000; ++i) bench.send(start, {.flags = ack, .text = "x"});
    const std::size_t lost = bench.sink.touched().size();
    EXPECT_NEAR(static_cast<double>(lost), 500, 90);
    EXPECT_EQ(bench.count_arrivals(start), 5000 - lost);
    EXPECT_EQ(bench.rules->text(bench.sink.touched()[0].rule), "loss=10%");
    EXPECT_EQ(bench.sink.touched()[0].fate, event::FrameFate::lost);
    EXPECT_FALSE(bench.link->is_clean());
}

std::vector<std::uint64_t> lost_of_flow(std::uint64_t seed, bool with_other_traffic) {
    Bench bench(2, "loss=20%", {}, seed);
    std::vector<std::uint64_t> lost;
    bench.send(start, {.flags = syn, .seq = 7, .port = 40000});
    for (std::uint32_t i = 0; i < 100; ++i) {
        if (with_other_traffic) bench.send(start, {.flags = ack, .text = "y", .port = 50000});
        const std::size_t before = bench.sink.touched().size();
        const auto id = bench.send(start, {.flags = ack, .seq = 8 + i, .text = "x", .port = 40000});
        const auto touched = bench.sink.touched();
        if (touched.size() > before && touched.back().frame == id) lost.push_back(i);
    }
    return lost;
}

TEST(Link, OneSeedLosesTheSameFramesOfAFlowWhateverElsePasses) {
    EXPECT_EQ(lost_of_flow(5, false), lost_of_flow(5, true));
    EXPECT_NE(lost_of_flow(5, false), lost_of_flow(6, false));
    EXPECT_FALSE(lost_of_flow(5, false).empty());
}

TEST(Link, DuplicatesGetANumberOfTheirOwn) {
    Bench bench(2, "dup=100%");
    bench.send(start, {.flags = syn});
    const auto touched = bench.sink.touched();
    ASSERT_EQ(touched.size(), 1U);
    EXPECT_EQ(touched[0].fate, event::FrameFate::duplicated);
    EXPECT_EQ(touched[0].frame, 1U);
    EXPECT_EQ(bench.arrivals(start), (Arrivals{{touched[0].copy, 1}, {1, 1}}));
}

TEST(Link, CorruptChangesAPrivateCopyAndMarksTheFrame) {
    Bench bench(2, "corrupt=100%");
    FramePtr frame = segment_frame(bench.pool, {.flags = ack, .text = "unchanged"});
    const Slice text = frame->slices()[0];
    std::vector<std::byte> before(frame->size());
    frame->copy_to(before);
    bench.link->send(start, 0, std::move(frame));
    const InFlight* flight = bench.link->arrived(start);
    ASSERT_NE(flight, nullptr);
    EXPECT_EQ(flight->frame->marked_bad, 1);
    std::vector<std::byte> after(flight->frame->size());
    flight->frame->copy_to(after);
    ASSERT_EQ(before.size(), after.size());
    int bits = 0;
    for (std::size_t i = 0; i < before.size(); ++i)
        bits += std::popcount(std::to_integer<unsigned>(before[i] ^ after[i]));
    EXPECT_EQ(bits, 1);
    EXPECT_EQ(std::to_integer<char>(text.octets()[0]), 'u') << "a slice is never written";
    EXPECT_EQ(bench.sink.touched()[0].fate, event::FrameFate::corrupted);
}

TEST(Link, ReorderLetsLaterFramesPass) {
    Bench bench(2, "", {"reorder,seg=data,nth=2"});
    for (int i = 0; i < 4; ++i) bench.send(start, {.flags = ack, .text = "x"});
    EXPECT_EQ(bench.arrivals(start), (Arrivals{{1, 1}, {3, 1}, {4, 1}}));
    const auto touched = bench.sink.touched();
    ASSERT_EQ(touched.size(), 1U);
    EXPECT_EQ(touched[0].fate, event::FrameFate::delayed);
    EXPECT_GE(touched[0].by, Rules::reorder_step);
    EXPECT_EQ(bench.arrivals(start + touched[0].by), (Arrivals{{2, 1}}));
}

TEST(Link, RateSpacesFramesAndItsQueueOverflows) {
    Bench bench(2, "rate=8Mbit,queue=300B");  // 1 octet a microsecond
    const SegmentText what{.flags = ack, .text = "0123456789"};
    const std::size_t octets = segment_frame(bench.pool, what)->size();
    ASSERT_EQ(octets, 64U);
    for (int i = 0; i < 8; ++i) bench.send(start, what);
    EXPECT_EQ(bench.count_arrivals(start + 64us), 1U);
    EXPECT_EQ(bench.count_arrivals(start + 128us - 1ns), 0U);
    EXPECT_EQ(bench.count_arrivals(start + 1s), 3U) << "one on the wire and 300 octets waiting";
    const auto touched = bench.sink.touched();
    ASSERT_EQ(touched.size(), 4U);
    EXPECT_EQ(touched[0].fate, event::FrameFate::queue_full);
    EXPECT_EQ(bench.rules->text(touched[0].rule), "queue=300B");
    bench.send(start + 2s, what);
    EXPECT_EQ(bench.count_arrivals(start + 3s), 1U) << "an empty queue takes frames again";
}

struct Nth {
    const char* fault;
    std::vector<std::uint64_t> lost;
};
/// Which of eleven segments of two connections `fault` loses.
std::vector<std::uint64_t> lost_by(const std::string& fault, Family family) {
    Bench bench(2, "", {fault});
    const auto send = [&](SegmentText what) {
        what.family = family;
        bench.send(start, what);
    };
    send({.flags = syn, .seq = 100});                                  // 1
    send({.flags = syn, .seq = 100});                                  // 2
    send({.from = 2, .to = 1, .flags = syn_ack, .seq = 900});          // 3
    send({.flags = ack, .seq = 101});                                  // 4
    send({.flags = ack, .seq = 101, .text = "0123456789"});            // 5
    send({.from = 2, .to = 1, .flags = ack, .seq = 901});              // 6
    send({.flags = ack, .seq = 111, .text = "0123456789"});            // 7
    send({.flags = fin_ack, .seq = 121, .text = "bye"});               // 8
    send({.from = 2, .to = 1, .flags = fin_ack, .seq = 901});          // 9
    send({.flags = syn, .seq = 5, .port = 40001});                     // 10
    send({.from = 2, .to = 1, .flags = TcpFlag::rst, .port = 40001});  // 11
    std::vector<std::uint64_t> lost;
    for (const auto& touched : bench.sink.touched()) lost.push_back(touched.frame);
    EXPECT_EQ(bench.count_arrivals(start), 11 - lost.size());
    return lost;
}
class NthFault : public testing::TestWithParam<Nth> {};
TEST_P(NthFault, LosesExactlyThatSegment) {
    EXPECT_EQ(lost_by(GetParam().fault, Family::v4), GetParam().lost) << GetParam().fault;
}
TEST_P(NthFault, LosesTheSameSegmentOverIpv6) {
    EXPECT_EQ(lost_by(GetParam().fault, Family::v6), GetParam().lost) << GetParam().fault;
}
INSTANTIATE_TEST_SUITE_P(
    All, NthFault,
    testing::Values(Nth{"drop,seg=syn,nth=1", {1}}, Nth{"drop,seg=syn,nth=2..3", {2, 10}},
                    Nth{"drop,seg=synack,nth=1", {3}}, Nth{"drop,seg=ack,nth=1", {4}},
                    Nth{"a->b: drop,seg=ack,nth=2", {}}, Nth{"b->a: drop,seg=ack,nth=1", {6}},
                    Nth{"drop,seg=data,nth=2", {7}}, Nth{"drop,seg=data,after=10B,nth=1", {7}},
                    Nth{"drop,seg=data,after=20B", {8}}, Nth{"drop,seg=fin,nth=1", {8}},
                    Nth{"drop,seg=fin,nth=2", {9}}, Nth{"drop,seg=rst", {11}},
                    Nth{"drop,flow=2", {10, 11}}, Nth{"drop,port=40001", {10, 11}},
                    Nth{"drop,every=5", {5, 10}}, Nth{"drop,p=0%", {}}, Nth{"a: silence,at=1s", {}},
                    Nth{"b: silence,at=0s,for=1s", {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}}));

TEST(Fault, LargerCountsTheOctetsOfTheIpPacket) {
    EXPECT_EQ(lost_by("drop,larger=49B", Family::v4), (std::vector<std::uint64_t>{5, 7}));
    EXPECT_EQ(lost_by("drop,larger=50B", Family::v4), (std::vector<std::uint64_t>{}));
    EXPECT_EQ(lost_by("drop,larger=69B", Family::v6), (std::vector<std::uint64_t>{5, 7}));
    EXPECT_EQ(lost_by("drop,larger=70B", Family::v6), (std::vector<std::uint64_t>{}));
}

class MarkFault : public testing::TestWithParam<Family> {};
// RFC 3168 §5: a router marks what is ECN-capable, and nothing else.
TEST_P(MarkFault, SetsCongestionExperiencedInWhatIsCapable) {
    Bench bench(2, "", {"mark,seg=data"});
    for (std::uint8_t ecn = 0; ecn <= 3; ++ecn) {
        bench.send(start, {.flags = ack, .text = "x", .family = GetParam(), .ecn = ecn});
        const InFlight* flight = bench.link->arrived(start);
        ASSERT_NE(flight, nullptr);
        const auto packet = flight->frame->front().subspan(wire::EthernetRepr::size());
        const bool is_v4 = GetParam() == Family::v4;
        const auto word = load_be<std::uint16_t>(packet, 0);
        EXPECT_EQ((is_v4 ? word : word >> 4) & 3, ecn == 0 ? 0 : 3) << int{ecn};
        const bool is_sum_right = Checksum().add(packet.first(20)).is_correct();
        EXPECT_TRUE(!is_v4 || is_sum_right) << int{ecn};
        bench.link->pop();
    }
}
TEST_P(MarkFault, LeavesOtherSegmentsAlone) {
    Bench bench(2, "", {"mark,seg=data"});
    bench.send(start, {.flags = ack, .family = GetParam(), .ecn = 2});
    const auto packet = bench.link->arrived(start)->frame->front();
    const auto word = load_be<std::uint16_t>(packet, wire::EthernetRepr::size());
    EXPECT_EQ((GetParam() == Family::v4 ? word : word >> 4) & 3, 2);
}
INSTANTIATE_TEST_SUITE_P(Both, MarkFault, testing::Values(Family::v4, Family::v6));

TEST(Fault, TimeWindowBeginsWithTheWorldAndEnds) {
    Bench bench(2, "", {"b: silence,at=2s,for=1s"});
    const auto lost_at = [&](Instant now) {
        const std::size_t before = bench.sink.touched().size();
        bench.send(now, {.flags = ack});
        return bench.sink.touched().size() > before;
    };
    EXPECT_FALSE(lost_at(start + 2s - 1ns));
    EXPECT_TRUE(lost_at(start + 2s));
    EXPECT_TRUE(lost_at(start + 3s - 1ns));
    EXPECT_FALSE(lost_at(start + 3s));
}

TEST(Fault, DelayHoldsOneSegmentBackAndSaysByHowMuch) {
    Bench bench(2, "delay=1ms", {"delay,seg=syn,nth=1,by=40ms"});
    bench.send(start, {.flags = syn});
    bench.send(start, {.flags = ack});
    EXPECT_EQ(bench.arrivals(start + 1ms), (Arrivals{{2, 1}}));
    EXPECT_EQ(bench.link->deadline(), start + 41ms);
    EXPECT_EQ(bench.sink.touched()[0].by, Duration(40ms));
}

TEST(FlightQueue, HandsOutByTimeThenByOrderOfSending) {
    buf::Pool pool;
    FlightQueue queue;
    Rng rng(3);
    for (int i = 0; i < 500; ++i)
        queue.push(start + Duration{static_cast<std::int64_t>(rng.below(40))}, 0, pool.frame());
    Instant last{};
    std::uint64_t last_order = 0;
    while (!queue.empty()) {
        const InFlight& flight = queue.front();
        ASSERT_GE(flight.arrival, last);
        if (flight.arrival == last && last_order != 0) {
            ASSERT_GT(flight.order + 1, last_order);
        }
        last = flight.arrival;
        last_order = flight.order + 1;
        queue.pop();
    }
    EXPECT_EQ(pool.frames_in_use(), 0U);
}

}  // namespace
}  // namespace dt::link
