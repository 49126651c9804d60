// A UDP datagram as it arrived: length and checksum proved, text still in its frame (RFC 768,
// RFC 1122 §4.1.3).
#pragma once

#include <cstdint>
#include <expected>

#include "buf/frame.hpp"
#include "event/reason.hpp"
#include "wire/address.hpp"

namespace dt::udp {

struct Datagram {
    FourTuple tuple;  // local = ours
    FramePtr frame;
    std::uint32_t offset = 0;  // of the text in the frame
    std::uint32_t length = 0;
};

/// Whether a link has vouched for the octets.
enum class Checksums : std::uint8_t { verify, trusted };

/// Opens the UDP packet at the front of `frame`: octets behind its length are cut off. The frame is
/// taken only where this succeeds. Reasons: bad_header for a length that does not fit, below 8, or
/// a destination port 0; bad_checksum, also for none over IPv6 (RFC 8200 §8.1).
[[nodiscard]] std::expected<Datagram, event::Reason> open_datagram(IpAddr source,
                                                                   IpAddr destination,
                                                                   FramePtr& frame,
                                                                   Checksums checksums);

}  // namespace dt::udp
