// Where events go, and what every step of one turn shares.
#pragma once

#include "base/time.hpp"
#include "event/config.hpp"
#include "event/event.hpp"

namespace dt::event {

/// Receives the events of a stack as they happen. Must not call back into the stack.
class Sink {
  public:
    Sink() = default;
    Sink(const Sink&) = delete;
    Sink& operator=(const Sink&) = delete;
    virtual ~Sink() = default;

    virtual void on_event(Instant at, HostIndex host, const Body& body) = 0;
    /// Whether per-segment events (SegmentSent, SegmentReceived) are wanted; rare ones always are.
    [[nodiscard]] virtual bool wants_segments() const { return true; }
};

/// Forgets everything: for benchmarks and for embedders who do not ask why.
class NullSink final : public Sink {
  public:
    void on_event(Instant, HostIndex, const Body&) override {}
    [[nodiscard]] bool wants_segments() const override { return false; }
};

/// What every step of one turn shares: the instant, the tunables and the way events leave.
class Turn {
  public:
    Turn(Instant now, const Config& config, Sink& sink, HostIndex host)
        : now_(now), config_(config), sink_(sink), host_(host), segments_(sink.wants_segments()) {}

    [[nodiscard]] Instant now() const { return now_; }
    [[nodiscard]] const Config& config() const { return config_; }
    [[nodiscard]] HostIndex host() const { return host_; }
    [[nodiscard]] bool wants_segments() const { return segments_; }

    void emit(const Body& body) const { sink_.on_event(now_, host_, body); }

  private:
    Instant now_;
    const Config& config_;
    Sink& sink_;
    HostIndex host_;
    bool segments_;
};

}  // namespace dt::event

namespace dt {
using event::Turn;
}  // namespace dt
