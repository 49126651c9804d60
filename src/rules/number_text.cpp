// Numbers, spans and addresses as text.
#include "rules/number_text.hpp"

#include <fmt/format.h>

namespace dt::rules {

std::string grouped(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

std::string span(Duration time) {
    const std::int64_t ms = base::to_ms(time);
    if (ms < 1000) return fmt::format("{} ms", ms);
    if (ms < 10'000) return fmt::format("{}.{} s", ms / 1000, ms % 1000 / 100);
    const std::int64_t seconds = ms / 1000;
    if (seconds < 120) return fmt::format("{} s", seconds);
    if (seconds < 7200) return fmt::format("{} min", seconds / 60);
    return fmt::format("{} h {} min", seconds / 3600, seconds / 60 % 60);
}

std::string percent(std::uint64_t part, std::uint64_t whole) {
    return fmt::format("{} %", whole == 0 ? 0 : part * 100 / whole);
}

std::string text_of(const Endpoint& endpoint) { return wire::to_string(endpoint); }

}  // namespace dt::rules
