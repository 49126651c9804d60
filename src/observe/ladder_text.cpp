// The ladder as text: columns, arrows, margins, footnotes (UX §3).
#include <fmt/format.h>

#include <algorithm>

#include "observe/ladder.hpp"
#include "observe/notes.hpp"

namespace dt::observe {

namespace {

constexpr std::size_t gauge_width = 8;
constexpr std::size_t wire_least = 17;
constexpr std::size_t wire_usual = 27;
constexpr std::size_t arrow_signs = 6;  // of a wire text: what is no label

/// Cells of each column. A time of day takes its room from the texts; whole texts take what they
/// need.
struct Layout {
    std::size_t time = 7;
    std::size_t left = 23;
    std::size_t wire = wire_usual;
    std::size_t right = 22;
    bool gauge_beside = true;

    // Both times and texts, both lifelines and the spaces between them.
    [[nodiscard]] std::size_t fixed() const { return time + 1 + left + 1 + 1 + 1 + right + time; }
    [[nodiscard]] std::size_t with_gauge() const { return fixed() + 1 + gauge_width; }
};

void widen(Layout& layout, const Ladder& ladder) {
    for (const Row& row : ladder.rows) {
        layout.left = std::max(layout.left, cells(row.left.text) + 1);
        layout.right = std::max(layout.right, cells(row.right.text) + 1);
        if (row.wire) {
            layout.wire = std::max(layout.wire, cells(row.wire->label) + 2 * arrow_signs);
        }
    }
}

Layout layout_of(const Ladder& ladder, const Paint& paint) {
    Layout layout;
    if (ladder.wall) {
        constexpr std::size_t more = 5;  // 14:02:31.123
        layout.time += more;
        layout.left -= more;
        layout.right -= more;
    }
    layout.gauge_beside = paint.width >= layout.with_gauge() + wire_usual;
    const std::size_t used = layout.gauge_beside ? layout.with_gauge() + 1 : layout.fixed();
    const std::size_t least = layout.gauge_beside ? wire_usual : wire_least;
    layout.wire = std::max(least, paint.width > used ? paint.width - used : 0);
    if (ladder.detail == LadderOptions::Detail::verbose) widen(layout, ladder);
    return layout;
}

Tone tone_of_queues(const Gauge& gauge) {
    if (gauge.is_full()) return Tone::bad;
    return gauge.is_filling() ? Tone::held : Tone::strong;
}

std::string repeat(std::string_view sign, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += sign;
    return out;
}

/// One picture's layout and pen.
class Drawing {
  public:
    Drawing(const Ladder& ladder, const Paint& paint)
        : ladder_(ladder), paint_(paint), layout_(layout_of(ladder, paint)) {}

    std::string draw() {
        head();
        for (const Row& row : ladder_.rows) draw_row(row);
        return out_ + notes_text(ladder_.notes, paint_);
    }

  private:
    void line(std::string_view text) {
        while (text.ends_with(' ')) text.remove_suffix(1);
        out_ += paint_.plain(text);
        out_ += '\n';
    }

    void head() {
        const std::string unit{ladder_.wall ? std::string_view{ladder_.wall->zone}
                                            : name(ladder_.unit)};
        const std::string gap(layout_.wire, ' ');
        line(paint_.right(unit, layout_.time) + " " +
             paint_.left(ladder_.left_title, layout_.left) + "│" + gap + "│ " +
             paint_.left(ladder_.right_title, layout_.right) + paint_.right(unit, layout_.time) +
             (layout_.gauge_beside && has_gauge() ? " SYN  ACC" : ""));
        if (ladder_.left_program.empty() && ladder_.right_program.empty()) return;
        line(std::string(layout_.time + 1, ' ') + paint_.left(ladder_.left_program, layout_.left) +
             "│" + gap + "│ " + ladder_.right_program);
    }

    [[nodiscard]] bool has_gauge() const {
        return std::ranges::any_of(ladder_.rows,
                                   [](const Row& row) { return row.right.gauge.has_value(); });
    }

    [[nodiscard]] std::string time_of(const Cell& cell) const {
        std::string text;
        if (cell.at && ladder_.wall) {
            text = time_of_day(cell.at->time_since_epoch() + ladder_.wall->offset);
        } else if (cell.at) {
            text = in_unit(*cell.at - ladder_.zero, ladder_.unit);
            if (text == "-0.0") text = "0.0";
        }
        return paint_.tint(paint_.right(text, layout_.time),
                           text.empty() ? Tone::plain : Tone::faint);
    }

