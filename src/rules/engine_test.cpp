// Rules on evidence that is written by hand: what they find, what they must not, and the order.
#include "rules/engine.hpp"

#include <gmock/gmock.h>

#include <cerrno>

namespace dt::rules {
namespace {

using event::State;
using testing::ElementsAre;
using testing::IsEmpty;

Endpoint at(std::string_view text) { return *Endpoint::parse(text); }

std::vector<std::string> fired(const Evidence& evidence) {
    std::vector<std::string> names;
    for (const Finding& finding : judge(evidence).findings) names.push_back(name(finding.rule));
    return names;
}

Socket listener(std::string_view local, std::uint32_t waiting, std::uint32_t limit,
                std::uint32_t drops) {
    Socket socket;
    socket.cookie = 1;
    socket.local = at(local);
    socket.state = State::listen;
    socket.rqueue = waiting;
    socket.wqueue = limit;
    socket.inode = 11;
    socket.memory = Memory{.drops = drops};
    return socket;
}

Evidence full_queue(std::uint32_t drops_before, std::uint32_t drops_after) {
    Evidence evidence;
    evidence.window = 2s;
    evidence.before.sockets = {listener("*:3000", 3, 2, drops_before)};
    evidence.after.sockets = {listener("*:3000", 3, 2, drops_after)};
    return evidence;
}

TEST(Engine, AFullAcceptQueueThatIgnoresSynsIsFound) {
    const Verdict verdict = judge(full_queue(5, 42));
    ASSERT_EQ(verdict.findings.size(), 1U);
    EXPECT_EQ(name(verdict.findings[0].rule), "R24");
    EXPECT_EQ(verdict.findings[0].weight, 37U);
    EXPECT_EQ(verdict.findings[0].subject, "*:3000");
}

TEST(Engine, AFullQueueThatIgnoresNobodyIsNothing) {
    EXPECT_THAT(fired(full_queue(5, 5)), IsEmpty());
}

TEST(Engine, AnotherPortThanTheOneAskedAboutIsNotTold) {
    Evidence evidence = full_queue(5, 42);
    evidence.target.endpoint = at("*:4000");
    evidence.target.is_any_address = true;
    EXPECT_THAT(fired(evidence), IsEmpty());
}

Evidence failed_bind(std::int32_t error, bool reuse) {
    Evidence evidence;
    Call call;
    call.kind = CallKind::bind;
    call.error = error;
    call.address = at("*:8080");
    call.options = SocketOptions{.has_reuse_addr = reuse, .local = {}, .remote = {}};
    evidence.call = call;
    return evidence;
}

Socket time_wait() {
    Socket socket;
    socket.cookie = 2;
    socket.local = at("10.0.0.2:8080");
    socket.remote = at("10.0.0.1:51514");
    socket.state = State::time_wait;
    socket.timer = Timer::time_wait;
    socket.expires_ms = 41'000;
    return socket;
}

TEST(Engine, TimeWaitAndNoReuseAddrIsR2OnlyLikelyWithoutAProbe) {
    Evidence evidence = failed_bind(EADDRINUSE, false);
    evidence.after.sockets = {time_wait()};
    const Verdict verdict = judge(evidence);
    ASSERT_EQ(verdict.findings.size(), 1U);
    EXPECT_EQ(name(verdict.findings[0].rule), "R2");
    EXPECT_EQ(verdict.findings[0].certainty, Certainty::likely);
}

TEST(Engine, TimeWaitAlthoughReuseAddrIsSetIsR3) {
    Evidence evidence = failed_bind(EADDRINUSE, true);
    evidence.after.sockets = {time_wait()};
    EXPECT_THAT(fired(evidence), ElementsAre("R3"));
}

TEST(Engine, AListenerBeatsTimeWaitAsTheCause) {
    Evidence evidence = failed_bind(EADDRINUSE, true);
    evidence.after.sockets = {time_wait(), listener("*:8080", 0, 5, 0)};
    EXPECT_THAT(fired(evidence), ElementsAre("R1"));
}

TEST(Engine, ASocketOnAnotherAddressIsNotTheCause) {
    Evidence evidence = failed_bind(EADDRINUSE, true);
    evidence.call->address = at("127.0.0.1:8080");
    evidence.after.sockets = {listener("10.0.0.2:8080", 0, 5, 0)};
    EXPECT_THAT(fired(evidence), IsEmpty());
}

TEST(Engine, AFailedBindWithoutAnyEvidenceHasNoCause) {
    EXPECT_THAT(fired(failed_bind(EADDRINUSE, false)), IsEmpty());
    EXPECT_THAT(fired(failed_bind(EACCES, false)), IsEmpty());
}

Evidence refused(std::uint64_t icmp, std::uint64_t fails, std::uint64_t rsts) {
    Evidence evidence;
    Call call;
    call.kind = CallKind::connect;
    call.error = ECONNREFUSED;
    call.address = at("127.0.0.1:8080");
    evidence.call = call;
    for (const Counter counter :
         {Counter::icmp_in_dest_unreachs, Counter::attempt_fails, Counter::out_rsts}) {
        evidence.before.counters.set(counter, 0);
    }
    evidence.after.counters.set(Counter::icmp_in_dest_unreachs, icmp);
    evidence.after.counters.set(Counter::attempt_fails, fails);
    evidence.after.counters.set(Counter::out_rsts, rsts);
    return evidence;
}

TEST(Engine, WhoAnsweredARefusedSynIsToldByThreeCounters) {
    EXPECT_THAT(fired(refused(0, 1, 1)), ElementsAre("R13"));
    EXPECT_THAT(fired(refused(1, 0, 0)), ElementsAre("R16"));
    EXPECT_THAT(fired(refused(1, 1, 0)), ElementsAre("R16"));
    EXPECT_THAT(fired(refused(0, 1, 0)), ElementsAre("R17"));
}

TEST(Engine, CountersThatContradictEachOtherAreNotJudged) {
    EXPECT_THAT(fired(refused(1, 1, 1)), IsEmpty());
    EXPECT_THAT(fired(refused(0, 0, 0)), IsEmpty());
}

TEST(Engine, AListenerThatTheSynReachesRulesOutThatNobodyListens) {
    Evidence evidence = refused(0, 1, 1);
    evidence.after.sockets = {listener("*:8080", 0, 5, 0)};
    EXPECT_THAT(fired(evidence), IsEmpty());
}

TEST(Engine, WhatHurtsNowComesBeforeWhatIsOnlyWasted) {
    Evidence evidence = full_queue(0, 1);
    for (std::uint64_t i = 0; i < 3; ++i) {
        Socket leak;
        leak.cookie = 100 + i;
        leak.local = at("10.0.0.2:80");
        leak.remote = at("10.0.0.1:5000");
        leak.state = State::close_wait;
        leak.inode = 50;
        evidence.before.sockets.push_back(leak);
        evidence.after.sockets.push_back(leak);
    }
    EXPECT_THAT(fired(evidence), ElementsAre("R24", "R33"));
}

}  // namespace
}  // namespace dt::rules
