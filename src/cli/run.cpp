// dialtone run, dialtone up.
#include <fmt/format.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <set>

#include "cli/flags.hpp"
#include "cli/plan.hpp"
#include "cli/recordings.hpp"
#include "cli/session.hpp"
#include "observe/flow.hpp"

namespace dt::cli {

namespace {

constexpr std::size_t told_max = 3;  // of what programs tried in vain

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
            expected_.push_back(program.expect);
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
    /// `exit 0`, as network.toml says it.
    [[nodiscard]] std::string expectation(std::size_t program) const {
        const host::Expect& expect = expected_[program];
        switch (expect.kind) {
            case host::Expect::Kind::exit: return fmt::format("exit {}", expect.value);
            case host::Expect::Kind::running: return "running";
            case host::Expect::Kind::signal: return fmt::format("signal {}", expect.value);
        }
        return {};
    }

  private:
    const Common& common_;
    std::vector<std::string> names_;
    std::vector<host::Expect> expected_;
};

/// How to ask for a run: its command line, how it speaks, what it keeps.
struct Asked {
    Common common;
    SessionOptions options;
    Arguments again;  // `run --link …` without its seed; the seed follows the first word
};

/// What programs asked for in vain, as far as that is known: names and addresses of no host.
void tell_of_what_is_not_there(const Session& session, const Asked& asked,
                               const std::vector<std::string>& hosts) {
    for (const std::string& name : session.outcome.unknown_names) {
        tell(fmt::format("name `{}` is not known on this network\n  help: hosts: {}; add {}", name,
                         fmt::join(hosts, ", "),
                         asked.again.front() == "run"
                             ? fmt::format("`--with {}='…'`", name.substr(0, name.find('.')))
                             : std::string{"it under [hosts]"}));
    }
    std::set<std::string> told;
    for (const event::CallMade& call : session.findings.astray) {
        const std::string sentence =
            fmt::format("{} tried {}, which is not on this network: ENETUNREACH given",
                        session.trace.program(call.caller.pid), wire::print(call.argument).view());
        if (told.size() < told_max && told.insert(sentence).second) tell(sentence);
    }
}

/// Programs that fell back from io_uring, or could not.
void tell_of_io_uring(const Session& session) {
    for (const std::string& name : session.outcome.io_uring_users) {
        tell(fmt::format(
            "`{}` uses io_uring, which Dialtone answers with ENOSYS\n"
            "  help: most programs fall back by themselves; if this one stopped, turn its "
            "io_uring off",
            name));
    }
}

/// After a run that went wrong: who failed, how to have it again and where to look.
void tell_of_failure(const Session& session, const RunObserver& observer, const Asked& asked,
                     std::uint64_t seed, const std::vector<std::string>& hosts) {
    for (std::size_t i = 0; i < session.outcome.programs.size(); ++i) {
        const host::Ended& ended = session.outcome.programs[i];
        if (ended.as_expected || !ended.status) continue;
        const std::string what = RunObserver::ending(*ended.status);
        // A program of `run` is a command like any other: its status speaks for itself.
        tell(asked.again.front() == "run"
                 ? fmt::format("{} {}", observer.name(i), what)
                 : fmt::format("{} {}, expected was `{}`", observer.name(i), what,
                               observer.expectation(i)));
    }
    tell_of_what_is_not_there(session, asked, hosts);
    tell_of_io_uring(session);
    Arguments again = asked.again;
    again.insert(again.begin() + 1, {"--seed", fmt::format("{:#x}", seed)});
    tell(fmt::format("again: dialtone {}", shell_line(again)));
    if (session.recording.empty() || !session.findings.has_segments) return;
    tell(fmt::format("what happened: dialtone ladder {}", shell_line({session.recording})));
}

/// A program that was not found may be written wrong by a letter or two.
Problem problem_of_failure(const host::Outcome& outcome, const std::vector<std::string>& programs) {
    Problem problem{outcome.failure->sentence, outcome.failure->help, outcome.exit_status, {}};
    if (outcome.exit_status != exit_not_found || !problem.help.empty()) return problem;
    for (const std::string& program : programs) {
        if (is_in_path(program)) continue;
        if (const auto near = nearest_program(program)) {
            problem.help = fmt::format("did you mean `{}`?", *near);
        }
        break;
    }
    return problem;
}

/// `run` passes the status of its program; `up` has many programs: did all end as expected?
int status_of(const host::Outcome& outcome, host::RunEnd end) {
    if (end == host::RunEnd::with_main) return outcome.exit_status;
    if (outcome.interrupted_by != 0) return 128 + outcome.interrupted_by;
    return std::ranges::all_of(outcome.programs, &host::Ended::as_expected) ? exit_ok
                                                                            : exit_failure;
}

/// Whether a program beside the main one broke: a server may end before its client, but not so.
bool has_broken_server(const host::Outcome& outcome) {
    return std::ranges::any_of(outcome.programs, [](const host::Ended& ended) {
        return !ended.as_expected && ended.status && *ended.status != 0;
    });
}

int run_plan(host::RunSpec plan, const Asked& asked) {
    RunObserver observer(plan, asked.common);  // speaks of programs as they were written
    find_our_programs(plan);
    const std::uint64_t seed = plan.world.seed;
    const host::RunEnd end = plan.end;
    std::vector<std::string> hosts;
    hosts.reserve(plan.world.hosts.size());
    for (const world::HostSpec& host : plan.world.hosts) hosts.push_back(host.name);
    std::vector<std::string> programs;
    programs.reserve(plan.programs.size());
    for (const host::ProgramSpec& program : plan.programs) programs.push_back(program.argv.front());
    const auto session = run_session(std::move(plan), asked.options, observer);
    if (!session) return complain(session.error());
    const host::Outcome& outcome = session->outcome;
    if (outcome.failure) return complain(problem_of_failure(outcome, programs));
    const int status = status_of(outcome, end);
    const bool went_wrong = status != 0 || has_broken_server(outcome);
    if (went_wrong && outcome.interrupted_by == 0 && !asked.common.quiet) {
        tell_of_failure(*session, observer, asked, seed, hosts);
    } else if (asked.common.verbose) {
        tell_of_io_uring(*session);
    }
    return status;
}

/// The command and its arguments without a seed: the one that was used is put in.
Arguments again_of(const std::string& command, const Arguments& arguments) {
    Arguments again{command};
    bool is_over = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        is_over |= arguments[i] == "--";
        if (!is_over && arguments[i].starts_with("--seed=")) continue;
        if (!is_over && arguments[i] == "--seed") {
            ++i;
            continue;
        }
        again.push_back(arguments[i]);
    }
    return again;
}

