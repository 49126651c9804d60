// A UDP datagram as it arrived: length and checksum proved, text still in its frame (RFC 768,
// RFC 1122 §4.1.3).
#pragma once

#include <cstdint>
#include <expected>
#include <optional>

#include "base/time.hpp"
#include "buf/frame.hpp"
#include "event/config.hpp"
#include "event/reason.hpp"
#include "wire/address.hpp"

namespace dt::udp {

/// What the IP header of a datagram says beside its addresses.
struct Carriage {
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;
    event::Switch dont_fragment = event::Switch::off;
    std::uint16_t mtu = 0;  // of the path where less than the link's is known, octets; 0 = nothing
    event::Switch loops = event::Switch::on;           // to a group: comes to us too
    std::optional<std::uint16_t> link = std::nullopt;  // it leaves by, else the routes choose
    std::uint16_t segment = 0;  // UDP_SEGMENT: octets of text in each datagram; 0 = one takes all
};

/// How a datagram came.
struct Arrival {
    std::uint8_t tos = 0;
    std::uint8_t ttl = 0;
    std::uint8_t interface = 0;  // its number in the stack
    Instant at{};
    /// The link that it counts as heard by: of what this host sent to an address of its own the one
    /// that has the address (Linux). Nothing: whichever.
    std::optional<std::uint16_t> heard_by = std::nullopt;
};

struct Datagram {
    FourTuple tuple;  // local = ours
    FramePtr frame;
    std::uint32_t offset = 0;  // of the text in the frame
    std::uint32_t length = 0;
    Arrival arrival;
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
