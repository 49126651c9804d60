// What a run is asked to be, from flags or from network.toml: one grammar, one plan.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli/say.hpp"
#include "host/supervisor.hpp"
#include "link/tap_spec.hpp"

namespace dt::cli {

/// `--with NAME='PROGRAM ARGS'` and the other repeatable flags of `run`, as they were written.
struct RunFlags {
    std::vector<std::string> links;
    std::vector<std::string> withs;
    std::vector<std::string> faults;
    std::optional<std::string> tap;
    event::Switch ipv6 = event::Switch::off;
    std::optional<std::string> seed;
    std::vector<std::string> program;  // the main program and its arguments
};

/// The plan of `dialtone run`: the main program on `client`, one host more for each `--with`, one
/// switch that joins them.
[[nodiscard]] Checked<host::RunSpec> plan_of_flags(const RunFlags& flags);

/// The host that stands for the real network behind a TAP interface.
inline constexpr std::string_view outside_host = "outside";
/// Makes the last host of the plan the real network behind `tap`, and its first host what `tap`
/// says; links are joined already. The sentence of what does not fit.
[[nodiscard]] std::optional<std::string> join_outside(const link::TapSpec& tap, host::RunSpec& run);

/// The plan of `dialtone up FILE`. Programs that are expected to keep running start first, then the
/// others, both in file order; the last of the others is the main program.
[[nodiscard]] Checked<host::RunSpec> plan_of_file(const std::string& path);
/// The same from text; `name` is how messages call the file.
[[nodiscard]] Checked<host::RunSpec> plan_of_text(std::string_view text, const std::string& name);

}  // namespace dt::cli
