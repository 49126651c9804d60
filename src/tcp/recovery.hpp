// Where the sender stands with loss: the phase, the recovery point (RFC 6582, RFC 6675 §5), what
// duplicate ACKs say where the peer sends no SACK (RFC 5681 §3.2), and F-RTO (RFC 5682).
#pragma once

#include <cstdint>

#include "tcp/ack_event.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

class Recovery {
  public:
    explicit Recovery(Seq iss) : point_(iss) {}

    enum class Phase : std::uint8_t {
        open,
        reduced,  ///< the network marked text: the window shrinks, nothing is lost
        fast,     ///< a loss was found by what arrived
        timeout,  ///< a loss was found by silence
    };
    [[nodiscard]] Phase phase() const { return phase_; }
    /// SND.NXT when the episode began.
    [[nodiscard]] Seq point() const { return point_; }
    /// All that was outstanding when the episode began is acknowledged.
    [[nodiscard]] bool is_over(Seq una) const { return at_or_after(una, point_); }

    void enter(Phase phase, Seq nxt);
    void leave();
    /// What was outstanding left again for a reason of its own: its duplicates are no loss.
    void expect_duplicates(Seq nxt) {
        if (phase_ == Phase::open) point_ = nxt;
    }
    /// Outside an episode the point follows SND.UNA: 2^31 octets later an old one would lie ahead.
    void follow(Seq una) {
        if (phase_ == Phase::open && after(una, point_)) point_ = una - 1;
    }

    // Without SACK.
    /// What the ACK says to have arrived, in octets.
    [[nodiscard]] std::uint32_t count(const AckEvent& ack);
    /// Octets that duplicate ACKs show to have left the network.
    [[nodiscard]] std::uint32_t credit() const { return credit_; }
    /// The ACK says that the head of the queue is lost: the third duplicate, or in recovery an
    /// advance that is not enough (RFC 6582 §3.2).
    [[nodiscard]] bool is_head_lost(const AckEvent& ack) const;
    [[nodiscard]] bool has_duplicates() const { return duplicates_ > 0; }
    /// No episode, and nothing that could begin one.
    [[nodiscard]] bool is_calm() const {
        return phase_ == Phase::open && duplicates_ == 0 && credit_ == 0;
    }

    // F-RTO: was the timeout needless?
    enum class Frto : std::uint8_t {
        off,
        waiting,   ///< for the first ACK that advances
        new_text,  ///< step 2b: new text leaves before retransmissions
    };
    [[nodiscard]] Frto frto() const { return frto_; }
    void set_frto(Frto frto) { frto_ = frto; }
    /// Step 2b: what is sent from now on is behind the point.
    void begin_new_text(Seq nxt) {
        point_ = nxt;
        frto_ = Frto::new_text;
    }

  private:
    void count_duplicate(const AckEvent& ack);

    Phase phase_ = Phase::open;
    Frto frto_ = Frto::off;
    std::uint8_t duplicates_ = 0;
    std::uint32_t credit_ = 0;
    Seq point_;
};

}  // namespace dt::tcp
