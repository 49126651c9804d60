// Where an arriving segment goes: a connection, a half-open entry, a TIME-WAIT record, a listener
// or nobody (RFC 9293 §3.10.7.1, §3.10.7.2).
#include <utility>

#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::Cause;
using event::Reason;
using event::State;

void Engine::Parts::arrived(const Turn& turn, const SegmentIn& segment, unsigned shift) {
    if (!turn.wants_segments()) return;
    turn.emit(event::SegmentReceived{summary_of(segment, shift)});
}

void Engine::Parts::drop(const Turn& turn, const SegmentIn& segment, unsigned shift,
                         Reason reason) {
    turn.emit(event::SegmentDropped{summary_of(segment, shift), reason});
}

Way Engine::Parts::on_segment(const Turn& turn, SegmentIn&& segment) {
    ++counters.segments_in;
    const PeerRef peer = find(segment.tuple);
    switch (peer.kind()) {
        case PeerKind::none: on_stray(turn, std::move(segment)); break;
        case PeerKind::connection: return on_connection(turn, peer.index(), std::move(segment));
        case PeerKind::half_open: on_half_open(turn, peer.index(), std::move(segment)); break;
        case PeerKind::time_wait: on_time_wait(turn, peer.index(), std::move(segment)); break;
    }
    return Way::believed;
}

Way Engine::Parts::on_connection(const Turn& turn, std::uint32_t index, SegmentIn&& segment) {
    const SlotHandle handle = connections.handle_of(index);
    ConnectionSlot& slot = *connections.get(handle);
    arrived(turn, segment, slot.connection.peer_shift());
    if (segment.ttl < slot.connection.options().min_ttl) {
        drop_from_afar(turn, segment, slot.connection.peer_shift());
        return Way::believed;
    }
    const State before = slot.connection.state();
    const Outcome outcome = slot.connection.on_segment(turn, pool, std::move(segment));
    if (outcome.fate == Fate::gone && before == State::syn_sent) ++counters.attempt_fails;
    if (before == State::syn_sent) learn(slot);
    settle(turn, handle, outcome);
    return outcome.way;
}

namespace {

// Addresses that no segment may carry (RFC 9293 §3.9.2.3 MUST-57, MUST-63; RFC 1122 §3.2.1.3).
Reason address_fault(const FourTuple& tuple) {
    const IpAddr& to = tuple.local.addr;
    if (to.is_multicast() || to.is_broadcast()) return Reason::invalid_destination;
    if (!tuple.remote.addr.is_unicast()) return Reason::invalid_source;
    if (tuple.remote.addr.is_v4() && tuple.remote.addr.v4().is_this_network()) {
        return Reason::invalid_source;
    }
    if (tuple.local == tuple.remote) return Reason::source_is_destination;
    return Reason::none;
}

}  // namespace

void Engine::Parts::on_stray(const Turn& turn, SegmentIn&& segment) {
    arrived(turn, segment, 0);
    const Reason fault = address_fault(segment.tuple);
    if (fault != Reason::none) return drop(turn, segment, 0, fault);
    const Listeners::Handle listener = listeners.best(segment.tuple, tag_of(segment.tuple));
    if (listener.is_null()) return on_closed(turn, segment);
    if (segment.ttl < listeners.get(listener)->options().min_ttl) {
        return drop_from_afar(turn, segment, 0);
    }
    on_listen(turn, listener, std::move(segment));
}

// RFC 9293 §3.10.7.1: the CLOSED state, where no connection exists.
void Engine::Parts::on_closed(const Turn& turn, const SegmentIn& segment) {
    const auto reset = reset_of(segment, Reason::no_listener);
    if (reset && !may_reset(turn)) return drop(turn, segment, 0, Reason::reset_limited);
    drop(turn, segment, 0, reset ? Reason::no_listener : Reason::rst_without_connection);
    if (reset) owe(turn, *reset);
}

/// At most Config::resets_per_s in each second of the stack's clock (TCP-SEC-026).
bool Engine::Parts::may_reset(const Turn& turn) {
    if (config.resets_per_s == 0) return true;
    const auto second = std::chrono::floor<std::chrono::seconds>(turn.now());
    if (second != resets_since) {
        resets_since = second;
        resets_sent = 0;
    }
    return resets_sent++ < config.resets_per_s;
}

