// Which processes own which sockets: /proc/PID/fd, as far as it may be read.
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <unordered_set>

#include "base/printable.hpp"
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
    std::error_code error;
    std::uint64_t count = 0;
    auto at = std::filesystem::directory_iterator("/proc/" + std::to_string(pid) + "/fd", error);
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

/// Notes the process as owner of those of its sockets that are wanted; whether there is one.
bool add_owned(std::int32_t pid, const Inodes& wanted, rules::Evidence& evidence) {
    bool is_owner = false;
    for (const os::OpenSocket& open : os::sockets_of(pid)) {
        const auto inode = static_cast<std::uint32_t>(open.inode);
        if (!wanted.contains(inode)) continue;
        evidence.owners.try_emplace(inode, rules::Owner{pid, open.fd});
        is_owner = true;
    }
    return is_owner;
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

/// The paths of control groups that hold sockets whose owner was not found. Their number is the
/// inode of their folder.
void name_groups(rules::Evidence& evidence) {
    std::unordered_set<std::uint64_t> wanted;
    for (const rules::Socket& socket : evidence.after.sockets) {
        const bool is_hidden = socket.inode != 0 && !evidence.owners.contains(socket.inode);
        if (is_hidden && socket.state == event::State::listen) wanted.insert(socket.cgroup);
    }
    wanted.erase(0);
    namespace fs = std::filesystem;
    constexpr std::size_t folders_max = 5000;
    std::error_code error;
    for (const char* const mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
        if (wanted.empty() || !fs::exists(fs::path{mount} / "cgroup.controllers", error)) continue;
        auto at = fs::recursive_directory_iterator(
            mount, fs::directory_options::skip_permission_denied, error);
        for (std::size_t i = 0;
             !error && at != fs::recursive_directory_iterator{} && i < folders_max;
             at.increment(error)) {
            if (!at->is_directory(error)) continue;
            ++i;
            struct stat status {};
            if (::stat(at->path().c_str(), &status) != 0 || !wanted.contains(status.st_ino))
                continue;
            evidence.control_groups[status.st_ino] =
                fs::relative(at->path(), mount, error).string();
        }
    }
}

}  // namespace

void Host::read_owners(rules::Evidence& evidence) {
    const auto wanted = inodes_of(evidence);
    const double ticks_in_window = static_cast<double>(evidence.window.count()) / 1e9 *
                                   static_cast<double>(::sysconf(_SC_CLK_TCK));
    std::error_code error;
    const std::string own = std::filesystem::read_symlink("/proc/self/ns/net", error).string();
    std::vector<std::int32_t> ids = wanted.empty() ? std::vector<std::int32_t>{} : process_ids();
    // The others are looked at last, and seldom: a socket may have been handed over to one.
    std::ranges::stable_partition(ids, [&](std::int32_t pid) { return !is_elsewhere(pid, own); });
    for (const std::int32_t pid : ids) {
        if (evidence.owners.size() >= wanted.size()) break;  // each has its owner
        if (!add_owned(pid, wanted, evidence)) continue;
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
