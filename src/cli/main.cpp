// dialtone: finds the command and hands it its arguments.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <vector>

#include "cli/command.hpp"

namespace dt::cli {
namespace {

/// How many words at the front are flags that every command has; they may stand before it too.
std::size_t count_common(const Arguments& arguments) {
    static constexpr auto alone =
        std::to_array<std::string_view>({"--json", "--ascii", "-q", "-v"});
    std::size_t count = 0;
    while (count < arguments.size()) {
        const std::string& word = arguments[count];
        const bool is_colour = word == "--color";
        const bool is_common = is_colour || word.starts_with("--color=") ||
                               std::ranges::find(alone, word) != alone.end();
        if (!is_common) break;
        count += is_colour ? 2 : 1;
    }
    return std::min(count, arguments.size());
}

int complain_of(const std::string& word) {
    std::vector<std::string_view> names;
    for (const Command& command : commands()) names.push_back(command.name);
    const std::string all = fmt::format("commands: {}; dialtone --help", fmt::join(names, ", "));
    const bool is_flag = word.starts_with('-');
    if (is_flag) names = {"--help", "--version"};
    const auto near = link::nearest(word, names);
    return complain({fmt::format("unknown {} `{}`", is_flag ? "flag" : "command", word),
                     near ? fmt::format("did you mean `dialtone {}`?", *near) : all, exit_usage,
                     ""});
}

int run_named(Arguments arguments) {
    const auto common = static_cast<std::ptrdiff_t>(count_common(arguments));
    if (common < std::ssize(arguments))
        std::rotate(arguments.begin(), arguments.begin() + common, arguments.begin() + common + 1);
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
        return help_command({});
    }
    if (arguments[0] == "--version") {
        fmt::print("dialtone {}\n", DIALTONE_VERSION);
        return exit_ok;
    }
    const auto known = commands();
    const auto found = std::ranges::find(known, arguments[0], &Command::name);
    if (found == known.end()) return complain_of(arguments[0]);
    return found->run({arguments.begin() + 1, arguments.end()});
}

}  // namespace
}  // namespace dt::cli

int main(int argc, char** argv) { return dt::cli::run_named({argv + 1, argv + argc}); }
