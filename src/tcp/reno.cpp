// Reno (RFC 5681 §3.1).
#include "tcp/reno.hpp"

#include <algorithm>

namespace dt::tcp {

void Reno::on_ack(CongestionWindow& window, std::uint32_t acked, std::uint32_t mss) {
    acked_ += acked;
    while (acked_ >= window.cwnd) {
        acked_ -= window.cwnd;
        window.cwnd = std::min(window.cwnd + mss, cwnd_max);
    }
}

std::uint32_t Reno::ssthresh_after_loss(std::uint32_t flight, std::uint32_t mss) {
    acked_ = 0;
    return std::max(flight / 2, 2 * mss);
}

}  // namespace dt::tcp
