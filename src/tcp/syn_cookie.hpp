// SYN cookies (RFC 4987 §3.6): what a SYN told, kept in the number and the timestamp of the SYN-ACK
// instead of in memory. The layout is Linux's (DEC-25, TCP-SYNQ-010).
#pragma once

#include <cstdint>
#include <optional>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "wire/address.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// Makes cookies and knows its own again: a host that has not seen the SYN-ACK finds one by chance
/// once in 2^21 tries.
class SynCookies {
  public:
    explicit SynCookies(SipKey secret);

    /// The number of the SYN-ACK:
    ///
    ///     H0(tuple) + IRS + (minute << 24) + ((H1(tuple, minute) + index of the MSS) mod 2^24)
    ///
    /// `peer_mss` is that of the SYN, 0 where it had none.
    [[nodiscard]] Seq make(const FourTuple& tuple, Seq irs, std::uint16_t peer_mss,
                           Instant now) const;

    /// The MSS that the cookie `iss` holds; nothing where it is none of ours, or not of this minute
    /// or the one before it (TCP-SYNQ-011).
    [[nodiscard]] std::optional<std::uint16_t> read(const FourTuple& tuple, Seq irs, Seq iss,
                                                    Instant now) const;

  private:
    [[nodiscard]] std::uint32_t hash(const FourTuple& tuple) const;
    [[nodiscard]] std::uint32_t hash(const FourTuple& tuple, std::uint32_t minute) const;

    SipKey tuple_key_;
    SipKey minute_key_;
};

/// What of the options of a SYN comes back in TSecr (TCP-SYNQ-012).
struct CookieOptions {
    std::optional<std::uint8_t> window_scale;
    bool sack_permitted = false;
    bool ecn = false;
    friend bool operator==(const CookieOptions&, const CookieOptions&) = default;
};

/// The clock `value` with its low six bits replaced by the options; never later than `value`.
[[nodiscard]] std::uint32_t cookie_timestamp(std::uint32_t value, const CookieOptions& options);
[[nodiscard]] CookieOptions options_of_cookie(std::uint32_t timestamp);

}  // namespace dt::tcp
