// The threads that call us. A pidfd outlives its thread, so one of a thread whose id was given to
// another answers ESRCH and is opened again.
#include "host/tasks.hpp"

#include <sys/socket.h>

#include "os/process.hpp"

namespace dt::host {

os::SysResult<std::uint64_t> cookie_of(int fd) {
    std::uint64_t cookie = 0;
    socklen_t length = sizeof cookie;
    if (::getsockopt(fd, SOL_SOCKET, SO_COOKIE, &cookie, &length) != 0) {
        return os::failed("getsockopt(SO_COOKIE)");
    }
    return cookie;
}

os::SysResult<Tasks::Task*> Tasks::find(pid_t tid) {
    const auto known = tasks_.find(tid);
    if (known != tasks_.end()) return &known->second;
    auto pidfd = os::open_task(tid);
    if (!pidfd) return std::unexpected(pidfd.error());
    if (tasks_.size() >= tasks_max) tasks_.clear();
    Task& task = tasks_[tid];
    task.pidfd = std::move(*pidfd);
    task.process = os::process_of(tid).value_or(tid);
    return &task;
}

os::SysResult<Borrowed> Tasks::borrow(pid_t tid, int fd) {
    for (int attempt = 0;; ++attempt) {
        const auto task = find(tid);
        if (!task) return std::unexpected(task.error());
        auto copy = os::borrow((*task)->pidfd.get(), fd);
        if (copy) {
            const auto cookie = cookie_of(copy->get());
            if (!cookie) return std::unexpected(cookie.error());
            return Borrowed{std::move(*copy), *cookie};
        }
        if (copy.error().number != ESRCH || attempt == 1) return std::unexpected(copy.error());
        tasks_.erase(tid);
    }
}

pid_t Tasks::process_of(pid_t tid) {
    const auto task = find(tid);
    return task ? (*task)->process : tid;
}

}  // namespace dt::host
