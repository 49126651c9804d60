// RFC 1071 sums, 64 octets a step: numbers are added into lanes of twice their width, so no carry
// is lost.
#include "base/checksum.hpp"

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <cstring>

namespace dt::base {

namespace {

constexpr std::size_t step = 64;
constexpr std::uint64_t low_half = 0xffffffffU;

#if defined(__SSE2__)

using Lanes = __m128i;

Lanes load(const std::byte* from) { return _mm_loadu_si128(reinterpret_cast<const Lanes*>(from)); }

/// 16-bit words, added by twos into 32-bit lanes. The one instruction for that takes words as
/// signed: 2^15 is taken off each before and added again in the total. A step adds to each lane two
/// numbers of less than 2^17, so that 2^13 steps fit.
struct LaneSums {
    Lanes sums = _mm_setzero_si128();

    void add(const Lanes& words) {
        const Lanes shifted = _mm_xor_si128(words, _mm_set1_epi16(-0x8000));
        // NOLINTNEXTLINE(portability-simd-intrinsics): std::simd is not there yet
        sums = _mm_add_epi32(sums, _mm_madd_epi16(shifted, _mm_set1_epi16(1)));
    }
    [[nodiscard]] std::uint64_t total(std::size_t steps) const {
        std::array<std::int32_t, 4> lanes{};
        std::memcpy(lanes.data(), &sums, sizeof sums);
        std::int64_t sum = static_cast<std::int64_t>(steps) * 16 * 0x8000;
        for (const std::int32_t lane : lanes) sum += lane;
        return static_cast<std::uint64_t>(sum);
    }
};

#else

// Two 64-bit lanes: one register on every 64-bit machine with SIMD, two plain ones elsewhere.
using Lanes = std::uint64_t __attribute__((vector_size(16)));

Lanes load(const std::byte* from) {
    Lanes lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

/// 32-bit numbers in 64-bit lanes: room for 2^32 of them.
struct LaneSums {
    Lanes even{};
    Lanes odd{};

    void add(const Lanes& words) {
        even += words & low_half;
        odd += words >> 32;
    }
    [[nodiscard]] std::uint64_t total(std::size_t) const {
        std::uint64_t sum = 0;
        for (const std::uint64_t lane : {even[0], even[1], odd[0], odd[1]}) {
            sum += (lane & low_half) + (lane >> 32);
        }
        return sum;
    }
};

#endif

/// Most octets that one pair of LaneSums has room for; a whole count of steps.
constexpr std::size_t run_max = std::size_t{1} << 18;

/// The 64 octets of one step, in registers. Two sums, so that one addition need not wait for the
/// other: half of the octets go to each.
struct Step {
    Lanes a;
    Lanes b;
    Lanes c;
    Lanes d;

    explicit Step(const std::byte* from)
        : a(load(from)), b(load(from + 16)), c(load(from + 32)), d(load(from + 48)) {}

    void store(std::byte* to) const {
        std::memcpy(to, &a, sizeof a);
        std::memcpy(to + 16, &b, sizeof b);
        std::memcpy(to + 32, &c, sizeof c);
        std::memcpy(to + 48, &d, sizeof d);
    }
    void add_to(LaneSums& first, LaneSums& second) const {
        first.add(a);
        second.add(b);
        first.add(c);
        second.add(d);
    }
};

/// The sum of `count` steps.
std::uint64_t sum_steps(const std::byte* from, std::size_t count) {
    LaneSums first;
    LaneSums second;
    for (std::size_t i = 0; i < count; ++i) Step(from + i * step).add_to(first, second);
    return first.total(count) + second.total(count);
}

#if defined(__x86_64__)

/// As sum_steps(), 32 octets a register, for processors that have them.
[[gnu::target("avx2")]] std::uint64_t sum_steps_avx2(const std::byte* from, std::size_t count) {
    const __m256i signs = _mm256_set1_epi16(-0x8000);
    const __m256i ones = _mm256_set1_epi16(1);
    __m256i first = _mm256_setzero_si256();
    __m256i second = _mm256_setzero_si256();
    const auto* words = reinterpret_cast<const __m256i*>(from);
    // NOLINTBEGIN(portability-simd-intrinsics): std::simd is not there yet
    for (std::size_t i = 0; i < count; ++i, words += 2) {
        const __m256i a = _mm256_xor_si256(_mm256_loadu_si256(words), signs);
        const __m256i b = _mm256_xor_si256(_mm256_loadu_si256(words + 1), signs);
        first = _mm256_add_epi32(first, _mm256_madd_epi16(a, ones));
        second = _mm256_add_epi32(second, _mm256_madd_epi16(b, ones));
    }
    // NOLINTEND(portability-simd-intrinsics)
    std::array<std::int32_t, 16> lanes{};
    std::memcpy(lanes.data(), &first, sizeof first);
    std::memcpy(lanes.data() + 8, &second, sizeof second);
    std::int64_t sum = static_cast<std::int64_t>(count) * 32 * 0x8000;
    for (const std::int32_t lane : lanes) sum += lane;
    return static_cast<std::uint64_t>(sum);
}

/// Wider registers pay from here on.
constexpr std::size_t steps_for_avx2 = 4;

std::uint64_t sum_fastest(const std::byte* from, std::size_t count) {
    const bool is_wide = count >= steps_for_avx2 && __builtin_cpu_supports("avx2");
    return is_wide ? sum_steps_avx2(from, count) : sum_steps(from, count);
}

#else

std::uint64_t sum_fastest(const std::byte* from, std::size_t count) {
    return sum_steps(from, count);
}

#endif

std::uint16_t fold(std::uint64_t sum) {
    sum = (sum & low_half) + (sum >> 32);
    sum = (sum & low_half) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

template <class Word>
Word load_word(const std::byte* from) {
    Word word;
    std::memcpy(&word, from, sizeof word);
    return word;
}

/// Fewer than 64 octets; what is missing to a word counts as zero.
std::uint64_t sum_rest(const std::byte* from, std::size_t length) {
    std::uint64_t sum = 0;
    for (; length >= 8; length -= 8, from += 8) {
        const auto word = load_word<std::uint64_t>(from);
        sum += (word & low_half) + (word >> 32);
    }
    if (length >= 4) {
        sum += load_word<std::uint32_t>(from);
        from += 4;
        length -= 4;
    }
    if (length == 0) return sum;
    std::array<std::byte, 4> last{};
    for (std::size_t i = 0; i < length; ++i) last[i] = from[i];
    return sum + load_word<std::uint32_t>(last.data());
}

}  // namespace

Checksum Checksum::of(Octets octets) {
    if (octets.empty()) return {};
    if (octets.size() > run_max) {
        return Checksum::of(octets.first(run_max)).add(octets.subspan(run_max));
    }
    const std::byte* const from = octets.data();
    const std::size_t length = octets.size();
    const bool is_odd = length % 2 != 0;
    if (length < step) return {fold(sum_rest(from, length)), is_odd};  // a header
    const std::size_t steps = length / step;
    const std::uint64_t sum =
        sum_fastest(from, steps) + sum_rest(from + steps * step, length % step);
    return {fold(sum), is_odd};
}

Checksum copy_and_sum(MutableOctets to, Octets from) {
    if (from.empty()) return {};
    if (from.size() > run_max) {
        const Checksum first = copy_and_sum(to, from.first(run_max));
        return Checksum(first).add(copy_and_sum(to.subspan(run_max), from.subspan(run_max)));
    }
    const std::byte* read = from.data();
    std::byte* write = to.data();
    std::size_t length = from.size();
    const std::size_t steps = length / step;
    LaneSums first;
    LaneSums second;
    for (; length >= step; length -= step, read += step, write += step) {
        const Step octets_64(read);
        octets_64.store(write);
        octets_64.add_to(first, second);
    }
    std::memcpy(write, read, length);
    const std::uint64_t sum = first.total(steps) + second.total(steps) + sum_rest(read, length);
    return {fold(sum), from.size() % 2 != 0};
}

}  // namespace dt::base
