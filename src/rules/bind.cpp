// Rules R1 to R12: why bind() or listen() failed, or would fail for the port that was asked about.
#include <algorithm>
#include <array>
#include <cerrno>

#include "rules/number_text.hpp"
#include "rules/rule.hpp"

namespace dt::rules {

namespace {

/// The bind that failed, or the one that a probe tried: what it asked for.
struct Wish {
    Endpoint address;
    Family family = Family::v4;
    bool is_v6only = false;
    bool has_reuse_addr = false;
    bool has_reuse_port = false;
    std::uint32_t euid = 0;
    const Call* call = nullptr;
};

bool has_listener(const Scene& scene) {
    return std::ranges::any_of(scene.listeners(), [&](const ListenerSight& sight) {
        return sight.now->local.port == scene.evidence.target.endpoint->port;
    });
}

/// Only a stream's bind that failed for a port that is taken, or a probe that met one.
std::optional<Wish> taken_port(const Scene& scene) {
    const Evidence& evidence = scene.evidence;
    if (evidence.call) {
        const Call& call = *evidence.call;
        const bool is_ours = call.kind == CallKind::bind && call.error == EADDRINUSE &&
                             !call.address.port.is_any() && call.protocol == Protocol::tcp;
        if (!is_ours || !call.options) return std::nullopt;
        return Wish{call.address,
                    call.family,
                    call.options->is_v6only,
                    call.options->has_reuse_addr,
                    call.options->has_reuse_port,
                    call.euid,
                    &call};
    }
    if (!evidence.target.endpoint || !evidence.target.is_any_address) return std::nullopt;
    // Without a probe what is left on the port tells; a server on it is no trouble.
    const bool may_be_taken =
        evidence.probe.plain == ProbeResult::in_use ||
        (evidence.probe.plain == ProbeResult::not_made && !has_listener(scene));
    if (!may_be_taken) return std::nullopt;
    return Wish{*evidence.target.endpoint, Family::v4, false, false, false, evidence.uid, nullptr};
}

/// Whether a socket's local address and the wished one can receive the same segment.
bool overlaps(const Wish& wish, const Socket& socket) {
    if (socket.local.port != wish.address.port || socket.protocol != Protocol::tcp) return false;
    const IpAddr& have = socket.local.addr;
    const IpAddr& want = wish.address.addr;
    if (have == want) return true;
    // [::] takes IPv4 too unless IPV6_V6ONLY is set.
    const bool have_all = have.is_any() && !have.is_v4() && !socket.is_v6only.value_or(false);
    const bool want_all = want.is_any() && !want.is_v4() && !wish.is_v6only;
    if (have_all || want_all) return true;
    return have.is_v4() == want.is_v4() && (have.is_any() || want.is_any());
}

const Socket* listener_in_the_way(const Scene& scene, const Wish& wish) {
    const Socket* found = nullptr;
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.state != event::State::listen || !overlaps(wish, socket)) continue;
        if (found == nullptr || socket.local.addr == wish.address.addr) found = &socket;
    }
    return found;
}

/// Bound, neither listening nor connected: the kernel says so from Linux 6.8 on.
const Socket* bound_in_the_way(const Scene& scene, const Wish& wish) {
    for (const Socket& socket : scene.evidence.after.sockets) {
        // The caller's own socket may stand there as well: it has no port, so it does not overlap.
        if (socket.state == event::State::closed && overlaps(wish, socket)) return &socket;
    }
    return nullptr;
}

bool is_open(const Socket& socket) {
    using event::State;
    return socket.state != State::listen && socket.state != State::time_wait &&
           socket.state != State::closed && socket.state != State::syn_received;
}

/// Connections and records on the wished port, without listeners.
struct Rest {
    const Socket* open = nullptr;       ///< one that some process still owns, if any
    const Socket* time_wait = nullptr;  ///< the one that lasts longest
    std::size_t open_count = 0;
    std::size_t time_wait_count = 0;
};

Rest rest_of(const Scene& scene, const Wish& wish) {
    Rest rest;
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (!overlaps(wish, socket)) continue;
        if (is_open(socket)) {
            ++rest.open_count;
            if (rest.open == nullptr || rest.open->inode == 0) rest.open = &socket;
        }
        if (socket.state == event::State::time_wait) {
            ++rest.time_wait_count;
            if (rest.time_wait == nullptr || socket.expires_ms > rest.time_wait->expires_ms) {
                rest.time_wait = &socket;
            }
        }
    }
    return rest;
}

