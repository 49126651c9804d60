// Snapshots and events of our stack in the terms of the rules.
#include "rules/own_stack.hpp"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/errno.hpp"

namespace dt::rules {

namespace {

using event::SocketView;

// Numbers of Linux's options (socket(7), tcp(7)), as CallMade has them.
constexpr std::int32_t sol_socket = 1;
constexpr std::int32_t ipproto_tcp = 6;
constexpr std::int32_t so_reuseaddr = 2;
constexpr std::int32_t so_reuseport = 15;
constexpr std::int32_t tcp_nodelay = 1;
// Types of sockets (socket(2)), as CallMade has them, and what shutdown(2) says of reading only.
constexpr std::int32_t sock_dgram = 2;
constexpr std::int32_t sock_raw = 3;
constexpr std::int32_t shut_rd = 0;

/// As on the wire (RFC 9293 §3.1).
constexpr std::uint8_t syn_flag = 0x02;
/// A first retransmission comes after 1 s (RFC 6298 §2.1).
constexpr Duration long_connect = 900ms;

/// ICMP and ICMPv6 destination unreachable.
constexpr std::uint8_t icmp_unreachable = 3;
constexpr std::uint8_t icmp_v6_unreachable = 1;

Timer timer_of(event::TimerKind kind) {
    using event::TimerKind;
    switch (kind) {
        case TimerKind::retransmit:
        case TimerKind::syn_ack:
        case TimerKind::reorder:
        case TimerKind::loss_probe: return Timer::retransmit;
        case TimerKind::keepalive: return Timer::keepalive;
        case TimerKind::time_wait: return Timer::time_wait;
        case TimerKind::persist: return Timer::zero_window_probe;
        case TimerKind::none:
        case TimerKind::delayed_ack:
        case TimerKind::fin_wait_2:
        case TimerKind::user_timeout: return Timer::none;
    }
    std::unreachable();
}

std::uint32_t milliseconds(Duration time) {
    return static_cast<std::uint32_t>(std::max<std::int64_t>(time.count() / 1'000'000, 0));
}

std::uint32_t microseconds(Duration time) {
    return static_cast<std::uint32_t>(std::max<std::int64_t>(time.count() / 1000, 0));
}

/// The same socket in another snapshot has the same cookie: a connection by its two ends, for it
/// gets its number only when it is accepted; anything else by its number.
std::uint64_t cookie_of(const SocketView& view) {
    std::uint64_t sum = 0xcbf29ce484222325U;  // FNV-1a
    const auto mix = [&sum](std::uint64_t octet) { sum = (sum ^ octet) * 0x100000001b3U; };
    const auto mix_end = [&mix](const Endpoint& end) {
        for (const char c : wire::to_string(end.addr)) mix(static_cast<unsigned char>(c));
        mix(end.port.value());
    };
    mix(static_cast<std::uint64_t>(view.transport));
    if (view.peer.port.is_any()) {
        mix(view.socket);
        return sum;
    }
    mix_end(view.local);
    mix_end(view.peer);
    return sum;
}

/// Stands for the inode: 0 only where no program owns the socket. A number has its slot and that
/// slot's generation in its two halves.
std::uint32_t inode_of(event::SocketNumber number) {
    if (number == 0) return 0;
    const std::uint64_t mixed = number * 0x9e3779b97f4a7c15U;
    return static_cast<std::uint32_t>(mixed >> 32) | 1U;
}

TcpInfo info_of(const SocketView& view) {
    const event::PathView& path = *view.path;
    TcpInfo info;
    info.state = view.state;
    info.retransmits = path.expiries;
    info.probes = path.probes;
    info.backoff = path.backoff;
    info.rto_us = microseconds(path.rto);
    info.rtt_us = microseconds(path.srtt);
    info.snd_mss = path.mss;
    info.unacked = path.outstanding;
    info.pmtu = path.path_mtu;
    info.total_retrans = path.resent_total;
    info.dsack_dups = path.duplicates;
    info.bytes_acked = path.octets_acked;
    info.bytes_received = path.octets_received;
    // What was sent has arrived, is on its way, or was sent again.
    info.data_segs_out = path.delivered + path.outstanding + path.resent_total;
    return info;
}

/// The rules are about TCP and UDP; nothing for a socket of ICMP.
std::optional<Protocol> protocol_of(event::Transport transport) {
    switch (transport) {
        case event::Transport::tcp: return Protocol::tcp;
        case event::Transport::udp: return Protocol::udp;
        case event::Transport::icmp:
        case event::Transport::raw: return std::nullopt;
    }
    std::unreachable();
}

Socket socket_of(const SocketView& view, Protocol protocol) {
    Socket socket;
    socket.cookie = cookie_of(view);
    socket.local = view.local;
    socket.remote = view.peer;
    socket.family = view.local.addr.is_v4() ? Family::v4 : Family::v6;
    socket.protocol = protocol;
    socket.state = view.state;
    socket.timer = timer_of(view.timer.kind);
    socket.expires_ms = milliseconds(view.timer.left);
    socket.retrans = static_cast<std::uint8_t>(std::min<std::uint32_t>(view.retransmissions, 255));
    socket.rqueue = static_cast<std::uint32_t>(view.receive_queue);
    socket.wqueue = static_cast<std::uint32_t>(view.send_queue);
    socket.inode = inode_of(view.socket);
    if (view.path) socket.info = info_of(view);
    if (view.queues) {
        socket.rqueue = view.queues->accept_length;
        socket.wqueue = view.queues->limit;
        socket.memory = Memory{.drops = static_cast<std::uint32_t>(view.queues->syn_ignored)};
    }
    return socket;
}

/// A half-open entry, of which a snapshot tells the listener only.
Socket half_open(const Socket& listener, std::uint32_t index) {
    Socket entry;
    entry.cookie = listener.cookie + 1 + index;
    entry.local = listener.local;
    entry.family = listener.family;
    entry.state = event::State::syn_received;
    entry.timer = Timer::retransmit;
    return entry;
}

Counters counters_of(const event::Counters& own) {
    Counters counters;
    counters.set(Counter::listen_overflows, own.listen_overflows);
    counters.set(Counter::listen_drops, own.listen_drops);
    counters.set(Counter::in_segs, own.segments_in);
    counters.set(Counter::out_segs, own.segments_out);
    counters.set(Counter::retrans_segs, own.retransmitted);
    counters.set(Counter::out_rsts, own.resets_out);
    counters.set(Counter::attempt_fails, own.attempt_fails);
    counters.set(Counter::abort_on_close, own.abort_on_close);
    counters.set(Counter::abort_on_data, own.abort_on_data);
    counters.set(Counter::delayed_acks, own.delayed_acks);
    counters.set(Counter::in_csum_errors, own.checksum_errors);
    counters.set(Counter::time_wait_overflow, own.time_wait_overflow);
    counters.set(Counter::min_ttl_drop, own.min_ttl_drops);
    return counters;
}

std::optional<CallKind> kind_of(event::Call call) {
    switch (call) {
        case event::Call::socket: return CallKind::socket;
        case event::Call::bind: return CallKind::bind;
        case event::Call::listen: return CallKind::listen;
        case event::Call::connect:
        case event::Call::connect_done: return CallKind::connect;
        case event::Call::accept: return CallKind::accept;
        case event::Call::send: return CallKind::send;
        case event::Call::receive: return CallKind::receive;
        case event::Call::disconnect:
        case event::Call::shutdown:
        case event::Call::close:
        case event::Call::get_option:
        case event::Call::set_option:
        case event::Call::local_name:
        case event::Call::peer_name: return std::nullopt;
    }
    std::unreachable();
}

}  // namespace

Snapshot snapshot_of(const event::Snapshot& own) {
    Snapshot snapshot;
    for (const SocketView& view : own.sockets) {
        const auto protocol = protocol_of(view.transport);
        if (!protocol) continue;
        snapshot.sockets.push_back(socket_of(view, *protocol));
        if (!view.queues) continue;
        const Socket listener = snapshot.sockets.back();
        for (std::uint32_t i = 0; i < view.queues->syn_length; ++i) {
            snapshot.sockets.push_back(half_open(listener, i));
        }
    }
    snapshot.counters = counters_of(own.counters);
    return snapshot;
}

OwnHost::OwnHost(event::HostIndex host, const event::Config& config, std::vector<IpAddr> addresses)
    : host_(host), addresses_(std::move(addresses)) {
    settings_.ephemeral = PortRange{config.port_first, config.port_last};
    settings_.somaxconn = config.somaxconn;
    settings_.unprivileged_port_start = config.unprivileged_port_start;
    settings_.syn_retries = config.syn_retries;
}

void OwnHost::name_program(std::int32_t pid, std::string name) { names_[pid] = std::move(name); }

std::string OwnHost::program(std::int32_t pid) const {
    const auto found = names_.find(pid);
    return found == names_.end() ? "program" : found->second;
}

bool OwnHost::is_own(const IpAddr& address) const {
    return address.is_loopback() || std::ranges::find(addresses_, address) != addresses_.end();
}

void OwnHost::add(const event::Event& event) {
    if (event.host != host_) return;
    if (const auto* made = std::get_if<event::CallMade>(&event.body)) call_made(event, *made);
    if (const auto* moved = std::get_if<event::BytesMoved>(&event.body)) bytes_moved(*moved);
    if (const auto* given = std::get_if<event::DescriptorGiven>(&event.body)) {
        known_[given->socket].owner = given->caller;
    }
    if (const auto* sent = std::get_if<event::SegmentSent>(&event.body)) {
        segment_moved(event.at, sent->segment, event::Step::sent);
    }
    if (const auto* received = std::get_if<event::SegmentReceived>(&event.body)) {
        segment_moved(event.at, received->segment, event::Step::received);
    }
    if (const auto* icmp = std::get_if<event::IcmpMoved>(&event.body)) {
        const std::uint8_t wanted = icmp->source.is_v4() ? icmp_unreachable : icmp_v6_unreachable;
        if (icmp->step == event::Step::received && icmp->type == wanted) {
            unreachables_.push_back(event.at);
        }
    }
}

void OwnHost::segment_moved(Instant at, const event::Segment& segment, event::Step step) {
    Heard& heard = heard_[{segment.tuple.local, segment.tuple.remote}];
    if (step == event::Step::sent) {
        if (segment.length > 0) heard.sent = at;
        if ((segment.flags & syn_flag) != 0 && segment.retransmission > 0) {
            ++heard.syns_again;
            syns_again_.push_back(at);
        }
        return;
    }
    if (segment.length > 0) heard.received = at;
    heard.acked = at;
}

void OwnHost::bytes_moved(const event::BytesMoved& moved) {
    if (moved.socket == 0 || moved.count == 0) return;
    Known& known = known_[moved.socket];
    if (moved.direction == event::Direction::from_program) {
        ++known.sends;
    } else {
        known.has_received = true;
    }
}

void OwnHost::option_set(const event::CallMade& made) {
    if (made.error) return;
    Known& known = known_[made.socket];
    if (made.level == sol_socket && made.name == so_reuseaddr) {
        known.has_reuse_addr = made.value != 0;
    }
    if (made.level == sol_socket && made.name == so_reuseport) {
        known.has_reuse_port = made.value != 0;
    }
    if (made.level == ipproto_tcp && made.name == tcp_nodelay) {
        known.has_no_delay = made.value != 0;
    }
}

void OwnHost::call_made(const event::Event& event, const event::CallMade& made) {
    switch (made.call) {
        case event::Call::set_option: return option_set(made);
        case event::Call::close: known_.erase(made.socket); return;
        case event::Call::shutdown:
            if (!made.error && made.name != shut_rd) known_[made.socket].is_shut_down = true;
            return;
        case event::Call::socket:
            if (made.created != 0) {
                known_[made.created] = Known{};
                known_[made.created].is_datagram = made.name == sock_dgram;
                known_[made.created].is_raw = made.name == sock_raw;
            }
            break;
        case event::Call::accept:
            if (made.created != 0) {
                known_[made.created] = Known{};
                known_[made.created].was_accepted = true;
                known_[made.created].peer = made.argument;
                known_[made.created].connection_began = event.at;
            }
            break;
        case event::Call::connect:
            known_[made.socket].peer = made.argument;
            known_[made.socket].connection_began = event.at;
            break;
        case event::Call::bind:
        case event::Call::listen:
        case event::Call::connect_done:
        case event::Call::disconnect:
        case event::Call::send:
        case event::Call::receive:
        case event::Call::get_option:
        case event::Call::local_name:
        case event::Call::peer_name: break;
    }
    const auto kind = kind_of(made.call);
    // What goes on, and what only would have to wait, has not failed.
    const bool has_failed =
        made.error && *made.error != Error::in_progress && *made.error != Error::would_block;
    if (kind && (has_failed || made.call == event::Call::connect_done)) {
        call_ended(event, made, *kind, known_[made.socket]);
    }
}

void OwnHost::call_ended(const event::Event& event, const event::CallMade& made, CallKind kind,
                         Known& known) {
    FailedCall failed{event.number, event.at, event.at, made.socket, {}};
    Call& call = failed.call;
    call.kind = kind;
    if (made.error) call.error = base::errno_of(*made.error);
    call.address = made.argument;
    if (kind == CallKind::connect) known.connect_error = call.error;
    const bool is_transfer = kind == CallKind::send || kind == CallKind::receive;
    const bool names_nobody = made.argument.port.is_any();
    if (known.peer && (made.call == event::Call::connect_done || (is_transfer && names_nobody))) {
        call.address = *known.peer;
    }
    if (made.call == event::Call::connect_done && known.peer) {
        failed.began = known.connection_began;
        call.took = event.at - known.connection_began;
        if (!made.error && call.took < long_connect) return;
        call.info = TcpInfo{};
        call.info->total_retrans = heard_[{made.local, *known.peer}].syns_again;
    }
    if (is_transfer && known.peer) failed.began = known.connection_began;
    call.protocol = known.is_datagram ? Protocol::udp : Protocol::tcp;
    call.family = call.address.addr.is_v4() ? Family::v4 : Family::v6;
    // What the stack tells a pump of the host, it tells no caller.
    const event::Caller& caller = made.caller.pid != 0 ? made.caller : known.owner;
    call.pid = caller.pid;
    call.fd = caller.fd;
    call.program = program(caller.pid);
    call.was_accepted = known.was_accepted;
    call.is_first_receive = !known.has_received;
    call.sends_before = known.sends;
    call.is_shut_down = known.is_shut_down;
    call.connect_error = known.connect_error;
    call.options = SocketOptions{.has_reuse_addr = known.has_reuse_addr,
                                 .has_reuse_port = known.has_reuse_port,
                                 .local = made.local,
                                 .remote = {},
                                 .is_bound = !made.local.port.is_any(),
                                 .has_no_delay = known.has_no_delay};
    failure_ = std::move(failed);
}

/// How long ago each connection was heard of, at `now`.
void OwnHost::add_ages(Instant now, Snapshot& snapshot) const {
    const auto age = [now](const std::optional<Instant>& at) {
        return at ? milliseconds(now - *at) : 0U;
    };
    for (Socket& socket : snapshot.sockets) {
        const auto found = heard_.find({socket.local, socket.remote});
        if (!socket.info || found == heard_.end()) continue;
        socket.info->last_data_sent_ms = age(found->second.sent);
        socket.info->last_data_recv_ms = age(found->second.received);
        socket.info->last_ack_recv_ms = age(found->second.acked);
    }
}

Evidence OwnHost::evidence(const event::Snapshot& before, const event::Snapshot& after) const {
    Evidence evidence;
    evidence.before = snapshot_of(before);
    evidence.after = snapshot_of(after);
    add_ages(after.at, evidence.after);
    evidence.window = after.at - before.at;
    evidence.sysctls = settings_;
    for (const IpAddr& address : addresses_) evidence.addresses.push_back({address, 0, 0, false});
    const auto set_until = [&](Instant end, Counters& counters) {
        const auto count = [end](const std::vector<Instant>& times) {
            return static_cast<std::uint64_t>(
                std::ranges::count_if(times, [end](Instant at) { return at <= end; }));
        };
        counters.set(Counter::icmp_in_dest_unreachs, count(unreachables_));
        counters.set(Counter::syn_retrans, count(syns_again_));
    };
    set_until(before.at, evidence.before.counters);
    set_until(after.at, evidence.after.counters);
    for (const SocketView& view : after.sockets) {
        if (view.socket == 0) continue;
        const std::int32_t pid = view.opened_by.pid;
        evidence.owners.try_emplace(inode_of(view.socket), Owner{pid, view.opened_by.fd});
        Process& process = evidence.processes[pid];
        process.pid = pid;
        process.name = program(pid);
    }
    return evidence;
}

std::optional<Evidence> OwnHost::evidence_of_failure(const event::Snapshot& before,
                                                     const event::Snapshot& after) const {
    if (!failure_) return std::nullopt;
    const auto known = known_.find(failure_->socket);
    if (known != known_.end() && known->second.is_raw) return std::nullopt;
    const auto view = std::ranges::find(after.sockets, failure_->socket, &SocketView::socket);
    const bool is_seen = failure_->socket != 0 && view != after.sockets.end();
    if (is_seen && !protocol_of(view->transport)) return std::nullopt;
    Evidence found = evidence(before, after);
    found.call = failure_->call;
    const Call& call = *found.call;
    Route route;
    route.kind = is_own(call.address.addr) ? RouteKind::local : RouteKind::unicast;
    if (call.error == ENETUNREACH) route.kind = RouteKind::none;
    found.route = route;
    return found;
}

}  // namespace dt::rules
