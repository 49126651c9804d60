// What the shared object exports: packetdrill's entry, and the calls that packetdrill makes of libc
// directly (with LD_PRELOAD of the same object they come here: ours are answered, others passed
// on).
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <memory>

#include "base/errno.hpp"
#include "packetdrill/desk.hpp"
#include "packetdrill/interface.hpp"

namespace dt::packetdrill {
namespace {

// The exported calls of libc have no argument to find the desk by.
std::atomic<Desk*> the_desk{nullptr};  // NOLINT(cppcoreguidelines-avoid-non-const-global-variables)

Desk& desk(void* userdata) { return *static_cast<Desk*>(userdata); }

template <class Number>
Number answer(const Result<Number>& result) {
    if (result) return *result;
    errno = base::errno_of(result.error());
    return static_cast<Number>(-1);
}

ssize_t counted(const Result<std::size_t>& result) { return static_cast<ssize_t>(answer(result)); }

Octets octets(const void* from, std::size_t count) {
    return {static_cast<const std::byte*>(from), from == nullptr ? 0 : count};
}

iovec part_of(const void* from, std::size_t count) { return {const_cast<void*>(from), count}; }

void free_desk(void* self) {
    the_desk = nullptr;
    delete static_cast<Desk*>(self);
}

// NOLINTBEGIN(readability-function-size, cert-dcl50-cpp): packetdrill's table says what these take.

int socket_call(void* self, int domain, int type, int protocol) {
    return answer(desk(self).open(domain, type, protocol));
}
int bind_call(void* self, int fd, const sockaddr* address, socklen_t length) {
    return answer(desk(self).bind(fd, octets(address, length)));
}
int listen_call(void* self, int fd, int backlog) { return answer(desk(self).listen(fd, backlog)); }
int accept_call(void* self, int fd, sockaddr* address, socklen_t* length) {
    return answer(desk(self).accept(fd, address, length));
}
int connect_call(void* self, int fd, const sockaddr* address, socklen_t length) {
    return answer(desk(self).connect(fd, octets(address, length)));
}

ssize_t recv_call(void* self, int fd, void* to, std::size_t count, int flags) {
    const iovec part{to, count};
    return counted(desk(self).receive(fd, std::span{&part, 1}, flags));
}
ssize_t read_call(void* self, int fd, void* to, std::size_t count) {
    if (!desk(self).owns(fd)) return ::read(fd, to, count);
    return recv_call(self, fd, to, count, 0);
}
ssize_t readv_call(void* self, int fd, const iovec* parts, int count) {
    if (count < 0) return answer(Result<ssize_t>{fail(Error::invalid_argument)});
    return counted(desk(self).receive(fd, {parts, static_cast<std::size_t>(count)}, 0));
}
ssize_t recvfrom_call(void* self, int fd, void* to, std::size_t count, int flags, sockaddr*,
                      socklen_t* length) {
    if (length != nullptr) *length = 0;
    return recv_call(self, fd, to, count, flags);
}
ssize_t recvmsg_call(void* self, int fd, msghdr* message, int flags) {
    return counted(desk(self).receive_message(fd, *message, flags));
}

ssize_t sendto_call(void* self, int fd, const void* from, std::size_t count, int flags,
                    const sockaddr* to, socklen_t length) {
    const iovec part = part_of(from, count);
    return counted(desk(self).send(fd, std::span{&part, 1}, flags, octets(to, length)));
}
ssize_t send_call(void* self, int fd, const void* from, std::size_t count, int flags) {
    return sendto_call(self, fd, from, count, flags, nullptr, 0);
}
ssize_t write_call(void* self, int fd, const void* from, std::size_t count) {
    if (!desk(self).owns(fd)) return ::write(fd, from, count);
    return send_call(self, fd, from, count, 0);
}
ssize_t writev_call(void* self, int fd, const iovec* parts, int count) {
    if (count < 0) return answer(Result<ssize_t>{fail(Error::invalid_argument)});
    return counted(desk(self).send(fd, {parts, static_cast<std::size_t>(count)}, 0, {}));
}
ssize_t sendmsg_call(void* self, int fd, const msghdr* message, int flags) {
    return counted(desk(self).send(fd, {message->msg_iov, message->msg_iovlen}, flags,
                                   octets(message->msg_name, message->msg_namelen)));
}

int fcntl_call(void* self, int fd, int command, ...) {
    va_list rest;
    va_start(rest, command);
    const int argument = va_arg(rest, int);
    va_end(rest);
    if (!desk(self).owns(fd)) return ::fcntl(fd, command, argument);
    return answer(desk(self).fcntl(fd, command, argument));
}
int ioctl_call(void* self, int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void* argument = va_arg(rest, void*);
    va_end(rest);
    return answer(desk(self).ioctl(fd, request, argument));
}
int close_call(void* self, int fd) {
    if (!desk(self).owns(fd)) return static_cast<int>(::syscall(SYS_close, fd));
    return answer(desk(self).close(fd));
}
int shutdown_call(void* self, int fd, int how) { return answer(desk(self).shutdown(fd, how)); }
int getsockopt_call(void* self, int fd, int level, int name, void* value, socklen_t* length) {
    return answer(desk(self).get_option(fd, level, name, value, length));
}
int setsockopt_call(void* self, int fd, int level, int name, const void* value, socklen_t length) {
    return answer(desk(self).set_option(fd, level, name, octets(value, length)));
}
int poll_call(void* self, pollfd* fds, nfds_t count, int timeout_ms) {
    return answer(desk(self).poll({fds, count}, timeout_ms));
}

int netdev_send_call(void* self, const void* packet, std::size_t count) {
    return answer(desk(self).put_packet(octets(packet, count)));
}
int netdev_receive_call(void* self, void* to, std::size_t* count, long long* time_us) {
    *count = desk(self).next_packet({static_cast<std::byte*>(to), *count}, *time_us);
    return 0;
}
int usleep_call(void* self, useconds_t time_us) {
    desk(self).sleep(std::chrono::microseconds{time_us});
    return 0;
}
int clock_call(void* self, timeval* now, TimeZone*) {
    const auto time = desk(self).read_clock();
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    now->tv_sec = seconds.count();
    now->tv_usec = (time - seconds).count();
    return 0;
}

int epoll_create_call(void* self, int size) { return answer(desk(self).epoll_create(size)); }
int epoll_ctl_call(void* self, int epoll_fd, int operation, int fd, epoll_event* event) {
    return answer(desk(self).epoll_ctl(epoll_fd, operation, fd, event));
}
int epoll_wait_call(void* self, int epoll_fd, epoll_event* events, int most, int timeout_ms) {
    const auto room = static_cast<std::size_t>(most > 0 ? most : 0);
    return answer(desk(self).epoll_wait(epoll_fd, {events, room}, timeout_ms));
}
int pipe_call(void*, int ends[2]) { return ::pipe(ends); }
int splice_call(void* self, int from, off64_t* from_offset, int to, off64_t* to_offset,
                std::size_t count, unsigned flags) {
    Desk& own = desk(self);
    const int wait = (flags & SPLICE_F_NONBLOCK) != 0 ? MSG_DONTWAIT : 0;
    if (own.owns(from)) return static_cast<int>(counted(own.splice_out(from, to, count, wait)));
    if (own.owns(to)) return static_cast<int>(counted(own.splice_in(from, from_offset, to, count)));
    return static_cast<int>(::splice(from, from_offset, to, to_offset, count, flags));
}

// NOLINTEND(readability-function-size, cert-dcl50-cpp)

void fill(Interface& to) {
    to.free = free_desk;
    to.socket = socket_call;
    to.bind = bind_call;
    to.listen = listen_call;
    to.accept = accept_call;
    to.connect = connect_call;
    to.read = read_call;
    to.readv = readv_call;
    to.recv = recv_call;
    to.recvfrom = recvfrom_call;
    to.recvmsg = recvmsg_call;
    to.write = write_call;
    to.writev = writev_call;
    to.send = send_call;
    to.sendto = sendto_call;
    to.sendmsg = sendmsg_call;
    to.fcntl = fcntl_call;
    to.ioctl = ioctl_call;
    to.close = close_call;
    to.shutdown = shutdown_call;
    to.getsockopt = getsockopt_call;
    to.setsockopt = setsockopt_call;
    to.poll = poll_call;
    to.netdev_send = netdev_send_call;
    to.netdev_receive = netdev_receive_call;
    to.usleep = usleep_call;
    to.gettimeofday = clock_call;
    to.epoll_create = epoll_create_call;
    to.epoll_ctl = epoll_ctl_call;
    to.epoll_wait = epoll_wait_call;
    to.pipe = pipe_call;
    to.splice = splice_call;
}

}  // namespace

#define DT_EXPORT extern "C" __attribute__((visibility("default")))

DT_EXPORT void packetdrill_interface_init(const char* flags, Interface* to) {
    const auto parsed = Flags::parse(flags);
    if (!parsed) {
        constexpr std::string_view usage =
            "dialtone: --so_flags wants local=A.B.C.D/N, mtu=N or settings=DIR, with commas\n";
        [[maybe_unused]] const auto told = ::write(STDERR_FILENO, usage.data(), usage.size());
        ::_exit(2);
    }
    auto desk = std::make_unique<Desk>(*parsed);
    the_desk = desk.get();
    fill(*to);
    to->userdata = desk.release();
}

DT_EXPORT int getsockopt(int fd, int level, int optname, void* optval, socklen_t* optlen) {
    Desk* desk = the_desk;
    if (desk != nullptr && desk->owns(fd))
        return getsockopt_call(desk, fd, level, optname, optval, optlen);
    return static_cast<int>(::syscall(SYS_getsockopt, fd, level, optname, optval, optlen));
}

DT_EXPORT int close(int fd) {
    Desk* desk = the_desk;
    if (desk != nullptr && desk->owns(fd)) return close_call(desk, fd);
    return static_cast<int>(::syscall(SYS_close, fd));
}

DT_EXPORT ssize_t sendfile(int to, int from, off_t* offset, std::size_t count) {
    Desk* desk = the_desk;
    if (desk != nullptr && desk->owns(to)) return counted(desk->splice_in(from, offset, to, count));
    return ::syscall(SYS_sendfile, to, from, offset, count);
}

}  // namespace dt::packetdrill
