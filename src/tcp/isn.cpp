// Initial sequence numbers (RFC 6528) and timestamp offsets (RFC 7323 §5.4).
#include "tcp/isn.hpp"

#include <array>

#include "tcp/tuple_words.hpp"

namespace dt::tcp {

namespace {

SipKey derived(SipKey secret, std::uint64_t purpose) {
    const std::array<std::uint64_t, 2> low{purpose, 0};
    const std::array<std::uint64_t, 2> high{purpose, 1};
    return {base::siphash_2_4(secret, low), base::siphash_2_4(secret, high)};
}

/// Numbers::near_wrap: an ISN still grows with time, by 4 octets a millisecond, and the first wrap
/// comes within its first 64 KiB; a timestamp wraps between 1 and 5 s after the clock's zero.
constexpr std::uint32_t text_before_wrap = 65'536;
constexpr std::uint32_t ms_before_wrap = 5'000;
constexpr std::uint32_t ms_spread = 4'000;

}  // namespace

IsnSource::IsnSource(SipKey secret, event::Numbers numbers)
    : number_key_(derived(secret, 1)), timestamp_key_(derived(secret, 2)), numbers_(numbers) {}

Seq IsnSource::initial(const FourTuple& tuple, Instant now) const {
    const auto ticks = now.time_since_epoch() / 4us;
    const auto hash =
        static_cast<std::uint32_t>(base::siphash_2_4(number_key_, TupleWords(tuple).view()));
    if (numbers_ == event::Numbers::near_wrap)
        return Seq{static_cast<std::uint32_t>(ticks / 64) + hash % text_before_wrap -
                   text_before_wrap};
    return Seq{static_cast<std::uint32_t>(ticks) + hash};
}

std::uint32_t IsnSource::timestamp_offset(const FourTuple& tuple) const {
    const auto hash =
        static_cast<std::uint32_t>(base::siphash_2_4(timestamp_key_, TupleWords(tuple).view()));
    if (numbers_ == event::Numbers::near_wrap) return hash % ms_spread - ms_before_wrap;
    return hash;
}

}  // namespace dt::tcp
