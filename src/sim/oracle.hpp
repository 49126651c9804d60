// What must hold at every event of every run, whatever the programs and the network do.
#pragma once

#include <array>
#include <cstdint>
#include <map>
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
    /// Whether one end of this 4-tuple opened it anew with an ISN below what it had sent before:
    /// old text fits the new connection then. RFC 9293 §3.4.1 rules that out below 250 kB/s only.
    [[nodiscard]] bool was_overtaken(const FourTuple& tuple) const {
        return overtaken_.contains(tuple.words()) ||
               overtaken_.contains(FourTuple{tuple.remote, tuple.local}.words());
    }
    /// The first few things that were wrong, with their event numbers.
    [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

  private:
    void check(const event::Transition& transition);
    void check(const event::QueueChange& change);
    void follow(const event::Segment& segment);
    void fail(std::string what);

    event::Sink* next_;
    std::uint64_t events_ = 0;
    Instant last_{};
    using Words = std::array<std::uint64_t, 5>;
    std::set<Words> by_cookie_;
    std::map<Words, Seq> reached_;  // by each end of each 4-tuple: the number behind what it sent
    std::set<Words> overtaken_;
    std::vector<std::string> failures_;
};

}  // namespace dt::sim
