// Rules R65 to R70: socket calls of a traced program whose errno the call itself explains.
#include <algorithm>
#include <array>
#include <cerrno>

#include "rules/number_text.hpp"
#include "rules/rule.hpp"

namespace dt::rules {

namespace {

/// The call under judgement, where it failed with `error`.
const Call* failed(const Scene& scene, std::int32_t error) {
    const auto& call = scene.evidence.call;
    return call && call->error == error ? &*call : nullptr;
}

bool is_transfer(const Call& call) {
    return call.kind == CallKind::receive || call.kind == CallKind::send;
}

std::string program_of(const Call& call) {
    return call.program + "[" + std::to_string(call.pid) + "]";
}

Finding about(const Call& call, unsigned number) {
    Finding finding{rule(number), program_of(call) + " fd " + std::to_string(call.fd)};
    finding.pid = call.pid;
    finding.say("program", program_of(call))
        .say("fd", std::to_string(call.fd))
        .say("call", std::string{name(call.kind)})
        .say("peer", call.address.port.is_any() ? "?" : text_of(call.address))
        .say("took", span(call.took));
    return finding;
}

/// R65: a socket that waits has a time limit of its own, and it was reached: EAGAIN, or EINPROGRESS
/// of connect().
void own_time_limit(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || !call->options || call->options->is_nonblocking) return;
    const bool is_connect = call->kind == CallKind::connect && call->error == EINPROGRESS;
    if (!is_connect && (!is_transfer(*call) || call->error != EAGAIN)) return;
    const bool receives = call->kind == CallKind::receive;
    const Duration limit = receives ? call->options->receive_limit : call->options->send_limit;
    if (limit == Duration{} || call->took < limit) return;
    Finding finding = about(*call, 65);
    const std::string_view option = receives ? "SO_RCVTIMEO" : "SO_SNDTIMEO";
    if (is_connect) finding.head = "head.connect";
    finding.say("limit", span(limit))
        .say("option", std::string{option})
        .fact(Source::call, std::string{option} + "_ms",
              static_cast<std::uint64_t>(limit.count() / 1'000'000));
    out.push_back(std::move(finding.proof("proof").fix(is_connect ? "fix.connect" : "fix")));
}

/// R66: the process, or the host, has no descriptor left for a new socket.
void no_descriptor_for_socket(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || call->kind != CallKind::socket) return;
    if (call->error != EMFILE && call->error != ENFILE) return;
    Finding finding = about(*call, 66);
    finding.subject = program_of(*call);
    const auto in_state = [&](event::State state) {
        return static_cast<std::uint64_t>(
            std::ranges::count_if(scene.evidence.after.sockets, [&](const Socket& socket) {
                const Process* const owner = scene.owner_of(socket);
                return owner != nullptr && owner->pid == call->pid && socket.state == state;
            }));
    };
    const std::uint64_t close_wait = in_state(event::State::close_wait);
    finding.say("closewait", close_wait)
        .say("established", in_state(event::State::established))
        .fact(Source::sd, "CLOSE_WAIT", close_wait);
    if (call->error == ENFILE) {
        finding.head = "head.host";
        out.push_back(std::move(finding.proof("proof").fix("fix.host")));
        return;
    }
    const auto process = scene.evidence.processes.find(call->pid);
    if (process == scene.evidence.processes.end() || !process->second.open_files_max) return;
    finding.say("openmax", *process->second.open_files_max)
        .say("open", process->second.open_files.value_or(0))
        .fact(Source::fd, "limit", *process->second.open_files_max);
    finding.proof("proof.limit").proof("proof");
    out.push_back(std::move(finding.fix(close_wait > 0 ? "fix.leak" : "fix")));
}

