// A system call that failed: its name and errno, as a value.
#pragma once

#include <cerrno>
#include <expected>
#include <string>
#include <utility>

namespace dt::os {

struct Failure {
    const char* call = "";  ///< a literal: the system call's name
    int number = 0;         ///< errno

    /// `seccomp: Operation not permitted (EPERM)`.
    [[nodiscard]] std::string text() const;
};

template <class T>
using SysResult = std::expected<T, Failure>;
using SysStatus = SysResult<void>;

/// The failure of `call`, with errno as it stands.
[[nodiscard]] inline std::unexpected<Failure> failed(const char* call) {
    return std::unexpected(Failure{call, errno});
}
[[nodiscard]] inline std::unexpected<Failure> failed(const char* call, int number) {
    return std::unexpected(Failure{call, number});
}

/// `EPERM`; `errno 999` for a number without a name.
[[nodiscard]] std::string errno_name(int number);

}  // namespace dt::os