/// RFC 5082 §3: who is next door sends a TTL that nobody farther away can.
void Engine::Parts::drop_from_afar(const Turn& turn, const SegmentIn& segment, unsigned shift) {
    ++counters.min_ttl_drops;
    drop(turn, segment, shift, Reason::ttl_too_low);
}

// RFC 9293 §3.10.7.2: the LISTEN state.
void Engine::Parts::on_listen(const Turn& turn, Listeners::Handle listener, SegmentIn&& segment) {
    const TcpFlags flags = segment.header.flags;
    // First: RST. An incoming RST could not be valid. SYN with RST or FIN opens nothing (Linux).
    if (flags.syn() && !flags.ack() && (flags.rst() || flags.fin())) {
        return drop(turn, segment, 0, Reason::syn_with_fin_or_rst);
    }
    if (flags.rst()) return drop(turn, segment, 0, Reason::rst_without_connection);
    // Second: ACK. Nothing was sent that it could acknowledge, but for a SYN cookie.
    if (flags.ack() && !flags.syn() && may_be_cookie(turn, *listeners.get(listener))) {
        return on_cookie(turn, listener, std::move(segment));
    }
    if (flags.ack()) {
        drop(turn, segment, 0, Reason::ack_unacceptable);
        return owe(turn, *reset_of(segment, Reason::ack_unacceptable));
    }
    // Third: SYN. Text in it is kept for a Fast Open alone: else only the SYN is acknowledged
    // (DEC-20).
    if (flags.syn()) {
        const Seq iss = isn.initial(segment.tuple, turn.now());
        return on_syn(turn, listener, std::move(segment), iss);
    }
    // Fourth: anything else.
    drop(turn, segment, 0, Reason::no_ack_flag);
}

void Engine::Parts::on_time_wait(const Turn& turn, std::uint32_t record, SegmentIn&& segment) {
    using Do = TimeWaitVerdict::Do;
    TimeWaitVerdict verdict = time_waits.judge(record, segment);
    if (verdict.what == Do::make_way) {
        const Listeners::Handle listener = listeners.best(segment.tuple, tag_of(segment.tuple));
        if (!listener.is_null()) return on_new_incarnation(turn, record, std::move(segment));
        verdict = {Do::acknowledge, Reason::time_wait_old_segment};
    }
    arrived(turn, segment, 0);
    if (verdict.what == Do::end) return end_time_wait(turn, record, Cause::rcv_rst, verdict.reason);
    const bool answers = verdict.what != Do::drop;
    if (answers && !time_waits.may_answer(record, segment, turn.now())) {
        return drop(turn, segment, 0, Reason::challenge_limited);
    }
    drop(turn, segment, 0, verdict.reason);
    if (verdict.what == Do::restart) time_waits.restart(record, turn.now());
    if (!answers) return;
    const TimeWaitValues values = time_waits.values(record);
    Reply reply;
    reply.tuple = values.tuple;
    reply.seq = values.snd_nxt;
    reply.ack = values.rcv_nxt;
    reply.flags = TcpFlag::ack;
    reply.window = values.window;
    reply.shift = values.shift;
    reply.tos = values.tos;
    reply.reason = verdict.reason;
    if (values.ts_recent) {
        const std::uint32_t offset = isn.timestamp_offset(values.tuple);
        reply.timestamps = {timestamp_value(turn.now(), offset), *values.ts_recent};
    }
    owe(turn, reply);
}

// RFC 9293 §3.6.1, RFC 6191: the record makes way, unless the listener would refuse the SYN.
void Engine::Parts::on_new_incarnation(const Turn& turn, std::uint32_t record,
                                       SegmentIn&& segment) {
    arrived(turn, segment, 0);
    const Listeners::Handle handle = listeners.best(segment.tuple, tag_of(segment.tuple));
    Listener& listener = *listeners.get(handle);
    if (segment.ttl < listener.options().min_ttl) return drop_from_afar(turn, segment, 0);
    if (const auto reason = refusal(listener)) {
        return ignore_syn(turn, listener, segment, *reason);
    }
    const Seq iss = initial_after(time_waits.values(record).snd_nxt);
    end_time_wait(turn, record, Cause::replaced, Reason::time_wait_reused);
    open_half(turn, handle, std::move(segment), iss);
}

}  // namespace dt::tcp
