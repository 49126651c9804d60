// Octets on the wire: span aliases and big-endian loads and stores (RFC 791 Appendix B).
#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace dt::base {

using Octets = std::span<const std::byte>;
using MutableOctets = std::span<std::byte>;

/// Reads an unsigned integer in network byte order at `offset`; the caller has proved the length.
template <std::unsigned_integral T>
[[nodiscard]] inline T load_be(Octets octets, std::size_t offset) {
    T value;
    std::memcpy(&value, octets.data() + offset, sizeof value);
    if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little) {
        value = std::byteswap(value);
    }
    return value;
}

/// Writes an unsigned integer in network byte order at `offset`.
template <std::unsigned_integral T>
inline void store_be(MutableOctets octets, std::size_t offset, T value) {
    if constexpr (sizeof(T) > 1 && std::endian::native == std::endian::little) {
        value = std::byteswap(value);
    }
    std::memcpy(octets.data() + offset, &value, sizeof value);
}

}  // namespace dt::base

namespace dt {
using base::load_be;
using base::MutableOctets;
using base::Octets;
using base::store_be;
}  // namespace dt
