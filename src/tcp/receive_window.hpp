// The window we advertise: its right edge never moves left (RFC 9293 SHLD-14), it opens in steps
// worth a segment (MUST-39), it is scaled (RFC 7323 §2), and it grows while the program keeps up.
// A scaled field tells the edge up to one unit too far; what was told is taken (RFC 7323 §2.4).
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "event/config.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// Octets a window may offer for a buffer of `receive_buffer` octets: half, as Linux
/// (tcp_adv_win_scale 1); the other half pays for what blocks waste.
[[nodiscard]] std::uint32_t window_limit(std::uint32_t receive_buffer);
/// The scale that covers the largest buffer the configuration allows (TCP-OPT-005).
[[nodiscard]] std::uint8_t window_shift(const Config& config);
/// The first window: whole segments, at most 65535 since a SYN is not scaled (TCP-CONN-002).
[[nodiscard]] std::uint16_t first_window(std::uint32_t limit, std::uint16_t mss);

///     rcv_nxt                      edge_  told_
///     ---|====== may arrive ==========|=====|---     told_ - edge_ < 1 << shift
class ReceiveWindow {
  public:
    ReceiveWindow() = default;
    /// `limit` is the most the window may offer, `mss` what our SYN offered.
    ReceiveWindow(std::uint32_t limit, std::uint16_t mss) : limit_(limit), mss_(mss) {}

    /// The two SYNs have agreed: `window` was offered, and scales are known.
    void start(Seq rcv_nxt, std::uint16_t window, std::uint8_t shift);

    /// RCV.WND: octets from RCV.NXT to the edge.
    [[nodiscard]] std::uint32_t octets(Seq rcv_nxt) const {
        return after(told_, rcv_nxt) ? distance(rcv_nxt, told_) : 0;
    }
    /// The first number that no segment has offered.
    [[nodiscard]] Seq edge() const { return told_; }
    [[nodiscard]] std::uint8_t shift() const { return shift_; }
    [[nodiscard]] std::uint32_t limit() const { return limit_; }

    /// The field for a segment that leaves now, with `unread` octets waiting; the edge follows.
    [[nodiscard]] std::uint16_t advertise(Seq rcv_nxt, std::uint64_t unread);
    /// True where the program has freed enough to tell the peer (TCP-WIN-012, TCP-WIN-013).
    [[nodiscard]] bool wants_update(Seq rcv_nxt, std::uint64_t unread) const;

    /// The program took `count` octets: the limit doubles, up to `ceiling`, while it takes more
    /// than half a window per round trip (TCP-WIN-017).
    void on_consumed(Instant now, std::uint64_t count, Duration round_trip, std::uint32_t ceiling);
    /// SO_RCVBUF: a fixed limit; what was offered stays offered.
    void set_limit(std::uint32_t limit) { limit_ = limit; }

  private:
    [[nodiscard]] std::uint32_t widest() const;
    [[nodiscard]] Seq edge_for(Seq rcv_nxt, std::uint64_t unread) const;

    Seq edge_{};  // what the buffer has room for
    Seq told_{};  // the rightmost edge the peer may have understood
    std::uint32_t limit_ = 0;
    std::uint32_t taken_ = 0;  // octets the program took since round_start_
    std::uint16_t mss_ = 0;
    std::uint8_t shift_ = 0;
    Instant round_start_{};
};

}  // namespace dt::tcp
