// A recording read back: the world runs again without its programs.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cli/say.hpp"
#include "observe/ss.hpp"
#include "observe/trace.hpp"
#include "world/replay.hpp"

namespace dt::cli {

/// How far to replay.
struct Until {
    std::optional<Duration> at;              // since the run began
    std::optional<world::EventLabel> event;  // p31, e90
};

/// A replayed recording. Not movable: the replay looks into the octets.
class Loaded {
  public:
    explicit Loaded(std::string path) : path_(std::move(path)) {}
    Loaded(const Loaded&) = delete;
    Loaded& operator=(const Loaded&) = delete;
    ~Loaded() = default;

    /// Reads and replays; a Problem for a file that is no recording, or of another format.
    [[nodiscard]] std::optional<Problem> load(const Until& until);

    [[nodiscard]] const observe::Trace& trace() const { return trace_; }
    [[nodiscard]] const world::Replay& replay() const { return *replay_; }
    [[nodiscard]] const std::string& path() const { return path_; }
    [[nodiscard]] bool is_of_this_build() const;
    /// The instant that is shown, since the run began: the one asked for, or of the last event
    /// where the recording ends before.
    [[nodiscard]] Duration position() const;
    /// Events beyond what is kept in memory: viewers do not show them.
    [[nodiscard]] std::uint64_t forgotten() const { return log_ ? log_->forgotten() : 0; }
    /// The time it was to stop at.
    [[nodiscard]] std::optional<Duration> asked() const { return asked_; }
    /// All sockets at this moment, with the descriptors that the recording names.
    [[nodiscard]] std::vector<observe::HostSockets> sockets() const;

    /// Shows the world at an instant: everything at it has happened, nothing later.
    using Look = std::move_only_function<void(Instant at, const world::World& world)>;
    /// Replays once more, and shows the world at each of `instants`, which are sorted.
    void visit(std::span<const Instant> instants, Look look) const;

  private:
    [[nodiscard]] Instant now() const;

    std::string path_;
    std::vector<std::byte> octets_;
    std::optional<world::RecordingHeader> header_;
    std::unique_ptr<world::Replay> replay_;
    observe::Trace trace_;
    std::optional<observe::Log> log_;
    Instant began_{};
    std::optional<Duration> asked_;
};

/// The path given, or the newest recording; a Problem if there is none.
[[nodiscard]] Checked<std::string> recording_or_newest(const std::string& given);

/// Warnings that belong to what was loaded: another build, a cut or full recording, a difference.
/// Returns the exit code they ask for.
int tell_of_replay(const Loaded& loaded);

}  // namespace dt::cli
