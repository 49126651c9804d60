// Text of unknown origin for a terminal (RFC 3629 §4).
#include "base/printable.hpp"

#include <cstddef>
#include <cstdint>

namespace dt::base {

namespace {

/// A character and its octets; 0 octets where it is not UTF-8.
struct Character {
    std::uint32_t code = 0;
    std::size_t size = 0;
};

std::size_t size_of(std::uint8_t lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead < 0xe0) return 2;
    if (lead >= 0xe0 && lead < 0xf0) return 3;
    if (lead >= 0xf0 && lead < 0xf5) return 4;
    return 0;
}

Character first_of(std::string_view text) {
    const auto lead = static_cast<std::uint8_t>(text.front());
    const std::size_t size = size_of(lead);
    if (size == 0 || size > text.size()) return {};
    std::uint32_t code = size == 1 ? lead : lead & (0xffU >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        const auto octet = static_cast<std::uint8_t>(text[i]);
        if ((octet & 0xc0U) != 0x80) return {};
        code = code << 6 | (octet & 0x3fU);
    }
    const bool is_overlong = (size == 3 && code < 0x800) || (size == 4 && code < 0x10000);
    const bool is_surrogate = code >= 0xd800 && code < 0xe000;
    if (is_overlong || is_surrogate || code > 0x10ffff) return {};
    return {code, size};
}

bool is_shown(std::uint32_t code) {
    const bool is_control = code < 0x20 || (code >= 0x7f && code < 0xa0);
    const bool turns = (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
    return !is_control && !turns;
}

}  // namespace

std::string printable(std::string_view text) {
    std::string shown;
    shown.reserve(text.size());
    while (!text.empty()) {
        const Character next = first_of(text);
        const bool is_good = next.size > 0 && is_shown(next.code);
        const std::size_t taken = next.size > 0 ? next.size : 1;
        if (is_good) {
            shown.append(text.substr(0, taken));
        } else {
            shown.push_back('?');
        }
        text.remove_prefix(taken);
    }
    return shown;
}

}  // namespace dt::base
