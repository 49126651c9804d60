// The processes of a run: starts programs in their order, sees them end, ends what is left.
#include "host/programs.hpp"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>

#include "host/filter.hpp"
#include "os/failure.hpp"
#include "os/process.hpp"

namespace dt::host {
namespace {

constexpr int exit_ours = 125;
constexpr int exit_not_executable = 126;
constexpr int exit_not_found = 127;

std::vector<std::string> own_environment() {
    std::vector<std::string> copy;
    for (char** entry = ::environ; *entry != nullptr; ++entry) copy.emplace_back(*entry);
    return copy;
}

/// Pair ends cost one descriptor each; programs keep the limit they would have had.
rlimit raise_descriptor_limit() {
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    rlimit after = before;
    after.rlim_cur = after.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &after);
    return before;
}

Programs::Trouble exec_trouble(const std::string& program, int number) {
    const std::string name = os::errno_name(number);
    if (number == ENOENT || number == ENOTDIR) {
        return {exit_not_found, {"program `" + program + "` not found (" + name + ")", ""}};
    }
    return {exit_not_executable,
            {"program `" + program + "` cannot be executed (" + name + ")", ""}};
}

Programs::Trouble filter_trouble(int number) {
    if (number == EBUSY) {
        return {exit_ours,
                {"this program already runs under dialtone: a run inside a run is not possible "
                 "(EBUSY)",
                 "start it outside, or add it as a host: `--with`"}};
    }
    return {exit_ours,
            {"this kernel or container does not allow seccomp user notification (" +
                 os::errno_name(number) + ")",
             "Linux 5.14 or newer is needed, and a container profile that permits seccomp(2)"}};
}

Programs::Trouble listener_trouble(int number) {
    return {exit_ours,
            {"the descriptors of the program cannot be reached (pidfd_getfd: " +
                 os::errno_name(number) + ")",
             "ptrace is forbidden here: see /proc/sys/kernel/yama/ptrace_scope (0 or 1 is needed), "
             "or the container's seccomp profile"}};
}

Programs::Trouble trouble_of(const ProgramSpec& program, const LaunchFailure& failure) {
    switch (failure.stage) {
        case Stage::exec: return exec_trouble(program.argv.front(), failure.number);
        case Stage::directory:
            return {exit_ours,
                    {"cannot enter folder `" + program.directory + "` (" +
                         os::errno_name(failure.number) + ")",
                     ""}};
        case Stage::no_new_privs:
        case Stage::filter: return filter_trouble(failure.number);
        case Stage::listener: return listener_trouble(failure.number);
        case Stage::fork:
        case Stage::isolate: break;
    }
    return {exit_ours,
            {"cannot start `" + program.argv.front() + "` (" + os::errno_name(failure.number) + ")",
             ""}};
}

bool is_as_expected(const Expect& expect, const std::optional<int>& status, bool ended_by_us) {
    switch (expect.kind) {
        case Expect::Kind::running: return !status || ended_by_us;
        case Expect::Kind::exit:
            return status && WIFEXITED(*status) && WEXITSTATUS(*status) == expect.value;
        case Expect::Kind::signal:
            return status && WIFSIGNALED(*status) && WTERMSIG(*status) == expect.value;
    }
    return false;
}

}  // namespace

void Programs::prepare() {
    runs_.resize(spec_.programs.size());
    descriptors_ = raise_descriptor_limit();
    filter_ = make_filter();
    isolation_ = probe_isolation();
    if (isolation_ != Isolation::none) return;
    observer_.on_warning(
        {"user namespaces are forbidden here, going on without",
         "non-dumpable programs fail and getifaddrs() shows this machine; allow with `sysctl "
         "kernel.unprivileged_userns_clone=1` (Debian) or "
         "`kernel.apparmor_restrict_unprivileged_userns=0` (Ubuntu)"});
}

std::expected<os::UniqueFd, Programs::Trouble> Programs::start(std::size_t program,
                                                               std::vector<OwnLink> links) {
    const ProgramSpec& wanted = spec_.programs[program];
    LaunchSpec plan;
    plan.argv = wanted.argv;
    plan.env = wanted.env ? *wanted.env : own_environment();
    plan.directory = wanted.directory;
    plan.isolation = isolation_;
    plan.links = std::move(links);
    plan.input = program == spec_.main ? Input::inherited : Input::none;
    plan.descriptors = descriptors_;
    auto launched = launch(plan, filter_);
    if (!launched) return std::unexpected(trouble_of(wanted, launched.error()));
    Run& run = runs_[program];
    run.pid = launched->pid;
    run.pidfd = std::move(launched->pidfd);
    learn_name(run.pid);
    observer_.on_started(program, run.pid);
    return std::move(launched->listener);
}

void Programs::reap() {
    int status = 0;
    for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) {
        const auto found = std::ranges::find(runs_, pid, &Run::pid);
        // An orphan that came to us; it may even have the number of a program that has ended.
        if (found == runs_.end() || found->status) continue;
        found->status = status;
        found->ended_by_us = ending_;
        observer_.on_ended(static_cast<std::size_t>(found - runs_.begin()), pid, status);
    }
}

bool Programs::have_all_ended() const {
    return std::ranges::all_of(runs_, [](const Run& r) { return r.pid == 0 || r.status; });
}

bool Programs::are_done() const {
    if (spec_.end == RunEnd::with_main) return has_ended(spec_.main);
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const bool should_end = spec_.programs[i].expect.kind != Expect::Kind::running;
        if ((should_end || i == spec_.main) && !has_ended(i)) return false;
    }
    return true;
}

Instant Programs::asleep_since(std::size_t program, Instant now) {
    constexpr Duration between_looks = 50ms;
    Run& run = runs_[program];
    if (run.looked_at && now - *run.looked_at < between_looks) return run.asleep_since;
    const os::Activity found = os::activity_of(run.pid);
    const bool slept = run.looked_at && found.sleeps && found.cpu_ticks == run.cpu_ticks;
    if (!slept) run.asleep_since = now;
    run.looked_at = now;
    run.cpu_ticks = found.cpu_ticks;
    return run.asleep_since;
}

void Programs::signal(Who who, int number) {
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const bool is_main = i == spec_.main;
        const bool meant = who == Who::all || (who == Who::main) == is_main;
        if (meant && runs_[i].pid != 0 && !runs_[i].status) {
            (void)os::send_signal(runs_[i].pidfd.get(), number);
        }
    }
    if (who != Who::all) return;
    // What they started and left behind: found by descent from us, the subreaper.
    for (const pid_t pid : os::descendants(::getpid())) {
        if (const auto pidfd = os::open_process(pid)) (void)os::send_signal(pidfd->get(), number);
    }
}

std::vector<Ended> Programs::summary() const {
    std::vector<Ended> list;
    for (std::size_t i = 0; i < runs_.size(); ++i) {
        const Run& run = runs_[i];
        const bool expected = is_as_expected(spec_.programs[i].expect, run.status, run.ended_by_us);
        const bool ours = run.ended_by_us && i != spec_.main;
        list.push_back({run.pid, ours ? std::nullopt : run.status, expected});
    }
    return list;
}

std::string_view Programs::name(pid_t pid) const {
    const auto known = names_.find(pid);
    return known == names_.end() ? std::string_view() : std::string_view(known->second);
}

void Programs::learn_name(pid_t pid) {
    std::string name = os::name_of(pid);
    if (!name.empty()) names_[pid] = std::move(name);
}

}  // namespace dt::host
