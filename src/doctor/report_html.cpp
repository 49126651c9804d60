// The report as one page of HTML: one file, no script, no request to anywhere.
#include <fmt/format.h>

#include "doctor/report.hpp"

namespace dt::doctor {

namespace {

constexpr std::string_view style =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color:#1a1a1a;background:#fff}"
    "article{border-left:.3rem solid #8a6d00;padding:.2rem 1rem;margin:1.5rem 0}"
    "article.now{border-color:#b00020}h2{font-size:1.1rem}dt{font-weight:600}"
    "dd{margin:0 0 .5rem}code,table{font-family:ui-monospace,monospace;font-size:.9rem}"
    "td{padding:0 1rem 0 0}"
    "@media(prefers-color-scheme:dark){body{color:#e8e8e8;background:#161616}}";

/// What a program calls itself must not become a part of the page.
std::string escaped(std::string_view text) {
    std::string out;
    for (const char c : text) {
        switch (c) {
            case '<': out += "&lt;"; break;
            case '>': out += "&gt;"; break;
            case '&': out += "&amp;"; break;
            case '"': out += "&quot;"; break;
            default: out += c;
        }
    }
    return out;
}

std::string parts_of(const rules::Finding& finding, std::string_view label,
                     const std::vector<std::string_view>& parts, rules::Language language) {
    std::string out = fmt::format("<dt>{}</dt>", label);
    for (const std::string_view part : parts) {
        out += fmt::format("<dd>{}</dd>", escaped(rules::say(language, finding, part)));
    }
    return out;
}

std::string facts_of(const rules::Finding& finding) {
    std::string out = "<table>";
    for (const rules::Fact& fact : finding.facts) {
        out += fmt::format("<tr><td>{}</td><td>{}</td><td>{}{}</td></tr>", rules::name(fact.source),
                           escaped(fact.field), fact.is_delta ? "+" : "", fact.number);
    }
    return out + "</table>";
}

std::string article_of(const rules::Finding& finding, rules::Language language) {
    const auto label = [&](std::string_view part) {
        return rules::text_of(language, rules::rule(0), part);
    };
    const std::string place = escaped(place_text(finding, language));
    const std::string decide = finding.decide.empty()
                                   ? std::string{}
                                   : parts_of(finding, label("decide"), {finding.decide}, language);
    return fmt::format(
        "<article class=\"{}\"><h2>{} {}: {}</h2><dl>{}{}{}{}</dl>{}</article>\n",
        rules::name(finding.harm), rules::name(finding.rule), label(rules::name(finding.certainty)),
        escaped(rules::say(language, finding, finding.head)),
        parts_of(finding, label("proof"), finding.proofs, language),
        place.empty() ? place : fmt::format("<dd>{}</dd>", place),
        parts_of(finding, label("fix"), finding.fixes, language), decide, facts_of(finding));
}

}  // namespace

std::string html_report(const rules::Evidence& evidence, const rules::Verdict& verdict,
                        const Setting& setting) {
    const std::string summary = escaped(summary_line(evidence, verdict, setting));
    std::string out = fmt::format(
        "<!doctype html>\n<html lang=\"{}\"><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width\">"
        "<title>dialtone doctor: {}</title>\n<style>{}</style>\n<h1>dialtone doctor</h1>\n"
        "<p>{}</p>\n",
        setting.language == rules::Language::korean ? "ko" : "en", escaped(setting.host_name),
        style, summary);
    for (const rules::Finding& finding : verdict.findings) {
        out += article_of(finding, setting.language);
    }
    for (const std::string& sentence : setting.undecided) {
        out += fmt::format("<p>{}</p>\n", escaped(sentence));
    }
    for (const std::string& note : setting.notes) {
        out += fmt::format("<p>{}</p>\n", escaped(note));
    }
    return out + "</html>\n";
}

}  // namespace dt::doctor
