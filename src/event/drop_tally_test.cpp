// Tests of the counters of what is dropped.
#include "event/drop_tally.hpp"

#include <gtest/gtest.h>

#include <numeric>

namespace dt::event {
namespace {

class Ear final : public Sink {
  public:
    void on_event(Instant, HostIndex, const Body&) override { ++heard; }
    int heard = 0;
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

}  // namespace
}  // namespace dt::event
