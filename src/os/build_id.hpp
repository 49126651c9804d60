// The identity of the running program, as its linker gave it.
#pragma once

#include <string>

namespace dt::os {

/// The GNU build id of this executable in hexadecimal; empty where the linker made none.
[[nodiscard]] std::string build_id();

}  // namespace dt::os
