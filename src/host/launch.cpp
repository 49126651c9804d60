// Starts one program. The child makes system calls only between fork() and execve(): what it needs
// is laid out before.
#include "host/launch.hpp"

#include <fcntl.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <optional>

#include "os/process.hpp"

namespace dt::host {
namespace {

/// What the child tells: the number of its listener (`is_failure` 0), or where it failed.
struct Word {
    int is_failure = 0;
    Stage stage = Stage::fork;
    int value = 0;
};

/// Everything the child needs, made before the fork.
struct Plan {
    const LaunchSpec* spec = nullptr;
    std::vector<char*> argv;
    std::vector<char*> env;
    std::vector<std::string> candidates;  ///< of the program's path, as execvp() tries them
    sock_fprog filter{};
    int talk = -1;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
    std::vector<char*> result;
    result.reserve(strings.size() + 1);
    for (const std::string& s : strings) result.push_back(const_cast<char*>(s.c_str()));
    result.push_back(nullptr);
    return result;
}

std::string path_of(const std::vector<std::string>& env) {
    for (const std::string& entry : env) {
        if (entry.starts_with("PATH=")) return entry.substr(5);
    }
    return "/bin:/usr/bin";
}

std::vector<std::string> candidates_for(const LaunchSpec& spec) {
    const std::string& program = spec.argv.front();
    if (program.find('/') != std::string::npos) return {program};
    std::vector<std::string> found;
    const std::string path = path_of(spec.env);
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t end = std::min(path.find(':', at), path.size());
        const std::string folder = path.substr(at, end - at);
        found.push_back((folder.empty() ? "." : folder) + "/" + program);
        at = end + 1;
    }
    return found;
}

[[noreturn]] void child_failed(const Plan& plan, Stage stage) {
    const Word word{1, stage, errno};
    // Where even this write fails, the parent sees the end of the stream instead.
    [[maybe_unused]] const ssize_t n = ::write(plan.talk, &word, sizeof word);
    ::_exit(127);
}

/// What our caller ignores is ignored by the program too, as if we were not between them.
void unblock_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
}

void detach_input() {
    ::setpgid(0, 0);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (null >= 0) ::dup2(null, STDIN_FILENO);
}

/// As a shell: a file that may not be executed is remembered; one that is not there, or lies in a
/// folder that may not be searched, is passed over.
int try_candidates(const Plan& plan) {
    int remembered = ENOENT;
    for (const std::string& path : plan.candidates) {
        ::execve(path.c_str(), plan.argv.data(), plan.env.data());
        const int error = errno;
        if (error == EACCES && ::access(path.c_str(), F_OK) == 0)
            remembered = EACCES;
        else if (error != EACCES && error != ENOENT && error != ENOTDIR)
            return error;
    }
    return remembered;
}

[[noreturn]] void child(const Plan& plan, pid_t parent) {
    unblock_signals();
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(127);
    if (plan.spec->input == Input::none) detach_input();
    ::setrlimit(RLIMIT_NOFILE, &plan.spec->descriptors);
    if (!enter(plan.spec->isolation, plan.spec->links)) child_failed(plan, Stage::isolate);
    const std::string& directory = plan.spec->directory;
    if (!directory.empty() && ::chdir(directory.c_str()) != 0) {
        child_failed(plan, Stage::directory);
    }
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) child_failed(plan, Stage::no_new_privs);
    const auto listener = static_cast<int>(::syscall(
        SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &plan.filter));
    if (listener < 0) child_failed(plan, Stage::filter);
    const Word word{0, Stage::listener, listener};
    if (::write(plan.talk, &word, sizeof word) != sizeof word) ::_exit(127);
    std::byte go{};
    if (::read(plan.talk, &go, 1) != 1) ::_exit(127);
    ::close(listener);
    errno = try_candidates(plan);
    child_failed(plan, Stage::exec);
}

/// Ends a child that never became the program.
void discard(pid_t pid) {
    ::kill(pid, SIGKILL);
    ::waitpid(pid, nullptr, 0);
}

std::expected<Launched, LaunchFailure> follow(pid_t pid, int talk) {
    const auto fail_at = [pid](Stage stage, int number) {
        discard(pid);
        return std::unexpected(LaunchFailure{stage, number});
    };
    Word word;
    if (::read(talk, &word, sizeof word) != sizeof word) return fail_at(Stage::fork, ECHILD);
    if (word.is_failure != 0) return fail_at(word.stage, word.value);
    auto pidfd = os::open_process(pid);
    if (!pidfd) return fail_at(Stage::listener, pidfd.error().number);
    auto listener = os::borrow(pidfd->get(), word.value);
    if (!listener) return fail_at(Stage::listener, listener.error().number);
    const std::byte go{1};
    if (::write(talk, &go, 1) != 1) return fail_at(Stage::listener, errno);
    // The stream ends when execve() closes the child's end, else it says why it did not.
    if (::read(talk, &word, sizeof word) == sizeof word) return fail_at(word.stage, word.value);
    return Launched{pid, std::move(*pidfd), std::move(*listener)};
}

}  // namespace

std::expected<Launched, LaunchFailure> launch(const LaunchSpec& spec,
                                              const std::vector<sock_filter>& filter) {
    std::array<int, 2> talk{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, talk.data()) != 0) {
        return std::unexpected(LaunchFailure{Stage::fork, errno});
    }
    const os::UniqueFd ours(talk[0]);
    os::UniqueFd theirs(talk[1]);
    Plan plan;
    plan.spec = &spec;
    plan.argv = pointers(spec.argv);
    plan.env = pointers(spec.env);
    plan.candidates = candidates_for(spec);
    plan.filter = {static_cast<unsigned short>(filter.size()),
                   const_cast<sock_filter*>(filter.data())};
    plan.talk = theirs.get();
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return std::unexpected(LaunchFailure{Stage::fork, errno});
    if (pid == 0) child(plan, parent);
    theirs.reset();
    return follow(pid, ours.get());
}

}  // namespace dt::host
