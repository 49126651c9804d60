// CUBIC (RFC 9438): the window as a cubic function of the time since the last cut, never slower
// than Reno. In integers, so that each build computes the same.
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "tcp/ack_event.hpp"
#include "tcp/reno.hpp"

namespace dt::tcp {

class Cubic {
  public:
    /// Congestion avoidance: `acked` octets arrived while the window limited the flight.
    void on_ack(CongestionWindow& window, const AckEvent& ack, std::uint32_t acked);
    /// The program, not the window, limited the flight until `now`: that time does not count
    /// (TCP-CC-021).
    void on_pause(Instant now) {
        if (in_stage_) stage_ += now - last_;
        last_ = now;
    }
    /// ssthresh after a loss (§4.6, §4.7), not below two segments.
    [[nodiscard]] std::uint32_t ssthresh_after_loss(std::uint32_t cwnd, std::uint32_t flight,
                                                    std::uint32_t mss);
    /// The next stage of congestion avoidance begins at its own window (§4.8, §4.10).
    void on_timeout() {
        in_stage_ = false;
        max_ = 0;
    }
    /// The cut is undone: a new stage.
    void on_undo() { in_stage_ = false; }

  private:
    void begin_stage(std::uint32_t cwnd, Instant now, std::uint32_t mss);
    [[nodiscard]] std::uint64_t window_at(Duration since_stage, std::uint32_t mss) const;

    Instant stage_{};             // when this stage of congestion avoidance began
    Instant last_{};              // of the last ACK seen
    std::uint32_t max_ = 0;       // W_max, octets
    std::uint32_t prior_ = 0;     // cwnd_prior, octets
    std::uint32_t k_ms_ = 0;      // K
    std::uint32_t fraction_ = 0;  // of an octet, in 1024ths
    std::uint64_t reno_ = 0;      // W_est, in 1024ths of an octet
    bool in_stage_ = false;
};

/// The largest number whose cube is at most `value`.
[[nodiscard]] std::uint32_t cube_root(std::uint64_t value);

}  // namespace dt::tcp
