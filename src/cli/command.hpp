// The commands of `dialtone`, one function each: arguments in, exit code out.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/say.hpp"

namespace dt::cli {

/// What every command understands besides its own flags.
struct Common {
    ColourChoice colour = ColourChoice::automatic;
    observe::Signs signs = observe::Signs::unicode;
    bool json = false;
    bool quiet = false;
    bool verbose = false;

    [[nodiscard]] observe::Paint paint() const { return paint_for(colour, signs); }
};

using Arguments = std::vector<std::string>;

int demo_command(const Arguments& arguments);
int run_command(const Arguments& arguments);
int up_command(const Arguments& arguments);
int ss_command(const Arguments& arguments);
int ladder_command(const Arguments& arguments);
int replay_command(const Arguments& arguments);
int doctor_command(const Arguments& arguments);
int help_command(const Arguments& arguments);

/// A command as main() finds it and --help lists it.
struct Command {
    std::string_view name;
    int (*run)(const Arguments& arguments);
};
[[nodiscard]] std::span<const Command> commands();

}  // namespace dt::cli
