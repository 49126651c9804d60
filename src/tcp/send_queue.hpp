// What we owe the peer: text not sent, runs sent and not acknowledged, SYN and FIN as numbers of
// their own (RFC 9293 §3.3.1, §3.4). A run carries what loss detection and Karn's rule need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

#include "base/time.hpp"
#include "buf/stream_queue.hpp"
#include "tcp/runs.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// A transmission by its place in the order of RFC 8985 §6.1: by time, then by number.
struct Transmission {
    Instant sent{};
    Seq end{};

    [[nodiscard]] bool is_after(const Transmission& other) const {
        return sent > other.sent || (sent == other.sent && after(end, other.end));
    }
};

/// What one ACK shows to have arrived, by its ACK field and by its SACK blocks.
struct Delivery {
    // Asked.
    Instant now{};
    Duration min_rtt{};  // what was resent and is acknowledged sooner arrived the first time
    Seq recovery_point{};
    std::optional<std::uint32_t> echo;  // TSecr
    std::uint32_t ts_offset = 0;        // of our TSval to the millisecond clock

    // Answered.
    std::uint32_t numbers = 0;     // not SACKed before
    std::uint32_t sacked = 0;      // of them, by SACK
    std::uint32_t duplicates = 0;  // segments reported by D-SACK
    std::optional<Transmission> newest;
    std::optional<Seq> late;           // lowest never resent number below the highest SACKed one
    std::optional<Instant> sack_sent;  // of the first run SACKed now that was sent once
    bool has_original = false;  // something never resent and outstanding before the recovery point
    bool has_resent = false;    // of what the ACK field took
    bool has_syn = false;       // the ACK field took our SYN

    void note(const Run& run, Seq end);
    /// The echo is older than the last copy of `run`, which the ACK field took: an earlier one
    /// arrived (RFC 8985 §6.2 step 2).
    [[nodiscard]] bool is_of_earlier_copy(const Run& run) const {
        const std::uint32_t stamp = static_cast<std::uint32_t>(base::to_ms(run.sent)) + ts_offset;
        return run.is_resent() && echo && static_cast<std::int32_t>(*echo - stamp) < 0;
    }
};

/// What an acknowledgment took off the queue.
struct Acked {
    std::uint32_t numbers = 0;  // text, SYN and FIN
    std::uint32_t text = 0;
    std::optional<Instant> sent;        // of the newest run that was sent only once (RFC 6298 §3)
    std::optional<Instant> first_sent;  // of the oldest one
    bool retransmitted = false;         // some of it was sent more than once
    std::uint8_t transmissions = 0;     // of the newest run
};

///        una                  nxt                 text end
///     ----|====================|-------------------|F
///          sent, board_         not sent
class SendQueue {
  public:
    explicit SendQueue(Seq iss) : una_(iss), nxt_(iss), text_first_(iss + 1) {}

    // Written by the program.
    [[nodiscard]] MutableOctets writable(buf::Pool& pool, std::size_t wanted) {
        return text_.writable(pool, wanted);
    }
    void commit(std::size_t count) { text_.commit(count); }
    /// FIN after what is queued; nothing can be committed behind it.
    void finish() { fin_ = Fin::queued; }
    [[nodiscard]] bool is_finished() const { return fin_ == Fin::queued; }

    [[nodiscard]] Seq una() const { return una_; }
    [[nodiscard]] Seq nxt() const { return nxt_; }
    /// Behind the last number queued, FIN included.
    [[nodiscard]] Seq end() const { return text_end() + (is_finished() ? 1U : 0U); }
    [[nodiscard]] std::size_t queued() const { return text_.size(); }
    [[nodiscard]] std::uint32_t flight() const { return distance(una_, nxt_); }
    [[nodiscard]] std::uint32_t lost() const { return board_ ? board_->lost : 0; }
    [[nodiscard]] std::uint32_t sacked() const { return board_ ? board_->sacked : 0; }
    /// Numbers ever marked lost, modulo 2^32: a difference tells what one step marked.
    [[nodiscard]] std::uint32_t lost_ever() const { return lost_ever_; }
    /// When the last of the retransmissions left that were marked lost since this was asked;
    /// zero where none was.
    [[nodiscard]] Instant take_lost_again() {
        return board_ ? std::exchange(board_->lost_again, Instant{}) : Instant{};
    }
    /// Behind the highest number SACKed; SND.UNA where none is.
    [[nodiscard]] Seq highest_sacked() const {
        return sacked() == 0 ? una_ : board_->highest_sacked;
    }
    [[nodiscard]] std::uint32_t unsent_text() const;
    [[nodiscard]] bool has_unsent() const { return before(nxt_, end()); }
    /// FIN left and came back acknowledged.
    [[nodiscard]] bool is_fin_acked() const { return is_finished() && una_ == end(); }

