// Loss detection by time (RFC 8985 §6): the newest transmission known to be delivered, its RTT, and
// how much reordering is waited for.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "event/config.hpp"
#include "tcp/send_queue.hpp"

namespace dt::tcp {

/// The least RTT of a sliding window of time (RFC 8985 §6.2 step 1).
class MinRtt {
  public:
    void on_sample(const Config& config, Instant now, Duration sample) {
        const bool is_old = now - at_ > config.min_rtt_window;
        if (least_ != Duration{} && !is_old && sample > least_) return;
        least_ = std::max(sample, Duration{std::chrono::microseconds{1}});
        at_ = now;
    }
    /// Zero before the first sample.
    [[nodiscard]] Duration value() const { return least_; }

  private:
    Duration least_{};
    Instant at_{};
};

class Rack {
  public:
    /// How far the sender is with this loss: before recovery a few SACKs are waited for.
    struct Situation {
        enum class Phase : std::uint8_t { watching, recovering } phase = Phase::watching;
        std::uint32_t sacked = 0;  // segments
        Duration min_rtt{};
        Duration srtt{};
    };

    explicit Rack(const Config& config) : reordering_(config.reordering) {}

    /// Steps 1 to 3: what was delivered.
    void on_delivery(const Config& config, const Delivery& delivery, Seq highest_sacked,
                     std::uint32_t mss);
    /// Step 4, D-SACK: the window widens once per round trip.
    void on_duplicate(const Config& config, Seq una, Seq nxt);
    /// A recovery ended; after 16 of them without D-SACK the window is narrow again.
    void on_recovered();
    /// A reduction was undone by D-SACK: the wide window is kept longer.
    void keep_window() { persist_ = std::min<std::uint8_t>(persist_ + 1, recoveries_max); }
    /// The timer expired with much SACKed: reordering was overestimated.
    void on_timeout(const Config& config) {
        reordering_ = std::min(reordering_, config.reordering);
    }
    /// The retransmissions were needless: `newest` is all that is known to have arrived, where
    /// anything is; step 5 may find something again.
    void disbelieve_resent(const std::optional<Transmission>& newest, Instant now) {
        newest_ = newest.value_or(Transmission{});
        if (newest) rtt_ = now - newest->sent;
        has_news_ = true;
    }
    /// Step 5 may find something again, though nothing new was delivered.
    void look_again() { has_news_ = true; }

    /// True once after news.
    [[nodiscard]] bool take_news() {
        const bool had = has_news_ && newest_.sent != Instant{};
        has_news_ = false;
        return had;
    }
    [[nodiscard]] const Transmission& newest() const { return newest_; }
    /// Zero before the first delivery.
    [[nodiscard]] Duration rtt() const { return rtt_; }
    /// Step 4: RACK.reo_wnd.
    [[nodiscard]] Duration window(const Config& config, const Situation& situation) const;
    /// Segments out of order that are tolerated, and how often reordering was seen.
    [[nodiscard]] std::uint16_t reordering() const { return reordering_; }
    [[nodiscard]] std::uint32_t reorderings() const { return reorderings_; }

  private:
    static constexpr std::uint8_t recoveries_max = 16;

    Transmission newest_{};
    Duration rtt_{};
    Seq round_end_{};  // a D-SACK counts again behind it
    std::uint32_t reorderings_ = 0;
    std::uint16_t reordering_;
    std::uint8_t steps_ = 1;    // quarters of the least RTT
    std::uint8_t persist_ = 0;  // recoveries until steps_ is 1 again
    bool has_news_ = false;
    bool in_round_ = false;
};

}  // namespace dt::tcp
