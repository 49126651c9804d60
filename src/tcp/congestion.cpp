// Congestion control: what all algorithms share (RFC 5681, RFC 6928, RFC 7661 as Linux does it).
#include "tcp/congestion.hpp"

#include <algorithm>

namespace dt::tcp {

void Congestion::choose(event::CongestionControl algorithm) {
    if (algorithm == this->algorithm()) return;
    switch (algorithm) {
        case event::CongestionControl::reno: algorithm_.emplace<Reno>(); break;
        case event::CongestionControl::cubic: algorithm_ = std::unique_ptr<Cubic>{}; break;
        case event::CongestionControl::bbr: algorithm_ = std::make_unique<Bbr>(); break;
    }
}

Cubic& Congestion::begun_cubic() {
    auto& held = std::get<std::unique_ptr<Cubic>>(algorithm_);
    if (held == nullptr) held = std::make_unique<Cubic>();
    return *held;
}

std::uint32_t initial_window(event::InitialWindow rule, std::uint32_t mss) {
    constexpr std::uint32_t octets = 14'600;
    const std::uint32_t ten = initial_window_segments * mss;
    return rule == event::InitialWindow::ten_segments ? ten
                                                      : std::min(ten, std::max(2 * mss, octets));
}

void Congestion::start(const Config& config, std::uint32_t mss, Opening opening) {
    has_hystart_ = config.hystart == event::Switch::on;
    slow_start_limit_ = config.slow_start_limit;
    initial_window_ = config.initial_window;
    const bool is_usual = opening == Opening::usual;
    window_.cwnd = is_usual ? initial_window(config.initial_window, mss) : mss;
}

void Congestion::on_sent(std::uint32_t flight, std::uint32_t mss, Seq una, Seq nxt) {
    const bool is_full = flight + mss > window_.cwnd;
    if (after(una, flight_end_) || is_full || (!is_full_ && flight > flight_max_)) {
        flight_max_ = flight;
        is_full_ = is_full;
        flight_end_ = nxt;
    }
}

// In slow start half a window in flight counts as full: it doubles per round.
bool Congestion::is_window_used() const {
    return is_full_ || (is_in_slow_start() && window_.cwnd / 2 < flight_max_);
}

void Congestion::on_ack(const AckEvent& ack) {
    if (Bbr* model = bbr()) return model->on_ack(ack, window_);
    HyStart::Pace pace = HyStart::Pace::grow;
    if (has_hystart_ && is_in_slow_start() && !is_ssthresh_set())
        pace = hystart_.on_ack(ack.path_rtt, ack.una, ack.nxt);
    if (!is_window_used()) return on_restart(ack.now);
    const std::uint32_t left = slow_start(ack, pace);
    if (is_in_slow_start() || left == 0) return;
    if (is_cubic()) return begun_cubic().on_ack(window_, ack, left);
    std::get<Reno>(algorithm_).on_ack(window_, left, ack.mss);
}

// What of the octets delivered is left for congestion avoidance.
std::uint32_t Congestion::slow_start(const AckEvent& ack, HyStart::Pace pace) {
    if (pace == HyStart::Pace::leave) window_.ssthresh = window_.cwnd;
    if (!is_in_slow_start()) return ack.delivered;
    const std::uint32_t most = slow_start_limit_ * ack.mss;
    const std::uint32_t acked = most > 0 ? std::min(ack.delivered, most) : ack.delivered;
    const std::uint32_t divisor = pace == HyStart::Pace::grow_slowly ? HyStart::divisor : 1;
    const std::uint32_t step = std::min(acked / divisor, window_.ssthresh - window_.cwnd);
    window_.cwnd = std::min(window_.cwnd + step, cwnd_max);
    return is_in_slow_start() ? 0 : acked - step * divisor;
}

void Congestion::on_loss(std::uint32_t flight, std::uint32_t mss) {
    if (Bbr* model = bbr()) return model->on_loss(window_);
    if (is_cubic()) {
        window_.ssthresh = begun_cubic().ssthresh_after_loss(window_.cwnd, flight, mss);
        return;
    }
    window_.ssthresh = std::get<Reno>(algorithm_).ssthresh_after_loss(flight, mss);
}

void Congestion::on_timeout(Expiry expiry, std::uint32_t flight, std::uint32_t mss) {
    if (expiry == Expiry::first) on_loss(flight, mss);
    if (Bbr* model = bbr()) model->on_timeout(window_);
    if (Cubic* known = cubic()) known->on_timeout();
    window_.cwnd = mss;
}

void Congestion::on_recovered(std::uint32_t mss) {
    if (Bbr* model = bbr()) return model->on_recovered(window_);
    window_.cwnd = std::max(window_.ssthresh, mss);
}

void Congestion::undo(std::uint32_t cwnd, std::uint32_t ssthresh) {
    window_.cwnd = std::max(window_.cwnd, cwnd);
    window_.ssthresh = std::max(window_.ssthresh, ssthresh);
    if (Bbr* model = bbr()) model->on_recovered(window_);
    if (Cubic* known = cubic()) known->on_undo();
}

std::uint32_t Congestion::cwnd_after(Duration idle, Duration rto, std::uint32_t mss) const {
    if (idle <= rto || is_own_master()) return window_.cwnd;
    const std::uint32_t restart = std::min(initial_window(initial_window_, mss), window_.cwnd);
    std::uint32_t cwnd = window_.cwnd;
    for (; idle > rto && cwnd > restart; idle -= rto) cwnd /= 2;
    return std::max(cwnd, restart);
}

void Congestion::on_idle(Duration idle, Duration rto, std::uint32_t mss) {
    const std::uint32_t cwnd = cwnd_after(idle, rto, mss);
    if (cwnd == window_.cwnd) return;
    window_.ssthresh = std::max(window_.ssthresh, window_.cwnd / 4 * 3);
    window_.cwnd = cwnd;
}

void Congestion::on_restart(Instant now) {
    if (Cubic* known = cubic()) known->on_pause(now);
}

}  // namespace dt::tcp
