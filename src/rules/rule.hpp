// A rule: what it explains, what it is told apart from, and the predicate that finds it.
#pragma once

#include <span>
#include <string_view>

#include "rules/finding.hpp"
#include "rules/scene.hpp"

namespace dt::rules {

enum class Kind : std::uint8_t { bind, connect, accept, close, delay, call };
[[nodiscard]] std::string_view name(Kind kind);

using Findings = std::vector<Finding>;

struct Rule {
    RuleId id{};
    Kind kind = Kind::bind;
    std::string_view symptom;         ///< errno text of glibc, or what is seen
    std::string_view separates_from;  ///< the rules it is told apart from: `R2 R3`
    void (*find)(const Scene& scene, Findings& out) = nullptr;
};

/// The families, each in the order of the rules' numbers.
[[nodiscard]] std::span<const Rule> bind_rules();
[[nodiscard]] std::span<const Rule> connect_rules();
[[nodiscard]] std::span<const Rule> accept_rules();
[[nodiscard]] std::span<const Rule> close_rules();
[[nodiscard]] std::span<const Rule> delay_rules();
[[nodiscard]] std::span<const Rule> call_rules();
/// All of them.
[[nodiscard]] std::vector<Rule> all_rules();

/// The lab of tests/labs that makes the rule's situation; empty for a number without a rule.
[[nodiscard]] std::string_view lab_of(RuleId id);
/// Why that lab cannot be made on an ordinary machine; empty where it can. Such a rule is `likely`.
[[nodiscard]] std::string_view lab_hindrance(RuleId id);

}  // namespace dt::rules
