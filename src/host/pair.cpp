// Socket pairs of the kernel (unix(7)): one end for the program, one for us.
#include "host/pair.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>

#include <algorithm>
#include <array>

#include "host/tasks.hpp"

namespace dt::host {
namespace {

constexpr int least_room = 1;              // the kernel raises it to its minimum
constexpr int default_room = 212'992 / 2;  // the kernel doubles it: net.core.wmem_default
constexpr std::size_t filler_max = 1 << 20;

constexpr auto own_options =
    std::to_array<int>({SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD, SO_RCVTIMEO_NEW, SO_SNDTIMEO_NEW,
                        SO_RCVLOWAT, SO_OOBINLINE, SO_PEEK_OFF});

}  // namespace

os::SysResult<Pair> make_pair(sock::Type type, Blocking blocking) {
    const int kind = type == sock::Type::stream ? SOCK_STREAM : SOCK_SEQPACKET;
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, kind | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, ends.data()) != 0) {
        return os::failed("socketpair");
    }
    Pair pair{os::UniqueFd(ends[0]), os::UniqueFd(ends[1]), 0, 0};
    const int on = 1;  // for take_datagram()
    if (kind == SOCK_SEQPACKET) ::setsockopt(ends[0], SOL_SOCKET, SO_TIMESTAMP, &on, sizeof on);
    if (blocking == Blocking::yes) ::fcntl(ends[1], F_SETFL, O_RDWR);
    const auto cookie = cookie_of(ends[1]);
    if (!cookie) return std::unexpected(cookie.error());
    struct stat status {};
    if (::fstat(ends[1], &status) != 0) return os::failed("fstat");
    pair.cookie = *cookie;
    pair.inode = status.st_ino;
    return pair;
}

std::optional<std::size_t> take_datagram(int ours, MutableOctets to) {
    std::array<std::byte, 64> control{};
    iovec part{to.data(), to.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(ours, &message, MSG_DONTWAIT);
    if (n < 0 || message.msg_controllen == 0) return std::nullopt;
    return static_cast<std::size_t>(n);
}

std::uint32_t fill(int theirs) {
    ::setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &least_room, sizeof least_room);
    static constexpr std::array<std::byte, 4096> octets{};
    std::size_t total = 0;
    while (total < filler_max) {
        const ssize_t n = ::send(theirs, octets.data(), octets.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n <= 0) break;
        total += static_cast<std::size_t>(n);
    }
    return static_cast<std::uint32_t>(total);
}

void restore_room(int theirs) {
    ::setsockopt(theirs, SOL_SOCKET, SO_SNDBUF, &default_room, sizeof default_room);
}

std::uint32_t poll_now(int fd) {
    pollfd what{fd, POLLIN | POLLOUT | POLLRDHUP, 0};
    return ::poll(&what, 1, 0) == 1 ? static_cast<std::uint16_t>(what.revents) : 0U;
}

int take_native_error(int fd) {
    int error = 0;
    socklen_t length = sizeof error;
    return ::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : 0;
}

Blocking blocking_of(int fd) {
    const int flags = ::fcntl(fd, F_GETFL);
    return flags >= 0 && (flags & O_NONBLOCK) != 0 ? Blocking::no : Blocking::yes;
}

bool concerns_pair(int level, int name) {
    return level == SOL_SOCKET && std::ranges::find(own_options, name) != own_options.end();
}

void copy_options(int from, int to) {
    for (const int option : own_options) {
        std::array<std::byte, sizeof(timeval)> value{};
        socklen_t length = value.size();
        if (::getsockopt(from, SOL_SOCKET, option, value.data(), &length) != 0) continue;
        ::setsockopt(to, SOL_SOCKET, option, value.data(), length);
    }
}

}  // namespace dt::host
