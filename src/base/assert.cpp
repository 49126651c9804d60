// DT_ASSERT's failure path.
#include "base/assert.hpp"

#include <array>
#include <cstddef>
#include <cstdlib>
#include <cstring>

namespace dt::base {

namespace {

// The one static object of the library: written once, by a process that is about to abort.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-non-const-global-variables): see above
std::array<char, 512> text{};

std::size_t append(std::size_t at, const char* part) {
    const std::size_t length = std::strlen(part);
    const std::size_t room = text.size() - 1 - at;
    const std::size_t taken = length < room ? length : room;
    std::memcpy(text.data() + at, part, taken);
    return at + taken;
}

std::size_t append_number(std::size_t at, int number) {
    std::array<char, 12> digits{};
    std::size_t first = digits.size() - 1;
    do {
        digits[--first] = static_cast<char>('0' + number % 10);
        number /= 10;
    } while (number > 0 && first > 0);
    return append(at, digits.data() + first);
}

}  // namespace

void assertion_failed(const char* expression, const char* file, int line) noexcept {
    std::size_t at = append(0, file);
    at = append(at, ":");
    at = append_number(at, line);
    at = append(at, ": assertion failed: ");
    append(at, expression);
    std::abort();
}

const char* last_assertion() noexcept { return text.data(); }

}  // namespace dt::base
