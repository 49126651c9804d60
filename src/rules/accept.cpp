// Rules R24 to R30: listeners, both their queues, and the programs that accept.
#include <algorithm>
#include <array>
#include <map>

#include "rules/number_text.hpp"
#include "rules/rule.hpp"

namespace dt::rules {

namespace {

bool is_full(const Socket& listener) { return listener.rqueue > listener.wqueue; }

Finding of_listener(const Scene& scene, RuleId id, const Socket& listener) {
    Finding finding(id, text_of(listener.local));
    const Process* const owner = scene.owner_of(listener);
    if (owner != nullptr) finding.pid = owner->pid;
    finding.say("listener", text_of(listener.local))
        .say("owner", scene.owner_text(listener))
        .say("waiting", listener.rqueue)
        .say("limit", listener.wqueue)
        .fact(Source::sd, "rqueue", listener.rqueue)
        .fact(Source::sd, "wqueue", listener.wqueue);
    return finding;
}

/// Below this a queue that is not empty says nothing about the program.
constexpr Duration shortest_wait = 1s;

bool has_used_up_files(const Process& process) {
    return process.open_files && process.open_files_max &&
           *process.open_files >= *process.open_files_max;
}

/// R24: the accept queue is full and SYNs are ignored. A queue that cannot drain for want of
/// descriptors is R27.
void accept_queue_full(const Scene& scene, Findings& out) {
    for (const ListenerSight& sight : scene.listeners()) {
        const Socket& listener = *sight.now;
        if (!scene.is_asked(listener) || sight.drops_delta == 0) continue;
        const bool was_full = sight.before != nullptr && is_full(*sight.before);
        if (!is_full(listener) && !was_full) continue;
        const Process* const owner = scene.owner_of(listener);
        if (owner != nullptr && has_used_up_files(*owner)) continue;
        Socket shown = listener;  // as it was while it was full
        if (!is_full(listener)) shown.rqueue = sight.before->rqueue;
        Finding finding = of_listener(scene, rule(24), shown);
        finding.weight = sight.drops_delta;
        finding.say("ignored", sight.drops_delta)
            .say("window", span(scene.evidence.window))
            .say("halfopen", sight.half_open)
            .say("somaxconn", scene.evidence.sysctls.somaxconn.value_or(0))
            .rose(scene.evidence, Counter::listen_overflows)
            .rose(scene.evidence, Counter::listen_drops)
            .fact(Source::sd, "skmem.drops", sight.drops_delta);
        finding.proof("proof.drops").proof("proof.owner");
        if (owner != nullptr && owner->cpu_share && *owner->cpu_share > 0.9) {
            finding.say("cpu", static_cast<std::uint64_t>(*owner->cpu_share * 100));
            finding.proof("proof.busy");
        }
        const auto somaxconn = scene.evidence.sysctls.somaxconn;
        finding.fix("fix.accept");
        finding.fix(somaxconn && listener.wqueue >= *somaxconn ? "fix.somaxconn" : "fix.backlog");
        out.push_back(std::move(finding));
    }
}

/// R25: the SYN queue overflows. With cookies clients are answered all the same; without, they
/// time out.
void syn_queue_full(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    const std::uint64_t cookies = evidence.rose(Counter::req_q_full_do_cookies);
    const std::uint64_t refused = evidence.rose(Counter::req_q_full_drop);
    const std::uint64_t drops = evidence.rose(Counter::listen_drops);
    const std::uint64_t overflows = evidence.rose(Counter::listen_overflows);
    for (const ListenerSight& sight : scene.listeners()) {
        const Socket& listener = *sight.now;
        if (!scene.is_asked(listener) || is_full(listener)) continue;
        // Without cookies the last quarter is kept for peers that are known to live.
        const bool is_piled = sight.half_open >= 8 && sight.half_open * 4 >= listener.wqueue * 3;
        const bool drops_syns = drops > overflows && sight.drops_delta > 0 && overflows == 0;
        if (!is_piled || (cookies == 0 && refused == 0 && !drops_syns)) continue;
        Finding finding = of_listener(scene, rule(25), listener);
        finding.weight = cookies + refused + drops;
        finding.head = cookies > 0 ? "head.cookies" : "head";
        finding.harm = cookies > 0 ? Harm::soon : Harm::now;
        finding.say("halfopen", sight.half_open)
            .say("window", span(evidence.window))
            .rose(evidence, Counter::req_q_full_do_cookies)
            .rose(evidence, Counter::listen_drops)
            .rose(evidence, Counter::listen_overflows)
            .fact(Source::sd, "SYN_RECV", sight.half_open);
        finding.proof("proof").fix(cookies > 0 ? "fix.flood" : "fix.cookies");
        out.push_back(std::move(finding));
    }
}

/// R27: the program has used up its descriptors, and what waits in the queue cannot be taken.
void no_descriptor_left(const Scene& scene, Findings& out) {
    for (const ListenerSight& sight : scene.listeners()) {
        const Socket& listener = *sight.now;
        const Process* const owner = scene.owner_of(listener);
        if (!scene.is_asked(listener) || listener.rqueue == 0 || owner == nullptr) continue;
        if (!has_used_up_files(*owner)) continue;
        Finding finding = of_listener(scene, rule(27), listener);
        finding.weight = listener.rqueue;
        finding.say("open", *owner->open_files)
            .say("openmax", *owner->open_files_max)
            .fact(Source::fd, "open", *owner->open_files)
            .fact(Source::fd, "limit", *owner->open_files_max);
        finding.proof("proof").fix("fix");
        out.push_back(std::move(finding));
    }
}

/// Connections to a port that wait to be accepted: open, and no process owns them.
struct Queued {
    std::uint32_t still = 0;  ///< waited at the begin of the window and at its end
    std::uint32_t taken = 0;  ///< waited at the begin, and a process has them now
    std::uint32_t gone = 0;   ///< waited at the begin, and there is no such connection any more
};

Queued queued_on(const Scene& scene, const Endpoint& local) {
    Queued queued;
    for (const Socket& before : scene.evidence.before.sockets) {
        const bool waits =
            before.inode == 0 && before.local.port == local.port &&
            before.protocol == Protocol::tcp &&
            (before.state == event::State::established || before.state == event::State::close_wait);
        if (!waits) continue;
        const Socket* const now = scene.later(before);
        if (now == nullptr) {
            ++queued.gone;
        } else {
            ++(now->inode == 0 ? queued.still : queued.taken);
        }
    }
    return queued;
}

/// R28: a listener of a group was closed with connections in its queue, which were reset.
void closed_with_queue(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    for (const Socket& old : evidence.before.sockets) {
        if (old.state != event::State::listen || old.rqueue == 0 || !scene.is_asked(old)) continue;
        if (scene.later(old) != nullptr) continue;
        const bool is_still_served = std::ranges::any_of(
            scene.listeners(),
            [&](const ListenerSight& sight) { return sight.now->local == old.local; });
        if (!is_still_served || evidence.rose(Counter::out_rsts) < old.rqueue) continue;
        Finding finding = of_listener(scene, rule(28), old);
        finding.weight = old.rqueue;
        // As many resets as connections that vanished: else they may have been accepted and closed.
        const bool is_exact = evidence.rose(Counter::out_rsts) == queued_on(scene, old.local).gone;
        finding.certainty =
            evidence.sysctls.migrate_req == 0U && is_exact ? Certainty::certain : Certainty::likely;
        finding.rose(evidence, Counter::out_rsts).proof("proof").fix("fix");
        out.push_back(std::move(finding));
    }
}

/// Listeners on one address and port.
struct Group {
    const Socket* fullest = nullptr;
    const Socket* emptiest = nullptr;
};

/// R29: listeners share one port, and one's queue is full while another's is empty.
void uneven_workers(const Scene& scene, Findings& out) {
    std::map<Endpoint, Group> groups;
    for (const ListenerSight& sight : scene.listeners()) {
        if (sight.siblings < 2 || sight.before == nullptr || !scene.is_asked(*sight.now)) continue;
        auto& [fullest, emptiest] = groups[sight.now->local];
        if (fullest == nullptr || sight.now->rqueue > fullest->rqueue) fullest = sight.now;
        if (emptiest == nullptr || sight.now->rqueue < emptiest->rqueue) emptiest = sight.now;
    }
    for (const auto& [local, ends] : groups) {
        const auto [fullest, emptiest] = ends;
        const Socket* const before = scene.earlier(*fullest);
        // Waiting at both ends of the window: not merely a burst that is being worked off.
        const bool lasts = before != nullptr && before->rqueue >= 4 && fullest->rqueue >= 4;
        if (!lasts || emptiest->rqueue * 4 > fullest->rqueue) continue;
        if (queued_on(scene, local).still < 4) continue;  // a burst that was worked off since
        Finding finding = of_listener(scene, rule(29), *fullest);
        finding.weight = fullest->rqueue;
        finding.say("least", emptiest->rqueue).say("other", scene.owner_text(*emptiest));
        finding.proof("proof").fix("fix");
        out.push_back(std::move(finding));
    }
}

/// R26: the client believes it is connected, but the program has not taken the connection: it
/// waits in the accept queue over the whole window although the queue is not full.
void nobody_accepts(const Scene& scene, Findings& out) {
    for (const ListenerSight& sight : scene.listeners()) {
        const Socket& listener = *sight.now;
        if (!scene.is_asked(listener) || sight.before == nullptr || sight.siblings > 1) continue;
        if (sight.drops_delta > 0) continue;  // R24
        // A server in the kernel (NFS) owns its connections without any descriptor.
        if (listener.inode == 0 || listener.rqueue == 0) continue;
        if (scene.evidence.window < shortest_wait) continue;
        const Process* const owner = scene.owner_of(listener);
        if (owner != nullptr && has_used_up_files(*owner)) continue;
        const Queued queued = queued_on(scene, listener.local);
        if (queued.still == 0 || queued.taken > 0) continue;
        const bool is_idle = owner != nullptr && owner->cpu_share && *owner->cpu_share < 0.05;
        Finding finding = of_listener(scene, rule(26), listener);
        finding.weight = listener.rqueue;
        finding.certainty = is_idle ? Certainty::certain : Certainty::likely;
        finding.say("window", span(scene.evidence.window)).say("first", sight.before->rqueue);
        finding.proof("proof").fix("fix");
        out.push_back(std::move(finding));
    }
}

}  // namespace

std::span<const Rule> accept_rules() {
    static constexpr auto rules = std::to_array<Rule>({
        {rule(24), Kind::accept, "connect() takes 1 s, 3 s or more", "R20 R25 R27",
         accept_queue_full},
        {rule(25), Kind::accept, "Connection timed out", "R24", syn_queue_full},
        {rule(26), Kind::accept, "connected, but no answer", "R24 R27 R29", nobody_accepts},
        {rule(27), Kind::accept, "Too many open files", "R24 R26", no_descriptor_left},
        {rule(28), Kind::accept, "Connection reset by peer", "R31 R32", closed_with_queue},
        {rule(29), Kind::accept, "one worker slow, others idle", "R24 R26", uneven_workers},
    });
    return rules;
}

}  // namespace dt::rules
