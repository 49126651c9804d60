// The one table Error ↔ errno ↔ name ↔ text (POSIX.1-2024 <errno.h>, numbers of Linux).
#include "base/errno.hpp"

#include <array>
#include <cerrno>
#include <cstddef>

namespace dt::base {
namespace {

// clang-format off
constexpr auto rows = std::to_array<ErrnoRow>({
    // The first two come from parsers; a call that let one through would be a wrong argument.
    {Error::truncated,              EINVAL,          "EINVAL",          "Invalid argument"},
    {Error::malformed,              EINVAL,          "EINVAL",          "Invalid argument"},
    {Error::access_denied,          EACCES,          "EACCES",          "Permission denied"},
    {Error::address_in_use,         EADDRINUSE,      "EADDRINUSE",      "Address already in use"},
    {Error::address_not_available,  EADDRNOTAVAIL,   "EADDRNOTAVAIL",   "Cannot assign requested address"},
    {Error::already_in_progress,    EALREADY,        "EALREADY",        "Operation already in progress"},
    {Error::bad_address,            EFAULT,          "EFAULT",          "Bad address"},
    {Error::bad_descriptor,         EBADF,           "EBADF",           "Bad file descriptor"},
    {Error::broken_pipe,            EPIPE,           "EPIPE",           "Broken pipe"},
    {Error::connection_aborted,     ECONNABORTED,    "ECONNABORTED",    "Software caused connection abort"},
    {Error::connection_refused,     ECONNREFUSED,    "ECONNREFUSED",    "Connection refused"},
    {Error::connection_reset,       ECONNRESET,      "ECONNRESET",      "Connection reset by peer"},
    {Error::destination_required,   EDESTADDRREQ,    "EDESTADDRREQ",    "Destination address required"},
    {Error::family_not_supported,   EAFNOSUPPORT,    "EAFNOSUPPORT",    "Address family not supported by protocol"},
    {Error::host_unreachable,       EHOSTUNREACH,    "EHOSTUNREACH",    "No route to host"},
    {Error::in_progress,            EINPROGRESS,     "EINPROGRESS",     "Operation now in progress"},
    {Error::interrupted,            EINTR,           "EINTR",           "Interrupted system call"},
    {Error::invalid_argument,       EINVAL,          "EINVAL",          "Invalid argument"},
    {Error::is_connected,           EISCONN,         "EISCONN",         "Transport endpoint is already connected"},
    {Error::message_too_long,       EMSGSIZE,        "EMSGSIZE",        "Message too long"},
    {Error::network_down,           ENETDOWN,        "ENETDOWN",        "Network is down"},
    {Error::network_unreachable,    ENETUNREACH,     "ENETUNREACH",     "Network is unreachable"},
    {Error::no_buffer_space,        ENOBUFS,         "ENOBUFS",         "No buffer space available"},
    {Error::no_such_device,         ENODEV,          "ENODEV",          "No such device"},
    {Error::no_such_option,         ENOPROTOOPT,     "ENOPROTOOPT",     "Protocol not available"},
    {Error::no_such_entry,          ENOENT,          "ENOENT",          "No such file or directory"},
    {Error::not_connected,          ENOTCONN,        "ENOTCONN",        "Transport endpoint is not connected"},
    {Error::not_permitted,          EPERM,           "EPERM",           "Operation not permitted"},
    {Error::not_socket,             ENOTSOCK,        "ENOTSOCK",        "Socket operation on non-socket"},
    {Error::not_supported,          EOPNOTSUPP,      "EOPNOTSUPP",      "Operation not supported"},
    {Error::out_of_domain,          EDOM,            "EDOM",            "Numerical argument out of domain"},
    {Error::protocol_error,         EPROTO,          "EPROTO",          "Protocol error"},
    {Error::protocol_not_supported, EPROTONOSUPPORT, "EPROTONOSUPPORT", "Protocol not supported"},
    {Error::timed_out,              ETIMEDOUT,       "ETIMEDOUT",       "Connection timed out"},
    {Error::too_many_files,         EMFILE,          "EMFILE",          "Too many open files"},
    {Error::type_not_supported,     ESOCKTNOSUPPORT, "ESOCKTNOSUPPORT", "Socket type not supported"},
    {Error::would_block,            EAGAIN,          "EAGAIN",          "Resource temporarily unavailable"},
});
// clang-format on

constexpr bool in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].error) != i) return false;
    }
    return true;
}
static_assert(in_order(), "one row per Error, in the order of the enumerators");
static_assert(rows.back().error == Error::would_block, "every Error has a row");

}  // namespace

const ErrnoRow& describe(Error error) { return rows[static_cast<std::size_t>(error)]; }

std::int32_t errno_of(Error error) { return describe(error).number; }

std::optional<Error> error_of(std::int32_t number) {
    if (number == EINVAL) return Error::invalid_argument;
    for (const ErrnoRow& row : rows) {
        if (row.number == number) return row.error;
    }
    return std::nullopt;
}

}  // namespace dt::base
