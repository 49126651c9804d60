// RACK (RFC 8985 §6.2), with Linux's choices of when the reordering window is zero.
#include "tcp/rack.hpp"

namespace dt::tcp {

namespace {

constexpr std::uint8_t fixed_window = 2;  // tcp_recovery: the window does not adapt
constexpr std::uint8_t no_threshold = 4;  // tcp_recovery: three SACKed segments mean nothing

}  // namespace

void Rack::on_delivery(const Config& config, const Delivery& delivery, Seq highest_sacked,
                       std::uint32_t mss) {
    if (delivery.newest) {
        has_news_ = true;
        rtt_ = delivery.now - delivery.newest->sent;
        if (newest_.sent == Instant{} || delivery.newest->is_after(newest_)) {
            newest_ = *delivery.newest;
        }
    }
    if (!delivery.late || !before(*delivery.late, highest_sacked)) return;
    // Step 3: something never resent arrived behind what left later.
    const std::uint32_t distance_in_segments =
        (distance(*delivery.late, highest_sacked) + mss - 1) / mss;
    reordering_ = static_cast<std::uint16_t>(std::min<std::uint32_t>(
        std::max<std::uint32_t>(reordering_, distance_in_segments), config.reordering_max));
    ++reorderings_;
}

void Rack::on_duplicate(const Config& config, Seq una, Seq nxt) {
    if ((config.recovery & fixed_window) != 0) return;
    if (in_round_ && before(una, round_end_)) return;
    in_round_ = true;
    round_end_ = nxt;
    if (steps_ < 255) ++steps_;
    persist_ = recoveries_max;
}

void Rack::on_recovered() {
    if (persist_ > 0) --persist_;
    if (persist_ == 0) steps_ = 1;
}

Duration Rack::window(const Config& config, const Situation& situation) const {
    if (reorderings_ == 0) {
        if (situation.phase == Situation::Phase::recovering) return {};
        const bool counts = (config.recovery & no_threshold) == 0;
        if (counts && situation.sacked >= reordering_) return {};
    }
    return std::min(situation.min_rtt / 4 * steps_, situation.srtt);
}

}  // namespace dt::tcp
