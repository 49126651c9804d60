// Text of unknown origin for a terminal: no control character, no broken UTF-8.
#pragma once

#include <string>
#include <string_view>

namespace dt::base {

/// `text` with `?` for each control character (C0, DEL, C1), for each character that turns the
/// direction of writing, and for each octet that is not UTF-8.
[[nodiscard]] std::string printable(std::string_view text);

}  // namespace dt::base
