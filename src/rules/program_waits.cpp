// Waits of a traced program: a stale connection, a request sent again, names and IPv6 first.
#include "rules/program_waits.hpp"

#include "rules/number_text.hpp"

namespace dt::rules {

namespace {

Finding about(const Call& call, unsigned number) {
    Finding finding{rule(number), text_of(call.address)};
    finding.pid = call.pid;
    finding.say("program", call.program + "[" + std::to_string(call.pid) + "]")
        .say("fd", std::to_string(call.fd))
        .say("peer", text_of(call.address));
    return finding;
}

std::uint64_t milliseconds(Duration time) {
    return static_cast<std::uint64_t>(time.count() / 1'000'000);
}

}  // namespace

void stale_connection(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || !call->stale) return;
    Finding finding = about(*call, 36);
    finding.say("idle", span(call->stale->idle))
        .fact(Source::call, "idle_ms", milliseconds(call->stale->idle));
    out.push_back(std::move(finding.proof("proof").fix("fix").fix("fix.retry")));
}

void request_sent_again(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || !call->repeat) return;
    Finding finding = about(*call, 43);
    finding.say("wait", span(call->repeat->waited))
        .say("segments", call->repeat->segments)
        .fact(Source::call, "waited_ms", milliseconds(call->repeat->waited))
        .fact(Source::sd, "total_retrans", call->repeat->segments);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

void slow_start(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call) return;
    if (call->lookup) {
        Finding finding = about(*call, 53);
        finding.say("wait", span(call->lookup->waited))
            .say("queries", call->lookup->queries)
            .fact(Source::call, "waited_ms", milliseconds(call->lookup->waited));
        out.push_back(std::move(finding.proof("proof").fix("fix")));
    }
    if (call->race) {
        Finding finding = about(*call, 53);
        finding.subject = text_of(call->race->other);
        finding.head = "head.race";
        finding.say("other", text_of(call->race->other))
            .say("ahead", span(call->race->ahead))
            .fact(Source::call, "ahead_ms", milliseconds(call->race->ahead));
        out.push_back(std::move(finding.proof("proof.race").fix("fix.race")));
    }
}

}  // namespace dt::rules
