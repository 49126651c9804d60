// The left column of a rung: a call of the program, or time that passes.
#pragma once

#include "scenario/words.hpp"

namespace dt::scenario {

/// `a.write 100 = EPIPE ->`, `+60s ~1s`. Empty: nothing.
[[nodiscard]] std::variant<std::monostate, Call, Sleep> parse_left(Piece piece,
                                                                   Complaint& complaint);
/// How a script writes a verb.
[[nodiscard]] std::string_view name_of(Verb verb);

}  // namespace dt::scenario
