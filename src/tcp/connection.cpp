// One TCP connection: what the program does with its queues, and what viewers ask (RFC 9293
// §3.9.1).
#include "tcp/connection.hpp"

#include <algorithm>
#include <cstring>
#include <memory>

namespace dt::tcp {

namespace {

constexpr std::uint32_t lowat_off = 0xffffffffU;

}  // namespace

bool Connection::is_synchronized() const {
    switch (state_) {
        case State::established:
        case State::fin_wait_1:
        case State::fin_wait_2:
        case State::close_wait:
        case State::closing:
        case State::last_ack: return true;
        case State::closed:
        case State::listen:
        case State::syn_sent:
        case State::syn_received:
        case State::time_wait: return false;
    }
    return false;
}

// Millisecond clock plus an offset of this connection (TCP-OPT-011).
std::uint32_t Connection::ts_now(Instant now) const {
    return static_cast<std::uint32_t>(to_ms(now)) + tcb_.ts_offset;
}

bool Connection::is_writing() const {
    const bool is_open = state_ == State::established || state_ == State::close_wait ||
                         (state_ == State::syn_received && has(Flag::early));
    return is_open && !has(Flag::write_shut);
}

std::size_t Connection::room() const {
    if (!is_writing() || snd_.queued() >= send_buffer_) return 0;
    const std::size_t most = send_buffer_ - snd_.queued();
    return lowat_ == lowat_off ? most : std::min(most, lowat_room());
}

// TCP_NOTSENT_LOWAT as Linux counts it: what may leave now does not count, and the program may go
// on while a whole large frame (half the peer's window) is not yet full.
std::size_t Connection::lowat_room() const {
    const std::uint32_t mss = tcb_.snd_mss;
    const std::uint32_t flight = in_flight();
    const std::uint32_t cwnd = congestion_.cwnd();
    const std::uint32_t sendable =
        std::min(cwnd > flight ? cwnd - flight : 0U, window_left(snd_.nxt()));
    const std::uint32_t unsent = snd_.unsent_text();
    if (unsent > sendable && unsent - sendable >= lowat_) return 0;
    const std::uint32_t frame = std::max(tcb_.snd_wnd_max / 2 / mss, 1U) * mss;
    const std::uint64_t most = sendable + std::uint64_t{(lowat_ + frame - 1) / frame} * frame;
    return most > unsent ? static_cast<std::size_t>(most - unsent) : 0;
}

bool Connection::is_above_lowat() const {
    return lowat_ != lowat_off && std::uint64_t{2} * snd_.unsent_text() >= lowat_;
}

MutableOctets Connection::writable(buf::Pool& pool, std::size_t wanted) {
    const std::size_t most = std::min(wanted, room());
    return most == 0 ? MutableOctets{} : snd_.writable(pool, most);
}

// TCP-WIN-019: two windows of text, so that one is queued while the other is in flight.
void Connection::grow_send_buffer(const Config& config) {
    if (options_->send_buffer != 0) return;
    send_buffer_ = std::max(send_buffer_, std::min(2 * congestion_.cwnd(), config.send_buffer_max));
}

void Connection::commit(const Turn& turn, std::size_t count) {
    if (count == 0) return;
    snd_.commit(count);
    clear(Flag::unpushed);
    settle(turn);
}

std::size_t Connection::write(const Turn& turn, buf::Pool& pool, Octets text, WriteMark mark) {
    std::size_t taken = 0;
    while (taken < text.size()) {
        const MutableOctets place = writable(pool, text.size() - taken);
        const std::size_t count = std::min(place.size(), text.size() - taken);
        if (count == 0) break;
        std::memcpy(place.data(), text.data() + taken, count);
        snd_.commit(count);
        taken += count;
    }
    if (taken == 0) return 0;
    if (taken < text.size()) mark.record = WriteMark::Record::open;
    clear(Flag::unpushed);
    mark_written(turn, mark);
    return taken;
}

void Connection::mark_written(const Turn& turn, WriteMark mark) {
    clear(Flag::more);
    if (mark.more == WriteMark::More::yes) {
        set(Flag::more);
        set(Flag::unpushed);
    }
    if (mark.record == WriteMark::Record::ends) {
        std::vector<Seq>& records = rare().records;
        if (records.empty() || records.back() != snd_.end()) records.push_back(snd_.end());
    }
    if (mark.urgent == WriteMark::Urgent::last) rare().urgent.mark(snd_.end());
    settle(turn);
}

void Connection::push(const Turn& turn) {
    if (snd_.has_unsent()) set(Flag::push);
    settle(turn);
}

// Of `length` numbers from `from` on, those up to the next end of a record (MSG_EOR).
std::uint32_t Connection::within_record(Seq from, std::uint32_t length) const {
    if (!rare_) return length;
    for (const Seq end : rare_->records) {
        if (after(end, from)) return std::min(length, distance(from, end));
    }
    return length;
}

bool Connection::is_record_end(Seq seq) const {
    return rare_ && std::ranges::find(rare_->records, seq) != rare_->records.end();
}

Connection::Rare& Connection::rare() {
    if (!rare_) rare_ = std::make_unique<Rare>();
    return *rare_;
}

Octets Connection::readable() const { return received_.readable(); }

std::size_t Connection::peek(std::size_t offset, MutableOctets to) const {
    const Stretch now = stretch();
    if (offset >= now.length) return 0;
    const std::size_t most = std::min(to.size(), now.length - offset);
    return received_.peek(now.skip + offset, to.first(most));
}

void Connection::consume(const Turn& turn, std::size_t count) {
    received_.consume(count);
    if (rare_) rare_->urgent.pass(copied());
    if (!is_synchronized() || has(Flag::peer_finished)) return;
    const bool is_fixed = options_->receive_buffer != 0 ||
                          turn.config().moderate_receive_buffer == event::Switch::off;
    const std::uint32_t ceiling =
        is_fixed ? window_.limit() : window_limit(turn.config().receive_buffer_max);
    window_.on_consumed(turn.now(), count, rtt_.srtt(), ceiling);
    if (window_.wants_update(tcb_.rcv_nxt, received_.size())) set(Flag::window_due);
}

void Connection::set_options(const Turn& turn, const Options& options) {
    if (*options_ != options) options_ = options;
    if (options_->send_buffer != 0) send_buffer_ = options_->send_buffer;
    lowat_ = options_->notsent_lowat != 0 ? options_->notsent_lowat : turn.config().notsent_lowat;
    if (options_->receive_buffer != 0) window_.set_limit(window_limit(options_->receive_buffer));
    if (options_->quick_ack != has(Flag::quick_ack)) {
        acks_.set_mode(turn.config(),
                       options_->quick_ack ? AckPolicy::Mode::quick : AckPolicy::Mode::delayed);
        options_->quick_ack ? set(Flag::quick_ack) : clear(Flag::quick_ack);
    }
    if (options_->congestion) congestion_.choose(*options_->congestion);
    set_pace(turn);
    arm_life(turn);
    settle(turn);
}

std::optional<Error> Connection::take_error() {
    const std::optional<Error> taken = error_ ? error_ : soft_error_;
    (error_ ? error_ : soft_error_).reset();
    return taken;
}

bool Connection::take_readiness_edge() {
    const bool was_set = has(Flag::edge);
    clear(Flag::edge);
    return was_set;
}

Readiness Connection::readiness() const {
    Readiness ready;
    // A record stands for TIME-WAIT; its socket sees CLOSED, as on Linux (FSM-TIME_WAIT).
    ready.state = state_ == State::time_wait ? State::closed : state_;
    ready.unread = stretch().length;
    ready.has_urgent = rare_ && rare_->urgent.octet() == Urgent::Octet::here;
    ready.is_at_mark = rare_ && rare_->urgent.is_mark(copied());
    ready.room = is_above_lowat() ? 0 : room();
    ready.queued = snd_.queued();
    ready.peer_finished = has(Flag::peer_finished);
    ready.write_shut = has(Flag::write_shut);
    ready.read_shut = has(Flag::read_shut);
    ready.connected_once = has(Flag::connected) || has(Flag::early);
    ready.is_early = is_early() && state_ == State::syn_received;
    ready.error = error_;
    ready.reason = reason_;
    return ready;
}

const Options& Connection::options() const { return *options_; }
const FourTuple& Connection::tuple() const { return tuple_; }
State Connection::state() const { return state_; }
bool Connection::is_orphan() const { return has(Flag::orphan); }
unsigned Connection::peer_shift() const { return tcb_.snd_shift; }
std::uint64_t Connection::unread() const { return stretch().length; }

std::uint32_t Connection::retransmissions() const {
    return state_ == State::syn_sent ? syn_retransmits_ : retransmits_;
}

std::uint64_t Connection::unacked() const {
    const bool is_syn_out =
        !has(Flag::connected) && snd_.una() == tcb_.iss && snd_.nxt() != tcb_.iss;
    const bool is_fin_left = snd_.is_finished() && !snd_.is_fin_acked();
    return snd_.queued() + (is_syn_out ? 1U : 0U) + (is_fin_left ? 1U : 0U);
}

std::uint64_t Connection::unsent() const {
    const bool is_fin_queued = snd_.is_finished() && snd_.has_unsent();
    return snd_.unsent_text() + (is_fin_queued ? 1U : 0U);
}

event::PathView Connection::path_view() const {
    event::PathView view;
    const std::uint32_t mss = tcb_.snd_mss;
    view.cwnd = congestion_.cwnd() / mss;
    view.ssthresh = congestion_.is_ssthresh_set() ? congestion_.ssthresh() / mss : 0;
    view.srtt = rtt_.srtt();
    view.rto = rtt_.rto();
    view.in_flight = in_flight();
    view.mss = mss;
    view.no_delay = options_->no_delay;
    show_recovery(view);
    view.octets_acked = octets_acked_;
    view.octets_received = octets_received_;
    view.send_window = tcb_.snd_wnd;
    view.receive_window = window_.octets(tcb_.rcv_nxt);
    view.expiries = retransmits_;
    view.probes = probes_;
    view.backoff = backoff_;
    view.send_shift = tcb_.snd_shift;
    view.receive_shift = window_.shift();
    view.timestamps = tcb_.timestamps == event::Switch::on;
    view.sack = tcb_.sack == event::Switch::on;
    view.ecn = tcb_.ecn == event::Switch::on;
    view.scaling = tcb_.scaling == event::Switch::on;
    view.delayed_ack = acks_.pace();
    view.peer_mss = static_cast<std::uint16_t>(acks_.peer_segment());
    view.path_mtu = path_.mtu;
    view.syn_text_taken = has(Flag::syn_text_acked);
    return view;
}

Times Connection::times(Instant now) const {
    Times times{.busy = busy_.busy(now), .window_limited = busy_.window_limited(now)};
    if (!has(Flag::connected)) return times;
    times.since_text_sent = now - last_sent_;
    times.since_text_received = now - acks_.last_text();
    times.since_ack_received = now - last_received_;
    return times;
}

void Connection::show_recovery(event::PathView& view) const {
    using Kind = SendQueue::Kind;
    view.state = congestion_state();
    view.congestion = congestion_.algorithm();
    view.deviation = rtt_.deviation();
    view.min_rtt = min_rtt_.value();
    view.outstanding = snd_.segments(Kind::any);
    view.sacked = snd_.segments(Kind::sacked);
    view.lost = snd_.segments(Kind::lost);
    view.resent = snd_.segments(Kind::resent);
    view.resent_total = resent_total_;
    view.reordering = rack_.reordering();
    view.reorderings = rack_.reorderings();
    view.duplicates = dsacks_;
    // The SYN counts, with the text that it carried (Linux).
    view.delivered = delivered_ + (has(Flag::connected) ? 1 : 0);
}

event::TimerView Connection::timer(Instant now) const {
    for (const TimerSlot slot : {TimerSlot::send, TimerSlot::life, TimerSlot::ack}) {
        if (!timers_.is_armed(slot)) continue;
        return {timers_.kind(slot), std::max(timers_.at(slot) - now, Duration{})};
    }
    return {};
}

std::size_t Connection::memory() const {
    return snd_.memory() + received_.bytes_pinned() + (reassembly_ ? reassembly_->memory() : 0) +
           (rare_ ? sizeof(Rare) : 0) + (loss_ ? sizeof(Loss) : 0) + congestion_.memory();
}

}  // namespace dt::tcp