SessionOptions options_of(const std::string& record, bool keep_data) {
    SessionOptions options;
    options.record = record;
    if (record.empty()) options.folder = recordings_folder();
    options.keep = keep_data ? world::KeepText::octets : world::KeepText::lengths;
    return options;
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
                                   word == "--seed" || word == "--record" || word == "--color" ||
                                   word == "--tap";
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
    flags.app().add_option("--tap", run.tap);
    bool ipv6 = false;
    flags.app().add_flag("--ipv6", ipv6);
    flags.app().add_option("--seed", run.seed);
    flags.app().add_option("--record", record);
    flags.app().add_flag("--record-data", keep_data);
    flags.app().add_flag("-q", common.quiet);
    flags.app().add_flag("-v", common.verbose);
    if (const auto code = flags.read(line.flags)) return *code;
    run.program = line.program;
    if (ipv6) run.ipv6 = event::Switch::on;
    if (run.program.empty()) {
        return complain({"a program is missing", "dialtone run -- PROGRAM ARGS…", exit_usage, {}});
    }
    auto plan = plan_of_flags(run);
    if (!plan) return complain(plan.error());
    return run_plan(std::move(*plan),
                    {common, options_of(record, keep_data), again_of("run", arguments)});
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
    return run_plan(std::move(*plan),
                    {common, options_of(record, keep_data), again_of("up", arguments)});
}

}  // namespace dt::cli
