// The timers of one connection. Retransmission and zero-window probing exclude each other
// (TCP-RTO-021), as do keep-alive and the orphan's FIN-WAIT-2; so three slots serve all kinds.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"
#include "event/event.hpp"

namespace dt::tcp {

using event::TimerKind;

enum class TimerSlot : std::uint8_t {
    send,  ///< retransmit, or persist: what moves the send queue when no ACK does
    ack,   ///< delayed_ack
    life,  ///< keepalive, or fin_wait_2: what ends a connection nobody hears of
};

class Timers {
  public:
    void arm(TimerSlot slot, TimerKind kind, Instant at) {
        at_[index(slot)] = at;
        kind_[index(slot)] = kind;
    }
    void disarm(TimerSlot slot) { arm(slot, TimerKind::none, never); }
    void disarm_all() { *this = Timers{}; }

    [[nodiscard]] Instant at(TimerSlot slot) const { return at_[index(slot)]; }
    [[nodiscard]] TimerKind kind(TimerSlot slot) const { return kind_[index(slot)]; }
    [[nodiscard]] bool is_armed(TimerSlot slot) const { return kind(slot) != TimerKind::none; }
    /// Clears the slot and returns its kind where it is due; else `none`.
    [[nodiscard]] TimerKind take_due(TimerSlot slot, Instant now) {
        if (at(slot) > now) return TimerKind::none;
        const TimerKind due = kind(slot);
        disarm(slot);
        return due;
    }
    [[nodiscard]] Instant deadline() const { return *std::min_element(at_.begin(), at_.end()); }

  private:
    static constexpr std::size_t count = 3;
    static constexpr std::size_t index(TimerSlot slot) { return static_cast<std::size_t>(slot); }

    std::array<Instant, count> at_{never, never, never};
    std::array<TimerKind, count> kind_{TimerKind::none, TimerKind::none, TimerKind::none};
};

}  // namespace dt::tcp
