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

/// Sums fewer than 2^32 steps without overflow: each step adds four 32-bit numbers to a lane.
struct LaneSums {
    Lanes low{};
    Lanes high{};

    void add(Lanes words) {
        low += words & low_half;
        high += words >> 32;
    }
    [[nodiscard]] std::uint64_t total() const {
        std::uint64_t sum = 0;
        for (const std::uint64_t lane : {low[0], low[1], high[0], high[1]}) {
            sum += (lane & low_half) + (lane >> 32);
        }
        return sum;
    }
};

std::uint16_t fold(std::uint64_t sum) {
    sum = (sum & low_half) + (sum >> 32);
    sum = (sum & low_half) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(sum);
}

/// Fewer than 64 octets; what is missing to a word counts as zero.
std::uint64_t sum_rest(const std::byte* from, std::size_t length) {
    std::uint64_t sum = 0;
    for (; length >= 4; length -= 4, from += 4) {
        std::uint32_t word;
        std::memcpy(&word, from, sizeof word);
        sum += word;
    }
    std::uint32_t word = 0;
    std::memcpy(&word, from, length);
    return sum + word;
}

}  // namespace

Checksum Checksum::of(Octets octets) {
    if (octets.empty()) return {};
    const std::byte* from = octets.data();
    std::size_t length = octets.size();
    LaneSums sums;
    for (; length >= step; length -= step, from += step) {
        std::array<Lanes, 4> words;
        std::memcpy(&words, from, step);
        for (const Lanes& lanes : words)
            sums.add(lanes);
    }
    return {fold(sums.total() + sum_rest(from, length)), octets.size() % 2 != 0};
}

Checksum copy_and_sum(MutableOctets to, Octets octets) {
    if (octets.empty()) return {};
    const std::byte* from = octets.data();
    std::byte* into = to.data();
    std::size_t length = octets.size();
    LaneSums sums;
    for (; length >= step; length -= step, from += step, into += step) {
        std::array<Lanes, 4> words;
        std::memcpy(&words, from, step);
        std::memcpy(into, &words, step);
        for (const Lanes& lanes : words)
            sums.add(lanes);
    }
    std::memcpy(into, from, length);
    return {fold(sums.total() + sum_rest(from, length)), octets.size() % 2 != 0};
}

}  // namespace dt::base
