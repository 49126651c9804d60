// What viewers look at: the events of a run in one order, and the names of what they speak of.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "event/event.hpp"
#include "event/sink.hpp"

namespace dt::observe {

/// A host as viewers name it.
struct HostName {
    std::string name;
    IpAddr address;  // its first one
};

/// A run: what happened and to whom.
struct Trace {
    std::vector<event::Event> events;              // numbered from 1 in the order they happened
    std::vector<HostName> hosts;                   // by event::HostIndex
    std::map<std::int32_t, std::string> programs;  // pid → name
    std::vector<std::string> rules;       // text of impairments and faults by FrameTouched::rule
    std::vector<std::string> links;       // `client<->server`, by FrameTouched::link
    Instant began{};                      // of the run: times of users count from it
    std::optional<Duration> wall_offset;  // what the wall clock (UTC) is ahead of the events
    Duration time_wait = std::chrono::seconds{60};  // 2·MSL of the run

    /// `hello[4709]`; `?` for a pid without a name.
    [[nodiscard]] std::string program(std::int32_t pid) const;
    [[nodiscard]] std::string_view host(event::HostIndex index) const;
    /// `link client<->server by its impairment loss=1%`: what touched a frame, and where.
    [[nodiscard]] std::string culprit(const event::FrameTouched& touched) const;
};

/// Collects the events of a run. Bounded: beyond `capacity` events are counted, not kept.
class Log final : public event::Sink {
  public:
    explicit Log(std::vector<event::Event>& to, std::size_t capacity = 4'000'000)
        : events_(to), capacity_(capacity) {}

    void on_event(Instant at, event::HostIndex host, const event::Body& body) override;
    [[nodiscard]] std::uint64_t forgotten() const { return forgotten_; }

  private:
    std::vector<event::Event>& events_;
    std::size_t capacity_;
    std::uint64_t number_ = 0;
    std::uint64_t forgotten_ = 0;
};

/// The numbers users see: `p31` is the 31st frame that a host sent, `e90` the 90th other event.
/// Text, SVG, page and JSON show the same number.
class Numbering {
  public:
    explicit Numbering(const std::vector<event::Event>& events);

    /// `p31` or `e90` of the event with this number.
    [[nodiscard]] std::string label(std::uint64_t event_number) const;
    /// `p31` of a frame; empty if no host sent it.
    [[nodiscard]] std::string label_of_frame(event::FrameId frame) const;

  private:
    std::unordered_map<std::uint64_t, std::uint64_t> packets_;  // event number → ordinal
    std::unordered_map<std::uint64_t, std::uint64_t> others_;
    std::unordered_map<event::FrameId, std::uint64_t> frames_;
};

}  // namespace dt::observe
