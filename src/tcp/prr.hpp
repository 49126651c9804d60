// Proportional rate reduction (RFC 9937): while a loss is repaired the window follows what arrives,
// and ends at ssthresh.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hpp"

namespace dt::tcp {

class Prr {
  public:
    /// What one ACK did, in octets.
    struct Step {
        std::uint32_t delivered = 0;
        std::uint32_t in_flight = 0;  // after its marks
        std::uint32_t ssthresh = 0;
        std::uint32_t mss = 0;
        enum class Safe : std::uint8_t { no, yes } safe = Safe::no;     // §6.2 SafeACK
        enum class Force : std::uint8_t { no, yes } force = Force::no;  // one segment in any case
    };

    /// The window is cut. `recover_fs`: what was outstanding and not SACKed when the loss was
    /// found (§6.1).
    void begin(std::uint32_t recover_fs, Instant now) {
        cut_at_ = now;
        recover_fs_ = std::max(recover_fs, std::uint32_t{1});
        delivered_ = 0;
        sent_ = 0;
    }
    void on_sent(std::uint32_t octets) { sent_ += octets; }
    /// The window was cut last, by whatever loss.
    void note_cut(Instant now) { cut_at_ = now; }
    [[nodiscard]] Instant cut_at() const { return cut_at_; }

    /// cwnd after the ACK (§6.2); nothing where it delivered nothing.
    [[nodiscard]] std::optional<std::uint32_t> window(const Step& step) {
        if (step.delivered == 0) return std::nullopt;
        delivered_ = std::min(delivered_ + step.delivered, delivered_max());
        const std::uint64_t count = share(step);
        const bool forces = sent_ == 0 || step.force == Step::Force::yes;
        return step.in_flight + static_cast<std::uint32_t>(
                                    forces ? std::max<std::uint64_t>(count, step.mss) : count);
    }

  private:
    // What a peer makes up releases nothing (TCP-LOSS-055); it may send new text meanwhile.
    [[nodiscard]] std::uint32_t delivered_max() const { return recover_fs_ + sent_; }

    // What leaves is whole segments, so the share is rounded up to them (as Linux, which counts in
    // segments): in octets a share would wait for its last octet, and the window fall too fast.
    [[nodiscard]] std::uint64_t share(const Step& step) const {
        if (step.in_flight > step.ssthresh) {
            const std::uint64_t whole = std::uint64_t{recover_fs_} * step.mss;
            const std::uint64_t product = std::uint64_t{delivered_} * step.ssthresh;
            const std::uint64_t part = (product + whole - 1) / whole * step.mss;
            return part > sent_ ? part - sent_ : 0;
        }
        const std::uint32_t unspent = delivered_ > sent_ ? delivered_ - sent_ : 0;
        std::uint64_t count = std::max(unspent, step.delivered);
        if (step.safe == Step::Safe::yes) count += step.mss;
        return std::min<std::uint64_t>(count, step.ssthresh - step.in_flight);
    }

    Instant cut_at_{};
    std::uint32_t recover_fs_ = 1;  // RecoverFS
    std::uint32_t delivered_ = 0;   // prr_delivered
    std::uint32_t sent_ = 0;        // prr_out
};

}  // namespace dt::tcp
