// xoshiro256** seeded by splitmix64 (Blackman and Vigna), and SipHash over octets.
#include "base/rng.hpp"

#include <cstring>

namespace dt::base {

namespace {

std::uint64_t splitmix(std::uint64_t& state) {
    state += 0x9e3779b97f4a7c15ULL;
    std::uint64_t z = state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
    return z ^ (z >> 31);
}

std::uint64_t load_le(const std::byte* from, std::size_t length) {
    std::uint64_t word = 0;
    std::memcpy(&word, from, length);
    if constexpr (std::endian::native == std::endian::big) word = std::byteswap(word);
    return word;
}

template <int compress, int finish>
std::uint64_t siphash_octets(SipKey key, Octets octets) {
    SipState<compress, finish> state(key);
    const std::size_t whole = octets.size() / 8 * 8;
    for (std::size_t i = 0; i < whole; i += 8) state.add(load_le(octets.data() + i, 8));
    std::uint64_t last = static_cast<std::uint64_t>(octets.size()) << 56;
    if (whole < octets.size()) last |= load_le(octets.data() + whole, octets.size() - whole);
    return state.end(last);
}

}  // namespace

// In this order: each word moves `seed` on.
Rng::Rng(std::uint64_t seed)
    : state_{splitmix(seed), splitmix(seed), splitmix(seed), splitmix(seed)} {}

std::uint64_t Rng::next() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t shifted = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= shifted;
    state_[3] = std::rotl(state_[3], 45);
    return result;
}

std::uint64_t Rng::below(std::uint64_t end) {
    if (end == 0) return 0;
    // Numbers at or above the last multiple of `end` would favour the small results.
    const std::uint64_t uneven = (0 - end) % end;
    std::uint64_t number = next();
    while (number < uneven) number = next();
    return number % end;
}

bool Rng::chance(double probability) {
    return static_cast<double>(next() >> 11) * 0x1p-53 < probability;
}

Rng Rng::derive(std::uint64_t purpose) const {
    return Rng(siphash_1_3({state_[0] ^ state_[2], state_[1] ^ state_[3]},
                           std::span<const std::uint64_t>(&purpose, 1)));
}

std::uint64_t siphash_2_4(SipKey key, Octets octets) { return siphash_octets<2, 4>(key, octets); }
std::uint64_t siphash_1_3(SipKey key, Octets octets) { return siphash_octets<1, 3>(key, octets); }

}  // namespace dt::base
