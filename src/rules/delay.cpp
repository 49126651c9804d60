// Rules R37, R42 to R55, R61 and R62: delays, losses, and packets that are thrown away in silence.
#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "rules/number_text.hpp"
#include "rules/program_waits.hpp"
#include "rules/reset_calls.hpp"

namespace dt::rules {

namespace {

Finding of_connection(const Scene& scene, unsigned number, const Socket& socket) {
    Finding finding{rule(number), text_of(socket.remote)};
    if (const Process* owner = scene.owner_of(socket)) finding.pid = owner->pid;
    finding.weight = 1;
    finding.say("local", text_of(socket.local))
        .say("peer", text_of(socket.remote))
        .say("owner", scene.owner_text(socket))
        .say("window", span(scene.evidence.window));
    return finding;
}

/// R42: Nagle holds the second of two small writes until the first is acknowledged, and the peer
/// delays that ACK because it has nothing to send yet.
void held_by_nagle(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || !call->exchanges || !call->options || call->options->has_no_delay) return;
    const Exchanges& seen = *call->exchanges;
    if (seen.held < 5 || seen.held * 10 < seen.all * 8) return;
    Finding finding{rule(42), text_of(call->options->remote)};
    finding.pid = call->pid;
    finding.weight = seen.held;
    finding.say("program", call->program + "[" + std::to_string(call->pid) + "]")
        .say("fd", std::to_string(call->fd))
        .say("peer", text_of(call->options->remote))
        .say("held", seen.held)
        .say("all", seen.all)
        .say("wait", span(seen.longest))
        .fact(Source::call, "exchanges", seen.all)
        .fact(Source::call, "held", seen.held);
    out.push_back(std::move(finding.proof("proof").fix("fix").fix("fix.nodelay")));
}

/// Microseconds of the window that a sender stood still because of its peer's window.
std::uint64_t limited_by_window(const Scene& scene, const Socket& socket) {
    const Socket* const before = scene.earlier(socket);
    if (before == nullptr || !before->info || !socket.info) return 0;
    return socket.info->rwnd_limited_us - before->info->rwnd_limited_us;
}

/// R44 at the sender: the peer's window is shut for most of the time.
void window_is_shut(const Scene& scene, Findings& out) {
    const auto window_us = static_cast<std::uint64_t>(scene.evidence.window.count() / 1000);
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.protocol != Protocol::tcp || !scene.is_asked(socket) || !socket.info) continue;
        if (socket.state != event::State::established) continue;
        const std::uint64_t limited = limited_by_window(scene, socket);
        const Socket* const before = scene.earlier(socket);
        const bool probes = socket.timer == Timer::zero_window_probe && before != nullptr &&
                            before->wqueue > 0 && socket.wqueue > 0;
        if (limited * 2 < window_us || !probes) continue;
        Finding finding = of_connection(scene, 44, socket);
        const Socket* const peer = scene.peer_of(socket);
        finding.say("unsent", socket.wqueue)
            .say("share", percent(limited, window_us))
            .fact(Source::sd, "wqueue", socket.wqueue)
            .fact(Source::sd, "rwnd_limited_us", limited)
            .proof("proof");
        if (peer != nullptr) {
            finding.say("reader", scene.owner_text(*peer)).say("unread", peer->rqueue);
            finding.proof("proof.reader").fix("fix.reader");
        } else {
            finding.fix("fix");
        }
        out.push_back(std::move(finding));
    }
}

/// Data that lies unread through the whole window while no more comes.
bool lies_unread(const Scene& scene, const Socket& socket) {
    if (socket.state != event::State::established || socket.rqueue == 0 || !socket.info) {
        return false;
    }
    if (socket.shutdown && socket.shutdown->receives_no_more) return false;  // it said so
    const Socket* const before = scene.earlier(socket);
    if (before == nullptr || !before->info || before->rqueue == 0 || socket.inode == 0) {
        return false;
    }
    // What came minus what lies there is what the program has taken: the same at both times.
    const std::uint64_t taken_before = before->info->bytes_received - before->rqueue;
    return socket.info->bytes_received - socket.rqueue == taken_before;
}

