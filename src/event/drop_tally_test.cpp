// Tests of the counters of what is dropped.
#include "event/drop_tally.hpp"

#include <gtest/gtest.h>

#include <numeric>
#include <utility>

namespace dt::event {
namespace {

class Ear final : public Sink {
  public:
    explicit Ear(Detail detail = Detail::segments) : detail_(detail) {}
    void on_event(Instant, HostIndex, const Body&) override { ++heard; }
    [[nodiscard]] Detail detail() const override { return detail_; }
    int heard = 0;

  private:
    Detail detail_;
};

/// What has a step, a reason and nothing else.
template <class T>
T told(Step step, Reason reason) {
    T body{};
    body.step = step;
    body.reason = reason;
    return body;
}

PacketDropped packet_dropped(Reason reason) {
    PacketDropped body{};
    body.reason = reason;
    return body;
}

std::uint64_t total(const DropTally& tally) {
    return std::accumulate(tally.counts().begin(), tally.counts().end(), std::uint64_t{0});
}

TEST(DropTally, CountsEachKindOfDropByItsReasonAndPassesItOn) {
    Ear ear;
    DropTally tally(ear);
    tally.on_event({}, 0, SegmentDropped{{}, Reason::paws});
    tally.on_event({}, 0, packet_dropped(Reason::bad_header));
    tally.on_event({}, 0, told<DatagramMoved>(Step::dropped, Reason::bad_header));
    tally.on_event({}, 0, told<IcmpMoved>(Step::dropped, Reason::not_offered));
    EXPECT_EQ(tally.counts()[static_cast<std::size_t>(Reason::paws)], 1U);
    EXPECT_EQ(tally.counts()[static_cast<std::size_t>(Reason::bad_header)], 2U);
    EXPECT_EQ(tally.counts()[static_cast<std::size_t>(Reason::not_offered)], 1U);
    EXPECT_EQ(total(tally), 4U);
    EXPECT_EQ(ear.heard, 4);
}

TEST(DropTally, DoesNotCountWhatMovesOnOrIsOnlyTold) {
    Ear ear;
    DropTally tally(ear);
    tally.on_event({}, 0, SegmentSent{{}, Reason::no_listener});
    tally.on_event({}, 0, told<DatagramMoved>(Step::sent, Reason::none));
    tally.on_event({}, 0, told<IcmpMoved>(Step::received, Reason::none));
    Transition moved{};
    moved.reason = Reason::reset_by_peer;
    tally.on_event({}, 0, moved);
    EXPECT_EQ(total(tally), 0U);
    EXPECT_EQ(ear.heard, 4);
}

TEST(DropTally, CountsDropsThoughNobodyListens) {
    NullSink nobody;
    DropTally tally(nobody);
    const Config config;
    const Turn turn({}, config, tally, 0);
    turn.emit(SegmentDropped{{}, Reason::paws});
    turn.emit(packet_dropped(Reason::bad_header));
    turn.emit(told<DatagramMoved>(Step::dropped, Reason::bad_checksum));
    turn.emit(told<IcmpMoved>(Step::dropped, Reason::icmp_rate_limited));
    EXPECT_EQ(total(tally), 4U);
}

TEST(DropTally, WhoListensToDropsAloneIsToldOfNothingElse) {
    const Config config;
    for (const auto& [detail, heard] : {std::pair{Detail::drops, 1}, {Detail::rare, 2}}) {
        Ear ear(detail);
        DropTally tally(ear);
        const Turn turn({}, config, tally, 0);
        turn.emit(packet_dropped(Reason::bad_header));
        turn.emit(TimerFired{});
        EXPECT_EQ(ear.heard, heard);
        EXPECT_FALSE(turn.wants_segments());
    }
}

}  // namespace
}  // namespace dt::event
