// Poll masks of stream and datagram sockets as Linux gives them (spec 6.0, API-POLL-001…026).
#include "sock/readiness.hpp"

namespace dt::sock {
namespace {

void add(PollMask& mask, std::uint16_t bits) {
    mask.bits = static_cast<std::uint16_t>(mask.bits | bits);
}

}  // namespace

PollMask poll_of(const StreamFacts& facts, std::int32_t low_water) {
    PollMask mask;
    if (facts.is_listening()) {
        if (facts.waiting > 0) add(mask, PollMask::in);
        return mask;
    }
    const bool both_shut = facts.reading == Way::shut && facts.writing == Way::shut;
    if (both_shut || facts.is_closed()) add(mask, PollMask::hup);
    if (facts.reading == Way::shut) add(mask, PollMask::in | PollMask::rdhup);
    if (!facts.is_opening()) {
        const auto wanted = static_cast<std::uint64_t>(low_water);
        if (facts.unread > 0 && facts.unread >= wanted) add(mask, PollMask::in);
        const bool nothing_to_wait_for = facts.writing == Way::shut || facts.is_closed();
        if (nothing_to_wait_for || facts.is_writable()) add(mask, PollMask::out);
    }
    if (facts.urgent == StreamFacts::Urgent::here) add(mask, PollMask::pri);
    const bool has_notice = facts.notices == StreamFacts::Notices::some;
    if (facts.error || has_notice) add(mask, PollMask::err);
    return mask;
}

PollMask poll_of(const DatagramFacts& facts) {
    PollMask mask{PollMask::out};
    const bool has_notice = facts.notices == DatagramFacts::Notices::some;
    if (facts.error || has_notice) add(mask, PollMask::err);
    if (facts.reading == Way::shut) add(mask, PollMask::in | PollMask::rdhup);
    if (facts.reading == Way::shut && facts.writing == Way::shut) add(mask, PollMask::hup);
    if (facts.waiting > 0) add(mask, PollMask::in);
    return mask;
}

}  // namespace dt::sock
