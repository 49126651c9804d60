// A seeded generator (xoshiro256**, splitmix64) and keyed hashes (SipHash-2-4, SipHash-1-3).
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <span>

#include "base/octets.hpp"

namespace dt::base {

/// Deterministic random numbers: the same seed gives the same numbers on every machine. Not for
/// secrets that leave the stack; those come out of SipHash with a key.
class Rng {
  public:
    explicit Rng(std::uint64_t seed);

    /// The next 64 bits.
    std::uint64_t next();
    /// A number from 0 up to `end`, all equally likely; 0 where `end` is 0.
    std::uint64_t below(std::uint64_t end);
    /// True in `probability` (0 to 1) of all calls; always takes one number.
    bool chance(double probability);
    /// A generator whose numbers are unrelated to this one's: one per purpose keeps the numbers of
    /// one purpose the same when another takes more.
    [[nodiscard]] Rng derive(std::uint64_t purpose) const;

  private:
    std::array<std::uint64_t, 4> state_;
};

/// A 128-bit secret.
struct SipKey {
    std::uint64_t low = 0;
    std::uint64_t high = 0;

    static SipKey from(Rng& rng) {
        const std::uint64_t low = rng.next();
        return {low, rng.next()};
    }
    friend constexpr bool operator==(const SipKey&, const SipKey&) = default;
};

/// SipHash with `compress` rounds a word and `finish` rounds at the end.
template <int compress, int finish>
class SipState {
  public:
    constexpr explicit SipState(SipKey key)
        : a_(key.low ^ 0x736f6d6570736575ULL),
          b_(key.high ^ 0x646f72616e646f6dULL),
          c_(key.low ^ 0x6c7967656e657261ULL),
          d_(key.high ^ 0x7465646279746573ULL) {}

    constexpr void add(std::uint64_t word) {
        d_ ^= word;
        for (int i = 0; i < compress; ++i) round();
        a_ ^= word;
    }
    /// `last` holds what is left of the octets, and their count modulo 256 in its top octet.
    [[nodiscard]] constexpr std::uint64_t end(std::uint64_t last) {
        add(last);
        c_ ^= 0xff;
        for (int i = 0; i < finish; ++i) round();
        return a_ ^ b_ ^ c_ ^ d_;
    }

  private:
    constexpr void round() {
        a_ += b_;
        c_ += d_;
        b_ = std::rotl(b_, 13) ^ a_;
        d_ = std::rotl(d_, 16) ^ c_;
        a_ = std::rotl(a_, 32);
        c_ += b_;
        a_ += d_;
        b_ = std::rotl(b_, 17) ^ c_;
        d_ = std::rotl(d_, 21) ^ a_;
        c_ = std::rotl(c_, 32);
    }

    std::uint64_t a_;
    std::uint64_t b_;
    std::uint64_t c_;
    std::uint64_t d_;
};

/// Hash of words, equal to the hash of their octets in little-endian order.
template <int compress, int finish>
[[nodiscard]] constexpr std::uint64_t siphash_words(SipKey key,
                                                    std::span<const std::uint64_t> words) {
    SipState<compress, finish> state(key);
    for (const std::uint64_t word : words) state.add(word);
    return state.end(static_cast<std::uint64_t>(words.size()) * 8 << 56);
}

/// SipHash-2-4: for what leaves the stack (initial sequence numbers, cookies, ports).
[[nodiscard]] std::uint64_t siphash_2_4(SipKey key, Octets octets);
[[nodiscard]] constexpr std::uint64_t siphash_2_4(SipKey key,
                                                  std::span<const std::uint64_t> words) {
    return siphash_words<2, 4>(key, words);
}
/// SipHash-1-3: for hash tables.
[[nodiscard]] std::uint64_t siphash_1_3(SipKey key, Octets octets);
[[nodiscard]] constexpr std::uint64_t siphash_1_3(SipKey key,
                                                  std::span<const std::uint64_t> words) {
    return siphash_words<1, 3>(key, words);
}

}  // namespace dt::base

namespace dt {
using base::Rng;
using base::SipKey;
}  // namespace dt
