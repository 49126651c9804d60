// For tests: octets written as hexadecimal text.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

namespace dt::wire {

/// `"45 00 00 14"`; anything but hexadecimal digits separates nothing and is skipped.
inline std::vector<std::byte> hex(std::string_view text) {
    std::vector<std::byte> octets;
    int high = -1;
    for (const char c : text) {
        const std::size_t digit = std::string_view("0123456789abcdef").find(c);
        if (digit == std::string_view::npos) continue;
        if (high < 0) {
            high = static_cast<int>(digit);
            continue;
        }
        octets.push_back(static_cast<std::byte>(high * 16 + static_cast<int>(digit)));
        high = -1;
    }
    return octets;
}

}  // namespace dt::wire
