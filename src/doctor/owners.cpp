// Which processes own which sockets: /proc/PID/fd, as far as it may be read.
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

Inodes inodes_of(const rules::Evidence& evidence) {
    Inodes inodes;
    for (const auto* snapshot : {&evidence.before, &evidence.after}) {
        for (const rules::Socket& socket : snapshot->sockets) {
            if (socket.inode != 0) inodes.insert(socket.inode);
        }
    }
    return inodes;
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
    process.open_files = count_files(pid);
    process.open_files_max = open_files_max(read_text("/proc/" + std::to_string(pid) + "/limits"));
    return process;
}

}  // namespace

void Host::read_owners(rules::Evidence& evidence) {
    const auto wanted = inodes_of(evidence);
    const double ticks_in_window = static_cast<double>(evidence.window.count()) / 1e9 *
                                   static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (const std::int32_t pid : wanted.empty() ? std::vector<std::int32_t>{} : process_ids()) {
        if (!add_owned(pid, wanted, evidence)) continue;
        rules::Process& process = evidence.processes[pid] = process_of(pid);
        const auto first = cpu_before_.find(pid);
        const auto last = ticks_of(pid);
        if (first != cpu_before_.end() && last && ticks_in_window > 0) {
            process.cpu_share = static_cast<double>(*last - first->second) / ticks_in_window;
        }
    }
    hidden_owners_ = static_cast<std::size_t>(
        std::ranges::count_if(evidence.after.sockets, [&](const rules::Socket& socket) {
            return socket.state == event::State::listen && !evidence.owners.contains(socket.inode);
        }));
}

void Host::note_cpu() {
    for (const std::int32_t pid : process_ids()) {
        if (const auto ticks = ticks_of(pid)) cpu_before_[pid] = *ticks;
    }
}

}  // namespace dt::doctor
