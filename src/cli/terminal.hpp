// What the terminal on stdout is like: its width, its locale, how wide it draws lines (UX §0).
#pragma once

#include <cstdint>

namespace dt::cli {

[[nodiscard]] bool stdout_is_terminal();
/// Cells of a line, 80 to 140; 100 where stdout is no terminal.
[[nodiscard]] std::uint16_t output_width();
/// Whether LC_ALL, LC_CTYPE or LANG, the first that is set, asks for UTF-8.
[[nodiscard]] bool is_utf8_locale();
/// Whether the terminal draws `─` in two cells, as East Asian settings do. Asked once by a cursor
/// report, for at most 50 ms; a terminal that does not answer draws it in one.
[[nodiscard]] bool draws_lines_wide();

}  // namespace dt::cli
