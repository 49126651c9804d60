// Lanes from the ladders of their flows: each row of a ladder becomes an arrow with its notes.
#include "observe/lanes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>
#include <tuple>
#include <utility>

namespace dt::observe {

namespace {

constexpr std::string_view mark = "✗L";

/// `✗L1 …` with the note's number in the whole picture.
std::string renumbered(std::string text, std::uint32_t by) {
    if (!text.starts_with(mark)) return text;
    std::uint32_t number = 0;
    const char* const last = text.data() + text.size();
    const auto [end, error] = std::from_chars(text.data() + mark.size(), last, number);
    if (error != std::errc{}) return text;
    const auto rest = static_cast<std::size_t>(end - text.data());
    return fmt::format("{}{}{}", mark, number + by, text.substr(rest));
}

/// Of two rows of one instant the lower number stands first.
std::uint64_t first_event(const LaneRow& row) {
    if (row.arrow) return row.arrow->event;
    return row.notes.empty() ? 0 : row.notes.front().event;
}

class LaneBuilder {
  public:
    LaneBuilder(const Trace& trace, const LadderOptions& options)
        : trace_(trace), options_(options) {}

    Lanes build(const std::vector<Flow>& flows) {
        find_hosts(flows);
        for (const Flow& flow : flows) add(flow);
        std::ranges::stable_sort(lanes_.rows, {}, [](const LaneRow& row) {
            return std::tuple{row.at, first_event(row)};
        });
        lanes_.zero = first_segment();
        lanes_.wall = options_.wall;
        lanes_.detail = options_.detail;
        Duration longest{};
        for (const LaneRow& row : lanes_.rows) {
            longest = std::max(longest, std::chrono::abs(row.at - lanes_.zero));
        }
        lanes_.unit = unit_for(longest);
        return std::move(lanes_);
    }

  private:
    void find_hosts(const std::vector<Flow>& flows) {
        std::set<event::HostIndex> taking_part;
        for (const Flow& flow : flows) {
            lanes_.flows.push_back(flow.number);
            taking_part.insert({flow.client_host, flow.server_host});
        }
        for (const event::HostIndex host : taking_part) {
            lane_of_.emplace_back(host);
            lanes_.hosts.emplace_back(trace_.host(host));
        }
    }

    [[nodiscard]] std::size_t lane_of(event::HostIndex host) const {
        return static_cast<std::size_t>(std::ranges::find(lane_of_, host) - lane_of_.begin());
    }

    void add(const Flow& flow) {
        Ladder ladder = make_ladder(trace_, flow, options_);
        const auto before = static_cast<std::uint32_t>(lanes_.notes.size());
        const std::size_t left = lane_of(flow.client_host);
        const std::size_t right = lane_of(flow.server_host);
        for (Row& row : ladder.rows) {
            if (row.wire && row.wire->part != Wire::Part::arrival) {
                add_arrow(std::move(row), left, right, before);
            } else {
                add_local(row.left, left, before);
                add_local(row.right, right, before);
            }
        }
        for (Footnote& note : ladder.notes) {
            note.number += before;
            lanes_.notes.push_back(std::move(note));
        }
    }

    /// What a listener did before it was called belongs to each of its flows, but happened once.
    void add_local(const Cell& cell, std::size_t host, std::uint32_t renumber) {
        if (!cell.at || (cell.text.empty() && !cell.gauge)) return;
        if (cell.event != 0 && !seen_.insert(cell.event).second) return;
        lanes_.rows.push_back({*cell.at, std::nullopt, {note_of(cell, host, renumber)}});
    }

    [[nodiscard]] static LaneNote note_of(const Cell& cell, std::size_t host,
                                          std::uint32_t renumber) {
        return {host, renumbered(cell.text, renumber), cell.tone, cell.event, cell.gauge};
    }

    void add_arrow(Row row, std::size_t left, std::size_t right, std::uint32_t renumber) {
        const Wire& wire = *row.wire;
        const bool rightwards = wire.from == Side::left;
        LaneArrow arrow;
        arrow.from = rightwards ? left : right;
        arrow.to = rightwards ? right : left;
        arrow.label = row.fold ? fmt::format("{} segments", row.fold->segments) : wire.label;
        arrow.fate = wire.fate;
        arrow.tone = tone_of(wire);
        arrow.event = wire.event;
        arrow.is_fold = row.fold.has_value();
        LaneRow out{wire.departs, std::move(arrow), {}};
        const std::pair<const Cell*, std::size_t> ends[]{
            {rightwards ? &row.left : &row.right, rightwards ? left : right},
            {rightwards ? &row.right : &row.left, rightwards ? right : left}};
        for (const auto& [cell, host] : ends) {
            if (cell->text.empty() && !cell->gauge) continue;
            out.notes.push_back(note_of(*cell, host, renumber));
        }
        lanes_.rows.push_back(std::move(out));
    }

    [[nodiscard]] Instant first_segment() const {
        const auto found = std::ranges::find_if(
            lanes_.rows, [](const LaneRow& row) { return row.arrow.has_value(); });
        return found == lanes_.rows.end() ? Instant{} : found->at;
    }

    const Trace& trace_;
    const LadderOptions& options_;
    Lanes lanes_;
    std::vector<event::HostIndex> lane_of_;
    std::set<std::uint64_t> seen_;
};

}  // namespace

Lanes make_lanes(const Trace& trace, const std::vector<Flow>& flows, const LadderOptions& options) {
    return LaneBuilder(trace, options).build(flows);
}

}  // namespace dt::observe
