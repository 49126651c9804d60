// Replies that a signal threw away. A caller that waits for us and is interrupted leaves; with
// SA_RESTART the kernel makes the same call again from the same thread, without it the program may.
// The work is done by then, so what must not be done twice answers as before.
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <iterator>

#include "host/call_desk.hpp"

namespace dt::host {
namespace {

/// So long after a reply was lost, another may be lost unseen: see on_taken_reply().
constexpr Duration storm = std::chrono::seconds{1};
constexpr std::size_t threads_max = 4096;

bool is_same_call(const seccomp_data& a, const seccomp_data& b) {
    return a.nr == b.nr && a.instruction_pointer == b.instruction_pointer &&
           std::equal(std::begin(a.args), std::end(a.args), b.args);
}

bool asks_for_error(const seccomp_data& call) {
    return call.nr == SYS_getsockopt && static_cast<int>(call.args[1]) == SOL_SOCKET &&
           static_cast<int>(call.args[2]) == SO_ERROR;
}

/// Calls that answer otherwise when they are made again. Datagrams are not among them: they may
/// get lost, and the octets of the next one may lie at the same address.
bool happens_once(const seccomp_data& call) {
    return call.nr == SYS_bind || call.nr == SYS_connect || call.nr == SYS_shutdown ||
           asks_for_error(call);
}

}  // namespace

/// Any other call of the thread proves that the reply of the one before arrived, or that nobody
/// waits for it any more.
void CallDesk::forget_unless_same(const Request& request) {
    const auto known = threads_.find(static_cast<pid_t>(request.call.pid));
    if (known == threads_.end()) return;
    Thread& thread = known->second;
    if (thread.last && !is_same_call(thread.last->data, request.call.data)) thread.last.reset();
    if (!thread.last && board_.now() >= thread.storm_until) threads_.erase(known);
}

/// The answer that got lost on the way to this caller, if one did.
std::optional<Answer> CallDesk::repeat(const Request& request, const Plug& plug) {
    const auto known = threads_.find(static_cast<pid_t>(request.call.pid));
    if (known == threads_.end() || !known->second.last) return std::nullopt;
    const Done& last = *known->second.last;
    if (last.cookie != plug.cookie) return std::nullopt;
    if (!asks_for_error(request.call.data)) return last.answer;
    return give_error(request, last.answer.socket_error);
}

/// A caller left before it had its answer: `answer` is what it would have been told.
void CallDesk::on_lost_reply(const Request& request, const std::optional<Answer>& answer) {
    if (threads_.size() >= threads_max) threads_.clear();
    Thread& thread = threads_[static_cast<pid_t>(request.call.pid)];
    thread.storm_until = board_.now() + storm;
    if (answer && happens_once(request.call.data)) keep(request, thread, *answer);
}

/// The kernel took the reply. In the instant between a signal and the caller's leaving it takes one
/// that nobody gets; that is believed only of a thread that lost another just now.
void CallDesk::on_taken_reply(const Request& request, const Answer& answer) {
    const auto known = threads_.find(static_cast<pid_t>(request.call.pid));
    if (known == threads_.end()) return;
    Thread& thread = known->second;
    const int number = request.call.data.nr;
    thread.last.reset();
    if (board_.now() >= thread.storm_until) {
        threads_.erase(known);
    } else if (number == SYS_bind || number == SYS_connect) {
        keep(request, thread, answer);
    }
}

void CallDesk::keep(const Request& request, Thread& thread, const Answer& answer) {
    const Plug* plug = request.about ? board_.find(*request.about) : nullptr;
    if (plug != nullptr) thread.last = Done{request.call.data, plug->cookie, answer};
}

}  // namespace dt::host
