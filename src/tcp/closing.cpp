// Closing: CLOSE, SHUTDOWN and ABORT (RFC 9293 §3.10.4, §3.10.5), orphans, TIME-WAIT, ICMP errors
// (RFC 5927, RFC 5461), and the one place where the state changes.
#include <algorithm>

#include "base/assert.hpp"
#include "tcp/arrival.hpp"

namespace dt::tcp {

namespace {

constexpr std::int32_t linger_2_max_s = 120;  // TCP-CONN-020

// Linux's errno for each ICMP error (TCP-ICMP-001..007).
Error error_of(IcmpError icmp) {
    switch (icmp) {
        case IcmpError::network_unreachable: return Error::network_unreachable;
        case IcmpError::host_unreachable: return Error::host_unreachable;
        case IcmpError::protocol_unreachable: return Error::no_such_option;
        case IcmpError::port_unreachable: return Error::connection_refused;
        case IcmpError::fragmentation_needed: return Error::message_too_long;
        case IcmpError::admin_prohibited: return Error::host_unreachable;
        case IcmpError::policy_denied: return Error::access_denied;
        case IcmpError::time_exceeded: return Error::host_unreachable;
        case IcmpError::parameter_problem: return Error::protocol_error;
    }
    return Error::host_unreachable;
}

bool is_opening(State state) { return state == State::syn_sent || state == State::syn_received; }

}  // namespace

// Every transition passes here and is told exactly once.
void Connection::move(const Turn& turn, event::Cause cause, event::Reason reason) {
    const auto to = next_state(state_, cause);
    DT_ASSERT(to.has_value());
    turn.emit(event::Transition{tuple_, state_, *to, cause, reason});
    state_ = *to;
    set(Flag::edge);
    if (state_ != State::closed && state_ != State::time_wait) return;
    timers_.disarm_all();
    busy_.enter(BusyTime::Phase::idle, turn.now());
    snd_.clear();
    reassembly_.reset();
    if (has(Flag::orphan)) received_.clear();
}

Outcome Connection::end(const Turn& turn, event::Cause cause, event::Reason reason) {
    reason_ = reason;
    move(turn, cause, reason);
    return {.reply = std::nullopt, .fate = Fate::gone};
}

Outcome Connection::fail(const Turn& turn, event::Cause cause, Error error, event::Reason reason) {
    if (!has(Flag::orphan)) error_ = error;
    return end(turn, cause, reason);
}

void Connection::enter_time_wait(Arrival& a, event::Cause cause) {
    reason_ = event::Reason::closed_orderly;
    // The peer's FIN is acked; where it came before (CLOSING), it is unless that ACK still waits.
    const bool is_fin_acked = cause == event::Cause::rcv_ack_of_fin && !acks_.wants_pure_ack();
    if (!is_fin_acked) a.outcome.reply = ack_reply(a.turn);
    move(a.turn, cause, reason_);
    a.outcome.fate = Fate::time_wait;
}

// An orphan waits for the peer's FIN only so long (TCP-CONN-018, TCP-CONN-020).
void Connection::enter_fin_wait_2(const Turn& turn, Outcome& outcome) {
    if (!has(Flag::orphan)) return;
    if (options_->linger_2_s < 0) {
        const Reply reset = reset_reply(turn, event::Reason::orphan_expired);
        outcome = end(turn, event::Cause::abort, event::Reason::orphan_expired);
        outcome.reply = reset;
        return;
    }
    const Duration wait =
        options_->linger_2_s == 0
            ? turn.config().fin_wait_2
            : Duration{std::chrono::seconds{std::min(options_->linger_2_s, linger_2_max_s)}};
    timers_.arm(TimerSlot::life, TimerKind::fin_wait_2, turn.now() + wait);
}

Outcome Connection::shutdown_write(const Turn& turn) {
    set(Flag::write_shut);
    set(Flag::edge);
    switch (state_) {
        case State::syn_sent:
            return fail(turn, event::Cause::close, Error::connection_reset,
                        event::Reason::aborted_by_program);
        case State::syn_received:
        case State::established:
        case State::close_wait:
            snd_.finish();
            move(turn, event::Cause::close);
            settle(turn);
            return {};
        case State::closed:
        case State::listen:
        case State::fin_wait_1:
        case State::fin_wait_2:
        case State::closing:
        case State::last_ack:
        case State::time_wait: return {};
    }
    return {};
}

void Connection::shutdown_read(const Turn&) {
    set(Flag::read_shut);
    set(Flag::edge);
}

Outcome Connection::close(const Turn& turn, CloseKind kind) {
    const bool has_unread = kind == CloseKind::unread || !received_.empty();
    set(Flag::orphan);
    if (state_ == State::closed || state_ == State::time_wait) {
        received_.clear();
        return {.reply = std::nullopt, .fate = Fate::gone};
    }
    if (kind == CloseKind::abort) return abort(turn, event::Reason::reset_linger_zero);
    if (has_unread) return abort(turn, event::Reason::reset_unread_data);
    return close_orderly(turn);
}

Outcome Connection::close_orderly(const Turn& turn) {
    if (state_ == State::syn_sent) {
        return end(turn, event::Cause::close, event::Reason::aborted_by_program);
    }
    set(Flag::write_shut);
    timers_.disarm(TimerSlot::life);
    Outcome outcome = shutdown_write(turn);
    if (state_ == State::fin_wait_2) enter_fin_wait_2(turn, outcome);
    return outcome;
}

// §3.10.5: all queued text is discarded; a peer that knows of the connection gets a RST.
Outcome Connection::abort(const Turn& turn, event::Reason reason) {
    switch (state_) {
        case State::closed:
        case State::time_wait:
        case State::listen: return {.reply = std::nullopt, .fate = Fate::gone};
        case State::syn_sent: return end(turn, event::Cause::abort, reason);
        case State::syn_received:
        case State::established:
        case State::fin_wait_1:
        case State::fin_wait_2:
        case State::close_wait:
        case State::closing:
        case State::last_ack: break;
    }
    const Reply reset = reset_reply(turn, reason);
    received_.clear();
    Outcome outcome = end(turn, event::Cause::abort, reason);
    outcome.reply = reset;
    return outcome;
}

// RFC 5927 §4.1: only what quotes a segment now outstanding is believed (TCP-SEC-018).
bool Connection::is_outstanding(Seq quoted) const {
    if (state_ == State::closed || state_ == State::time_wait) return false;
    return !before(quoted, snd_.una()) && !after(quoted, snd_.nxt());
}

Outcome Connection::on_icmp(const Turn& turn, Seq quoted, IcmpError error, std::uint16_t mtu) {
    if (!is_outstanding(quoted)) return {};
    if (error == IcmpError::fragmentation_needed) {
        const Instant until = turn.now() + turn.config().mtu_expires;
        const auto told = path_mtu_told(tuple_.remote.addr.family(), mtu, until);
        if (told) on_path_mtu(turn, *told, About::us);
        return {};
    }
    // Before the handshake ends an error ends it (DEC-06); later it is only remembered (DEC-05).
    // Who closes in SYN-RECEIVED has left the handshake by the state, though its SYN may be
    // unanswered.
    if (is_opening(state_)) {
        return fail(turn, event::Cause::icmp_error, error_of(error),
                    event::Reason::icmp_said_unreachable);
    }
    note_error(error_of(error));
    return {};
}

// A program that asked for errors is told of each at once, though the connection lives
// (TCP-ICMP-011); others learn the last one by SO_ERROR, or when the connection is given up.
void Connection::note_error(Error error) {
    if (!options_->receive_errors || has(Flag::orphan)) {
        soft_error_ = error;
        return;
    }
    error_ = error;
    set(Flag::edge);
}

Outcome Connection::on_neighbour_failed(const Turn& turn) {
    if (state_ == State::closed || state_ == State::time_wait) return {};
    if (is_opening(state_)) {
        return fail(turn, event::Cause::icmp_error, Error::host_unreachable,
                    event::Reason::neighbour_silent);
    }
    note_error(Error::host_unreachable);
    return {};
}

TimeWaitValues Connection::time_wait_values() const {
    TimeWaitValues values;
    values.tuple = tuple_;
    values.snd_nxt = snd_.nxt();
    values.rcv_nxt = tcb_.rcv_nxt;
    values.shift = window_.shift();
    values.window = Window{window_.octets(tcb_.rcv_nxt)}.to_field(window_.shift());
    values.tos = options_->tos;
    values.ttl = options_->ttl;
    values.reuse_address = options_->reuse_address;
    values.reuse_port = options_->reuse_port;
    values.ts_offset = tcb_.ts_offset;
    if (tcb_.timestamps == event::Switch::on) values.ts_recent = tcb_.ts_recent;
    return values;
}

}  // namespace dt::tcp
