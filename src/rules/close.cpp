// Rules R31 to R41: resets, half-closed connections, dead peers, what is left behind.
#include <algorithm>
#include <array>
#include <map>

#include "rules/number_text.hpp"
#include "rules/program_waits.hpp"
#include "rules/reset_calls.hpp"

namespace dt::rules {

namespace {

/// Sockets of one owner in one state that lasted through the window.
struct Pile {
    std::vector<const Socket*> sockets;
    std::uint32_t new_ones = 0;
    std::uint32_t oldest_ms = 0;
};

std::uint32_t quiet_ms(const Socket& socket) {
    return socket.info ? socket.info->last_ack_recv_ms : 0;
}

/// By owning process, or by uid where the owner cannot be seen.
using Piles = std::map<std::pair<std::int32_t, std::uint32_t>, Pile>;

Piles piles_of(const Scene& scene, event::State state) {
    Piles piles;
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.state != state || socket.inode == 0 || !scene.is_asked(socket)) continue;
        const Socket* const before = scene.earlier(socket);
        const bool is_used = before != nullptr && before->info && socket.info &&
                             (before->info->data_segs_out != socket.info->data_segs_out ||
                              before->info->data_segs_in != socket.info->data_segs_in ||
                              before->info->bytes_received != socket.info->bytes_received);
        if (is_used) continue;  // a half-closed connection that still carries data is in order
        const Process* const owner = scene.owner_of(socket);
        Pile& pile = piles[{owner == nullptr ? 0 : owner->pid, socket.uid}];
        if (before == nullptr || before->state != state) {
            ++pile.new_ones;
            continue;
        }
        pile.sockets.push_back(&socket);
        pile.oldest_ms = std::max(pile.oldest_ms, quiet_ms(socket));
    }
    return piles;
}

constexpr std::uint32_t long_ms = 60'000;
constexpr std::uint32_t very_long_ms = 600'000;
constexpr std::size_t several = 3;

/// Several at once, or one for so long that no program means it.
bool is_leak(const Pile& pile) {
    return pile.sockets.size() >= several || (!pile.sockets.empty() && pile.oldest_ms >= long_ms);
}

/// The peer that most of them share, or `several peers`.
std::string peers_of(const Pile& pile) {
    const Endpoint first = pile.sockets.front()->remote;
    const bool is_one = std::ranges::all_of(
        pile.sockets, [&](const Socket* socket) { return socket->remote == first; });
    const bool is_one_host = std::ranges::all_of(
        pile.sockets, [&](const Socket* socket) { return socket->remote.addr == first.addr; });
    if (is_one) return text_of(first);
    return is_one_host ? wire::to_string(first.addr) : "*";
}

Finding of_pile(const Scene& scene, RuleId id, const Pile& pile) {
    const Socket& one = *pile.sockets.front();
    Finding finding(id, "");
    finding.harm = Harm::waste;
    finding.weight = pile.sockets.size();
    const Process* const owner = scene.owner_of(one);
    finding.subject = owner == nullptr ? "uid " + std::to_string(one.uid) : scene.owner_text(one);
    if (owner != nullptr) finding.pid = owner->pid;
    // A peer may shut its side down and wait for a slow answer: only number and time tell that from
    // a leak.
    if (pile.oldest_ms < very_long_ms || pile.sockets.size() < several) {
        finding.certainty = Certainty::likely;
    }
    const auto held = scene.evidence.owners.find(one.inode);
    finding.say("owner", finding.subject)
        .say("count", pile.sockets.size())
        .say("new", pile.new_ones)
        .say("window", span(scene.evidence.window))
        .say("peers", peers_of(pile))
        .say("age", span_ms(pile.oldest_ms))
        .say("fd", held == scene.evidence.owners.end() ? "?" : std::to_string(held->second.fd))
        .fact(Source::sd, "count", pile.sockets.size())
        .fact(Source::sd, "last_ack_recv_ms", pile.oldest_ms);
    return finding;
}

