// Pacing: rates and departure times.
#include "tcp/pacer.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

constexpr std::uint64_t ns_per_s = 1'000'000'000;

}  // namespace

std::uint64_t pacing_rate(std::uint64_t window, Duration srtt, std::uint32_t percent) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(srtt).count(), 1));
    return window * percent * 10'000 / us;
}

// A sender that was idle may catch up with half of each segment's time (Linux).
void Pacer::on_sent(Instant now, std::uint32_t octets, std::uint32_t segments) {
    const bool is_paced = segments_ >= unpaced_segments;
    segments_ = std::min(segments_ + segments, unpaced_segments);
    if (rate_ == 0 || !is_paced) return;
    const auto takes = Duration{static_cast<std::int64_t>(octets * ns_per_s / rate_)};
    const Duration credit = std::max(now - next_, Duration{});
    next_ = std::max(next_, now) + takes - std::min(takes / 2, credit);
}

std::uint32_t Pacer::burst(std::uint32_t mss) const {
    constexpr std::uint64_t slices_per_s = 1'000;
    const std::uint64_t segments = rate_ / slices_per_s / mss;
    return static_cast<std::uint32_t>(std::clamp<std::uint64_t>(segments, 2, 44)) * mss;
}

}  // namespace dt::tcp