/// Whether the other end is a listener of this host: then it was this end that called.
bool is_callers_peer(const Scene& scene, const Socket& socket) {
    return std::ranges::any_of(scene.listeners(), [&](const ListenerSight& sight) {
        return sight.now->local.port == socket.remote.port && scene.is_local(socket.remote.addr);
    });
}

/// Whether the connection was opened from here: its own port is ephemeral and the peer's is not,
/// or the peer is a listener on this host. Nothing where neither tells.
std::optional<bool> is_outgoing(const Scene& scene, const Socket& socket) {
    if (is_callers_peer(scene, socket)) return true;
    const auto range = scene.evidence.sysctls.ephemeral;
    if (!range) return std::nullopt;
    const bool here = range->contains(socket.local.port);
    const bool there = range->contains(socket.remote.port);
    if (here == there) return std::nullopt;
    return here;
}

/// A finding about the wished address, with its head for a call that failed or one that would.
Finding about(const Wish& wish, unsigned number) {
    Finding finding{rule(number), text_of(wish.address)};
    finding.harm = wish.call != nullptr ? Harm::now : Harm::soon;
    finding.head = wish.call != nullptr ? "head" : "head.would";
    finding.say("address", text_of(wish.address))
        .say("port", std::to_string(wish.address.port.value()));
    if (wish.call != nullptr) {
        finding.pid = wish.call->pid;
        finding.say("program", wish.call->program + "[" + std::to_string(wish.call->pid) + "]")
            .say("fd", std::to_string(wish.call->fd));
    }
    return finding;
}

Finding about_socket(const Scene& scene, const Wish& wish, unsigned number, const Socket& socket) {
    Finding finding = about(wish, number);
    finding.say("other", text_of(socket.local))
        .say("peer", text_of(socket.remote))
        .say("state", std::string{event::name(socket.state)})
        .say("owner", scene.owner_text(socket))
        .say("uid", std::to_string(socket.uid))
        .fact(Source::sd, std::string{event::name(socket.state)}, 1);
    return finding;
}

/// Which of the rules about live listeners it is: they differ in what keeps the two apart.
unsigned number_for(const Wish& wish, const Socket& listener) {
    if (wish.has_reuse_port) return 8;
    if (listener.local.addr == wish.address.addr) return 1;
    return listener.local.addr.is_v4() != wish.address.addr.is_v4() ? 6 : 7;
}

/// R1, R6, R7, R8: a listener is in the way.
void live_listener(const Scene& scene, Findings& out) {
    const auto wish = taken_port(scene);
    if (!wish) return;
    const Socket* const listener = listener_in_the_way(scene, *wish);
    if (listener == nullptr) return;
    const unsigned number = number_for(*wish, *listener);
    Finding finding = about_socket(scene, *wish, number, *listener);
    const bool other_user = listener->uid != wish->euid;
    finding.say("euid", std::to_string(wish->euid));
    finding.proof(number == 8 && other_user ? "proof.uid" : "proof");
    finding.fix(number == 8 && other_user ? "fix.uid" : "fix");
    out.push_back(std::move(finding));
}

/// R56: another socket is bound to the port and neither listens nor is connected.
void bound_only(const Scene& scene, Findings& out) {
    const auto wish = taken_port(scene);
    if (!wish || listener_in_the_way(scene, *wish) != nullptr) return;
    const Socket* const bound = bound_in_the_way(scene, *wish);
    if (bound == nullptr) return;
    out.push_back(about_socket(scene, *wish, 56, *bound).proof("proof").fix("fix"));
}

/// The port is held by what a server left behind, not by anything that listens or is only bound.
std::optional<std::pair<Wish, Rest>> left_behind(const Scene& scene) {
    const auto wish = taken_port(scene);
    if (!wish || listener_in_the_way(scene, *wish) != nullptr) return std::nullopt;
    if (bound_in_the_way(scene, *wish) != nullptr) return std::nullopt;
    const Rest rest = rest_of(scene, *wish);
    if (rest.open == nullptr && rest.time_wait == nullptr) return std::nullopt;
    return std::pair{*wish, rest};
}

bool is_client_port(const Scene& scene, const Rest& rest) {
    const Socket* const one = rest.open != nullptr ? rest.open : rest.time_wait;
    return is_outgoing(scene, *one).value_or(false);
}

