// A tuple as the words that are hashed: the index, initial sequence numbers, timestamp offsets.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include "wire/address.hpp"

namespace dt::tcp {

/// Two words for an IPv4 tuple, five for any other: different tuples give different words, and the
/// hash covers their number too.
class TupleWords {
  public:
    explicit TupleWords(const FourTuple& tuple) : words_(tuple.words()) {
        if (!tuple.local.addr.is_v4() || !tuple.remote.addr.is_v4()) return;
        words_[0] = words_[1] << 32 | (words_[3] & 0xffffffffU);
        words_[1] = words_[4];
        count_ = 2;
    }
    [[nodiscard]] std::span<const std::uint64_t> view() const { return {words_.data(), count_}; }

  private:
    std::array<std::uint64_t, 5> words_;
    std::size_t count_ = 5;
};

}  // namespace dt::tcp
