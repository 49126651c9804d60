// The order of the ladder's rows: a topological order of both hosts' own orders, each segment one
// node, ties by earliest time; a segment that crosses another is drawn in two rows (UX §3).
#include "observe/ladder.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "observe/ladder_items.hpp"

namespace dt::observe {

namespace {

/// Merges both hosts' orders into rows.
class RowOrder {
  public:
    explicit RowOrder(Items& items) : items_(items), split_(items.crossings.size(), 0) {}

    std::vector<Row> rows() {
        while (has_head(0) || has_head(1)) {
            const auto next = earliest_available();
            if (next) {
                take(*next);
            } else {
                split();
            }
        }
        return std::move(rows_);
    }

  private:
    [[nodiscard]] bool has_head(std::size_t side) const {
        return at_[side] < items_.of[side].size();
    }
    [[nodiscard]] Item& head(std::size_t side) { return items_.of[side][at_[side]]; }

    [[nodiscard]] bool head_is(std::size_t side, Item::Kind kind, std::size_t crossing) {
        return has_head(side) && head(side).kind == kind && head(side).crossing == crossing;
    }

    /// A head may be drawn if it is local, or if the other end of its segment is the other head (or
    /// there is no other end: lost, or already drawn).
    [[nodiscard]] bool is_available(std::size_t side) {
        const Item& item = head(side);
        switch (item.kind) {
            case Item::Kind::local: return true;
            case Item::Kind::arrival: return split_[item.crossing] != 0;
            case Item::Kind::departure:
                return !items_.crossings[item.crossing].arrives ||
                       head_is(1 - side, Item::Kind::arrival, item.crossing);
        }
        std::unreachable();
    }

    [[nodiscard]] std::optional<std::size_t> earliest_available() {
        std::optional<std::size_t> best;
        for (std::size_t side = 0; side < 2; ++side) {
            if (!has_head(side) || !is_available(side)) continue;
            if (!best || order_of(side) < order_of(*best)) best = side;
        }
        return best;
    }
    [[nodiscard]] std::pair<Instant, std::uint64_t> order_of(std::size_t side) {
        return {*head(side).cell.at, head(side).cell.event};
    }

    static Cell& cell_of(Row& row, std::size_t side) { return side == 0 ? row.left : row.right; }

    void take(std::size_t side) {
        Item item = std::move(head(side));
        ++at_[side];
        Row row;
        cell_of(row, side) = std::move(item.cell);
        if (item.kind == Item::Kind::local) return add_local(std::move(row), side);
        has_begun_ = true;
        const Crossing& crossing = items_.crossings[item.crossing];
        row.wire = crossing.wire;
        if (item.kind == Item::Kind::arrival) {
            row.wire->part = Wire::Part::arrival;
            row.wire->letter = split_[item.crossing];
        } else if (crossing.arrives) {
            cell_of(row, 1 - side) = std::move(head(1 - side).cell);
            ++at_[1 - side];
        } else if (!crossing.wire.margin.empty()) {
            cell_of(row, 1 - side).text = crossing.wire.margin;
            cell_of(row, 1 - side).tone = Tone::bad;
        }
        rows_.push_back(std::move(row));
    }

    /// A row may hold one local event of each side, once the flow has begun.
    void add_local(Row row, std::size_t side) {
        if (has_begun_ && !rows_.back().wire && cell_of(rows_.back(), side).empty() &&
            !std::exchange(last_row_is_shared_, true)) {
            cell_of(rows_.back(), side) = std::move(cell_of(row, side));
            return;
        }
        last_row_is_shared_ = false;
        rows_.push_back(std::move(row));
    }

    /// Both heads wait for each other: of the departures, the one that left first gets two rows.
    void split() {
        std::size_t side = 0;
        const bool left = has_head(0) && head(0).kind == Item::Kind::departure;
        const bool right = has_head(1) && head(1).kind == Item::Kind::departure;
        if (right && (!left || order_of(1) < order_of(0))) side = 1;
        Item item = std::move(head(side));
        ++at_[side];
        has_begun_ = true;
        split_[item.crossing] = next_letter_;
        next_letter_ = next_letter_ == 'z' ? 'a' : static_cast<char>(next_letter_ + 1);
        Row row;
        row.wire = items_.crossings[item.crossing].wire;
        row.wire->part = Wire::Part::departure;
        row.wire->letter = split_[item.crossing];
        cell_of(row, side) = std::move(item.cell);
        rows_.push_back(std::move(row));
    }

