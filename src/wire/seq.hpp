// Seq and Window: sequence arithmetic modulo 2^32 (RFC 9293 §3.4). There is no operator<.
#pragma once

#include <compare>
#include <cstdint>

namespace dt::wire {

/// A TCP sequence number. Order has a meaning only between numbers less than 2^31 apart, so it is
/// asked by name: before(a, b).
class Seq {
  public:
    constexpr Seq() = default;
    constexpr explicit Seq(std::uint32_t value) : value_(value) {}

    [[nodiscard]] constexpr std::uint32_t value() const { return value_; }

    constexpr Seq& operator+=(std::uint32_t octets) {
        value_ += octets;
        return *this;
    }
    constexpr Seq& operator-=(std::uint32_t octets) {
        value_ -= octets;
        return *this;
    }
    constexpr Seq& operator++() { return *this += 1; }

    friend constexpr Seq operator+(Seq seq, std::uint32_t octets) { return seq += octets; }
    friend constexpr Seq operator-(Seq seq, std::uint32_t octets) { return seq -= octets; }
    friend constexpr bool operator==(Seq, Seq) = default;

  private:
    std::uint32_t value_ = 0;
};

/// Octets from `first` up to `last`, where `last` is not before `first`.
[[nodiscard]] constexpr std::uint32_t distance(Seq first, Seq last) {
    return last.value() - first.value();
}
/// As distance, but negative where `last` is before `first`.
[[nodiscard]] constexpr std::int32_t signed_distance(Seq first, Seq last) {
    return static_cast<std::int32_t>(last.value() - first.value());
}
[[nodiscard]] constexpr bool before(Seq a, Seq b) { return signed_distance(b, a) < 0; }
[[nodiscard]] constexpr bool at_or_before(Seq a, Seq b) { return signed_distance(b, a) <= 0; }
[[nodiscard]] constexpr bool after(Seq a, Seq b) { return before(b, a); }
[[nodiscard]] constexpr bool at_or_after(Seq a, Seq b) { return at_or_before(b, a); }

[[nodiscard]] constexpr Seq earlier(Seq a, Seq b) { return before(a, b) ? a : b; }
[[nodiscard]] constexpr Seq later(Seq a, Seq b) { return before(a, b) ? b : a; }

/// True where first <= seq < first + length.
///
///         first                first+length
///     ------|====================|------
[[nodiscard]] constexpr bool in_window(Seq seq, Seq first, std::uint32_t length) {
    return distance(first, seq) < length;
}

/// The order of Seq as a type, for containers of intervals that lie within one window.
struct SeqBefore {
    constexpr bool operator()(Seq a, Seq b) const { return before(a, b); }
};

/// A window in octets, scaling applied (RFC 9293 REC-1: 32 bits; RFC 7323 §2).
class Window {
  public:
    constexpr Window() = default;
    constexpr explicit Window(std::uint32_t octets) : octets_(octets) {}

    /// What a window field means under a shift of 0 to 14.
    static constexpr Window from_field(std::uint16_t field, unsigned shift) {
        return Window{static_cast<std::uint32_t>(field) << shift};
    }
    /// The field that advertises this window: rounded down, at most 65535.
    [[nodiscard]] constexpr std::uint16_t to_field(unsigned shift) const {
        const std::uint32_t scaled = octets_ >> shift;
        return static_cast<std::uint16_t>(scaled < 0xffff ? scaled : 0xffff);
    }
    [[nodiscard]] constexpr std::uint32_t octets() const { return octets_; }
    [[nodiscard]] constexpr bool is_zero() const { return octets_ == 0; }

    friend constexpr bool operator==(Window, Window) = default;
    friend constexpr auto operator<=>(Window, Window) = default;

  private:
    std::uint32_t octets_ = 0;
};

}  // namespace dt::wire

namespace dt {
using wire::after;
using wire::at_or_after;
using wire::at_or_before;
using wire::before;
using wire::distance;
using wire::earlier;
using wire::in_window;
using wire::later;
using wire::Seq;
using wire::SeqBefore;
using wire::signed_distance;
using wire::Window;
}  // namespace dt
