// Lanes as text and as JSON (UX §3).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "observe/lanes.hpp"
#include "observe/notes_json.hpp"

namespace dt::observe {

namespace {

constexpr std::size_t lane_usual = 22;
constexpr std::size_t lane_least = 12;
constexpr std::size_t notes_least = 26;
constexpr std::size_t gap = 2;  // after the time, and before the notes

std::string repeat(std::string_view sign, std::size_t count) {
    std::string out;
    for (std::size_t i = 0; i < count; ++i) out += sign;
    return out;
}

class LaneDrawing {
  public:
    LaneDrawing(const Lanes& lanes, const Paint& paint)
        : lanes_(lanes), paint_(paint), time_width_(lanes.wall ? 12 : 7) {
        const std::size_t hosts = lanes.hosts.size();
        const std::size_t used = time_width_ + gap + hosts + gap + notes_least;
        const std::size_t between = std::max<std::size_t>(hosts, 2) - 1;
        const std::size_t room = paint.width > used ? (paint.width - used) / between : 0;
        lane_ = std::clamp(room, lane_least, lane_usual);
        if (is_verbose()) widen();
        const std::size_t drawn = time_width_ + gap + hosts + between * lane_ + gap;
        notes_width_ =
            paint.width > drawn ? std::max(paint.width - drawn, notes_least) : notes_least;
    }

    std::string draw() {
        head();
        for (const LaneRow& row : lanes_.rows) draw_row(row);
        return out_ + notes_text(lanes_.notes, paint_);
    }

  private:
    [[nodiscard]] bool is_verbose() const {
        return lanes_.detail == LadderOptions::Detail::verbose;
    }
    void widen() {
        for (const LaneRow& row : lanes_.rows) {
            if (row.arrow) lane_ = std::max(lane_, cells(row.arrow->label) + 6);
        }
    }

    void line(std::string_view text) {
        while (text.ends_with(' ')) text.remove_suffix(1);
        out_ += paint_.plain(text);
        out_ += '\n';
    }

    /// The first name begins at its lifeline, the last ends at it, the others stand over theirs.
    void head() {
        std::string names(lanes_.hosts.size() + (lanes_.hosts.size() - 1) * lane_, ' ');
        const std::size_t last = lanes_.hosts.size() - 1;
        for (std::size_t i = 0; i <= last; ++i) {
            const std::string name = lanes_.hosts[i].substr(0, lane_);
            const std::size_t at = i * (lane_ + 1);
            std::size_t back = i == last ? name.size() - 1 : name.size() / 2;
            if (i == 0) back = 0;
            names.replace(at - std::min(at, back), name.size(), name);
        }
        const std::string_view unit =
            lanes_.wall ? std::string_view{lanes_.wall->zone} : name(lanes_.unit);
        line(paint_.right(unit, time_width_) + std::string(gap, ' ') + names +
             std::string(gap, ' ') + "notes");
    }

    void draw_row(const LaneRow& row) {
        const std::string time = lanes_.wall
                                     ? time_of_day(row.at.time_since_epoch() + lanes_.wall->offset)
                                     : in_unit(row.at - lanes_.zero, lanes_.unit);
        std::string text =
            paint_.tint(paint_.right(time == "-0.0" ? "0.0" : time, time_width_), Tone::faint);
        text += std::string(gap, ' ') + lifelines(row) + std::string(gap, ' ') + notes_of(row);
        line(text);
    }

    [[nodiscard]] std::string lifelines(const LaneRow& row) const {
        const std::size_t first = row.arrow ? std::min(row.arrow->from, row.arrow->to) : 0;
        const std::size_t last = row.arrow ? std::max(row.arrow->from, row.arrow->to) : 0;
        std::string text = "│";
        for (std::size_t lane = 0; lane + 1 < lanes_.hosts.size(); ++lane) {
            if (row.arrow && lane == first) {
                text += paint_.tint(arrow_text(*row.arrow, last - first), row.arrow->tone);
            } else if (lane < first || lane >= last) {
                text += std::string(lane_, ' ');
            }
            if (lane < first || lane + 1 >= last) text += "│";
        }
        return text;
    }

