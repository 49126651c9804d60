// Loss recovery without SACK: NewReno (RFC 6582) with limited transmit (RFC 3042) and proportional
// rate reduction instead of window inflation (RFC 9937, TCP-CC-011).
#pragma once

#include <cstdint>
#include <optional>

#include "tcp/ack_event.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// What an ACK decided; the connection applies it.
struct RecoveryStep {
    enum class Kind : std::uint8_t {
        none,
        entered,  ///< third duplicate ACK: cut ssthresh, the head of the queue is lost
        hole,     ///< partial ACK in recovery: the new head of the queue is lost
        left,     ///< the loss is repaired: cwnd = ssthresh
    } kind = Kind::none;
};

class Recovery {
  public:
    explicit Recovery(Seq iss) : recover_(iss) {}

    enum class Phase : std::uint8_t { open, fast, timeout };
    [[nodiscard]] Phase phase() const { return phase_; }
    /// Octets that duplicate ACKs show to have left the network.
    [[nodiscard]] std::uint32_t credit() const { return credit_; }

    /// Judges one ACK; call before the queue is marked.
    [[nodiscard]] RecoveryStep on_ack(const AckEvent& ack);
    /// The window while in `fast`: RFC 9937 §6.2; nothing where the ACK delivered nothing.
    /// `in_flight` is counted after the marks of this step.
    [[nodiscard]] std::optional<std::uint32_t> window(const AckEvent& ack, std::uint32_t in_flight,
                                                      std::uint32_t ssthresh);
    void on_sent(std::uint32_t octets) {
        if (phase_ == Phase::fast) sent_ += octets;
    }
    /// The retransmission timer expired with `nxt` outstanding (RFC 6582 §4: recover).
    void on_timeout(Seq nxt);

  private:
    void on_duplicate(const AckEvent& ack, RecoveryStep& step);
    void on_advance(const AckEvent& ack, RecoveryStep& step);
    void enter(const AckEvent& ack);
    void leave();

    Phase phase_ = Phase::open;
    std::uint8_t duplicates_ = 0;
    std::uint32_t credit_ = 0;
    Seq recover_;                   // SND.NXT when the episode began
    std::uint32_t recover_fs_ = 0;  // RFC 9937 RecoverFS
    std::uint32_t delivered_ = 0;   // prr_delivered
    std::uint32_t sent_ = 0;        // prr_out
    std::uint32_t step_delivered_ = 0;
};

}  // namespace dt::tcp
