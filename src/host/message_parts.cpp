// The parts of a message in a program's memory (readv(2), sendmsg(2)).
#include "host/message_parts.hpp"

#include <algorithm>
#include <cerrno>
#include <limits>

#include "base/assert.hpp"

namespace dt::host {

void MessageParts::add(std::uint64_t address, std::uint64_t length) {
    const std::size_t taken = std::min<std::uint64_t>(length, octets_max - size_);
    parts_.push_back({address, taken});
    size_ += taken;
}

std::expected<MessageParts, int> MessageParts::from(std::span<const iovec> parts) {
    constexpr auto length_max = static_cast<std::size_t>(std::numeric_limits<ssize_t>::max());
    MessageParts all;
    for (const iovec& part : parts) {
        if (part.iov_len > length_max) return std::unexpected(EINVAL);
        all.add(reinterpret_cast<std::uint64_t>(part.iov_base), part.iov_len);
    }
    return all;
}

MessageParts MessageParts::one(std::uint64_t address, std::uint64_t length) {
    MessageParts all;
    all.add(address, length);
    return all;
}

bool MessageParts::gather(const RemoteMemory& memory, MutableOctets to) const {
    DT_ASSERT(size_ <= to.size());
    for (const Part& part : parts_) {
        if (!memory.read(part.address, to.first(part.length))) return false;
        to = to.subspan(part.length);
    }
    return true;
}

bool MessageParts::scatter(const RemoteMemory& memory, Octets from) const {
    for (const Part& part : parts_) {
        const std::size_t count = std::min(part.length, from.size());
        if (!memory.write(part.address, from.first(count))) return false;
        from = from.subspan(count);
        if (from.empty()) break;
    }
    return true;
}

}  // namespace dt::host
