// The connection's part of TCP Fast Open (RFC 7413): text in the SYN, of either side.
#include <algorithm>

#include "tcp/arrival.hpp"

namespace dt::tcp {

std::size_t Connection::write_early(buf::Pool& pool, Octets text) {
    if (opening() == nullptr || state_ != State::syn_sent || snd_.nxt() != tcb_.iss) return 0;
    const std::size_t most = std::min<std::size_t>(text.size(), opening()->text_max);
    std::size_t taken = 0;
    while (taken < most) {
        const MutableOctets room = snd_.writable(pool, most - taken);
        const std::size_t count = std::min(room.size(), most - taken);
        std::ranges::copy(text.subspan(taken, count), room.begin());
        snd_.commit(count);
        taken += count;
    }
    return taken;
}

std::uint32_t Connection::attach_syn_text(Frame& frame) const {
    if (opening() == nullptr || state_ != State::syn_sent) return 0;
    const std::uint32_t most = std::min(opening()->text_max, snd_.unsent_text());
    if (most == 0) return 0;
    opening()->syn = FastOpening::Syn::with_text;
    return static_cast<std::uint32_t>(snd_.attach(frame, tcb_.iss + 1, most));
}

// What the SYN-ACK taught (RFC 7413 §4.1.3, as Linux): a cookie; or that the form of the option got
// no answer, where it was asked with a SYN that came back at the first try.
void Connection::take_fast_open(Arrival& a) {
    const wire::TcpOptions& options = a.header().options;
    const bool asked = opening()->option.has_value();
    FastOpenLesson lesson;
    lesson.mss = options.mss.value_or(0);
    const bool got = asked && options.fast_open && !options.fast_open->is_request();
    if (got) {
        lesson.cookie = options.fast_open;
    } else if (asked && opening()->syn == FastOpening::Syn::plain && syn_retransmits_ == 0) {
        const bool was_standard = opening()->option->form == wire::FastOpen::Form::standard;
        lesson.tried = was_standard ? 1 : 2;
    }
    opening()->lesson = lesson;
    const bool all_taken = opening()->syn == FastOpening::Syn::with_text && snd_.flight() == 0;
    if (all_taken) set(Flag::syn_text_acked);
}

// What the SYN carried and the SYN-ACK did not take leaves again as it was: a segment of its own,
// with PSH at its end (Linux).
void Connection::keep_syn_text_apart() {
    std::vector<Seq>& records = rare().records;
    const bool is_marked = !records.empty() && !after(records.front(), snd_.nxt());
    if (!is_marked) records.insert(records.begin(), snd_.nxt());
}

std::optional<FastOpenLesson> Connection::take_lesson() {
    if (opening() == nullptr || !opening()->lesson) return std::nullopt;
    const auto lesson = opening()->lesson;
    rare_->opening.reset();
    return lesson;
}

// RFC 7413 §4.2.2: the text of the SYN is delivered before the handshake is over, and ours may
// flow into the window that the SYN told.
void Connection::open_early(const Turn& turn, buf::Pool& pool, SegmentIn&& syn) {
    SegmentIn in = std::move(syn);
    set(Flag::early);
    if (in.text_length > 0) {
        push_text(received_, pool, TextRef{*in.frame, in.text_offset, in.text_length});
        tcb_.rcv_nxt += in.text_length;
        window_.start(tcb_.rcv_nxt, offer_window(turn), window_.shift());
        acks_.start(tcb_.rcv_nxt);
        set(Flag::syn_text_acked);
    }
    congestion_.choose(options_->congestion.value_or(turn.config().congestion));
    congestion_.start(turn.config(), tcb_.snd_mss, Congestion::Opening::usual);
    grow_send_buffer(turn.config());
    set(Flag::edge);
}

// The client did not get our SYN-ACK: its SYN comes again, perhaps without its text.
bool Connection::repeats_early_syn(const Arrival& a) const {
    return is_early() && a.flags.syn() && !a.flags.ack() && !a.flags.rst() && a.seq == tcb_.irs;
}

}  // namespace dt::tcp
