// dialtone: finds the command and hands it its arguments.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <vector>

#include "cli/command.hpp"

int main(int argc, char** argv) {
    using namespace std::string_view_literals;
    const std::vector<std::string> arguments(argv + 1, argv + argc);
    if (arguments.empty() || arguments[0] == "--help" || arguments[0] == "-h") {
        return dt::cli::help_command({});
    }
    if (arguments[0] == "--version") {
        fmt::print("dialtone {}\n", DIALTONE_VERSION);
        return dt::cli::exit_ok;
    }
    const auto known = dt::cli::commands();
    const auto found = std::ranges::find(known, arguments[0], &dt::cli::Command::name);
    if (found != known.end()) {
        return found->run({arguments.begin() + 1, arguments.end()});
    }
    std::vector<std::string_view> names;
    for (const dt::cli::Command& command : known) names.push_back(command.name);
    const auto near = dt::link::nearest(arguments[0], names);
    const bool is_flag = arguments[0].starts_with('-');
    return dt::cli::complain(
        {fmt::format("unknown {} `{}`", is_flag ? "flag"sv : "command"sv, arguments[0]),
         near ? fmt::format("did you mean `dialtone {}`?", *near)
              : fmt::format("commands: {}; dialtone --help", fmt::join(names, ", ")),
         dt::cli::exit_usage, ""});
}
