// NewReno recovery with proportional rate reduction (RFC 6582, RFC 3042, RFC 9937).
#include "tcp/recovery.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

constexpr std::uint8_t duplicate_threshold = 3;  // RFC 5681 §3.2

}  // namespace

RecoveryStep Recovery::on_ack(const AckEvent& ack) {
    RecoveryStep step;
    step_delivered_ = 0;
    switch (ack.kind) {
        case AckKind::duplicate: on_duplicate(ack, step); break;
        case AckKind::advanced: on_advance(ack, step); break;
        case AckKind::nothing: break;
    }
    return step;
}

void Recovery::on_duplicate(const AckEvent& ack, RecoveryStep& step) {
    if (phase_ == Phase::timeout) return;
    // Each shows one segment gone from the network, but never more than was behind the hole when
    // the episode began: what a peer makes up releases nothing (TCP-LOSS-055).
    const std::uint32_t whole = phase_ == Phase::fast ? distance(ack.una, recover_) : ack.flight;
    const std::uint32_t behind = whole > ack.mss ? whole - ack.mss : 0;
    const std::uint32_t before_it = credit_;
    credit_ = std::max(credit_, std::min(credit_ + ack.mss, behind));
    step_delivered_ = credit_ - before_it;
    if (duplicates_ < duplicate_threshold) ++duplicates_;
    // No second fast retransmit for what was outstanding when the last episode began.
    if (phase_ == Phase::fast || duplicates_ < duplicate_threshold) return;
    if (!after(ack.una, recover_)) return;
    enter(ack);
    step.kind = RecoveryStep::Kind::entered;
}

void Recovery::enter(const AckEvent& ack) {
    phase_ = Phase::fast;
    recover_ = ack.nxt;
    recover_fs_ = std::max(ack.flight, std::uint32_t{1});
    delivered_ = 0;
    sent_ = 0;
}

void Recovery::on_advance(const AckEvent& ack, RecoveryStep& step) {
    duplicates_ = 0;
    // The hole took one segment of what was acknowledged; the rest the duplicates had told.
    const std::uint32_t behind = ack.acked > ack.mss ? ack.acked - ack.mss : 0;
    const std::uint32_t told = std::min(credit_, behind);
    credit_ -= told;
    step_delivered_ = ack.acked - told;
    if (phase_ == Phase::open) {
        credit_ = 0;
        // It follows SND.UNA: 2^31 octets later an old one would lie ahead.
        if (after(ack.una, recover_)) recover_ = ack.una - 1;
        return;
    }
    if (at_or_after(ack.una, recover_)) {
        step.kind = phase_ == Phase::fast ? RecoveryStep::Kind::left : RecoveryStep::Kind::none;
        leave();
        return;
    }
    if (phase_ == Phase::fast) step.kind = RecoveryStep::Kind::hole;
}

void Recovery::leave() {
    phase_ = Phase::open;
    credit_ = 0;
}

std::optional<std::uint32_t> Recovery::window(const AckEvent& ack, std::uint32_t in_flight,
                                              std::uint32_t ssthresh) {
    if (step_delivered_ == 0) return std::nullopt;
    delivered_ = std::min(delivered_ + step_delivered_, recover_fs_);
    std::uint64_t count = 0;
    if (in_flight > ssthresh) {
        const std::uint64_t share =
            (std::uint64_t{delivered_} * ssthresh + recover_fs_ - 1) / recover_fs_;
        count = share > sent_ ? share - sent_ : 0;
    } else {
        const std::uint32_t unspent = delivered_ > sent_ ? delivered_ - sent_ : 0;
        count = std::max(unspent, step_delivered_);
        if (ack.kind == AckKind::advanced) count += ack.mss;  // SafeACK: the hole moved on
        count = std::min<std::uint64_t>(count, ssthresh - in_flight);
    }
    // The fast retransmit, and that of each further hole (RFC 6582 §3.2), need no share.
    if (sent_ == 0 || ack.kind == AckKind::advanced) {
        count = std::max<std::uint64_t>(count, ack.mss);
    }
    return in_flight + static_cast<std::uint32_t>(count);
}

void Recovery::on_timeout(Seq nxt) {
    phase_ = Phase::timeout;
    recover_ = nxt;
    duplicates_ = 0;
    credit_ = 0;
}

}  // namespace dt::tcp
