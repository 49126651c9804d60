// Was a loss none? Eifel (RFC 3522) by the timestamp that an ACK echoes, and D-SACK (RFC 3708): a
// reduction is undone when every retransmission of its episode turns out to be needless.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "wire/seq.hpp"

namespace dt::tcp {

class Undo {
  public:
    /// An episode begins: the window of before is kept. `resent` counts retransmissions that are
    /// still outstanding.
    void begin(Seq una, std::uint32_t cwnd, std::uint32_t ssthresh, std::uint32_t resent) {
        is_possible_ = true;
        marker_ = una;
        cwnd_ = cwnd;
        ssthresh_ = ssthresh;
        resent_ = resent;
        has_resent_ = resent > 0;
        if (resent == 0) forget_stamp();
    }
    void forget() { is_possible_ = false; }
    [[nodiscard]] bool is_possible() const { return is_possible_; }

    /// A retransmission left with this timestamp (the first of an episode counts).
    void on_resent(std::uint32_t timestamp) {
        if (!stamp_) stamp_ = timestamp;
        has_resent_ = true;
        ++resent_;
    }
    /// The peer reported `count` segments up to `end` as duplicates.
    void on_duplicate(Seq end, std::uint32_t count) {
        if (is_possible_ && after(end, marker_)) resent_ -= std::min(resent_, count);
    }
    /// Nothing is outstanding that an echo could be of.
    void forget_stamp() { stamp_.reset(); }

    /// RFC 3708: each of the retransmissions arrived twice.
    [[nodiscard]] bool is_all_duplicate() const {
        return is_possible_ && has_resent_ && resent_ == 0;
    }
    /// RFC 3522: the echoed timestamp is older than the first retransmission.
    [[nodiscard]] bool is_early(std::optional<std::uint32_t> echo) const {
        return is_possible_ && stamp_ && echo && static_cast<std::int32_t>(*echo - *stamp_) < 0;
    }
    [[nodiscard]] std::uint32_t cwnd() const { return cwnd_; }
    [[nodiscard]] std::uint32_t ssthresh() const { return ssthresh_; }

  private:
    Seq marker_{};
    std::uint32_t cwnd_ = 0;
    std::uint32_t ssthresh_ = 0;
    std::uint32_t resent_ = 0;
    std::optional<std::uint32_t> stamp_;
    bool is_possible_ = false;
    bool has_resent_ = false;
};

}  // namespace dt::tcp
