// HyStart++ (RFC 9406 §4.2).
#include "tcp/hystart.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

constexpr Duration threshold_min = 4ms;
constexpr Duration threshold_max = 16ms;
constexpr std::uint8_t samples_min = 8;      // N_RTT_SAMPLE
constexpr std::uint8_t slow_rounds_max = 5;  // CSS_ROUNDS

}  // namespace

void HyStart::begin_round(Seq nxt) {
    last_ = current_;
    current_ = {};
    samples_ = 0;
    round_end_ = nxt;
    has_round_ = true;
}

HyStart::Pace HyStart::on_ack(std::optional<Duration> sample, Seq una, Seq nxt) {
    if (!has_round_) begin_round(nxt);
    if (sample) {
        const auto rounded = std::chrono::round<Microseconds>(*sample);
        current_ = current_ == Microseconds{} ? rounded : std::min(current_, rounded);
        if (samples_ < samples_min) ++samples_;
    }
    const bool is_sure = samples_ >= samples_min;
    if (!is_slow_ && is_sure && last_ != Microseconds{}) {
        const Duration threshold =
            std::max(threshold_min, std::min<Duration>(last_ / 8, threshold_max));
        if (current_ >= last_ + threshold) {
            is_slow_ = true;
            slow_rounds_ = 0;
            baseline_ = current_;
        }
    } else if (is_slow_ && is_sure && current_ < baseline_) {
        is_slow_ = false;  // the RTT fell again: the queue was someone else's
    }
    if (at_or_after(una, round_end_)) {
        if (is_slow_ && ++slow_rounds_ >= slow_rounds_max) return Pace::leave;
        begin_round(nxt);
    }
    return pace();
}

}  // namespace dt::tcp
