// Several flows over several hosts in one picture: one lane between neighbouring hosts, one time
// column (departure), states and calls as notes (UX §3).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "observe/ladder.hpp"

namespace dt::observe {

/// A segment from one host to another; hosts are indices into Lanes::hosts.
struct LaneArrow {
    std::size_t from = 0;
    std::size_t to = 0;
    std::string label;
    WireFate fate = WireFate::delivered;
    Tone tone = Tone::plain;
    std::uint64_t event = 0;  // its SegmentSent
    bool is_fold = false;
};

/// What a host did or saw.
struct LaneNote {
    std::size_t host = 0;
    std::string text;
    Tone tone = Tone::plain;
    std::uint64_t event = 0;
    std::optional<Gauge> gauge;
};

struct LaneRow {
    Instant at{};
    std::optional<LaneArrow> arrow;
    std::vector<LaneNote> notes;
};

struct Lanes {
    std::vector<std::string> hosts;  // that take part, in the order of the run's hosts
    std::vector<std::uint64_t> flows;
    Instant zero{};  // of the first segment
    TimeUnit unit = TimeUnit::milliseconds;
    std::optional<WallClock> wall;
    LadderOptions::Detail detail = LadderOptions::Detail::normal;
    std::vector<LaneRow> rows;
    std::vector<Footnote> notes;
};

/// All of the flows in one order: by time of departure, then as it happened.
[[nodiscard]] Lanes make_lanes(const Trace& trace, const std::vector<Flow>& flows,
                               const LadderOptions& options);

[[nodiscard]] std::string lanes_text(const Lanes& lanes, const Paint& paint);
/// One JSON document, schema dialtone.lanes/1.
[[nodiscard]] std::string lanes_json(const Lanes& lanes, const Trace& trace);

}  // namespace dt::observe