/// R33: the peer has closed, and the program here does not.
void close_wait_pile(const Scene& scene, Findings& out) {
    for (const auto& [owner, pile] : piles_of(scene, event::State::close_wait)) {
        if (!is_leak(pile)) continue;
        out.push_back(of_pile(scene, rule(33), pile).proof("proof").fix("fix"));
    }
}

/// R34: the program here has shut its side down, and the peer does not close.
void fin_wait_2_pile(const Scene& scene, Findings& out) {
    for (const auto& [owner, pile] : piles_of(scene, event::State::fin_wait_2)) {
        if (!is_leak(pile)) continue;
        out.push_back(of_pile(scene, rule(34), pile).proof("proof").fix("fix"));
    }
}

/// R38: data or probes stay without answer: the peer, or the path to it, is gone.
void dead_peer(const Scene& scene, Findings& out) {
    timed_out_call(scene, out);
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.protocol != Protocol::tcp || !socket.info || !scene.is_asked(socket)) continue;
        if (socket.state != event::State::established && socket.state != event::State::close_wait) {
            continue;
        }
        const bool probes = socket.timer == Timer::keepalive && socket.info->probes >= 2;
        if (!probes) continue;
        Finding finding(rule(38), text_of(socket.remote));
        finding.weight = 1;
        if (const Process* owner = scene.owner_of(socket)) finding.pid = owner->pid;
        finding.say("peer", text_of(socket.remote))
            .say("local", text_of(socket.local))
            .say("owner", scene.owner_text(socket))
            .say("probes", socket.info->probes)
            .say("quiet", span_ms(socket.info->last_ack_recv_ms))
            .fact(Source::sd, "probes", socket.info->probes)
            .fact(Source::sd, "last_ack_recv_ms", socket.info->last_ack_recv_ms);
        out.push_back(std::move(finding.proof("proof").fix("fix")));
    }
}

