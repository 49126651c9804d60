// CUBIC (RFC 9438 §4): C = 0.4 segments/s³, beta = 0.7.
#include "tcp/cubic.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

constexpr std::uint32_t unit = 1024;

// K³ = (W_max - cwnd) / C; in segments and ms³: 1e9 / 0.4.
constexpr std::uint64_t cubic_ms_per_segment = 2'500'000'000ULL;
constexpr std::int64_t away_max_ms = 100'000;  // from W_max: beyond it the target is bounded anyway

// alpha = 3(1 - beta)/(1 + beta) (§4.3).
constexpr std::uint64_t alpha_dividend = 9;
constexpr std::uint64_t alpha_divisor = 17;

}  // namespace

std::uint32_t cube_root(std::uint64_t value) {
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1ULL << 21; bit != 0; bit >>= 1) {
        const std::uint64_t tried = root | bit;
        if (tried * tried <= value / tried) root = tried;
    }
    return static_cast<std::uint32_t>(root);
}

void Cubic::begin_stage(std::uint32_t cwnd, Instant now, std::uint32_t mss) {
    in_stage_ = true;
    stage_ = now;
    reno_ = std::uint64_t{cwnd} * unit;
    fraction_ = 0;
    if (max_ <= cwnd) {  // slow start was left without loss, or after a timeout
        max_ = cwnd;
        k_ms_ = 0;
        prior_ = cwnd;
        return;
    }
    k_ms_ = cube_root(std::uint64_t{max_ - cwnd} * cubic_ms_per_segment / mss);
}

// §4.2: W(t) = C(t - K)³ + W_max, in octets.
std::uint64_t Cubic::window_at(Duration since_stage, std::uint32_t mss) const {
    const std::int64_t ms = base::to_ms(since_stage);
    const std::int64_t away = std::clamp<std::int64_t>(ms - k_ms_, -away_max_ms, away_max_ms);
    // away³ is at most 1e15; 0.4e-9 of it are segments.
    const std::int64_t octets = away * away * away / 10'000 * (std::int64_t{mss} * 2) / 500'000;
    const std::int64_t window = std::int64_t{max_} + octets;
    return window > 0 ? static_cast<std::uint64_t>(window) : 0;
}

void Cubic::on_ack(CongestionWindow& window, const AckEvent& ack, std::uint32_t acked) {
    if (!in_stage_) begin_stage(window.cwnd, ack.now, ack.mss);
    last_ = ack.now;
    const Duration since = ack.now - stage_;
    // §4.3: what Reno would have, with the gentler cut made up for.
    const bool is_past_prior = reno_ >= std::uint64_t{prior_} * unit;
    const std::uint64_t step = std::uint64_t{acked} * ack.mss * unit / window.cwnd;
    reno_ += is_past_prior ? step : step * alpha_dividend / alpha_divisor;
    const auto reno = static_cast<std::uint32_t>(std::min<std::uint64_t>(reno_ / unit, cwnd_max));
    if (window_at(since, ack.mss) < reno) {
        window.cwnd = std::max(window.cwnd, reno);
        return;
    }
    // §4.4, §4.5: toward W(t + RTT), by at most half the window per round trip.
    const std::uint64_t cwnd = window.cwnd;
    const std::uint64_t target =
        std::clamp(window_at(since + ack.srtt, ack.mss), cwnd, cwnd + cwnd / 2);
    const std::uint64_t more = (target - cwnd) * acked * unit / cwnd + fraction_;
    window.cwnd = static_cast<std::uint32_t>(std::min<std::uint64_t>(cwnd + more / unit, cwnd_max));
    fraction_ = static_cast<std::uint32_t>(more % unit);
}

std::uint32_t Cubic::ssthresh_after_loss(std::uint32_t cwnd, std::uint32_t flight,
                                         std::uint32_t mss) {
    in_stage_ = false;
    prior_ = cwnd;
    // §4.7 fast convergence: a flow that lost below its last maximum makes room for others.
    max_ = cwnd < max_ ? static_cast<std::uint32_t>(std::uint64_t{cwnd} * 17 / 20) : cwnd;
    const auto cut = static_cast<std::uint32_t>(std::uint64_t{flight} * 7 / 10);
    return std::max(cut, 2 * mss);
}

}  // namespace dt::tcp
