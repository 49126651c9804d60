// Delayed, quick and owed acknowledgments, after the heuristics measured on Linux (spec 3.7).
#include "tcp/ack_policy.hpp"

#include <algorithm>
#include <limits>
#include <utility>

namespace dt::tcp {

namespace {

// Answers before a flow counts as request and response (Linux tcp_pingpong_thresh).
constexpr std::uint8_t interactive = 1;

constexpr std::uint32_t segment_min = 88;  // Linux TCP_MIN_MSS
constexpr std::uint32_t timestamps_length = 12;

Duration bounded(const Config& config, Duration pace) {
    return std::max(config.delayed_ack, std::min(pace, config.delayed_ack_max));
}

}  // namespace

bool AckPolicy::on_text(const Config& config, Instant now, Seq rcv_nxt, std::uint32_t length,
                        Hole hole) {
    // The first segments of a flow, or after a pause, are acknowledged at once: the sender is in
    // slow start and lives on them.
    if (flow_ == Flow::fresh || now - last_text_ > config.rto_min) refill(config);
    if (flow_ == Flow::fresh) {
        pace_ = config.delayed_ack;
    } else {
        measure(config, now - last_text_);
    }
    flow_ = Flow::running;
    last_text_ = now;
    const std::uint32_t whole = std::min<std::uint32_t>(length, 0xffff);
    if (whole > peer_segment_ && whole <= 9000) peer_segment_ = static_cast<std::uint16_t>(whole);
    on_advance();
    const bool is_quick = quick_ > 0 && replies_ < interactive;
    const bool two_segments = distance(acked_, rcv_nxt) > peer_segment_;
    if (hole == Hole::filled || is_quick || two_segments) now_ = Due::yes;
    return now_ == Due::no;
}

// RFC 9293 §3.8.6.3: at least every second full-sized segment is acknowledged.
void AckPolicy::measure_segment(std::uint32_t length, TcpFlags flags, event::Switch timestamps) {
    const std::uint32_t options = timestamps == event::Switch::on ? timestamps_length : 0;
    const bool is_ended = flags.psh() || flags.urg() || flags.fin();
    const std::uint16_t before = std::exchange(small_segment_, std::uint16_t{0});
    if (is_ended || length >= peer_segment_ || length + options < segment_min) return;
    small_segment_ = static_cast<std::uint16_t>(length);
    if (small_segment_ == before) peer_segment_ = small_segment_;
}

// Half of what it was and the new pause: what comes more often than the least delay counts as that.
void AckPolicy::measure(const Config& config, Duration pause) {
    if (pause <= config.delayed_ack / 2) {
        pace_ = pace_ / 2 + config.delayed_ack / 2;
    } else if (pause < pace_) {
        pace_ = pace_ / 2 + pause;
    }
    pace_ = bounded(config, pace_);
}

Duration AckPolicy::delay(const Config& config, Duration srtt) const {
    const Duration pace = bounded(config, pace_);
    return srtt == Duration{} ? pace : std::min(pace, std::max(srtt, config.delayed_ack));
}

void AckPolicy::owe_one(event::Reason reason) {
    if (owed_ < std::numeric_limits<std::uint16_t>::max()) ++owed_;
    reason_ = reason;
    replies_ = 0;
}

void AckPolicy::on_text_sent(Instant now) {
    if (flow_ == Flow::fresh || now - last_text_ > pace_) return;
    if (acked_ == Seq{} || replies_ >= interactive) return;
    ++replies_;
}

void AckPolicy::on_ack_sent(Seq rcv_nxt) {
    if (rcv_nxt != acked_ && quick_ > 0) --quick_;
    acked_ = rcv_nxt;
    now_ = Due::no;
}

void AckPolicy::on_pure_ack_sent(Seq rcv_nxt) {
    // The ACK of what is new comes first, those owed one by one follow it.
    if (now_ == Due::no && owed_ > 0) --owed_;
    on_ack_sent(rcv_nxt);
    if (owed_ == 0) reason_ = event::Reason::none;
}

void AckPolicy::on_timer(const Config& config) {
    now_ = Due::yes;
    pace_ =
        replies_ >= interactive ? config.delayed_ack : std::min(2 * pace_, config.delayed_ack_max);
    replies_ = 0;
}

void AckPolicy::set_mode(const Config& config, Mode mode) {
    if (mode == Mode::delayed) {
        replies_ = interactive;
        return;
    }
    replies_ = 0;
    refill(config);
    now_ = Due::yes;
}

}  // namespace dt::tcp
