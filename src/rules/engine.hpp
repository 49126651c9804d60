// Runs every rule over one set of evidence and ranks what they found.
#pragma once

#include "rules/rule.hpp"

namespace dt::rules {

/// Findings ranked by harm, then certainty, then how much is affected, then the rule's number.
[[nodiscard]] Verdict judge(const Evidence& evidence);
/// Puts the findings of several judgements in that order.
void rank(Verdict& verdict);

}  // namespace dt::rules
