// Answers the system calls that the filter stops: taking them, finding their socket, replying,
// parking.
#include "host/call_desk.hpp"

#include <linux/sockios.h>
#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/errno.hpp"
#include "os/process.hpp"

namespace dt::host {
namespace {

constexpr int calls_at_once = 64;

/// Calls after which the network may have to move before the program goes on.
bool changes_something(int number) {
    switch (number) {
        case SYS_getsockopt:
        case SYS_getsockname:
        case SYS_getpeername:
        case SYS_io_uring_setup:
        case SYS_ioctl: return false;
        default: return true;
    }
}

/// Calls whose outcome depends on which sockets programs have closed before: an address in use, a
/// port at which nobody is.
bool depends_on_closes(int number) {
    switch (number) {
        case SYS_bind:
        case SYS_listen:
        case SYS_connect:
        case SYS_sendto:
        case SYS_sendmsg:
        case SYS_sendmmsg: return true;
        default: return false;
    }
}

/// A descriptor that could not be looked at: the kernel answers for one that is not there, but
/// where we have no room to look it may be a socket of ours, on which the kernel's own call would
/// be wrong.
Answer answer_to_unknown(int error) {
    const bool lacks_room = error == EMFILE || error == ENFILE || error == ENOMEM;
    return lacks_room ? Answer::error(ENOBUFS) : Answer::go_on();
}

/// What a call answers when its time is over (API-CONN-019, API-LIST-016, API-IO-007).
int timed_out_error(int number) { return number == SYS_connect ? EINPROGRESS : EAGAIN; }

}  // namespace

Answer Answer::of(const Status& status) {
    return status ? value(0) : error(base::errno_of(status.error()));
}

CallDesk::LineNumber CallDesk::add_line(event::HostIndex host, os::UniqueFd listener) {
    lines_.push_back({host, Notifier(std::move(listener)), {}});
    return lines_.size() - 1;
}

void CallDesk::hang_up(LineNumber line) { lines_[line].notifier = Notifier(); }

void CallDesk::serve(LineNumber line, Instant (*now)()) {
    for (int i = 0; i < calls_at_once; ++i) {
        // Taking a call waits where there is none.
        if ((poll_now(fd(line)) & POLLIN) == 0) return;
        const auto call = lines_[line].notifier.receive();
        if (!call) continue;
        board_.set_now(now());
        handle(line, *call);
    }
}

void CallDesk::handle(LineNumber line, const seccomp_notif& call) {
    Request request{line, call, RemoteMemory(static_cast<pid_t>(call.pid)), {}};
    forget_unless_same(request);
    const Answer answer = dispatch(request);
    reply(request, answer);
}

void CallDesk::reply(const Request& request, const Answer& answer) {
    const std::uint64_t id = request.call.id;
    switch (answer.kind) {
        case Answer::Kind::value:
        case Answer::Kind::error: break;
        case Answer::Kind::go_on: notifier(request).go_on(id); return;
        case Answer::Kind::sent:
        case Answer::Kind::parked: return;
    }
    if (changes_something(request.call.data.nr)) board_.turn();
    const bool is_taken = answer.kind == Answer::Kind::value
                              ? notifier(request).answer(id, answer.number)
                              : notifier(request).refuse(id, static_cast<int>(answer.number));
    if (is_taken) return on_taken_reply(request, answer);
    on_lost_reply(request, answer);
}

event::Caller CallDesk::caller(const Request& request, int fd) {
    return {tasks_.process_of(static_cast<pid_t>(request.call.pid)), fd};
}

/// The socket behind the first argument. Identity is the cookie of a duplicate, never the number;
/// a caller that gave up meanwhile gets no answer, for its number may mean another socket now.
std::expected<CallDesk::Subject, Answer> CallDesk::identify(const Request& request) {
    if (request.parked_at) return identify_parked(request);
    auto theirs = tasks_.borrow(static_cast<pid_t>(request.call.pid), request.int_arg(0));
    if (!theirs) return std::unexpected(answer_to_unknown(theirs.error().number));
    const auto handle = board_.by_cookie(theirs->cookie);
    if (!handle) return std::unexpected(Answer::go_on());
    if (!notifier(request).is_waiting(request.call.id)) {
        on_lost_reply(request, std::nullopt);
        return std::unexpected(Answer::sent());
    }
    Plug* plug = board_.find(*handle);
    plug->task = static_cast<pid_t>(request.call.pid);
    plug->caller = caller(request, request.int_arg(0));
    return Subject{*handle, plug, std::move(*theirs)};
}

/// A call that waits is about the socket it began with, though its descriptor may be closed by now.
std::expected<CallDesk::Subject, Answer> CallDesk::identify_parked(const Request& request) {
    Plug* plug = board_.find(*request.parked_at);
    if (plug == nullptr) return std::unexpected(Answer::error(EBADF));
    auto theirs = tasks_.borrow(static_cast<pid_t>(request.call.pid), request.int_arg(0));
    const bool is_open = theirs && theirs->cookie == plug->cookie;
    return Subject{*request.parked_at, plug, is_open ? std::move(*theirs) : Borrowed{}};
}

Answer CallDesk::dispatch(Request& request) {
    const int number = request.call.data.nr;
    if (number == SYS_socket) return on_socket(request);
    if (number == SYS_io_uring_setup) return on_io_uring(request);
    if (depends_on_closes(number)) board_.catch_up();
    auto subject = identify(request);
    if (!subject) {
        return number == SYS_connect ? on_foreign_connect(request, subject.error())
                                     : subject.error();
    }
    request.about = subject->handle;
    if (const auto before = repeat(request, *subject->plug)) return *before;
    return dispatch_to(request, *subject);
}

/// What is done through io_uring passes us by, so there is none: programs fall back.
Answer CallDesk::on_io_uring(const Request& request) {
    constexpr std::size_t users_max = 16;
    std::string name = os::name_of(tasks_.process_of(static_cast<pid_t>(request.call.pid)));
    const bool is_known = std::ranges::find(io_uring_users_, name) != io_uring_users_.end();
    if (!is_known && io_uring_users_.size() < users_max) io_uring_users_.push_back(std::move(name));
    return Answer::error(ENOSYS);
}

Answer CallDesk::dispatch_to(const Request& request, Subject& subject) {
    switch (request.call.data.nr) {
        case SYS_bind: return on_bind(request, subject);
        case SYS_connect: return on_connect(request, subject);
        case SYS_listen: return on_listen(request, subject);
        case SYS_accept: return on_accept(request, subject, 0);
        case SYS_accept4: return on_accept(request, subject, request.int_arg(3));
        case SYS_shutdown: return on_shutdown(request, subject);
        case SYS_getsockname:
        case SYS_getpeername: return on_name(request, subject);
        case SYS_getsockopt: return on_get_option(request, subject);
        case SYS_setsockopt: return on_set_option(request, subject);
        case SYS_ioctl: return on_ioctl(request, subject);
        case SYS_sendto: return on_send_to(request, subject);
        case SYS_recvfrom: return on_receive_from(request, subject);
        case SYS_sendmsg: return on_send_message(request, subject);
        case SYS_recvmsg: return on_receive_message(request, subject);
        case SYS_sendmmsg: return on_send_messages(request, subject);
        case SYS_recvmmsg: return on_receive_messages(request, subject);
        default: return Answer::go_on();
    }
}

Answer CallDesk::park(const Request& request, Plug& plug, Duration longest) {
    if (request.parked_at) return Answer::parked();
    if (longest < Duration::zero()) {
        return Answer::error(timed_out_error(request.call.data.nr));
    }
    Parked parked{request.line, request.call, never};
    if (longest > Duration::zero()) parked.deadline = board_.now() + longest;
    plug.parked.push_back(parked);
    if (const auto handle = board_.by_cookie(plug.cookie)) with_parked_.push_back(*handle);
    return Answer::parked();
}

void CallDesk::unpark(PlugHandle handle, std::uint64_t id) {
    Plug* plug = board_.find(handle);
    if (plug == nullptr) return;
    std::erase_if(plug->parked, [id](const Parked& p) { return p.call.id == id; });
}

void CallDesk::retry(PlugHandle handle) {
    const Plug* plug = board_.find(handle);
    if (plug == nullptr) return;
    const std::vector<Parked> waiting = plug->parked;
    for (const Parked& parked : waiting) {
        Request request{parked.line, parked.call, RemoteMemory(static_cast<pid_t>(parked.call.pid)),
                        handle};
        if (!notifier(request).is_waiting(parked.call.id)) {
            on_lost_reply(request, std::nullopt);
            unpark(handle, parked.call.id);
            continue;
        }
        const Answer answer = dispatch(request);
        if (answer.kind == Answer::Kind::parked) continue;
        unpark(handle, parked.call.id);
        reply(request, answer);
    }
    Plug* left = board_.find(handle);
    if (left == nullptr || !left->parked.empty()) return;
    std::erase(with_parked_, handle);
    board_.make_ready(handle, *left);  // its close may have waited for these calls
}

void CallDesk::sweep() {
    std::erase_if(with_parked_, [this](PlugHandle handle) {
        Plug* plug = board_.find(handle);
        if (plug == nullptr) return true;
        std::erase_if(plug->parked, [this](const Parked& parked) {
            Notifier& from = lines_[parked.line].notifier;
            if (!from.is_waiting(parked.call.id)) return true;
            if (parked.deadline > board_.now()) return false;
            from.refuse(parked.call.id, timed_out_error(parked.call.data.nr));
            return true;
        });
        if (plug->parked.empty()) board_.make_ready(handle, *plug);
        return plug->parked.empty();
    });
}

Instant CallDesk::deadline() const {
    Instant first = never;
    for (const PlugHandle handle : with_parked_) {
        const Plug* plug = board_.find(handle);
        if (plug == nullptr) continue;
        for (const Parked& parked : plug->parked) first = std::min(first, parked.deadline);
    }
    return first;
}

}  // namespace dt::host
