// What a run keeps of its events.
#include "cli/run_log.hpp"

#include <gtest/gtest.h>

namespace dt::cli {
namespace {

event::CallMade lost_call(std::int32_t pid, std::uint16_t port) {
    event::CallMade call;
    call.call = event::Call::connect;
    call.caller = {pid, 3};
    call.argument = {IpAddr::loopback_v4(), Port{port}};
    call.error = Error::network_unreachable;
    return call;
}

TEST(RunLog, AnEventMoreTakesNoMemory) {
    observe::Trace trace;
    RunLog log(trace, KeepEvents::no, nullptr, nullptr);
    for (int i = 0; i < 10'000; ++i) log.on_event(Instant{} + Duration{i}, 0, event::SegmentSent{});
    EXPECT_EQ(trace.events.capacity(), 0U);
    EXPECT_TRUE(log.findings().has_segments);
    EXPECT_EQ(log.findings().began, Instant{});
    EXPECT_EQ(log.findings().ended, Instant{} + Duration{9999});
}

TEST(RunLog, EventsAreThereWhereTheyAreAskedFor) {
    observe::Trace trace;
    RunLog log(trace, KeepEvents::yes, nullptr, nullptr);
    log.on_event(Instant{}, 0, event::SegmentSent{});
    EXPECT_EQ(trace.events.size(), 1U);
}

TEST(RunLog, CallsThatNoRouteIsForAreKeptOnceEachAndAreBounded) {
    observe::Trace trace;
    RunLog log(trace, KeepEvents::no, nullptr, nullptr);
    for (int i = 0; i < 3; ++i) log.on_event({}, 0, lost_call(-7, 80));
    EXPECT_EQ(log.findings().astray.size(), 1U);
    EXPECT_FALSE(log.findings().has_segments);
    for (std::uint16_t port = 0; port < 1000; ++port) log.on_event({}, 0, lost_call(-7, port));
    EXPECT_EQ(log.findings().astray.size(), Findings::astray_max);
}

}  // namespace
}  // namespace dt::cli
