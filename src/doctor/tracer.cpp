// The loop of ptrace stops. PTRACE_SEIZE is used, so that stops of job control stay what they are.
#include "doctor/tracer.hpp"

#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstddef>
#include <optional>
#include <unordered_map>

#include "os/fd.hpp"

namespace dt::doctor {

namespace {

#if defined(__x86_64__)
constexpr std::uint32_t native_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr std::uint32_t native_arch = AUDIT_ARCH_AARCH64;
#else
#error "the filter knows x86-64 and arm64"
#endif

constexpr auto watched = std::to_array<std::uint32_t>(
    {SYS_socket, SYS_bind, SYS_listen, SYS_connect, SYS_accept, SYS_accept4, SYS_getsockopt,
     SYS_read, SYS_readv, SYS_recvfrom, SYS_recvmsg, SYS_write, SYS_writev, SYS_sendto, SYS_sendmsg,
     SYS_sendmmsg, SYS_shutdown, SYS_close});

/// Each watched call of the native kind stops the thread; everything else passes.
std::vector<sock_filter> filter_program() {
    std::vector<sock_filter> code;
    const auto load = [&](std::size_t offset) {
        code.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(offset)));
    };
    const auto count = static_cast<std::uint8_t>(watched.size());
    load(offsetof(seccomp_data, arch));
    code.push_back(
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, native_arch, 0, static_cast<std::uint8_t>(count + 1)));
    load(offsetof(seccomp_data, nr));
    for (std::uint8_t i = 0; i < count; ++i) {
        code.push_back(BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, watched[i],
                                static_cast<std::uint8_t>(count - i), 0));
    }
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
    code.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRACE));
    return code;
}

/// Everything the child needs, made before the fork.
struct Plan {
    std::vector<char*> argv;
    std::vector<sock_filter> code = filter_program();
    int may_go = -1;   ///< the child reads one octet here before it goes on
    int trouble = -1;  ///< and tells its errno here, where it fails
};

[[noreturn]] void child_main(const Plan& plan) {
    char go = 0;
    const sock_fprog program{static_cast<unsigned short>(plan.code.size()),
                             const_cast<sock_filter*>(plan.code.data())};
    for (const int signal : {SIGINT, SIGQUIT}) (void)::signal(signal, SIG_DFL);
    if (::read(plan.may_go, &go, 1) == 1 && ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
        ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0) {
        ::execvp(plan.argv.front(), plan.argv.data());
    }
    const int number = errno;
    [[maybe_unused]] const ssize_t n = ::write(plan.trouble, &number, sizeof number);
    ::_exit(127);
}

long control(int request, pid_t thread, std::uintptr_t data) {
    // The kernel takes an address here for some requests and a number for others.
    return ::ptrace(static_cast<__ptrace_request>(request), thread, nullptr,
                    reinterpret_cast<void*>(data));  // NOLINT(performance-no-int-to-ptr): as above
}

class Loop {
  public:
    Loop(pid_t root, CallWatcher& watcher) : root_(root), watcher_(watcher) {}

    int run() {
        int status = 0;
        for (;;) {
            const pid_t thread = ::waitpid(-1, &status, __WALL);
            if (thread < 0 && errno == EINTR) continue;
            if (thread < 0) return exit_;
            if (WIFEXITED(status) || WIFSIGNALED(status)) {
                ended(thread, status);
            } else if (WIFSTOPPED(status)) {
                stopped(thread, status);
            }
        }
    }

  private:
    void ended(pid_t thread, int status) {
        pending_.erase(thread);
        if (thread != root_) return;
        exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    }

    void stopped(pid_t thread, int status) {
        const int signal = WSTOPSIG(status);
        const int event = status >> 16;
        if (event == PTRACE_EVENT_SECCOMP) return call_begins(thread);
        if (signal == (SIGTRAP | 0x80)) return call_returns(thread);
        if (event == PTRACE_EVENT_STOP) {
            const bool is_group_stop =
                signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU;
            control(is_group_stop ? PTRACE_LISTEN : PTRACE_CONT, thread, 0);
            return;
        }
        control(PTRACE_CONT, thread, event != 0 ? 0 : static_cast<std::uintptr_t>(signal));
    }