    Items& items_;
    std::vector<char> split_;  // letter of a crossing drawn in two rows, 0 = not
    std::array<std::size_t, 2> at_{};
    std::vector<Row> rows_;
    bool last_row_is_shared_ = false;
    bool has_begun_ = false;  // a segment was drawn
    char next_letter_ = 'a';
};

bool tells_only_of_bytes(const Cell& cell) {
    return !cell.gauge && (cell.text.empty() || cell.text.starts_with("▸ ") ||
                           (cell.text.starts_with("◂ ") && cell.text != "◂ EOF"));
}

/// Whether a row may disappear in a fold of data that goes from `from`.
bool may_fold(const Row& row, Side from) {
    if (!tells_only_of_bytes(row.left) || !tells_only_of_bytes(row.right)) return false;
    if (!row.wire) return true;
    if (row.wire->fate != WireFate::delivered || row.wire->retransmission > 0) return false;
    return row.wire->from == from ? row.wire->length > 0 : row.wire->is_pure_ack;
}

Row folded(std::span<const Row> rows, Side from, std::uint64_t number) {
    Row row;
    Fold fold{number, 0, 0};
    Cell& sender = from == Side::left ? row.left : row.right;
    Cell& receiver = from == Side::left ? row.right : row.left;
    for (const Row& inner : rows) {
        if (!inner.wire || inner.wire->from != from) continue;
        const Cell& departed = from == Side::left ? inner.left : inner.right;
        const Cell& arrived = from == Side::left ? inner.right : inner.left;
        if (sender.empty()) sender = departed;
        if (!arrived.empty()) receiver = arrived;
        fold.segments += 1;
        fold.octets += inner.wire->length;
        if (!row.wire) row.wire = inner.wire;
    }
    sender.text = fmt::format("▸ {} B", with_commas(fold.octets));
    receiver.text = fmt::format("◂ {} B", with_commas(fold.octets));
    row.fold = fold;
    return row;
}

/// Rows that data of one direction stands on without a break.
struct Run {
    std::size_t end = 0;
    std::size_t segments = 0;  // of data
};

Run run_at(std::span<const Row> rows, std::size_t first) {
    Run run{first, 0};
    const auto& wire = rows[first].wire;
    if (!wire || wire->length == 0) return run;
    while (run.end < rows.size() && may_fold(rows[run.end], wire->from)) {
        const auto& inner = rows[run.end].wire;
        if (inner && inner->from == wire->from) ++run.segments;
        ++run.end;
    }
    return run;
}

std::vector<Row> fold_rows(std::vector<Row> rows, const LadderOptions& options) {
    if (options.fold_from == 0) return rows;
    std::vector<Row> out;
    std::uint64_t number = 0;
    for (std::size_t first = 0; first < rows.size();) {
        const Run run = run_at(rows, first);
        const bool is_fold = run.segments >= options.fold_from;
        if (is_fold) ++number;
        const bool is_open =
            is_fold && std::ranges::find(options.open_folds, number) != options.open_folds.end();
        if (!is_fold || is_open) {
            const std::size_t until = is_open ? run.end : first + 1;
            while (first < until) out.push_back(std::move(rows[first++]));
            continue;
        }
        const auto inner = std::span{rows}.subspan(first, run.end - first);
        out.push_back(folded(inner, inner.front().wire->from, number));
        first = run.end;
    }
    return out;
}

std::string program_of(const Trace& trace, event::HostIndex host, const Ladder& ladder, Side side) {
    for (const event::Event& event : trace.events) {
        const auto* call = std::get_if<event::CallMade>(&event.body);
        if (call == nullptr || event.host != host || call->caller.pid == 0) continue;
        const bool fits =
            side == Side::left
                ? call->call == event::Call::connect && call->local == ladder.flow.client
                : call->call == event::Call::listen && call->local.port == ladder.flow.server.port;
        if (fits) return trace.program(call->caller.pid);
    }
    return {};
}

Duration longest_time(const Ladder& ladder) {
    Duration longest{};
    for (const Row& row : ladder.rows) {
        for (const Cell* cell : {&row.left, &row.right}) {
            if (cell->at) longest = std::max(longest, std::chrono::abs(*cell->at - ladder.zero));
        }
    }
    return longest;
}

/// The flow's first event: the client's first call on its socket, else the first segment.
Instant first_moment(const std::vector<Row>& rows, Instant first_segment) {
    for (const Row& row : rows) {
        if (row.left.at && *row.left.at <= first_segment) return *row.left.at;
    }
    return first_segment;
}

}  // namespace

Tone tone_of(const Wire& wire) {
    if (wire.fate != WireFate::delivered) return Tone::bad;
    if (wire.retransmission > 0) return Tone::held;
    return wire.is_pure_ack ? Tone::faint : Tone::plain;
}

Ladder make_ladder(const Trace& trace, const Flow& flow, const LadderOptions& options) {
    Items items = ItemBuilder(trace, flow, options).build();
    Ladder ladder;
    ladder.flow = flow;
    ladder.notes = std::move(items.notes);
    std::vector<Row> rows = RowOrder(items).rows();
    ladder.zero = first_moment(rows, flow.began);
    ladder.rows = fold_rows(std::move(rows), options);
    ladder.unit = unit_for(longest_time(ladder));
    ladder.wall = options.wall;
    ladder.detail = options.detail;
    ladder.left_title =
        fmt::format("{} {}", trace.host(flow.client_host), wire::print(flow.client.addr).view());
    ladder.right_title =
        fmt::format("{} {}", trace.host(flow.server_host), wire::print(flow.server.addr).view());
    ladder.left_program = program_of(trace, flow.client_host, ladder, Side::left);
    ladder.right_program = program_of(trace, flow.server_host, ladder, Side::right);
    return ladder;
}

}  // namespace dt::observe
