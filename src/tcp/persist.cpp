// Timers of a connection: retransmission and back-off (RFC 6298 §5, RFC 9293 §3.8.3), zero-window
// probes (§3.8.6.1), keep-alive (§3.8.4), delayed ACK.
#include <algorithm>

#include "tcp/connection.hpp"

namespace dt::tcp {

namespace {

// The hold of a part of a segment: SWS avoidance (RFC 9293 §3.8.6.2.1), TCP_CORK (TCP-WIN-004).
constexpr Duration override_min = 100ms;
constexpr Duration override_max = 1s;
constexpr Duration cork_max = 200ms;

Duration shifted(Duration duration, unsigned times, Duration most) {
    for (; times > 0 && duration < most; --times) duration *= 2;
    return std::min(duration, most);
}

}  // namespace

Instant Connection::deadline() const { return timers_.deadline(); }

Outcome Connection::on_timer(const Turn& turn) {
    if (timers_.take_due(TimerSlot::ack, turn.now()) != TimerKind::none) {
        emit_fired(turn, TimerKind::delayed_ack, 1);
        acks_.on_timer();
    }
    Outcome outcome;
    switch (timers_.take_due(TimerSlot::send, turn.now())) {
        case TimerKind::retransmit: outcome = on_retransmit_timer(turn); break;
        case TimerKind::persist: outcome = on_persist_timer(turn); break;
        case TimerKind::none:
        case TimerKind::delayed_ack:
        case TimerKind::keepalive:
        case TimerKind::time_wait:
        case TimerKind::fin_wait_2:
        case TimerKind::syn_ack:
        case TimerKind::user_timeout: break;
    }
    if (outcome.fate != Fate::keep) return outcome;
    const TimerKind life = timers_.take_due(TimerSlot::life, turn.now());
    if (life == TimerKind::keepalive) return on_keepalive_timer(turn);
    if (life == TimerKind::fin_wait_2) {
        emit_fired(turn, life, 1);
        return end(turn, event::Cause::orphan_timeout, event::Reason::orphan_expired);
    }
    return outcome;
}

void Connection::emit_fired(const Turn& turn, TimerKind kind, unsigned count) const {
    turn.emit(event::TimerFired{tuple_, kind, static_cast<std::uint8_t>(std::min(count, 255U))});
}

Duration Connection::rto(const Turn& turn) const {
    return shifted(rtt_.rto(), backoff_, turn.config().rto_max);
}

// The user timeout runs from the first retransmission; for a SYN from its first sending.
Instant Connection::user_deadline() const {
    if (options_.user_timeout_ms == 0 || stalled_since_ == Instant{}) return never;
    return stalled_since_ + std::chrono::milliseconds{options_.user_timeout_ms};
}

void Connection::arm_retransmit(const Turn& turn) {
    if (snd_.flight() == 0) {
        timers_.disarm(TimerSlot::send);
        return;
    }
    timers_.arm(TimerSlot::send, TimerKind::retransmit,
                std::min(turn.now() + rto(turn), user_deadline()));
}

// Whatever happened: what is outstanding has its retransmission timer (RFC 6298 §5.1), what is
// queued and held has the persist timer, never both (TCP-RTO-021).
void Connection::settle(const Turn& turn) {
    if (!is_synchronized()) return;
    const TimerKind kind = timers_.kind(TimerSlot::send);
    if (snd_.flight() > 0) {
        if (kind != TimerKind::retransmit) arm_retransmit(turn);
        return;
    }
    if (!snd_.has_unsent() || is_text_ready(turn.now())) {
        timers_.disarm(TimerSlot::send);
        probe_backoff_ = 0;
        if (kind == TimerKind::persist) stalled_since_ = {};
        return;
    }
    const bool is_open = window_left(snd_.nxt()) > 0;
    if (kind == TimerKind::persist && !(is_open && probe_backoff_ > 0)) return;
    if (is_open) probe_backoff_ = 0;
    timers_.arm(TimerSlot::send, TimerKind::persist, turn.now() + hold(turn));
}

// How long what is queued is held with nothing in flight.
Duration Connection::hold(const Turn& turn) const {
    const Duration rto = rtt_.rto();
    if (window_left(snd_.nxt()) == 0) return shifted(rto, probe_backoff_, turn.config().rto_max);
    if (options_.cork) return std::min(rto, cork_max);
    return std::clamp(rto, override_min, override_max);
}

Outcome Connection::on_retransmit_timer(const Turn& turn) {
    if (state_ == State::syn_sent || state_ == State::syn_received) return on_syn_timer(turn);
    emit_fired(turn, TimerKind::retransmit, retransmits_ + 1U);
    const unsigned most =
        has(Flag::orphan) ? turn.config().orphan_retries : turn.config().retries_2;
    if (turn.now() >= user_deadline()) return give_up(turn, event::Reason::user_timeout);
    if (options_.user_timeout_ms == 0 && retransmits_ >= most) {
        return give_up(turn, event::Reason::retransmissions_unanswered);
    }
    const auto expiry = retransmits_ == 0 ? Congestion::Expiry::first : Congestion::Expiry::again;
    if (retransmits_ == 0) stalled_since_ = turn.now();
    if (retransmits_ < 255) ++retransmits_;
    if (backoff_ < 255) ++backoff_;
    congestion_.on_timeout(expiry, snd_.flight(), tcb_.snd_mss);
    recovery_.on_timeout(snd_.nxt());
    snd_.mark_all_lost();
    arm_retransmit(turn);
    return {};
}

// TCP-CONN-004: the first expiries are one RTO apart, then each doubles; TCP_SYNCNT asks for the
// classic doubling (TCP-CONN-006).
Outcome Connection::on_syn_timer(const Turn& turn) {
    const Config& config = turn.config();
    emit_fired(turn, TimerKind::retransmit, syn_retransmits_ + 1U);
    const unsigned linear = options_.syn_count == 0 ? config.syn_linear_timeouts : 0U;
    const unsigned most =
        options_.syn_count == 0 ? config.syn_retries + linear : options_.syn_count;
    if (turn.now() >= user_deadline() || syn_retransmits_ >= most) {
        return give_up(turn, event::Reason::syn_unanswered);
    }
    ++syn_retransmits_;
    const unsigned doublings = syn_retransmits_ > linear ? syn_retransmits_ - linear : 0;
    const Duration wait = shifted(rtt_.rto(), doublings, config.rto_max);
    snd_.mark_all_lost();
    timers_.arm(TimerSlot::send, TimerKind::retransmit,
                std::min(turn.now() + wait, user_deadline()));
    return {};
}

// Linux reports the last ICMP error if there was one (TCP-RTO-017), and sends no RST (TCP-RTO-019).
Outcome Connection::give_up(const Turn& turn, event::Reason reason) {
    return fail(turn, event::Cause::user_timeout, soft_error_.value_or(Error::timed_out), reason);
}

Outcome Connection::on_persist_timer(const Turn& turn) {
    if (window_left(snd_.nxt()) > 0) {
        emit_fired(turn, TimerKind::persist, 1);
        set(Flag::force);  // the hold is over: a part of a segment may go
        return {};
    }
    emit_fired(turn, TimerKind::persist, probes_ + 1U);
    if (stalled_since_ == Instant{}) stalled_since_ = turn.now();
    const Config& config = turn.config();
    const unsigned most = has(Flag::orphan) ? config.orphan_retries : config.retries_2;
    // An orphan is not kept by a peer that answers with a closed window for ever (TCP-SEC-024).
    const bool is_orphan_over = has(Flag::orphan) && probe_backoff_ >= most;
    const bool is_silent = options_.user_timeout_ms == 0 && probes_ >= most;
    if (turn.now() >= user_deadline() || is_orphan_over || is_silent) {
        return give_up(turn, event::Reason::probes_unanswered);
    }
    if (probes_ < 255) ++probes_;
    if (probe_backoff_ < 255) ++probe_backoff_;
    set(Flag::probe_due);
    timers_.arm(TimerSlot::send, TimerKind::persist,
                std::min(turn.now() + hold(turn), user_deadline()));
    return {};
}

// MUST-24..29. The timer is armed lazily: segments only move last_received_.
void Connection::arm_life(const Turn& turn) {
    if (timers_.kind(TimerSlot::life) == TimerKind::fin_wait_2) return;
    if (!options_.keep_alive || !is_synchronized()) {
        timers_.disarm(TimerSlot::life);
        return;
    }
    const Instant due = last_received_ + std::chrono::seconds{options_.keep_idle_s};
    timers_.arm(TimerSlot::life, TimerKind::keepalive, std::max(due, turn.now()));
}

Outcome Connection::on_keepalive_timer(const Turn& turn) {
    const Duration idle = turn.now() - last_received_;
    // What is outstanding has timers of its own.
    if (snd_.flight() > 0 || snd_.has_unsent()) {
        const Duration wait = std::chrono::seconds{options_.keep_idle_s};
        timers_.arm(TimerSlot::life, TimerKind::keepalive, turn.now() + wait);
        return {};
    }
    if (probes_ == 0 && idle < std::chrono::seconds{options_.keep_idle_s}) {
        arm_life(turn);
        return {};
    }
    emit_fired(turn, TimerKind::keepalive, probes_ + 1U);
    const bool is_over =
        options_.user_timeout_ms != 0
            ? idle >= std::chrono::milliseconds{options_.user_timeout_ms} && probes_ > 0
            : probes_ >= options_.keep_count;
    if (is_over) {
        const Reply reset = reset_reply(turn, event::Reason::probes_unanswered);
        Outcome outcome = give_up(turn, event::Reason::probes_unanswered);
        outcome.reply = reset;
        return outcome;
    }
    ++probes_;
    set(Flag::probe_due);
    timers_.arm(TimerSlot::life, TimerKind::keepalive,
                turn.now() + std::chrono::seconds{options_.keep_interval_s});
    return {};
}

}  // namespace dt::tcp
