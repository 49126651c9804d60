// The two queues of a listener at work: SYN → SYN queue → last ACK → accept queue (RFC 9293
// §3.10.7.2 and §3.10.7.4 in SYN-RECEIVED; limits and answers as Linux).
#include <algorithm>
#include <utility>

#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::Cause;
using event::QueueStep;
using event::Reason;
using event::State;

/// Why this listener takes no SYN now; nothing if it does.
std::optional<Reason> Engine::Parts::refusal(const Listener& listener) const {
    if (listener.is_accept_queue_full()) return Reason::accept_queue_full;
    if (listener.is_syn_queue_full() && !half_opens.evictable(listener.syn_queue)) {
        return Reason::syn_queue_full;
    }
    return std::nullopt;
}

void Engine::Parts::ignore_syn(const Turn& turn, Listener& listener, const SegmentIn& segment,
                               Reason reason) {
    if (reason == Reason::accept_queue_full) ++counters.listen_overflows;
    ++counters.listen_drops;
    listener.count_ignored_syn();
    drop(turn, segment, 0, reason);
    turn.emit(listener.change(QueueStep::syn_ignored, segment.tuple));
}

/// What `segment`, a SYN, tells; options that are switched off are not answered.
HalfOpenValues Engine::Parts::values_of(Listeners::Handle listener, const SegmentIn& segment,
                                        Seq iss) const {
    const wire::TcpOptions& options = segment.header.options;
    HalfOpenValues values;
    values.tuple = segment.tuple;
    values.listener = listener.index;
    values.iss = iss;
    values.irs = segment.header.seq;
    values.peer_mss = options.mss.value_or(0);
    values.window = segment.header.window;
    values.mtu = segment.path.mtu;
    if (config.window_scaling == event::Switch::on) values.peer_shift = options.window_scale;
    // A SYN that is itself marked or ECN-capable was not meant for classic ECN (TCP-ECN-013).
    const TcpFlags flags = segment.header.flags;
    values.ecn = flags.ece() && flags.cwr() && segment.ecn == 0 && config.ecn != event::Ecn::off;
    values.sack_permitted = options.sack_permitted && config.sack == event::Switch::on;
    if (config.timestamps == event::Switch::on && options.timestamps) {
        values.ts_recent = options.timestamps->value;
    }
    return values;
}

void Engine::Parts::on_syn(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment,
                           Seq iss) {
    Listener& listener = *listeners.get(handle);
    const auto reason = refusal(listener);
    if (wants_cookie(reason)) {
        return send_cookie(turn, listener, values_of(handle, segment, iss));
    }
    if (reason) return ignore_syn(turn, listener, segment, *reason);
    open_half(turn, handle, std::move(segment), iss);
}

void Engine::Parts::open_half(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment,
                              Seq iss) {
    Listener& listener = *listeners.get(handle);
    HalfOpenValues values = values_of(handle, segment, iss);
    if (listener.is_syn_queue_full()) {
        const auto oldest = half_opens.evictable(listener.syn_queue);
        remove_half_open(turn, *oldest, Cause::user_timeout, Reason::syn_queue_full);
    }
    const Early early = judge_fast_open(turn, listener, segment);
    if (early.take == Early::Take::yes) {
        PassiveOpen open = open_of(values, listener);
        open.path.super_segment_max = segment.path.super_segment_max;
        open.fast_open.emplace().option = early.answer;
        return open_early(turn, handle, std::move(segment), open);
    }
    if (early.answer) values.cookie = early.answer->form;
    const auto entry = half_opens.add(values, listener.syn_queue, turn.now());
    if (!entry) return ignore_syn(turn, listener, segment, Reason::limit_reached);
    index(segment.tuple, {PeerKind::half_open, entry->index});
    turn.emit(event::Transition{segment.tuple, State::listen, State::syn_received, Cause::rcv_syn,
                                Reason::none});
    turn.emit(listener.change(QueueStep::syn_added, segment.tuple));
    owe_syn_ack(entry->index);
}

Path Engine::Parts::path_of(const HalfOpenValues& values, const Listener& listener) {
    Path path;
    path.mtu = values.mtu;
    path.tos = listener.options().tos;
    path.ttl = listener.options().ttl;
    return path;
}

