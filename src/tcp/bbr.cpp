// BBR version 1: delivery rate, model, state machine, pace and window, in the draft's order.
#include "tcp/bbr.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

// Gains per mille (TCP-CC-041).
constexpr std::uint64_t unit = 1000;
constexpr std::uint64_t high_gain = 2885;  // 2/ln 2
constexpr std::uint64_t drain_gain = 347;  // its inverse
constexpr std::uint64_t cruise_window_gain = 2000;
constexpr std::array<std::uint64_t, 8> cycle_gains{1250, 750, 1000, 1000, 1000, 1000, 1000, 1000};
constexpr std::uint64_t pace_margin = 990;  // 1 % below the rate

constexpr Duration min_rtt_window = std::chrono::seconds{10};
constexpr Duration probe_rtt_time = 200ms;
constexpr std::uint32_t window_min = 4;  // segments
constexpr std::uint64_t full_growth = 1250;
constexpr std::uint8_t full_rounds = 3;
constexpr Duration rtt_unknown = 1ms;

std::uint64_t per_second(std::uint64_t octets, Duration interval) {
    const auto us = static_cast<std::uint64_t>(std::max<std::int64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(interval).count(), 1));
    return octets * 1'000'000 / us;
}

}  // namespace

// Kathleen Nichols' filter: the best, the second and the third best in order of age, each younger
// than the one before.
void WindowedMax::on_sample(std::uint64_t value, std::uint64_t round) {
    const Sample sample{value, round};
    if (value >= best_[0].value || round - best_[2].round > rounds_) {
        best_.fill(sample);
        return;
    }
    if (value >= best_[1].value) {
        best_[2] = best_[1] = sample;
    } else if (value >= best_[2].value) {
        best_[2] = sample;
    }
    const std::uint64_t age = round - best_[0].round;
    if (age > rounds_) {
        best_ = {best_[1], best_[2], sample};
        if (round - best_[0].round > rounds_) best_ = {best_[1], best_[2], sample};
        return;
    }
    if (best_[1].round == best_[0].round && age > rounds_ / 4) {
        best_[2] = best_[1] = sample;
    } else if (best_[2].round == best_[1].round && age > rounds_ / 2) {
        best_[2] = sample;
    }
}

// Delivery rate §3.2. The program limits the rate where it leaves the window unused.
void Bbr::on_sent(const Sent& sent, const CongestionWindow& window) {
    const bool is_new = sent.kind == Sent::Kind::new_text;
    if (is_new && sent.flight <= sent.length) {
        first_sent_ = delivered_at_ = sent.now;
        if (queue_ == Queue::drained) restart_ = Restart::yes;
    }
    queue_ = sent.unsent == 0 ? Queue::drained : Queue::waiting;
    const bool is_idle = is_new && sent.unsent == 0 && sent.flight + sent.mss < window.cwnd;
    if (is_idle) limited_until_ = delivered_ + sent.flight;
    Departure departure{sent.now, first_sent_, delivered_at_, delivered_};
    if (limited_until_ > delivered_) departure.limit = Departure::Limit::program;
    departures_.push(departure);
}

// Delivery rate §3.3: what was delivered since the newest transmission that arrived had left, over
// the longer of the time it took to send and the time it took to come back. The newest, be it text
// behind a hole (SACK) or text sent again: the left edge stands still for round trips while a loss
// is repaired, and what is measured over several of them shows no probe of one.
std::optional<Bbr::Rate> Bbr::take_rate(const AckEvent& ack) {
    if (ack.delivered > 0) {
        delivered_ += ack.delivered;
        delivered_at_ = ack.now;
    }
    if (!ack.newest_sent) return std::nullopt;
    while (departures_.size() > 1 && departures_[1].sent <= *ack.newest_sent)
        static_cast<void>(departures_.pop());
    // More of the same departure may arrive by the next ACK: it stays until a later one does.
    if (departures_.empty() || departures_.front().sent != *ack.newest_sent) return std::nullopt;
    const Departure& newest = departures_.front();
    const Duration sending = newest.sent - newest.first_sent;
    const Duration coming = ack.now - newest.delivered_at;
    first_sent_ = newest.sent;
    const Duration interval = std::max(sending, coming);
    if (interval <= Duration{} || interval < min_rtt_) return std::nullopt;
    return Rate{per_second(delivered_ - newest.delivered, interval), newest.delivered,
                newest.limit};
}

