// Calls that come a second time: where a signal with SA_RESTART meets a caller that waits, the
// kernel throws our reply away and makes the same call again from the same thread. What must not
// happen twice answers as before.
#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>

#include "host/call_desk.hpp"

namespace dt::host {
namespace {

/// SigCgt of a thread: bit n-1 is set where signal n has a handler.
std::uint64_t caught_signals(pid_t task) {
    std::ifstream status("/proc/" + std::to_string(task) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("SigCgt:\t")) continue;
        std::uint64_t mask = 0;
        std::from_chars(line.data() + 8, line.data() + line.size(), mask, 16);
        return mask;
    }
    return 0;
}

/// Without a handler nothing restarts. SIGINT and SIGPIPE are caught by many and come seldom.
bool may_have_restarted(pid_t task) {
    constexpr std::uint64_t rare = 1ULL << (SIGINT - 1) | 1ULL << (SIGPIPE - 1);
    return (caught_signals(task) & ~rare) != 0;
}

bool is_same_call(const seccomp_data& a, const seccomp_data& b) {
    return a.nr == b.nr && a.instruction_pointer == b.instruction_pointer &&
           std::equal(std::begin(a.args), std::end(a.args), b.args);
}

}  // namespace

/// Any other call of the thread proves that the reply of the one before arrived.
void CallDesk::forget_unless_same(const Request& request) {
    const auto known = done_.find(static_cast<pid_t>(request.call.pid));
    if (known == done_.end() || is_same_call(known->second.data, request.call.data)) return;
    done_.erase(known);
}

std::optional<Answer> CallDesk::repeat(const Request& request, const Plug& plug) {
    const auto task = static_cast<pid_t>(request.call.pid);
    const auto known = done_.find(task);
    if (known == done_.end() || known->second.cookie != plug.cookie) return std::nullopt;
    if (may_have_restarted(task)) return Answer::value(known->second.value);
    done_.erase(known);
    return std::nullopt;
}

void CallDesk::remember(const Request& request, const Plug& plug, std::int64_t value) {
    constexpr std::size_t done_max = 4096;
    if (done_.size() >= done_max) done_.clear();
    done_[static_cast<pid_t>(request.call.pid)] = {request.call.data, plug.cookie, value};
}

}  // namespace dt::host
