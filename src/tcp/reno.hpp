// Reno: slow start and congestion avoidance (RFC 5681 §3.1, with byte counting per RFC 3465).
#pragma once

#include <cstdint>

namespace dt::tcp {

inline constexpr std::uint32_t ssthresh_initial = 0x7fffffff;  // arbitrarily high (TCP-CC-004)

/// The two variables every algorithm moves, in octets.
struct CongestionWindow {
    std::uint32_t cwnd = 0;
    std::uint32_t ssthresh = ssthresh_initial;
};

class Reno {
  public:
    /// The increase for `acked` octets newly acknowledged; below ssthresh every acknowledged octet
    /// counts (DEC-23), above it one MSS per window.
    void on_ack(CongestionWindow& window, std::uint32_t acked, std::uint32_t mss);
    /// ssthresh after a loss with `flight` octets outstanding (RFC 5681 §3.1 equation 4, DEC-32).
    [[nodiscard]] std::uint32_t ssthresh_after_loss(std::uint32_t flight, std::uint32_t mss);

  private:
    std::uint32_t acked_ = 0;  // octets acknowledged toward the next increase
};

}  // namespace dt::tcp
