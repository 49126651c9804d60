// SparseArray: 65536 values, one per port, of which only the pages in use take memory.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>

namespace dt::base {

/// An array with an index of 16 bits. Values that were never written read as T{}.
template <class T>
class SparseArray {
  public:
    [[nodiscard]] const T& operator[](std::uint16_t index) const {
        static constexpr T empty{};
        const auto& page = pages_[index >> page_bits];
        return page ? (*page)[index & page_mask] : empty;
    }
    /// The place of `index`, made where needed.
    [[nodiscard]] T& at(std::uint16_t index) {
        auto& page = pages_[index >> page_bits];
        if (!page) page = std::make_unique<Page>();
        return (*page)[index & page_mask];
    }
    /// Octets held.
    [[nodiscard]] std::size_t memory() const {
        std::size_t held = sizeof pages_;
        for (const auto& page : pages_) held += page ? sizeof(Page) : 0;
        return held;
    }

  private:
    static constexpr unsigned page_bits = 8;
    static constexpr std::uint16_t page_mask = (1U << page_bits) - 1;
    using Page = std::array<T, 1U << page_bits>;

    std::array<std::unique_ptr<Page>, (65536 >> page_bits)> pages_;
};

}  // namespace dt::base

namespace dt {
using base::SparseArray;
}  // namespace dt
