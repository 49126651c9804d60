// The ladder as JSON: the same rows, whole texts, event numbers as users see them.
#include <nlohmann/json.hpp>

#include "observe/ladder.hpp"
#include "observe/notes_json.hpp"

namespace dt::observe {

namespace {

using nlohmann::json;

double seconds(Duration time) { return static_cast<double>(time.count()) / 1e9; }
double milliseconds(Duration time) { return static_cast<double>(time.count()) / 1e6; }

json json_of(const Cell& cell, const Ladder& ladder, const Numbering& numbering) {
    if (cell.empty() && cell.text.empty()) return nullptr;
    json out{{"text", cell.text}};
    if (cell.at) out["t_ms"] = milliseconds(*cell.at - ladder.zero);
    if (cell.event != 0) out["event"] = numbering.label(cell.event);
    if (cell.gauge) {
        out["queues"] = {{"syn", cell.gauge->syn_queue},
                         {"accept", cell.gauge->accept_queue},
                         {"limit", cell.gauge->limit}};
    }
    return out;
}

json json_of(const Wire& wire, const Numbering& numbering) {
    constexpr std::string_view fates[]{"delivered", "lost", "refused"};
    constexpr std::string_view parts[]{"whole", "departure", "arrival"};
    return {{"from", wire.from == Side::left ? "left" : "right"},
            {"segment", wire.label},
            {"fate", fates[static_cast<std::size_t>(wire.fate)]},
            {"part", parts[static_cast<std::size_t>(wire.part)]},
            {"length", wire.length},
            {"retransmission", wire.retransmission},
            {"packet", numbering.label(wire.event)}};
}

}  // namespace

std::string ladder_json(const Ladder& ladder, const Trace& trace) {
    const Numbering numbering(trace.events);
    json rows = json::array();
    for (const Row& row : ladder.rows) {
        json out{{"left", json_of(row.left, ladder, numbering)},
                 {"right", json_of(row.right, ladder, numbering)}};
        if (row.wire) out["wire"] = json_of(*row.wire, numbering);
        if (row.fold) {
            out["fold"] = {{"id", "f" + std::to_string(row.fold->number)},
                           {"segments", row.fold->segments},
                           {"octets", row.fold->octets}};
        }
        rows.push_back(std::move(out));
    }
    const json document{
        {"schema", "dialtone.ladder/1"},
        {"flow", ladder.flow.number},
        {"zero_s", seconds(ladder.zero - trace.began)},
        {"zero_wall_s", trace.wall_offset
                            ? json(seconds(ladder.zero.time_since_epoch() + *trace.wall_offset))
                            : json(nullptr)},
        {"left",
         {{"host", trace.host(ladder.flow.client_host)},
          {"endpoint", wire::print(ladder.flow.client).view()},
          {"program", ladder.left_program}}},
        {"right",
         {{"host", trace.host(ladder.flow.server_host)},
          {"endpoint", wire::print(ladder.flow.server).view()},
          {"program", ladder.right_program}}},
        {"rows", std::move(rows)},
        {"notes", notes_json(ladder.notes)}};
    return document.dump(2) + "\n";
}

}  // namespace dt::observe
