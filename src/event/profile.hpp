// Profiles: the tunables that make a stack answer as another system does (spec 7).
#pragma once

#include <optional>
#include <string_view>

#include "event/config.hpp"

namespace dt::event {

enum class Profile : std::uint8_t { linux, rfc, freebsd };

/// The configuration of a profile. `linux` is the default of every tunable; `rfc` follows the RFCs
/// where Linux does not; `freebsd` has the defaults of FreeBSD 14.
[[nodiscard]] Config config_of(Profile profile);

/// `linux`, `rfc` or `freebsd`; nothing for another name.
[[nodiscard]] std::optional<Profile> profile_named(std::string_view name);

}  // namespace dt::event