/// Whether the connection came to a listener here. What lies unread at a client may be a remark of
/// the server that nobody needs (a TLS ticket, the end of an idle connection in a pool).
bool is_served(const Scene& scene, const Socket& socket) {
    return std::ranges::any_of(scene.listeners(), [&](const ListenerSight& sight) {
        return scene.reaches(*sight.now, socket.local);
    });
}

/// Whether data lies unread and nothing says so at its sender.
bool is_left_unread(const Scene& scene, const Socket& socket) {
    if (socket.protocol != Protocol::tcp || !scene.is_asked(socket)) return false;
    if (!lies_unread(scene, socket)) return false;
    const Socket* const peer = scene.peer_of(socket);
    return peer == nullptr || peer->timer != Timer::zero_window_probe;  // else it is told there
}

/// R44 at the receiver, whose peer is elsewhere, and R52: the program here does not read.
void nobody_reads(const Scene& scene, Findings& out) {
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (!is_left_unread(scene, socket)) continue;
        const bool is_full = socket.memory && socket.memory->rmem * 4 >= socket.memory->rcvbuf * 3U;
        if (!is_full && !is_served(scene, socket)) continue;
        Finding finding = of_connection(scene, is_full ? 44 : 52, socket);
        finding.head = is_full ? "head.here" : "head";
        finding.say("unread", socket.rqueue)
            .say("age", span_ms(socket.info->last_data_recv_ms))
            .fact(Source::sd, "rqueue", socket.rqueue)
            .fact(Source::sd, "last_data_recv_ms", socket.info->last_data_recv_ms);
        finding.proof(is_full ? "proof.here" : "proof").fix(is_full ? "fix.here" : "fix");
        out.push_back(std::move(finding));
    }
}