/// R2 and R3: only TIME-WAIT is left. A socket that was born without SO_REUSEADDR blocks the port
/// for every successor; one that had it, only for a successor without.
void time_wait_left(const Scene& scene, Findings& out) {
    const auto left = left_behind(scene);
    if (!left || left->second.open != nullptr || is_client_port(scene, left->second)) return;
    const auto& [wish, rest] = *left;
    const ProbeResult reuse = scene.evidence.probe.with_reuse_addr;
    const bool old_had_none = wish.has_reuse_addr || reuse == ProbeResult::in_use;
    Finding finding = about_socket(scene, wish, old_had_none ? 3 : 2, *rest.time_wait);
    if (!old_had_none && reuse != ProbeResult::free) finding.certainty = Certainty::likely;
    finding.say("left", span_ms(rest.time_wait->expires_ms))
        .say("count", rest.time_wait_count)
        .fact(Source::sd, "expires_ms", rest.time_wait->expires_ms);
    if (reuse == ProbeResult::free || reuse == ProbeResult::in_use) {
        finding.fact(Source::probe, "bind_with_SO_REUSEADDR", reuse == ProbeResult::free ? 1 : 0);
    }
    finding.proof("proof");
    if (old_had_none) {
        finding.proof(wish.has_reuse_addr ? "proof.set" : "proof.probe");
    } else if (reuse == ProbeResult::free) {
        finding.proof("proof.probe");
    }
    out.push_back(std::move(finding.fix("fix")));
}

/// R4: connections that a server accepted are still open though nobody listens any more.
void connections_left(const Scene& scene, Findings& out) {
    const auto left = left_behind(scene);
    if (!left || left->second.open == nullptr || is_client_port(scene, left->second)) return;
    const auto& [wish, rest] = *left;
    Finding finding = about_socket(scene, wish, 4, *rest.open);
    // Within the ephemeral range a connection that was opened from here looks the same.
    if (!is_outgoing(scene, *rest.open)) finding.certainty = Certainty::likely;
    const bool reuse_helps = scene.evidence.probe.with_reuse_addr == ProbeResult::free;
    finding.say("count", rest.open_count).proof("proof");
    finding.fix(reuse_helps ? "fix.reuse" : "fix");
    out.push_back(std::move(finding));
}

