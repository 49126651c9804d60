// DT_ASSERT: our own fault, found at once. Active in every build, release included.
#pragma once

namespace dt::base {

/// Prints nothing itself (the sans-IO library has no output): keeps the text where a debugger or
/// the crash handler of the host finds it, then aborts.
[[noreturn]] void assertion_failed(const char* expression, const char* file, int line) noexcept;

/// Text of the assertion that failed in this process, empty if none did.
const char* last_assertion() noexcept;

}  // namespace dt::base

/// Aborts unless `condition` holds. For what only a defect of ours can break, never for input.
#define DT_ASSERT(condition)            \
    ((condition) ? static_cast<void>(0) \
                 : ::dt::base::assertion_failed(#condition, __FILE__, __LINE__))
