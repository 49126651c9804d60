// What a fuzzer was given, read as numbers and runs of octets.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>

#include "base/octets.hpp"

namespace dt::fuzz {

/// Fuzzer input as numbers; 0 behind its end.
class Input {
  public:
    explicit Input(Octets octets) : octets_(octets) {}

    [[nodiscard]] bool empty() const { return octets_.empty(); }
    template <std::unsigned_integral T>
    T take() {
        std::array<std::byte, sizeof(T)> octets{};
        const std::size_t count = std::min(sizeof(T), octets_.size());
        std::ranges::copy(octets_.first(count), octets.begin());
        octets_ = octets_.subspan(count);
        return load_be<T>(octets, 0);
    }
    Octets take_octets(std::size_t count) {
        const Octets taken = octets_.first(std::min(count, octets_.size()));
        octets_ = octets_.subspan(taken.size());
        return taken;
    }

  private:
    Octets octets_;
};

}  // namespace dt::fuzz
