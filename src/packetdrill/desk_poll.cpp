// poll() over sockets of the stack.
#include <algorithm>

#include "packetdrill/desk.hpp"

namespace dt::packetdrill {
namespace {

constexpr auto always_told = std::uint16_t{POLLERR | POLLHUP};

}  // namespace

std::uint16_t Desk::revents(const pollfd& fd) {
    SocketEntry* entry = socket(fd.fd);
    if (entry == nullptr) return POLLNVAL;
    const auto wanted = static_cast<std::uint16_t>(fd.events) | always_told;
    std::uint16_t bits = readiness(*entry);
    if ((bits & POLLIN) != 0) bits |= POLLRDNORM;
    if ((bits & POLLOUT) != 0) bits |= POLLWRNORM;
    return static_cast<std::uint16_t>(bits & wanted);
}

Result<int> Desk::poll(std::span<pollfd> fds, int timeout_ms) {
    Machine::Lock lock = machine_.lock();
    const Instant until =
        timeout_ms < 0 ? never : machine_.now() + std::chrono::milliseconds{timeout_ms};
    const auto attempt = [&]() -> Result<int> {
        int ready = 0;
        for (pollfd& fd : fds) {
            fd.revents = fd.fd < 0 ? short{0} : static_cast<short>(revents(fd));
            if (fd.revents != 0) ++ready;
        }
        return ready > 0 ? Result<int>{ready} : fail(Error::would_block);
    };
    const auto answer = machine_.await(lock, until, attempt);
    return answer ? answer : Result<int>{0};
}

}  // namespace dt::packetdrill
