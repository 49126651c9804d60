// IP headers of packets that leave: identification, checksums, fragments (RFC 791, RFC 6864, RFC
// 8200).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/rng.hpp"
#include "buf/frame.hpp"
#include "event/sink.hpp"
#include "ip/interface.hpp"
#include "wire/address.hpp"
#include "wire/ipv4.hpp"

namespace dt::ip {

/// A transport packet to send: transport header at the front of the frame.
struct PacketOut {
    IpAddr source;  // any = chosen by the route
    IpAddr destination;
    FramePtr frame;
    std::uint8_t protocol = 0;
    std::uint8_t tos = 0;
    std::uint8_t ttl = 64;  // 0: to a group on this host alone, else the default
    bool dont_fragment = true;
    std::uint16_t mtu = 0;  // of the path where less than the link's is known, octets; 0 = nothing
    std::optional<InterfaceIndex> by =
        std::nullopt;  // for destinations that need a zone (RFC 4007), and groups
    event::Switch loops = event::Switch::on;  // to a group that we hear: comes to us too
};

/// Identification of packets that may be fragmented: unpredictable from one destination to the
/// next, and not repeated soon for the same source, destination and protocol (RFC 6864 §4.3).
class IdSource {
  public:
    explicit IdSource(Rng rng) : key_(SipKey::from(rng)) {}

    /// The first of `count` in a row: a super-segment takes one for each of its segments.
    [[nodiscard]] std::uint16_t next(const IpAddr& source, const IpAddr& destination,
                                     std::uint8_t protocol, std::uint32_t count = 1);
    /// Of an IPv6 fragment header: 32 bits, unpredictable (RFC 7739; IP6-018).
    [[nodiscard]] std::uint32_t next_v6(const IpAddr& source, const IpAddr& destination);
    /// A flow label: the same for all packets of one conversation, never 0 (RFC 6437 §3; IP6-019).
    /// `transport`: the first octets of its header, where the ports stand.
    [[nodiscard]] std::uint32_t flow_label(const PacketOut& packet) const;

  private:
    SipKey key_;
    std::array<std::uint16_t, 1024> counters_{};
    std::uint64_t fragmented_ = 0;
};

/// What happens to the transport checksum of a packet that leaves by a link.
enum class ChecksumBy : std::uint8_t { us, link };

/// The sum of all octets of `frame` from `offset` on, whatever pieces they lie in.
[[nodiscard]] Checksum sum_of(const Frame& frame, std::size_t offset = 0);

/// Completes the checksum of the TCP or UDP header at the front of the frame, or puts the sum of
/// the pseudo-header there and leaves the rest to a link that vouches (wire::Offload).
void finish_transport(const PacketOut& packet, ChecksumBy by);
/// Completes a checksum that an offload left open: for a frame that goes on to a real wire. The
/// octets are copied first where they are shared.
void complete_checksum(Frame& frame);

/// Puts an IPv4 header in front of the frame.
void put_header(PacketOut& packet, std::uint16_t id);
/// Puts an IPv6 header in front of the frame. `flow_label`: 20 bits (RFC 6437).
void put_header_v6(PacketOut& packet, std::uint32_t flow_label);

/// Adds octets [from, from + count) of `frame` to `to` as slices, shared where they lie in slices.
void add_part(Frame& to, Frame& frame, std::size_t from, std::size_t count);

/// The fragments of `packet` (IPv4 header at its front) that fit into `mtu` octets, in order
/// (RFC 791 §3.2); the slices are shared, only headers are new.
[[nodiscard]] std::vector<FramePtr> fragment(Frame& packet, std::uint32_t mtu, buf::Pool& pool);

/// The fragments of an IPv6 packet without extension headers (RFC 8200 §4.5).
[[nodiscard]] std::vector<FramePtr> fragment_v6(Frame& packet, std::uint32_t mtu, std::uint32_t id,
                                                buf::Pool& pool);

/// A frame with the same octets: head copied, slices shared.
[[nodiscard]] FramePtr share(const Frame& frame, buf::Pool& pool);

/// Makes the first `count` octets of `frame` lie in one piece; false where it has not so many.
/// gather() is for a frame where they do not.
[[nodiscard]] bool gather(Frame& frame, std::size_t count);
[[nodiscard]] inline bool make_contiguous(Frame& frame, std::size_t count) {
    return frame.front().size() >= count || gather(frame, count);
}

}  // namespace dt::ip