Offer Engine::Parts::offer_of(const HalfOpenValues& values, const Listener& listener) const {
    return answer_for(config, path_of(values, listener), listener.options(),
                      values.tuple.local.addr.family(),
                      values.ts_recent ? Stamped::yes : Stamped::no);
}

/// The MSS of a SYN-ACK: what the way back is known to take, as long as it is known (Linux).
std::uint16_t Engine::Parts::mss_offered(Instant now, const HalfOpenValues& values,
                                         const Listener& listener) const {
    Path path = path_of(values, listener);
    const auto known = path_mtus.find(values.tuple.remote.addr, now);
    if (known) path.mtu = std::min(known->mtu, path.mtu);
    return offer_for(config, path, listener.options(), values.tuple.local.addr.family()).mss;
}

void Engine::Parts::on_half_open(const Turn& turn, std::uint32_t entry, SegmentIn&& segment) {
    using Do = HalfOpenVerdict::Do;
    const HalfOpenValues values = half_opens.values(entry);
    const Listener& listener = *listeners.get_index(values.listener);
    const unsigned shift = values.peer_shift.value_or(0);
    arrived(turn, segment, shift);
    const HalfOpenVerdict verdict =
        half_opens.judge(entry, segment, offer_of(values, listener).window);
    switch (verdict.what) {
        case Do::complete: return on_last_ack(turn, entry, std::move(segment));
        case Do::drop: return drop(turn, segment, shift, verdict.reason);
        case Do::acknowledge: return challenge_half_open(turn, entry, segment, verdict.reason);
        case Do::resend_syn_ack:
            drop(turn, segment, shift, verdict.reason);
            half_opens.rewind(entry, turn.now());
            return owe_syn_ack(entry);
        case Do::reset:
            drop(turn, segment, shift, verdict.reason);
            return owe(turn, *reset_of(segment, verdict.reason));
        case Do::reset_drop:
            drop(turn, segment, shift, verdict.reason);
            owe(turn, *reset_of(segment, verdict.reason));
            return remove_half_open(turn, entry, Cause::abort, verdict.reason);
        case Do::remove: return remove_half_open(turn, entry, Cause::rcv_rst, verdict.reason);
    }
}

void Engine::Parts::challenge_half_open(const Turn& turn, std::uint32_t entry,
                                        const SegmentIn& segment, Reason reason) {
    const HalfOpenValues values = half_opens.values(entry);
    const unsigned peer_shift = values.peer_shift.value_or(0);
    if (!half_opens.may_challenge(entry, turn.now())) {
        return drop(turn, segment, peer_shift, Reason::challenge_limited);
    }
    drop(turn, segment, peer_shift, reason);
    const Listener& listener = *listeners.get_index(values.listener);
    const Offer offer = offer_of(values, listener);
    Reply reply;
    reply.tuple = values.tuple;
    reply.seq = values.iss + 1;
    reply.ack = values.irs + 1;
    reply.flags = TcpFlag::ack;
    reply.shift = values.peer_shift ? offer.shift : std::uint8_t{0};
    reply.window = Window{offer.window}.to_field(reply.shift);
    reply.tos = listener.options().tos;
    reply.ttl = listener.options().ttl;
    reply.reason = reason;
    if (values.ts_recent) {
        const std::uint32_t offset = isn.timestamp_offset(values.tuple);
        reply.timestamps = {timestamp_value(turn.now(), offset), *values.ts_recent};
    }
    owe(turn, reply);
}

void Engine::Parts::on_last_ack(const Turn& turn, std::uint32_t entry, SegmentIn&& segment) {
    const Listener& listener = *listeners.get_index(half_opens.listener_of(entry));
    const HalfOpenValues values = half_opens.values(entry);
    // TCP_DEFER_ACCEPT (Linux): a bare ACK is only remembered while data may still come.
    const bool is_bare = segment.text_length == 0 && !segment.header.flags.fin();
    if (is_bare && values.retransmits < listener.defer_rounds()) {
        half_opens.hold(entry);
        return drop(turn, segment, values.peer_shift.value_or(0), Reason::ack_waits_for_data);
    }
    if (listener.is_accept_queue_full()) return hold_last_ack(turn, entry, segment);
    promote(turn, entry, std::move(segment));
}

