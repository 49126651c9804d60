// Loss detection, recovery and undo over a connection, once per ACK: RFC 6675 and RFC 8985 where
// the peer sends SACK, RFC 6582 where not; F-RTO (RFC 5682), the tail loss probe's answer, PRR.
#include "tcp/loss.hpp"

#include <algorithm>

#include "tcp/arrival.hpp"

namespace dt::tcp {

using event::Reason;
using Phase = Recovery::Phase;

namespace {

// D-SACK (RFC 2883 §4): the first block lies wholly at or below SEG.ACK, or within the second one.
bool is_dsack(const wire::SackBlocks& blocks, Seq ack) {
    if (before(blocks[0].first, ack)) return at_or_before(blocks[0].end, ack);
    return blocks.size() > 1 && !before(blocks[0].first, blocks[1].first) &&
           !after(blocks[0].end, blocks[1].end);
}

}  // namespace

Loss& Connection::loss() {
    if (!loss_) loss_ = std::make_unique<Loss>(snd_.una());
    return *loss_;
}

Phase Connection::recovery_phase() const { return loss_ ? loss_->recovery.phase() : Phase::open; }

// What a calm connection hears is what it was told, until a duplicate ACK comes.
std::uint32_t Connection::count_without_sack(const AckEvent& ack) {
    if (loss_ || ack.kind == AckKind::duplicate) return loss().recovery.count(ack);
    return ack.kind == AckKind::advanced ? ack.acked : 0;
}

event::CongestionState Connection::congestion_state() const {
    using event::CongestionState;
    switch (recovery_phase()) {
        case Phase::open:
            return snd_.sacked() > 0 || (loss_ && loss_->recovery.has_duplicates())
                       ? CongestionState::disorder
                       : CongestionState::open;
        case Phase::reduced: return CongestionState::reduced;
        case Phase::fast: return CongestionState::recovery;
        case Phase::timeout: return CongestionState::loss;
    }
    return CongestionState::open;
}

void Connection::emit_congestion(const Turn& turn, event::CongestionState from,
                                 Reason reason) const {
    event::CongestionChange change{.tuple = tuple_, .from = from, .to = congestion_state()};
    change.reason = reason;
    change.cwnd = congestion_.cwnd();
    change.ssthresh = congestion_.is_ssthresh_set() ? congestion_.ssthresh() : 0;
    change.lost = snd_.lost();
    turn.emit(change);
}

// RFC 2018 §5, RFC 6675 §4 Update(): blocks without sense are ignored (TCP-OPT-026); a D-SACK marks
// nothing (TCP-LOSS-047).
void Connection::take_sack(const Arrival& a, AckEvent& ack, Delivery& delivery) {
    if (tcb_.sack == event::Switch::off || a.header().options.sack.empty()) return;
    const wire::SackBlocks& blocks = a.header().options.sack;
    std::size_t next = 0;
    if (is_dsack(blocks, a.ack())) {
        take_dsack(blocks[0], ack, delivery);
        next = 1;
    }
    for (; next < blocks.size(); ++next) {
        const wire::SackBlock& block = blocks[next];
        const bool has_sense = before(block.first, block.end) && after(block.first, snd_.una()) &&
                               at_or_before(block.end, snd_.nxt());
        if (has_sense) snd_.on_sack(block.first, block.end, delivery);
    }
    ack.sacked = delivery.sacked;
}

// RFC 3708: a retransmission was needless, or the network made a copy. More of them than were ever
// sent again prove nothing.
void Connection::take_dsack(const wire::SackBlock& block, AckEvent& ack, Delivery& delivery) {
    const bool has_sense = before(block.first, block.end) && at_or_before(block.end, snd_.nxt()) &&
                           distance(block.first, snd_.nxt()) < snd_.flight() + cwnd_max;
    if (!has_sense) return;
    const std::uint32_t length = distance(block.first, block.end);
    const std::uint32_t segments = (length + ack.mss - 1) / ack.mss;
    dsacks_ += segments;
    if (dsacks_ > resent_total_) return;
    ack.has_dsack = true;
    delivery.duplicates = segments;
    if (!loss_) return;
    loss_->undo.on_duplicate(block.end, segments);
    ack.dsack_of_probe = segments == 1 && loss_->probe.is_out() && block.end == loss_->probe.end();
}

// The ACK as a value passes loss detection and recovery, then congestion control. How long text may
// still be out of order; zero where none is waited for.
Duration Connection::recover(const Turn& turn, const AckEvent& ack) {
    const std::uint32_t lost_before = snd_.lost_ever();
    const Phase phase_before = recovery_phase();
    if (loss_ && loss_->probe.has_repaired(ack)) on_probe_repaired(turn, ack);
    Duration wait{};
    if (is_dubious(ack)) wait = judge(turn, ack);
    if (loss_) loss_->recovery.follow(ack.una);
    steer(turn, ack, phase_before, snd_.lost_ever() - lost_before);
    if (turn.config().rescue == event::Switch::on) rescue(turn);
    if (loss_ && snd_.flight() == 0 && loss_->is_over(ack.una)) loss_.reset();
    return wait;
}

// RFC 6675 §5 NextSeg() rule 4: with nothing else to send, the last segment outstanding leaves once
// more in each recovery, so that its loss is seen before the time-out (TCP-LOSS-012).
void Connection::rescue(const Turn& turn) {
    const bool may_look = recovery_phase() == Phase::fast && tcb_.sack == event::Switch::on;
    if (!may_look || snd_.lost() > 0 || is_text_ready(turn.now())) return;
    const bool is_tail_open = before(snd_.highest_sacked(), snd_.nxt());
    if (!is_tail_open || in_flight() + tcb_.snd_mss > congestion_.cwnd()) return;
    if (rare().rescued == loss().recovery.point()) return;
    rare().rescued = loss().recovery.point();
    snd_.mark_tail_lost();
}

// Anything but an ordinary advance while nothing is amiss.
bool Connection::is_dubious(const AckEvent& ack) const {
    return ack.kind != AckKind::advanced || recovery_phase() != Phase::open || ack.has_dsack ||
           ack.sacked > 0 || ack.sacked_before > 0 || ack.has_ece;
}

Duration Connection::judge(const Turn& turn, const AckEvent& ack) {
    if (loss_ && recovery_phase() == Phase::open) loss_->undo.forget_stamp();
    end_episode(turn, ack);
    switch (recovery_phase()) {
        case Phase::open:
            if (loss().undo.is_all_duplicate()) undo(turn, ack, Unmark::no);
            break;
        case Phase::reduced: break;
        case Phase::fast: undo_in_fast(turn, ack); break;
        case Phase::timeout: on_ack_after_timeout(turn, ack); break;
    }
    const Duration wait = find_losses(turn, ack);
    if (ack.has_ece && recovery_phase() == Phase::open && ack.flight > 0) on_marked(turn, ack);
    return wait;
}

// RFC 3168 §6.1.2: as a loss, but nothing is sent again; once per window (TCP-ECN-008).
void Connection::on_marked(const Turn& turn, const AckEvent& ack) {
    const event::CongestionState from = congestion_state();
    loss().undo.forget();
    cut(turn, {ack.flight, ack.sacked_before});
    loss().recovery.enter(Phase::reduced, snd_.nxt());
    emit_congestion(turn, from, Reason::marked_by_network);
}

// The recovery point is acknowledged (TCP-LOSS-014).
void Connection::end_episode(const Turn& turn, const AckEvent& ack) {
    const Phase phase = recovery_phase();
    if (phase == Phase::open || phase == Phase::timeout || !loss().recovery.is_over(ack.una))
        return;
    if (phase == Phase::reduced && ack.una == loss().recovery.point()) return;
    const event::CongestionState from = congestion_state();
    const bool was_none =
        phase == Phase::fast && (loss().undo.is_all_duplicate() || loss().undo.is_early(ack.echo));
    if (was_none) return undo(turn, ack, Unmark::no);
    loss().recovery.leave();
    if (phase == Phase::fast) rack_.on_recovered();
    loss().undo.forget_stamp();
    congestion_.on_recovered(tcb_.snd_mss);
    emit_congestion(turn, from, Reason::loss_repaired);
}

// RFC 3522, RFC 3708 while the loss is being repaired.
void Connection::undo_in_fast(const Turn& turn, const AckEvent& ack) {
    const bool is_early = ack.kind == AckKind::advanced && loss().undo.is_early(ack.echo);
    if (is_early && snd_.segments(SendQueue::Kind::resent) == 0)
        return undo(turn, ack, Unmark::yes);
    if (!loss().undo.is_all_duplicate()) return;
    rack_.keep_window();
    undo(turn, ack, Unmark::no);
}

// RFC 5682 §3.1 and §2.1, as Linux orders them.
void Connection::on_ack_after_timeout(const Turn& turn, const AckEvent& ack) {
    const bool is_over = loss().recovery.is_over(ack.una);
    const bool has_advanced = ack.kind == AckKind::advanced;
    if (has_advanced && (loss().undo.is_all_duplicate() || loss().undo.is_early(ack.echo)))
        return undo(turn, ack, Unmark::yes);
    if (loss().recovery.frto() != Recovery::Frto::off) {
        const bool has_sack = tcb_.sack == event::Switch::on;
        if (ack.has_original && (has_sack || !ack.has_resent)) return undo(turn, ack, Unmark::yes);
        if (after(snd_.nxt(), loss().recovery.point())) {
            loss().recovery.set_frto(Recovery::Frto::off);  // step 3a: the loss was real
        } else if (has_advanced && !is_over) {
            if (snd_.has_unsent() && window_left(snd_.nxt()) > 0)
                return loss().recovery.begin_new_text(snd_.nxt());
            loss().recovery.set_frto(Recovery::Frto::off);
        }
    }
    if (!is_over) return;
    const event::CongestionState from = congestion_state();
    loss().recovery.leave();
    rack_.on_recovered();
    loss().undo.forget();
    loss().undo.forget_stamp();
    // Who follows the losses grows on from what is left; BBR has its window back (Linux).
    if (congestion_.is_own_master()) congestion_.on_recovered(tcb_.snd_mss);
    emit_congestion(turn, from, Reason::loss_repaired);
}

void Connection::undo(const Turn& turn, const AckEvent& ack, Unmark unmark) {
    const event::CongestionState from = congestion_state();
    // By D-SACK the copies are known to have arrived, else only the first transmissions are.
    if (loss().undo.is_all_duplicate()) {
        rack_.look_again();
    } else {
        disbelieve_resent(ack);
    }
    if (unmark == Unmark::yes) snd_.unmark_lost();
    congestion_.undo(loss().undo.cwnd(), loss().undo.ssthresh());
    loss().undo.forget();
    loss().undo.forget_stamp();
    loss().recovery.leave();
    retransmits_ = 0;
    clear(Flag::expired);
    emit_congestion(turn, from, Reason::loss_was_none);
}

// RACK must not judge by copies that have not arrived. First transmissions that the ACK field took
// lie below all that is outstanding: of them the newest of this ACK stands for all.
void Connection::disbelieve_resent(const AckEvent& ack) {
    std::optional<Transmission> newest = snd_.newest_sacked_original();
    if (ack.path_rtt) {
        const Transmission taken{ack.now - *ack.path_rtt, ack.una};
        if (!newest || taken.is_after(*newest)) newest = taken;
    }
    rack_.disbelieve_resent(newest, ack.now);
}

// Marks what is lost now; a first loss begins an episode, and so does the loss of a retransmission
// (DEC-31).
Duration Connection::find_losses(const Turn& turn, const AckEvent& ack) {
    if (tcb_.sack == event::Switch::off) {
        if (!loss_ || !loss_->recovery.is_head_lost(ack)) return {};
        snd_.mark_head_lost(tcb_.snd_mss);
        if (recovery_phase() == Phase::fast) return {};
        enter_fast(turn, {ack.flight, ack.sacked_before}, Reason::lost_by_duplicates);
        return {};
    }
    if (!rack_.take_news()) return {};
    const Duration wait = mark_overdue(turn, {ack.flight, ack.sacked_before});
    if (wait != Duration{}) {
        timers_.arm(TimerSlot::send, TimerKind::reorder,
                    std::min(turn.now() + wait, turn.now() + rto(turn)));
    }
    return wait;
}

// A retransmission that is lost is a sign of congestion of its own only where it left after the
// window was cut last: one cut a round trip, however many were lost (TCP-LOSS-015, DEC-31).
Duration Connection::mark_overdue(const Turn& turn, Outstanding outstanding) {
    static_cast<void>(snd_.take_lost_again());
    const std::uint32_t lost = snd_.lost_ever();
    const Duration wait =
        snd_.mark_overdue(rack_.newest(), rack_.rtt() + reordering_window(turn), turn.now());
    const bool is_new = snd_.lost_ever() != lost;
    const Instant again = snd_.take_lost_again();
    const bool is_new_sign = again != Instant{} && again >= loss().prr.cut_at();
    const bool is_in_episode =
        recovery_phase() == Phase::fast || recovery_phase() == Phase::timeout;
    if (is_new && (!is_in_episode || is_new_sign))
        enter_fast(turn, outstanding, Reason::lost_by_time);
    return wait;
}

Duration Connection::reordering_window(const Turn& turn) const {
    Rack::Situation situation;
    if (recovery_phase() == Phase::fast || recovery_phase() == Phase::timeout)
        situation.phase = Rack::Situation::Phase::recovering;
    situation.sacked = snd_.sacked_segments(rack_.reordering());
    situation.min_rtt = min_rtt_.value();
    situation.srtt = rtt_.srtt();
    return rack_.window(turn.config(), situation);
}

void Connection::enter_fast(const Turn& turn, Outstanding outstanding, Reason reason) {
    const event::CongestionState from = congestion_state();
    if (recovery_phase() == Phase::open) {
        loss().undo.begin(snd_.una(), congestion_.cwnd(), congestion_.ssthresh(),
                          snd_.segments(SendQueue::Kind::resent));
    }
    // The network's mark and this loss are one sign (TCP-CC-025).
    if (recovery_phase() != Phase::reduced) cut(turn, outstanding);
    loss().recovery.enter(Phase::fast, snd_.nxt());
    emit_congestion(turn, from, reason);
}

// What limited transmit sent beyond the window does not count (RFC 5681 §3.2 step 2).
void Connection::cut(const Turn& turn, Outstanding outstanding) {
    loss().prr.begin(outstanding.flight - outstanding.sacked, turn.now());
    congestion_.on_loss(std::min(outstanding.flight, congestion_.cwnd()), tcb_.snd_mss);
    loss().probe.forget();
    if (tcb_.ecn == event::Switch::on) set(Flag::cwr_due);
}

// RFC 8985 §7.4: the probe was the retransmission; the loss costs one cut like any other, by the
// flight of when it was lost. What is outstanding now may be one request (TCP-LOSS-039). The
// network's mark and the loss of a window are one sign (TCP-CC-025).
void Connection::on_probe_repaired(const Turn& turn, const AckEvent& ack) {
    const Phase phase = recovery_phase();
    if (phase == Phase::fast || phase == Phase::timeout) return;
    if (phase == Phase::reduced && at_or_before(loss().probe.end(), loss().recovery.point()))
        return;
    const event::CongestionState from = congestion_state();
    congestion_.on_loss(std::min(loss().probe.flight(), congestion_.cwnd()), ack.mss);
    loss().prr.note_cut(turn.now());
    congestion_.on_recovered(ack.mss);
    emit_congestion(turn, from, Reason::lost_before_probe);
}

// The window: by proportional rate reduction while it shrinks, else by congestion control.
void Connection::steer(const Turn& turn, const AckEvent& ack, Phase before,
                       std::uint32_t newly_lost) {
    if (congestion_.is_own_master()) {
        AckEvent told = ack;
        told.in_flight = in_flight();
        return congestion_.on_ack(told);
    }
    const Phase phase = recovery_phase();
    if (phase == Phase::fast || phase == Phase::reduced) {
        Prr::Step step{.delivered = ack.delivered, .in_flight = in_flight()};
        step.ssthresh = congestion_.ssthresh();
        step.mss = ack.mss;
        const bool has_advanced = ack.kind == AckKind::advanced;
        const bool has_sack = tcb_.sack == event::Switch::on;
        // Without SACK each advance uncovers the next hole: it needs no share (RFC 6582 §3.2).
        if (has_advanced && (newly_lost == 0 || !has_sack)) step.safe = Prr::Step::Safe::yes;
        if (has_advanced && !has_sack) step.force = Prr::Step::Force::yes;
        if (const auto cwnd = loss().prr.window(step)) congestion_.set_cwnd(*cwnd);
        return;
    }
    const bool is_left = phase == Phase::open && before != Phase::open && before != Phase::timeout;
    // Where the network is known to reorder, what is SACKed grows the window too (Linux).
    const bool is_reordered = rack_.reordering() > turn.config().reordering && ack.sacked > 0;
    if ((ack.kind == AckKind::advanced || is_reordered) && !is_left) congestion_.on_ack(ack);
}

// The retransmission timer expired (RFC 6298 §5.4): once per episode ssthresh is cut, and F-RTO
// asks whether the expiry was needless, unless an earlier one is not yet repaired (TCP-LOSS-045).
void Connection::on_timeout(const Turn& turn) {
    const event::CongestionState from = congestion_state();
    const Phase phase = recovery_phase();
    const bool was_calm = phase == Phase::open || phase == Phase::reduced;
    const bool is_new = phase == Phase::timeout && !has(Flag::expired);
    set(Flag::expired);
    const bool is_withdrawn = snd_.is_head_sacked();
    const bool is_first = phase == Phase::open || is_new || loss().recovery.is_over(snd_.una());
    const std::uint32_t outstanding = std::min(snd_.flight(), congestion_.cwnd());
    if (is_first) {
        loss().undo.begin(snd_.una(), congestion_.cwnd(), congestion_.ssthresh(),
                          snd_.segments(SendQueue::Kind::resent));
    }
    loss().prr.note_cut(turn.now());
    congestion_.on_timeout(is_first ? Congestion::Expiry::first : Congestion::Expiry::again,
                           outstanding, tcb_.snd_mss);
    const bool has_rack = tcb_.sack == event::Switch::on && rack_.rtt() != Duration{};
    if (has_rack && snd_.sacked_segments(rack_.reordering()) >= rack_.reordering())
        rack_.on_timeout(turn.config());
    const Duration tolerated = reordering_window(turn);
    snd_.mark_timed_out(has_rack ? rack_.rtt() + tolerated : Duration{}, turn.now());
    loss().recovery.enter(Phase::timeout, snd_.nxt());
    loss().probe.forget();
    clear(Flag::tail_probe);
    if (tcb_.ecn == event::Switch::on) set(Flag::cwr_due);
    const bool has_frto = turn.config().frto != 0 && (was_calm || retransmits_ > 0);
    if (has_frto && !is_withdrawn) loss().recovery.set_frto(Recovery::Frto::waiting);
    congestion_.set_cwnd(in_flight() + tcb_.snd_mss);
    emit_congestion(turn, from, is_withdrawn ? Reason::sack_withdrawn : Reason::lost_by_timeout);
}

// The reordering timer (RFC 8985 §6.3): what was waited for did not come.
void Connection::on_reorder_timer(const Turn& turn) {
    const Phase before = recovery_phase();
    const Duration wait = mark_overdue(turn, {snd_.flight(), snd_.sacked()});
    // The loss that begins an episode leaves again at once (RFC 9937 §6.2); later ones by ACKs.
    if (before != Phase::fast && recovery_phase() == Phase::fast) {
        Prr::Step step{.delivered = tcb_.snd_mss, .in_flight = in_flight()};
        step.ssthresh = congestion_.ssthresh();
        step.mss = tcb_.snd_mss;
        const auto cwnd = loss().prr.window(step);
        if (cwnd && !congestion_.is_own_master()) congestion_.set_cwnd(*cwnd);
    }
    if (wait != Duration{}) {
        timers_.arm(TimerSlot::send, TimerKind::reorder, turn.now() + wait);
        return;
    }
    resume_retransmit(turn);
}

}  // namespace dt::tcp
