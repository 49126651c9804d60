// The runs of a send queue: an array whose first few lie in the object itself, so that a request
// and its response, or a burst, need no memory of their own.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "base/assert.hpp"
#include "base/time.hpp"
#include "wire/seq.hpp"

namespace dt::tcp {

/// Consecutive numbers that left together. Text is not here: it lies in the queue until it is
/// acknowledged.
struct Run {
    Seq first{};
    std::uint32_t length = 0;  // numbers: text, SYN, FIN
    Instant sent{};            // when it left last
    std::uint8_t transmissions = 1;
    enum class Mark : std::uint8_t { in_flight, lost, sacked } mark = Mark::in_flight;
    std::uint16_t segment = 0;  // text of each of its segments but the last

    [[nodiscard]] Seq end() const { return first + length; }
    [[nodiscard]] bool is_resent() const { return transmissions > 1; }
};

/// By number. Grows by doubling; never shrinks: an empty queue has none of them.
class Runs {
  public:
    static constexpr std::uint32_t few = 4;

    Runs() = default;
    Runs(const Runs&) = delete;
    Runs& operator=(const Runs&) = delete;

    [[nodiscard]] std::uint32_t size() const { return size_; }
    [[nodiscard]] Run* begin() { return many_ ? many_.get() : few_.data(); }
    [[nodiscard]] Run* end() { return begin() + size_; }
    [[nodiscard]] const Run* begin() const { return many_ ? many_.get() : few_.data(); }
    [[nodiscard]] const Run* end() const { return begin() + size_; }
    [[nodiscard]] Run& operator[](std::size_t index) {
        DT_ASSERT(index < size_);
        return begin()[index];
    }
    [[nodiscard]] const Run& operator[](std::size_t index) const {
        DT_ASSERT(index < size_);
        return begin()[index];
    }
    [[nodiscard]] Run& back() { return (*this)[size_ - 1]; }
    [[nodiscard]] const Run& back() const { return (*this)[size_ - 1]; }

    void push_back(const Run& run) { insert(size_, run); }
    /// Before the run at `index`.
    void insert(std::size_t index, const Run& run) {
        DT_ASSERT(index <= size_);
        const Run added = run;
        if (size_ == capacity_) grow();
        std::copy_backward(begin() + index, end(), end() + 1);
        begin()[index] = added;
        ++size_;
    }
    void erase_front(std::size_t count) {
        DT_ASSERT(count <= size_);
        std::copy(begin() + count, end(), begin());
        size_ -= static_cast<std::uint32_t>(count);
    }
    /// Octets of memory beyond the object itself.
    [[nodiscard]] std::size_t memory() const { return many_ ? capacity_ * sizeof(Run) : 0; }

  private:
    void grow() {
        const std::uint32_t larger = capacity_ * 2;
        auto grown = std::make_unique<Run[]>(larger);
        std::copy(begin(), end(), grown.get());
        many_ = std::move(grown);
        capacity_ = larger;
    }

    std::array<Run, few> few_;
    std::unique_ptr<Run[]> many_;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = few;
};

}  // namespace dt::tcp
