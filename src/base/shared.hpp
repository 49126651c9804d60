// Shared: a value that many hold alike until one of them changes it, one pointer wide.
#pragma once

#include <cstdint>
#include <utility>

namespace dt::base {

/// T{} takes no memory at all; copies of another value share it until change(). Everything that
/// shares belongs to one thread: the count is not atomic.
template <class T>
class Shared {
  public:
    Shared() = default;
    // NOLINTNEXTLINE(google-explicit-constructor): a value is what it stands for
    Shared(const T& value) : held_(value == initial ? nullptr : new Held(value)) {}
    Shared(const Shared& other) : held_(other.held_) {
        if (held_ != nullptr) ++held_->owners;
    }
    Shared(Shared&& other) noexcept : held_(std::exchange(other.held_, nullptr)) {}
    Shared& operator=(Shared other) noexcept {
        std::swap(held_, other.held_);
        return *this;
    }
    ~Shared() { release(); }

    const T& operator*() const { return held_ == nullptr ? initial : held_->value; }
    const T* operator->() const { return &**this; }
    /// The value to be changed, which is nobody else's from here on.
    [[nodiscard]] T& change() {
        if (held_ == nullptr || held_->owners > 1) {
            Held* own = new Held(**this);
            release();
            held_ = own;
        }
        return held_->value;
    }
    /// Whether both are one object in memory, or none.
    [[nodiscard]] bool is_one_with(const Shared& other) const { return held_ == other.held_; }

  private:
    struct Held {
        explicit Held(const T& of) : value(of) {}
        T value;
        std::uint32_t owners = 1;
    };
    static constexpr T initial{};

    void release() {
        if (held_ != nullptr && --held_->owners == 0) delete held_;
    }

    Held* held_ = nullptr;
};

}  // namespace dt::base

namespace dt {
using base::Shared;
}  // namespace dt
