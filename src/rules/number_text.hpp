// Numbers, spans and addresses as the texts of findings show them (UX: units).
#pragma once

#include <cstdint>
#include <string>

#include "base/time.hpp"
#include "wire/address.hpp"

namespace dt::rules {

/// `600,204`.
[[nodiscard]] std::string grouped(std::uint64_t number);
/// `40 ms`, `2.0 s`, `41 s`, `6 h 12 min`: as exact as a reader needs.
[[nodiscard]] std::string span(Duration time);
[[nodiscard]] inline std::string span_ms(std::uint64_t ms) {
    return span(std::chrono::milliseconds{ms});
}
/// `95 %`; of nothing: `0 %`.
[[nodiscard]] std::string percent(std::uint64_t part, std::uint64_t whole);
/// `*:8080`, `[::]:8080`, `10.0.0.2:8080`.
[[nodiscard]] std::string text_of(const Endpoint& endpoint);

}  // namespace dt::rules
