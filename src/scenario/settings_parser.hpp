// `set NAME VALUE`: the tunables a scenario may change, by the names of event::Config.
#pragma once

#include "scenario/words.hpp"

namespace dt::scenario {

/// Reads what stands behind `set`.
void parse_setting(Words& words, Settings& settings);

}  // namespace dt::scenario