void Bbr::on_ack(const AckEvent& ack, CongestionWindow& window) {
    const auto rate = take_rate(ack);
    round_step_ = Round::goes_on;
    if (rate) {
        take_round(*rate);
        take_bandwidth(*rate);
        check_cycle(ack);
        check_full_pipe(*rate);
    }
    check_drain(ack, window);
    take_min_rtt(ack, window);
    set_pace(ack, window);
    set_window(ack, window);
}

// A round is over when text that left after its beginning is acknowledged.
void Bbr::take_round(const Rate& rate) {
    if (rate.delivered_before < round_end_) return;
    round_end_ = delivered_;
    ++round_;
    round_step_ = Round::begins;
    repair_ = Repair::none;
}

void Bbr::take_bandwidth(const Rate& rate) {
    const bool is_limited = rate.limit == Departure::Limit::program;
    if (!is_limited || rate.octets_per_s >= bandwidth()) {
        bandwidth_.on_sample(rate.octets_per_s, round_);
    }
}

// Draft §4.3.2.1: three rounds without a quarter of growth fill the pipe.
void Bbr::check_full_pipe(const Rate& rate) {
    const bool is_limited = rate.limit == Departure::Limit::program;
    if (full_rounds_ >= full_rounds || round_step_ == Round::goes_on || is_limited) return;
    if (bandwidth() * unit >= full_bandwidth_ * full_growth) {
        full_bandwidth_ = bandwidth();
        full_rounds_ = 0;
        return;
    }
    ++full_rounds_;
}

void Bbr::check_drain(const AckEvent& ack, CongestionWindow& window) {
    if (mode_ == Mode::startup && full_rounds_ >= full_rounds) {
        mode_ = Mode::drain;
        window.ssthresh =
            static_cast<std::uint32_t>(std::min<std::uint64_t>(product(unit), ssthresh_initial));
    }
    if (mode_ == Mode::drain && ack.in_flight <= product(unit)) enter_probe_bandwidth(ack);
}

// The cycle begins at any phase but the one that drains; where decides the connection's numbers,
// which differ between flows (draft §4.3.4.3).
void Bbr::enter_probe_bandwidth(const AckEvent& ack) {
    mode_ = Mode::probe_bandwidth;
    const auto phase = static_cast<std::uint8_t>(ack.una.value() / 1024 % 7);
    cycle_ = phase == 1 ? std::uint8_t{7} : phase;
    cycle_at_ = ack.now;
    loss_ = Loss::no;
}

void Bbr::check_cycle(const AckEvent& ack) {
    if (mode_ != Mode::probe_bandwidth) return;
    const bool is_full_length = ack.now - cycle_at_ > min_rtt_;
    const std::uint64_t gain = cycle_gains[cycle_];
    const std::uint64_t in_flight = std::uint64_t{ack.in_flight} + ack.delivered;
    bool is_over = is_full_length;
    if (gain > unit)
        is_over = is_full_length && (loss_ == Loss::seen || in_flight >= product(gain));
    if (gain < unit) is_over = is_full_length || in_flight <= product(unit);
    if (!is_over) return;
    cycle_ = static_cast<std::uint8_t>((cycle_ + 1U) % cycle_gains.size());
    cycle_at_ = ack.now;
    loss_ = Loss::no;
}

namespace {

// A peer answers a lone small segment late (RFC 9293 §3.8.6.3); Linux looks at the same.
bool may_be_delayed(const AckEvent& ack) {
    return ack.delivered < ack.mss && ack.sacked_before == 0 && ack.sacked == 0;
}

}  // namespace

// Draft §4.3.5: where ten seconds showed no shorter round trip, the queue is emptied to see one.
void Bbr::take_min_rtt(const AckEvent& ack, CongestionWindow& window) {
    const bool is_known = min_rtt_ != Duration{};
    const bool is_old = is_known && ack.now > min_rtt_at_ + min_rtt_window;
    const auto& rtt = ack.path_rtt;
    const bool is_renewed = is_old && !may_be_delayed(ack);
    if (rtt && *rtt > Duration{} && (!is_known || *rtt < min_rtt_ || is_renewed)) {
        min_rtt_ = *rtt;
        min_rtt_at_ = ack.now;
    }
    // A pause of the program has emptied the queue: the round trip behind it is as good as a probe
    // (Linux). A window that was shut says nothing of the queue.
    if (is_old && mode_ != Mode::probe_rtt && restart_ == Restart::no) {
        prior_cwnd_ = std::max(prior_cwnd_, window.cwnd);
        mode_ = Mode::probe_rtt;
        probe_rtt_until_.reset();
    }
    if (mode_ == Mode::probe_rtt) probe_rtt(ack, window);
    if (ack.delivered > 0) restart_ = Restart::no;
}

