// The advertised window (RFC 9293 §3.8.6).
#include "tcp/receive_window.hpp"

#include <algorithm>
#include <bit>
#include <limits>

#include "wire/tcp_options.hpp"

namespace dt::tcp {

namespace {

constexpr std::uint32_t unscaled_max = 65535;

}  // namespace

std::uint32_t window_limit(std::uint32_t receive_buffer) { return receive_buffer / 2; }

std::uint8_t window_shift(const Config& config) {
    const auto width = static_cast<int>(
        std::bit_width(std::max(config.receive_buffer_max, config.receive_buffer)));
    return static_cast<std::uint8_t>(
        std::clamp(width - 16, 0, int{wire::TcpOptions::window_scale_max}));
}

std::uint16_t first_window(std::uint32_t limit, std::uint16_t mss) {
    std::uint32_t window = limit;
    if (mss > 0 && window > mss) window -= window % mss;
    return static_cast<std::uint16_t>(std::min(window, unscaled_max));
}

void ReceiveWindow::start(Seq rcv_nxt, std::uint16_t window, std::uint8_t shift) {
    edge_ = rcv_nxt + window;
    told_ = edge_;
    shift_ = shift;
}

/// What a window without anything unread is: a field that is not scaled may say less than the
/// limit.
std::uint32_t ReceiveWindow::widest() const { return std::min(limit_, unscaled_max << shift_); }

// Receiver SWS avoidance (RFC 9293 §3.8.6.2.2): the edge stays until it can move by a segment or
// by half the buffer. It is never farther than the field can say.
//
//     rcv_nxt        edge_      rcv_nxt + limit - unread
//     ---|=============|···················|---
Seq ReceiveWindow::edge_for(Seq rcv_nxt, std::uint64_t unread) const {
    const std::uint32_t free =
        unread < limit_ ? limit_ - static_cast<std::uint32_t>(unread) : std::uint32_t{0};
    const Seq candidate = rcv_nxt + std::min(free, unscaled_max << shift_);
    if (!after(candidate, edge_)) return edge_;
    const std::uint32_t step = std::min<std::uint32_t>(mss_, widest() / 2);
    return distance(edge_, candidate) >= step ? candidate : edge_;
}

// A new edge is rounded down to what the field can say. Later, when RCV.NXT has moved by part of a
// unit, the field is rounded up, so that the edge does not retreat (TCP-OPT-006); but always from
// the edge itself and never from what was told: that would move it right by part of a unit with
// each ACK, and the window would never close.
std::uint16_t ReceiveWindow::advertise(Seq rcv_nxt, std::uint64_t unread) {
    const std::uint32_t below_unit = (std::uint32_t{1} << shift_) - 1;
    const Seq wanted = edge_for(rcv_nxt, unread);
    if (after(wanted, edge_)) {
        edge_ = later(edge_, rcv_nxt + (distance(rcv_nxt, wanted) & ~below_unit));
    }
    const std::uint32_t window = after(edge_, rcv_nxt) ? distance(rcv_nxt, edge_) : 0;
    const std::uint16_t field = Window{window + below_unit}.to_field(shift_);
    told_ = later(told_, rcv_nxt + (std::uint32_t{field} << shift_));
    return field;
}

bool ReceiveWindow::wants_update(Seq rcv_nxt, std::uint64_t unread) const {
    const Seq candidate = edge_for(rcv_nxt, unread);
    const std::uint32_t now = octets(rcv_nxt);
    const std::uint32_t then = after(candidate, rcv_nxt) ? distance(rcv_nxt, candidate) : 0;
    if (then <= now) return false;
    // Half the buffer or two segments, and at least twice what the peer knows of: a reader of
    // small pieces must not cause an ACK for each.
    const std::uint32_t step = std::min<std::uint32_t>(2U * mss_, widest() / 2);
    return then - now >= step && then / 2 >= now;
}

void ReceiveWindow::on_consumed(Instant now, std::uint64_t count, Duration round_trip,
                                std::uint32_t ceiling) {
    constexpr std::uint64_t taken_max = std::numeric_limits<std::uint32_t>::max();
    taken_ = static_cast<std::uint32_t>(std::min(taken_ + count, taken_max));
    if (now - round_start_ < std::max<Duration>(round_trip, 1ms)) return;
    if (taken_ > limit_ / 2 && limit_ < ceiling) limit_ = std::min(limit_ * 2, ceiling);
    taken_ = 0;
    round_start_ = now;
}

}  // namespace dt::tcp