    void draw_row(const Row& row) {
        std::string text = time_of(row.left) + " ";
        text += paint_.tint(paint_.left(row.left.text, layout_.left), row.left.tone);
        text += "│" + wire_text(row) + "│ ";
        text += paint_.tint(paint_.left(row.right.text, layout_.right), row.right.tone);
        text += time_of(row.right);
        std::string beside;
        if (row.fold) beside = paint_.right(fmt::format("f{}", row.fold->number), gauge_width);
        if (row.right.gauge) beside = gauge_text(*row.right.gauge);
        if (layout_.gauge_beside && !beside.empty()) text += " " + beside;
        line(text);
        if (!layout_.gauge_beside && !beside.empty()) {
            line(std::string(layout_.fixed() + layout_.wire - gauge_width, ' ') + beside);
        }
    }

    [[nodiscard]] std::string gauge_text(const Gauge& gauge) const {
        const std::string text = fmt::format("{}  {}/{}{}", gauge.syn_queue, gauge.accept_queue,
                                             gauge.limit, gauge.is_full() ? "!" : "");
        return paint_.tint(paint_.right(text, gauge_width), tone_of_queues(gauge));
    }

    [[nodiscard]] std::string wire_text(const Row& row) const {
        if (row.fold) return fold_text(*row.fold, row.wire->from);
        if (!row.wire) return repeat(" ", layout_.wire);
        const Wire& wire = *row.wire;
        const Tone tone = tone_of(wire);
        if (wire.part != Wire::Part::whole) return paint_.tint(half_text(wire), tone);
        return paint_.tint(wire.fate == WireFate::lost ? lost_text(wire) : arrow(wire), tone);
    }

    [[nodiscard]] std::string arrow(const Wire& wire) const {
        if (cells(wire.label) > layout_.wire - arrow_signs) return short_arrow(wire);
        const std::string& label = wire.label;
        const std::size_t rest = layout_.wire - cells(label) - 5;
        return wire.from == Side::left ? "── " + label + " " + repeat("─", rest) + "▶"
                                       : "◀── " + label + " " + repeat("─", rest);
    }

    /// Where there is little room, the text has it and the arrow is what is left.
    [[nodiscard]] std::string short_arrow(const Wire& wire) const {
        const std::string label = fit_label(wire.label, layout_.wire - 2);
        const std::size_t rest = layout_.wire - cells(label) - 2;
        if (wire.from == Side::right) return "◀" + repeat("─", rest) + " " + label;
        const bool begins_with_a_line = rest >= 2;
        return (begins_with_a_line ? "─ " : "") + label + " " +
               repeat("─", begins_with_a_line ? rest - 2 : rest) + "▶";
    }

    [[nodiscard]] std::string lost_text(const Wire& wire) const {
        const std::size_t wanted = cells(wire.label) + arrow_signs;
        const std::size_t reach =
            std::max(layout_.wire * 3 / 4, std::min(wanted, layout_.wire - 2));
        const std::string label = fit_label(wire.label, reach - arrow_signs);
        const std::string line = repeat("─", reach - cells(label) - 5);
        return wire.from == Side::left ? fit_left("── " + label + " " + line + "╳", layout_.wire)
                                       : fit_right("╳" + line + " " + label + " ──", layout_.wire);
    }

    /// A segment drawn in two rows: it leaves with its label, it arrives with its letter.
    [[nodiscard]] std::string half_text(const Wire& wire) const {
        const bool rightwards = wire.from == Side::left;
        const std::size_t width = layout_.wire;
        if (wire.part == Wire::Part::departure) {
            const std::string label = fit_label(wire.label, width - 11);
            return rightwards ? fit_left(fmt::format("── {}  {} ──▸", wire.letter, label), width)
                              : fit_right(fmt::format("◂─ {}  {} ─", wire.letter, label), width);
        }
        return rightwards ? fit_right(fmt::format("▸─── {} ────▶", wire.letter), width)
                          : fit_left(fmt::format("◀──── {} ───◂", wire.letter), width);
    }

    [[nodiscard]] std::string fold_text(const Fold& fold, Side from) const {
        const std::string label = fit_label(fmt::format("{} segments, 0 lost", fold.segments),
                                            layout_.wire - arrow_signs);
        const std::size_t rest = layout_.wire - cells(label) - 4;
        return from == Side::left ? "┄ " + label + " " + repeat("┄", rest) + "▶"
                                  : "◀┄ " + label + " " + repeat("┄", rest);
    }

    [[nodiscard]] std::string fit_label(const std::string& label, std::size_t width) const {
        return cells(label) <= width ? label : paint_.left(label, width);
    }

    const Ladder& ladder_;
    const Paint& paint_;
    const Layout layout_;
    std::string out_;
};

}  // namespace

std::string ladder_text(const Ladder& ladder, const Paint& paint) {
    return Drawing(ladder, paint).draw();
}

}  // namespace dt::observe
