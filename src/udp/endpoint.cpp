// One UDP endpoint: fit and receive queue.
#include "udp/endpoint.hpp"

#include <algorithm>
#include <utility>

namespace dt::udp {

namespace {

// What a datagram costs beside its text: an empty one must not be free (UDP-023).
constexpr std::uint64_t frame_cost = 512;

}  // namespace

Fit BoundEndpoint::fit(const FourTuple& tuple) const {
    const bool is_exact = local_.addr == tuple.local.addr;
    const bool is_same_family = local_.addr.family() == tuple.local.addr.family();
    const bool takes_both = local_.addr == IpAddr::any_v6() && stacks_ == Stacks::both;
    const bool is_wildcard = local_.addr.is_any() && (is_same_family || takes_both);
    if (!is_exact && !is_wildcard) return Fit::none;
    if (!remote_) return is_exact ? Fit::exact : Fit::wildcard;
    if (*remote_ != tuple.remote) return Fit::none;
    return is_exact ? Fit::connected_exact : Fit::connected_wildcard;
}

bool BoundEndpoint::hears(const Datagram& datagram) const {
    if (!extras) return true;
    constexpr std::uint8_t loopback = 0;
    const std::uint8_t by = datagram.arrival.interface;
    const IpAddr& to = datagram.tuple.local.addr;
    const auto& heard_by = datagram.arrival.heard_by;
    if (extras->link && heard_by && *extras->link != *heard_by) return false;
    if (!extras->groups || !to.is_multicast()) return true;
    if (to.is_v4() ? extras->groups->all_v4 : extras->groups->all_v6) return true;
    // What this host sent to a group comes back by lo, whichever link it left by.
    return std::ranges::any_of(extras->groups->joined, [&](const JoinedGroup& joined) {
        return joined.address == to && (by == loopback || joined.link == by);
    });
}

void BoundEndpoint::push(Datagram datagram) {
    charged_ += datagram.length + frame_cost;
    text_ += datagram.length;
    queue_.push(std::move(datagram));
}

std::optional<Datagram> BoundEndpoint::pop() {
    if (queue_.empty()) return std::nullopt;
    Datagram datagram = queue_.pop();
    charged_ -= datagram.length + frame_cost;
    text_ -= datagram.length;
    return datagram;
}

}  // namespace dt::udp
