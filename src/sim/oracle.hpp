// What must hold at every event of every run, whatever the programs and the network do.
#pragma once

#include <array>
#include <cstdint>
#include <set>
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
    /// Whether a SYN of this 4-tuple, as its server has it, was ever answered by a cookie.
    [[nodiscard]] bool was_answered_by_cookie(const FourTuple& tuple) const {
        return by_cookie_.contains(tuple.words());
    }
    /// The first few things that were wrong, with their event numbers.
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

  private:
    void check(const event::Transition& transition);
    void check(const event::QueueChange& change);
    void fail(std::string what);

    event::Sink* next_;
    std::uint64_t events_ = 0;
    Instant last_{};
    std::set<std::array<std::uint64_t, 5>> by_cookie_;
    std::vector<std::string> failures_;
};

}  // namespace dt::sim
