// A packet that was expected against one that was seen, and packets as a script writes them.
#pragma once

#include <optional>
#include <string>

#include "scenario/frame.hpp"

namespace dt::scenario {

/// What in `seen` is not as `expected` says; nothing if it is. Learns the stack's initial sequence
/// number from an expected SYN where it is not known.
[[nodiscard]] std::optional<std::string> mismatch(const Packet& expected, const Seen& seen,
                                                  Flow& flow);
/// As a script would write it.
[[nodiscard]] std::string to_text(const Seen& seen, const Flow& flow);

}  // namespace dt::scenario
