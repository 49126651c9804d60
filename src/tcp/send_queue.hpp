// What we owe the peer: text not sent, runs sent and not acknowledged, SYN and FIN as numbers of
// their own (RFC 9293 §3.3.1, §3.4). A run carries what loss detection and Karn's rule need.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "buf/stream_queue.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// Consecutive numbers that left together. Text is not here: it lies in the queue until it is
/// acknowledged.
struct Run {
    Seq first{};
    std::uint32_t length = 0;  // numbers: text, SYN, FIN
    Instant sent{};            // when it left last
    std::uint8_t transmissions = 1;
    enum class Mark : std::uint8_t { in_flight, lost } mark = Mark::in_flight;

    [[nodiscard]] Seq end() const { return first + length; }
};

/// What an acknowledgment took off the queue.
struct Acked {
    std::uint32_t numbers = 0;  // text, SYN and FIN
    std::uint32_t text = 0;
    std::optional<Instant> sent;     // of the newest run that was sent only once (RFC 6298 §3)
    bool retransmitted = false;      // some of it was sent more than once
    std::uint8_t transmissions = 0;  // of the newest run
};

///        una                  nxt                 text end
///     ----|====================|-------------------|F
///          sent, runs_          not sent
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
    [[nodiscard]] std::uint32_t lost() const { return lost_; }
    [[nodiscard]] std::uint32_t unsent_text() const;
    [[nodiscard]] bool has_unsent() const { return before(nxt_, end()); }
    /// FIN left and came back acknowledged.
    [[nodiscard]] bool is_fin_acked() const { return is_finished() && una_ == end(); }

    // Sent.
    /// The next `length` numbers left for the first time.
    void on_sent(std::uint32_t length, Instant now);
    /// The SYN-ACK of a passive open, sent by its half-open entry.
    void on_syn_ack_sent(Instant at, std::uint8_t transmissions);
    /// The first run marked lost; nullptr where none is.
    [[nodiscard]] const Run* first_lost() const;
    /// The first `length` numbers of first_lost() left again.
    void on_resent(std::uint32_t length, Instant now);

    // Acknowledged; `ack` lies in (una, nxt].
    Acked on_ack(Seq ack);

    // Judged.
    /// The first `length` numbers outstanding are lost.
    void mark_head_lost(std::uint32_t length);
    void mark_all_lost();

    /// Adds text [first, first+length) to `frame`; returns how much found room.
    std::size_t attach(Frame& frame, Seq first, std::uint32_t length) const;
    /// Of [first, first+length), what is text (the rest is SYN or FIN).
    [[nodiscard]] std::uint32_t text_in(Seq first, std::uint32_t length) const;

    /// Forgets everything queued and outstanding (RST, ABORT).
    void clear();
    [[nodiscard]] std::size_t memory() const {
        return text_.bytes_pinned() + runs_.capacity() * sizeof(Run);
    }
    /// Times the head of the queue has left again.
    [[nodiscard]] std::uint8_t head_transmissions() const;

  private:
    [[nodiscard]] Seq text_end() const {
        return text_first_ + static_cast<std::uint32_t>(text_.size());
    }
    [[nodiscard]] std::size_t lost_index() const;
    void split(std::size_t index, std::uint32_t length);
    void mark_lost(Run& run);
    void drop_acked_runs();
    void consume_text(Seq ack, Acked& acked);

    buf::StreamQueue text_;
    std::vector<Run> runs_;  // by number; those before head_ are acknowledged
    std::uint32_t head_ = 0;
    std::uint32_t lost_hint_ = 0;  // no run before it is lost
    std::uint32_t lost_ = 0;       // numbers marked lost
    Seq una_;
    Seq nxt_;
    Seq text_first_;  // of the first octet in text_
    enum class Fin : std::uint8_t { no, queued } fin_ = Fin::no;
};

}  // namespace dt::tcp
