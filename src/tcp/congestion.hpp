// Congestion control as a value: the window, slow start, which all share, and the algorithm of
// congestion avoidance. Every algorithm has the same answers: on_ack, ssthresh_after_loss.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>

#include "base/time.hpp"
#include "event/config.hpp"
#include "tcp/ack_event.hpp"
#include "tcp/bbr.hpp"
#include "tcp/cubic.hpp"
#include "tcp/hystart.hpp"
#include "tcp/reno.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

class Congestion {
  public:
    Congestion() = default;

    /// Which algorithm moves the window from here on; the window stays (TCP-CC-034).
    void choose(event::CongestionControl algorithm);
    [[nodiscard]] event::CongestionControl algorithm() const {
        if (bbr() != nullptr) return event::CongestionControl::bbr;
        return is_cubic() ? event::CongestionControl::cubic : event::CongestionControl::reno;
    }
    /// The handshake is done: the algorithm and its switches as configured, and the first window:
    /// IW (DEC-22), or one segment where the SYN was lost more than once (TCP-CC-003).
    enum class Opening : std::uint8_t { usual, after_lost_syns };
    void start(const Config& config, std::uint32_t mss, Opening opening);
    [[nodiscard]] std::uint32_t cwnd() const { return window_.cwnd; }
    [[nodiscard]] std::uint32_t ssthresh() const { return window_.ssthresh; }
    /// The algorithm needs its text paced, at a rate of its own (octets per second, 0: not known
    /// yet).
    [[nodiscard]] bool is_paced() const { return bbr() != nullptr; }
    [[nodiscard]] std::uint64_t pacing_rate() const {
        return bbr() != nullptr ? bbr()->pacing_rate() : 0;
    }
    /// The algorithm sets the window at every ACK, also while a loss is repaired; it wants each
    /// departure too.
    [[nodiscard]] bool is_own_master() const { return bbr() != nullptr; }
    void on_departure(const Bbr::Sent& sent) {
        if (Bbr* model = bbr()) model->on_sent(sent, window_);
    }
    /// What was found lost is repaired: the window is ssthresh, or as the algorithm has it.
    void on_recovered(std::uint32_t mss);

    /// FlightSize of the last window that left: what a loss at its tail is measured by. `cwnd_max`
    /// where the window was what limited it: then it is cwnd (DEC-32).
    [[nodiscard]] std::uint32_t flight_of_window() const {
        return is_window_used() ? cwnd_max : flight_max_;
    }
    /// False until the first loss.
    [[nodiscard]] bool is_ssthresh_set() const { return window_.ssthresh != ssthresh_initial; }

    /// New text left; `flight` counts it.
    void on_sent(std::uint32_t flight, std::uint32_t mss, Seq una, Seq nxt);
    /// Grows the window for what was delivered, if the window was what limited the flight
    /// (TCP-CC-014).
    void on_ack(const AckEvent& ack);
    /// A loss was found: cuts ssthresh; the window follows by recovery. `flight` as RFC 5681 §3.1.
    void on_loss(std::uint32_t flight, std::uint32_t mss);
    /// The retransmission timer expired. ssthresh is cut once per episode (RFC 5681 §3.1); the
    /// window becomes one segment.
    enum class Expiry : std::uint8_t { first, again };
    void on_timeout(Expiry expiry, std::uint32_t flight, std::uint32_t mss);
    /// What recovery allows now (RFC 9937).
    void set_cwnd(std::uint32_t octets) { window_.cwnd = octets; }
    /// The loss was none: the window is at least what it was (Linux).
    void undo(std::uint32_t cwnd, std::uint32_t ssthresh);
    /// Nothing was sent for `idle`: halves the window per RTO, not under IW (TCP-CC-012).
    void on_idle(Duration idle, Duration rto, std::uint32_t mss);
    /// The window that on_idle() would leave.
    [[nodiscard]] std::uint32_t cwnd_after(Duration idle, Duration rto, std::uint32_t mss) const;
    /// Text leaves again after a pause.
    void on_restart(Instant now);
    /// Octets of memory beyond the object itself.
    [[nodiscard]] std::size_t memory() const {
        if (bbr() != nullptr) return sizeof(Bbr) + bbr()->memory();
        return cubic() != nullptr ? sizeof(Cubic) : 0;
    }

  private:
    [[nodiscard]] Bbr* bbr() const {
        const auto* held = std::get_if<std::unique_ptr<Bbr>>(&algorithm_);
        return held == nullptr ? nullptr : held->get();
    }
    [[nodiscard]] bool is_cubic() const {
        return std::holds_alternative<std::unique_ptr<Cubic>>(algorithm_);
    }
    /// Nothing where another algorithm is used, or while congestion was never avoided yet.
    [[nodiscard]] Cubic* cubic() const {
        const auto* held = std::get_if<std::unique_ptr<Cubic>>(&algorithm_);
        return held == nullptr ? nullptr : held->get();
    }
    [[nodiscard]] Cubic& begun_cubic();
    [[nodiscard]] bool is_in_slow_start() const { return window_.cwnd < window_.ssthresh; }
    [[nodiscard]] bool is_window_used() const;
    [[nodiscard]] std::uint32_t slow_start(const AckEvent& ack, HyStart::Pace pace);

    CongestionWindow window_;
    std::uint32_t flight_max_ = 0;  // largest flight of this window
    Seq flight_end_{};              // the window ends when this is acknowledged
    HyStart hystart_;
    bool has_hystart_ = false;
    event::InitialWindow initial_window_ = event::InitialWindow::ten_segments;
    std::uint8_t slow_start_limit_ = 0;  // segments that an ACK may add, 0 = all (DEC-23)
    bool is_full_ = false;               // flight_max_ left no room for a segment
    /// CUBIC is the default, and has no state before its first stage.
    std::variant<std::unique_ptr<Cubic>, Reno, std::unique_ptr<Bbr>> algorithm_;
};

/// Segments that may leave before the first ACK (RFC 6928, DEC-22).
inline constexpr std::uint32_t initial_window_segments = 10;

/// Octets that may leave before the first ACK (RFC 6928 §2, DEC-22).
[[nodiscard]] std::uint32_t initial_window(event::InitialWindow rule, std::uint32_t mss);

}  // namespace dt::tcp
