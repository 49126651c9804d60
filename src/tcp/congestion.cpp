// Congestion control: what all algorithms share (RFC 5681, RFC 6928, RFC 7661 as Linux does it).
#include "tcp/congestion.hpp"

#include <algorithm>

namespace dt::tcp {

void Congestion::start(std::uint32_t mss, std::uint32_t initial_segments) {
    window_.cwnd = mss * initial_segments;
}

void Congestion::on_sent(std::uint32_t flight, Seq una, Seq nxt) {
    if (after(una, flight_end_) || flight > flight_max_) {
        flight_max_ = flight;
        flight_end_ = nxt;
    }
}

void Congestion::on_ack(const AckEvent& ack) {
    const bool in_slow_start = window_.cwnd < window_.ssthresh;
    // In slow start half a window in flight counts as full: it doubles per round.
    const std::uint64_t used = std::uint64_t{flight_max_} * (in_slow_start ? 2 : 1);
    const std::uint64_t needed = std::uint64_t{window_.cwnd} + 1 - (in_slow_start ? 0 : ack.mss);
    if (used < needed) return;
    std::visit([&](auto& algorithm) { algorithm.on_ack(window_, ack.acked, ack.mss); }, algorithm_);
}

void Congestion::on_loss(std::uint32_t flight, std::uint32_t mss) {
    window_.ssthresh = std::visit(
        [&](auto& algorithm) { return algorithm.ssthresh_after_loss(flight, mss); }, algorithm_);
}

void Congestion::on_timeout(Expiry expiry, std::uint32_t flight, std::uint32_t mss) {
    if (expiry == Expiry::first) on_loss(flight, mss);
    window_.cwnd = mss;
}

void Congestion::on_idle(Duration idle, Duration rto, std::uint32_t mss) {
    const std::uint32_t restart = std::min(initial_window_segments * mss, window_.cwnd);
    if (idle <= rto || window_.cwnd <= restart) return;
    window_.ssthresh = std::max(window_.ssthresh, window_.cwnd / 4 * 3);
    for (; idle > rto && window_.cwnd > restart; idle -= rto) window_.cwnd /= 2;
    window_.cwnd = std::max(window_.cwnd, restart);
}

}  // namespace dt::tcp
