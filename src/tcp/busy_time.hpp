// How long a connection had something to send, and how much of that the peer's window held it back
// (Linux tcpi_busy_time, tcpi_rwnd_limited; API-OPT-016).
#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace dt::tcp {

/// Milliseconds in 32 bits, as Linux keeps them: a sum wraps after 49 days of work.
class BusyTime {
  public:
    enum class Phase : std::uint8_t {
        idle,           // nothing is queued or outstanding
        busy,           // something is
        window_limited  // and it waits for the peer's window alone
    };

    void enter(Phase phase, Instant now) {
        if (phase == phase_) return;
        count(now);
        phase_ = phase;
        since_ms_ = millisecond(now);
    }
    /// Up to `now`; what the window took counts too.
    [[nodiscard]] Duration busy(Instant now) const {
        const std::uint32_t open = phase_ == Phase::idle ? 0 : millisecond(now) - since_ms_;
        return std::chrono::milliseconds{busy_ms_ + window_limited_ms_ + open};
    }
    [[nodiscard]] Duration window_limited(Instant now) const {
        const bool is_open = phase_ == Phase::window_limited;
        const std::uint32_t open = is_open ? millisecond(now) - since_ms_ : 0;
        return std::chrono::milliseconds{window_limited_ms_ + open};
    }

  private:
    [[nodiscard]] static std::uint32_t millisecond(Instant now) {
        return static_cast<std::uint32_t>(base::to_ms(now));
    }
    void count(Instant now) {
        const std::uint32_t passed = millisecond(now) - since_ms_;
        if (phase_ == Phase::busy) busy_ms_ += passed;
        if (phase_ == Phase::window_limited) window_limited_ms_ += passed;
    }

    std::uint32_t since_ms_ = 0;
    std::uint32_t busy_ms_ = 0;
    std::uint32_t window_limited_ms_ = 0;
    Phase phase_ = Phase::idle;
};

/// How long ago things happened, and how long they lasted, up to one instant.
struct Times {
    Duration busy{};
    Duration window_limited{};
    Duration since_text_sent{};      // zero before the connection stands
    Duration since_text_received{};  // from when it stood, where none came
    Duration since_ack_received{};
};

}  // namespace dt::tcp