// A full accept queue: as if the ACK had been lost. The SYN-ACK goes on being sent, and whatever
// the peer answers is the next chance (Linux; RST instead with tcp_abort_on_overflow).
void Engine::Parts::hold_last_ack(const Turn& turn, std::uint32_t entry, const SegmentIn& segment) {
    const Listener& listener = *listeners.get_index(half_opens.listener_of(entry));
    ++counters.listen_overflows;
    ++counters.listen_drops;
    const unsigned shift = half_opens.values(entry).peer_shift.value_or(0);
    if (config.accept_overflow == event::Overflow::reset) {
        drop(turn, segment, shift, Reason::accept_queue_full);
        owe(turn, *reset_of(segment, Reason::accept_queue_full));
        return remove_half_open(turn, entry, Cause::abort, Reason::accept_queue_full);
    }
    half_opens.hold(entry);
    drop(turn, segment, shift, Reason::ack_waits_for_accept_queue);
    turn.emit(listener.change(QueueStep::ack_held, segment.tuple));
}

PassiveOpen Engine::Parts::open_of(const HalfOpenValues& values, const Listener& listener) const {
    PassiveOpen open;
    open.tuple = values.tuple;
    open.path = path_of(values, listener);
    open.options = listener.shared_options();
    open.iss = values.iss;
    open.irs = values.irs;
    open.peer_mss = values.peer_mss;
    open.peer_shift = values.peer_shift;
    open.sack_permitted = values.sack_permitted;
    open.ecn = values.ecn;
    open.ts_recent = values.ts_recent;
    open.ts_offset = isn.timestamp_offset(values.tuple);
    open.syn_window = values.window;
    return open;
}

void Engine::Parts::promote(const Turn& turn, std::uint32_t entry, SegmentIn&& segment) {
    const HalfOpenValues values = half_opens.values(entry);
    const Listeners::Handle listener_handle = listeners.handle_of(values.listener);
    const Listener& listener = *listeners.get(listener_handle);
    PassiveOpen open = open_of(values, listener);
    open.syn_ack_at = half_opens.syn_ack_at(entry);
    open.syn_ack_retransmissions = values.retransmits;
    admit(turn, {listener_handle, entry}, open, std::move(segment));
}

/// The last ACK makes the connection, which waits for accept(). It takes the place of its entry,
/// where there is one.
void Engine::Parts::admit(const Turn& turn, Origin origin, const PassiveOpen& given,
                          SegmentIn&& segment) {
    const Listeners::Handle listener_handle = origin.listener;
    Listener& listener = *listeners.get(listener_handle);
    PassiveOpen open = given;
    open.path.super_segment_max = segment.path.super_segment_max;
    const FourTuple tuple = open.tuple;
    const auto handle = connections.insert(turn, pool, open);
    if (!handle) return drop(turn, segment, 0, Reason::limit_reached);
    ConnectionSlot& slot = *connections.get(*handle);
    slot.handle = *handle;
    slot.serial = next_serial++;
    slot.listener = ListenerId{listener_handle};
    slot.is_queued = true;
    const PeerRef self{PeerKind::connection, handle->index};
    if (origin.entry) {
        reindex(tuple, {PeerKind::half_open, *origin.entry}, self);
        half_opens.erase(*origin.entry, listener.syn_queue);
    } else {
        index(tuple, self);
    }
    slot.is_indexed = true;
    join_port(slot);
    const Outcome outcome = slot.connection.on_segment(turn, pool, std::move(segment));
    listener.accept_queue.push({ConnId{*handle}, turn.now()});
    turn.emit(listener.change(QueueStep::promoted, tuple));
    edge_of(listener_handle, listener);
    settle(turn, *handle, outcome);
}

void Engine::Parts::remove_half_open(const Turn& turn, std::uint32_t entry, Cause cause,
                                     Reason reason) {
    const HalfOpenValues values = half_opens.values(entry);
    Listener& listener = *listeners.get_index(values.listener);
    ++counters.attempt_fails;
    unindex(values.tuple, {PeerKind::half_open, entry});
    half_opens.erase(entry, listener.syn_queue);
    turn.emit(event::Transition{values.tuple, State::syn_received, State::closed, cause, reason});
    turn.emit(listener.change(QueueStep::syn_removed, values.tuple));
}

}  // namespace dt::tcp
