// Leaving the first slow start before it loses: HyStart++ (RFC 9406 §4).
#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

class HyStart {
  public:
    /// What one ACK means for slow start.
    enum class Pace : std::uint8_t {
        grow,         ///< by what was acknowledged
        grow_slowly,  ///< conservative slow start: by a quarter of it
        leave,        ///< the window is ssthresh
    };
    /// `sample` is the RTT that the ACK shows; `una` and `nxt` bound the rounds.
    [[nodiscard]] Pace on_ack(std::optional<Duration> sample, Seq una, Seq nxt);

    /// What an increase is divided by in conservative slow start.
    static constexpr std::uint32_t divisor = 4;

  private:
    void begin_round(Seq nxt);
    [[nodiscard]] Pace pace() const { return is_slow_ ? Pace::grow_slowly : Pace::grow; }

    using Microseconds = std::chrono::duration<std::uint32_t, std::micro>;

    Microseconds last_{};      // least RTT of the round before; zero: none
    Microseconds current_{};   // of this round
    Microseconds baseline_{};  // of the round that made it slow
    Seq round_end_{};
    std::uint8_t samples_ = 0;
    std::uint8_t slow_rounds_ = 0;
    bool is_slow_ = false;
    bool has_round_ = false;
};

}  // namespace dt::tcp