    /// An arrow over `count` lanes: its label stands in the first one, lifelines that it passes are
    /// crossed.
    [[nodiscard]] std::string arrow_text(const LaneArrow& arrow, std::size_t count) const {
        const bool rightwards = arrow.from < arrow.to;
        const std::string_view sign = arrow.is_fold ? "┄" : "─";
        const bool is_lost = arrow.fate == WireFate::lost;
        const std::string label =
            cells(arrow.label) <= lane_ - 6 || is_verbose() || cells(arrow.label) + 5 == lane_
                ? arrow.label
                : paint_.left(arrow.label, lane_ - 5);
        const std::size_t begun = 3 + cells(label) + 1;  // `── LABEL `
        std::string text = rightwards ? repeat(sign, 2) : (is_lost ? "╳" : "◀") + std::string{sign};
        text += " " + label + " ";
        const std::size_t end = count * lane_ + (count - 1);
        const std::size_t head = rightwards ? 1 : 0;
        const std::size_t reach = is_lost && rightwards ? std::max(begun + 1, end * 3 / 4) : end;
        for (std::size_t at = begun; at + head < reach; ++at) {
            text += (at + 1) % (lane_ + 1) == 0 ? std::string_view{"┼"} : sign;
        }
        if (rightwards) text += is_lost ? "╳" : "▶";
        for (std::size_t at = reach; at < end; ++at) {
            text += (at + 1) % (lane_ + 1) == 0 ? "│" : " ";
        }
        return text;
    }

    [[nodiscard]] std::string notes_of(const LaneRow& row) const {
        std::string text;
        Tone tone = Tone::plain;
        for (const LaneNote& note : row.notes) {
            if (!text.empty()) text += " · ";
            text += note_text(note);
            if (note.tone != Tone::plain) tone = note.tone;
        }
        const std::string shown = is_verbose() ? text : paint_.left(text, notes_width_);
        return paint_.tint(shown.substr(0, shown.find_last_not_of(' ') + 1), tone);
    }

    [[nodiscard]] std::string note_text(const LaneNote& note) const {
        const std::string& host = lanes_.hosts[note.host];
        const bool has_mark = note.text.starts_with("✗L");
        const std::size_t space = note.text.find(' ');
        std::string text =
            has_mark && space != std::string::npos
                ? fmt::format("{} {}:{}", note.text.substr(0, space), host, note.text.substr(space))
                : fmt::format("{}: {}", host, note.text);
        if (note.gauge) {
            text += fmt::format("{}{}  {}/{}{}", note.text.empty() ? "" : "  ",
                                note.gauge->syn_queue, note.gauge->accept_queue, note.gauge->limit,
                                note.gauge->is_full() ? "!" : "");
        }
        return text;
    }

    const Lanes& lanes_;
    const Paint& paint_;
    std::string out_;
    std::size_t time_width_;
    std::size_t lane_ = lane_usual;
    std::size_t notes_width_ = notes_least;
};

nlohmann::json json_of(const LaneRow& row, const Lanes& lanes, const Numbering& numbering) {
    constexpr std::string_view fates[]{"delivered", "lost", "refused"};
    nlohmann::json notes = nlohmann::json::array();
    for (const LaneNote& note : row.notes) {
        nlohmann::json out{{"host", lanes.hosts[note.host]}, {"text", note.text}};
        if (note.event != 0) out["event"] = numbering.label(note.event);
        if (note.gauge) {
            out["queues"] = {{"syn", note.gauge->syn_queue},
                             {"accept", note.gauge->accept_queue},
                             {"limit", note.gauge->limit}};
        }
        notes.push_back(std::move(out));
    }
    nlohmann::json out{{"t_ms", static_cast<double>((row.at - lanes.zero).count()) / 1e6},
                       {"notes", std::move(notes)}};
    if (row.arrow) {
        out["wire"] = {{"from", lanes.hosts[row.arrow->from]},
                       {"to", lanes.hosts[row.arrow->to]},
                       {"segment", row.arrow->label},
                       {"fate", fates[static_cast<std::size_t>(row.arrow->fate)]},
                       {"packet", numbering.label(row.arrow->event)}};
    }
    return out;
}

}  // namespace

std::string lanes_text(const Lanes& lanes, const Paint& paint) {
    return lanes.hosts.empty() ? std::string{} : LaneDrawing(lanes, paint).draw();
}

std::string lanes_json(const Lanes& lanes, const Trace& trace) {
    const Numbering numbering(trace.events);
    nlohmann::json rows = nlohmann::json::array();
    for (const LaneRow& row : lanes.rows) rows.push_back(json_of(row, lanes, numbering));
    const nlohmann::json document{{"schema", "dialtone.lanes/1"},
                                  {"hosts", lanes.hosts},
                                  {"flows", lanes.flows},
                                  {"rows", std::move(rows)},
                                  {"notes", notes_json(lanes.notes)}};
    return document.dump(2) + "\n";
}

}  // namespace dt::observe
