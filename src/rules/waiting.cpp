// Rules R20 to R23 and R60: connects without answer or with a late one, and ports that run out.
#include "rules/waiting.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "rules/number_text.hpp"
#include "rules/rule.hpp"

namespace dt::rules {

namespace {

std::string program_of(const Call& call) {
    return call.program + "[" + std::to_string(call.pid) + "]";
}

/// The listener here that a SYN to `to` finds, where it ignores SYNs or has half-open entries: then
/// the wait is its doing, or that of the way back.
bool is_kept_waiting_here(const Scene& scene, const Endpoint& to) {
    return std::ranges::any_of(scene.listeners(), [&](const ListenerSight& sight) {
        return scene.reaches(*sight.now, to) && (sight.drops_delta > 0 || sight.half_open > 0 ||
                                                 sight.now->rqueue > sight.now->wqueue);
    });
}

bool has_dead_neighbour(const Scene& scene, const IpAddr& address) {
    return std::ranges::any_of(scene.evidence.neighbours, [&](const Neighbour& neighbour) {
        return neighbour.address == address && (neighbour.state == NeighbourState::failed ||
                                                neighbour.state == NeighbourState::incomplete);
    });
}

struct Waiting {
    std::uint64_t count = 0;
    std::uint64_t retries = 0;
    const Socket* one = nullptr;
};

/// R21 of the sockets that wait now.
void waiting_now(const Scene& scene, Findings& out) {
    std::map<Endpoint, Waiting> by_peer;
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.state != event::State::syn_sent || socket.timer != Timer::retransmit) continue;
        if (socket.retrans == 0 || !scene.is_asked(socket)) continue;
        if (is_kept_waiting_here(scene, socket.remote)) continue;
        Waiting& waiting = by_peer[socket.remote];
        ++waiting.count;
        waiting.retries = std::max<std::uint64_t>(waiting.retries, socket.retrans);
        waiting.one = &socket;
    }
    for (const auto& [peer, waiting] : by_peer) {
        const bool is_dead = has_dead_neighbour(scene, peer.addr);
        Finding finding{rule(is_dead ? 18 : 21), text_of(peer)};
        finding.certainty = is_dead ? Certainty::certain : Certainty::likely;
        finding.weight = waiting.count;
        finding.head = "head.now";
        finding.say("to", text_of(peer))
            .say("ip", wire::to_string(peer.addr))
            .say("hop", wire::to_string(peer.addr))
            .say("port", std::to_string(peer.port.value()))
            .say("count", waiting.count)
            .say("retries", waiting.retries)
            .say("owner", scene.owner_text(*waiting.one))
            .fact(Source::sd, "SYN_SENT", waiting.count)
            .fact(Source::sd, "retrans", waiting.retries)
            .rose(scene.evidence, Counter::icmp_in_dest_unreachs);
        finding.proof("proof.now").fix(is_dead ? "fix.neighbour" : "fix");
        if (!is_dead) finding.decide = "decide";
        out.push_back(std::move(finding));
    }
}

/// R21 of a call that timed out.
void timed_out(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || call->kind != CallKind::connect || call->error != ETIMEDOUT) return;
    if (scene.evidence.rose(Counter::icmp_in_dest_unreachs) > 0) return;
    if (is_kept_waiting_here(scene, call->address)) return;
    Finding finding{rule(21), text_of(call->address)};
    finding.pid = call->pid;
    const bool is_local = scene.is_local(call->address.addr);
    // On this host both ends are seen: the SYN reached no listener's queue, so a filter drops it.
    finding.certainty = is_local ? Certainty::certain : Certainty::likely;
    finding.head = is_local ? "head.local" : "head";
    finding.say("program", program_of(*call))
        .say("fd", std::to_string(call->fd))
        .say("to", text_of(call->address))
        .say("port", std::to_string(call->address.port.value()))
        .say("took", span(call->took))
        .rose(scene.evidence, Counter::syn_retrans)
        .rose(scene.evidence, Counter::icmp_in_dest_unreachs);
    finding.proof("proof").fix(is_local ? "fix.local" : "fix");
    if (!is_local) finding.decide = "decide";
    out.push_back(std::move(finding));
}

}  // namespace

void no_answer(const Scene& scene, Findings& out) {
    if (scene.evidence.call) return timed_out(scene, out);
    waiting_now(scene, out);
}

void late_answer(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || call->kind != CallKind::connect || call->error != 0 || !call->info) return;
    if (call->info->total_retrans == 0 || is_kept_waiting_here(scene, call->address)) return;
    if (scene.evidence.rose(Counter::syn_retrans) == 0) return;
    Finding finding{rule(20), text_of(call->address)};
    finding.pid = call->pid;
    finding.say("program", program_of(*call))
        .say("fd", std::to_string(call->fd))
        .say("to", text_of(call->address))
        .say("took", span(call->took))
        .say("lost", call->info->total_retrans)
        .fact(Source::sd, "total_retrans", call->info->total_retrans)
        .rose(scene.evidence, Counter::syn_retrans);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

