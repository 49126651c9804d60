// Rules about calls of a traced program, on evidence that is written by hand.
#include <gmock/gmock.h>

#include <cerrno>

#include "rules/engine.hpp"

namespace dt::rules {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

Endpoint at(std::string_view text) { return *Endpoint::parse(text); }

Evidence called(CallKind kind, std::int32_t error) {
    Evidence evidence;
    Call call;
    call.kind = kind;
    call.error = error;
    call.address = at("10.0.0.7:8080");
    call.options = SocketOptions{.local = at("10.0.0.1:40000"), .remote = {}};
    evidence.call = call;
    return evidence;
}

std::vector<std::string> fired(const Evidence& evidence) {
    std::vector<std::string> names;
    for (const Finding& finding : judge(evidence).findings) names.push_back(name(finding.rule));
    return names;
}

TEST(ErrnoCalls, AWaitAsLongAsItsOwnLimitIsR65) {
    Evidence evidence = called(CallKind::receive, EAGAIN);
    evidence.call->options->receive_limit = 2s;
    evidence.call->took = 2001ms;
    EXPECT_THAT(fired(evidence), ElementsAre("R65"));
    evidence.call->took = 1999ms;
    EXPECT_THAT(fired(evidence), IsEmpty());
    evidence.call->took = 2001ms;
    evidence.call->options->is_nonblocking = true;
    EXPECT_THAT(fired(evidence), IsEmpty());
}

TEST(ErrnoCalls, TheLimitForSendingIsNotThatForReceiving) {
    Evidence evidence = called(CallKind::receive, EAGAIN);
    evidence.call->options->send_limit = 1s;
    evidence.call->took = 2s;
    EXPECT_THAT(fired(evidence), IsEmpty());
}

TEST(ErrnoCalls, EpermOfASendIsAFilterUnlessConnectionTrackingIsFull) {
    Evidence evidence = called(CallKind::send, EPERM);
    EXPECT_THAT(fired(evidence), ElementsAre("R68"));
    evidence.sysctls.conntrack_count = 262'000;
    evidence.sysctls.conntrack_max = 262'144;
    EXPECT_THAT(fired(evidence), ElementsAre("R49"));
}

TEST(ErrnoCalls, ALargeDatagramIsR69OnlyWhereSizeOrPathSaysSo) {
    Evidence evidence = called(CallKind::send, EMSGSIZE);
    evidence.call->protocol = Protocol::udp;
    evidence.call->size = 65'508;
    EXPECT_THAT(fired(evidence), ElementsAre("R69"));
    evidence.call->size = 2000;
    EXPECT_THAT(fired(evidence), IsEmpty());
    evidence.call->options->may_fragment = false;
    EXPECT_THAT(fired(evidence), ElementsAre("R69"));
}

TEST(ErrnoCalls, AnIpv6AddressOfAnyKindRulesOutThatThereIsNone) {
    Evidence evidence = called(CallKind::connect, EADDRNOTAVAIL);
    evidence.call->address = at("[2001:db8::7]:80");
    EXPECT_THAT(fired(evidence), IsEmpty());  // no address was read at all
    evidence.addresses = {{at("10.0.0.1:1").addr, 24, 1, false}};
    EXPECT_THAT(fired(evidence), ElementsAre("R67"));
    evidence.addresses.push_back({at("[fe80::1]:1").addr, 64, 1, false});
    EXPECT_THAT(fired(evidence), IsEmpty());
}

TEST(ErrnoCalls, AStaleConnectionIsNotToldAsABrokenPipeToo) {
    Evidence evidence = called(CallKind::send, EPIPE);
    EXPECT_THAT(fired(evidence), ElementsAre("R35"));
    evidence.call->stale = Stale{5s};
    EXPECT_THAT(fired(evidence), ElementsAre("R36"));
}

TEST(ErrnoCalls, MemoryThatKillsConnectionsIsNeverMoreThanLikely) {
    Evidence evidence;
    evidence.before.counters.set(Counter::abort_on_memory, 1);
    evidence.after.counters.set(Counter::abort_on_memory, 4);
    const Verdict verdict = judge(evidence);
    ASSERT_EQ(verdict.findings.size(), 1U);
    EXPECT_EQ(name(verdict.findings[0].rule), "R41");
    EXPECT_EQ(verdict.findings[0].certainty, Certainty::likely);
    EXPECT_FALSE(lab_hindrance(rule(41)).empty());
}

}  // namespace
}  // namespace dt::rules
