// A scenario's text to a Script: title, settings, then rungs.
#include "scenario/parser.hpp"

#include <array>

#include "scenario/call_parser.hpp"
#include "scenario/numbers.hpp"
#include "scenario/packet_parser.hpp"
#include "scenario/settings_parser.hpp"

namespace dt::scenario {
namespace {

constexpr std::array all_states{
    event::State::closed,       event::State::listen,      event::State::syn_sent,
    event::State::syn_received, event::State::established, event::State::fin_wait_1,
    event::State::fin_wait_2,   event::State::close_wait,  event::State::closing,
    event::State::last_ack,     event::State::time_wait};

NumberCheck parse_number(Words& words, std::string_view name, Place at) {
    if (number_row(name) == nullptr) {
        words.complain(at, "a state, or a check that docs/howto/scenario.md lists", name);
    }
    return {std::string(name), words.take_number<std::uint64_t>("a number")};
}

QueuesCheck parse_queues(Words& words) {
    QueuesCheck queues;
    queues.syn = words.take_number<std::uint32_t>("the length of the SYN queue");
    const Place at = words.place();
    const auto word = words.take();
    const auto slash = word.find('/');
    constexpr std::uint32_t most = 0xffff'ffff;
    const auto length = number_in<std::uint32_t>(word.substr(0, slash), 0, most);
    const auto limit = slash == std::string_view::npos
                           ? std::nullopt
                           : number_in<std::uint32_t>(word.substr(slash + 1), 0, most);
    if (!length || !limit) words.complain(at, "ACCEPT/LIMIT", word);
    queues.accept = length.value_or(0);
    queues.limit = limit.value_or(0);
    return queues;
}

CountCheck parse_count(Words& words) {
    const Place at = words.place();
    const auto word = words.take();
    const auto state = state_of(word);
    if (!state) words.complain(at, "a state such as TIME-WAIT", word);
    return {state.value_or(event::State::closed), words.take_number<std::uint64_t>("a number")};
}

ReasonCheck parse_reason(Words& words) {
    const Place at = words.place();
    const auto word = words.take();
    for (std::size_t i = 0; i < event::reason_count; ++i) {
        const auto reason = static_cast<event::Reason>(i);
        if (event::describe(reason).name == word) return {reason};
    }
    words.complain(at, "a reason that `dialtone explain` lists", word);
    return {};
}

Check parse_check(Piece piece, Complaint& complaint) {
    Words words(piece, complaint);
    Check check;
    check.place = piece.place;
    const auto word = words.take();
    if (const auto state = state_of(word)) {
        check.what = StateCheck{*state};
    } else if (word == "queues") {
        check.what = parse_queues(words);
    } else if (word == "counter") {
        const Place at = words.place();
        check.what = parse_number(words, words.take(), at);
    } else if (word == "count") {
        check.what = parse_count(words);
    } else if (word == "reason") {
        check.what = parse_reason(words);
    } else if (word == "no") {
        if (!words.take("packet")) words.complain(words.place(), "'packet'", words.front());
        check.what = SilenceCheck{};
    } else {
        check.what = parse_number(words, word, piece.place);
    }
    if (!words.empty()) words.complain(words.place(), "the end of the check", words.front());
    return check;
}

/// Takes the arrow's tail off: `S 0:0(0) ----->`.
Piece without_tail(Piece piece) {
    const auto end = piece.text.find_last_not_of("->");
    if (end == std::string_view::npos) return {"", piece.place};
    const bool has_tail = end + 1 < piece.text.size() && piece.text[end] == ' ';
    if (has_tail) piece.text = piece.text.substr(0, piece.text.find_last_not_of(' ', end) + 1);
    return piece;
}

Piece behind(Piece piece, std::size_t count) {
    const auto begin = std::min(piece.text.find_first_not_of(' ', count), piece.text.size());
    return {piece.text.substr(begin),
            {piece.place.line, piece.place.column + static_cast<std::uint32_t>(begin)}};
}

std::variant<std::monostate, Expect, Inject> parse_middle(Piece piece, Complaint& complaint) {
    if (piece.text.empty()) return {};
    const auto arrow = piece.text.substr(0, 2);
    const Piece packet = without_tail(behind(piece, 2));
    if (arrow == "--") return Expect{parse_packet(packet, complaint)};
    if (arrow == "<-") return Inject{parse_packet(packet, complaint), Inject::Turn::own};
    if (arrow == "<=") return Inject{parse_packet(packet, complaint), Inject::Turn::batch};
    complaint.at(piece.place, "expected an arrow: -- (we send), <- or <= (the peer sends)");
    return {};
}

Rung parse_rung(std::string_view line, std::uint32_t number, Complaint& complaint) {
    const Columns columns = columns_of(line, number);
    Rung rung;
    rung.line = number;
    rung.left = parse_left(columns.left, complaint);
    rung.middle = parse_middle(columns.middle, complaint);
    for (const Piece& piece : parts_of(columns.right, ';')) {
        rung.right.push_back(parse_check(piece, complaint));
    }
    return rung;
}

void parse_preamble(Piece line, Script& script, Complaint& complaint) {
    Words words(line, complaint);
    const Place at = words.place();
    if (words.take("set")) {
        parse_setting(words, script.settings);
    } else if (words.take("given")) {
        script.given_place = words.place();
        while (!words.empty()) {
            script.given += (script.given.empty() ? "" : " ") + std::string(words.take());
        }
    } else {
        words.complain(at, "a rung with two bars, `set` or `given`", words.front());
    }
    if (!words.empty()) words.complain(words.place(), "the end of the line", words.front());
}

void parse_line(const std::string& line, std::uint32_t number, Script& script, Complaint& wrong) {
    switch (kind_of(line)) {
        case LineKind::blank:
        case LineKind::comment:
        case LineKind::heading: return;
        case LineKind::setting:
            if (!script.rungs.empty()) wrong.at({number, 1}, "expected a rung with two bars");
            parse_preamble({line, {number, 1}}, script, wrong);
            return;
        case LineKind::rung: script.rungs.push_back(parse_rung(line, number, wrong)); return;
    }
}

}  // namespace

std::optional<event::State> state_of(std::string_view text) {
    for (const event::State state : all_states) {
        if (event::name(state) == text) return state;
    }
    return std::nullopt;
}

std::expected<Script, Problem> parse(std::string_view text) {
    Script script;
    Complaint wrong;
    script.lines = lines_of(text);
    if (script.lines.empty() || kind_of(script.lines[0]) != LineKind::setting) {
        return std::unexpected(Problem{{1, 1}, "the first line is the title"});
    }
    script.title = script.lines[0];
    for (std::size_t i = 1; i < script.lines.size() && !wrong.problem(); ++i) {
        parse_line(script.lines[i], static_cast<std::uint32_t>(i + 1), script, wrong);
    }
    if (script.rungs.empty()) wrong.at({1, 1}, "the ladder has no rung");
    if (wrong.problem()) return std::unexpected(*wrong.problem());
    return script;
}

std::expected<std::vector<Rung>, Problem> parse_rungs(std::string_view text) {
    std::vector<Rung> rungs;
    Complaint wrong;
    std::uint32_t number = 0;
    for (const std::string& line : lines_of(text)) {
        ++number;
        if (kind_of(line) == LineKind::rung) rungs.push_back(parse_rung(line, number, wrong));
    }
    if (wrong.problem()) return std::unexpected(*wrong.problem());
    return rungs;
}

}  // namespace dt::scenario
