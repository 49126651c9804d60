// Errors as values: Result<T> carries a T or an Error. POSIX.1-2024 names, one enumerator each.
#pragma once

#include <cstdint>
#include <expected>
#include <utility>

namespace dt::base {

/// Why a call could not do what the caller asked. base/errno has the one row of each: errno
/// number, symbolic name and sentence. The first two are answers of parsers and never reach a
/// program.
enum class Error : std::uint8_t {
    truncated,  // shorter than its own header says
    malformed,  // long enough, but without sense
    access_denied,
    address_in_use,
    address_not_available,
    already_in_progress,
    bad_address,
    bad_descriptor,
    broken_pipe,
    connection_aborted,
    connection_refused,
    connection_reset,
    destination_required,
    family_not_supported,
    host_unreachable,
    in_progress,
    interrupted,
    invalid_argument,
    is_connected,
    message_too_long,
    network_down,
    network_unreachable,
    no_buffer_space,
    no_such_device,
    no_such_option,
    no_such_entry,
    not_connected,
    not_permitted,
    not_socket,
    not_supported,
    out_of_domain,
    protocol_error,
    protocol_not_supported,
    timed_out,
    too_many_files,
    type_not_supported,
    would_block,
};

template <class T>
using Result = std::expected<T, Error>;

/// A call that yields nothing but may fail.
using Status = Result<void>;

constexpr std::unexpected<Error> fail(Error error) { return std::unexpected<Error>(error); }

}  // namespace dt::base

namespace dt {
using base::Error;
using base::fail;
using base::Result;
using base::Status;
}  // namespace dt

#define DT_CONCAT_INNER(a, b) a##b
#define DT_CONCAT(a, b) DT_CONCAT_INNER(a, b)

/// Declares `name` with the value of `expression`, or returns its Error from this function.
#define DT_TRY(name, expression)                                               \
    auto DT_CONCAT(dt_try_, __LINE__) = (expression);                          \
    if (!DT_CONCAT(dt_try_, __LINE__)) [[unlikely]]                            \
        return ::dt::base::fail(DT_CONCAT(dt_try_, __LINE__).error());         \
    /* NOLINTNEXTLINE(bugprone-macro-parentheses): a declaration takes none */ \
    auto name = *std::move(DT_CONCAT(dt_try_, __LINE__))

/// Returns the Error of a Status, or goes on.
#define DT_CHECK(expression)                                  \
    if (auto dt_check = (expression); !dt_check) [[unlikely]] \
    return ::dt::base::fail(dt_check.error())
