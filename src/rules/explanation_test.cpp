// What is said of an address in use and of a connect that failed: who and what decided, and what
// would help (API-BIND-039, API-CONN-034).
#include <gmock/gmock.h>

#include <cerrno>

#include "rules/capture.hpp"
#include "rules/engine.hpp"
#include "rules/words.hpp"

namespace dt::rules {
namespace {

using event::State;
using ::testing::AllOf, ::testing::HasSubstr;

Endpoint at(std::string_view text) { return *Endpoint::parse(text); }

/// All that a report prints of the only finding, in its order.
std::string said(const Verdict& verdict) {
    if (verdict.findings.size() != 1) return {};
    const Finding& finding = verdict.findings.front();
    std::string text = say(Language::english, finding, finding.head);
    for (const auto& parts : {finding.proofs, finding.fixes}) {
        for (const std::string_view part : parts)
            text += "\n" + say(Language::english, finding, part);
    }
    return text;
}

Evidence refused_bind(Socket holder) {
    Evidence evidence;
    Call call;
    call.kind = CallKind::bind;
    call.error = EADDRINUSE;
    call.address = at("*:8080");
    call.options = SocketOptions{.has_reuse_addr = false, .local = {}, .remote = {}};
    evidence.call = call;
    evidence.after.sockets = {std::move(holder)};
    return evidence;
}

TEST(Explanation, API_BIND_039_an_address_in_use_names_its_holder_the_state_and_what_would_help) {
    Socket listener;
    listener.cookie = 1;
    listener.local = at("*:8080");
    listener.state = State::listen;
    listener.inode = 11;
    Evidence evidence = refused_bind(listener);
    evidence.owners[11] = {42, 3};
    evidence.processes[42].pid = 42;
    evidence.processes[42].name = "nginx";
    EXPECT_THAT(said(judge(evidence)),
                AllOf(HasSubstr("EADDRINUSE"), HasSubstr("nginx[42]"), HasSubstr("*:8080"),
                      HasSubstr("LISTEN"), HasSubstr("SO_REUSEPORT")));
}

TEST(Explanation, API_BIND_039_a_port_in_TIME_WAIT_says_for_how_long_and_which_option_allows_it) {
    Socket old;
    old.cookie = 2;
    old.local = at("10.0.0.2:8080");
    old.remote = at("10.0.0.1:51514");
    old.state = State::time_wait;
    old.timer = Timer::time_wait;
    old.expires_ms = 41'000;
    EXPECT_THAT(
        said(judge(refused_bind(old))),
        AllOf(HasSubstr("EADDRINUSE"), HasSubstr("TIME-WAIT for 41 s"), HasSubstr("SO_REUSEADDR")));
}

SeenSegment syn(std::uint64_t packet, Duration after) {
    SeenSegment segment;
    segment.packet = packet;
    segment.at = Instant{} + after;
    segment.from = at("10.0.0.1:40000");
    segment.to = at("10.0.0.2:80");
    segment.has_syn = true;
    return segment;
}

TEST(Explanation, API_CONN_034_a_refused_connect_quotes_the_reset) {
    Capture capture;
    capture.add(syn(7, 0s));
    SeenSegment reset;
    reset.packet = 8;
    reset.from = at("10.0.0.2:80");
    reset.to = at("10.0.0.1:40000");
    reset.ack = 1;
    reset.has_rst = reset.has_ack = true;
    capture.add(reset);
    EXPECT_THAT(said(capture.judge()),
                AllOf(HasSubstr("10.0.0.1:40000 to 10.0.0.2:80"), HasSubstr("refused by a reset"),
                      HasSubstr("p8 is the reset")));
}

TEST(Explanation, API_CONN_034_an_unreachable_host_quotes_the_ICMP_error_and_its_sender) {
    Capture capture;
    capture.add(syn(7, 0s));
    capture.add(SeenError{.packet = 9,
                          .refusal = Refusal::host,
                          .by = *IpAddr::parse("10.0.0.254"),
                          .from = at("10.0.0.1:40000"),
                          .to = at("10.0.0.2:80")});
    EXPECT_THAT(said(capture.judge()), AllOf(HasSubstr("ICMP: the host cannot be reached"),
                                             HasSubstr("p9 came from 10.0.0.254")));
}

TEST(Explanation, API_CONN_034_a_connect_that_timed_out_quotes_its_SYNs_and_that_nothing_came) {
    Capture capture;
    std::uint64_t packet = 3;
    for (const Duration after : {Duration{0s}, Duration{1s}, Duration{3s}, Duration{7s}}) {
        capture.add(syn(packet, after));
        packet += 2;
    }
    EXPECT_THAT(said(capture.judge()),
                AllOf(HasSubstr("no answer to 4 SYNs"), HasSubstr("SYNs from p3 to p9"),
                      HasSubstr("no reset, no ICMP")));
}

}  // namespace
}  // namespace dt::rules
