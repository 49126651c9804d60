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

// The tail loss probe (RFC 8985 §7.2, with Linux's margin for its tick).
constexpr Duration probe_first = 1s;
constexpr Duration probe_slack = 2ms;
constexpr std::uint8_t tail_probe_on = 3;  // tcp_early_retrans
constexpr Duration withdrawn_min = 10ms;   // how soon a withdrawn SACK is acted on

Duration shifted(Duration duration, unsigned times, Duration most) {
    for (; times > 0 && duration < most; --times) duration *= 2;
    return std::min(duration, most);
}

}  // namespace

Instant Connection::deadline() const {
    return rare_ ? std::min(timers_.deadline(), rare_->pace_due) : timers_.deadline();
}

Outcome Connection::on_timer(const Turn& turn) {
    if (rare_ && rare_->pace_due <= turn.now()) rare_->pace_due = never;
    if (timers_.take_due(TimerSlot::ack, turn.now()) != TimerKind::none) {
        emit_fired(turn, TimerKind::delayed_ack, 1);
        acks_.on_timer(turn.config());
    }
    Outcome outcome;
    switch (timers_.take_due(TimerSlot::send, turn.now())) {
        case TimerKind::retransmit: outcome = on_retransmit_timer(turn); break;
        case TimerKind::persist: outcome = on_persist_timer(turn); break;
        case TimerKind::reorder:
            emit_fired(turn, TimerKind::reorder, 1);
            on_reorder_timer(turn);
            break;
        case TimerKind::loss_probe: on_probe_timer(turn); break;
        case TimerKind::none:
        case TimerKind::delayed_ack:
        case TimerKind::keepalive:
        case TimerKind::time_wait:
        case TimerKind::fin_wait_2:
        case TimerKind::syn_ack:
        case TimerKind::user_timeout: break;
    }
    if (outcome.fate != Fate::keep) return outcome;
    // What a timer lets go may be held by the pace all the same.
    if (rare_) wait_for_pace(turn);
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
    if (options_->user_timeout_ms == 0 || stalled_since_ == Instant{}) return never;
    return stalled_since_ + std::chrono::milliseconds{options_->user_timeout_ms};
}

void Connection::arm_retransmit(const Turn& turn) {
    if (snd_.flight() == 0) {
        timers_.disarm(TimerSlot::send);
        return;
    }
    timers_.arm(TimerSlot::send, TimerKind::retransmit,
                std::min(turn.now() + rto(turn), user_deadline()));
}

// An ACK of something new: the probe's timer or the retransmission timer begins again (RFC 6298
// §5.3, RFC 8985 §7.2). A SACKed head was withdrawn by the peer: it is not waited for long (Linux).
void Connection::arm_after_ack(const Turn& turn) {
    if (snd_.is_head_sacked()) {
        const Duration wait = std::max<Duration>(rtt_.srtt() / 2, withdrawn_min);
        return timers_.arm(TimerSlot::send, TimerKind::retransmit, turn.now() + wait);
    }
    if (!may_probe(turn)) return arm_retransmit(turn);
    timers_.arm(TimerSlot::send, TimerKind::loss_probe,
                turn.now() + std::min(probe_timeout(turn), rto(turn)));
}

// New text left: the probe waits for its ACK too, but the retransmission timer is not put off by it
// (DEC-38).
void Connection::arm_after_text(const Turn& turn) {
    const TimerKind kind = timers_.kind(TimerSlot::send);
    if (kind == TimerKind::reorder) return;
    if (!may_probe(turn)) {
        if (kind == TimerKind::none || kind == TimerKind::persist) arm_retransmit(turn);
        return;
    }
    const Instant latest = snd_.head_sent().value_or(turn.now()) + rto(turn);
    timers_.arm(TimerSlot::send, TimerKind::loss_probe,
                std::max(turn.now(), std::min(turn.now() + probe_timeout(turn), latest)));
}

// The retransmission timer as if nothing else had used its place.
void Connection::resume_retransmit(const Turn& turn) {
    const auto sent = snd_.head_sent();
    if (!sent) return timers_.disarm(TimerSlot::send);
    timers_.arm(TimerSlot::send, TimerKind::retransmit,
                std::max(turn.now() + 1ms, std::min(*sent + rto(turn), user_deadline())));
}

// RFC 8985 §7.2: not while anything is SACKed or lost, and one probe at a time.
bool Connection::may_probe(const Turn& turn) const {
    const bool is_calm =
        recovery_phase() == Recovery::Phase::open || recovery_phase() == Recovery::Phase::reduced;
    return turn.config().early_retransmit >= tail_probe_on && tcb_.sack == event::Switch::on &&
           is_calm && snd_.flight() > 0 && snd_.sacked() == 0 && snd_.lost() == 0 &&
           !(loss_ && loss_->probe.is_out()) && is_synchronized();
}

