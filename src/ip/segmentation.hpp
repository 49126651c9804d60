// Super-segments of TCP on their way to a link that takes none: cut into the segments they stand
// for, as a network card with segmentation offload does (virtio 1.2 §5.1.6.2).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/checksum.hpp"
#include "buf/frame.hpp"
#include "wire/seq.hpp"
#include "wire/tcp.hpp"

namespace dt::ip {

/// Octets of IP of the largest packet that `packet` (IPv4 header at its front) makes on a wire.
[[nodiscard]] std::size_t wire_size(Frame& packet);

/// Octets of transport of that packet, before it has its IP header: all of what is no
/// super-segment.
[[nodiscard]] std::size_t largest_piece(const Frame& transport);

/// Cuts a super-segment into the segments it stands for, in order; each with its own sequence
/// number, flags and complete checksums. The slices are shared, and nothing is allocated.
class Cutter {
  public:
    /// `packet`: the IP header at its front; it outlives the cutter. Nothing where the headers are
    /// not those of TCP.
    [[nodiscard]] static std::optional<Cutter> of(Frame& packet, buf::Pool& pool);
    /// The next segment; null behind the last one. One without text where there is none at all.
    [[nodiscard]] FramePtr next();

  private:
    friend std::size_t wire_size(Frame& packet);

    /// The IP and TCP headers of the packet, copied.
    struct Headers {
        std::array<std::byte, 120> octets{};
        std::size_t ip = 0;     // octets of the IP header
        std::size_t total = 0;  // of both
        bool is_v4 = true;
    };
    [[nodiscard]] static std::optional<Headers> ip_header_of(const Frame& packet);
    [[nodiscard]] static std::optional<Headers> headers_of(Frame& packet);

    Cutter(Frame& packet, buf::Pool& pool, const Headers& headers);

    void put_ip(MutableOctets header, std::size_t text) const;
    void put_tcp(MutableOctets header, const Frame& frame, std::size_t text) const;
    void add_text(Frame& to, std::size_t count);

    Frame& packet_;
    buf::Pool& pool_;
    Headers headers_;        // what differs from one segment to the next is zero
    Checksum fixed_ip_;      // of that header
    Checksum fixed_tcp_;     // of that one, and of the pseudo-header without its length
    Seq seq_;                // of the first segment
    TcpFlags flags_;         // of all together
    std::uint16_t id_ = 0;   // of the first segment, where it is IPv4
    std::size_t text_ = 0;   // octets of text of all
    std::size_t at_ = 0;     // of them, those that were cut off
    std::size_t slice_ = 0;  // where the next one lies
    std::uint32_t offset_ = 0;
    std::uint16_t count_ = 0;  // segments cut off
};

}  // namespace dt::ip
