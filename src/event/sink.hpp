// Where events go, and what every step of one turn shares.
#pragma once

#include <cstdint>
#include <type_traits>

#include "base/time.hpp"
#include "event/config.hpp"
#include "event/event.hpp"

namespace dt::event {

/// What a sink listens to: each takes what stands before it too. Drops are counted on their way
/// whoever listens.
enum class Detail : std::uint8_t { drops, rare, segments };

/// Whether an event of this type may tell of a drop.
template <class Told>
inline constexpr bool may_be_drop =
    std::is_same_v<Told, SegmentDropped> || std::is_same_v<Told, PacketDropped> ||
    std::is_same_v<Told, DatagramMoved> || std::is_same_v<Told, IcmpMoved>;

/// Receives the events of a stack as they happen. Must not call back into the stack.
class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    virtual void on_event(Instant at, HostIndex host, const Body& body) = 0;
    /// What it listens to; other events need not be made. `segments`: those of each segment too
    /// (SegmentSent, SegmentReceived).
    [[nodiscard]] virtual Detail detail() const { return Detail::segments; }
};

/// Forgets everything: for benchmarks and for embedders who do not ask why.
class NullSink final : public Sink {
  public:
    void on_event(Instant, HostIndex, const Body&) override {}
    [[nodiscard]] Detail detail() const override { return Detail::drops; }
};

/// What every step of one turn shares: the instant, the tunables and the way events leave.
class Turn {
  public:
    Turn(Instant now, const Config& config, Sink& sink, HostIndex host)
        : now_(now), config_(config), sink_(sink), host_(host), detail_(sink.detail()) {}

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] HostIndex host() const { return host_; }
    [[nodiscard]] bool wants_segments() const { return detail_ == Detail::segments; }
    /// Whether anyone listens to what is neither a drop nor of each segment.
    [[nodiscard]] bool wants_rare() const { return detail_ != Detail::drops; }

    template <class Told>
    void emit(const Told& told) const {
        if (may_be_drop<Told> || wants_rare()) sink_.on_event(now_, host_, Body{told});
    }

  private:
    Instant now_;
    const Config& config_;
    Sink& sink_;
    HostIndex host_;
    Detail detail_;
};

}  // namespace dt::event

namespace dt {
using event::Turn;
}  // namespace dt