    void call_begins(pid_t thread) {
        __ptrace_syscall_info info{};
        const long size = ::ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), thread,
                                   sizeof info, &info);
        Stop stop;
        stop.thread = thread;
        bool is_wanted = false;
        if (size > 0 && info.op == PTRACE_SYSCALL_INFO_SECCOMP) {
            stop.number = info.seccomp.nr;
            std::copy_n(std::begin(info.seccomp.args), stop.arguments.size(),
                        stop.arguments.begin());
            is_wanted = watcher_.on_call(stop);
        }
        if (is_wanted) pending_[thread] = stop;
        control(is_wanted ? PTRACE_SYSCALL : PTRACE_CONT, thread, 0);
    }

    void call_returns(pid_t thread) {
        __ptrace_syscall_info info{};
        const long size = ::ptrace(static_cast<__ptrace_request>(PTRACE_GET_SYSCALL_INFO), thread,
                                   sizeof info, &info);
        const auto found = pending_.find(thread);
        if (size > 0 && info.op == PTRACE_SYSCALL_INFO_EXIT && found != pending_.end()) {
            found->second.result = info.exit.rval;
            watcher_.on_return(found->second);
            pending_.erase(found);
        }
        control(PTRACE_CONT, thread, 0);
    }

    pid_t root_;
    CallWatcher& watcher_;
    std::unordered_map<pid_t, Stop> pending_;
    int exit_ = 127;
};

struct Pipe {
    os::UniqueFd read_end;
    os::UniqueFd write_end;
};

std::optional<Pipe> make_pipe() {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
    return Pipe{os::UniqueFd(ends[0]), os::UniqueFd(ends[1])};
}

}  // namespace

os::SysResult<int> trace(const std::vector<std::string>& command, CallWatcher& watcher) {
    Plan plan;
    for (const std::string& word : command) plan.argv.push_back(const_cast<char*>(word.c_str()));
    plan.argv.push_back(nullptr);
    auto go = make_pipe();
    auto trouble = make_pipe();
    if (!go || !trouble) return os::failed("pipe2");
    plan.may_go = go->read_end.get();
    plan.trouble = trouble->write_end.get();
    const pid_t child = ::fork();
    if (child < 0) return os::failed("fork");
    if (child == 0) child_main(plan);
    trouble->write_end.reset();
    // Ctrl-C is for the program: we stay to tell what was found.
    for (const int signal : {SIGINT, SIGQUIT}) (void)::signal(signal, SIG_IGN);
    constexpr std::uintptr_t options = PTRACE_O_TRACESECCOMP | PTRACE_O_TRACESYSGOOD |
                                       PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK |
                                       PTRACE_O_TRACECLONE | PTRACE_O_EXITKILL;
    if (control(PTRACE_SEIZE, child, options) != 0) {
        const int number = errno;
        ::kill(child, SIGKILL);
        ::waitpid(child, nullptr, 0);
        return os::failed("ptrace", number);
    }
    [[maybe_unused]] const ssize_t told = ::write(go->write_end.get(), "g", 1);
    const int exit_status = Loop(child, watcher).run();
    int number = 0;
    if (::read(trouble->read_end.get(), &number, sizeof number) == sizeof number) {
        return os::failed("execve", number);
    }
    return exit_status;
}

std::size_t read_memory(pid_t thread, std::uint64_t address, void* to, std::size_t size) {
    const iovec local{to, size};
    // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of the other process
    const iovec remote{reinterpret_cast<void*>(address), size};
    const ssize_t n = ::process_vm_readv(thread, &local, 1, &remote, 1, 0);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
}

}  // namespace dt::doctor
