// Terminal text: 16 colours, bold and dim, signs that degrade to ASCII, cell widths, units (UX §0).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/time.hpp"

namespace dt::observe {

/// What a piece of text means; the painter turns it into colour. Colour is never the only sign.
enum class Tone : std::uint8_t { plain, bad, worst, held, good, strong, faint, command };

enum class Colour : std::uint8_t { off, on };
enum class Signs : std::uint8_t { unicode, ascii };

/// How text is to be drawn.
struct Paint {
    Colour colour = Colour::off;
    Signs signs = Signs::unicode;
    std::uint16_t width = 100;  // cells, 80 to 140

    /// `text` in the colour of `tone`; unchanged when colour is off.
    [[nodiscard]] std::string tint(std::string_view text, Tone tone) const;
    /// `text` with every sign replaced by its ASCII form, where ASCII is asked for.
    [[nodiscard]] std::string plain(std::string_view text) const;
    /// As fit_left and fit_right, of plain text: what is cut ends in this paint's sign for it.
    [[nodiscard]] std::string left(std::string_view text, std::size_t count) const;
    [[nodiscard]] std::string right(std::string_view text, std::size_t count) const;
};

/// Cells that UTF-8 text takes; each code point counts one (no wide characters in our output).
[[nodiscard]] std::size_t cells(std::string_view text);
/// `text` cut to `width` cells, the last one `…` if anything was cut, and padded with spaces.
[[nodiscard]] std::string fit_left(std::string_view text, std::size_t width);
[[nodiscard]] std::string fit_right(std::string_view text, std::size_t width);

/// One unit per picture: milliseconds with one decimal under 10 s, else seconds with three.
enum class TimeUnit : std::uint8_t { milliseconds, seconds };
[[nodiscard]] TimeUnit unit_for(Duration longest);
[[nodiscard]] std::string_view name(TimeUnit unit);
[[nodiscard]] std::string in_unit(Duration time, TimeUnit unit);

/// `14:02:31.123`.
[[nodiscard]] std::string time_of_day(Duration since_1970);
/// `1 s`, `1.016 s`, `40 ms`: a span in running text, without zeros that say nothing.
[[nodiscard]] std::string span_text(Duration span);

/// `600,204`.
[[nodiscard]] std::string with_commas(std::uint64_t number);

}  // namespace dt::observe
