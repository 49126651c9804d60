// Round-trip time and retransmission timeout: RFC 6298 with the bounds and the variance filter of
// Linux (DEC-01, DEC-21, TCP-RTO-025).
#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "event/config.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// Times are kept in microseconds: 71 minutes fit.
class Rtt {
  public:
    explicit Rtt(const Config& config);

    /// A sample that Karn's rule allows. `una` and `nxt` bound the window over which the variance
    /// may fall once.
    void on_sample(const Config& config, Duration sample, Seq una, Seq nxt);
    /// The SYN was lost and no sample was had: data begins with 3 s (RFC 6298 §5.7).
    void on_syn_lost() {
        if (!has_sample()) rto_ = 3'000'000;
    }

    /// What was measured is forgotten: the next sample is a first one; the RTO stays until then.
    void clear() { srtt_ = 0; }

    [[nodiscard]] bool has_sample() const { return srtt_ != 0; }
    /// Zero before the first sample.
    [[nodiscard]] Duration srtt() const { return std::chrono::microseconds{srtt_ >> 3}; }
    /// Mean deviation (tcpi_rttvar).
    [[nodiscard]] Duration deviation() const { return std::chrono::microseconds{variance_ >> 2}; }
    /// Without back-off; within the bounds of the configuration.
    [[nodiscard]] Duration rto() const { return std::chrono::microseconds{rto_}; }

  private:
    void on_first(std::uint32_t sample, std::uint32_t floor);
    void on_next(std::uint32_t sample);
    void filter(std::uint32_t floor, Seq una, Seq nxt);

    std::uint32_t srtt_ = 0;       // 8 × SRTT
    std::uint32_t deviation_ = 0;  // 4 × mean deviation
    std::uint32_t peak_ = 0;       // largest deviation_ of this window, never under the floor
    std::uint32_t variance_ = 0;   // 4 × RTTVAR, what is added to SRTT
    std::uint32_t rto_ = 0;        // srtt + variance, bounded
    Seq window_end_{};             // the window ends when this is acknowledged
};

}  // namespace dt::tcp
