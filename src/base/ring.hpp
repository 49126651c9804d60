// Ring: a first-in-first-out queue in one piece of memory that grows and is then used again.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/assert.hpp"

namespace dt::base {

/// Allocates only while it grows; its owner states the bound. T is default-constructible and
/// movable; a popped place holds a T{} again.
template <class T>
class Ring {
  public:
    [[nodiscard]] std::size_t size() const { return size_; }
    [[nodiscard]] bool empty() const { return size_ == 0; }

    void push(T value) {
        if (size_ == places_.size()) grow();
        places_[(head_ + size_) & (places_.size() - 1)] = std::move(value);
        ++size_;
    }
    /// The oldest; the ring must not be empty.
    [[nodiscard]] const T& front() const {
        DT_ASSERT(size_ > 0);
        return places_[head_];
    }
    [[nodiscard]] T& front() {
        DT_ASSERT(size_ > 0);
        return places_[head_];
    }
    /// The value `index` places behind the oldest.
    [[nodiscard]] const T& operator[](std::size_t index) const {
        DT_ASSERT(index < size_);
        return places_[(head_ + index) & (places_.size() - 1)];
    }
    T pop() {
        DT_ASSERT(size_ > 0);
        T value = std::exchange(places_[head_], T{});
        head_ = (head_ + 1) & (places_.size() - 1);
        --size_;
        return value;
    }
    /// Octets held by the places themselves.
    [[nodiscard]] std::size_t memory() const { return places_.capacity() * sizeof(T); }

  private:
    void grow() {
        std::vector<T> larger(places_.empty() ? 4 : places_.size() * 2);
        for (std::size_t i = 0; i < size_; ++i)
            larger[i] = std::move(places_[(head_ + i) & (places_.size() - 1)]);
        places_ = std::move(larger);
        head_ = 0;
    }

    std::vector<T> places_;  // none, or a power of two
    std::size_t head_ = 0;
    std::size_t size_ = 0;
};

}  // namespace dt::base

namespace dt {
using base::Ring;
}  // namespace dt
