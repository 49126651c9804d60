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

}  // namespace

IsnSource::IsnSource(SipKey secret)
    : number_key_(derived(secret, 1)), timestamp_key_(derived(secret, 2)) {}

Seq IsnSource::initial(const FourTuple& tuple, Instant now) const {
    const auto ticks = now.time_since_epoch() / 4us;
    const auto hash = base::siphash_2_4(number_key_, TupleWords(tuple).view());
    return Seq{static_cast<std::uint32_t>(ticks) + static_cast<std::uint32_t>(hash)};
}

std::uint32_t IsnSource::timestamp_offset(const FourTuple& tuple) const {
    return static_cast<std::uint32_t>(base::siphash_2_4(timestamp_key_, TupleWords(tuple).view()));
}

}  // namespace dt::tcp
