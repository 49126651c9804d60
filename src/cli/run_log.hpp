// What a run keeps of its events for the words at its end: little, however long it lasts.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "event/event.hpp"
#include "event/sink.hpp"
#include "observe/trace.hpp"
#include "world/recorder.hpp"

namespace dt::cli {

/// Told of every change of a connection's state, on the loop's thread.
class StateWatcher {
  public:
    StateWatcher() = default;
    StateWatcher(const StateWatcher&) = delete;
    StateWatcher& operator=(const StateWatcher&) = delete;
    virtual ~StateWatcher() = default;
    virtual void on_state(event::HostIndex host, event::State state) = 0;
};

/// Whether the events of a run stay in memory: a recording has them too.
enum class KeepEvents : std::uint8_t { no, yes };

/// What is known of a run without its events.
struct Findings {
    static constexpr std::size_t astray_max = 16;

    bool has_segments = false;            ///< there is something for a ladder
    std::vector<event::CallMade> astray;  ///< calls that no route was for, each pair of program and
                                          ///< address once, the first astray_max
    std::optional<Instant> began;
    Instant ended{};  ///< of the last event
};

/// Learns the name of each process when it makes its first call: it waits in that call then. The
/// recording gets it too, so that a replay that stops early knows it.
class RunLog final : public event::Sink {
  public:
    RunLog(observe::Trace& trace, KeepEvents keep, world::Recorder* recorder, StateWatcher* watcher)
        : log_(trace.events),
          keep_(keep),
          names_(trace.programs),
          recorder_(recorder),
          watcher_(watcher) {}

    void on_event(Instant at, event::HostIndex host, const event::Body& body) override;
    [[nodiscard]] const Findings& findings() const { return findings_; }

  private:
    void find(const event::Body& body);
    void learn_name(std::int32_t pid);

    observe::Log log_;
    KeepEvents keep_;
    Findings findings_;
    std::map<std::int32_t, std::string>& names_;
    world::Recorder* recorder_;
    StateWatcher* watcher_;
};

}  // namespace dt::cli
