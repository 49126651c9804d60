// Octets between sockets of the stack and files of the kernel: splice() and sendfile().
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/errno.hpp"
#include "packetdrill/desk.hpp"

namespace dt::packetdrill {
namespace {

constexpr std::size_t piece = 65'536;

Error error_here() {
    const auto error = base::error_of(errno);
    return error.value_or(Error::invalid_argument);
}

}  // namespace

bool Desk::is_at_urgent(int fd) {
    const Machine::Lock lock = machine_.lock();
    const SocketEntry* entry = socket(fd);
    if (entry == nullptr || machine_.calls().unread(entry->id) > 0) return false;
    return machine_.calls().is_at_mark(entry->id);
}

/// Out of the socket only what the pipe took. Linux reads no further than to an urgent octet, and
/// does not wait while that one is there.
Result<std::size_t> Desk::splice_out(int socket_fd, int pipe_fd, std::size_t count, int flags) {
    std::vector<std::byte> octets(std::min(count, piece));
    const iovec part{octets.data(), octets.size()};
    if (is_at_urgent(socket_fd)) return 0;
    DT_TRY(seen, receive(socket_fd, std::span{&part, 1}, flags | MSG_PEEK));
    if (seen == 0) return 0;
    const ssize_t written = ::write(pipe_fd, octets.data(), seen);
    if (written < 0) return fail(error_here());
    const iovec taken{octets.data(), static_cast<std::size_t>(written)};
    return receive(socket_fd, std::span{&taken, 1}, flags);
}

/// From a file or pipe into the socket.
Result<std::size_t> Desk::splice_in(int from_fd, off64_t* offset, int socket_fd,
                                    std::size_t count) {
    std::vector<std::byte> octets(std::min(count, piece));
    std::size_t total = 0;
    while (total < count) {
        const std::size_t wanted = std::min(octets.size(), count - total);
        const ssize_t got = offset == nullptr ? ::read(from_fd, octets.data(), wanted)
                                              : ::pread64(from_fd, octets.data(), wanted, *offset);
        if (got < 0 && total == 0) return fail(error_here());
        if (got <= 0) break;
        const iovec part{octets.data(), static_cast<std::size_t>(got)};
        const auto sent = send(socket_fd, std::span{&part, 1}, 0, {});
        if (!sent) return total > 0 ? Result<std::size_t>{total} : sent;
        total += *sent;
        if (offset != nullptr) *offset += static_cast<off64_t>(*sent);
        if (*sent < part.iov_len || part.iov_len < wanted) break;
    }
    return total;
}

}  // namespace dt::packetdrill