/// R46: segments are lost on many connections or often.
void loss(const Scene& scene, Findings& out) {
    std::uint64_t again = 0;
    std::uint64_t sent = 0;
    const Socket* worst = nullptr;
    std::uint64_t most = 0;
    for (const Socket& socket : scene.evidence.after.sockets) {
        const Socket* const before = scene.earlier(socket);
        if (before == nullptr || !before->info || !socket.info || !scene.is_asked(socket)) continue;
        if (before->state != event::State::established) continue;
        const std::uint64_t own = socket.info->total_retrans - before->info->total_retrans;
        again += own;
        sent += socket.info->data_segs_out - before->info->data_segs_out;
        if (own > most) {
            most = own;
            worst = &socket;
        }
    }
    constexpr std::uint64_t few = 10;
    if (worst == nullptr || again < few || again * 50 < sent) return;
    Finding finding = of_connection(scene, 46, *worst);
    finding.certainty = Certainty::likely;
    finding.weight = again;
    finding.subject = "loss";
    finding.say("again", again)
        .say("sent", sent)
        .say("share", percent(again, sent))
        .rose(scene.evidence, Counter::retrans_segs)
        .rose(scene.evidence, Counter::timeouts)
        .rose(scene.evidence, Counter::lost_retransmit)
        .fact(Source::sd, "total_retrans", again);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// Whether the peer's host answers on another connection in this window.
bool answers_otherwise(const Scene& scene, const Socket& stuck) {
    return std::ranges::any_of(scene.evidence.after.sockets, [&](const Socket& socket) {
        const Socket* const before = scene.earlier(socket);
        return socket.remote.addr == stuck.remote.addr && socket.cookie != stuck.cookie &&
               before != nullptr && before->info && socket.info &&
               socket.info->bytes_acked > before->info->bytes_acked;
    });
}

/// Full-sized data that is sent again and again without any answer.
bool is_stuck(const Scene& scene, const Socket& socket) {
    if (socket.state != event::State::established || !socket.info || !scene.is_asked(socket)) {
        return false;
    }
    const Socket* const before = scene.earlier(socket);
    return before != nullptr && before->info && socket.timer == Timer::retransmit &&
           socket.retrans >= 2 && socket.info->unacked > 0 &&
           socket.info->bytes_acked == before->info->bytes_acked;
}

/// How long the connection was quiet, at least, before the data went out that is stuck now: the
/// timeouts double, so all of them together are shorter than twice the one that runs.
Duration quiet_before(const Socket& socket) {
    const Duration quiet = std::chrono::milliseconds{socket.info->last_ack_recv_ms};
    return quiet - 2 * Duration{std::chrono::microseconds{socket.info->rto_us}};
}

/// R37 without a reset: small data is stuck after a long silence, while other connections to the
/// same host go on: a device between has forgotten this one.
void forgotten_between(const Scene& scene, const Socket& socket, Findings& out) {
    constexpr Duration long_silence = 5s;
    const Duration quiet = quiet_before(socket);
    if (quiet < long_silence || socket.info->data_segs_in + socket.info->bytes_acked == 0) return;
    Finding finding = of_connection(scene, 37, socket);
    finding.certainty = Certainty::likely;
    finding.say("unacked", socket.wqueue)
        .say("retries", socket.retrans)
        .say("quiet", span(quiet))
        .rose(scene.evidence, Counter::icmp_in_dest_unreachs)
        .fact(Source::sd, "retrans", socket.retrans)
        .fact(Source::sd, "last_ack_recv_ms", socket.info->last_ack_recv_ms);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R47: full-sized segments get no answer while small ones to the same host do. R38 where nothing
/// at all comes from there.
void black_hole(const Scene& scene, Findings& out) {
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.protocol != Protocol::tcp || !is_stuck(scene, socket)) continue;
        const bool is_alive = answers_otherwise(scene, socket);
        const bool is_large = socket.wqueue >= socket.info->snd_mss;
        if (is_alive && !is_large) {
            forgotten_between(scene, socket, out);
            continue;
        }
        Finding finding = of_connection(scene, is_alive ? 47 : 38, socket);
        finding.certainty = Certainty::likely;
        finding.head = is_alive ? "head" : "head.data";
        finding.say("unacked", socket.wqueue)
            .say("retries", socket.retrans)
            .say("pmtu", socket.info->pmtu)
            .say("quiet", span_ms(socket.info->last_ack_recv_ms))
            .rose(scene.evidence, Counter::icmp_in_dest_unreachs)
            .fact(Source::sd, "retrans", socket.retrans)
            .fact(Source::sd, "pmtu", socket.info->pmtu);
        finding.proof(is_alive ? "proof" : "proof.data").fix(is_alive ? "fix" : "fix.data");
        if (is_alive) {
            finding.say("ip", wire::to_string(socket.remote.addr));
            finding.say("size", std::to_string(socket.info->pmtu - 28U));
            finding.decide = "decide";
        }
        out.push_back(std::move(finding));
    }
}