/// R5: an outgoing connection has been given the port.
void client_port(const Scene& scene, Findings& out) {
    const auto left = left_behind(scene);
    if (!left || !is_client_port(scene, left->second)) return;
    const auto& [wish, rest] = *left;
    const Socket& one = rest.open != nullptr ? *rest.open : *rest.time_wait;
    const auto range = scene.evidence.sysctls.ephemeral.value_or(PortRange{});
    Finding finding = about_socket(scene, wish, 5, one);
    if (!is_callers_peer(scene, one)) finding.certainty = Certainty::likely;
    finding.say("first", std::to_string(range.first))
        .say("last", std::to_string(range.last))
        .fact(Source::sc, "ip_local_port_range.first", range.first)
        .fact(Source::sc, "ip_local_port_range.last", range.last);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

const Call* failed_call(const Scene& scene, CallKind kind, std::int32_t error) {
    const auto& call = scene.evidence.call;
    return call && call->kind == kind && call->error == error ? &*call : nullptr;
}

Wish wish_of(const Call& call) {
    return Wish{call.address, call.family, false, false, false, call.euid, &call};
}

/// R9: bind() was allowed because neither listened; the other one listened first.
void listen_failed(const Scene& scene, Findings& out) {
    const Call* const call = failed_call(scene, CallKind::listen, EADDRINUSE);
    if (call == nullptr || !call->options) return;
    Wish wish = wish_of(*call);
    wish.address = call->options->local;
    wish.is_v6only = call->options->is_v6only;
    const Socket* const listener = listener_in_the_way(scene, wish);
    if (listener == nullptr) return;
    out.push_back(about_socket(scene, wish, 9, *listener).proof("proof").fix("fix"));
}

std::size_t ports_taken(const Scene& scene, const PortRange& range) {
    std::array<bool, 65536> taken{};
    for (const Socket& socket : scene.evidence.after.sockets) {
        if (socket.protocol == Protocol::tcp) taken[socket.local.port.value()] = true;
    }
    return static_cast<std::size_t>(
        std::count(taken.begin() + range.first, taken.begin() + range.last + 1, true));
}

/// R10: bind to port 0 finds no free port.
void no_port_for_bind(const Scene& scene, Findings& out) {
    const Call* const call = failed_call(scene, CallKind::bind, EADDRINUSE);
    const auto range = scene.evidence.sysctls.ephemeral;
    if (call == nullptr || !call->address.port.is_any() || !range) return;
    const std::size_t size = range->last - range->first + 1U;
    const std::size_t taken = ports_taken(scene, *range);
    Finding finding = about(wish_of(*call), 10);
    if (taken * 10 < size * 9) finding.certainty = Certainty::likely;  // reserved ones are not seen
    finding.say("taken", taken)
        .say("size", size)
        .say("first", std::to_string(range->first))
        .say("last", std::to_string(range->last))
        .fact(Source::sd, "ports_taken", taken)
        .fact(Source::sc, "ip_local_port_range.size", size);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R11: the address is not this host's, or IPv6 still checks that nobody else has it.
void foreign_address(const Scene& scene, Findings& out) {
    const Call* const call = failed_call(scene, CallKind::bind, EADDRNOTAVAIL);
    if (call == nullptr) return;
    const auto own =
        std::ranges::find(scene.evidence.addresses, call->address.addr, &LocalAddress::address);
    const bool is_own = own != scene.evidence.addresses.end();
    if (is_own && !own->is_tentative) return;
    Finding finding = about(wish_of(*call), 11);
    finding.say("ip", wire::to_string(call->address.addr))
        .say("addresses", scene.evidence.addresses.size())
        .fact(Source::rt, "addresses", scene.evidence.addresses.size());
    finding.head = is_own ? "head.tentative" : "head";
    finding.proof(is_own ? "proof.tentative" : "proof").fix(is_own ? "fix.tentative" : "fix");
    out.push_back(std::move(finding));
}

/// R12: a port that needs a privilege.
void privileged_port(const Scene& scene, Findings& out) {
    const Call* const call = failed_call(scene, CallKind::bind, EACCES);
    const auto start = scene.evidence.sysctls.unprivileged_port_start;
    if (call == nullptr || !start || call->address.port.is_any()) return;
    if (call->address.port.value() >= *start || call->may_bind_low.value_or(false)) return;
    Finding finding = about(wish_of(*call), 12);
    finding.say("start", std::to_string(*start))
        .fact(Source::sc, "net.ipv4.ip_unprivileged_port_start", *start);
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R57: bind() on a socket that has a port already.
void bound_twice(const Scene& scene, Findings& out) {
    const Call* const call = failed_call(scene, CallKind::bind, EINVAL);
    if (call == nullptr || !call->options || !call->options->is_bound) return;
    Finding finding = about(wish_of(*call), 57);
    finding.say("local", text_of(call->options->local));
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

/// R58: a link-local address without the interface it belongs to.
void no_scope(const Scene& scene, Findings& out) {
    const auto& call = scene.evidence.call;
    const bool is_ours = call &&
                         (call->kind == CallKind::bind || call->kind == CallKind::connect) &&
                         call->error == EINVAL && !call->address.addr.is_v4() &&
                         call->address.addr.is_link_local() && call->scope == 0;
    if (!is_ours || (call->kind == CallKind::bind && call->options && call->options->is_bound))
        return;
    Finding finding = about(wish_of(*call), 58);
    finding.say("ip", wire::to_string(call->address.addr));
    out.push_back(std::move(finding.proof("proof").fix("fix")));
}

void nothing_more(const Scene&, Findings&) {}

}  // namespace

std::span<const Rule> bind_rules() {
    constexpr std::string_view in_use = "Address already in use";
    // R6, R7, R8 and R3 are told apart by the same look as R1 and R2.
    static constexpr auto rules = std::to_array<Rule>({
        {rule(1), Kind::bind, in_use, "R2 R4 R6 R7 R8 R9", live_listener},
        {rule(2), Kind::bind, in_use, "R1 R3 R4 R5", time_wait_left},
        {rule(3), Kind::bind, in_use, "R1 R2 R4 R5", nothing_more},
        {rule(4), Kind::bind, in_use, "R1 R2 R3 R5", connections_left},
        {rule(5), Kind::bind, in_use, "R1 R2 R3 R4", client_port},
        {rule(6), Kind::bind, in_use, "R1 R7", nothing_more},
        {rule(7), Kind::bind, in_use, "R1 R6", nothing_more},
        {rule(8), Kind::bind, in_use, "R1", nothing_more},
        {rule(9), Kind::bind, in_use, "R1", listen_failed},
        {rule(10), Kind::bind, in_use, "R1", no_port_for_bind},
        {rule(11), Kind::bind, "Cannot assign requested address", "R22", foreign_address},
        {rule(12), Kind::bind, "Permission denied", "R19", privileged_port},
        {rule(56), Kind::bind, in_use, "R1 R2 R4", bound_only},
        {rule(57), Kind::bind, "Invalid argument", "R58", bound_twice},
        {rule(58), Kind::bind, "Invalid argument", "R57 R19", no_scope},
    });
    return rules;
}

}  // namespace dt::rules
