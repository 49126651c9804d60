// Ethernet II frames, with the priority tag of IEEE 802.1Q (RFC 894).
#pragma once

#include <cstdint>

#include "wire/address.hpp"

namespace dt::wire {

/// What a frame carries. An open set: any other value may stand in a frame.
enum class EtherType : std::uint16_t {
    ipv4 = 0x0800,
    arp = 0x0806,
    vlan = 0x8100,
    ipv6 = 0x86dd,
};

/// A frame proved long enough for its header and, where there is one, its 802.1Q tag. One tag is
/// looked through; a frame of VLAN 0 differs in priority only and is ours (ARP-018).
class EthernetView {
  public:
    /// Errors: truncated.
    static Result<EthernetView> parse(Octets frame);

    [[nodiscard]] Mac destination() const { return Mac::load(frame_, 0); }
    [[nodiscard]] Mac source() const { return Mac::load(frame_, 6); }
    /// The type behind the tag.
    [[nodiscard]] EtherType type() const {
        return static_cast<EtherType>(load_be<std::uint16_t>(frame_, header_length_ - 2U));
    }
    /// 0 without a tag and for a priority tag; other VLANs are not ours.
    [[nodiscard]] std::uint16_t vlan_id() const;
    /// True for an IEEE 802.3 length in place of the type (RFC 1042); not received.
    [[nodiscard]] bool is_802_3() const { return static_cast<std::uint16_t>(type()) < 0x0600; }
    [[nodiscard]] std::size_t header_length() const { return header_length_; }
    /// What follows the header, link padding included.
    [[nodiscard]] Octets payload() const { return frame_.subspan(header_length_); }

  private:
    EthernetView(Octets frame, std::uint8_t header_length)
        : frame_(frame), header_length_(header_length) {}

    Octets frame_;
    std::uint8_t header_length_;
};

/// The header we send: never tagged.
struct EthernetRepr {
    Mac destination;
    Mac source;
    EtherType type = EtherType::ipv4;

    static constexpr std::size_t size() { return 14; }
    static EthernetRepr from(const EthernetView& view) {
        return {view.destination(), view.source(), view.type()};
    }
    /// Writes size() octets.
    void emit(MutableOctets to) const;

    friend bool operator==(const EthernetRepr&, const EthernetRepr&) = default;
};

/// Shortest frame without its check sequence: 60 octets; what is missing is zero (RFC 894).
inline constexpr std::size_t ethernet_frame_min = 60;

}  // namespace dt::wire
