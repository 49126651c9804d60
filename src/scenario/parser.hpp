// A scenario's text to a Script (docs/howto/scenario.md).
#pragma once

#include <expected>
#include <string_view>

#include "scenario/script.hpp"

namespace dt::scenario {

/// The script, or the first thing wrong in it with its line and column.
[[nodiscard]] std::expected<Script, Problem> parse(std::string_view text);

/// Only rungs, no title: the fixtures of the language.
[[nodiscard]] std::expected<std::vector<Rung>, Problem> parse_rungs(std::string_view text);

/// A state as RFC 9293 prints it: `FIN-WAIT-1`.
[[nodiscard]] std::optional<event::State> state_of(std::string_view text);

}  // namespace dt::scenario
