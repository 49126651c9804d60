// How every command speaks: results to stdout, talk to stderr; errors in one sentence with help
// (UX §0, §9); exit codes.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "link/values.hpp"
#include "observe/paint.hpp"

namespace dt::cli {

/// Exit codes of every command (UX §0 rule 9).
inline constexpr int exit_ok = 0;
inline constexpr int exit_failure = 1;
inline constexpr int exit_usage = 2;
inline constexpr int exit_ours = 125;
inline constexpr int exit_not_executable = 126;
inline constexpr int exit_not_found = 127;

/// One mistake: what is wrong, and what to type.
struct Problem {
    std::string sentence;
    std::string help;
    int exit_code = exit_usage;
    std::string excerpt;  // a line of a file with a caret under it, ready to print; may be empty
};

/// A value or a problem.
template <class T>
using Checked = std::expected<T, Problem>;

/// Prints `dialtone: error: SENTENCE` and the help; returns the exit code.
int complain(const Problem& problem);
/// A warning, said once.
void warn(std::string_view sentence, std::string_view help);
/// One line of talk, prefixed, to stderr.
void tell(std::string_view text);

/// The problem of a flag's value: `--link loss=1`: a loss needs a percent sign.
[[nodiscard]] Problem problem_of(std::string_view flag, std::string_view value,
                                 const link::TextError& error);

enum class ColourChoice : std::uint8_t { automatic, always, never };
/// What a terminal, NO_COLOR, TERM, the locale and the flags ask for, for text on stdout.
[[nodiscard]] observe::Paint paint_for(ColourChoice colour, observe::Signs signs);

/// Words as a shell takes them back: quoted where they need it.
[[nodiscard]] std::string shell_line(const std::vector<std::string>& words);

/// `curl -o "a b" x` as words: spaces part, quotes and backslashes keep, nothing is expanded.
[[nodiscard]] std::expected<std::vector<std::string>, std::string> split_words(
    std::string_view text);

}  // namespace dt::cli
