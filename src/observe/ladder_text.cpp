// The ladder as text: columns, arrows, margins, footnotes (UX §3).
#include <fmt/format.h>

#include <algorithm>

#include "observe/ladder.hpp"

namespace dt::observe {

namespace {

constexpr std::size_t time_width = 7;
constexpr std::size_t left_width = 23;
constexpr std::size_t right_width = 22;
constexpr std::size_t gauge_width = 8;
constexpr std::size_t wire_min = 27;
// Times, texts, both lifelines and the spaces between them; the gauge only where it has room.
constexpr std::size_t fixed = time_width + 1 + left_width + 1 + 1 + 1 + right_width + time_width;
constexpr std::size_t with_gauge = fixed + 1 + gauge_width;

std::string repeat(std::string_view sign, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += sign;
    return out;
}

/// One picture's layout and pen.
class Drawing {
  public:
    Drawing(const Ladder& ladder, const Paint& paint) : ladder_(ladder), paint_(paint) {
        gauge_beside_ = paint.width >= with_gauge + wire_min;
        const std::size_t used = gauge_beside_ ? with_gauge : fixed;
        wire_width_ = std::max<std::size_t>(wire_min - (gauge_beside_ ? 0 : wire_min - 17),
                                            paint.width > used ? paint.width - used - 1 : 0);
    }

    std::string draw() {
        head();
        for (const Row& row : ladder_.rows) draw_row(row);
        for (const Footnote& note : ladder_.notes) draw_note(note);
        return std::move(out_);
    }

  private:
    void line(const std::string& text) {
        std::string_view trimmed = text;
        while (trimmed.ends_with(' ')) trimmed.remove_suffix(1);
        out_ += paint_.plain(trimmed);
        out_ += '\n';
    }

    void head() {
        const std::string unit{name(ladder_.unit)};
        const std::string gap(wire_width_, ' ');
        line(fit_right(unit, time_width) + " " + fit_left(ladder_.left_title, left_width) + "│" +
             gap + "│ " + fit_left(ladder_.right_title, right_width) + fit_right(unit, time_width) +
             (gauge_beside_ && has_gauge() ? " SYN  ACC" : ""));
        if (ladder_.left_program.empty() && ladder_.right_program.empty()) return;
        line(std::string(time_width + 1, ' ') + fit_left(ladder_.left_program, left_width) + "│" +
             gap + "│ " + ladder_.right_program);
    }

    [[nodiscard]] bool has_gauge() const {
        return std::ranges::any_of(ladder_.rows,
                                   [](const Row& row) { return row.right.gauge.has_value(); });
    }

    [[nodiscard]] std::string time_of(const Cell& cell) const {
        const std::string text = cell.at ? in_unit(*cell.at - ladder_.zero, ladder_.unit) : "";
        return paint_.tint(fit_right(text == "-0.0" ? "0.0" : text, time_width), Tone::faint);
    }

    void draw_row(const Row& row) {
        std::string text = time_of(row.left) + " ";
        text += paint_.tint(fit_left(row.left.text, left_width), row.left.tone);
        text += "│" + wire_text(row) + "│ ";
        text += paint_.tint(fit_left(row.right.text, right_width), row.right.tone);
        text += time_of(row.right);
        if (row.fold) text += " " + fit_right(fmt::format("f{}", row.fold->number), gauge_width);
        if (row.right.gauge && gauge_beside_) text += " " + gauge_text(*row.right.gauge);
        line(text);
        if (row.right.gauge && !gauge_beside_) {
            line(std::string(fixed + wire_width_ - gauge_width - 1, ' ') +
                 gauge_text(*row.right.gauge));
        }
    }

    [[nodiscard]] std::string gauge_text(const Gauge& gauge) const {
        const std::string text = fmt::format("{}  {}/{}{}", gauge.syn_queue, gauge.accept_queue,
                                             gauge.limit, gauge.is_full() ? "!" : "");
        return paint_.tint(fit_right(text, gauge_width),
                           gauge.is_full() ? Tone::bad : Tone::strong);
    }

    [[nodiscard]] std::string wire_text(const Row& row) const {
        if (row.fold) return fold_text(*row.fold, row.wire->from);
        if (!row.wire) return std::string(wire_width_, ' ');
        const Wire& wire = *row.wire;
        if (wire.part != Wire::Part::whole) return half_text(wire);
        const Tone tone = wire.fate != WireFate::delivered ? Tone::bad
                          : wire.retransmission > 0        ? Tone::held
                          : wire.is_pure_ack               ? Tone::faint
                                                           : Tone::plain;
        return paint_.tint(wire.fate == WireFate::lost ? lost_text(wire) : arrow(wire), tone);
    }

    [[nodiscard]] std::string arrow(const Wire& wire) const {
        const std::string label = fit_label(wire.label, wire_width_ - 6);
        const std::size_t rest = wire_width_ - cells(label) - 5;
        return wire.from == Side::left ? "── " + label + " " + repeat("─", rest) + "▶"
                                       : "◀── " + label + " " + repeat("─", rest);
    }

    [[nodiscard]] std::string lost_text(const Wire& wire) const {
        const std::size_t reach = wire_width_ * 3 / 4;
        const std::string label = fit_label(wire.label, reach - 6);
        const std::string drawn =
            wire.from == Side::left
                ? "── " + label + " " + repeat("─", reach - cells(label) - 5) + "╳"
                : "╳" + repeat("─", reach - cells(label) - 5) + " " + label + " ──";
        return wire.from == Side::left ? fit_left(drawn, wire_width_)
                                       : fit_right(drawn, wire_width_);
    }

    /// A segment drawn in two rows: it leaves with its label, it arrives with its letter.
    [[nodiscard]] std::string half_text(const Wire& wire) const {
        const bool rightwards = wire.from == Side::left;
        if (wire.part == Wire::Part::departure) {
            const std::string label = fit_label(wire.label, wire_width_ - 11);
            return rightwards
                       ? fit_left(fmt::format("── {}  {} ──▸", wire.letter, label), wire_width_)
                       : fit_right(fmt::format("◂─ {}  {} ─", wire.letter, label), wire_width_);
        }
        return rightwards ? fit_right(fmt::format("▸─── {} ────▶", wire.letter), wire_width_)
                          : fit_left(fmt::format("◀──── {} ───◂", wire.letter), wire_width_);
    }

    [[nodiscard]] std::string fold_text(const Fold& fold, Side from) const {
        const std::string label =
            fit_label(fmt::format("{} segments, 0 lost", fold.segments), wire_width_ - 6);
        const std::size_t rest = wire_width_ - cells(label) - 4;
        return from == Side::left ? "┄ " + label + " " + repeat("┄", rest) + "▶"
                                  : "◀┄ " + label + " " + repeat("┄", rest);
    }

    [[nodiscard]] static std::string fit_label(const std::string& label, std::size_t width) {
        return cells(label) <= width ? label : fit_left(label, width);
    }

    void draw_note(const Footnote& note) {
        std::string text =
            paint_.tint(fmt::format("✗L{}", note.number), Tone::bad) + " " + note.sentence;
        if (!note.packet.empty()) text += fmt::format(" ({})", note.packet);
        if (!note.next.empty()) text += "; " + note.next;
        line(text);
    }

    const Ladder& ladder_;
    const Paint& paint_;
    std::string out_;
    std::size_t wire_width_ = wire_min;
    bool gauge_beside_ = true;
};

}  // namespace

std::string ladder_text(const Ladder& ladder, const Paint& paint) {
    return Drawing(ladder, paint).draw();
}

}  // namespace dt::observe
