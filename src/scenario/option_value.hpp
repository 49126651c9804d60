// Socket options by their names, with values as a script writes them: `1`, `1,0`, `cubic`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "stack/stack.hpp"

namespace dt::scenario {

/// The value of the option, or the errno's name; nothing if no option is called so. Names of the
/// fields of TCP_INFO (`tcpi_unacked`) are names too.
[[nodiscard]] std::optional<std::string> get_option(stack::Calls calls, sock::SocketId socket,
                                                    std::string_view name);
/// `ok` or the errno's name; nothing if no option is called so.
[[nodiscard]] std::optional<std::string> set_option(stack::Calls calls, sock::SocketId socket,
                                                    std::string_view name, std::string_view value);

/// `EPIPE`.
[[nodiscard]] std::string errno_name(Error error);

}  // namespace dt::scenario
