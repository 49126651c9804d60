// `given STATE`: the ladders that bring a connection to a state of RFC 9293 §3.3.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace dt::scenario {

/// The rungs that lead to `given`: a state, then `active` where the stack connected (else it
/// accepted), then `closed` where the program has let the socket go (else it shut down writing).
/// Nothing for what is no such state.
[[nodiscard]] std::optional<std::string> fixture(std::string_view given);

}  // namespace dt::scenario
