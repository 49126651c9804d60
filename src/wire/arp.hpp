// ARP for IPv4 over Ethernet (RFC 826).
#pragma once

#include <cstdint>

#include "wire/address.hpp"

namespace dt::wire {

enum class ArpOperation : std::uint16_t { request = 1, reply = 2 };

/// A packet proved long enough for Ethernet and IPv4 addresses.
class ArpView {
  public:
    static constexpr std::size_t size = 28;

    /// Errors: truncated. What the fields say is for ArpRepr::from.
    static Result<ArpView> parse(Octets packet);

    [[nodiscard]] std::uint16_t hardware_type() const { return field(0); }
    [[nodiscard]] std::uint16_t protocol_type() const { return field(2); }
    [[nodiscard]] std::uint8_t hardware_length() const { return octet(4); }
    [[nodiscard]] std::uint8_t protocol_length() const { return octet(5); }
    [[nodiscard]] std::uint16_t operation() const { return field(6); }
    [[nodiscard]] Mac sender_mac() const { return Mac::load(packet_, 8); }
    [[nodiscard]] Ipv4 sender_ip() const { return Ipv4::load(packet_, 14); }
    [[nodiscard]] Mac target_mac() const { return Mac::load(packet_, 18); }
    [[nodiscard]] Ipv4 target_ip() const { return Ipv4::load(packet_, 24); }

  private:
    explicit ArpView(Octets packet) : packet_(packet) {}

    [[nodiscard]] std::uint8_t octet(std::size_t at) const {
        return std::to_integer<std::uint8_t>(packet_[at]);
    }
    [[nodiscard]] std::uint16_t field(std::size_t at) const {
        return load_be<std::uint16_t>(packet_, at);
    }

    Octets packet_;
};

struct ArpRepr {
    ArpOperation operation = ArpOperation::request;
    Mac sender_mac;
    Ipv4 sender_ip;
    Mac target_mac;
    Ipv4 target_ip;

    static constexpr std::size_t size() { return ArpView::size; }
    /// Errors: malformed unless Ethernet (hardware type 1, or 6 as Linux takes it), IPv4, lengths
    /// 6 and 4, and a request or reply (ARP-002).
    static Result<ArpRepr> from(const ArpView& view);
    /// Writes size() octets.
    void emit(MutableOctets to) const;
    /// The answer of the owner of `target_ip`, from `mac`, to this request (ARP-001).
    [[nodiscard]] ArpRepr reply_from(Mac mac) const {
        return {ArpOperation::reply, mac, target_ip, sender_mac, sender_ip};
    }

    friend bool operator==(const ArpRepr&, const ArpRepr&) = default;
};

}  // namespace dt::wire
