// SEGMENT ARRIVES in a synchronised state and in SYN-RECEIVED: RFC 9293 §3.10.7.4, one function per
// numbered step, in its order. The third (security) does not apply, the sixth stands in mark.cpp.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "tcp/arrival.hpp"

namespace dt::tcp {

namespace {

// TS.Recent is trusted for 24 days of silence (RFC 7323 §5.5).
constexpr std::uint32_t ts_recent_max_s = 24 * 24 * 3600;
// What out-of-order text may hold, as a multiple of the largest window (TCP-SEC-021).
constexpr std::size_t reassembly_factor = 2;

std::uint32_t second_of(Instant now) { return static_cast<std::uint32_t>(to_ms(now) / 1000); }

}  // namespace

Outcome Connection::on_segment(const Turn& turn, buf::Pool& pool, SegmentIn&& segment) {
    Arrival a{turn, pool, segment};
    switch (state_) {
        case State::closed:
        case State::listen:
        case State::time_wait: drop(a, event::Reason::no_listener); break;
        case State::syn_sent: arrive_in_syn_sent(a); break;
        case State::syn_received:
        case State::established:
        case State::fin_wait_1:
        case State::fin_wait_2:
        case State::close_wait:
        case State::closing:
        case State::last_ack: arrive(a); break;
    }
    if (a.outcome.fate == Fate::keep) settle(turn);
    return a.outcome;
}

void Connection::arrive(Arrival& a) {
    if (check_sequence(a) == Verdict::done) return;
    if (check_rst(a) == Verdict::done) return;
    if (check_syn(a) == Verdict::done) return;
    if (check_ack(a) == Verdict::done) return;
    trim(a);
    take_urgent(a);
    if (take_text(a) == Verdict::done) return;
    take_fin(a);
}

// First: the sequence number. RFC 7323 §5.3 R1 (PAWS) stands before the window test.
Connection::Verdict Connection::check_sequence(Arrival& a) {
    // The SYN,ACK of a simultaneous open repeats a SYN that was taken already (§3.5 Figure 8).
    const bool repeats_syn = state_ == State::syn_received && a.flags.syn() && a.flags.ack() &&
                             a.seq == tcb_.irs && a.ack() == snd_.nxt() && !a.flags.rst();
    if (repeats_syn) {
        note_duplicate(a.turn, a.seq, a.seq + 1);
        a.flags = a.flags.without(TcpFlag::syn);
        a.seq += 1;
        acks_.acknowledge_now();
    }
    if (repeats_early_syn(a)) {
        snd_.mark_head_lost(1);  // the SYN-ACK leaves again
        drop(a, event::Reason::old_duplicate);
        return Verdict::done;
    }
    if (is_paws_failure(a)) return on_unacceptable(a, event::Reason::paws);
    if (lacks_timestamps(a)) {
        drop(a, event::Reason::timestamps_missing);
        return Verdict::done;
    }
    if (!is_acceptable(a)) {
        const bool is_old = at_or_before(a.seq + a.length(), tcb_.rcv_nxt);
        return on_unacceptable(
            a, is_old ? event::Reason::old_duplicate : event::Reason::out_of_window);
    }
    return Verdict::go_on;
}

bool Connection::is_paws_failure(const Arrival& a) const {
    const auto& timestamps = a.header().options.timestamps;
    if (tcb_.timestamps == event::Switch::off || !timestamps || a.flags.rst()) return false;
    if (static_cast<std::int32_t>(timestamps->value - tcb_.ts_recent) >= 0) return false;
    return second_of(a.turn.now()) - tcb_.ts_recent_s < ts_recent_max_s;
}

// RFC 7323 §3.2: where both sides agreed to send them every segment but a RST has them. Linux takes
// it all the same (DEC-08).
bool Connection::lacks_timestamps(const Arrival& a) const {
    return a.turn.config().strict_timestamps == event::Switch::on &&
           tcb_.timestamps == event::Switch::on && !a.header().options.timestamps && !a.flags.rst();
}

// The table of §3.10.7.4. A segment without text is taken up to the right edge itself: a sender
// that has filled the window sends its ACKs from there.
bool Connection::is_acceptable(const Arrival& a) const {
    const std::uint32_t wnd = window_.octets(tcb_.rcv_nxt);
    if (a.length() == 0) return distance(tcb_.rcv_nxt, a.seq) <= wnd;
    // With a closed window the control bits and the ACK still count (MUST-66); trim() takes the
    // text.
    if (wnd == 0) return a.seq == tcb_.rcv_nxt;
    return in_window(a.seq, tcb_.rcv_nxt, wnd) ||
           in_window(a.seq + (a.length() - 1), tcb_.rcv_nxt, wnd);
}

Connection::Verdict Connection::on_unacceptable(Arrival& a, event::Reason reason) {
    if (a.flags.rst()) {
        // After the peer's FIN its RST may carry the number of that FIN (TCP-SEC-029).
        if (has(Flag::peer_finished) && a.seq + 1 == tcb_.rcv_nxt) {
            reset_by_peer(a);
            return Verdict::done;
        }
        drop(a, event::Reason::rst_out_of_window);
        return Verdict::done;
    }
    if (a.flags.syn()) {
        challenge(a, event::Reason::syn_challenged);
        return Verdict::done;
    }
    if (a.length() == 0) {
        challenge(a, reason);
        return Verdict::done;
    }
    if (before(a.seq, tcb_.rcv_nxt))
        note_duplicate(a.turn, a.seq, earlier(a.seq + a.length(), tcb_.rcv_nxt));
    acks_.owe_one(reason);
    drop(a, reason);
    return Verdict::done;
}

// Second: RST. Only an exact one resets; elsewhere in the window it is challenged (RFC 5961 §3.2).
// The right edge of held text is exact too: it is what a peer that lost data sends (TCP-SEC-003).
Connection::Verdict Connection::check_rst(Arrival& a) {
    if (!a.flags.rst()) return Verdict::go_on;
    const bool is_exact =
        a.header().seq == tcb_.rcv_nxt || (reassembly_ && reassembly_->end() == a.header().seq);
    if (is_exact) {
        reset_by_peer(a);
    } else {
        challenge(a, event::Reason::rst_challenged);
    }
    return Verdict::done;
}

// Fourth: SYN. In every synchronised state it is challenged, whatever its number (RFC 5961 §4.2).
Connection::Verdict Connection::check_syn(Arrival& a) {
    if (!a.flags.syn()) return Verdict::go_on;
    challenge(a, event::Reason::syn_challenged);
    return Verdict::done;
}

// Fifth: the ACK field.
//
//     una - MAX.SND.WND        una          nxt
//     ---------|--- duplicate --|--- new ----|--- never sent ---
Connection::Verdict Connection::check_ack(Arrival& a) {
    if (!a.flags.ack()) {
        drop(a, event::Reason::no_ack_flag);
        return Verdict::done;
    }
    if (state_ == State::syn_received && on_handshake_ack(a) == Verdict::done) {
        return Verdict::done;
    }
    if (after(a.ack(), snd_.nxt())) {
        challenge(a, event::Reason::ack_of_unsent);
        return Verdict::done;
    }
    if (before(a.ack(), snd_.una() - tcb_.snd_wnd_max)) {
        challenge(a, event::Reason::ack_too_old);
        return Verdict::done;
    }
    // Who closed before the ACK of its SYN is connected by this one too.
    if (after(a.ack(), tcb_.iss)) set(Flag::connected);
    last_received_ = a.turn.now();
    probes_ = 0;
    take_timestamp(a);
    take_acknowledgment(a);
    take_window(a);
    return snd_.is_fin_acked() ? on_fin_acked(a) : Verdict::go_on;
}

Connection::Verdict Connection::on_handshake_ack(Arrival& a) {
    if (after(a.ack(), snd_.una()) && at_or_before(a.ack(), snd_.nxt())) {
        establish(a.turn, event::Cause::rcv_ack_of_syn);
        return Verdict::go_on;
    }
    a.outcome.reply = reset_of(a.in, event::Reason::ack_unacceptable);
    drop(a, event::Reason::ack_unacceptable);
    return Verdict::done;
}

// RFC 7323 §4.3: only a segment that begins at or before the last ACK we sent is echoed.
void Connection::take_timestamp(const Arrival& a) {
    const auto& timestamps = a.header().options.timestamps;
    if (tcb_.timestamps == event::Switch::off || !timestamps) return;
    if (after(a.header().seq, acks_.last_ack_sent())) return;
    tcb_.ts_recent = timestamps->value;
    tcb_.ts_recent_s = second_of(a.turn.now());
}

void Connection::take_acknowledgment(Arrival& a) {
    AckEvent ack;
    ack.now = a.turn.now();
    ack.flight = snd_.flight();
    ack.mss = tcb_.snd_mss;
    ack.nxt = snd_.nxt();
    ack.has_ece = tcb_.ecn == event::Switch::on && a.flags.ece();
    const auto& timestamps = a.header().options.timestamps;
    if (tcb_.timestamps == event::Switch::on && timestamps && timestamps->echo != 0)
        ack.echo = timestamps->echo;
    ack.sacked_before = snd_.sacked();
    Delivery delivery;
    delivery.now = a.turn.now();
    delivery.min_rtt = min_rtt_.value();
    delivery.recovery_point = loss_ ? loss_->recovery.point() : snd_.una() - 1;
    delivery.echo = ack.echo;
    delivery.ts_offset = tcb_.ts_offset;
    const std::uint32_t window = Window::from_field(a.header().window, tcb_.snd_shift).octets();
    if (after(a.ack(), snd_.una())) {
        const Acked acked = snd_.on_ack(a.ack(), delivery);
        ack.kind = AckKind::advanced;
        a.outcome.way = Way::proved;
        octets_acked_ += acked.text;
        if (acked.sent) ack.path_rtt = a.turn.now() - *acked.sent;
        ack.acked = acked.text;
        ack.rtt = sample_rtt(a, acked);
        retransmits_ = 0;
        clear(Flag::expired);
        stalled_since_ = {};
        if (acked.text > 0) set(Flag::edge);
        clear(Flag::more);  // MSG_MORE holds until an ACK asks what may go (Linux)
        // An old end of a small segment must not come to lie ahead (Nagle).
        if (before(tcb_.snd_small_end, snd_.una())) tcb_.snd_small_end = snd_.una();
        if (rare_) rare_->on_ack(snd_.una());
    } else if (a.ack() == snd_.una() && ack.flight > 0 && a.in.seg_len() == 0 &&
               window == tcb_.snd_wnd) {
        ack.kind = AckKind::duplicate;
    }
    take_sack(a, ack, delivery);
    ack.una = snd_.una();
    if (ack.kind == AckKind::nothing && ack.sacked == 0 && !ack.has_dsack && !ack.has_ece) return;
    take_delivery(a.turn, ack, delivery);
    if (rare_) follow_mtu_probe(a.turn, ack);
    const Duration wait = recover(a.turn, ack);
    if (ack.kind == AckKind::advanced && wait == Duration{}) arm_after_ack(a.turn);
    grow_send_buffer(a.turn.config());
    set_pace(a.turn);
}

// What arrived feeds the RTT, then RACK, then the value that recovery judges.
void Connection::take_delivery(const Turn& turn, AckEvent& ack, const Delivery& delivery) {
    const Config& config = turn.config();
    if (!ack.path_rtt && delivery.sack_sent) {
        ack.path_rtt = turn.now() - *delivery.sack_sent;
        if (!ack.rtt) ack.rtt = ack.path_rtt;
    }
    if (ack.rtt) {
        rtt_.on_sample(config, *ack.rtt, ack.una, ack.nxt);
        backoff_ = 0;  // a fresh sample ends the back-off (RFC 6298 §5.7, Karn)
    }
    if (ack.path_rtt) min_rtt_.on_sample(config, turn.now(), *ack.path_rtt);
    ack.srtt = rtt_.srtt();
    if (delivery.newest) ack.newest_sent = delivery.newest->sent;
    ack.has_original = delivery.has_original;
    ack.has_resent = delivery.has_resent;
    if (tcb_.sack == event::Switch::on) {
        rack_.on_delivery(config, delivery, snd_.highest_sacked(), ack.mss);
        if (delivery.duplicates > 0) rack_.on_duplicate(config, ack.una, ack.nxt);
        ack.delivered = delivery.numbers - (delivery.has_syn ? 1U : 0U);
    } else {
        ack.delivered = count_without_sack(ack);
    }
    const std::uint32_t whole = std::max<std::uint32_t>(ack.mss, 1);
    delivered_ += (ack.delivered + whole - 1) / whole;
}

// RFC 6298 §3: no sample from what was sent twice, unless the echoed timestamp tells which copy
// arrived (RFC 7323 §4.1).
std::optional<Duration> Connection::sample_rtt(const Arrival& a, const Acked& acked) const {
    if (!acked.retransmitted && acked.first_sent) return a.turn.now() - *acked.first_sent;
    const auto& timestamps = a.header().options.timestamps;
    if (tcb_.timestamps == event::Switch::off || !timestamps || timestamps->echo == 0) {
        return std::nullopt;
    }
    const std::uint32_t elapsed = ts_now(a.turn.now()) - timestamps->echo;
    if (elapsed > static_cast<std::uint32_t>(base::to_ms(a.turn.config().rto_max)))
        return std::nullopt;
    return std::chrono::milliseconds{elapsed};
}

// Fifth, continued: the send window, unless the segment is older than the one that set it last.
void Connection::take_window(const Arrival& a) {
    const Seq seq = a.header().seq;
    const bool is_newer =
        before(tcb_.snd_wl1, seq) || (tcb_.snd_wl1 == seq && at_or_before(tcb_.snd_wl2, a.ack()));
    if (!is_newer || before(a.ack(), snd_.una())) return;
    tcb_.snd_wnd = Window::from_field(a.header().window, tcb_.snd_shift).octets();
    tcb_.snd_wnd_max = std::max(tcb_.snd_wnd_max, tcb_.snd_wnd);
    tcb_.snd_wl1 = seq;
    tcb_.snd_wl2 = a.ack();
    if (tcb_.snd_wnd > 0) clear(Flag::probe_due);
}

// Fifth, by state: the ACK of our FIN. In FIN-WAIT-1 the step waits for the eighth, where a FIN in
// the same segment may lead to TIME-WAIT at once (TCP-CONN-015).
Connection::Verdict Connection::on_fin_acked(Arrival& a) {
    switch (state_) {
        case State::fin_wait_1: a.acked_fin = Arrival::FinAck::yes; return Verdict::go_on;
        case State::closing: enter_time_wait(a, event::Cause::rcv_ack_of_fin); return Verdict::done;
        case State::last_ack:
            a.outcome = end(a.turn, event::Cause::rcv_ack_of_fin, event::Reason::closed_orderly);
            return Verdict::done;
        case State::closed:
        case State::listen:
        case State::syn_sent:
        case State::syn_received:
        case State::established:
        case State::fin_wait_2:
        case State::close_wait:
        case State::time_wait: return Verdict::go_on;
    }
    return Verdict::go_on;
}

// Seventh, before the text is taken: what lies outside the window is cut off, FIN included
// (TCP-SEG-029). A bare FIN needs no room: it is taken with a closed window too, as Linux does.
//
//          rcv_nxt          edge
//     [····|======|················|····]F
void Connection::trim(Arrival& a) {
    if (before(a.seq, tcb_.rcv_nxt)) {
        const std::uint32_t old = std::min(distance(a.seq, tcb_.rcv_nxt), a.text_length);
        if (old > 0) note_duplicate(a.turn, a.seq, a.seq + old);
        a.seq += old;
        a.text_offset += old;
        a.text_length -= old;
        if (before(a.seq, tcb_.rcv_nxt)) a.flags = a.flags.without(TcpFlag::fin);
    }
    const std::uint32_t room = after(window_.edge(), a.seq) ? distance(a.seq, window_.edge()) : 0;
    if (a.text_length == 0 || a.length() <= room) return;
    a.text_length = std::min(a.text_length, room);
    a.flags = a.flags.without(TcpFlag::fin);
    if (room == 0) {
        acks_.owe_one(event::Reason::out_of_window);
        drop(a, event::Reason::out_of_window);
    } else if (a.seq == tcb_.rcv_nxt) {
        acks_.acknowledge_now();
    }
}

// Seventh: the text.
Connection::Verdict Connection::take_text(Arrival& a) {
    if (a.text_length == 0) return Verdict::go_on;
    if (has(Flag::peer_finished)) {
        drop(a, event::Reason::data_after_fin);
        return Verdict::go_on;
    }
    const bool is_closing = state_ == State::fin_wait_1 || state_ == State::fin_wait_2;
    if (is_closing && (has(Flag::orphan) || has(Flag::read_shut))) {
        // Nobody will ever read it: the peer must know (RFC 9293 SHLD-3, TCP-SEG-040, TCP-SEG-041).
        drop(a, event::Reason::data_after_close);
        const auto reply = reset_of(a.in, event::Reason::data_after_close);
        a.outcome = fail(a.turn, event::Cause::abort, Error::connection_reset,
                         event::Reason::data_after_close);
        a.outcome.reply = reply;
        return Verdict::done;
    }
    if (tcb_.ecn == event::Switch::on) take_marks(a);
    if (rare_) find_urgent(a);
    if (a.seq == tcb_.rcv_nxt) {
        take_in_order(a);
    } else {
        keep_out_of_order(a);
    }
    return Verdict::go_on;
}

// RFC 3168 §6.1.3: CWR ends the echo, a mark (on the same segment too) begins it; the sender may
// have little in flight, so the ACK is not delayed.
void Connection::take_marks(const Arrival& a) {
    constexpr std::uint8_t congestion_experienced = 3;
    if (a.flags.cwr()) clear(Flag::ecn_echo);
    const bool is_marked = a.in.ecn == congestion_experienced;
    if (is_marked) set(Flag::ecn_echo);
    if (is_marked || a.flags.cwr()) acks_.acknowledge_now();
}

void Connection::take_in_order(Arrival& a) {
    const bool was_empty_reassembly = reassembly_ == nullptr;
    // What is held already came first: it fills the gaps between, and is not replaced. Where no run
    // is left for it, it goes before them.
    constexpr std::size_t no_limit = std::numeric_limits<std::size_t>::max();
    const bool is_merged = reassembly_ && reassembly_->insert(a.pool, a.seq, a.text(), no_limit) ==
                                              Reassembly::Stored::yes;
    if (!is_merged) {
        push_text(received_, a.pool, a.text());
        tcb_.rcv_nxt += a.text_length;
    }
    octets_received_ += a.text_length;
    if (reassembly_) {
        tcb_.rcv_nxt = reassembly_->take(tcb_.rcv_nxt, received_);
        if (reassembly_->is_empty()) reassembly_.reset();
    }
    const auto hole = was_empty_reassembly ? AckPolicy::Hole::no : AckPolicy::Hole::filled;
    const Config& config = a.turn.config();
    acks_.measure_segment(a.in.text_length, a.header().flags, tcb_.timestamps);
    if (acks_.on_text(config, a.turn.now(), tcb_.rcv_nxt, a.text_length, hole)) {
        if (!timers_.is_armed(TimerSlot::ack)) {
            timers_.arm(TimerSlot::ack, TimerKind::delayed_ack,
                        a.turn.now() + acks_.delay(config, rtt_.srtt()));
        }
    }
    set(Flag::edge);
}

// RFC 2883 §4: what arrived twice is reported once.
void Connection::note_duplicate(const Turn& turn, Seq first, Seq end) {
    if (tcb_.sack == event::Switch::off || turn.config().dsack == event::Switch::off) return;
    rare().dsack = wire::SackBlock{first, end};
}

// SHLD-31. Each segment out of order owes its own ACK: the peer counts them (RFC 5681 §3.2).
void Connection::keep_out_of_order(Arrival& a) {
    if (!reassembly_) reassembly_ = std::make_unique<Reassembly>();
    const std::size_t most = reassembly_factor * std::size_t{window_.limit()};
    const auto stored = reassembly_->insert(a.pool, a.seq, a.text(), most);
    if (const auto& again = reassembly_->again()) note_duplicate(a.turn, again->first, again->end);
    if (stored == Reassembly::Stored::no_room) {
        drop(a, event::Reason::reassembly_full);
        a.flags = a.flags.without(TcpFlag::fin);
    }
    acks_.owe_one(event::Reason::none);
    if (reassembly_->is_empty()) reassembly_.reset();
}

// Eighth: FIN, in order only; one that comes early waits for its text (TCP-SEG-036).
void Connection::take_fin(Arrival& a) {
    const bool was_finished = has(Flag::peer_finished);
    const bool is_here = a.flags.fin() && a.seq + a.text_length == tcb_.rcv_nxt;
    if (a.flags.fin() && !is_here && !was_finished && after(a.seq, tcb_.rcv_nxt)) {
        if (!reassembly_) reassembly_ = std::make_unique<Reassembly>();
        reassembly_->set_fin(a.seq + a.text_length);
        if (a.text_length == 0) acks_.owe_one(event::Reason::none);
    }
    const bool was_held = reassembly_ && reassembly_->is_fin_at(tcb_.rcv_nxt);
    if (!was_finished && (is_here || was_held)) return on_fin_consumed(a);
    if (a.acked_fin == Arrival::FinAck::yes) {
        move(a.turn, event::Cause::rcv_ack_of_fin);
        enter_fin_wait_2(a.turn, a.outcome);
        // TCP_LINGER2 below 0: the RST answers the segment that acked our FIN (TCP-CONN-020).
        if (a.outcome.reply) a.outcome.reply = reset_of(a.in, event::Reason::orphan_expired);
    }
}

void Connection::on_fin_consumed(Arrival& a) {
    reassembly_.reset();
    tcb_.rcv_nxt += 1;
    set(Flag::peer_finished);
    set(Flag::edge);
    acks_.on_advance();
    acks_.acknowledge_now();
    const bool is_ours_acked = a.acked_fin == Arrival::FinAck::yes;
    if (state_ == State::fin_wait_2) return enter_time_wait(a, event::Cause::rcv_fin);
    if (is_ours_acked) return enter_time_wait(a, event::Cause::rcv_fin_and_ack_of_fin);
    move(a.turn, event::Cause::rcv_fin);
}

// §3.10.7.4 step 2 by state; CLOSE-WAIT reports EPIPE, as Linux (TCP-SEG-034, DEC-14).
void Connection::reset_by_peer(Arrival& a) {
    Error error = Error::connection_reset;
    event::Reason reason = event::Reason::reset_by_peer;
    if (state_ == State::close_wait) error = Error::broken_pipe;
    if (state_ == State::syn_received && !has(Flag::early)) {
        error = Error::connection_refused;
        reason = event::Reason::refused_by_peer;
    }
    const bool was_done = state_ == State::closing || state_ == State::last_ack;
    a.outcome = was_done ? end(a.turn, event::Cause::rcv_rst, reason)
                         : fail(a.turn, event::Cause::rcv_rst, error, reason);
}

void Connection::drop(const Arrival& a, event::Reason reason) const {
    a.turn.emit(event::SegmentDropped{summary_of(a.in, tcb_.snd_shift), reason});
}

// RFC 5961 §7: the segment is dropped; its ACK is throttled per connection (TCP-WIN-028).
void Connection::challenge(const Arrival& a, event::Reason reason) {
    const bool is_limited = rare().challenge_at &&
                            a.turn.now() - *rare().challenge_at < a.turn.config().invalid_ratelimit;
    drop(a, is_limited ? event::Reason::challenge_limited : reason);
    if (is_limited) return;
    rare().challenge_at = a.turn.now();
    acks_.owe_one(reason);
}

}  // namespace dt::tcp
