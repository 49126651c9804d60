// Rules R13 to R19 and R21 to R23: why connect() failed, or fails.
#include <algorithm>
#include <array>
#include <cerrno>

#include "rules/number_text.hpp"
#include "rules/rule.hpp"
#include "rules/waiting.hpp"

namespace dt::rules {

namespace {

const Call* failed_connect(const Scene& scene, std::int32_t error) {
    const auto& call = scene.evidence.call;
    const bool is_it = call && call->kind == CallKind::connect && call->error == error;
    return is_it ? &*call : nullptr;
}

/// A finding about a connect that failed.
Finding about(const Call& call, unsigned number) {
    Finding finding{rule(number), text_of(call.address)};
    finding.pid = call.pid;
    finding.say("program", call.program + "[" + std::to_string(call.pid) + "]")
        .say("fd", std::to_string(call.fd))
        .say("to", text_of(call.address))
        .say("ip", wire::to_string(call.address.addr))
        .say("port", std::to_string(call.address.port.value()))
        .say("took", span(call.took));
    return finding;
}

/// What the counters said while the call lasted.
Finding& with_counters(const Scene& scene, Finding& finding) {
    return finding.rose(scene.evidence, Counter::out_rsts)
        .rose(scene.evidence, Counter::attempt_fails)
        .rose(scene.evidence, Counter::icmp_in_dest_unreachs);
}

/// Who answered a refused SYN.
enum class Answer : std::uint8_t { icmp, our_tcp, other_rst, remote_rst, unclear };

Answer answer_to(const Scene& scene, const Call& call) {
    const std::uint64_t icmp = scene.evidence.rose(Counter::icmp_in_dest_unreachs);
    const std::uint64_t fails = scene.evidence.rose(Counter::attempt_fails);
    const bool is_local = scene.is_local(call.address.addr);
    const bool sent_reset = scene.evidence.rose(Counter::out_rsts) > 0;
    // Linux counts the attempt as failed for ICMP too, unless the socket was locked when it came.
    if (icmp > 0)
        return fails <= icmp && !(is_local && sent_reset) ? Answer::icmp : Answer::unclear;
    if (fails == 0) return Answer::unclear;
    if (!is_local) return Answer::remote_rst;
    return sent_reset ? Answer::our_tcp : Answer::other_rst;
}

/// Listeners on the port: one that a SYN to the address finds, and one that it does not.
struct OnPort {
    const Socket* reached = nullptr;
    const Socket* missed = nullptr;
    bool all_missed_are_v4 = true;
};

OnPort listeners_on(const Scene& scene, const Endpoint& to) {
    OnPort found;
    for (const ListenerSight& sight : scene.listeners()) {
        if (sight.now->local.port != to.port || sight.now->protocol != Protocol::tcp) continue;
        if (scene.reaches(*sight.now, to)) {
            found.reached = sight.now;
            continue;
        }
        found.missed = sight.now;
        found.all_missed_are_v4 = found.all_missed_are_v4 && sight.now->local.addr.is_v4();
    }
    return found;
}

/// R13, R14 and R15 are one look: who listens on that port, and where.
unsigned number_for(const OnPort& found, const Endpoint& to) {
    if (found.missed == nullptr) return 13;
    const bool is_v6_loopback = !to.addr.is_v4() && to.addr.is_loopback();
    return is_v6_loopback && found.all_missed_are_v4 ? 15 : 14;
}

void describe_missed(const Scene& scene, const OnPort& found, Finding& finding) {
    if (found.missed == nullptr) return;
    finding.say("other", text_of(found.missed->local))
        .say("owner", scene.owner_text(*found.missed))
        .fact(Source::sd, "LISTEN", 1);
}

/// R13, R14, R15: this host's TCP answered with a reset because nothing listens where the SYN went.
void nobody_listens(const Scene& scene, Findings& out) {
    const Call* const call = failed_connect(scene, ECONNREFUSED);
    if (call == nullptr || call->protocol != Protocol::tcp) return;
    const Answer answer = answer_to(scene, *call);
    const OnPort found = listeners_on(scene, call->address);
    if (answer == Answer::remote_rst) {
        Finding finding = about(*call, 13);
        finding.certainty = Certainty::likely;
        finding.head = "head.remote";
        with_counters(scene, finding).proof("proof.remote").fix("fix.remote");
        finding.decide = "decide";
        out.push_back(std::move(finding));
        return;
    }
    if (answer != Answer::our_tcp || found.reached != nullptr) return;
    Finding finding = about(*call, number_for(found, call->address));
    describe_missed(scene, found, finding);
    with_counters(scene, finding).proof("proof").fix("fix");
    out.push_back(std::move(finding));
}

/// The same for an address of this host that was asked about: a connect would be refused.
void nobody_would_answer(const Scene& scene, Findings& out) {
    const Target& target = scene.evidence.target;
    if (scene.evidence.call || !target.endpoint || target.is_any_address) return;
    if (!scene.is_local(target.endpoint->addr)) return;
    const OnPort found = listeners_on(scene, *target.endpoint);
    if (found.reached != nullptr) return;
    const bool has_socket = std::ranges::any_of(
        scene.evidence.after.sockets, [&](const Socket& s) { return s.local == *target.endpoint; });
    if (has_socket) return;  // one end of a connection: nobody said it should listen
    Finding finding{rule(number_for(found, *target.endpoint)), text_of(*target.endpoint)};
    finding.head = "head.would";
    // A filter may still send it elsewhere (DNAT, redirect), which no table of sockets shows.
    finding.certainty = Certainty::likely;
    finding.say("to", text_of(*target.endpoint))
        .say("port", std::to_string(target.endpoint->port.value()));
    describe_missed(scene, found, finding);
    out.push_back(std::move(finding.proof("proof.would").fix("fix")));
}

void refused(const Scene& scene, Findings& out) {
    nobody_listens(scene, out);
    nobody_would_answer(scene, out);
}

/// R16: the refusal came as ICMP: a packet filter rejects.
void rejected_by_icmp(const Scene& scene, Findings& out) {
    const Call* const call = failed_connect(scene, ECONNREFUSED);
    if (call == nullptr || call->protocol != Protocol::tcp) return;
    if (answer_to(scene, *call) != Answer::icmp) return;
    Finding finding = about(*call, 16);
    with_counters(scene, finding);
    finding.rose(scene.evidence, Counter::in_segs);
    // Where no segment came in at all, no reset did. Else the ICMP may have been another socket's.
    if (scene.evidence.rose(Counter::in_segs) > 0) finding.certainty = Certainty::likely;
    const bool is_local = scene.is_local(call->address.addr);
    out.push_back(std::move(finding.proof("proof").fix(is_local ? "fix" : "fix.remote")));
}

/// R17: a reset came, and this host's TCP, where the SYN went, sent none: something else did.
void rejected_by_reset(const Scene& scene, Findings& out) {
    const Call* const call = failed_connect(scene, ECONNREFUSED);
    if (call == nullptr || answer_to(scene, *call) != Answer::other_rst) return;
    Finding finding = about(*call, 17);
    const OnPort found = listeners_on(scene, call->address);
    finding.head = found.reached != nullptr ? "head" : "head.nobody";
    with_counters(scene, finding);
    if (found.reached != nullptr) finding.say("owner", scene.owner_text(*found.reached));
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

const Neighbour* dead_neighbour(const Scene& scene, const IpAddr& hop) {
    for (const Neighbour& neighbour : scene.evidence.neighbours) {
        const bool is_dead = neighbour.state == NeighbourState::failed ||
                             neighbour.state == NeighbourState::incomplete;
        if (neighbour.address == hop && is_dead) return &neighbour;
    }
    return nullptr;
}

/// R18: the host cannot be reached: a route says so, nobody answers ARP, or ICMP came.
void host_unreachable(const Scene& scene, Findings& out) {
    const Call* const call = failed_connect(scene, EHOSTUNREACH);
    if (call == nullptr || !scene.evidence.route) return;
    const Route& route = *scene.evidence.route;
    const IpAddr hop = route.gateway.value_or(call->address.addr);
    Finding finding = about(*call, 18);
    finding.say("hop", wire::to_string(hop));
    if (route.kind == RouteKind::unreachable) {
        finding.head = "head.route";
        finding.proof("proof.route").fix("fix.route").fact(Source::rt, "unreachable", 1);
    } else if (dead_neighbour(scene, hop) != nullptr) {
        finding.head = "head.neighbour";
        finding.proof("proof.neighbour").fix("fix.neighbour").fact(Source::nei, "FAILED", 1);
    } else if (scene.evidence.rose(Counter::icmp_in_dest_unreachs) > 0) {
        finding.rose(scene.evidence, Counter::icmp_in_dest_unreachs).proof("proof").fix("fix");
    } else {
        return;
    }
    out.push_back(std::move(finding));
}

/// R19: the routing table, or ICMP about it, is the answer. The texts differ by errno.
void no_route(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    const auto& route = scene.evidence.route;
    if (!call || call->kind != CallKind::connect || !route) return;
    std::string_view head;
    std::string finding_errno;
    if (call->error == ENETUNREACH && route->kind == RouteKind::none) head = "head";
    if (call->error == EACCES && route->kind == RouteKind::prohibit) head = "head.prohibit";
    if (call->error == EINVAL && route->kind == RouteKind::blackhole) head = "head.blackhole";
    const bool is_broadcast = route->kind == RouteKind::broadcast;
    // A stream is told that the network cannot be reached, a datagram socket that it may not.
    if (is_broadcast && (call->error == EACCES || call->error == ENETUNREACH)) {
        head = "head.broadcast";
        finding_errno = call->error == EACCES ? "EACCES" : "ENETUNREACH";
    }
    if (head.empty()) return;
    Finding finding = about(*call, 19);
    finding.head = head;
    finding.say("errno", finding_errno);
    finding.fact(Source::rt, "kind", static_cast<std::uint64_t>(route->kind));
    out.push_back(
        std::move(finding.proof("proof").fix(head == "head.broadcast" ? "fix.broadcast" : "fix")));
}

/// R59: the peer's host has no such protocol: ICMP protocol-unreachable.
void no_protocol(const Scene& scene, Findings& out) {
    const Call* const call = failed_connect(scene, ENOPROTOOPT);
    if (call == nullptr || scene.evidence.rose(Counter::icmp_in_dest_unreachs) == 0) return;
    Finding finding = about(*call, 59);
    finding.rose(scene.evidence, Counter::icmp_in_dest_unreachs);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

}  // namespace

namespace {

/// For rules that another one's look finds too.
void found_elsewhere(const Scene&, Findings&) {}

}  // namespace

std::span<const Rule> connect_rules() {
    constexpr std::string_view is_refused = "Connection refused";
    static constexpr auto rules = std::to_array<Rule>({
        {rule(13), Kind::connect, is_refused, "R14 R15 R16 R17", refused},
        {rule(14), Kind::connect, is_refused, "R13 R15 R16 R17", found_elsewhere},
        {rule(15), Kind::connect, is_refused, "R13 R14 R16 R17", found_elsewhere},
        {rule(16), Kind::connect, is_refused, "R13 R14 R15 R17", rejected_by_icmp},
        {rule(17), Kind::connect, is_refused, "R13 R14 R15 R16", rejected_by_reset},
        {rule(18), Kind::connect, "No route to host", "R19 R21", host_unreachable},
        {rule(19), Kind::connect, "Network is unreachable", "R18", no_route},
        {rule(20), Kind::connect, "connect() takes 1 s, 3 s or more", "R24 R25", late_answer},
        {rule(21), Kind::connect, "Connection timed out", "R18 R20 R24 R25", no_answer},
        {rule(22), Kind::connect, "Cannot assign requested address", "R10 R11 R60",
         no_port_for_connect},
        {rule(23), Kind::connect, "a program talks to itself", "R13", connected_to_itself},
        {rule(59), Kind::connect, "Protocol not available", "R16 R18", no_protocol},
        {rule(60), Kind::connect, "Cannot assign requested address", "R11 R22", same_four_tuple},
    });
    return rules;
}

}  // namespace dt::rules