// Two round trips; one segment alone may meet a delayed ACK (TCP-LOSS-033).
Duration Connection::probe_timeout(const Turn& turn) const {
    if (!rtt_.has_sample()) return probe_first;
    const bool is_alone = snd_.flight() <= tcb_.snd_mss && snd_.segments(SendQueue::Kind::any) == 1;
    return 2 * rtt_.srtt() + (is_alone ? turn.config().rto_min : probe_slack);
}

void Connection::on_probe_timer(const Turn& turn) {
    emit_fired(turn, TimerKind::loss_probe, 1);
    if (!may_probe(turn)) return resume_retransmit(turn);
    set(Flag::tail_probe);
    if (snd_.segments(SendQueue::Kind::resent) == 0) loss().undo.forget_stamp();
    if (snd_.unsent_text() == 0 ||
        window_left(snd_.nxt()) < std::min<std::uint32_t>(snd_.unsent_text(), tcb_.snd_mss))
        snd_.mark_tail_lost();
    arm_retransmit(turn);
}

// What waits for cwnd, Nagle or the pace is busy; only the peer's window is told apart (Linux).
BusyTime::Phase Connection::busy_phase() const {
    if (snd_.flight() == 0 && !snd_.has_unsent()) return BusyTime::Phase::idle;
    const std::uint32_t next = std::min<std::uint32_t>(snd_.unsent_text(), tcb_.snd_mss);
    if (next == 0 || window_left(snd_.nxt()) >= next) return BusyTime::Phase::busy;
    const bool has_room = in_flight() + tcb_.snd_mss <= congestion_.cwnd();
    return has_room ? BusyTime::Phase::window_limited : BusyTime::Phase::busy;
}

// Whatever happened: what is outstanding has its retransmission timer (RFC 6298 §5.1), what is
// queued and held has the persist timer, never both (TCP-RTO-021).
void Connection::settle(const Turn& turn) {
    if (!is_synchronized()) return;
    busy_.enter(busy_phase(), turn.now());
    if (rare_) wait_for_pace(turn);
    const TimerKind kind = timers_.kind(TimerSlot::send);
    if (snd_.flight() > 0) {
        if (kind == TimerKind::none || kind == TimerKind::persist) arm_after_text(turn);
        return;
    }
    if (!snd_.has_unsent() || is_text_ready(turn.now())) {
        timers_.disarm(TimerSlot::send);
        probe_backoff_ = 0;
        if (kind == TimerKind::persist) stalled_since_ = {};
        return;
    }
    const bool is_open = window_left(snd_.nxt()) > 0;
    if (kind == TimerKind::persist && (!is_open || probe_backoff_ == 0)) return;
    if (is_open) {  // the peer is there: what TCP_USER_TIMEOUT counts begins anew
        probe_backoff_ = 0;
        stalled_since_ = {};
    }
    timers_.arm(TimerSlot::send, TimerKind::persist, turn.now() + hold(turn));
}

// How long what is queued is held with nothing in flight.
Duration Connection::hold(const Turn& turn) const {
    const Duration rto = rtt_.rto();
    if (window_left(snd_.nxt()) == 0) return shifted(rto, probe_backoff_, turn.config().rto_max);
    if (has(Flag::more)) return rto;
    if (options_->cork) return std::min(rto, cork_max);
    return std::clamp(rto, override_min, override_max);
}

Outcome Connection::on_retransmit_timer(const Turn& turn) {
    if (state_ == State::syn_sent || state_ == State::syn_received) return on_syn_timer(turn);
    emit_fired(turn, TimerKind::retransmit, retransmits_ + 1U);
    const unsigned most =
        has(Flag::orphan) ? turn.config().orphan_retries : turn.config().retries_2;
    if (turn.now() >= user_deadline()) return give_up(turn, event::Reason::user_timeout);
    // An orphan is not kept as long as its program once asked for (TCP-SEC-024).
    const bool is_bounded = options_->user_timeout_ms == 0 || has(Flag::orphan);
    // SHLD-17: beneath a window shrunk to zero a retransmission is a probe; a peer that answers
    // none of them is not kept (Linux).
    const bool is_probe = tcb_.snd_wnd == 0 && !has(Flag::orphan);
    const bool is_over = is_probe ? is_silent_beneath(turn) : is_retransmitted_enough(turn, most);
    if (is_bounded && is_over) return give_up(turn, event::Reason::retransmissions_unanswered);
    const bool is_doubtful = is_retransmitted_enough(turn, turn.config().retries_1);
    if (is_doubtful) shrink_segments(turn);
    on_timeout(turn);
    const bool is_first = !is_probe && retransmits_ == 0;
    if (is_first || stalled_since_ == Instant{}) stalled_since_ = turn.now();
    if (!is_probe && retransmits_ < 255) ++retransmits_;
    if (backoff_ < 255) ++backoff_;
    // RFC 6298 §5: what was measured before so many back-offs says nothing any more.
    if (backoff_ == turn.config().rtt_clear_after) rtt_.clear();
    arm_retransmit(turn);
    Outcome outcome;
    if (is_doubtful) outcome.way = Way::doubted;
    return outcome;
}

