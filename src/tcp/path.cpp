// What the path takes, as a connection lives with it: its MTU by ICMP (RFC 1191, RFC 8201) and by
// what arrives (RFC 4821), and the pace of its text (spec TCP-CC-026).
#include <algorithm>

#include "tcp/connection.hpp"

namespace dt::tcp {

namespace {

constexpr std::uint64_t unlimited = ~std::uint64_t{0};
constexpr std::uint32_t probe_window_min = 11;  // segments; Linux probes with no smaller window

}  // namespace

// RFC 1191 §6.4: only a decrease counts; what is outstanding leaves again in smaller segments, and
// that is no sign of congestion (TCP-PMTU-002, TCP-PMTU-017).
void Connection::on_path_mtu(const Turn& turn, const PathMtu& told, About about) {
    const bool may_be_cut = told.fragments == PathMtu::Fragments::may && !has(Flag::fragments);
    if (told.mtu >= path_.mtu && !may_be_cut) return;
    Rare& rare = this->rare();
    if (rare.full_mtu == 0) rare.small_until = snd_.una();
    rare.full_mtu = std::max(rare.full_mtu, path_.mtu);
    rare.mtu_until = told.until;
    path_.mtu = std::min(path_.mtu, told.mtu);
    if (may_be_cut) set(Flag::fragments);
    // A SYN with text that was too big leaves again at once, without the text (Linux).
    const bool was_syn_too_big = state_ == State::syn_sent && opening() != nullptr &&
                                 opening()->syn == FastOpening::Syn::with_text;
    if (was_syn_too_big) snd_.mark_all_lost();
    if (!is_synchronized()) return;
    const std::uint16_t old = tcb_.snd_mss;
    apply_mss();
    const bool leaves_otherwise = tcb_.snd_mss < old || may_be_cut;
    if (!leaves_otherwise || snd_.flight() == 0 || about == About::another) return;
    if (may_be_cut) {
        snd_.mark_all_lost();
    } else {
        snd_.mark_larger_lost(tcb_.snd_mss);
    }
    rare.small_until = snd_.nxt();
    loss().recovery.expect_duplicates(snd_.nxt());
    settle(turn);
}

// What was learned is over (RFC 1191 §6.3): full segments are tried again (TCP-PMTU-007), but not
// with the text that was too big: it may have waited for its pace ever since, and would be too big
// again.
void Connection::restore_path(const Turn& turn) {
    if (rare_->full_mtu == 0 || turn.now() < rare_->mtu_until) return;
    if (before(snd_.una(), rare_->small_until)) return;
    path_.mtu = rare_->full_mtu;
    rare_->full_mtu = 0;
    rare_->mtu_until = never;
    clear(Flag::fragments);
    if (is_synchronized()) apply_mss();
}

// RFC 4821 §7.7, as Linux: R1 is reached, so perhaps large segments vanish where no ICMP comes back
// (TCP-PMTU-012).
void Connection::shrink_segments(const Turn& turn) {
    const Config& config = turn.config();
    if (config.mtu_probing == event::MtuProbing::off) return;
    MtuSearch& search = rare().search;
    const std::uint32_t old = tcb_.snd_mss;
    if (search.is_on()) {
        search.shrink(config.mtu_base_mss);
    } else {
        search.begin(config.mtu_base_mss, old, turn.now());
    }
    apply_mss();
    if (tcb_.snd_mss < old)
        emit_congestion(turn, congestion_state(), event::Reason::path_black_hole);
}

// RFC 4821 §7.2: a probe is new text in one larger segment, where nothing is amiss, enough text is
// queued and windows have room for what shows its fate (Linux tcp_mtu_probe).
std::uint32_t Connection::probe_length(Instant now) const {
    if (!rare_ || !rare_->search.is_on()) return 0;
    const auto length = rare_->search.next();
    if (!length || recovery_phase() != Recovery::Phase::open || snd_.sacked() > 0) return 0;
    const std::uint32_t cwnd = cwnd_now(now);
    const std::uint32_t needed = *length + (rack_.reordering() + 1) * tcb_.snd_mss;
    if (*length <= tcb_.snd_mss || cwnd < probe_window_min * tcb_.snd_mss) return 0;
    if (snd_.unsent_text() < needed || window_left(snd_.nxt()) < needed) return 0;
    if (within_record(snd_.nxt(), *length) < *length) return 0;
    return in_flight() + *length <= cwnd ? *length : 0;
}

// A probe that is lost is no sign of congestion (RFC 4821 §7.6): its text leaves again in ordinary
// segments.
void Connection::follow_mtu_probe(const Turn& turn, const AckEvent& ack) {
    MtuSearch& search = rare_->search;
    if (!search.is_on()) return;
    const Config& config = turn.config();
    if (search.is_out() && at_or_before(search.end(), ack.una)) {
        search.on_arrived();
        apply_mss();
    } else if (search.is_out() && ack.sacked > 0 && ack.una == search.first()) {
        const std::uint32_t length = distance(search.first(), search.end());
        search.on_lost(turn.now());
        snd_.mark_head_lost(length);
    }
    const std::uint16_t full = mss_of_path();
    search.begin_again(full, config.mtu_probe_again, turn.now());
}

// Pacing is on for every connection by configuration, and for one by its algorithm or by
// SO_MAX_PACING_RATE (Linux).
bool Connection::is_paced(const Config& config) const {
    return config.pacing == event::Switch::on || congestion_.is_paced() ||
           options_->pacing_rate_max != unlimited;
}

// The rate of the window as it is now: twice as fast in slow start, where the window doubles.
void Connection::set_pace(const Turn& turn) {
    const Config& config = turn.config();
    if (!is_paced(config)) {
        if (rare_) rare_->pacer.set_rate(0);
        return;
    }
    std::uint64_t rate = congestion_.pacing_rate();
    if (rate == 0 && rtt_.has_sample()) {
        const bool is_slow_start = congestion_.cwnd() < congestion_.ssthresh() / 2;
        rate = tcp::pacing_rate(
            congestion_.cwnd(), rtt_.srtt(),
            is_slow_start ? config.pacing_slow_start_percent : config.pacing_percent);
    }
    if (rate == 0 && options_->pacing_rate_max != unlimited) rate = options_->pacing_rate_max;
    rare().pacer.set_rate(std::min(rate, options_->pacing_rate_max));
}

// Held text leaves by a deadline of its own; nobody else would look.
void Connection::wait_for_pace(const Turn& turn) {
    rare_->pace_due = never;
    if (!rare_->pacer.holds(turn.now())) return;
    const Next wanted = next_unpaced(turn.now());
    if (wanted == Next::text || wanted == Next::retransmission)
        rare_->pace_due = rare_->pacer.next();
}

}  // namespace dt::tcp
