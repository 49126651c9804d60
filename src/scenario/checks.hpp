// The right column of a rung: what holds after it.
#pragma once

#include <optional>
#include <string>

#include "scenario/program.hpp"

namespace dt::scenario {

/// What a rung is about: a connection, or a socket that has none.
struct Topic {
    std::optional<FourTuple> tuple;
    event::SocketNumber socket = 0;
};

/// What does not hold; nothing if it does.
[[nodiscard]] std::optional<std::string> check(const Check& check, const Topic& topic,
                                               Subject& subject);

}  // namespace dt::scenario
