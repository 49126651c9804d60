// Runs every rule and ranks the findings.
#include "rules/engine.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace dt::rules {

std::string_view name(Kind kind) {
    switch (kind) {
        case Kind::bind: return "bind";
        case Kind::connect: return "connect";
        case Kind::accept: return "listen and accept";
        case Kind::close: return "reset and close";
        case Kind::delay: return "delay and loss";
        case Kind::call: return "calls that fail by themselves";
    }
    std::unreachable();
}

std::string_view name(CallKind kind) {
    switch (kind) {
        case CallKind::socket: return "socket()";
        case CallKind::bind: return "bind()";
        case CallKind::listen: return "listen()";
        case CallKind::connect: return "connect()";
        case CallKind::accept: return "accept()";
        case CallKind::receive: return "a receive";
        case CallKind::send: return "a send";
    }
    std::unreachable();
}

std::vector<Rule> all_rules() {
    std::vector<Rule> rules;
    for (const auto family : {bind_rules(), connect_rules(), accept_rules(), close_rules(),
                              delay_rules(), call_rules()}) {
        rules.insert(rules.end(), family.begin(), family.end());
    }
    return rules;
}

Verdict judge(const Evidence& evidence) {
    const Scene scene(evidence);
    Verdict verdict;
    for (const Rule& rule : all_rules()) {
        rule.find(scene, verdict.findings);
        ++verdict.rules_run;
    }
    for (Finding& finding : verdict.findings) {
        const auto owner = evidence.processes.find(finding.pid.value_or(0));
        if (owner != evidence.processes.end()) finding.command = owner->second.command_line;
    }
    rank(verdict);
    return verdict;
}

void rank(Verdict& verdict) {
    std::ranges::sort(verdict.findings, [](const Finding& a, const Finding& b) {
        return std::tie(a.harm, a.certainty, b.weight, a.rule, a.subject) <
               std::tie(b.harm, b.certainty, a.weight, b.rule, b.subject);
    });
}

}  // namespace dt::rules
