// SYN cookies (RFC 4987 §3.6) as Linux lays them out.
#include "tcp/syn_cookie.hpp"

#include <algorithm>
#include <array>

#include "tcp/tuple_words.hpp"

namespace dt::tcp {

namespace {

using Table = std::array<std::uint16_t, 4>;

// The sizes that most peers have (TCP-SYNQ-029).
constexpr Table table_v4{536, 1300, 1440, 1460};
constexpr Table table_v6{1220, 1420, 1440, 8940};

constexpr std::uint32_t minute_bits = 24;
constexpr std::uint32_t hash_mask = (1U << minute_bits) - 1;
constexpr std::uint32_t minutes_valid = 2;

constexpr std::uint32_t scale_mask = 0xf;
constexpr std::uint32_t no_scale = 0xf;
constexpr std::uint32_t sack_bit = 1U << 4;
constexpr std::uint32_t ecn_bit = 1U << 5;
constexpr std::uint32_t option_bits = 6;
constexpr std::uint32_t option_mask = (1U << option_bits) - 1;
constexpr std::uint8_t scale_max = 14;  // RFC 7323 §2.3

const Table& table_of(const FourTuple& tuple) {
    return tuple.local.addr.family() == Family::v4 ? table_v4 : table_v6;
}

// The largest entry that the peer takes, else the smallest.
std::uint32_t index_of(const Table& table, std::uint16_t mss) {
    std::uint32_t index = 0;
    for (std::uint32_t i = 1; i < table.size(); ++i) {
        if (mss >= table[i]) index = i;
    }
    return index;
}

std::uint32_t minute_of(Instant now) {
    return static_cast<std::uint32_t>(
        std::chrono::floor<std::chrono::minutes>(now.time_since_epoch()).count());
}

SipKey derived(SipKey secret, std::uint64_t purpose) {
    const std::array<std::uint64_t, 2> low{purpose, 0};
    const std::array<std::uint64_t, 2> high{purpose, 1};
    return {base::siphash_2_4(secret, low), base::siphash_2_4(secret, high)};
}

}  // namespace

SynCookies::SynCookies(SipKey secret)
    : tuple_key_(derived(secret, 0x636f6f6b30ULL)), minute_key_(derived(secret, 0x636f6f6b31ULL)) {}

std::uint32_t SynCookies::hash(const FourTuple& tuple) const {
    return static_cast<std::uint32_t>(base::siphash_2_4(tuple_key_, TupleWords(tuple).view()));
}

std::uint32_t SynCookies::hash(const FourTuple& tuple, std::uint32_t minute) const {
    const std::array<std::uint64_t, 2> words{
        base::siphash_2_4(minute_key_, TupleWords(tuple).view()), minute};
    return static_cast<std::uint32_t>(base::siphash_2_4(minute_key_, words));
}

Seq SynCookies::make(const FourTuple& tuple, Seq irs, std::uint16_t peer_mss, Instant now) const {
    const std::uint32_t minute = minute_of(now);
    const std::uint32_t index = index_of(table_of(tuple), peer_mss);
    return Seq{hash(tuple) + irs.value() + (minute << minute_bits) +
               ((hash(tuple, minute) + index) & hash_mask)};
}

std::optional<std::uint16_t> SynCookies::read(const FourTuple& tuple, Seq irs, Seq iss,
                                              Instant now) const {
    const std::uint32_t rest = iss.value() - hash(tuple) - irs.value();
    const std::uint32_t minute = minute_of(now);
    const std::uint32_t age = (minute - (rest >> minute_bits)) & 0xffU;
    if (age >= minutes_valid) return std::nullopt;
    const Table& table = table_of(tuple);
    const std::uint32_t index = (rest - hash(tuple, minute - age)) & hash_mask;
    if (index >= table.size()) return std::nullopt;
    return table[index];
}

std::uint32_t cookie_timestamp(std::uint32_t value, const CookieOptions& options) {
    std::uint32_t bits = no_scale;
    if (options.window_scale) bits = std::min(*options.window_scale, scale_max);
    if (options.sack_permitted) bits |= sack_bit;
    if (options.ecn) bits |= ecn_bit;
    const std::uint32_t marked = (value & ~option_mask) | bits;
    const bool is_later = static_cast<std::int32_t>(marked - value) > 0;
    return is_later ? marked - (1U << option_bits) : marked;
}

CookieOptions options_of_cookie(std::uint32_t timestamp) {
    CookieOptions options;
    const std::uint32_t scale = timestamp & scale_mask;
    if (scale != no_scale) options.window_scale = static_cast<std::uint8_t>(scale);
    options.sack_permitted = (timestamp & sack_bit) != 0;
    options.ecn = (timestamp & ecn_bit) != 0;
    return options;
}

}  // namespace dt::tcp
