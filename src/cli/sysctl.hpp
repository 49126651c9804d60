// The sysctls of a host in network.toml, by the names of Linux.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "cli/say.hpp"
#include "event/config.hpp"

namespace dt::cli {

/// Sets the tunable called `name`; a Problem for an unknown name or a value out of bounds.
[[nodiscard]] std::optional<Problem> set_sysctl(Config& config, std::string_view name,
                                                std::int64_t value);

}  // namespace dt::cli
