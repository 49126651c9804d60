// Other processes: pidfds, what /proc says of them, duplicates of their descriptors.
#include "os/process.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>

#include <array>
#include <charconv>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <sstream>
#include <string_view>
#include <unordered_map>

#include "base/printable.hpp"

namespace dt::os {
namespace {

constexpr unsigned pidfd_thread = O_EXCL;  // PIDFD_THREAD; older headers lack it

std::string read_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 4096> part{};
    while (fd.is_open()) {
        const ssize_t n = ::read(fd.get(), part.data(), part.size());
        if (n <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(n));
    }
    return text;
}

std::string proc_path(pid_t pid, std::string_view what) {
    return "/proc/" + std::to_string(pid) + "/" + std::string(what);
}

template <class T>
std::optional<T> number_in(std::string_view text) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end == text.data()) return std::nullopt;
    return value;
}

struct CloseDir {
    void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

/// The parent in /proc/PID/stat: the second field after the name, which may hold any octet.
std::optional<pid_t> parent_of(pid_t pid) {
    const std::string stat = read_file(proc_path(pid, "stat"));
    const std::size_t name_end = stat.rfind(')');
    if (name_end == std::string::npos || name_end + 4 > stat.size()) return std::nullopt;
    return number_in<pid_t>(std::string_view(stat).substr(name_end + 4));
}

}  // namespace

SysResult<UniqueFd> open_process(pid_t pid) {
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0U));
    if (fd < 0) return failed("pidfd_open");
    return UniqueFd(fd);
}

SysResult<UniqueFd> open_task(pid_t tid) {
    const auto fd = static_cast<int>(::syscall(SYS_pidfd_open, tid, pidfd_thread));
    if (fd >= 0) return UniqueFd(fd);
    if (errno != EINVAL) return failed("pidfd_open");
    const std::optional<pid_t> process = process_of(tid);
    if (!process) return failed("pidfd_open", ESRCH);
    return open_process(*process);
}

SysResult<UniqueFd> borrow(int pidfd, int fd) {
    const auto copy = static_cast<int>(::syscall(SYS_pidfd_getfd, pidfd, fd, 0U));
    if (copy < 0) return failed("pidfd_getfd");
    return UniqueFd(copy);
}

SysStatus send_signal(int pidfd, int signal) {
    if (::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, 0U) != 0) {
        return failed("pidfd_send_signal");
    }
    return {};
}

std::optional<pid_t> process_of(pid_t tid) {
    const std::string status = read_file(proc_path(tid, "status"));
    constexpr std::string_view label = "\nTgid:\t";
    const std::size_t at = status.find(label);
    if (at == std::string::npos) return std::nullopt;
    return number_in<pid_t>(std::string_view(status).substr(at + label.size()));
}

std::string name_of(pid_t pid) {
    std::string name = read_file(proc_path(pid, "comm"));
    if (!name.empty() && name.back() == '\n') name.pop_back();
    return base::printable(name);  // the program may have chosen it (PR_SET_NAME)
}

std::vector<pid_t> descendants(pid_t ancestor) {
    std::unordered_multimap<pid_t, pid_t> children;
    const Dir dir(::opendir("/proc"));
    while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
        const auto pid = number_in<pid_t>(entry->d_name);
        if (!pid) continue;
        if (const auto parent = parent_of(*pid)) children.emplace(*parent, *pid);
    }
    std::vector<pid_t> found{ancestor};
    for (std::size_t i = 0; i < found.size(); ++i) {
        const auto [first, last] = children.equal_range(found[i]);
        for (auto it = first; it != last; ++it) found.push_back(it->second);
    }
    found.erase(found.begin());
    return found;
}

Activity activity_of(pid_t pid) {
    std::vector<pid_t> all = descendants(pid);
    all.push_back(pid);
    Activity sum;
    for (const pid_t one : all) {
        const std::string text = read_file(proc_path(one, "stat"));
        // The name stands in brackets and may hold any octet; the state follows it (proc(5)).
        const std::size_t name_end = text.rfind(") ");
        if (name_end == std::string::npos) continue;
        std::istringstream rest(text.substr(name_end + 2));
        char state = 'S';
        std::int64_t passed_over = 0;  // ppid to cmajflt
        std::uint64_t user = 0;
        std::uint64_t system = 0;
        rest >> state;
        for (int i = 0; i < 10; ++i) rest >> passed_over;
        rest >> user >> system;
        sum.cpu_ticks += user + system;
        sum.sleeps = sum.sleeps && state != 'R' && state != 'D';
    }
    return sum;
}

std::vector<OpenSocket> sockets_of(pid_t pid) {
    std::vector<OpenSocket> found;
    const std::string folder = proc_path(pid, "fd");
    const Dir dir(::opendir(folder.c_str()));
    while (const dirent* entry = dir ? ::readdir(dir.get()) : nullptr) {
        const auto fd = number_in<int>(entry->d_name);
        if (!fd) continue;
        std::array<char, 64> link{};
        const ssize_t n = ::readlinkat(::dirfd(dir.get()), entry->d_name, link.data(), link.size());
        constexpr std::string_view prefix = "socket:[";
        const std::string_view target(link.data(), static_cast<std::size_t>(n < 0 ? 0 : n));
        if (!target.starts_with(prefix)) continue;
        if (const auto inode = number_in<std::uint64_t>(target.substr(prefix.size()))) {
            found.push_back({*fd, *inode});
        }
    }
    return found;
}

}  // namespace dt::os
