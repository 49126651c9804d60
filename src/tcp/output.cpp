// What leaves next, and as what: SYN, retransmissions, text under Nagle, the windows and SWS
// avoidance (RFC 9293 §3.7.4, §3.8.6.2.1, RFC 5681), FIN, probes, ACKs.
#include <algorithm>
#include <utility>

#include "base/assert.hpp"
#include "tcp/connection.hpp"

namespace dt::tcp {

namespace {

constexpr std::uint8_t ect_0 = 2;  // IP ECN field (RFC 3168 §5)

bool begins_at(const Run* run, Seq first) { return run != nullptr && run->first == first; }

}  // namespace

/// Numbers that may leave as one segment.
struct Connection::Chunk {
    Seq first{};
    std::uint32_t text = 0;
    enum class Fin : std::uint8_t { no, yes } fin = Fin::no;

    [[nodiscard]] std::uint32_t length() const { return text + (fin == Fin::yes ? 1U : 0U); }
};

/// A segment before it has a header.
struct Connection::Draft {
    TcpFlags flags = TcpFlag::ack;
    Seq seq{};
    std::uint32_t text = 0;
    std::uint8_t retransmission = 0;  // n-th time again
    enum class Pays : std::uint8_t { any_ack, own_ack } pays = Pays::any_ack;
    enum class Cut : std::uint8_t { to_segments, never } cut = Cut::to_segments;
    event::Reason reason = event::Reason::none;
};

bool Connection::wants_to_send(const Turn& turn) const { return next(turn.now()) != Next::nothing; }

std::optional<SegmentOut> Connection::next_segment(const Turn& turn, buf::Pool& pool) {
    std::optional<SegmentOut> out;
    if (rare_) restore_path(turn);
    switch (next(turn.now())) {
        case Next::nothing: return out;
        case Next::syn: out = send_syn(turn, pool); break;
        case Next::own_ack:
        case Next::ack: out = send_ack(turn, pool); break;
        case Next::retransmission: out = send_again(turn, pool); break;
        case Next::text: out = send_text(turn, pool); break;
        case Next::probe: out = send_probe(turn, pool); break;
    }
    settle(turn);
    return out;
}

// Text waits for its pace; what answers the peer does not (TCP-CC-026), nor what the retransmission
// timer sends: an expiry is a try (Linux).
Connection::Next Connection::next(Instant now) const {
    if (is_quiet()) return Next::nothing;
    const Next wanted = next_unpaced(now);
    const bool is_text = wanted == Next::text || wanted == Next::retransmission;
    if (!is_text || !rare_ || !rare_->pacer.holds(now) || has(Flag::tail_probe)) return wanted;
    const bool is_timed_out = wanted == Next::retransmission && retransmits_ > 0 &&
                              snd_.first_lost()->first == snd_.una();
    if (is_timed_out) return wanted;
    return acks_.wants_pure_ack() || has(Flag::window_due) ? Next::ack : Next::nothing;
}

// The most common of all answers, found at once: it stands, and nothing is queued, lost or owed.
bool Connection::is_quiet() const {
    return has(Flag::connected) && !has(Flag::probe_due) && !has(Flag::window_due) &&
           !snd_.has_unsent() && snd_.lost() == 0 && !acks_.wants_pure_ack();
}

Connection::Next Connection::next_unpaced(Instant now) const {
    if (state_ == State::closed || state_ == State::time_wait) return Next::nothing;
    const Run* lost = snd_.first_lost();
    // Numbers come round again: ISS means the SYN only before the connection stands.
    const bool is_syn = snd_.nxt() == tcb_.iss || begins_at(lost, tcb_.iss);
    if (is_syn && !has(Flag::connected)) return Next::syn;
    if (state_ == State::syn_sent) return Next::nothing;
    if (is_early() && state_ == State::syn_received && is_text_ready(now)) return Next::text;
    // ACKs that are owed one by one leave first: text would make one of several.
    if (acks_.owes_own_ack()) return Next::own_ack;
    if (is_synchronized()) {
        const bool is_retransmitted = lost != nullptr && !is_new_text_first(now);
        if (is_retransmitted && lost_chunk().length() > 0) return Next::retransmission;
        if (is_text_ready(now)) return Next::text;
        if (has(Flag::probe_due)) return Next::probe;
    }
    return acks_.wants_pure_ack() || has(Flag::window_due) ? Next::ack : Next::nothing;
}

// The usable window from `from` on (RFC 9293 §3.8.6.2.1); zero where the peer shrank it (MUST-34).
//
//     una       from         una + wnd
//     ---|--------|====== left ====|---
std::uint32_t Connection::window_left(Seq from) const {
    const Seq edge = snd_.una() + tcb_.snd_wnd;
    return after(edge, from) ? distance(from, edge) : 0;
}

// F-RTO step 2b: new text leaves before retransmissions, and then an ACK is waited for.
bool Connection::is_new_text_first(Instant now) const {
    if (!loss_ || loss_->recovery.frto() != Recovery::Frto::new_text) return false;
    return after(snd_.nxt(), loss_->recovery.point()) || is_text_ready(now);
}

// Octets believed to be in the network: RFC 6675 "pipe"; without SACK duplicate ACKs tell it.
std::uint32_t Connection::in_flight() const {
    const std::uint32_t gone = snd_.lost() + snd_.sacked() + (loss_ ? loss_->recovery.credit() : 0);
    return snd_.flight() > gone ? snd_.flight() - gone : 0;
}

bool Connection::is_text_ready(Instant now) const {
    if (!snd_.has_unsent()) return false;
    return is_surely_ready() || new_chunk(now).length() > 0;
}

// What new_chunk() finds in the two cases that nearly all text is in, without working out how much
// may leave: whole segments that both windows have room for, and a part that has no other ahead.
bool Connection::is_surely_ready() const {
    if (rare_) return false;
    const std::uint32_t mss = tcb_.snd_mss;
    const std::uint32_t unsent = snd_.unsent_text();
    const std::uint32_t left = window_left(snd_.nxt());
    if (unsent >= mss) return left >= mss && in_flight() + mss <= congestion_.cwnd();
    return unsent > 0 && unsent <= left && snd_.flight() == 0 && may_send_part(unsent, unsent);
}

Connection::Chunk Connection::new_chunk(Instant now) const {
    const std::uint32_t unsent = snd_.unsent_text();
    Chunk chunk{.first = snd_.nxt(), .text = sendable_text(now, unsent)};
    const bool is_last = chunk.text == unsent && snd_.is_finished();
    // FIN follows the text (TCP-CONN-016); it takes a number of the window, not of cwnd.
    if (is_last && window_left(chunk.first) > chunk.text) chunk.fin = Chunk::Fin::yes;
    return chunk;
}

std::uint32_t Connection::sendable_text(Instant now, std::uint32_t unsent) const {
    const std::uint32_t mss = tcb_.snd_mss;
    DT_ASSERT(mss > 0);
    const std::uint32_t record = within_record(snd_.nxt(), unsent);
    std::uint32_t length = std::min({record, window_left(snd_.nxt()), frame_limit(now)});
    if (length == 0) return 0;
    if (length > mss && length == probe_length(now)) return length;
    if (has(Flag::tail_probe)) return std::min(length, mss);
    const std::uint32_t flight = in_flight();
    const std::uint32_t cwnd = cwnd_now(now);
    const std::uint32_t room = cwnd > flight ? cwnd - flight : 0;
    if (length > room) {
        if (room < mss && flight > 0) return 0;
        length = std::min(length, std::max(room - room % mss, mss));
    }
    // Whole segments, and a part of one only where that part may go by itself.
    const std::uint32_t part = length < mss ? length : length % mss;
    if (part == 0 || (length == record && record < unsent)) return length;
    if (may_send_part(part, length == unsent ? part : unsent)) return length;
    return length - part;
}

// Nagle as Linux has it (Minshall): a small segment waits only for another small one. `length` is
// less than one MSS; `unsent` equals it where it would be the last.
bool Connection::may_send_part(std::uint32_t length, std::uint32_t unsent) const {
    if (has(Flag::force) || has(Flag::push) || is_sending_urgent()) return true;
    if (length < unsent) return length >= tcb_.snd_wnd_max / 2;  // the window cut it: SWS
    if (snd_.is_finished()) return true;                         // TCP-WIN-006
    if (options_->cork || has(Flag::more)) return false;
    if (options_->no_delay) return true;
    // SND.UNA < end of the last small one <= SND.NXT: it is in flight. An end of long ago is
    // neither.
    return !after(tcb_.snd_small_end, snd_.una()) || after(tcb_.snd_small_end, snd_.nxt());
}

// The window after the pause since the last text (RFC 5681 §4.1, TCP-CC-012).
std::uint32_t Connection::cwnd_now(Instant now) const {
    if (snd_.flight() > 0 || !has(Flag::sent_text)) return congestion_.cwnd();
    return congestion_.cwnd_after(now - last_sent_, rtt_.rto(), tcb_.snd_mss);
}

// SHLD-16: inside the peer's window only; but the first segment also into a closed one, where it
// serves as a probe (DEC-37).
Connection::Chunk Connection::lost_chunk() const {
    const Run* run = snd_.first_lost();
    if (run == nullptr) return {};
    Chunk chunk{.first = run->first};
    const std::uint32_t text = snd_.text_in(run->first, run->length);
    chunk.text = within_record(run->first, std::min<std::uint32_t>(text, tcb_.snd_mss));
    const std::uint32_t flight = in_flight();
    const bool is_held = flight > 0 && flight + chunk.text > congestion_.cwnd();
    if (is_held && !has(Flag::tail_probe)) return {};
    const std::uint32_t left = window_left(run->first);
    if (chunk.text > left) {
        if (left == 0 && run->first != snd_.una()) return {};
        if (left > 0) chunk.text = left;
    }
    if (chunk.text == text && run->length > text) chunk.fin = Chunk::Fin::yes;
    return chunk;
}

SegmentOut Connection::send_syn(const Turn& turn, buf::Pool& pool) {
    const bool is_first = snd_.nxt() == tcb_.iss;
    wire::TcpRepr header;
    header.options = syn_options(turn);
    FramePtr frame = pool.frame();
    std::uint32_t text = 0;
    if (is_first) {
        text = attach_syn_text(*frame);
        snd_.on_sent(pool, 1 + text, turn.now());
        stalled_since_ = turn.now();
        timers_.arm(TimerSlot::send, TimerKind::retransmit,
                    std::min(turn.now() + rtt_.rto(), user_deadline()));
    } else {
        snd_.on_resent(1, turn.now());
    }
    header.source = tuple_.local.port;
    header.destination = tuple_.remote.port;
    header.seq = tcb_.iss;
    header.window = offer_window(turn);
    header.flags = TcpFlag::syn;
    if (offers_ecn(turn)) header.flags |= TcpFlag::ece | TcpFlag::cwr;
    if (state_ != State::syn_sent) {
        header.flags |= TcpFlag::ack;
        header.ack = tcb_.rcv_nxt;
    }
    SegmentOut out = segment_with_text(std::move(frame), tuple_, header, text);
    out.tos = options_->tos;
    out.ttl = options_->ttl;
    out.summary.retransmission = syn_retransmits_;
    return out;
}

SegmentOut Connection::send_again(const Turn& turn, buf::Pool& pool) {
    Chunk chunk = lost_chunk();
    FramePtr frame = pool.frame();
    const auto attached = static_cast<std::uint32_t>(snd_.attach(*frame, chunk.first, chunk.text));
    if (attached < chunk.text) chunk = {.first = chunk.first, .text = attached};
    const std::uint8_t again = snd_.first_lost()->transmissions;
    snd_.on_resent(chunk.length(), turn.now());
    if (rare_) {
        rare_->pacer.on_sent(turn.now(), chunk.text, 1);
        rare_->search.on_resent(chunk.first, chunk.length(), turn.now());
    }
    if (chunk.text > 0) {
        congestion_.on_departure({.now = turn.now(),
                                  .kind = Bbr::Sent::Kind::again,
                                  .flight = snd_.flight(),
                                  .length = chunk.text,
                                  .mss = tcb_.snd_mss});
    }
    loss().prr.on_sent(chunk.text);
    loss().undo.on_resent(ts_now(turn.now()));
    ++resent_total_;
    last_sent_ = turn.now();
    if (has(Flag::tail_probe)) {
        clear(Flag::tail_probe);
        loss().probe.on_sent(TailProbe::Kind::resent, snd_.nxt(), congestion_.flight_of_window());
    } else if (chunk.first == snd_.una() && timers_.kind(TimerSlot::send) != TimerKind::reorder) {
        arm_retransmit(turn);
    }
    Draft draft{.seq = chunk.first, .text = chunk.text, .retransmission = again};
    if (chunk.fin == Chunk::Fin::yes) draft.flags |= TcpFlag::fin;
    return build(turn, std::move(frame), draft);
}

SegmentOut Connection::send_text(const Turn& turn, buf::Pool& pool) {
    if (snd_.flight() == 0 && has(Flag::sent_text)) {
        restart_after_pause(turn);
    }
    Chunk chunk = new_chunk(turn.now());
    const bool is_mtu_probe =
        rare_ && chunk.text > tcb_.snd_mss && chunk.text == probe_length(turn.now());
    FramePtr frame = pool.frame();
    if (chunk.text > 0) attach_new(*frame, chunk);
    if (rare_) note_sent(turn, chunk, is_mtu_probe);
    snd_.on_sent(pool, chunk.length(), turn.now());
    if (chunk.text % tcb_.snd_mss != 0) tcb_.snd_small_end = chunk.first + chunk.text;
    if (chunk.text > 0) {
        congestion_.on_sent(snd_.flight(), tcb_.snd_mss, snd_.una(), snd_.nxt());
        congestion_.on_departure({.now = turn.now(),
                                  .flight = snd_.flight(),
                                  .length = chunk.text,
                                  .unsent = snd_.unsent_text(),
                                  .mss = tcb_.snd_mss});
        if (loss_) loss_->prr.on_sent(chunk.text);
        // Text behind that of a SYN saves the ACK of the SYN-ACK: the program is in a dialogue
        // (Linux).
        if (has(Flag::syn_text_acked) && !has(Flag::sent_text) && acks_.wants_pure_ack()) {
            acks_.set_mode(turn.config(), AckPolicy::Mode::delayed);
        }
        acks_.on_text_sent(turn.now());
        set(Flag::sent_text);
        last_sent_ = turn.now();
    }
    if (has(Flag::tail_probe)) {
        clear(Flag::tail_probe);
        loss().probe.on_sent(TailProbe::Kind::new_text, snd_.nxt(), snd_.flight());
    } else {
        arm_after_text(turn);
    }
    Draft draft{.seq = chunk.first, .text = chunk.text};
    if (is_mtu_probe) draft.cut = Draft::Cut::never;
    if (has(Flag::force)) draft.flags |= TcpFlag::psh;  // as Linux sends from the probe timer
    clear(Flag::force);
    clear(Flag::push);
    if (chunk.fin == Chunk::Fin::yes) draft.flags |= TcpFlag::fin;
    if (chunk.text == 0 || tcb_.ecn == event::Switch::off)
        return build(turn, std::move(frame), draft);
    // RFC 3168 §6.1.2: new text, and nothing else, may be marked, and tells of the cut.
    if (has(Flag::cwr_due)) draft.flags |= TcpFlag::cwr;
    clear(Flag::cwr_due);
    SegmentOut out = build(turn, std::move(frame), draft);
    out.tos = static_cast<std::uint8_t>(out.tos | ect_0);
    return out;
}

// A frame with an urgent octet is one segment, for the pointer belongs to its first number; a paced
// one is a millisecond's worth; a probe of the path MTU is what it is. Two frames at least make a
// window, so that one is on its way while the other is acknowledged (Linux).
std::uint32_t Connection::frame_limit(Instant now) const {
    const std::uint32_t mss = tcb_.snd_mss;
    const std::uint32_t half = cwnd_now(now) / 2;
    const std::uint32_t most =
        half >= tcb_.snd_super ? tcb_.snd_super : std::max(half - half % mss, mss);
    if (!rare_) return most;
    if (is_sending_urgent()) return mss;
    if (const std::uint32_t probe = probe_length(now); probe > 0) return probe;
    return rare_->pacer.rate() == 0 ? most : std::min(most, rare_->pacer.burst(mss));
}

void Connection::note_sent(const Turn& turn, const Chunk& chunk, bool is_mtu_probe) {
    const std::uint32_t segments = (chunk.text + tcb_.snd_mss - 1) / tcb_.snd_mss;
    rare_->pacer.on_sent(turn.now(), chunk.text, segments);
    if (is_mtu_probe) rare_->search.on_sent(chunk.first, chunk.text);
}

void Connection::restart_after_pause(const Turn& turn) {
    congestion_.on_restart(turn.now());
    if (turn.config().slow_start_after_idle == event::Switch::off) return;
    congestion_.on_idle(turn.now() - last_sent_, rtt_.rto(), tcb_.snd_mss);
}

// A frame holds a bounded number of slices: what found no room leaves with the next segment.
void Connection::attach_new(Frame& frame, Chunk& chunk) const {
    const auto attached = static_cast<std::uint32_t>(snd_.attach(frame, chunk.first, chunk.text));
    if (attached == chunk.text) return;
    const std::uint32_t mss = tcb_.snd_mss;
    chunk = {.first = chunk.first, .text = attached > mss ? attached - attached % mss : attached};
    frame.keep_front(chunk.text);
}

// TCP-WIN-008, TCP-KA-002: no text, one number before what the peer expects, so that it answers.
SegmentOut Connection::send_probe(const Turn& turn, buf::Pool& pool) {
    clear(Flag::probe_due);
    return build(turn, pool.frame(), Draft{.seq = snd_.una() - 1});
}

SegmentOut Connection::send_ack(const Turn& turn, buf::Pool& pool) {
    return build(turn, pool.frame(),
                 Draft{.seq = snd_.nxt(), .pays = Draft::Pays::own_ack, .reason = acks_.reason()});
}

SegmentOut Connection::build(const Turn& turn, FramePtr frame, const Draft& draft) {
    wire::TcpRepr header;
    header.source = tuple_.local.port;
    header.destination = tuple_.remote.port;
    header.seq = draft.seq;
    header.ack = tcb_.rcv_nxt;
    header.flags = draft.flags;
    if (has(Flag::ecn_echo)) header.flags |= TcpFlag::ece;
    header.window = window_.advertise(tcb_.rcv_nxt, received_.size());
    // MUST-61: PSH on the last of what is buffered.
    const Seq text_end = draft.seq + draft.text;
    // Linux also on what a device cuts into several.
    const bool is_last =
        (text_end + (snd_.is_finished() ? 1U : 0U) == snd_.end() && !has(Flag::unpushed)) ||
        is_record_end(text_end);
    if (draft.text > 0 && (is_last || draft.text > tcb_.snd_mss)) {
        header.flags |= TcpFlag::psh;
    }
    if (is_sending_urgent()) {
        if (const auto pointer = rare_->urgent.pointer(draft.seq)) {
            header.urgent = *pointer;
            header.flags |= TcpFlag::urg;
        }
    }
    if (tcb_.timestamps == event::Switch::on) {
        header.options.timestamps = wire::Timestamps{ts_now(turn.now()), tcb_.ts_recent};
    }
    if (reassembly_ || (rare_ && rare_->dsack)) report_sack(header.options, draft.text);
    (void)header.emit(frame->prepend(header.size()));
    SegmentOut out;
    out.tuple = tuple_;
    out.summary.tuple = tuple_;
    out.summary.seq = draft.seq;
    out.summary.ack = header.ack;
    out.summary.length = draft.text;
    out.summary.window = Window::from_field(header.window, window_.shift()).octets();
    out.summary.flags = header.flags.bits();
    out.summary.retransmission = draft.retransmission;
    if (draft.text > tcb_.snd_mss && draft.cut == Draft::Cut::to_segments) {
        frame->offload.segment_size = tcb_.snd_mss;
        out.summary.wire_segments =
            static_cast<std::uint16_t>((draft.text + tcb_.snd_mss - 1) / tcb_.snd_mss);
    }
    out.frame = std::move(frame);
    if (has(Flag::fragments)) out.dont_fragment = event::Switch::off;
    out.reason = draft.reason;
    out.tos = options_->tos;
    out.ttl = options_->ttl;
    if (draft.pays == Draft::Pays::own_ack) {
        acks_.on_pure_ack_sent(tcb_.rcv_nxt);
    } else {
        acks_.on_ack_sent(tcb_.rcv_nxt);
    }
    timers_.disarm(TimerSlot::ack);
    clear(Flag::window_due);
    return out;
}

// RFC 2018 §4, RFC 2883 §4: the duplicate first, then what is held, the newest first. Text leaves
// as it is: blocks are told where there is room beside it.
void Connection::report_sack(wire::TcpOptions& options, std::uint32_t text) {
    if (tcb_.sack == event::Switch::off) return;
    if (rare_ && rare_->dsack) options.sack.push_back(*rare_->dsack);
    if (reassembly_) reassembly_->report(options.sack);
    const std::uint32_t timestamps = tcb_.timestamps == event::Switch::on ? 12 : 0;
    const auto size = static_cast<std::uint32_t>(options.size());
    if (text + size - timestamps > tcb_.snd_mss) {
        options.sack = {};
        return;
    }
    if (rare_) rare_->dsack.reset();
}

Reply Connection::ack_reply(const Turn& turn) {
    Reply reply;
    reply.tuple = tuple_;
    reply.seq = snd_.nxt();
    reply.ack = tcb_.rcv_nxt;
    reply.flags = TcpFlag::ack;
    reply.window = window_.advertise(tcb_.rcv_nxt, received_.size());
    reply.shift = window_.shift();
    reply.tos = options_->tos;
    reply.ttl = options_->ttl;
    if (tcb_.timestamps == event::Switch::on) {
        reply.timestamps = wire::Timestamps{ts_now(turn.now()), tcb_.ts_recent};
    }
    return reply;
}

// The RST of a live connection has its window and, where agreed, timestamps (TCP-SEG-005,
// TCP-OPT-017).
Reply Connection::reset_reply(const Turn& turn, event::Reason reason) {
    Reply reply = ack_reply(turn);
    reply.flags = TcpFlag::rst | TcpFlag::ack;
    reply.reason = reason;
    return reply;
}

}  // namespace dt::tcp
