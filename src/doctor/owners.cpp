// Which processes own which sockets: /proc/PID/fd, as far as it may be read.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <limits>
#include <unordered_set>

#include "base/printable.hpp"
#include "doctor/control_groups.hpp"
#include "doctor/host.hpp"
#include "doctor/proc_text.hpp"
#include "os/process.hpp"

namespace dt::doctor {

namespace {

std::vector<std::int32_t> process_ids() {
    std::vector<std::int32_t> ids;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator("/proc", error)) {
        const auto numbers = numbers_in(entry.path().filename().string());
        if (numbers.size() == 1) ids.push_back(static_cast<std::int32_t>(numbers[0]));
    }
    return ids;
}

std::optional<std::uint64_t> count_files(std::int32_t pid) {
    const std::string folder = "/proc/" + std::to_string(pid) + "/fd";
    std::error_code error;
    std::uint64_t count = 0;
    auto at = std::filesystem::directory_iterator(folder, error);
    // From Linux 6.2 on the folder's size is their number.
    struct stat status {};
    if (!error && ::stat(folder.c_str(), &status) == 0 && status.st_size > 0) {
        return static_cast<std::uint64_t>(status.st_size);
    }
    if (error) return std::nullopt;
    for (; at != std::filesystem::directory_iterator{}; at.increment(error)) {
        if (error) return std::nullopt;
        ++count;
    }
    return count;
}

std::optional<std::uint64_t> ticks_of(std::int32_t pid) {
    return cpu_ticks(read_text("/proc/" + std::to_string(pid) + "/stat"));
}

using Inodes = std::unordered_set<std::uint32_t>;

/// Whether a finding may have to name the socket's owner: all but open connections without trouble.
bool may_be_named(const rules::Evidence& evidence, const rules::Socket& socket) {
    const rules::Target& target = evidence.target;
    if (evidence.call || target.pid || socket.state != event::State::established) return true;
    if (target.endpoint && (socket.local.port == target.endpoint->port ||
                            socket.remote.port == target.endpoint->port)) {
        return true;
    }
    return socket.rqueue > 0 || socket.wqueue > 0 || socket.timer != rules::Timer::none ||
           socket.local == socket.remote || (socket.info && socket.info->total_retrans > 0);
}

Inodes inodes_of(const rules::Evidence& evidence) {
    Inodes inodes;
    for (const auto* snapshot : {&evidence.before, &evidence.after}) {
        for (const rules::Socket& socket : snapshot->sockets) {
            if (socket.inode != 0 && may_be_named(evidence, socket)) inodes.insert(socket.inode);
        }
    }
    return inodes;
}

/// Whether the process lives in another network namespace, so that none of its sockets is ours. One
/// that may not be looked at says nothing here, and its descriptors neither.
bool is_elsewhere(std::int32_t pid, const std::string& own_namespace) {
    std::error_code error;
    const auto other =
        std::filesystem::read_symlink("/proc/" + std::to_string(pid) + "/ns/net", error);
    return !error && !own_namespace.empty() && other.string() != own_namespace;
}

/// Calls `visit(fd, inode)` for each socket of a process, lowest descriptors first, while it
/// returns true.
template <class Visit>
void visit_sockets(std::int32_t pid, Visit&& visit) {
    std::error_code error;
    const std::filesystem::path folder = "/proc/" + std::to_string(pid) + "/fd";
    for (auto at = std::filesystem::directory_iterator(folder, error);
         !error && at != std::filesystem::directory_iterator{}; at.increment(error)) {
        std::array<char, 64> link{};
        const ssize_t size = ::readlink(at->path().c_str(), link.data(), link.size());
        const std::string_view target(link.data(),
                                      static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
        const auto inode = socket_inode(target);
        if (!inode) continue;
        const auto fd = numbers_in(at->path().filename().string());
        if (fd.size() == 1 && !visit(static_cast<std::int32_t>(fd[0]), *inode)) return;
    }
}

/// Servers open their listeners first. Only where that does not name every owner are all
/// descriptors read: a process may have 100,000 of them.
constexpr int first_descriptors = 64;

/// Looks for the owners of sockets in /proc, one process after the other.
class OwnerSearch {
  public:
    explicit OwnerSearch(rules::Evidence& evidence)
        : evidence_(evidence), wanted_(inodes_of(evidence)) {}

    [[nodiscard]] bool is_over() const { return evidence_.owners.size() >= wanted_.size(); }
    /// The descriptors below the limit. Whether there may be more.
    bool look_at(std::int32_t pid, int limit);
    /// Processes that own something, in the order they were looked at.
    [[nodiscard]] const std::vector<std::int32_t>& found() const { return found_; }

  private:
    rules::Evidence& evidence_;
    Inodes wanted_;
    std::vector<std::int32_t> found_;
};

bool OwnerSearch::look_at(std::int32_t pid, int limit) {
    bool is_owner = false;
    bool has_more = false;
    visit_sockets(pid, [&](std::int32_t fd, std::uint32_t inode) {
        has_more = fd >= limit;
        if (has_more) return false;
        if (!wanted_.contains(inode)) return true;
        is_owner = true;
        evidence_.owners.try_emplace(inode, rules::Owner{pid, fd});
        return !is_over();
    });
    if (is_owner && std::ranges::find(found_, pid) == found_.end()) found_.push_back(pid);
    return has_more;
}

rules::Process process_of(std::int32_t pid) {
    rules::Process process;
    process.pid = pid;
    process.name = os::name_of(pid);
    process.command_line = command_line(read_text("/proc/" + std::to_string(pid) + "/cmdline"));
    process.open_files = count_files(pid);
    process.open_files_max = open_files_max(read_text("/proc/" + std::to_string(pid) + "/limits"));
    return process;
}

/// The control groups of listeners whose owner was not found.
void name_groups(rules::Evidence& evidence) {
    std::unordered_set<std::uint64_t> wanted;
    for (const rules::Socket& socket : evidence.after.sockets) {
        const bool is_hidden = socket.inode != 0 && !evidence.owners.contains(socket.inode);
        if (is_hidden && socket.state == event::State::listen) wanted.insert(socket.cgroup);
    }
    wanted.erase(0);
    for (const char* const mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        evidence.control_groups.merge(group_paths(wanted, mount));
    }
}

}  // namespace

void Host::read_owners(rules::Evidence& evidence) {
    OwnerSearch search(evidence);
    std::error_code error;
    const std::string own = std::filesystem::read_symlink("/proc/self/ns/net", error).string();
    std::vector<std::int32_t> ids = search.is_over() ? std::vector<std::int32_t>{} : process_ids();
    // The others are looked at last, and seldom: a socket may have been handed over to one.
    std::ranges::stable_partition(ids, [&](std::int32_t pid) { return !is_elsewhere(pid, own); });
    std::vector<std::int32_t> large;
    for (const std::int32_t pid : ids) {
        if (search.is_over()) break;  // each has its owner
        if (search.look_at(pid, first_descriptors)) large.push_back(pid);
    }
    for (const std::int32_t pid : large) {
        if (search.is_over()) break;
        (void)search.look_at(pid, std::numeric_limits<int>::max());
    }
    const double ticks_in_window = static_cast<double>(evidence.window.count()) / 1e9 *
                                   static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (const std::int32_t pid : search.found()) {
        rules::Process& process = evidence.processes[pid] = process_of(pid);
        const auto first = cpu_before_.find(pid);
        const auto last = ticks_of(pid);
        if (first != cpu_before_.end() && last && ticks_in_window > 0) {
            process.cpu_share = static_cast<double>(*last - first->second) / ticks_in_window;
        }
    }
    name_groups(evidence);
    hidden_owners_ = static_cast<std::size_t>(
        std::ranges::count_if(evidence.after.sockets, [&](const rules::Socket& socket) {
            return socket.state == event::State::listen && !evidence.owners.contains(socket.inode);
        }));
}

void Host::read_process(std::int32_t pid, rules::Evidence& evidence) {
    if (!evidence.processes.contains(pid)) evidence.processes[pid] = process_of(pid);
}

void Host::note_cpu() {
    for (const std::int32_t pid : process_ids()) {
        if (const auto ticks = ticks_of(pid)) cpu_before_[pid] = *ticks;
    }
}

}  // namespace dt::doctor
