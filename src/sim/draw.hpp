// Numbers of a plan, drawn by one generator.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/rng.hpp"
#include "base/time.hpp"

namespace dt::sim {

class Draw {
  public:
    explicit Draw(std::uint64_t seed) : rng_(seed) {}

    /// From `low` to `high`, both included.
    std::uint64_t between(std::uint64_t low, std::uint64_t high) {
        return low + rng_.below(high - low + 1);
    }
    std::size_t index(std::size_t size) { return static_cast<std::size_t>(rng_.below(size)); }
    bool chance(double probability) { return rng_.chance(probability); }
    Duration ms(std::uint64_t low, std::uint64_t high) {
        return std::chrono::milliseconds{static_cast<std::int64_t>(between(low, high))};
    }
    std::uint64_t number() { return rng_.next(); }
    /// Many small, few large.
    std::uint64_t size(std::uint64_t most) {
        const std::uint64_t limit = between(0, 3) == 0 ? most : most / 50 + 1;
        return between(0, limit);
    }

  private:
    Rng rng_;
};

}  // namespace dt::sim
