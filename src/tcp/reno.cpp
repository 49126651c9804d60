// Reno (RFC 5681 §3.1).
#include "tcp/reno.hpp"

#include <algorithm>

namespace dt::tcp {

void Reno::on_ack(CongestionWindow& window, std::uint32_t acked, std::uint32_t mss) {
    if (window.cwnd < window.ssthresh) {
        const std::uint32_t step = std::min(acked, window.ssthresh - window.cwnd);
        window.cwnd += step;
        acked -= step;
    }
    if (window.cwnd < window.ssthresh) return;
    acked_ += acked;
    while (acked_ >= window.cwnd) {
        acked_ -= window.cwnd;
        window.cwnd += mss;
    }
}

std::uint32_t Reno::ssthresh_after_loss(std::uint32_t flight, std::uint32_t mss) {
    acked_ = 0;
    return std::max(flight / 2, 2 * mss);
}

}  // namespace dt::tcp
