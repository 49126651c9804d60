// Words of a scenario as numbers and durations.
#include "scenario/words.hpp"

#include <array>
#include <cmath>

namespace dt::scenario {
namespace {

struct Unit {
    std::string_view name;
    Duration one;
};
constexpr auto units = std::to_array<Unit>({
    {"us", 1us},
    {"ms", 1ms},
    {"min", 1min},
    {"s", 1s},
    {"h", 1h},
});

/// `1.5` units.
std::optional<Duration> times(std::string_view count, Duration one) {
    double value = 0;
    const auto [end, error] = std::from_chars(count.data(), count.data() + count.size(), value);
    constexpr double most = 1e6;
    if (error != std::errc{} || end != count.data() + count.size()) return std::nullopt;
    if (value < 0 || value > most) return std::nullopt;
    return Duration(std::llround(value * static_cast<double>(one.count())));
}

}  // namespace

std::optional<Duration> duration_of(std::string_view text) {
    for (const Unit& unit : units) {
        if (text.ends_with(unit.name)) {
            if (const auto found = times(text.substr(0, text.size() - unit.name.size()), unit.one))
                return found;
        }
    }
    return std::nullopt;
}

std::optional<Number> number_of(std::string_view text) {
    if (text == "*") return Number{Number::Kind::any, 0};
    const bool absolute = text.starts_with('#');
    if (absolute) text.remove_prefix(1);
    constexpr std::int64_t most = 0xffff'ffff;
    const auto value = number_in<std::int64_t>(text, -most, most);
    if (!value) return std::nullopt;
    return Number{absolute ? Number::Kind::absolute : Number::Kind::relative, *value};
}

Number Words::take_relative(std::string_view what) {
    const Place at = place();
    const auto word = take();
    const auto value = number_of(word);
    if (!value) complain(at, what, word);
    return value.value_or(Number{});
}

}  // namespace dt::scenario
