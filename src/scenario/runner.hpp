// Runs a scenario on a real stack in virtual time, rung by rung, up to the first wrong one.
#pragma once

#include <optional>
#include <string>

#include "scenario/script.hpp"

namespace dt::scenario {

/// Nothing where every rung holds; else the first that does not, with what was seen instead.
[[nodiscard]] std::optional<Problem> run(const Script& script);

/// The script's ladder with the wrong rung marked and what was seen below it.
[[nodiscard]] std::string report(const Script& script, const Problem& problem,
                                 std::string_view path);

/// Parses the text of a file and runs it four times, each time with other initial sequence numbers
/// of both ends: nothing where all is well, else what to print.
[[nodiscard]] std::optional<std::string> judge(std::string_view text, std::string_view path);

}  // namespace dt::scenario
