// The report for a terminal.
#include "doctor/report.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "rules/fine.hpp"
#include "rules/number_text.hpp"

namespace dt::doctor {

namespace {

using observe::Tone;

std::string say(const Setting& setting, std::string_view part,
                const std::vector<rules::Value>& values) {
    return rules::filled(rules::text_of(setting.language, rules::rule(0), part), values);
}

/// `text` in lines of at most `width` cells, broken at spaces; further lines begin with `indent`
/// spaces. Wide letters (Hangul) take two cells.
std::string wrapped(std::string_view text, std::size_t indent, std::size_t width) {
    std::string out;
    std::size_t used = indent;
    bool is_first = true;
    while (!text.empty()) {
        const auto end = text.find(' ');
        const std::string_view word = text.substr(0, end);
        std::size_t wide = observe::cells(word);
        wide += static_cast<std::size_t>(std::ranges::count_if(word, [](char c) {
            const auto octet = static_cast<unsigned char>(c);
            return octet >= 0xea && octet <= 0xed;  // U+A000 to U+D7FF: Hangul
        }));
        if (!is_first && used + 1 + wide > width) {
            out += '\n' + std::string(indent, ' ');
            used = indent;
        } else if (!is_first) {
            out += ' ';
            ++used;
        }
        out += word;
        used += wide;
        is_first = false;
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    }
    return out;
}

enum class Fix : std::uint8_t { no, yes };

struct Section {
    std::string_view label;
    const std::vector<std::string_view>& parts;
    Fix is_fix = Fix::no;
};

std::string section(const rules::Finding& finding, const Section& what, rules::Language language,
                    const observe::Paint& paint) {
    std::string out;
    bool is_first = true;
    for (const std::string_view part : what.parts) {
        const std::string said = rules::say(language, finding, part);
        const bool is_command =
            what.is_fix == Fix::yes && rules::kind_of_fix(said) == rules::FixKind::command;
        const std::string text =
            paint.tint(wrapped(said, 9, paint.width), is_command ? Tone::command : Tone::plain);
        const std::string_view head = is_first ? what.label : "";
        const std::size_t wide = language == rules::Language::korean && is_first ? 4 : head.size();
        out += fmt::format("  {}{}{}\n", head, std::string(7 - wide, ' '), text);
        is_first = false;
    }
    return out;
}

std::size_t count_tcp(const rules::Evidence& evidence) {
    return static_cast<std::size_t>(
        std::ranges::count(evidence.after.sockets, rules::Protocol::tcp, &rules::Socket::protocol));
}

std::size_t count_listeners(const rules::Evidence& evidence) {
    return static_cast<std::size_t>(
        std::ranges::count(evidence.after.sockets, event::State::listen, &rules::Socket::state));
}

std::vector<rules::Value> numbers(const rules::Evidence& evidence, const rules::Verdict& verdict,
                                  const Setting& setting) {
    const std::size_t count = verdict.findings.size();
    std::vector<rules::Value> values{
        {"name", setting.host_name},
        {"kernel", setting.kernel},
        {"sockets", rules::counted(setting.language, "sockets", count_tcp(evidence))},
        {"listeners", rules::counted(setting.language, "listeners", count_listeners(evidence))},
        {"window", rules::span(evidence.window)},
        {"uid", std::to_string(evidence.uid)},
        {"rules", std::to_string(verdict.rules_run)},
        {"found", rules::findings_text(setting.language, count)}};
    return values;
}

std::string unreadable(const Setting& setting) {
    std::string out;
    for (const Unseen& unseen : setting.unseen) {
        out += say(setting, "unseen", {{"what", unseen.what}, {"why", unseen.why}}) + "\n";
    }
    return out;
}

std::string what_was_not_seen(const rules::Evidence& evidence, const Setting& setting) {
    std::string out;
    if (setting.hidden_owners > 0) {
        out += say(setting, "hidden",
                   {{"uid", std::to_string(evidence.uid)},
                    {"listeners",
                     rules::counted(setting.language, "listeners", setting.hidden_owners)}}) +
               "\n";
    }
    return out + unreadable(setting);
}

/// The line about the port, the command or the capture; a port's findings speak for themselves.
bool has_target_line(const rules::Verdict& verdict, const Setting& setting) {
    const bool is_port = setting.target_part == "listener" || setting.target_part == "no.listener";
    return !setting.target_part.empty() && (!is_port || verdict.findings.empty());
}

std::string owner_line(const rules::Finding& finding, const Setting& setting) {
    return fmt::format("  {}\n", say(setting, "command.line",
                                     {{"pid", std::to_string(finding.pid.value_or(0))},
                                      {"line", finding.command}}));
}

/// What was looked at and is in order, and what could not be seen.
std::string in_order(const rules::Evidence& evidence, const rules::Verdict& verdict,
                     const Setting& setting, const observe::Paint& paint) {
    std::string areas;
    const std::string share = rules::retransmitted(evidence);
    for (const std::string_view area : rules::fine_areas(evidence, verdict)) {
        std::string text = say(setting, fmt::format("fine.{}", area), {{"share", share}});
        while (text.ends_with(' ')) text.pop_back();
        areas += (areas.empty() ? "" : ", ") + text;
    }
    std::string out;
    if (!verdict.findings.empty() && !areas.empty()) {
        out += "\n" + wrapped(say(setting, "fine", {{"areas", areas}}), 0, paint.width) + "\n";
    }
    return out + what_was_not_seen(evidence, setting);
}

/// What was asked about, before its findings; nothing for a host that is in order.
std::string head_lines(const rules::Verdict& verdict, const Setting& setting,
                       const std::vector<rules::Value>& values, const observe::Paint& paint) {
    std::string out;
    const bool is_host = setting.target_part.empty() && setting.undecided.empty();
    if (is_host && !verdict.findings.empty()) {
        out += wrapped(say(setting, "host", values), 0, paint.width) + "\n";
    }
    if (has_target_line(verdict, setting)) {
        const std::string sign = verdict.findings.empty() && setting.undecided.empty()
                                     ? paint.tint(paint.plain("✓"), Tone::good) + " "
                                     : "";
        out += sign + wrapped(say(setting, setting.target_part, setting.target), 2, paint.width) +
               "\n";
    }
    return out;
}

}  // namespace

int exit_code_of(const rules::Verdict& verdict, const Setting& setting) {
    if (!verdict.findings.empty()) return 1;
    return setting.undecided.empty() ? 0 : 3;
}

std::string place_text(const rules::Finding& finding, rules::Language language) {
    if (!finding.place) return {};
    const rules::Place& place = *finding.place;
    const auto seconds = [](Duration time) {
        return fmt::format("{:.3f} s", static_cast<double>(time.count()) / 1e9);
    };
    const std::vector<rules::Value> values{{"name", place.host},
                                           {"from", seconds(place.from)},
                                           {"at", seconds(place.at)},
                                           {"event", place.event}};
    const std::string_view part = place.event.empty() ? "place.window" : "place.call";
    return rules::filled(rules::text_of(language, rules::rule(0), part), values);
}

std::string finding_text(const rules::Finding& finding, std::size_t rank, rules::Language language,
                         const observe::Paint& paint) {
    const std::string certainty{
        rules::text_of(language, rules::rule(0), rules::name(finding.certainty))};
    const std::string number = rank == 0 ? "" : fmt::format("{} ", rank);
    const std::string tag = fmt::format("{}{} {}", number, rules::name(finding.rule), certainty);
    const std::string head = wrapped(rules::say(language, finding, finding.head), 2,
                                     paint.width - observe::cells(tag) - 2U);
    const Tone tone = finding.harm == rules::Harm::now ? Tone::worst : Tone::held;
    std::string out =
        fmt::format("{}  {}\n", paint.tint(tag, Tone::strong), paint.tint(head, tone));
    const auto label = [&](std::string_view part) {
        return rules::text_of(language, rules::rule(0), part);
    };
    out += section(finding, {label("proof"), finding.proofs}, language, paint);
    if (finding.place) {
        out += fmt::format("         {}\n", wrapped(place_text(finding, language), 9, paint.width));
    }
    out += section(finding, {label("fix"), finding.fixes, Fix::yes}, language, paint);
    if (!finding.decide.empty()) {
        out +=
            fmt::format("  {}: {}\n", label("decide"),
                        paint.tint(rules::say(language, finding, finding.decide), Tone::command));
    }
    return out;
}

std::string summary_line(const rules::Evidence& evidence, const rules::Verdict& verdict,
                         const Setting& setting) {
    if (!setting.target_part.empty()) return say(setting, setting.target_part, setting.target);
    const auto values = numbers(evidence, verdict, setting);
    return say(setting, verdict.findings.empty() ? "nothing" : "host", values);
}

std::string text_report(const rules::Evidence& evidence, const rules::Verdict& verdict,
                        const Setting& setting, const observe::Paint& paint) {
    const auto values = numbers(evidence, verdict, setting);
    std::string out = head_lines(verdict, setting, values, paint);
    const bool is_host = setting.target_part.empty() && setting.undecided.empty();
    const bool is_port = evidence.target.endpoint.has_value();
    std::size_t rank = 0;
    for (const rules::Finding& finding : verdict.findings) {
        ++rank;
        out += finding_text(finding, is_port ? 0 : rank, setting.language, paint);
        if (setting.is_verbose && !finding.command.empty()) out += owner_line(finding, setting);
    }
    for (const std::string& sentence : setting.undecided) {
        out += wrapped(sentence, 2, paint.width) + "\n";
    }
    if (verdict.findings.empty() && setting.undecided.empty() && !setting.is_file) {
        out += is_host ? fmt::format("{} {}\n", paint.tint(paint.plain("✓"), Tone::good),
                                     say(setting, "nothing", values))
                       : say(setting, "nothing.target", values) + "\n";
    }
    for (const std::string& note : setting.notes) out += wrapped(note, 2, paint.width) + "\n";
    if (setting.was_probed) {
        const auto& endpoint =
            evidence.call ? evidence.call->address : evidence.target.endpoint.value_or(Endpoint{});
        out += say(setting, "probe", {{"port", std::to_string(endpoint.port.value())}}) + "\n";
    }
    const std::string rest =
        is_host ? in_order(evidence, verdict, setting, paint) : unreadable(setting);
    if (!rest.empty()) out += paint.tint(rest, Tone::faint);
    return paint.plain(out);
}

}  // namespace dt::doctor
