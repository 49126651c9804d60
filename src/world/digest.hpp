// Events in short: what a recording keeps of each, to tell whether a replay does the same.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "event/event.hpp"

namespace dt::world {

/// Equal for equal events on every machine: all fields, padding left out.
[[nodiscard]] std::uint64_t digest(const event::Event& event);

/// The frame that a host sent with this event; 0 for any other event.
[[nodiscard]] event::FrameId frame_sent(const event::Body& body);

/// An event as users see it: `p31` is the 31st frame that a host sent, `e90` the 90th other event.
struct EventLabel {
    enum class Kind : std::uint8_t { packet, other } kind = Kind::other;
    std::uint64_t ordinal = 0;

    [[nodiscard]] std::string text() const;
    /// Nothing where the text is no label.
    static std::optional<EventLabel> from(std::string_view text);
    friend bool operator==(const EventLabel&, const EventLabel&) = default;
};

/// Counts events into labels.
class EventCounter {
  public:
    EventLabel count(const event::Body& body);
    /// What the next event of a kind would be called.
    [[nodiscard]] EventLabel next(EventLabel::Kind kind) const;

  private:
    std::uint64_t packets_ = 0;
    std::uint64_t others_ = 0;
};

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
