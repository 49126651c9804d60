// What was looked at and is in order: the areas of a host's report that no finding touches.
#pragma once

#include "rules/finding.hpp"

namespace dt::rules {

/// The keys of the areas for which there was evidence and no finding, in the order of the report.
/// The report's text for `syn_queue` is the part `fine.syn_queue`.
[[nodiscard]] std::vector<std::string_view> fine_areas(const Evidence& evidence,
                                                       const Verdict& verdict);
/// Segments sent again of all that were sent in the window: `0.02 %`; empty where not counted.
[[nodiscard]] std::string retransmitted(const Evidence& evidence);

}  // namespace dt::rules
