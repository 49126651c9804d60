// Round-trip time estimate: RFC 6298 §2, with Linux's filter of the variance (TCP-RTO-025).
#include "tcp/rtt.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

constexpr std::uint32_t sample_max = 0x0fffffff;  // 268 s: 8 times it fits in 32 bits

constexpr std::uint32_t granularity = 1000;  // G of RFC 6298: 1 ms

std::uint32_t to_us(Duration duration) {
    const auto us = std::chrono::duration_cast<std::chrono::microseconds>(duration).count();
    return static_cast<std::uint32_t>(std::clamp<std::int64_t>(us, 1, sample_max));
}

}  // namespace

Rtt::Rtt(const Config& config) : rto_(to_us(config.rto_initial)) {}

void Rtt::on_sample(const Config& config, Duration sample, Seq una, Seq nxt) {
    const std::uint32_t us = to_us(sample);
    const bool is_sum_bounded = config.rto_floor == event::RtoFloor::sum;
    const std::uint32_t floor = is_sum_bounded ? granularity : to_us(config.rto_min);
    if (!has_sample()) {
        on_first(us, floor);
        window_end_ = nxt;
    } else {
        on_next(us);
        filter(floor, una, nxt);
    }
    std::uint32_t sum = (srtt_ >> 3) + variance_;
    if (is_sum_bounded) sum = std::max(sum, to_us(config.rto_min));  // RFC 6298 §2.4
    rto_ = std::min(sum - sum % granularity, to_us(config.rto_max));
}

// The term rises at once; it falls by a quarter of the excess, once per window.
void Rtt::filter(std::uint32_t floor, Seq una, Seq nxt) {
    peak_ = std::max(peak_, deviation_);
    variance_ = std::max(variance_, peak_);
    if (after(una, window_end_)) {
        if (peak_ < variance_) variance_ -= (variance_ - peak_) >> 2;
        window_end_ = nxt;
        peak_ = floor;
    }
}

// RFC 6298 §2.2: SRTT = R, RTTVAR = R/2.
void Rtt::on_first(std::uint32_t sample, std::uint32_t floor) {
    srtt_ = sample << 3;
    deviation_ = sample << 1;
    variance_ = std::max(deviation_, floor);
    peak_ = variance_;
}

// RFC 6298 §2.3. A deviation from a sample below SRTT that is larger than the mean enters with
// 1/32 instead of 1/4: a sudden fall of the RTT must not raise the RTO.
void Rtt::on_next(std::uint32_t sample) {
    const std::int64_t error = static_cast<std::int64_t>(sample) - (srtt_ >> 3);
    srtt_ = static_cast<std::uint32_t>(std::max<std::int64_t>(srtt_ + error, 1));
    std::int64_t excess = (error < 0 ? -error : error) - (deviation_ >> 2);
    if (error < 0 && excess > 0) excess >>= 3;
    deviation_ = static_cast<std::uint32_t>(std::max<std::int64_t>(deviation_ + excess, 0));
}

}  // namespace dt::tcp
