// Tail loss probe (RFC 8985 §7): after two round trips of silence one segment more shows what is
// lost, before the retransmission timer must.
#pragma once

#include <cstdint>

#include "tcp/ack_event.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

class TailProbe {
  public:
    enum class Kind : std::uint8_t { new_text, resent };
    /// A probe left; `end` is SND.NXT behind it, `flight` that of the window whose tail it is.
    void on_sent(Kind kind, Seq end, std::uint32_t flight) {
        is_out_ = true;
        kind_ = kind;
        end_ = end;
        flight_ = flight;
    }
    /// An episode of loss recovery begins: it reacts to whatever the probe shows.
    void forget() { is_out_ = false; }
    [[nodiscard]] bool is_out() const { return is_out_; }

    /// §7.4.2: true where the ACK shows that the probe repaired a loss.
    [[nodiscard]] bool has_repaired(const AckEvent& ack) {
        if (!is_out_ || before(ack.una, end_)) return false;
        if (kind_ == Kind::new_text || ack.dsack_of_probe) {
            is_out_ = false;
            return false;
        }
        if (after(ack.una, end_)) {
            is_out_ = false;
            return true;
        }
        // A bare duplicate: the first copy and the probe arrived.
        if (ack.kind == AckKind::duplicate && ack.sacked == 0) is_out_ = false;
        return false;
    }
    [[nodiscard]] Seq end() const { return end_; }
    /// Octets that were outstanding when what it repaired was lost.
    [[nodiscard]] std::uint32_t flight() const { return flight_; }

  private:
    Seq end_{};  // TLP.end_seq
    std::uint32_t flight_ = 0;
    Kind kind_ = Kind::new_text;
    bool is_out_ = false;
};

}  // namespace dt::tcp
