// Names of the closed sets, and the short ways to fill a finding.
#include "rules/finding.hpp"

#include <array>
#include <utility>

#include "rules/number_text.hpp"

namespace dt::rules {

std::string name(RuleId id) { return "R" + std::to_string(static_cast<unsigned>(id)); }

std::string_view name(Certainty certainty) {
    switch (certainty) {
        case Certainty::certain: return "certain";
        case Certainty::likely: return "likely";
    }
    std::unreachable();
}

std::string_view name(Harm harm) {
    switch (harm) {
        case Harm::now: return "now";
        case Harm::soon: return "soon";
        case Harm::waste: return "waste";
    }
    std::unreachable();
}

std::string_view name(Source source) {
    switch (source) {
        case Source::sd: return "SD";
        case Source::ns: return "NS";
        case Source::sc: return "SC";
        case Source::rt: return "RT";
        case Source::nei: return "NEI";
        case Source::ct: return "CT";
        case Source::fd: return "FD";
        case Source::pk: return "PK";
        case Source::call: return "CALL";
        case Source::probe: return "PROBE";
    }
    std::unreachable();
}

std::string_view name(FixKind kind) {
    switch (kind) {
        case FixKind::command: return "command";
        case FixKind::code: return "code";
        case FixKind::advice: return "advice";
    }
    std::unreachable();
}

FixKind kind_of_fix(std::string_view text) {
    static constexpr auto commands = std::to_array<std::string_view>(
        {"dialtone ", "sudo ", "sysctl ", "nft ", "ip ", "ss ", "ping ", "dig ", "ethtool "});
    for (const std::string_view command : commands) {
        if (text.starts_with(command)) return FixKind::command;
    }
    return text.contains("setsockopt(") || text.contains("()") ? FixKind::code : FixKind::advice;
}

Finding& Finding::say(std::string_view value_name, std::string text) {
    values.push_back({value_name, std::move(text)});
    return *this;
}

Finding& Finding::say(std::string_view value_name, std::uint64_t number) {
    return say(value_name, grouped(number));
}

Finding& Finding::proof(std::string_view part) {
    proofs.push_back(part);
    return *this;
}

Finding& Finding::fix(std::string_view part) {
    fixes.push_back(part);
    return *this;
}

Finding& Finding::rose(const Evidence& evidence, Counter counter) {
    const std::string_view full = rules::name(counter);
    facts.push_back({Source::ns, std::string{full}, evidence.rose(counter), true});
    return say(full.substr(full.find('.') + 1), evidence.rose(counter));
}

Finding& Finding::fact(Source source, std::string field, std::uint64_t number) {
    facts.push_back({source, std::move(field), number, false});
    return *this;
}

}  // namespace dt::rules
