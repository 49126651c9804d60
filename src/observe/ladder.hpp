// The ladder: one flow as a sequence diagram with two true clocks. One row model; text, JSON and
// every other skin are made from it (UX §3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "observe/flow.hpp"
#include "observe/notes.hpp"
#include "observe/paint.hpp"
#include "observe/trace.hpp"

namespace dt::observe {

/// Both queues of the listener after a row.
struct Gauge {
    std::uint32_t syn_queue = 0;
    std::uint32_t accept_queue = 0;
    std::uint32_t limit = 0;

    /// Linux admits limit + 1, so a full queue shows as 3/2.
    [[nodiscard]] bool is_full() const { return accept_queue > limit; }
    /// Three quarters or more.
    [[nodiscard]] bool is_filling() const { return limit > 0 && 4 * accept_queue >= 3 * limit; }
    friend bool operator==(const Gauge&, const Gauge&) = default;
};

/// What one host did or saw at one moment; empty if nothing.
struct Cell {
    std::string text;
    Tone tone = Tone::plain;
    std::optional<Instant> at;
    std::uint64_t event = 0;  // the event it tells of, 0 = none
    std::optional<Gauge> gauge;

    [[nodiscard]] bool empty() const { return !at.has_value(); }
};

enum class Side : std::uint8_t { left, right };
enum class WireFate : std::uint8_t { delivered, lost, refused };

/// A segment between the lifelines.
struct Wire {
    Side from = Side::left;
    std::string label;   // packetdrill's notation
    std::string margin;  // of a lost one: told at the end that waits in vain
    WireFate fate = WireFate::delivered;
    std::uint8_t retransmission = 0;
    std::uint64_t event = 0;  // its SegmentSent
    Instant departs{};
    /// Where segments cross, one is drawn in two rows joined by a letter.
    enum class Part : std::uint8_t { whole, departure, arrival } part = Part::whole;
    char letter = 0;
    std::uint32_t length = 0;
    bool is_pure_ack = false;
};

/// How its arrow is coloured.
[[nodiscard]] Tone tone_of(const Wire& wire);

/// Data segments of one direction that were folded into one row.
struct Fold {
    std::uint64_t number = 0;  // f7
    std::uint64_t segments = 0;
    std::uint64_t octets = 0;
};

struct Row {
    Cell left;
    Cell right;
    std::optional<Wire> wire;
    std::optional<Fold> fold;
};

/// How instants of a run become times of day.
struct WallClock {
    Duration offset{};  // local wall clock, since 1970, minus the run's
    std::string zone;   // `UTC`, `+09:00`
};

struct LadderOptions {
    std::uint32_t fold_from = 6;            // data segments that make a fold, 0 = never
    std::vector<std::uint64_t> open_folds;  // f7: shown unfolded
    enum class Detail : std::uint8_t { normal, verbose } detail = Detail::normal;
    std::optional<WallClock> wall;  // times of day instead of times since the flow began
};

struct Ladder {
    Flow flow;
    std::string left_title;  // client 10.0.0.1
    std::string right_title;
    std::string left_program;  // curl[4711]
    std::string right_program;
    Instant zero{};  // of the flow's first event; earlier calls are negative
    TimeUnit unit = TimeUnit::milliseconds;
    std::optional<WallClock> wall;
    LadderOptions::Detail detail = LadderOptions::Detail::normal;
    std::vector<Row> rows;
    std::vector<Footnote> notes;
};

/// The ladder of one flow.
[[nodiscard]] Ladder make_ladder(const Trace& trace, const Flow& flow,
                                 const LadderOptions& options);

/// The picture as text: 7 · 23 · wire · 22 · 7 · gauge 8 (the wire takes what a wide terminal has).
[[nodiscard]] std::string ladder_text(const Ladder& ladder, const Paint& paint);
/// One JSON document, schema dialtone.ladder/1.
[[nodiscard]] std::string ladder_json(const Ladder& ladder, const Trace& trace);

}  // namespace dt::observe