/// R67: connect() to an IPv6 address on a host that has none which fits: IPv6 is switched off.
void no_ipv6_here(const Scene& scene, Findings& out) {
    const Call* const call = failed(scene, EADDRNOTAVAIL);
    if (call == nullptr || call->kind != CallKind::connect || call->address.addr.is_v4()) return;
    const auto is_v6 = [](const LocalAddress& own) { return !own.address.is_v4(); };
    const bool is_loopback = call->address.addr.is_loopback();
    const bool has_it = std::ranges::any_of(scene.evidence.addresses, [&](const auto& own) {
        return is_loopback ? own.address == call->address.addr : is_v6(own);
    });
    // A list without any address was not read.
    if (has_it || scene.evidence.addresses.empty()) return;
    Finding finding = about(*call, 67);
    finding.head = is_loopback ? "head.loopback" : "head";
    const auto count =
        static_cast<std::uint64_t>(std::ranges::count_if(scene.evidence.addresses, is_v6));
    finding.say("to", text_of(call->address))
        .say("ip", wire::to_string(call->address.addr))
        .say("count", count)
        .fact(Source::rt, "IPv6_addresses", count);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

bool is_conntrack_full(const Sysctls& settings) {
    return settings.conntrack_count && settings.conntrack_max &&
           *settings.conntrack_count * 100 >= *settings.conntrack_max * 95;
}

/// R68: a filter of this host forbids what the program sends. A full table of connection tracking
/// says the same errno: that is R49.
void filter_forbids(const Scene& scene, Findings& out) {
    const Call* const call = failed(scene, EPERM);
    if (call == nullptr || is_conntrack_full(scene.evidence.sysctls)) return;
    if (call->kind != CallKind::send && call->kind != CallKind::connect) return;
    Finding finding = about(*call, 68);
    finding.fact(Source::call, "EPERM", 1);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R69: a datagram that is too large: for any datagram, or for a path that must not fragment.
void datagram_too_large(const Scene& scene, Findings& out) {
    const Call* const call = failed(scene, EMSGSIZE);
    if (call == nullptr || call->kind != CallKind::send || call->size == 0) return;
    if (call->protocol != Protocol::udp || !call->options) return;
    // 65,535 octets less the headers that count into them: RFC 768, RFC 791, RFC 8200.
    const std::uint64_t largest = call->family == Family::v4 ? 65'507 : 65'527;
    const bool is_too_large = call->size > largest;
    if (!is_too_large && call->options->may_fragment) return;
    Finding finding = about(*call, 69);
    finding.head = is_too_large ? "head" : "head.path";
    finding.say("size", call->size)
        .say("largest", largest)
        .say("mtu", call->options->path_mtu == 0 ? "?" : grouped(call->options->path_mtu))
        .fact(Source::call, "size", call->size)
        .fact(Source::call, "IP_MTU", call->options->path_mtu);
    out.push_back(std::move(finding.proof(is_too_large ? "proof" : "proof.path")
                                .fix(is_too_large ? "fix" : "fix.path")));
}

/// R70: data on a socket that has no peer: never connected, a connect that failed, a listener.
void no_peer(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    if (!call || !is_transfer(*call) || !call->options) return;
    if (call->error != ENOTCONN && call->error != EDESTADDRREQ) return;
    Finding finding = about(*call, 70);
    finding.say("errno", call->error == ENOTCONN ? "ENOTCONN" : "EDESTADDRREQ");
    if (call->options->is_listening) {
        finding.head = "head.listener";
        finding.fix("fix.listener");
    } else if (call->connect_error != 0) {
        finding.head = "head.failed";
        finding.fix("fix.failed");
    } else {
        finding.fix("fix");
    }
    out.push_back(std::move(finding.proof("proof").fact(Source::call, "errno",
                                                        static_cast<std::uint64_t>(call->error))));
}

}  // namespace

std::span<const Rule> call_rules() {
    static constexpr auto rules = std::to_array<Rule>({
        {rule(65), Kind::call, "Resource temporarily unavailable", "R21 R52", own_time_limit},
        {rule(66), Kind::call, "Too many open files", "R27 R33", no_descriptor_for_socket},
        {rule(67), Kind::call, "Cannot assign requested address", "R11 R22 R60", no_ipv6_here},
        {rule(68), Kind::call, "Operation not permitted", "R49", filter_forbids},
        {rule(69), Kind::call, "Message too long", "R47", datagram_too_large},
        {rule(70), Kind::call, "Transport endpoint is not connected", "R35 R63", no_peer},
    });
    return rules;
}

}  // namespace dt::rules