    // Sent.
    /// The next `length` numbers left for the first time.
    void on_sent(buf::Pool& pool, std::uint32_t length, Instant now);
    /// The SYN-ACK of a passive open, sent by its half-open entry.
    void on_syn_ack_sent(buf::Pool& pool, Instant at, std::uint8_t transmissions);
    /// The first run marked lost; nullptr where none is.
    [[nodiscard]] const Run* first_lost() const;
    /// The first `length` numbers of first_lost() left again.
    void on_resent(std::uint32_t length, Instant now);

    // Acknowledged; `ack` lies in (una, nxt].
    Acked on_ack(Seq ack) {
        Delivery ignored;
        return on_ack(ack, ignored);
    }
    Acked on_ack(Seq ack, Delivery& delivery);
    /// [first, end) was SACKed, within (una, nxt]: whole segments of it are marked.
    void on_sack(Seq first, Seq end, Delivery& delivery);
    /// Text a segment carries from now on.
    void set_segment(std::uint16_t segment) { segment_ = segment; }

    // Judged.
    /// The first `length` numbers outstanding are lost.
    void mark_head_lost(std::uint32_t length);
    void mark_all_lost();
    /// Of what is in flight, the runs of segments that carried more than `length`.
    void mark_larger_lost(std::uint32_t length);
    /// RFC 8985 §6.2 step 5: what left before `newest` and at least `wait` before `now` is lost.
    /// How long the youngest of the others may still take; zero where none waits.
    Duration mark_overdue(const Transmission& newest, Duration wait, Instant now);
    /// The retransmission timer expired (RFC 8985 §6.3): the head is lost, and what left at least
    /// `wait` before `now`. A SACKed head was withdrawn: then no SACK counts any more.
    void mark_timed_out(Duration wait, Instant now);
    [[nodiscard]] bool is_head_sacked() const {
        return board_ && board_->front().mark == Run::Mark::sacked;
    }
    /// The last segment outstanding is to leave again as a probe (RFC 8985 §7.3).
    void mark_tail_lost();
    /// The loss was none: nothing is lost any more.
    void unmark_lost();
    /// The newest transmission that was SACKed and the only one of its text.
    [[nodiscard]] std::optional<Transmission> newest_sacked_original() const;

    // Counted for viewers and rare decisions: segments of the runs of a kind.
    enum class Kind : std::uint8_t { any, sacked, lost, resent };
    [[nodiscard]] std::uint32_t segments(Kind kind) const;
    /// Segments that are SACKed, however small; it counts no further than `most`.
    [[nodiscard]] std::uint32_t sacked_segments(std::uint32_t most) const;
    /// When the head left last; nothing where nothing is outstanding.
    [[nodiscard]] std::optional<Instant> head_sent() const {
        if (!board_) return std::nullopt;
        return board_->front().sent;
    }

    /// Adds text [first, first+length) to `frame`; returns how much found room.
    std::size_t attach(Frame& frame, Seq first, std::uint32_t length) const;
    /// Of [first, first+length), what is text (the rest is SYN or FIN).
    [[nodiscard]] std::uint32_t text_in(Seq first, std::uint32_t length) const;

    /// Forgets everything queued and outstanding (RST, ABORT).
    void clear();
    [[nodiscard]] std::size_t memory() const {
        return text_.bytes_pinned() + (board_ ? sizeof(Board) + board_->runs.memory() : 0);
    }
    /// Times the head of the queue has left again.
    [[nodiscard]] std::uint8_t head_transmissions() const;

  private:
    [[nodiscard]] Seq text_end() const {
        return text_first_ + static_cast<std::uint32_t>(text_.size());
    }
    [[nodiscard]] std::size_t lost_index() const;
    [[nodiscard]] std::size_t index_behind(Seq seq) const;
    void split(std::size_t index, std::uint32_t length);
    void mark_lost(std::size_t index);
    void mark_sacked(std::size_t index, std::uint32_t length, Delivery& delivery);
    void forget_sacks();
    void take_acked(Seq ack, Acked& acked, Delivery& delivery);
    void drop_acked_runs();
    void consume_text(Seq ack, Acked& acked);

    /// What is outstanding; there is none while nothing is.
    struct Board {
        Runs runs;  // those before `head` are acknowledged; at least one is not
        std::uint32_t head = 0;
        std::uint32_t lost_hint = 0;  // no run before it is lost
        std::uint32_t lost = 0;       // numbers marked lost
        std::uint32_t sacked = 0;     // numbers SACKed above SND.UNA
        Seq highest_sacked{};         // behind them, where there are any
        Instant lost_again{};         // when the last of the lost retransmissions had left

        [[nodiscard]] Run& front() { return runs[head]; }
        [[nodiscard]] std::span<Run> outstanding() { return {runs.begin() + head, runs.end()}; }
    };

    buf::StreamQueue text_;
    buf::Pooled<Board> board_;
    std::uint32_t lost_ever_ = 0;
    Seq una_;
    Seq nxt_;
    Seq text_first_;  // of the first octet in text_
    std::uint16_t segment_ = 536;
    enum class Fin : std::uint8_t { no, queued } fin_ = Fin::no;
};

}  // namespace dt::tcp
