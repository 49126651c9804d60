// Lines of doctor --watch.
#include "doctor/watch.hpp"

#include <gmock/gmock.h>

namespace dt::doctor {
namespace {

rules::Verdict with_weight(std::uint64_t weight) {
    rules::Finding finding{rules::rule(24), "*:3000"};
    finding.weight = weight;
    rules::Verdict verdict;
    verdict.findings.push_back(finding);
    return verdict;
}

constexpr Instant start{};

std::string signs(const std::vector<WatchLine>& lines) {
    std::string all;
    for (const WatchLine& line : lines) all += line.sign;
    return all;
}

TEST(Watch, AFindingIsToldOnceWhileItStaysTheSame) {
    WatchLog log(rules::Language::english);
    EXPECT_EQ(signs(log.update(start, {}, with_weight(40))), "+");
    EXPECT_EQ(signs(log.update(start + 2s, {}, with_weight(44))), "");
    EXPECT_TRUE(log.has_found());
}

TEST(Watch, AQuarterMoreOrLessIsAChange) {
    WatchLog log(rules::Language::english);
    (void)log.update(start, {}, with_weight(40));
    EXPECT_EQ(signs(log.update(start + 2s, {}, with_weight(50))), "~");
    EXPECT_EQ(signs(log.update(start + 4s, {}, with_weight(37))), "~");
}

TEST(Watch, AFindingIsGoneAfterTenQuietSeconds) {
    WatchLog log(rules::Language::english);
    (void)log.update(start, {}, with_weight(40));
    EXPECT_EQ(signs(log.update(start + 8s, {}, {})), "");
    EXPECT_EQ(signs(log.update(start + 10s, {}, {})), "-");
    EXPECT_EQ(signs(log.update(start + 12s, {}, with_weight(1))), "+");
}

TEST(Watch, WhatIsGoneSaysTheQueueOfItsListener) {
    WatchLog log(rules::Language::english);
    (void)log.update(start, {}, with_weight(40));
    rules::Evidence evidence;
    rules::Socket listener;
    listener.local = *Endpoint::parse("*:3000");
    listener.state = event::State::listen;
    listener.wqueue = 511;
    evidence.after.sockets.push_back(listener);
    const auto lines = log.update(start + 12s, evidence, {});
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].text, "R24 *:3000 0/511 for 10 s");
}

TEST(Watch, NothingFoundIsNoLine) {
    WatchLog log(rules::Language::english);
    EXPECT_TRUE(log.update(start, {}, {}).empty());
    EXPECT_FALSE(log.has_found());
}

}  // namespace
}  // namespace dt::doctor