void Bbr::probe_rtt(const AckEvent& ack, CongestionWindow& window) {
    limited_until_ = std::max<std::uint64_t>(delivered_ + ack.in_flight, 1);
    if (!probe_rtt_until_) {
        if (ack.in_flight > window_min * ack.mss) return;
        probe_rtt_until_ = ack.now + probe_rtt_time;
        probe_rtt_round_ = Round::goes_on;
        round_end_ = delivered_;
        return;
    }
    if (round_step_ == Round::begins) probe_rtt_round_ = Round::begins;
    if (probe_rtt_round_ == Round::goes_on || ack.now < *probe_rtt_until_) return;
    min_rtt_at_ = ack.now;
    window.cwnd = std::max(window.cwnd, prior_cwnd_);
    prior_cwnd_ = 0;
    if (full_rounds_ >= full_rounds) return enter_probe_bandwidth(ack);
    mode_ = Mode::startup;
}

std::uint64_t Bbr::pacing_gain() const {
    switch (mode_) {
        case Mode::startup: return high_gain;
        case Mode::drain: return drain_gain;
        case Mode::probe_bandwidth: return cycle_gains[cycle_];
        case Mode::probe_rtt: return unit;
    }
    return unit;
}

std::uint64_t Bbr::window_gain() const {
    switch (mode_) {
        case Mode::startup:
        case Mode::drain: return high_gain;
        case Mode::probe_bandwidth: return cruise_window_gain;
        case Mode::probe_rtt: return unit;
    }
    return unit;
}

std::uint64_t Bbr::product(std::uint64_t permille) const {
    const auto us = static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::microseconds>(min_rtt_).count());
    return bandwidth() * us / 1'000'000 * permille / unit;
}

// Before the pipe was full the pace never falls: the first samples are low.
void Bbr::set_pace(const AckEvent& ack, const CongestionWindow& window) {
    std::uint64_t rate = bandwidth() * pacing_gain() / unit * pace_margin / unit;
    if (pacing_rate_ == 0 && ack.srtt > Duration{}) {
        const Duration srtt = std::max<Duration>(ack.srtt, rtt_unknown);
        rate = std::max(rate, per_second(window.cwnd, srtt) * high_gain / unit);
    }
    if (full_rounds_ >= full_rounds || rate > pacing_rate_) pacing_rate_ = rate;
}

void Bbr::set_window(const AckEvent& ack, CongestionWindow& window) {
    const std::uint32_t least = window_min * ack.mss;
    std::uint64_t cwnd = window.cwnd;
    if (repair_ == Repair::conserving) {
        cwnd = std::max<std::uint64_t>(cwnd, std::uint64_t{ack.in_flight} + ack.delivered);
    } else if (min_rtt_ != Duration{} && bandwidth() > 0) {
        // Room for what offload and delayed ACKs hold back (draft §4.2.3.2).
        const std::uint64_t target = product(window_gain()) + 3ULL * ack.mss;
        if (full_rounds_ >= full_rounds) {
            cwnd = std::min(cwnd + ack.delivered, target);
        } else if (cwnd < target || delivered_ < std::uint64_t{10} * ack.mss) {
            cwnd += ack.delivered;
        }
    }
    cwnd = std::max<std::uint64_t>(cwnd, least);
    if (mode_ == Mode::probe_rtt) cwnd = std::min<std::uint64_t>(cwnd, least);
    window.cwnd = static_cast<std::uint32_t>(std::min<std::uint64_t>(cwnd, cwnd_max));
}

// Further losses of one recovery begin nothing anew: a round that each of them put off would never
// end, and the pipe never be found full.
void Bbr::on_loss(const CongestionWindow& window) {
    loss_ = Loss::seen;
    if (episode_ == Episode::repairing) return;
    episode_ = Episode::repairing;
    prior_cwnd_ = std::max(prior_cwnd_, window.cwnd);
    repair_ = Repair::conserving;
    round_end_ = delivered_;
}

void Bbr::on_recovered(CongestionWindow& window) {
    episode_ = Episode::none;
    repair_ = Repair::none;
    if (mode_ == Mode::probe_rtt) return;
    window.cwnd = std::max(window.cwnd, prior_cwnd_);
    prior_cwnd_ = 0;
}

// Nothing came back: what was in the pipe is gone, and how full it is must be learned anew.
void Bbr::on_timeout(const CongestionWindow& window) {
    on_loss(window);
    full_bandwidth_ = 0;
}

}  // namespace dt::tcp
