// IPv4 headers (RFC 791 §3.1, RFC 1122 §3.2.1) and the pseudo-header of both families.
#pragma once

#include <cstdint>

#include "base/checksum.hpp"
#include "wire/address.hpp"

namespace dt::wire {

/// The protocol a datagram carries. An open set: any other value may stand in a header.
enum class IpProtocol : std::uint8_t {
    icmp = 1,
    tcp = 6,
    udp = 17,
    icmpv6 = 58,
};

/// Sum of the pseudo-header of TCP, UDP (RFC 9293 §3.1, RFC 768) and ICMPv6 (RFC 8200 §8.1).
/// `length` is that of the transport header and its data.
[[nodiscard]] Checksum pseudo_header(const IpAddr& source, const IpAddr& destination,
                                     IpProtocol protocol, std::uint32_t length);

/// What the options of a header ask for.
enum class Ipv4OptionsKind : std::uint8_t {
    harmless,      ///< none, or such as we may ignore (RFC 1122 §3.2.1.8)
    source_route,  ///< loose or strict: dropped (IP4-014)
    malformed,     ///< a length of 0 or 1, or past the end of the header
};

/// A datagram proved to have version 4 and lengths that fit; cut to its total length, so link
/// padding is gone. Its checksum is asked for apart.
class Ipv4View {
  public:
    static constexpr std::size_t header_min = 20;

    /// Errors: truncated where the octets end before the header or the total length does;
    /// malformed for another version, IHL < 5, and a total length shorter than the header.
    static Result<Ipv4View> parse(Octets datagram);
    /// As parse, for a datagram of `size` octets of which only `front`, with the whole header, is
    /// at hand in one piece. The payload is what is at hand.
    static Result<Ipv4View> parse_front(Octets front, std::size_t size);
    /// As parse, but the octets may end before the total length: the datagram quoted by an ICMP
    /// error. The payload is what is there.
    static Result<Ipv4View> parse_quoted(Octets quoted);

    [[nodiscard]] std::size_t header_length() const { return std::size_t{4} * (octet(0) & 0x0f); }
    [[nodiscard]] std::uint8_t tos() const { return octet(1); }
    [[nodiscard]] std::uint16_t total_length() const { return field(2); }
    [[nodiscard]] std::uint16_t id() const { return field(4); }
    [[nodiscard]] bool is_dont_fragment() const { return (field(6) & 0x4000) != 0; }
    [[nodiscard]] bool has_more_fragments() const { return (field(6) & 0x2000) != 0; }
    /// In octets.
    [[nodiscard]] std::uint32_t fragment_offset() const { return (field(6) & 0x1fffU) * 8; }
    [[nodiscard]] bool is_fragment() const { return (field(6) & 0x3fff) != 0; }
    [[nodiscard]] std::uint8_t ttl() const { return octet(8); }
    [[nodiscard]] IpProtocol protocol() const { return static_cast<IpProtocol>(octet(9)); }
    [[nodiscard]] Ipv4 source() const { return Ipv4::load(datagram_, 12); }
    [[nodiscard]] Ipv4 destination() const { return Ipv4::load(datagram_, 16); }
    [[nodiscard]] bool is_checksum_correct() const { return Checksum::of(header()).is_correct(); }

    [[nodiscard]] Octets header() const { return datagram_.first(header_length()); }
    [[nodiscard]] Octets options() const { return header().subspan(header_min); }
    [[nodiscard]] Octets payload() const { return datagram_.subspan(header_length()); }
    /// Header and payload.
    [[nodiscard]] Octets datagram() const { return datagram_; }
    [[nodiscard]] Ipv4OptionsKind options_kind() const;

  private:
    explicit Ipv4View(Octets datagram) : datagram_(datagram) {}

    [[nodiscard]] std::uint8_t octet(std::size_t at) const {
        return std::to_integer<std::uint8_t>(datagram_[at]);
    }
    [[nodiscard]] std::uint16_t field(std::size_t at) const {
        return load_be<std::uint16_t>(datagram_, at);
    }

    Octets datagram_;
};

/// A header we send; without options.
struct Ipv4Repr {
    Ipv4 source;
    Ipv4 destination;
    IpProtocol protocol = IpProtocol::tcp;
    std::uint8_t ttl = 64;
    std::uint8_t tos = 0;
    std::uint16_t id = 0;
    bool dont_fragment = true;
    bool more_fragments = false;
    std::uint32_t fragment_offset = 0;  ///< octets, a multiple of 8
    std::uint32_t payload_length = 0;   ///< octets, at most 65515

    static constexpr std::size_t payload_max = 65515;

    static constexpr std::size_t size() { return Ipv4View::header_min; }
    static Ipv4Repr from(const Ipv4View& view);
    /// Writes size() octets, the header's checksum filled in.
    void emit(MutableOctets to) const;

    friend bool operator==(const Ipv4Repr&, const Ipv4Repr&) = default;
};

}  // namespace dt::wire
