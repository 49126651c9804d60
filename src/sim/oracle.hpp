// What must hold at every event of every run, whatever the programs and the network do.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "event/sink.hpp"

namespace dt::sim {

/// Checks events as they happen and hands them on: time never goes back, every transition is in the
/// table of states, both queues of a listener keep their bounds.
class Oracle final : public event::Sink {
  public:
    explicit Oracle(event::Sink* next) : next_(next) {}

    void on_event(Instant at, event::HostIndex host, const event::Body& body) override;

    [[nodiscard]] std::uint64_t events() const { return events_; }
    /// The first few things that were wrong, with their event numbers.
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

  private:
    void check(const event::Transition& transition);
    void check(const event::QueueChange& change);
    void fail(std::string what);

    event::Sink* next_;
    std::uint64_t events_ = 0;
    Instant last_{};
    std::vector<std::string> failures_;
};

}  // namespace dt::sim
