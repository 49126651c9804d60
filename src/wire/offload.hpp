// What a frame's maker left to others: the checksum to fill in, the super-segment to cut. The same
// meaning as virtio_net_hdr (virtio 1.2 §5.1.6), so that a TAP device takes it as it is.
#pragma once

#include <cstdint>

namespace dt::wire {

/// How far a frame's transport checksum is trusted or done.
enum class ChecksumState : std::uint8_t {
    unverified,  // as on a wire: filled in, not checked yet
    needed,      // pseudo-header sum is in place, the rest is left to the link
    verified,    // a link that vouches carried it: nobody needs to check
};

/// Offload metadata of one frame. Offsets count from the first octet of the frame.
struct Offload {
    ChecksumState checksum = ChecksumState::unverified;
    std::uint16_t checksum_start = 0;   // where summing begins
    std::uint16_t checksum_offset = 0;  // of the checksum field, from checksum_start
    std::uint16_t segment_size = 0;     // octets of text per segment on the wire, 0 = one segment
};

}  // namespace dt::wire
