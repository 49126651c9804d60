// Super-segments of TCP on their way to a link that takes none: cut into the segments they stand
// for, as a network card with segmentation offload does (virtio 1.2 §5.1.6.2).
#pragma once

#include <cstdint>
#include <vector>

#include "buf/frame.hpp"

namespace dt::ip {

/// Octets of IP of the largest packet that `packet` (IPv4 header at its front) makes on a wire.
[[nodiscard]] std::size_t wire_size(Frame& packet);

/// Octets of transport of that packet, before it has its IP header: all of what is no
/// super-segment.
[[nodiscard]] std::size_t largest_piece(const Frame& transport);

/// The segments that the super-segment `packet` (IPv4 header at its front) stands for, in order;
/// each with its own sequence number, flags and complete checksums. The slices are shared. Empty
/// where the headers are not those of TCP.
[[nodiscard]] std::vector<FramePtr> cut_super_segment(Frame& packet, buf::Pool& pool);

}  // namespace dt::ip