/// A rule that one counter decides: the kernel names the cause itself.
void by_counter(const Scene& scene, Findings& out, unsigned number, Counter counter) {
    const std::uint64_t count = scene.evidence.rose(counter);
    const bool is_call = scene.evidence.call && scene.evidence.call->kind == CallKind::connect &&
                         scene.evidence.call->error == ETIMEDOUT;
    if (count == 0 || (!scene.is_about_host() && !is_call)) return;
    const std::string_view full = rules::name(counter);
    Finding finding{rule(number), std::string{full.substr(full.find('.') + 1)}};
    finding.weight = count;
    // Of a host, not of a call: what was dropped may have been nobody's loss.
    if (!is_call) finding.harm = Harm::soon;
    finding.say("count", count)
        .say("counter", finding.subject)
        .say("window", span(scene.evidence.window))
        .rose(scene.evidence, counter);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

void reverse_path(const Scene& scene, Findings& out) {
    by_counter(scene, out, 48, Counter::reverse_path_filter);
}

void md5_drops(const Scene& scene, Findings& out) {
    for (const Counter counter : {Counter::md5_not_found, Counter::md5_unexpected,
                                  Counter::md5_failure, Counter::ao_required}) {
        by_counter(scene, out, 55, counter);
    }
}

void min_ttl(const Scene& scene, Findings& out) {
    by_counter(scene, out, 62, Counter::min_ttl_drop);
}

/// R51: segments come with timestamps older than those before them: several hosts share an address,
/// or one's clock of timestamps went back.
void old_timestamps(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    const std::uint64_t connects = evidence.rose(Counter::paws_timewait) +
                                   evidence.rose(Counter::ts_ecr_rejected) +
                                   evidence.rose(Counter::paws_active);
    const std::uint64_t open = evidence.rose(Counter::paws_estab);
    // A late duplicate is rejected so too: on open connections only many of them say anything.
    constexpr std::uint64_t many = 20;
    if (!scene.is_about_host() || (connects < 2 && open < many)) return;
    Finding finding{rule(51), "PAWS"};
    finding.certainty = connects >= 2 ? Certainty::certain : Certainty::likely;
    finding.weight = connects + open;
    finding.say("count", connects + open)
        .say("window", span(evidence.window))
        .rose(evidence, Counter::paws_timewait)
        .rose(evidence, Counter::paws_active)
        .rose(evidence, Counter::paws_estab)
        .rose(evidence, Counter::ts_ecr_rejected);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R54: what arrives has a wrong checksum and is dropped.
void wrong_checksums(const Scene& scene, Findings& out) {
    const Evidence& evidence = scene.evidence;
    const std::uint64_t count =
        evidence.rose(Counter::in_csum_errors) + evidence.rose(Counter::udp_in_csum_errors);
    constexpr std::uint64_t few = 3;  // one may be a bit that fell over on a far link
    if (!scene.is_about_host() || count < few) return;
    Finding finding{rule(54), "checksums"};
    finding.weight = count;
    finding.say("count", count)
        .say("window", span(evidence.window))
        .say("udp", evidence.rose(Counter::udp_in_csum_errors))
        .rose(evidence, Counter::in_csum_errors)
        .fact(Source::ns, "Udp.InCsumErrors", evidence.rose(Counter::udp_in_csum_errors));
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R45: a sender that stands still most of the time because its own send buffer is full of data
/// that is on its way.
void send_buffer_small(const Scene& scene, Findings& out) {
    const auto window_us = static_cast<std::uint64_t>(scene.evidence.window.count() / 1000);
    for (const Socket& socket : scene.evidence.after.sockets) {
        const Socket* const before = scene.earlier(socket);
        if (socket.protocol != Protocol::tcp || !scene.is_asked(socket) || !socket.info) continue;
        if (before == nullptr || !before->info || !socket.memory) continue;
        if (socket.state != event::State::established) continue;
        const std::uint64_t limited =
            socket.info->sndbuf_limited_us - before->info->sndbuf_limited_us;
        if (limited * 2 < window_us) continue;
        Finding finding = of_connection(scene, 45, socket);
        finding.certainty = Certainty::likely;
        finding.harm = Harm::waste;
        finding.say("share", percent(limited, window_us))
            .say("sndbuf", socket.memory->sndbuf)
            .say("rtt", span(std::chrono::microseconds{socket.info->rtt_us}))
            .fact(Source::sd, "sndbuf_limited_us", limited)
            .fact(Source::sd, "sndbuf", socket.memory->sndbuf)
            .fact(Source::sd, "rtt_us", socket.info->rtt_us);
        out.push_back(std::move(finding.proof("proof").fix("fix")));
    }
}

/// R50: datagrams are dropped because their socket's buffer is full.
void datagrams_dropped(const Scene& scene, Findings& out) {
    for (const Socket& socket : scene.evidence.after.sockets) {
        const Socket* const before = scene.earlier(socket);
        if (socket.protocol != Protocol::udp || before == nullptr || !scene.is_asked(socket))
            continue;
        if (!socket.memory || !before->memory) continue;
        const std::uint64_t drops = socket.memory->drops - before->memory->drops;
        if (drops == 0 || scene.evidence.rose(Counter::udp_rcvbuf_errors) == 0) continue;
        Finding finding = of_connection(scene, 50, socket);
        finding.subject = text_of(socket.local);
        finding.weight = drops;
        finding.say("drops", drops)
            .say("rmem", socket.memory->rmem)
            .say("rcvbuf", socket.memory->rcvbuf)
            .say("rmemmax", scene.evidence.sysctls.rmem_max.value_or(0))
            .rose(scene.evidence, Counter::udp_rcvbuf_errors)
            .fact(Source::sd, "skmem.drops", drops);
        out.push_back(std::move(finding.proof("proof").fix("fix")));
    }
}

/// R61: a datagram went where nobody listens, and the next call on the socket is told.
void datagram_refused(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || call->error != ECONNREFUSED || call->protocol != Protocol::udp) return;
    if (!call->options) return;
    Finding finding{rule(61), text_of(call->options->remote)};
    finding.pid = call->pid;
    finding.say("program", call->program + "[" + std::to_string(call->pid) + "]")
        .say("fd", std::to_string(call->fd))
        .say("peer", text_of(call->options->remote));
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R49: the table of connection tracking is full; what does not fit is dropped.
void conntrack_full(const Scene& scene, Findings& out) {
    const auto count = scene.evidence.sysctls.conntrack_count;
    const auto limit = scene.evidence.sysctls.conntrack_max;
    const auto& call = scene.evidence.call;
    const bool is_forbidden = call && call->kind == CallKind::send && call->error == EPERM;
    if ((!scene.is_about_host() && !is_forbidden) || !count || !limit || *limit == 0) return;
    if (*count * 100 < *limit * 95) return;
    const std::uint64_t drops = scene.evidence.rose(Counter::conntrack_drop) +
                                scene.evidence.rose(Counter::conntrack_early_drop);
    Finding finding{rule(49), "nf_conntrack"};
    finding.harm = drops > 0 ? Harm::now : Harm::soon;
    finding.weight = *count;
    finding.say("count", *count)
        .say("limit", *limit)
        .say("drops", drops)
        .say("window", span(scene.evidence.window))
        .fact(Source::ct, "nf_conntrack_count", *count)
        .fact(Source::ct, "nf_conntrack_max", *limit);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

}  // namespace

std::span<const Rule> delay_rules() {
    static constexpr auto rules = std::to_array<Rule>({
        {rule(42), Kind::delay, "each exchange takes 40 ms", "R46 R52", held_by_nagle},
        {rule(37), Kind::delay, "an idle connection is dead when it is used", "R31 R36 R38 R47",
         reset_after_silence},
        {rule(43), Kind::delay, "an answer takes 200 ms more", "R42 R46 R52", request_sent_again},
        {rule(44), Kind::delay, "sending stalls", "R46 R47 R52", window_is_shut},
        {rule(45), Kind::delay, "slow on a long path", "R44 R46", send_buffer_small},
        {rule(46), Kind::delay, "slow, with retransmissions", "R38 R44 R47", loss},
        {rule(47), Kind::delay, "small messages pass, large ones hang", "R37 R38 R44 R46",
         black_hole},
        {rule(48), Kind::delay, "Connection timed out", "R21", reverse_path},
        {rule(49), Kind::delay, "Connection timed out", "R21", conntrack_full},
        {rule(50), Kind::delay, "datagrams are lost", "R61", datagrams_dropped},
        {rule(51), Kind::delay, "Connection timed out", "R21 R54", old_timestamps},
        {rule(52), Kind::delay, "a request is not answered", "R26 R44", nobody_reads},
        {rule(53), Kind::delay, "a connect begins seconds late", "R20 R21", slow_start},
        {rule(54), Kind::delay, "slow, or Connection timed out", "R46 R51", wrong_checksums},
        {rule(55), Kind::delay, "Connection timed out", "R21 R62", md5_drops},
        {rule(61), Kind::delay, "Connection refused, on a datagram socket", "R50",
         datagram_refused},
        {rule(62), Kind::delay, "Connection timed out", "R21 R55", min_ttl},
    });
    return rules;
}

}  // namespace dt::rules
