// The report as one JSON document, schema dialtone.doctor/1 (docs/json.md).
#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "doctor/report.hpp"
#include "rules/fine.hpp"

namespace dt::doctor {

namespace {

using Json = nlohmann::ordered_json;

Json texts_of(const rules::Finding& finding, const std::vector<std::string_view>& parts,
              rules::Language language) {
    Json texts = Json::array();
    for (const std::string_view part : parts) {
        texts.push_back(rules::say(language, finding, part));
    }
    return texts;
}

Json fixes_of(const rules::Finding& finding, rules::Language language) {
    Json fixes = Json::array();
    for (const std::string_view part : finding.fixes) {
        const std::string text = rules::say(language, finding, part);
        fixes.push_back({{"kind", rules::name(rules::kind_of_fix(text))}, {"text", text}});
    }
    return fixes;
}

Json evidence_of(const rules::Finding& finding) {
    Json facts = Json::array();
    for (const rules::Fact& fact : finding.facts) {
        facts.push_back({{"source", rules::name(fact.source)},
                         {"field", fact.field},
                         {fact.is_delta ? "delta" : "value", fact.number}});
    }
    return facts;
}

/// The rules that this one is told apart from and that were judged and did not hold.
Json ruled_out(const rules::Finding& finding, const rules::Verdict& verdict) {
    std::set<std::string> held;
    for (const rules::Finding& other : verdict.findings) held.insert(rules::name(other.rule));
    Json out = Json::array();
    for (const rules::Rule& rule : rules::all_rules()) {
        if (rule.id != finding.rule) continue;
        std::string_view rest = rule.separates_from;
        while (!rest.empty()) {
            const auto end = rest.find(' ');
            const std::string other{rest.substr(0, end)};
            if (!held.contains(other)) out.push_back(other);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
    }
    return out;
}

bool is_about_listener(rules::RuleId id) {
    return std::ranges::any_of(rules::accept_rules(),
                               [&](const rules::Rule& rule) { return rule.id == id; });
}

Json place_of(const rules::Place& place) {
    Json out = {{"host", place.host},
                {"from_s", static_cast<double>(place.from.count()) / 1e9},
                {"at_s", static_cast<double>(place.at.count()) / 1e9}};
    if (!place.event.empty()) out["event"] = place.event;
    return out;
}

Json finding_of(const rules::Finding& finding, const rules::Verdict& verdict,
                rules::Language language) {
    Json subject = {{"name", finding.subject}};
    if (is_about_listener(finding.rule)) subject["listener"] = finding.subject;
    if (finding.pid) subject["pid"] = *finding.pid;
    if (!finding.command.empty()) subject["command"] = finding.command;
    Json out = {{"rule", rules::name(finding.rule)},
                {"certainty", rules::name(finding.certainty)},
                {"harm", rules::name(finding.harm)},
                {"title", rules::say(language, finding, finding.head)},
                {"lab", rules::lab_of(finding.rule)},
                {"subject", std::move(subject)},
                {"proof", texts_of(finding, finding.proofs, language)},
                {"fix", fixes_of(finding, language)},
                {"evidence", evidence_of(finding)},
                {"ruled_out", ruled_out(finding, verdict)}};
    if (!finding.decide.empty()) out["decide"] = rules::say(language, finding, finding.decide);
    if (finding.place) out["place"] = place_of(*finding.place);
    return out;
}

/// Of a host that was read: what a port, a process or a capture is about is told by its findings.
Json fine_of(const rules::Evidence& evidence, const rules::Verdict& verdict) {
    Json fine = Json::array();
    if (!evidence.target.is_host() || evidence.call) return fine;
    for (const std::string_view area : rules::fine_areas(evidence, verdict)) fine.push_back(area);
    return fine;
}

}  // namespace

std::string json_report(const rules::Evidence& evidence, const rules::Verdict& verdict,
                        const Setting& setting) {
    Json findings = Json::array();
    for (const rules::Finding& finding : verdict.findings) {
        findings.push_back(finding_of(finding, verdict, setting.language));
    }
    Json missing = Json::array();
    if (setting.hidden_owners > 0) {
        missing.push_back({{"rule", "R27"},
                           {"missing", "FD"},
                           {"listeners", setting.hidden_owners},
                           {"needs", "root"}});
    }
    for (const Unseen& unseen : setting.unseen) {
        missing.push_back({{"missing", unseen.what}, {"why", unseen.why}});
    }
    for (const std::string& sentence : setting.undecided) missing.push_back({{"why", sentence}});
    const Json report = {
        {"schema", "dialtone.doctor/1"},
        {"host", {{"name", setting.host_name}, {"kernel", setting.kernel}, {"uid", evidence.uid}}},
        {"window_s", static_cast<double>(evidence.window.count()) / 1e9},
        {"rules", verdict.rules_run},
        {"probe", setting.was_probed},
        {"findings", std::move(findings)},
        {"fine", fine_of(evidence, verdict)},
        {"not_enough", std::move(missing)},
        {"exit", exit_code_of(verdict, setting)}};
    // What a program calls itself may hold any octets.
    return report.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace dt::doctor
