// Resets and broken pipes of a traced program.
#include "rules/reset_calls.hpp"

#include <cerrno>

#include "rules/number_text.hpp"

namespace dt::rules {

namespace {

const Call* transfer(const Scene& scene, std::int32_t error) {
    const auto& call = scene.evidence.call;
    const bool is_it = call && call->error == error && call->protocol == Protocol::tcp &&
                       (call->kind == CallKind::receive || call->kind == CallKind::send);
    return is_it ? &*call : nullptr;
}

Finding about(const Call& call, unsigned number) {
    const std::string peer = call.address.port.is_any() ? "?" : text_of(call.address);
    Finding finding{rule(number), peer};
    finding.pid = call.pid;
    finding.say("program", call.program + "[" + std::to_string(call.pid) + "]")
        .say("fd", std::to_string(call.fd))
        .say("peer", peer);
    return finding;
}

bool is_gone_before_accept(const Call& call) { return call.was_accepted && call.is_first_receive; }

}  // namespace

void reset_by_peer(const Scene& scene, Findings& out) {
    const Call* const call = transfer(scene, ECONNRESET);
    if (call == nullptr || call->stale || !scene.is_local(call->address.addr)) return;
    if (is_gone_before_accept(*call)) return;
    // The counters are those of the whole host since the connection began: only one may have moved.
    const bool unread = scene.evidence.rose(Counter::abort_on_close) > 0;
    const bool aborted = scene.evidence.rose(Counter::abort_on_data) > 0;
    if (unread == aborted) return;
    Finding finding = about(*call, unread ? 31 : 32);
    finding.head = "head.call";
    finding.rose(scene.evidence, Counter::abort_on_close)
        .rose(scene.evidence, Counter::abort_on_data)
        .proof("proof.call")
        .fix("fix");
    out.push_back(std::move(finding));
}

void reset_after_silence(const Scene& scene, Findings& out) {
    const Call* const call = transfer(scene, ECONNRESET);
    constexpr Duration long_silence = 5s;
    if (call == nullptr || call->stale || call->silence < long_silence) return;
    if (scene.is_local(call->address.addr)) return;  // both ends are seen: R31, R32
    Finding finding = about(*call, 37);
    finding.certainty = Certainty::likely;
    finding.head = "head.reset";
    finding.say("quiet", span(call->silence))
        .rose(scene.evidence, Counter::icmp_in_dest_unreachs)
        .fact(Source::call, "silence_ms",
              static_cast<std::uint64_t>(call->silence.count() / 1'000'000));
    finding.decide = "decide.reset";
    out.push_back(std::move(finding.proof("proof.reset").fix("fix")));
}

void gone_before_accept(const Scene& scene, Findings& out) {
    const Call* const call = transfer(scene, ECONNRESET);
    if (call == nullptr || !is_gone_before_accept(*call)) return;
    Finding finding = about(*call, 30);
    // Where the peer's name was gone at accept() already, the reset came while it waited.
    if (!call->address.port.is_any()) finding.certainty = Certainty::likely;
    finding.rose(scene.evidence, Counter::estab_resets);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

void broken_pipe(const Scene& scene, Findings& out) {
    const Call* const call = transfer(scene, EPIPE);
    if (call == nullptr || call->stale) return;
    Finding finding = about(*call, call->is_shut_down ? 63 : 35);
    finding.say("sent", call->sends_before).fact(Source::call, "sends_before", call->sends_before);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

void timed_out_call(const Scene& scene, Findings& out) {
    const Call* const call = transfer(scene, ETIMEDOUT);
    if (call == nullptr) return;
    Finding finding = about(*call, 38);
    finding.head = "head.call";
    finding.rose(scene.evidence, Counter::abort_on_timeout)
        .rose(scene.evidence, Counter::icmp_in_dest_unreachs);
    out.push_back(std::move(finding.proof("proof.call").fix("fix.data")));
}

}  // namespace dt::rules
