// IPv6 headers and the chain of extension headers behind them (RFC 8200 §3, §4).
#pragma once

#include <cstdint>
#include <optional>

#include "wire/address.hpp"
#include "wire/ipv4.hpp"

namespace dt::wire {

/// What follows a header. An open set: any other value may stand there.
enum class NextHeader : std::uint8_t {
    hop_by_hop = 0,
    tcp = 6,
    udp = 17,
    routing = 43,
    fragment = 44,
    icmpv6 = 58,
    none = 59,
    destination_options = 60,
};

/// True for headers of RFC 8200 §4 that may stand between the IPv6 header and the transport's.
[[nodiscard]] constexpr bool is_extension(NextHeader header) {
    return header == NextHeader::hop_by_hop || header == NextHeader::routing ||
           header == NextHeader::fragment || header == NextHeader::destination_options;
}

/// A packet proved to have version 6 and its 40 octets of header; cut to its payload length, so
/// link padding is gone.
class Ipv6View {
  public:
    static constexpr std::size_t header_length = 40;

    /// As parse_front, with the whole packet at hand.
    static Result<Ipv6View> parse(Octets packet) { return parse_front(packet, packet.size()); }
    /// For a packet of `size` octets of which only `front`, with the whole header, is at hand in
    /// one piece. Errors: truncated where the octets end before the header or the payload does;
    /// malformed for another version.
    static Result<Ipv6View> parse_front(Octets front, std::size_t size);
    /// As parse, but the octets may end before the payload does: the packet quoted by an ICMPv6
    /// error, or a front of one.
    static Result<Ipv6View> parse_quoted(Octets quoted);

    [[nodiscard]] std::uint8_t traffic_class() const {
        return static_cast<std::uint8_t>(load_be<std::uint16_t>(packet_, 0) >> 4);
    }
    /// 20 bits.
    [[nodiscard]] std::uint32_t flow_label() const {
        return load_be<std::uint32_t>(packet_, 0) & 0xfffffU;
    }
    /// In octets, extension headers included. 0 in a jumbogram, which is not supported (IP6-026).
    [[nodiscard]] std::uint16_t payload_length() const {
        return load_be<std::uint16_t>(packet_, 4);
    }
    [[nodiscard]] NextHeader next_header() const { return static_cast<NextHeader>(packet_[6]); }
    [[nodiscard]] std::uint8_t hop_limit() const {
        return std::to_integer<std::uint8_t>(packet_[7]);
    }
    [[nodiscard]] Ipv6 source() const { return Ipv6::load(packet_, 8); }
    [[nodiscard]] Ipv6 destination() const { return Ipv6::load(packet_, 24); }

    [[nodiscard]] Octets header() const { return packet_.first(header_length); }
    [[nodiscard]] Octets payload() const { return packet_.subspan(header_length); }

  private:
    explicit Ipv6View(Octets packet) : packet_(packet) {}

    Octets packet_;
};

/// A header we send.
struct Ipv6Repr {
    Ipv6 source;
    Ipv6 destination;
    NextHeader next_header = NextHeader::tcp;
    std::uint8_t hop_limit = 64;
    std::uint8_t traffic_class = 0;
    std::uint32_t flow_label = 0;      ///< 20 bits
    std::uint32_t payload_length = 0;  ///< octets, at most payload_max

    static constexpr std::size_t payload_max = 65535;

    static constexpr std::size_t size() { return Ipv6View::header_length; }
    static Ipv6Repr from(const Ipv6View& view);
    /// Writes size() octets.
    void emit(MutableOctets to) const;

    friend bool operator==(const Ipv6Repr&, const Ipv6Repr&) = default;
};

/// The fragment header (RFC 8200 §4.5).
struct Ipv6Fragment {
    NextHeader next_header = NextHeader::none;
    std::uint32_t offset = 0;  ///< octets, a multiple of 8
    bool more = false;
    std::uint32_t id = 0;

    static constexpr std::size_t size() { return 8; }
    /// Errors: truncated.
    static Result<Ipv6Fragment> parse(Octets header);
    /// Writes size() octets.
    void emit(MutableOctets to) const;
    /// Neither offset nor more: a whole packet, handled alone (RFC 6946).
    [[nodiscard]] bool is_atomic() const { return offset == 0 && !more; }

    friend bool operator==(const Ipv6Fragment&, const Ipv6Fragment&) = default;
};

/// Octets of an extension header other than the fragment header, from its first two; 8 for that.
[[nodiscard]] std::size_t extension_length(NextHeader header, Octets front);

/// Where the transport header of a packet lies, as far as the octets at hand tell.
struct TransportPlace {
    NextHeader protocol = NextHeader::none;
    std::size_t offset = 0;  ///< octets from the start of the packet
};
/// Skips the extension headers of `packet` without judging them: for a packet that an error quotes.
/// Nothing where they do not end in what is there, or the packet is not a first fragment.
[[nodiscard]] std::optional<TransportPlace> find_transport(Octets packet);

/// The solicited-node group of a unicast address: ff02::1:ff and its low 24 bits (RFC 4291 §2.7.1).
[[nodiscard]] Ipv6 solicited_node(const Ipv6& address);
/// The address of `prefix`'s first 64 bits with the modified EUI-64 of `mac` (RFC 4291 App. A).
[[nodiscard]] Ipv6 eui64_address(const Ipv6& prefix, const Mac& mac);
/// All nodes of the link, ff02::1.
[[nodiscard]] Ipv6 all_nodes();
/// ff02::2, all routers of a link.
[[nodiscard]] Ipv6 all_routers();

}  // namespace dt::wire
