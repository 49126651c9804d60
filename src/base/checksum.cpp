// RFC 1071 sums, 64 octets a step: 32-bit lanes are added into 64-bit lanes, so no carry is lost.
#include "base/checksum.hpp"

#include <array>
#include <cstring>

namespace dt::base {

namespace {

// Two 64-bit lanes: one register on every 64-bit machine with SIMD, two plain ones elsewhere.
using Lanes = std::uint64_t __attribute__((vector_size(16)));

constexpr std::size_t step = 64;
constexpr std::uint64_t low_half = 0xffffffffU;

Lanes load(const std::byte* from) {
    Lanes lanes;
    std::memcpy(&lanes, from, sizeof lanes);
    return lanes;
}

/// 32-bit numbers in 64-bit lanes: room for 2^32 of them. Two accumulators, so that one addition
/// need not wait for the other.
struct LaneSums {
    Lanes even{};
    Lanes odd{};

    void add(const Lanes& words) {
        even += words & low_half;
        odd += words >> 32;
    }
    [[nodiscard]] std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t lane : {even[0], even[1], odd[0], odd[1]}) {
            sum += (lane & low_half) + (lane >> 32);
        }
        return sum;
    }
};

/// The 64 octets of one step, in registers.
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
    const std::byte* from = octets.data();
    std::size_t length = octets.size();
    const bool is_odd = length % 2 != 0;
    if (length < step) return {fold(sum_rest(from, length)), is_odd};  // a header
    LaneSums first;
    LaneSums second;
    for (; length >= step; length -= step, from += step) Step(from).add_to(first, second);
    const std::uint64_t sum = first.total() + second.total() + sum_rest(from, length);
    return {fold(sum), is_odd};
}

Checksum copy_and_sum(MutableOctets to, Octets octets) {
    if (octets.empty()) return {};
    const std::byte* from = octets.data();
    std::byte* into = to.data();
    std::size_t length = octets.size();
    LaneSums first;
    LaneSums second;
    for (; length >= step; length -= step, from += step, into += step) {
        const Step octets_64(from);
        octets_64.store(into);
        octets_64.add_to(first, second);
    }
    std::memcpy(into, from, length);
    const std::uint64_t sum = first.total() + second.total() + sum_rest(from, length);
    return {fold(sum), octets.size() % 2 != 0};
}

}  // namespace dt::base
