// Speaking to users: errors, warnings, colour, words of a command line.
#include "cli/say.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "cli/terminal.hpp"

namespace dt::cli {

namespace {

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

}  // namespace

// Nobody could be told of what fails on standard error: so its results are let go.

int complain(const Problem& problem) {
    std::string text = fmt::format("dialtone: error: {}\n{}", problem.sentence, problem.excerpt);
    if (!problem.help.empty()) text += fmt::format("  help: {}\n", problem.help);
    (void)std::fputs(text.c_str(), stderr);
    return problem.exit_code;
}

void warn(std::string_view sentence, std::string_view help) {
    std::string text = fmt::format("dialtone: warning: {}\n", sentence);
    if (!help.empty()) text += fmt::format("  help: {}\n", help);
    (void)std::fputs(text.c_str(), stderr);
}

void tell(std::string_view text) {
    (void)std::fputs(fmt::format("dialtone: {}\n", text).c_str(), stderr);
}

Problem problem_of(std::string_view flag, std::string_view value, const link::TextError& error) {
    return {fmt::format("{} `{}`: {}", flag, value, error.sentence), error.help, exit_usage, {}};
}

observe::Paint paint_for(ColourChoice colour, observe::Signs signs) {
    observe::Paint paint;
    const bool is_terminal = stdout_is_terminal();
    paint.width = output_width();
    const bool wanted = is_terminal && variable("NO_COLOR").empty() && variable("TERM") != "dumb";
    if (colour == ColourChoice::always || (colour == ColourChoice::automatic && wanted)) {
        paint.colour = observe::Colour::on;
    }
    paint.signs = signs;
    if (!is_utf8_locale() || draws_lines_wide()) paint.signs = observe::Signs::ascii;
    return paint;
}

std::string shell_line(const std::vector<std::string>& words) {
    constexpr std::string_view plain =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_./:=,@%+";
    std::string line;
    for (const std::string& word : words) {
        if (!line.empty()) line += ' ';
        if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) {
            line += word;
            continue;
        }
        line += '\'';
        for (const char c : word) line += c == '\'' ? std::string{"'\\''"} : std::string(1, c);
        line += '\'';
    }
    return line;
}

std::expected<std::vector<std::string>, std::string> split_words(std::string_view text) {
    std::vector<std::string> words;
    bool in_word = false;
    char quote = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        const bool is_gap = quote == 0 && (c == ' ' || c == '\t' || c == '\n');
        if (is_gap) {
            in_word = false;
            continue;
        }
        if (!in_word) words.emplace_back();
        in_word = true;
        if (quote == 0 && (c == '\'' || c == '"')) {
            quote = c;
        } else if (c == quote) {
            quote = 0;
        } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
            words.back() += text[++i];
        } else {
            words.back() += c;
        }
    }
    if (quote != 0) return std::unexpected(fmt::format("a quote {} is not closed", quote));
    if (words.empty()) return std::unexpected(std::string{"a program is missing"});
    return words;
}

}  // namespace dt::cli
