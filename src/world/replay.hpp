// Replay: the world of a recording runs again, without the programs, and must do the same.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "world/world.hpp"

namespace dt::world {

/// The front of a recording.
struct RecordingHeader {
    std::uint64_t format = 0;
    std::string build;
    Spec spec;
    std::optional<Instant> began;         ///< of the first record; format 1 does not say
    std::optional<Duration> wall_offset;  ///< as RecorderOptions has it
    std::size_t body_at = 0;              ///< where the records begin
};

/// Why a file is no recording that can be replayed.
struct RecordingError {
    enum class Kind : std::uint8_t {
        foreign,    ///< not a recording at all
        format,     ///< of a format that is not read here
        truncated,  ///< ends within its header
        damaged,    ///< its header does not hash to what it says
    };
    Kind kind = Kind::foreign;
    std::uint64_t format = 0;

    /// `recording run.dtr has format 3, this dialtone reads 1 to 2`.
    [[nodiscard]] std::string sentence(std::string_view file) const;
    [[nodiscard]] std::string help() const;
};

[[nodiscard]] std::expected<RecordingHeader, RecordingError> read_header(Octets recording);
/// The instant of the first record: times of users count from it. Of format 1 it is looked for.
[[nodiscard]] Instant first_instant(const RecordingHeader& header, Octets recording);

/// Where a replay did something else than the recorded run.
struct Difference {
    std::uint64_t event = 0;  ///< in the order of the world
    EventLabel label;         ///< as users see it
    std::string recorded;
    std::string got;

    /// `replay differs from the recording at e4711: recorded SYN-RECEIVED, got LISTEN`.
    [[nodiscard]] std::string sentence() const;
};

/// How a recording ends.
enum class Ending : std::uint8_t {
    whole,    ///< the run ended
    full,     ///< the limit was reached
    cut,      ///< the recorder was killed: whole up to its last turn
    damaged,  ///< a record makes no sense: whole up to the one before
};

class Replay {
  public:
    /// `recording` has this header and outlives the replay. Events go to `sink`.
    Replay(const RecordingHeader& header, Octets recording, event::Sink& sink);
    ~Replay();

    /// Runs the next record and compares what it led to. False at the end, and after a difference.
    bool step();
    /// To the end, or to the first difference.
    void run();
    /// Up to `at`: everything at that instant has happened, nothing later.
    void run_until(Instant at);
    /// Until the event with this label has happened.
    void run_until_event(EventLabel label);

    [[nodiscard]] World& world();
    [[nodiscard]] const World& world() const;
    /// Of the latest record.
    [[nodiscard]] Instant now() const;
    [[nodiscard]] const std::optional<Difference>& difference() const;
    /// How it ended, once step() is false.
    [[nodiscard]] Ending ending() const;
    /// Whether the last record was run: there is nothing behind the instant of the replay.
    [[nodiscard]] bool has_ended() const;
    /// Name and text, in the order in which they were said.
    [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& notes() const;

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::world
