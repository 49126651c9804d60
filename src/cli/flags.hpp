// Reading a command's flags with CLI11, with our own words for mistakes.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cli/command.hpp"

namespace dt::cli {

/// The flags of one command. `topic` is printed for --help.
class Flags {
  public:
    explicit Flags(std::string_view command);

    [[nodiscard]] CLI::App& app() { return app_; }
    /// --json --color --ascii -q -v, into `common`.
    void add_common(Common& common);
    /// Reads; an exit code if the command ends here (help printed, or a mistake complained about).
    [[nodiscard]] std::optional<int> read(const Arguments& arguments);

  private:
    [[nodiscard]] Problem unknown_flag(const std::string& flag) const;

    [[nodiscard]] std::optional<Problem> read_colour() const;

    std::string command_;
    CLI::App app_;
    Common* common_ = nullptr;
    std::string colour_;
};

/// The part before `--` and the program behind it. Without `--`, the program begins at the first
/// word that is no flag and no flag's value (only run has flags with values before a program).
struct CommandLine {
    Arguments flags;
    Arguments program;
};
[[nodiscard]] CommandLine split_at_dashes(const Arguments& arguments);

}  // namespace dt::cli
