// dialtone run, dialtone up.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>

#include "cli/flags.hpp"
#include "cli/plan.hpp"
#include "cli/recordings.hpp"
#include "cli/session.hpp"

namespace dt::cli {

namespace {

/// Whether `program` is found as execvp would.
bool is_in_path(const std::string& program) {
    if (program.find('/') != std::string::npos) return true;
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    while (true) {
        const std::size_t colon = rest.find(':');
        const std::string candidate = fmt::format("{}/{}", rest.substr(0, colon), program);
        if (access(candidate.c_str(), X_OK) == 0) return true;
        if (colon == std::string_view::npos) return false;
        rest.remove_prefix(colon + 1);
    }
}

/// The small server that comes with us is found even where it is not in PATH.
void find_our_programs(host::RunSpec& plan) {
    for (host::ProgramSpec& program : plan.programs) {
        if (program.argv.front() != "hello" || is_in_path("hello")) continue;
        if (const std::string ours = beside_us("hello"); !ours.empty()) program.argv.front() = ours;
    }
}

class RunObserver final : public QuietObserver {
  public:
    RunObserver(const host::RunSpec& plan, const Common& common) : common_(common) {
        for (const host::ProgramSpec& program : plan.programs) {
            names_.push_back(fmt::format("{} on {}", program.argv.front(), program.host));
        }
    }
    void on_started(std::size_t program, int pid) override {
        if (common_.verbose) tell(fmt::format("{} started, pid {}", names_[program], pid));
    }
    void on_listening(std::size_t program, Endpoint at, int backlog) override {
        if (!common_.verbose) return;
        tell(fmt::format("{} listens on {} with backlog {}", names_[program],
                         wire::print(at).view(), backlog));
    }
    void on_ended(std::size_t program, int, int status) override {
        if (common_.verbose) tell(fmt::format("{} {}", names_[program], ending(status)));
    }
    void on_warning(const host::Complaint& warning) override {
        if (!common_.quiet) QuietObserver::on_warning(warning);
    }
    [[nodiscard]] static std::string ending(int status) {
        return WIFSIGNALED(status) ? fmt::format("was ended by signal {}", WTERMSIG(status))
                                   : fmt::format("ended with status {}", WEXITSTATUS(status));
    }
    [[nodiscard]] const std::string& name(std::size_t program) const { return names_[program]; }

  private:
    const Common& common_;
    std::vector<std::string> names_;
};

std::string recording_path(const std::string& asked_for) {
    if (!asked_for.empty()) return asked_for;
    const std::string folder = recordings_folder();
    return folder.empty() ? std::string{} : next_recording(folder);
}

/// After a run that went wrong: how to have it again and where to look.
void tell_of_failure(const Session& session, const RunObserver& observer, std::uint64_t seed) {
    for (std::size_t i = 0; i < session.outcome.programs.size(); ++i) {
        const host::Ended& ended = session.outcome.programs[i];
        if (ended.as_expected || !ended.status) continue;
        tell(fmt::format("{} {}", observer.name(i), RunObserver::ending(*ended.status)));
    }
    tell(fmt::format("again: --seed {:#x}{}", seed,
                     session.recording.empty()
                         ? std::string{}
                         : fmt::format("; what happened: dialtone ladder {}", session.recording)));
}

int run_plan(host::RunSpec plan, const Common& common, const SessionOptions& options) {
    find_our_programs(plan);
    const std::uint64_t seed = plan.world.seed;
    RunObserver observer(plan, common);
    const auto session = run_session(std::move(plan), options, observer);
    if (!session) return complain(session.error());
    const host::Outcome& outcome = session->outcome;
    if (outcome.failure) {
        return complain(
            {outcome.failure->sentence, outcome.failure->help, outcome.exit_status, {}});
    }
    bool all_as_expected = true;
    for (const host::Ended& ended : outcome.programs) all_as_expected &= ended.as_expected;
    const int wrong = outcome.exit_status == 0 ? exit_failure : outcome.exit_status;
    const int status = all_as_expected ? exit_ok : wrong;
    if (status != 0 && !common.quiet) tell_of_failure(*session, observer, seed);
    return status;
}

/// `run [FLAGS] [--] PROGRAM ARGS…`: where `--` is left out, the program begins at the first word
/// that belongs to no flag.
CommandLine command_line(const Arguments& arguments) {
    CommandLine line = split_at_dashes(arguments);
    if (!line.program.empty()) return line;
    for (std::size_t i = 0; i < line.flags.size(); ++i) {
        const std::string& word = line.flags[i];
        if (!word.starts_with('-')) {
            const auto at = line.flags.begin() + static_cast<std::ptrdiff_t>(i);
            line.program.assign(at, line.flags.end());
            line.flags.erase(at, line.flags.end());
            break;
        }
        const bool takes_a_value = word == "--link" || word == "--with" || word == "--fault" ||
                                   word == "--seed" || word == "--record" || word == "--color";
        i += takes_a_value ? 1 : 0;
    }
    return line;
}

}  // namespace

int run_command(const Arguments& arguments) {
    const CommandLine line = command_line(arguments);
    Flags flags("run");
    Common common;
    RunFlags run;
    std::string record;
    bool keep_data = false;
    const auto takes_one_each = [&](const char* name, std::vector<std::string>& to) {
        flags.app().add_option(name, to)->expected(1)->take_all()->trigger_on_parse(false);
    };
    takes_one_each("--link", run.links);
    takes_one_each("--with", run.withs);
    takes_one_each("--fault", run.faults);
    flags.app().add_option("--seed", run.seed);
    flags.app().add_option("--record", record);
    flags.app().add_flag("--record-data", keep_data);
    flags.app().add_flag("-q", common.quiet);
    flags.app().add_flag("-v", common.verbose);
    if (const auto code = flags.read(line.flags)) return *code;
    run.program = line.program;
    if (run.program.empty()) {
        return complain({"a program is missing", "dialtone run -- PROGRAM ARGS…", exit_usage, {}});
    }
    auto plan = plan_of_flags(run);
    if (!plan) return complain(plan.error());
    return run_plan(
        std::move(*plan), common,
        {recording_path(record), keep_data ? world::KeepText::octets : world::KeepText::lengths});
}

int up_command(const Arguments& arguments) {
    Flags flags("up");
    Common common;
    std::string path;
    std::string record;
    std::optional<std::string> seed;
    bool keep_data = false;
    flags.app().add_option("file", path);
    flags.app().add_option("--seed", seed);
    flags.app().add_option("--record", record);
    flags.app().add_flag("--record-data", keep_data);
    flags.app().add_flag("-q", common.quiet);
    flags.app().add_flag("-v", common.verbose);
    if (const auto code = flags.read(arguments)) return *code;
    if (path.empty()) {
        return complain({"a file is missing", "dialtone up network.toml", exit_usage, {}});
    }
    auto plan = plan_of_file(path);
    if (!plan) return complain(plan.error());
    if (seed) {
        const auto value = link::parse_seed({*seed, 1});
        if (!value) return complain(problem_of("--seed", *seed, value.error()));
        plan->world.seed = *value;
    }
    return run_plan(
        std::move(*plan), common,
        {recording_path(record), keep_data ? world::KeepText::octets : world::KeepText::lengths});
}

}  // namespace dt::cli
