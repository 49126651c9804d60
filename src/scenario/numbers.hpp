// The numbers of a snapshot that a scenario may ask for, by their names.
#pragma once

#include <cstdint>
#include <string_view>

#include "event/snapshot.hpp"

namespace dt::scenario {

/// A number of the snapshot. Counters are of the stack, the rest of the rung's connection; times
/// in milliseconds.
struct NumberRow {
    std::string_view name;
    std::uint64_t (*of_stack)(const event::Counters& counters);
    std::uint64_t (*of_view)(const event::SocketView& view);
};

/// The row of `name`; nullptr where nothing is called so.
[[nodiscard]] const NumberRow* number_row(std::string_view name);

}  // namespace dt::scenario
