// The Internet checksum: RFC 1071 sums that can be taken in parts, RFC 1624 incremental update.
#pragma once

#include <cstdint>

#include "base/octets.hpp"

namespace dt::base {

/// The one's complement sum of a run of octets. Sums of runs that follow each other can be added,
/// also after a run of odd length; so a segment made of whole runs need not be read again.
class Checksum {
  public:
    constexpr Checksum() = default;

    /// The sum of one run.
    [[nodiscard]] static Checksum of(Octets octets);

    /// Octets that follow those summed so far.
    Checksum& add(Octets octets) { return add(of(octets)); }
    /// A sum whose octets follow those summed so far.
    constexpr Checksum& add(Checksum next) {
        fold_in(is_odd_ ? swapped(next.sum_) : next.sum_);
        is_odd_ = is_odd_ != next.is_odd_;
        return *this;
    }
    /// Numbers in network order that follow an even count of octets.
    constexpr Checksum& add_u16(std::uint16_t number) {
        return add(Checksum(native(number), false));
    }
    constexpr Checksum& add_u32(std::uint32_t number) { return add_sum(number); }
    /// A plain sum, without overflow, of 16- or 32-bit numbers in network order.
    constexpr Checksum& add_sum(std::uint64_t sum) {
        sum = (sum & 0xffffffffU) + (sum >> 32);
        sum = (sum & 0xffffffffU) + (sum >> 32);
        sum = (sum & 0xffff) + (sum >> 16);
        sum = (sum & 0xffff) + (sum >> 16);
        return add_u16(static_cast<std::uint16_t>(sum));
    }

    /// The folded sum as a number, not complemented: what a partial checksum field holds.
    [[nodiscard]] constexpr std::uint16_t partial() const { return native(sum_); }
    /// The complement: what a checksum field holds.
    [[nodiscard]] constexpr std::uint16_t finish() const {
        return static_cast<std::uint16_t>(~partial());
    }
    /// True for the sum of octets that hold their own correct checksum.
    [[nodiscard]] constexpr bool is_correct() const { return sum_ == 0xffff; }
    /// True where an odd count of octets was summed.
    [[nodiscard]] constexpr bool is_odd() const { return is_odd_; }

    friend constexpr bool operator==(Checksum, Checksum) = default;

  private:
    friend Checksum copy_and_sum(MutableOctets to, Octets from);

    constexpr Checksum(std::uint16_t sum, bool is_odd) : sum_(sum), is_odd_(is_odd) {}

    static constexpr std::uint16_t swapped(std::uint16_t number) {
        return static_cast<std::uint16_t>(number >> 8 | number << 8);
    }
    static constexpr std::uint16_t native(std::uint16_t number) {
        return std::endian::native == std::endian::little ? swapped(number) : number;
    }
    constexpr void fold_in(std::uint16_t number) {
        const std::uint32_t sum = static_cast<std::uint32_t>(sum_) + number;
        sum_ = static_cast<std::uint16_t>((sum & 0xffff) + (sum >> 16));
    }

    std::uint16_t sum_ = 0;  // folded, in the byte order of memory (RFC 1071 §2 B)
    bool is_odd_ = false;
};

/// Copies `from` to the start of `to` (at least as long, not overlapping) and sums it on the way.
Checksum copy_and_sum(MutableOctets to, Octets from);

/// The checksum field after one 16-bit field of the covered octets changed (RFC 1624 eqn. 3).
[[nodiscard]] constexpr std::uint16_t update_checksum(std::uint16_t checksum, std::uint16_t before,
                                                      std::uint16_t after) {
    std::uint32_t sum = static_cast<std::uint16_t>(~checksum);
    sum += static_cast<std::uint16_t>(~before);
    sum += after;
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return static_cast<std::uint16_t>(~sum);
}
/// As update_checksum, for a 32-bit field.
[[nodiscard]] constexpr std::uint16_t update_checksum_u32(std::uint16_t checksum,
                                                          std::uint32_t before,
                                                          std::uint32_t after) {
    checksum = update_checksum(checksum, static_cast<std::uint16_t>(before >> 16),
                               static_cast<std::uint16_t>(after >> 16));
    return update_checksum(checksum, static_cast<std::uint16_t>(before),
                           static_cast<std::uint16_t>(after));
}

}  // namespace dt::base

namespace dt {
using base::Checksum;
using base::copy_and_sum;
}  // namespace dt
