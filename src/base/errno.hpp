// What a program is told for each Error: errno number of Linux, its symbolic name, glibc's text.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.hpp"

namespace dt::base {

/// One Error as a program on Linux meets it.
struct ErrnoRow {
    Error error;
    std::int32_t number;    // of Linux on x86-64 and arm64
    std::string_view name;  // EADDRINUSE
    std::string_view text;  // strerror() of glibc in the C locale
};

/// The row of `error`; every enumerator has exactly one (checked at compile time).
const ErrnoRow& describe(Error error);

/// The errno number of `error`.
[[nodiscard]] std::int32_t errno_of(Error error);

/// The Error whose errno number is `number`; nothing where the sockets never answer it.
[[nodiscard]] std::optional<Error> error_of(std::int32_t number);

}  // namespace dt::base
