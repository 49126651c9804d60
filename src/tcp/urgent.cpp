// The urgent octet: which pointer leaves, which one that arrives counts.
#include "tcp/urgent.hpp"

#include <limits>

namespace dt::tcp {

std::optional<std::uint16_t> Urgent::pointer(Seq seq) const {
    if (!snd_up_ || !after(*snd_up_, seq)) return std::nullopt;
    constexpr std::uint32_t farthest = std::numeric_limits<std::uint16_t>::max();
    const std::uint32_t ahead = distance(seq, *snd_up_);
    return static_cast<std::uint16_t>(ahead < farthest ? ahead : farthest);
}

bool Urgent::announce(Seq at, Seq rcv_nxt, Seq copied) {
    if (after(copied, at) || before(at, rcv_nxt)) return false;
    if (octet_ != Octet::none && !after(at, at_)) return false;
    at_ = at;
    octet_ = Octet::announced;
    return true;
}

}  // namespace dt::tcp
