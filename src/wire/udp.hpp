// UDP headers (RFC 768).
#pragma once

#include <cstdint>

#include "base/checksum.hpp"
#include "wire/address.hpp"

namespace dt::wire {

/// A datagram proved to have a length that fits; what lies behind that length is cut.
class UdpView {
  public:
    static constexpr std::size_t header_length = 8;

    /// Errors: truncated where the octets end before the header or the length field does;
    /// malformed for a length below 8.
    static Result<UdpView> parse(Octets datagram);
    /// As parse, for a datagram of `size` octets of which only `front` is at hand in one piece.
    static Result<UdpView> parse_front(Octets front, std::size_t size);

    [[nodiscard]] Port source() const { return Port{field(0)}; }
    [[nodiscard]] Port destination() const { return Port{field(2)}; }
    /// Header and data.
    [[nodiscard]] std::uint16_t length() const { return field(4); }
    /// False where the sender computed none (IPv4 only, RFC 768).
    [[nodiscard]] bool has_checksum() const { return field(6) != 0; }
    [[nodiscard]] std::uint16_t checksum() const { return field(6); }
    [[nodiscard]] Octets payload() const { return datagram_.subspan(header_length); }
    /// Header and data.
    [[nodiscard]] Octets datagram() const { return datagram_; }
    /// `pseudo` is the sum of the pseudo-header; the whole datagram must be at hand.
    [[nodiscard]] bool is_checksum_correct(Checksum pseudo) const {
        return pseudo.add(datagram_).is_correct();
    }

  private:
    explicit UdpView(Octets datagram) : datagram_(datagram) {}

    [[nodiscard]] std::uint16_t field(std::size_t at) const {
        return load_be<std::uint16_t>(datagram_, at);
    }

    Octets datagram_;
};

struct UdpRepr {
    Port source;
    Port destination;
    std::uint16_t payload_length = 0;  ///< octets, at most payload_max

    /// What the length field can say; IPv4 allows 20 less (RFC 791).
    static constexpr std::size_t payload_max = 65527;
    /// Where the checksum lies in a header.
    static constexpr std::size_t checksum_offset = 6;

    static constexpr std::size_t size() { return UdpView::header_length; }
    static UdpRepr from(const UdpView& view);
    /// Writes size() octets with a checksum field of zero, "none computed".
    void emit(MutableOctets to) const;
    /// As emit, then completes the checksum; a sum of zero is sent as 0xffff (RFC 768). `rest` is
    /// the sum of the pseudo-header and of the payload.
    void emit(MutableOctets to, Checksum rest) const;

    friend bool operator==(const UdpRepr&, const UdpRepr&) = default;
};

}  // namespace dt::wire
