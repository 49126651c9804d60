// BBR version 1 (draft-cardwell-iccrg-bbr-congestion-control-00, constants as Linux): the window
// and the pace follow a model of the path, its bandwidth and its round-trip time, instead of loss.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/ring.hpp"
#include "base/time.hpp"
#include "tcp/ack_event.hpp"
#include "tcp/reno.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// The largest of the samples of the last rounds, in constant memory: the best three of the window.
class WindowedMax {
  public:
    explicit WindowedMax(std::uint64_t rounds) : rounds_(rounds) {}
    void on_sample(std::uint64_t value, std::uint64_t round);
    [[nodiscard]] std::uint64_t value() const { return best_[0].value; }

  private:
    struct Sample {
        std::uint64_t value = 0;
        std::uint64_t round = 0;
    };
    std::uint64_t rounds_;
    std::array<Sample, 3> best_{};
};

class Bbr {
  public:
    enum class Mode : std::uint8_t { startup, drain, probe_bandwidth, probe_rtt };

    /// Text left; `flight` counts it. `unsent` is what is queued behind it.
    struct Sent {
        Instant now{};
        enum class Kind : std::uint8_t { new_text, again } kind = Kind::new_text;
        std::uint32_t flight = 0;
        std::uint32_t length = 0;
        std::uint32_t unsent = 0;
        std::uint32_t mss = 0;
    };
    void on_sent(const Sent& sent, const CongestionWindow& window);
    /// `ack.in_flight` must be told, and `ack.newest_sent` where something arrived.
    void on_ack(const AckEvent& ack, CongestionWindow& window);
    /// A loss was found: one round of packet conservation (draft §4.2.3.4), no other answer.
    void on_loss(const CongestionWindow& window);
    /// What was found lost is repaired: the window is what it was.
    void on_recovered(CongestionWindow& window);
    void on_timeout(const CongestionWindow& window);

    [[nodiscard]] Mode mode() const { return mode_; }
    /// Octets of memory beyond the object itself.
    [[nodiscard]] std::size_t memory() const { return departures_.memory(); }
    /// Octets per second; 0 before the first round-trip time.
    [[nodiscard]] std::uint64_t pacing_rate() const { return pacing_rate_; }
    /// Octets per second the path was seen to deliver.
    [[nodiscard]] std::uint64_t bandwidth() const { return bandwidth_.value(); }
    [[nodiscard]] Duration min_rtt() const { return min_rtt_; }

  private:
    /// What was known when text left (draft-cheng-iccrg-delivery-rate-estimation §3.2).
    struct Departure {
        Instant sent{};
        Instant first_sent{};
        Instant delivered_at{};
        std::uint64_t delivered = 0;
        enum class Limit : std::uint8_t { network, program } limit = Limit::network;
    };
    /// What an ACK tells of the rate.
    struct Rate {
        std::uint64_t octets_per_s = 0;
        std::uint64_t delivered_before = 0;
        Departure::Limit limit = Departure::Limit::network;
    };

    [[nodiscard]] std::optional<Rate> take_rate(const AckEvent& ack);
    void take_round(const Rate& rate);
    void take_bandwidth(const Rate& rate);
    void check_full_pipe(const Rate& rate);
    void check_drain(const AckEvent& ack, CongestionWindow& window);
    void check_cycle(const AckEvent& ack);
    void take_min_rtt(const AckEvent& ack, CongestionWindow& window);
    void probe_rtt(const AckEvent& ack, CongestionWindow& window);
    void enter_probe_bandwidth(const AckEvent& ack);
    void set_pace(const AckEvent& ack, const CongestionWindow& window);
    void set_window(const AckEvent& ack, CongestionWindow& window);
    /// Octets in flight at `percent` of the product of bandwidth and round-trip time.
    [[nodiscard]] std::uint64_t product(std::uint64_t permille) const;
    [[nodiscard]] std::uint64_t pacing_gain() const;  // per mille
    [[nodiscard]] std::uint64_t window_gain() const;

    Ring<Departure> departures_;  // by time; nothing older than what arrived last
    std::uint64_t delivered_ = 0;
    Instant delivered_at_{};
    Instant first_sent_{};
    std::uint64_t limited_until_ = 0;  // octets delivered up to which the program limited the rate

    WindowedMax bandwidth_{10};
    Duration min_rtt_{};  // zero: not known
    Instant min_rtt_at_{};
    std::uint64_t round_ = 0;
    std::uint64_t round_end_ = 0;  // octets delivered
    enum class Round : std::uint8_t { goes_on, begins } round_step_ = Round::goes_on;

    Mode mode_ = Mode::startup;
    std::uint64_t full_bandwidth_ = 0;
    std::uint8_t full_rounds_ = 0;  // without growth
    std::uint8_t cycle_ = 0;
    Instant cycle_at_{};
    std::optional<Instant> probe_rtt_until_;
    Round probe_rtt_round_ = Round::goes_on;
    std::uint64_t pacing_rate_ = 0;
    std::uint32_t prior_cwnd_ = 0;
    enum class Repair : std::uint8_t { none, conserving } repair_ = Repair::none;
    enum class Episode : std::uint8_t { none, repairing } episode_ = Episode::none;
    enum class Loss : std::uint8_t { no, seen } loss_ = Loss::no;
    /// Text left with nothing in flight because the program had written none, and no ACK of it came
    /// yet.
    enum class Restart : std::uint8_t { no, yes } restart_ = Restart::no;
    /// Nothing was queued behind what left last.
    enum class Queue : std::uint8_t { drained, waiting } queue_ = Queue::drained;
};

}  // namespace dt::tcp
