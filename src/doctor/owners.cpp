// Which processes own which sockets: /proc/PID/fd, as far as it may be read.
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
    std::unordered_set<std::uint32_t> wanted;
    for (const auto* snapshot : {&evidence.before, &evidence.after}) {
        for (const rules::Socket& socket : snapshot->sockets) {
            if (socket.inode != 0) wanted.insert(socket.inode);
        }
    }
    const double ticks_in_window = static_cast<double>(evidence.window.count()) / 1e9 *
                                   static_cast<double>(::sysconf(_SC_CLK_TCK));
    for (const std::int32_t pid : wanted.empty() ? std::vector<std::int32_t>{} : process_ids()) {
        bool is_owner = false;
        for (const os::OpenSocket& open : os::sockets_of(pid)) {
            const auto inode = static_cast<std::uint32_t>(open.inode);
            if (!wanted.contains(inode)) continue;
            evidence.owners.try_emplace(inode, rules::Owner{pid, open.fd});
            is_owner = true;
        }
        if (!is_owner) continue;
        rules::Process& process = evidence.processes[pid] = process_of(pid);
        const auto first = cpu_before_.find(pid);
        const auto last = ticks_of(pid);
        if (first != cpu_before_.end() && last && ticks_in_window > 0) {
            process.cpu_share = static_cast<double>(*last - first->second) / ticks_in_window;
        }
    }
    hidden_owners_ = 0;
    for (const rules::Socket& socket : evidence.after.sockets) {
        if (socket.state == event::State::listen && !evidence.owners.contains(socket.inode)) {
            ++hidden_owners_;
        }
    }
}

void Host::note_cpu() {
    for (const std::int32_t pid : process_ids()) {
        if (const auto ticks = ticks_of(pid)) cpu_before_[pid] = *ticks;
    }
}

}  // namespace dt::doctor
