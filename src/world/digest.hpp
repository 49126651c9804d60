// Events in short: what a recording keeps of each, to tell whether a replay does the same.
#pragma once

#include <cstdint>
#include <string>

#include "event/event.hpp"

namespace dt::world {

/// Equal for equal events on every machine: all fields, padding left out.
[[nodiscard]] std::uint64_t digest(const event::Event& event);

/// Three octets of an event, and of a transition its new state.
struct EventMark {
    std::uint8_t kind = 0;    ///< index in event::Body
    std::uint8_t state = 0;   ///< of a transition: event::State, else 0
    std::uint16_t check = 0;  ///< of the digest

    static EventMark of(const event::Event& event);
    /// `SYN-RECEIVED` for a transition, else what kind of event it is: `segment sent`.
    [[nodiscard]] std::string text() const;
    friend bool operator==(const EventMark&, const EventMark&) = default;
};

inline constexpr std::size_t event_kinds = std::variant_size_v<event::Body>;

}  // namespace dt::world
