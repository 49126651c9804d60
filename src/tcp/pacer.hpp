// Pacing: text leaves spread over the round trip instead of in bursts (spec TCP-CC-026; the rate of
// Reno and CUBIC as Linux sk_pacing_rate, that of BBR is its own).
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "event/config.hpp"

namespace dt::tcp {

/// Octets per second at which `window` octets leave in a round trip of `srtt`, times `percent`.
[[nodiscard]] std::uint64_t pacing_rate(std::uint64_t window, Duration srtt, std::uint32_t percent);

class Pacer {
  public:
    /// Octets per second; 0: nothing is held.
    void set_rate(std::uint64_t octets_per_s) { rate_ = octets_per_s; }
    [[nodiscard]] std::uint64_t rate() const { return rate_; }

    [[nodiscard]] bool holds(Instant now) const { return rate_ != 0 && now < next_; }
    /// When the next text may leave.
    [[nodiscard]] Instant next() const { return next_; }
    /// `octets` of text left in `segments`. The first ten of a connection are not paced (Linux).
    void on_sent(Instant now, std::uint32_t octets, std::uint32_t segments);
    /// What may leave at once: a millisecond's worth of whole segments, two at least.
    [[nodiscard]] std::uint32_t burst(std::uint32_t mss) const;

  private:
    static constexpr std::uint32_t unpaced_segments = 10;

    std::uint64_t rate_ = 0;
    Instant next_{};
    std::uint32_t segments_ = 0;
};

}  // namespace dt::tcp
