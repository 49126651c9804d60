// Poll masks of facts that are hard to reach by calls alone; the call matrix has the others.
#include "sock/readiness.hpp"

#include <gtest/gtest.h>

namespace dt::sock {
namespace {

constexpr std::uint16_t in = PollMask::in;
constexpr std::uint16_t out = PollMask::out;
constexpr std::uint16_t err = PollMask::err;
constexpr std::uint16_t hup = PollMask::hup;
constexpr std::uint16_t rdhup = PollMask::rdhup;

StreamFacts established() {
    StreamFacts facts;
    facts.state = event::State::established;
    facts.room = 16384;
    return facts;
}

TEST(Readiness, SimultaneousOpenIsSilent_API_POLL_005) {
    StreamFacts facts;
    facts.state = event::State::syn_received;
    EXPECT_EQ(poll_of(facts, 1).bits, 0);
}

TEST(Readiness, FullSendBufferIsNotWritable_API_POLL_008) {
    StreamFacts facts = established();
    facts.room = 0;
    facts.queued = 16384;
    EXPECT_EQ(poll_of(facts, 1).bits, 0);
}

TEST(Readiness, WritableWhenAThirdIsFree_API_IO_014) {
    StreamFacts facts = established();
    facts.queued = 6001;
    facts.room = 2999;
    EXPECT_EQ(poll_of(facts, 1).bits, 0);
    facts.queued = 6000;
    facts.room = 3000;
    EXPECT_EQ(poll_of(facts, 1).bits, out);
}

TEST(Readiness, LowWaterHoldsInBack_API_POLL_026) {
    StreamFacts facts = established();
    facts.unread = 5;
    EXPECT_EQ(poll_of(facts, 10).bits, out);
    facts.unread = 12;
    EXPECT_EQ(poll_of(facts, 10).bits, in | out);
    facts.unread = 5;
    facts.reading = Way::shut;
    EXPECT_EQ(poll_of(facts, 10).bits, in | out | rdhup);
}

TEST(Readiness, DatagramErrorIsSeen_API_POLL_022) {
    DatagramFacts facts;
    facts.error = Error::connection_refused;
    EXPECT_EQ(poll_of(facts).bits, out | err);
}

TEST(Readiness, ShutDatagramSocket_API_POLL_023) {
    DatagramFacts facts;
    facts.writing = Way::shut;
    EXPECT_EQ(poll_of(facts).bits, out);
    facts.reading = Way::shut;
    EXPECT_EQ(poll_of(facts).bits, in | out | rdhup | hup);
}

}  // namespace
}  // namespace dt::sock
