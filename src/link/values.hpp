// The values of the one grammar of flags and network.toml: durations, shares, sizes, rates, counts,
// ranges, seeds, endpoints; each error says what is wrong, where, and what to type.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"
#include "link/spec.hpp"

namespace dt::link {

/// Why a text could not be read.
struct TextError {
    std::uint32_t column = 1;  ///< of the first wrong octet; the first of the text is 1
    std::uint32_t length = 1;  ///< octets, for a caret line
    std::string sentence;      ///< lower case, no full stop
    std::string help;          ///< what to type; may be empty
};

template <class T>
using Parsed = std::expected<T, TextError>;

/// A part of a text and where it stood.
struct Token {
    std::string_view text;
    std::uint32_t column = 1;

    [[nodiscard]] std::uint32_t length() const { return static_cast<std::uint32_t>(text.size()); }
};

/// How messages name a value: `loss=` is the key, "a loss" the noun. An empty key is a bare value.
struct Naming {
    std::string_view key;
    std::string_view noun = "a value";
};

/// `250us` `20ms` `1.5s` `2m`; at most a hundred years.
[[nodiscard]] Parsed<Duration> parse_duration(Token token, Naming naming = {"", "a duration"});
/// `1%` `0.5%`; 0% to 100%.
[[nodiscard]] Parsed<Share> parse_share(Token token, Naming naming = {"", "a share"});
/// `4096B` `64KiB` `1MB`, in octets.
[[nodiscard]] Parsed<std::uint64_t> parse_size(Token token, Naming naming = {"", "a size"});
/// `10Mbit` `1Gbit`, in bits a second; not 0.
[[nodiscard]] Parsed<std::uint64_t> parse_rate(Token token, Naming naming = {"", "a rate"});
/// A decimal number from 1 to `most`.
[[nodiscard]] Parsed<std::uint64_t> parse_count(Token token, Naming naming, std::uint64_t most);
/// `3` or `1..3`.
[[nodiscard]] Parsed<Range> parse_range(Token token, Naming naming);
/// Decimal or 0x…, 64 bits.
[[nodiscard]] Parsed<std::uint64_t> parse_seed(Token token);
/// `[a-z][a-z0-9-]*`, at most 63 octets (a DNS label, RFC 1035 §2.3.4).
[[nodiscard]] Parsed<std::string> parse_host_name(Token token);

/// `[IP|NAME|*][:PORT]`; what is absent is empty.
struct EndpointText {
    std::string host;
    std::optional<std::uint16_t> port;
};
[[nodiscard]] Parsed<EndpointText> parse_endpoint(Token token);

/// The first of `known` at the smallest edit distance from `word`, if that is at most 2.
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> known);

/// Spaces off both ends.
[[nodiscard]] Token trimmed(Token token);
/// The parts between `separator`s, each trimmed; one empty part for an empty text.
[[nodiscard]] std::vector<Token> split(Token token, char separator);

}  // namespace dt::link