namespace {

/// The ports of one source that one destination keeps.
struct Use {
    std::uint64_t total = 0;
    std::uint64_t time_wait = 0;
    std::uint64_t established = 0;
};

using Pair = std::pair<IpAddr, Endpoint>;

std::map<Pair, Use> uses(const Scene& scene, const PortRange& range) {
    std::map<Pair, Use> found;
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.protocol != Protocol::tcp || socket.remote.port.is_any()) continue;
        if (!range.contains(socket.local.port)) continue;
        Use& use = found[{socket.local.addr, socket.remote}];
        ++use.total;
        use.time_wait += socket.state == event::State::time_wait ? 1U : 0U;
        use.established += socket.state == event::State::established ? 1U : 0U;
    }
    return found;
}

std::uint64_t usable(const Sysctls& settings, const PortRange& range) {
    std::uint64_t size = range.last - range.first + 1U;
    for (const PortRange& reserved : settings.reserved) {
        const auto first = std::max(reserved.first, range.first);
        const auto last = std::min(reserved.last, range.last);
        if (first <= last) size -= last - first + 1U;
    }
    return size;
}

/// A connect without an own port fails when all of the range is taken towards one destination.
void ports_used_up(const Scene& scene, const Pair& pair, const Use& use, std::uint64_t size,
                   Findings& out) {
    const auto& call = scene.evidence.call;
    const auto range = *scene.evidence.sysctls.ephemeral;
    Finding finding{rule(22), text_of(pair.second)};
    finding.harm = call || use.total >= size ? Harm::now : Harm::soon;
    finding.weight = use.total;
    finding.head = call ? "head.call" : "head";
    finding.say("from", wire::to_string(pair.first))
        .say("to", text_of(pair.second))
        .say("taken", use.total)
        .say("size", size)
        .say("timewait", use.time_wait)
        .say("established", use.established)
        .say("first", std::to_string(range.first))
        .say("last", std::to_string(range.last))
        .fact(Source::sd, "ports_taken", use.total)
        .fact(Source::sc, "ports_usable", size);
    if (call) {
        finding.pid = call->pid;
        finding.say("program", program_of(*call)).say("fd", std::to_string(call->fd));
    }
    finding.proof("proof");
    if (use.time_wait * 2 > use.total) {
        finding.fix("fix.timewait").fix("fix.reuse");
    } else {
        finding.fix(use.established * 2 > use.total ? "fix.established" : "fix.closing");
    }
    out.push_back(std::move(finding));
}

}  // namespace

void no_port_for_connect(const Scene& scene, Findings& out) {
    const auto range = scene.evidence.sysctls.ephemeral;
    const auto& call = scene.evidence.call;
    if (!range) return;
    if (call && (call->kind != CallKind::connect || call->error != EADDRNOTAVAIL)) return;
    const std::uint64_t size = usable(scene.evidence.sysctls, *range);
    for (const auto& [pair, use] : uses(scene, *range)) {
        const bool is_asked = call ? pair.second == call->address
                                   : !scene.evidence.target.endpoint ||
                                         pair.second == *scene.evidence.target.endpoint;
        if (!is_asked || scene.evidence.target.pid) continue;
        const std::uint64_t enough = call ? 97 : 95;
        if (size == 0 || use.total * 100 < size * enough) continue;
        ports_used_up(scene, pair, use, size, out);
    }
}

void same_four_tuple(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || call->kind != CallKind::connect || call->error != EADDRNOTAVAIL) return;
    if (!call->options || !call->options->is_bound) return;
    for (const Socket& socket : scene.evidence.after.sockets) {
        const bool is_same =
            socket.remote == call->address && socket.local.port == call->options->local.port &&
            (call->options->local.addr.is_any() || socket.local.addr == call->options->local.addr);
        if (!is_same) continue;
        Finding finding{rule(60), text_of(call->address)};
        finding.pid = call->pid;
        finding.say("program", program_of(*call))
            .say("fd", std::to_string(call->fd))
            .say("to", text_of(call->address))
            .say("local", text_of(socket.local))
            .say("state", std::string{event::name(socket.state)})
            .say("owner", scene.owner_text(socket));
        out.push_back(std::move(finding.proof("proof").fix("fix")));
        return;
    }
}

void connected_to_itself(const Scene& scene, Findings& out) {
    const auto range = scene.evidence.sysctls.ephemeral.value_or(PortRange{});
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.state != event::State::established || socket.local != socket.remote) continue;
        if (!scene.evidence.call && !scene.is_asked(socket)) continue;
        if (scene.evidence.call && scene.evidence.call->address != socket.remote) continue;
        Finding finding{rule(23), text_of(socket.local)};
        if (const Process* owner = scene.owner_of(socket)) finding.pid = owner->pid;
        finding.say("local", text_of(socket.local))
            .say("port", std::to_string(socket.local.port.value()))
            .say("owner", scene.owner_text(socket))
            .say("first", std::to_string(range.first))
            .say("last", std::to_string(range.last));
        out.push_back(std::move(finding.proof("proof").fix("fix")));
    }
}

}  // namespace dt::rules
