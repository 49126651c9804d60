// The parts of a message in a program's memory (readv(2), sendmsg(2)): the program chose every
// number in them.
#pragma once

#include <sys/uio.h>

#include <cstdint>
#include <expected>
#include <span>
#include <vector>

#include "host/remote_memory.hpp"

namespace dt::host {

class MessageParts {
  public:
    /// What one call carries at most: Linux MAX_RW_COUNT. What lies beyond is not looked at.
    static constexpr std::size_t octets_max = 0x7fff'f000;

    MessageParts() = default;
    /// Errors (errno): EINVAL where a length is negative as ssize_t, as import_iovec() in Linux.
    [[nodiscard]] static std::expected<MessageParts, int> from(std::span<const iovec> parts);
    /// One part, as sendto() and recvfrom() have it; it never fails, too much is cut.
    [[nodiscard]] static MessageParts one(std::uint64_t address, std::uint64_t length);

    /// Sum of the lengths, at most octets_max.
    [[nodiscard]] std::size_t size() const { return size_; }
    /// Copies all parts to the front of `to`; false = EFAULT. `to` holds size() octets or more.
    [[nodiscard]] bool gather(const RemoteMemory& memory, MutableOctets to) const;
    /// Copies `from` over the parts, as far as they reach; false = EFAULT.
    [[nodiscard]] bool scatter(const RemoteMemory& memory, Octets from) const;

  private:
    struct Part {
        std::uint64_t address = 0;
        std::size_t length = 0;
    };
    void add(std::uint64_t address, std::uint64_t length);

    std::vector<Part> parts_;
    std::size_t size_ = 0;
};

}  // namespace dt::host
