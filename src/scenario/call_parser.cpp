// The left column of a rung: a call of the program, or time that passes.
#include "scenario/call_parser.hpp"

#include <array>

namespace dt::scenario {
namespace {

struct VerbRow {
    Verb verb;
    std::string_view name;
    std::size_t least;  // arguments
    std::size_t most;
};
constexpr auto verbs = std::to_array<VerbRow>({
    {Verb::socket, "socket", 0, 1},
    {Verb::bind, "bind", 1, 1},
    {Verb::listen, "listen", 1, 1},
    {Verb::connect, "connect", 0, 1},
    {Verb::disconnect, "disconnect", 0, 0},
    {Verb::accept, "accept", 0, 0},
    {Verb::read, "read", 0, 1},
    {Verb::peek, "peek", 0, 1},
    {Verb::write, "write", 1, 1},
    {Verb::sendto, "sendto", 1, 2},
    {Verb::recvfrom, "recvfrom", 0, 1},
    {Verb::shutdown, "shutdown", 1, 1},
    {Verb::close, "close", 0, 1},
    {Verb::setsockopt, "setsockopt", 2, 2},
    {Verb::getsockopt, "getsockopt", 1, 1},
    {Verb::getsockname, "getsockname", 0, 0},
    {Verb::getpeername, "getpeername", 0, 0},
    {Verb::poll, "poll", 0, 0},
    {Verb::unread, "unread", 0, 0},
    {Verb::unsent, "unsent", 0, 0},
});

/// Answers are what these calls are made for.
bool wants_answer(Verb verb) {
    return verb == Verb::getsockopt || verb == Verb::poll || verb == Verb::unread ||
           verb == Verb::unsent || verb == Verb::getsockname;
}

Sleep parse_sleep(Words& words) {
    Sleep sleep;
    sleep.place = words.place();
    const auto word = words.take();
    const auto by = duration_of(word.substr(1));
    if (!by) words.complain(sleep.place, "a time such as +60s, +40ms, +1.5s", word);
    sleep.by = by.value_or(Duration{});
    sleep.tolerance = 1ms;
    if (words.front().starts_with('~')) {
        const Place at = words.place();
        const auto given = words.take();
        const auto tolerance = duration_of(given.substr(1));
        if (!tolerance) words.complain(at, "a tolerance such as ~20ms", given);
        sleep.tolerance = tolerance.value_or(Duration{});
    }
    return sleep;
}

const VerbRow* row_of(std::string_view name) {
    for (const VerbRow& row : verbs) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

Call parse_call(Words& words) {
    Call call;
    call.place = words.place();
    auto word = words.take();
    if (const auto dot = word.find('.'); dot != std::string_view::npos) {
        call.socket = word.substr(0, dot);
        word.remove_prefix(dot + 1);
    }
    const VerbRow* row = row_of(word);
    if (row == nullptr) {
        words.complain(call.place, "a call, or a time such as +60s", word);
        return call;
    }
    call.verb = row->verb;
    while (!words.empty() && words.front() != "=") call.arguments.emplace_back(words.take());
    if (call.arguments.size() < row->least || call.arguments.size() > row->most) {
        words.complaint().at(call.place, "wrong number of arguments for " + std::string(word));
    }
    if (words.take("=")) {
        if (words.empty()) words.complain(words.place(), "an answer behind =", "");
        call.expected = words.take();
    } else if (wants_answer(call.verb)) {
        words.complain(words.place(), "= and an answer", words.front());
    }
    return call;
}

}  // namespace

std::variant<std::monostate, Call, Sleep> parse_left(Piece piece, Complaint& complaint) {
    Words words(piece, complaint);
    words.take_last("->");
    if (words.empty()) return {};
    std::variant<std::monostate, Call, Sleep> left;
    if (words.front().starts_with('+')) {
        left = parse_sleep(words);
    } else {
        left = parse_call(words);
    }
    if (!words.empty()) words.complain(words.place(), "the end of the call", words.front());
    return left;
}

std::string_view name_of(Verb verb) {
    for (const VerbRow& row : verbs) {
        if (row.verb == verb) return row.name;
    }
    return "";
}

}  // namespace dt::scenario
