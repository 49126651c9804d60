// Checksum and segmentation metadata of a frame, with the meaning of virtio_net_hdr
// (OASIS virtio 1.2 §5.1.6).
#pragma once

#include <cstddef>
#include <cstdint>

#include "wire/address.hpp"

namespace dt::wire {

/// What is known of the transport checksum of a frame.
enum class ChecksumState : std::uint8_t {
    unverified,  ///< complete in the frame; nobody has looked
    needed,    ///< the field holds the pseudo-header's sum: who sends on a real wire completes it;
               ///< who receives it may trust the octets
    verified,  ///< complete, and the link vouches for it
};

/// Offload metadata of one frame.
struct Offload {
    ChecksumState checksum = ChecksumState::unverified;
    /// With `needed`: octets from the front of the frame to where the sum begins.
    std::uint16_t checksum_start = 0;
    /// With `needed`: octets from there to the field.
    std::uint16_t checksum_offset = 0;
    /// Payload octets of each segment to be cut; 0 = one segment.
    std::uint16_t segment_size = 0;

    [[nodiscard]] constexpr bool is_super_segment() const { return segment_size != 0; }
    /// Segments that `payload_length` octets make on the wire: at least one.
    [[nodiscard]] constexpr std::uint32_t segment_count(std::size_t payload_length) const {
        if (segment_size == 0 || payload_length == 0) return 1;
        return static_cast<std::uint32_t>((payload_length + segment_size - 1) / segment_size);
    }
    /// True where the receiver need not sum the octets itself.
    [[nodiscard]] constexpr bool is_vouched_for() const {
        return checksum != ChecksumState::unverified;
    }
    /// Keeps the place of the checksum when a header of `count` octets is put in front.
    constexpr void on_prepend(std::size_t count) {
        if (checksum != ChecksumState::needed) return;
        checksum_start = static_cast<std::uint16_t>(checksum_start + count);
    }
    /// Keeps the place of the checksum when `count` octets are taken off the front.
    constexpr void on_drop_front(std::size_t count) {
        if (checksum != ChecksumState::needed || checksum_start < count) return;
        checksum_start = static_cast<std::uint16_t>(checksum_start - count);
    }
    /// True where every place lies within a frame of `frame_size` octets and a super-segment has an
    /// unfinished checksum. To be asked of whatever comes from outside.
    [[nodiscard]] bool is_sane(std::size_t frame_size) const;

    friend constexpr bool operator==(const Offload&, const Offload&) = default;
};

/// virtio_net_hdr without num_buffers: what TAP (IFF_VNET_HDR) and AF_PACKET put before a frame.
inline constexpr std::size_t vnet_header_size = 10;

/// Reads the header of a frame of `frame_size` octets. Errors: truncated; malformed for places
/// outside the frame and for super-segments of anything but TCP.
[[nodiscard]] Result<Offload> parse_vnet_header(Octets header, std::size_t frame_size);
/// Writes vnet_header_size octets for a TCP frame over `family`. `header_length` is that of all
/// headers of the frame together.
void emit_vnet_header(const Offload& offload, Family family, std::uint16_t header_length,
                      MutableOctets to);

}  // namespace dt::wire
