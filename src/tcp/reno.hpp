// Reno: congestion avoidance (RFC 5681 §3.1, with byte counting per RFC 3465), and the window that
// every algorithm moves.
#pragma once

#include <cstdint>

namespace dt::tcp {

inline constexpr std::uint32_t ssthresh_initial = 0x7fffffff;  // arbitrarily high (TCP-CC-004)
inline constexpr std::uint32_t cwnd_max = 1U << 30;  // octets: the largest window there is

/// The two variables every algorithm moves, in octets.
struct CongestionWindow {
    std::uint32_t cwnd = 0;
    std::uint32_t ssthresh = ssthresh_initial;
};

class Reno {
  public:
    /// Congestion avoidance: one MSS per window of `acked` octets.
    void on_ack(CongestionWindow& window, std::uint32_t acked, std::uint32_t mss);
    /// ssthresh after a loss with `flight` octets outstanding (RFC 5681 §3.1 equation 4, DEC-32).
    [[nodiscard]] std::uint32_t ssthresh_after_loss(std::uint32_t flight, std::uint32_t mss);

  private:
    std::uint32_t acked_ = 0;  // octets acknowledged toward the next increase
};

}  // namespace dt::tcp
