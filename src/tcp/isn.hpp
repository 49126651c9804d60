// Initial sequence numbers (RFC 6528) and timestamp offsets (RFC 7323 §5.4), both keyed per tuple.
#pragma once

#include <cstdint>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "event/config.hpp"
#include "wire/address.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// Numbers that an off-path host cannot guess: SipHash-2-4 under a 128-bit secret that is never
/// logged and never changed while the stack lives (RFC 6528 §3).
class IsnSource {
  public:
    explicit IsnSource(SipKey secret, event::Numbers numbers = event::Numbers::keyed);

    /// ISN = M + F(tuple, secret): M ticks every 4 µs (RFC 9293 §3.4.1), so a new incarnation of a
    /// tuple starts beyond the old one's last number below 250 kB/s.
    [[nodiscard]] Seq initial(const FourTuple& tuple, Instant now) const;

    /// Added to the millisecond clock to give TSval: differs between tuples, constant for one.
    [[nodiscard]] std::uint32_t timestamp_offset(const FourTuple& tuple) const;

  private:
    SipKey number_key_;
    SipKey timestamp_key_;
    event::Numbers numbers_;
};

/// TSval of a tuple with this offset: milliseconds, modulo 2^32.
[[nodiscard]] constexpr std::uint32_t timestamp_value(Instant now, std::uint32_t offset) {
    return static_cast<std::uint32_t>(base::to_ms(now)) + offset;
}

}  // namespace dt::tcp
