// Phases of loss recovery, and the arithmetic of duplicate ACKs (RFC 5681, RFC 6582).
#include "tcp/recovery.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

constexpr std::uint8_t duplicate_threshold = 3;  // RFC 5681 §3.2

}  // namespace

void Recovery::enter(Phase phase, Seq nxt) {
    phase_ = phase;
    point_ = nxt;
    frto_ = Frto::off;
    if (phase != Phase::timeout) return;
    duplicates_ = 0;
    credit_ = 0;
}

void Recovery::leave() {
    phase_ = Phase::open;
    frto_ = Frto::off;
    credit_ = 0;
}

std::uint32_t Recovery::count(const AckEvent& ack) {
    const std::uint32_t credit_before = credit_;
    switch (ack.kind) {
        case AckKind::nothing: return 0;
        case AckKind::duplicate: count_duplicate(ack); return credit_ - credit_before;
        case AckKind::advanced: break;
    }
    duplicates_ = 0;
    // The hole took one segment of what was acknowledged; the rest the duplicates had told.
    const std::uint32_t behind = ack.acked > ack.mss ? ack.acked - ack.mss : 0;
    const std::uint32_t told = std::min(credit_, behind);
    credit_ = phase_ == Phase::open ? 0 : credit_ - told;
    return ack.acked - told;
}

// Each shows one segment gone from the network, but never more than was behind the hole when the
// episode began: what a peer makes up releases nothing (TCP-LOSS-055).
void Recovery::count_duplicate(const AckEvent& ack) {
    if (phase_ == Phase::timeout) return;
    const std::uint32_t whole = phase_ == Phase::fast ? distance(ack.una, point_) : ack.flight;
    const std::uint32_t behind = whole > ack.mss ? whole - ack.mss : 0;
    credit_ = std::max(credit_, std::min(credit_ + ack.mss, behind));
    if (duplicates_ < duplicate_threshold) ++duplicates_;
}

bool Recovery::is_head_lost(const AckEvent& ack) const {
    switch (phase_) {
        case Phase::open:
        case Phase::reduced:
            // No second fast retransmit for what was outstanding when the last episode began.
            return ack.kind == AckKind::duplicate && duplicates_ >= duplicate_threshold &&
                   after(ack.una, point_);
        case Phase::fast: return ack.kind == AckKind::advanced;
        case Phase::timeout: return false;
    }
    return false;
}

}  // namespace dt::tcp
