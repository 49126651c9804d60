// Answers of calls: a value, or the Error a program gets with the Reason it was decided for.
#pragma once

#include <expected>

#include "base/result.hpp"
#include "event/reason.hpp"

namespace dt::sock {

struct Refused {
    Error error;
    event::Reason reason;
};

template <class T>
using Answer = std::expected<T, Refused>;

constexpr std::unexpected<Refused> refuse(Error error, event::Reason reason) {
    return std::unexpected<Refused>(Refused{error, reason});
}

}  // namespace dt::sock