/// R40: the table of TIME-WAIT records is full, or nearly.
void time_wait_table_full(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    if (!scene.is_about_host()) return;
    const auto count = static_cast<std::uint64_t>(
        std::ranges::count(evidence.after.sockets, event::State::time_wait, &Socket::state));
    const std::uint64_t overflow = evidence.rose(Counter::time_wait_overflow);
    const auto limit = evidence.sysctls.max_tw_buckets;
    if (overflow == 0 && (!limit || count * 10 < *limit * 9)) return;
    Finding finding(rule(40), "TIME-WAIT");
    finding.harm = overflow > 0 ? Harm::now : Harm::soon;
    finding.weight = count;
    finding.say("count", count)
        .say("limit", limit.value_or(0))
        .say("window", span(evidence.window))
        .rose(evidence, Counter::time_wait_overflow)
        .fact(Source::sc, "net.ipv4.tcp_max_tw_buckets", limit.value_or(0));
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R31: programs here closed connections that still held unread data: their peers are reset.
void closed_unread(const Scene& scene, Findings& out) {
    reset_by_peer(scene, out);
    const Evidence& evidence = scene.evidence;
    const std::uint64_t resets = evidence.rose(Counter::abort_on_close);
    if (!scene.is_about_host() || resets == 0) return;
    Finding finding(rule(31), "TCPAbortOnClose");
    finding.harm = Harm::waste;  // whether a peer still wanted anything is not seen
    finding.weight = resets;
    finding.say("window", span(evidence.window))
        .rose(evidence, Counter::abort_on_close)
        .rose(evidence, Counter::out_rsts);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R32: programs here abort connections instead of closing them (SO_LINGER with 0).
void aborted(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    const std::uint64_t resets = evidence.rose(Counter::abort_on_data);
    if (!scene.is_about_host() || resets == 0) return;
    Finding finding(rule(32), "TCPAbortOnData");
    finding.harm = Harm::waste;  // it may be meant so
    finding.weight = resets;
    finding.say("window", span(evidence.window))
        .rose(evidence, Counter::abort_on_data)
        .rose(evidence, Counter::abort_on_close)
        .rose(evidence, Counter::out_rsts);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R39: a SYN came for a connection that is still open here: the peer has forgotten it.
void syn_on_open_connection(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    const std::uint64_t challenges = evidence.rose(Counter::syn_challenge);
    if (!scene.is_about_host() || challenges == 0) return;
    Finding finding(rule(39), "TCPSYNChallenge");
    finding.certainty = Certainty::likely;  // a forged SYN looks the same
    finding.weight = challenges;
    finding.say("window", span(evidence.window))
        .rose(evidence, Counter::syn_challenge)
        .rose(evidence, Counter::challenge_ack);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R41: connections without an owner, or all of them, use more memory than TCP may have.
void memory_used_up(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    if (!scene.is_about_host()) return;
    const Sysctls& settings = evidence.sysctls;
    const auto is_near = [](std::optional<std::uint64_t> used, std::optional<std::uint64_t> limit) {
        return used && limit && *limit > 0 && *used * 10 >= *limit * 9;
    };
    const std::uint64_t aborted = evidence.rose(Counter::abort_on_memory);
    const bool near_orphans = is_near(settings.orphans, settings.max_orphans);
    const bool near_memory = is_near(settings.tcp_mem_used, settings.tcp_mem_high);
    if (aborted == 0 && !near_orphans && !near_memory) return;
    Finding finding(rule(41), "TCP memory");
    finding.certainty = Certainty::likely;
    finding.harm = aborted > 0 ? Harm::now : Harm::soon;
    finding.weight = aborted;
    finding.head = aborted > 0 ? "head" : "head.near";
    finding.say("window", span(evidence.window))
        .say("orphans", settings.orphans.value_or(0))
        .say("orphansmax", settings.max_orphans.value_or(0))
        .say("pages", settings.tcp_mem_used.value_or(0))
        .say("pagesmax", settings.tcp_mem_high.value_or(0))
        .rose(evidence, Counter::abort_on_memory)
        .fact(Source::sc, "orphans", settings.orphans.value_or(0))
        .fact(Source::sc, "tcp_mem_pages", settings.tcp_mem_used.value_or(0));
    finding.proof("proof").fix(near_memory ? "fix.memory" : "fix");
    out.push_back(std::move(finding));
}

void found_with_35(const Scene&, Findings&) {}
/// R64 is for captures: rules/capture_rules.cpp.
void found_in_packets(const Scene&, Findings&) {}

}  // namespace

std::span<const Rule> close_rules() {
    static constexpr auto rules = std::to_array<Rule>({
        {rule(31), Kind::close, "Connection reset by peer", "R28 R30 R32", closed_unread},
        {rule(32), Kind::close, "Connection reset by peer", "R28 R30 R31", aborted},
        {rule(35), Kind::close, "Broken pipe", "R63", broken_pipe},
        {rule(63), Kind::close, "Broken pipe", "R35", found_with_35},
        {rule(30), Kind::close, "Connection reset by peer", "R31 R32", gone_before_accept},
        {rule(64), Kind::close, "Connection reset by peer", "R13 R31 R32", found_in_packets},
        {rule(33), Kind::close, "descriptors leak in CLOSE-WAIT", "R34", close_wait_pile},
        {rule(34), Kind::close, "connections stay in FIN-WAIT-2", "R33", fin_wait_2_pile},
        {rule(36), Kind::close, "an empty answer, or Broken pipe, on a kept connection", "R31 R35",
         stale_connection},
        {rule(38), Kind::close, "Connection timed out", "R37 R47", dead_peer},
        {rule(39), Kind::close, "connect() answered by an ACK", "R20 R31", syn_on_open_connection},
        {rule(40), Kind::close, "TIME-WAIT table full", "", time_wait_table_full},
        {rule(41), Kind::close, "connections are killed for want of memory", "R32 R38",
         memory_used_up},
    });
    return rules;
}

}  // namespace dt::rules
