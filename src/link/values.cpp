// Values of the grammar. Numbers are read exactly, in integers: what is written is what is done.
#include "link/values.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <limits>

#include "wire/address.hpp"

namespace dt::link {

namespace {

struct Unit {
    std::string_view name;
    std::uint64_t factor;
};
constexpr auto duration_units = std::to_array<Unit>(
    {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}, {"m", 60'000'000'000}});
constexpr auto size_units = std::to_array<Unit>({{"B", 1},
                                                 {"kB", 1'000},
                                                 {"KB", 1'000},
                                                 {"MB", 1'000'000},
                                                 {"GB", 1'000'000'000},
                                                 {"KiB", 1ULL << 10},
                                                 {"MiB", 1ULL << 20},
                                                 {"GiB", 1ULL << 30}});
constexpr auto rate_units = std::to_array<Unit>(
    {{"bit", 1}, {"kbit", 1'000}, {"Mbit", 1'000'000}, {"Gbit", 1'000'000'000}});
constexpr auto percent_units = std::to_array<Unit>({{"%", Share::percent}});

/// What a number with a unit may be and how messages speak of it.
struct Rules {
    std::span<const Unit> units;
    std::string_view missing;  // "a percent sign", "a unit"
    std::string_view example;  // the unit to write where none was
    std::uint64_t most = 0;
    std::string_view most_text;
};
constexpr Rules duration_rules{duration_units, "a unit", "ms", 3'155'760'000'000'000'000ULL,
                               "a hundred years"};
constexpr Rules share_rules{percent_units, "a percent sign", "%", Share::whole, "100%"};
constexpr Rules size_rules{size_units, "a unit", "B", 1ULL << 40, "1024GiB"};
constexpr Rules rate_rules{rate_units, "a unit", "Mbit", 1'000'000'000'000ULL, "1000Gbit"};

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

TextError error_at(Token token, std::string sentence, std::string help) {
    return {token.column, std::max(token.length(), 1U), std::move(sentence), std::move(help)};
}

std::string written(Naming naming, std::string_view value) {
    if (naming.key.empty()) return quoted(value);
    return quoted(std::string(naming.key) + "=" + std::string(value));
}

/// `number` (digits, at most one point) times `factor`; nothing where it does not fit 64 bits.
std::optional<std::uint64_t> scaled(std::string_view number, std::uint64_t factor) {
    const std::size_t point = std::min(number.find('.'), number.size());
    std::uint64_t result = 0;
    for (const char c : number.substr(0, point)) {
        const auto digit = static_cast<std::uint64_t>(c - '0');
        if (__builtin_mul_overflow(result, 10ULL, &result) ||
            __builtin_add_overflow(result, digit, &result)) {
            return std::nullopt;
        }
    }
    if (__builtin_mul_overflow(result, factor, &result)) return std::nullopt;
    // Digits beyond the eighth are below any unit that counts; eight of them times 60 s fit 64
    // bits.
    const std::string_view digits = number.substr(std::min(point + 1, number.size())).substr(0, 8);
    std::uint64_t fraction = 0;
    std::uint64_t divisor = 1;
    for (const char c : digits) {
        fraction = fraction * 10 + static_cast<std::uint64_t>(c - '0');
        divisor *= 10;
    }
    fraction = fraction * factor / divisor;
    if (__builtin_add_overflow(result, fraction, &result)) return std::nullopt;
    return result;
}

/// How many octets at the front are a number: digits, and one point between digits.
std::size_t number_length(std::string_view text) {
    std::size_t at = 0;
    while (at < text.size() && is_digit(text[at])) ++at;
    if (at == 0 || at + 1 >= text.size() || text[at] != '.' || !is_digit(text[at + 1])) return at;
    ++at;
    while (at < text.size() && is_digit(text[at])) ++at;
    return at;
}

std::string unit_list(std::span<const Unit> units) {
    std::string list;
    for (const Unit& unit : units) list += (list.empty() ? "" : " ") + std::string(unit.name);
    return list;
}

Parsed<std::uint64_t> parse_with_unit(Token token, Naming naming, const Rules& rules) {
    const std::string noun(naming.noun);
    const std::size_t digits = number_length(token.text);
    const std::string_view number = token.text.substr(0, digits);
    const std::string_view suffix = token.text.substr(digits);
    if (digits == 0) {
        return std::unexpected(
            error_at(token, noun + " starts with a number, not " + quoted(token.text),
                     "write " + written(naming, "1" + std::string(rules.example))));
    }
    if (suffix.empty()) {
        const std::string fixed = std::string(number) + std::string(rules.example);
        return std::unexpected(error_at(token, noun + " needs " + std::string(rules.missing),
                                        "write " + written(naming, fixed)));
    }
    const auto unit = std::ranges::find(rules.units, suffix, &Unit::name);
    if (unit == rules.units.end()) {
        const Token wrong{suffix, token.column + static_cast<std::uint32_t>(digits)};
        return std::unexpected(error_at(wrong, "unknown unit " + quoted(suffix) + " of " + noun,
                                        "units: " + unit_list(rules.units)));
    }
    const auto value = scaled(number, unit->factor);
    if (!value || *value > rules.most) {
        return std::unexpected(error_at(token,
                                        noun + " of " + std::string(token.text) + " is too much",
                                        "at most " + std::string(rules.most_text)));
    }
    return *value;
}

template <class Number>
std::optional<Number> whole_number(std::string_view text, int base = 10) {
    Number number{};
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number, base);
    if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// Edit distance (insert, remove, replace), or 3 where it is more than 2.
std::size_t distance(std::string_view a, std::string_view b) {
    constexpr std::size_t far = 3;
    if (a.size() > b.size() + 2 || b.size() > a.size() + 2) return far;
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            diagonal = row[j];
            row[j] = std::min({replaced, row[j] + 1, row[j - 1] + 1});
        }
    }
    return std::min(row.back(), far);
}

}  // namespace

Parsed<Duration> parse_duration(Token token, Naming naming) {
    const auto value = parse_with_unit(token, naming, duration_rules);
    if (!value) return std::unexpected(value.error());
    return Duration{static_cast<Duration::rep>(*value)};
}

Parsed<Share> parse_share(Token token, Naming naming) {
    const auto value = parse_with_unit(token, naming, share_rules);
    if (!value) return std::unexpected(value.error());
    return Share{static_cast<std::uint32_t>(*value)};
}

Parsed<std::uint64_t> parse_size(Token token, Naming naming) {
    return parse_with_unit(token, naming, size_rules);
}

Parsed<std::uint64_t> parse_rate(Token token, Naming naming) {
    auto value = parse_with_unit(token, naming, rate_rules);
    if (value && *value == 0) {
        return std::unexpected(error_at(token, "a rate of 0 lets nothing through",
                                        "a dead peer is `--fault silence`"));
    }
    return value;
}

Parsed<std::uint64_t> parse_count(Token token, Naming naming, std::uint64_t most) {
    const auto value = whole_number<std::uint64_t>(token.text);
    if (value && *value >= 1 && *value <= most) return *value;
    return std::unexpected(
        error_at(token, quoted(token.text) + " is not a number from 1 to " + std::to_string(most),
                 "write " + written(naming, "1")));
}

Parsed<Range> parse_range(Token token, Naming naming) {
    const std::size_t dots = token.text.find("..");
    const auto first = whole_number<std::uint64_t>(token.text.substr(0, dots));
    const auto last = dots == std::string_view::npos
                          ? first
                          : whole_number<std::uint64_t>(token.text.substr(dots + 2));
    if (first && last && *first >= 1 && *first <= *last) return Range{*first, *last};
    return std::unexpected(
        error_at(token, quoted(token.text) + " is neither a count nor a range that grows",
                 "write " + written(naming, "1") + " or " + written(naming, "1..3")));
}

Parsed<std::uint64_t> parse_seed(Token token) {
    const bool is_hex = token.text.starts_with("0x") || token.text.starts_with("0X");
    const auto value = is_hex ? whole_number<std::uint64_t>(token.text.substr(2), 16)
                              : whole_number<std::uint64_t>(token.text);
    if (value) return *value;
    return std::unexpected(error_at(token, quoted(token.text) + " is not a seed of 64 bits",
                                    "write a decimal number or 0x and hexadecimal digits"));
}

Parsed<std::string> parse_host_name(Token token) {
    const std::string_view text = token.text;
    const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
    const bool is_name =
        !text.empty() && text.size() <= 63 && is_letter(text[0]) &&
        std::ranges::all_of(text, [&](char c) { return is_letter(c) || is_digit(c) || c == '-'; });
    if (is_name) return std::string(text);
    return std::unexpected(
        error_at(token, quoted(text) + " is not a host name",
                 "names are a letter, then letters, digits and `-`, all in lower "
                 "case, at most 63"));
}

Parsed<EndpointText> parse_endpoint(Token token) {
    const std::size_t colon = token.text.rfind(':');
    EndpointText result;
    const Token host = trimmed({token.text.substr(0, colon), token.column});
    if (colon != std::string_view::npos) {
        const Token port{token.text.substr(colon + 1),
                         token.column + static_cast<std::uint32_t>(colon) + 1};
        const auto number = parse_count(trimmed(port), {"", "a port"}, 65535);
        if (!number) return std::unexpected(number.error());
        result.port = static_cast<std::uint16_t>(*number);
    }
    result.host = host.text;
    if (host.text.empty() || host.text == "*" || IpAddr::parse(host.text)) return result;
    const auto name = parse_host_name(host);
    if (!name) return std::unexpected(name.error());
    return result;
}

std::optional<std::string_view> nearest(std::string_view word,
                                        std::span<const std::string_view> known) {
    std::optional<std::string_view> best;
    std::size_t best_distance = 3;
    for (const std::string_view candidate : known) {
        const std::size_t away = distance(word, candidate);
        // A word that would be changed altogether is no hint.
        if (away >= best_distance || away >= word.size()) continue;
        best = candidate;
        best_distance = away;
    }
    return best;
}

Token trimmed(Token token) {
    while (!token.text.empty() && (token.text.front() == ' ' || token.text.front() == '\t')) {
        token.text.remove_prefix(1);
        ++token.column;
    }
    while (!token.text.empty() && (token.text.back() == ' ' || token.text.back() == '\t'))
        token.text.remove_suffix(1);
    return token;
}

std::vector<Token> split(Token token, char separator) {
    std::vector<Token> parts;
    for (;;) {
        const std::size_t at = token.text.find(separator);
        parts.push_back(trimmed({token.text.substr(0, at), token.column}));
        if (at == std::string_view::npos) return parts;
        token.text.remove_prefix(at + 1);
        token.column += static_cast<std::uint32_t>(at) + 1;
    }
}

}  // namespace dt::link
