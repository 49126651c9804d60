// The rules' looks at a capture: what packets alone can tell, with the packets that tell it.
#include <algorithm>
#include <tuple>

#include "rules/capture.hpp"
#include "rules/engine.hpp"
#include "rules/number_text.hpp"

namespace dt::rules {

namespace {

Finding about(const Flow& flow, unsigned number, std::uint64_t packet) {
    Finding finding{rule(number), text_of(flow.server.from)};
    finding.head = "head.packets";
    finding.weight = 1;
    finding.say("from", text_of(flow.client.from))
        .say("to", text_of(flow.server.from))
        .say("packet", "p" + std::to_string(packet))
        .fact(Source::pk, "packet", packet);
    finding.proof("proof.packets").fix("fix.packets");
    return finding;
}

Finding& likely(Finding& finding) {
    finding.certainty = Certainty::likely;
    return finding;
}

/// R13: the SYN was answered by a reset. Who sent it, a capture does not tell.
void refused(const Flow& flow, Findings& out) {
    if (flow.syns.empty() || flow.syn_ack != 0 || flow.server.reset == 0) return;
    Finding finding = about(flow, 13, flow.server.reset);
    finding.say("port", std::to_string(flow.server.from.port.value()));
    out.push_back(std::move(likely(finding)));
}

/// R16, R18 and R59: the SYN was answered by ICMP, which names the reason itself.
void rejected(const Flow& flow, Findings& out) {
    if (!flow.error || flow.syns.empty() || flow.syn_ack != 0) return;
    unsigned number = 0;
    switch (flow.error->refusal) {
        case Refusal::port: number = 16; break;
        case Refusal::host:
        case Refusal::network:
        case Refusal::prohibited: number = 18; break;
        case Refusal::protocol: number = 59; break;
        case Refusal::too_big: return;
    }
    Finding finding = about(flow, number, flow.error->packet);
    finding.say("by", wire::to_string(flow.error->by));
    out.push_back(std::move(finding));
}

/// R21: SYNs without any answer. R20: the answer came to a later SYN.
void waited(const Flow& flow, Findings& out) {
    if (flow.syns.size() < 2 || flow.error || flow.server.reset != 0) return;
    Finding finding = about(flow, flow.syn_ack == 0 ? 21 : 20, flow.syns.back());
    finding.say("syns", flow.syns.size());
    finding.say("first", "p" + std::to_string(flow.syns.front()));
    finding.say("took", span((flow.syn_ack == 0 ? flow.last : flow.answered) - flow.first_syn));
    out.push_back(std::move(flow.syn_ack == 0 ? likely(finding) : finding));
}

/// R64: an open connection was reset, without the end that a close sends.
void reset_in_the_middle(const Flow& flow, const Way& way, Findings& out) {
    if (flow.syn_ack == 0 || way.reset == 0 || way.fin != 0) return;
    const Way& other = &way == &flow.client ? flow.server : flow.client;
    // After both have said their end, or as an answer to what comes too late, a reset is in order.
    if (other.fin != 0 && other.fin < way.reset && way.segments == 0) return;
    Finding finding = about(flow, 64, way.reset);
    finding.say("who", text_of(way.from)).say("sent", way.segments).say("got", other.segments);
    out.push_back(std::move(finding));
}

/// R44: a window stood at 0 for a second or more.
void window_shut(const Flow& flow, const Way& way, Findings& out) {
    const Duration open_end = way.shut != 0 ? flow.last - way.shut_at : Duration{};
    const Duration longest = std::max(way.shut_time, open_end);
    if (longest < 1s) return;
    const std::uint64_t packet = open_end > way.shut_time ? way.shut : way.shut_longest;
    Finding finding = about(flow, 44, packet);
    finding.say("who", text_of(way.from)).say("time", span(longest));
    out.push_back(std::move(finding));
}

/// R47: one full-sized segment goes again and again while smaller ones were acknowledged. R46: many
/// segments go again.
void lost(const Flow& flow, const Way& way, Findings& out) {
    constexpr std::uint32_t large = 1000;
    const bool is_stuck =
        way.stuck_times >= 3 && way.stuck_length >= large && way.largest_acked < way.stuck_length;
    if (is_stuck) {
        Finding finding = about(flow, 47, way.first_again);
        finding.say("who", text_of(way.from))
            .say("times", way.stuck_times)
            .say("size", way.stuck_length)
            .say("small", way.largest_acked);
        out.push_back(std::move(likely(finding)));
        return;
    }
    if (way.again < 5 || way.again * 50 < way.segments) return;
    Finding finding = about(flow, 46, way.first_again);
    finding.say("who", text_of(way.from))
        .say("again", way.again)
        .say("sent", way.segments)
        .say("share", percent(way.again, way.segments));
    out.push_back(std::move(likely(finding)));
}

}  // namespace

Verdict Capture::judge() const {
    Verdict verdict;
    for (const Flow& flow : flows_) {
        refused(flow, verdict.findings);
        rejected(flow, verdict.findings);
        waited(flow, verdict.findings);
        for (const Way* way : {&flow.client, &flow.server}) {
            reset_in_the_middle(flow, *way, verdict.findings);
            window_shut(flow, *way, verdict.findings);
            lost(flow, *way, verdict.findings);
        }
    }
    constexpr std::size_t looks = 10;
    verdict.rules_run = looks;
    rank(verdict);
    return verdict;
}

}  // namespace dt::rules
