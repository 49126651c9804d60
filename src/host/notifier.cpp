// The listener of one seccomp filter: takes notifications and answers them (seccomp_unotify(2)).
#include "host/notifier.hpp"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <cerrno>

namespace dt::host {

std::optional<seccomp_notif> Notifier::receive() {
    seccomp_notif call{};
    if (::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_RECV, &call) != 0) return std::nullopt;
    return call;
}

bool Notifier::is_waiting(std::uint64_t id) const {
    return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ID_VALID, &id) == 0;
}

bool Notifier::answer(std::uint64_t id, std::int64_t value) {
    return send({.id = id, .val = value, .error = 0, .flags = 0});
}

bool Notifier::refuse(std::uint64_t id, int error_number) {
    return send({.id = id, .val = 0, .error = -error_number, .flags = 0});
}

bool Notifier::go_on(std::uint64_t id) {
    return send({.id = id, .val = 0, .error = 0, .flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE});
}

bool Notifier::send(const seccomp_notif_resp& response) {
    seccomp_notif_resp copy = response;
    return ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_SEND, &copy) == 0;
}

os::SysResult<int> Notifier::give(std::uint64_t id, const Gift& gift) {
    return add(id, gift, SECCOMP_ADDFD_FLAG_SEND);
}

os::SysResult<int> Notifier::replace(std::uint64_t id, const Gift& gift) {
    return add(id, gift, 0);
}

os::SysResult<int> Notifier::add(std::uint64_t id, const Gift& gift, std::uint32_t flags) {
    seccomp_notif_addfd request{};
    request.id = id;
    request.srcfd = static_cast<std::uint32_t>(gift.fd);
    request.newfd_flags = gift.close_on_exec ? O_CLOEXEC : 0;
    request.flags = flags;
    if (gift.replaces) {
        request.flags |= SECCOMP_ADDFD_FLAG_SETFD;
        request.newfd = static_cast<std::uint32_t>(*gift.replaces);
    }
    const int number = ::ioctl(listener_.get(), SECCOMP_IOCTL_NOTIF_ADDFD, &request);
    // ESRCH: the caller left while it was to take the descriptor, and did not take it.
    if (number < 0 && errno == ESRCH) return os::failed("ioctl(SECCOMP_IOCTL_NOTIF_ADDFD)", ENOENT);
    if (number < 0) return os::failed("ioctl(SECCOMP_IOCTL_NOTIF_ADDFD)");
    return number;
}

}  // namespace dt::host
