// The table of functions that packetdrill asks of a user-space stack: members and order as its
// loader reads them (a C structure without padding surprises: pointers only).
#pragma once

#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/types.h>
#include <sys/uio.h>

#include <cstddef>

namespace dt::packetdrill {

using TimeZone = struct timezone;

/// Each function gets `userdata` first and answers as the system call of its name: -1 and errno.
struct Interface {
    void* userdata;
    void (*free)(void*);
    int (*socket)(void*, int domain, int type, int protocol);
    int (*bind)(void*, int fd, const sockaddr* address, socklen_t length);
    int (*listen)(void*, int fd, int backlog);
    int (*accept)(void*, int fd, sockaddr* address, socklen_t* length);
    int (*connect)(void*, int fd, const sockaddr* address, socklen_t length);
    ssize_t (*read)(void*, int fd, void* to, size_t count);
    ssize_t (*readv)(void*, int fd, const iovec* parts, int count);
    ssize_t (*recv)(void*, int fd, void* to, size_t count, int flags);
    ssize_t (*recvfrom)(void*, int fd, void* to, size_t count, int flags, sockaddr* from,
                        socklen_t* length);
    ssize_t (*recvmsg)(void*, int fd, msghdr* message, int flags);
    ssize_t (*write)(void*, int fd, const void* from, size_t count);
    ssize_t (*writev)(void*, int fd, const iovec* parts, int count);
    ssize_t (*send)(void*, int fd, const void* from, size_t count, int flags);
    ssize_t (*sendto)(void*, int fd, const void* from, size_t count, int flags, const sockaddr* to,
                      socklen_t length);
    ssize_t (*sendmsg)(void*, int fd, const msghdr* message, int flags);
    int (*fcntl)(void*, int fd, int command, ...);
    int (*ioctl)(void*, int fd, unsigned long request, ...);
    int (*close)(void*, int fd);
    int (*shutdown)(void*, int fd, int how);
    int (*getsockopt)(void*, int fd, int level, int name, void* value, socklen_t* length);
    int (*setsockopt)(void*, int fd, int level, int name, const void* value, socklen_t length);
    int (*poll)(void*, pollfd* fds, nfds_t count, int timeout_ms);
    /// One raw IP packet into the stack. 0 or -1; never waits.
    int (*netdev_send)(void*, const void* packet, size_t count);
    /// The next IP packet that leaves: `count` is the room, then the length (0: none will come);
    /// `time_us` is when it left, on the clock of gettimeofday.
    int (*netdev_receive)(void*, void* to, size_t* count, long long* time_us);
    int (*usleep)(void*, useconds_t time_us);
    int (*gettimeofday)(void*, timeval* now, TimeZone* zone);
    int (*epoll_create)(void*, int size);
    int (*epoll_ctl)(void*, int epoll_fd, int operation, int fd, epoll_event* event);
    int (*epoll_wait)(void*, int epoll_fd, epoll_event* events, int most, int timeout_ms);
    int (*pipe)(void*, int ends[2]);
    int (*splice)(void*, int from, off64_t* from_offset, int to, off64_t* to_offset, size_t count,
                  unsigned flags);
};
static_assert(sizeof(Interface) == 33 * sizeof(void*));
static_assert(offsetof(Interface, netdev_send) == 24 * sizeof(void*));

/// The symbol that packetdrill looks up: `packetdrill_interface_init`.
using Init = void(const char* flags, Interface* to);

}  // namespace dt::packetdrill
