// Congestion control as a value: the window, and the algorithm that moves it. Every algorithm has
// the same three answers: on_ack, ssthresh_after_loss, and what its state is.
#pragma once

#include <cstdint>
#include <variant>

#include "base/time.hpp"
#include "tcp/ack_event.hpp"
#include "tcp/reno.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

class Congestion {
  public:
    Congestion() = default;

    /// The handshake is done: IW 10 segments (DEC-22), or one where the SYN was lost more than once
    /// (TCP-CC-003).
    void start(std::uint32_t mss, std::uint32_t initial_segments);
    [[nodiscard]] std::uint32_t cwnd() const { return window_.cwnd; }
    [[nodiscard]] std::uint32_t ssthresh() const { return window_.ssthresh; }

    /// False until the first loss.
    [[nodiscard]] bool is_ssthresh_set() const { return window_.ssthresh != ssthresh_initial; }

    /// New text left; `flight` counts it.
    void on_sent(std::uint32_t flight, Seq una, Seq nxt);
    /// Grows the window for what was acknowledged, if the window was what limited the flight
    /// (TCP-CC-014).
    void on_ack(const AckEvent& ack);
    /// A loss found by duplicate ACKs: cuts ssthresh; the window follows by recovery.
    void on_loss(std::uint32_t flight, std::uint32_t mss);
    /// The retransmission timer expired. ssthresh is cut once per episode (RFC 5681 §3.1).
    enum class Expiry : std::uint8_t { first, again };
    void on_timeout(Expiry expiry, std::uint32_t flight, std::uint32_t mss);
    /// What recovery allows now (RFC 9937).
    void set_cwnd(std::uint32_t octets) { window_.cwnd = octets; }
    /// Nothing was sent for `idle`: halves the window per RTO, not under IW (TCP-CC-012).
    void on_idle(Duration idle, Duration rto, std::uint32_t mss);

  private:
    CongestionWindow window_;
    std::uint32_t flight_max_ = 0;  // largest flight of this window
    Seq flight_end_{};              // the window ends when this is acknowledged
    std::variant<Reno> algorithm_;
};

/// Segments that may leave before the first ACK (RFC 6928, DEC-22).
inline constexpr std::uint32_t initial_window_segments = 10;

}  // namespace dt::tcp