// Probes of a window shrunk to zero have been unanswered for two of the longest waits.
bool Connection::is_silent_beneath(const Turn& turn) const {
    const Duration patience = 2 * turn.config().rto_max;
    return stalled_since_ != Instant{} && turn.now() - stalled_since_ > patience &&
           turn.now() - last_received_ > patience;
}

// R2 as Linux counts it: as often as asked, or as long as that many retransmissions of a path
// without delay would take (TCP-RTO-016).
bool Connection::is_retransmitted_enough(const Turn& turn, unsigned most) const {
    if (retransmits_ >= most) return true;
    if (retransmits_ == 0 || stalled_since_ == Instant{}) return false;
    const Config& config = turn.config();
    Duration span{};
    Duration wait = config.rto_min;
    for (unsigned i = 0; i <= most; ++i) {
        span += wait;
        wait = std::min<Duration>(2 * wait, config.rto_max);
    }
    return turn.now() - stalled_since_ >= span;
}

// TCP-CONN-004: the first expiries are one RTO apart, then each doubles; TCP_SYNCNT asks for the
// classic doubling (TCP-CONN-006). Who was opened by the text of a SYN sends its SYN-ACK as a
// half-open entry does, and once more (Linux).
Outcome Connection::on_syn_timer(const Turn& turn) {
    const Config& config = turn.config();
    emit_fired(turn, TimerKind::retransmit, syn_retransmits_ + 1U);
    const bool is_classic = options_->syn_count != 0 || has(Flag::early);
    const unsigned linear = is_classic ? 0U : config.syn_linear_timeouts;
    const unsigned usual =
        has(Flag::early) ? config.synack_retries + 1U : config.syn_retries + linear;
    const unsigned most = options_->syn_count == 0 ? usual : options_->syn_count;
    if (turn.now() >= user_deadline() || syn_retransmits_ >= most) {
        return give_up(turn, event::Reason::syn_unanswered);
    }
    ++syn_retransmits_;
    const unsigned doublings = syn_retransmits_ > linear ? syn_retransmits_ - linear : 0;
    const Duration wait = shifted(rtt_.rto(), doublings, config.rto_max);
    snd_.mark_all_lost();
    timers_.arm(TimerSlot::send, TimerKind::retransmit,
                std::min(turn.now() + wait, user_deadline()));
    Outcome outcome;
    if (syn_retransmits_ >= config.retries_1) outcome.way = Way::doubted;
    return outcome;
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
    const bool is_bounded = options_->user_timeout_ms == 0 || has(Flag::orphan);
    const bool is_silent = is_bounded && probes_ >= most;
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
    if (!options_->keep_alive || !is_synchronized()) {
        timers_.disarm(TimerSlot::life);
        return;
    }
    const Instant due = last_received_ + std::chrono::seconds{options_->keep_idle_s};
    timers_.arm(TimerSlot::life, TimerKind::keepalive, std::max(due, turn.now()));
}

Outcome Connection::on_keepalive_timer(const Turn& turn) {
    const Duration idle = turn.now() - last_received_;
    // What is outstanding has timers of its own.
    if (snd_.flight() > 0 || snd_.has_unsent()) {
        const Duration wait = std::chrono::seconds{options_->keep_idle_s};
        timers_.arm(TimerSlot::life, TimerKind::keepalive, turn.now() + wait);
        return {};
    }
    if (probes_ == 0 && idle < std::chrono::seconds{options_->keep_idle_s}) {
        arm_life(turn);
        return {};
    }
    emit_fired(turn, TimerKind::keepalive, probes_ + 1U);
    const bool is_over =
        options_->user_timeout_ms != 0
            ? idle >= std::chrono::milliseconds{options_->user_timeout_ms} && probes_ > 0
            : probes_ >= options_->keep_count;
    if (is_over) {
        const Reply reset = reset_reply(turn, event::Reason::probes_unanswered);
        Outcome outcome = give_up(turn, event::Reason::probes_unanswered);
        outcome.reply = reset;
        return outcome;
    }
    ++probes_;
    set(Flag::probe_due);
    timers_.arm(TimerSlot::life, TimerKind::keepalive,
                turn.now() + std::chrono::seconds{options_->keep_interval_s});
    return {};
}

}  // namespace dt::tcp
