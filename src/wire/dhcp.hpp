// DHCP messages (RFC 2131 §2) and those options of RFC 2132 that a client reads and writes.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "wire/address.hpp"

namespace dt::wire {

inline constexpr Port dhcp_server_port{67};
inline constexpr Port dhcp_client_port{68};

/// RFC 2132 §9.6.
enum class DhcpType : std::uint8_t {
    discover = 1,
    offer = 2,
    request = 3,
    decline = 4,
    ack = 5,
    nak = 6,
    release = 7,
};

/// A lease that knows no end (RFC 2131 §3.3).
inline constexpr std::uint32_t dhcp_for_ever = 0xffff'ffff;

/// What a server says. Options that are not there are nothing; those that we do not use are
/// skipped.
struct DhcpReply {
    static constexpr std::size_t routers_max = 3;  ///< further ones are skipped

    DhcpType type = DhcpType::offer;  ///< offer, ack or nak
    std::uint32_t xid = 0;
    Mac client;
    Ipv4 address;  ///< `yiaddr`
    std::optional<Ipv4> server;
    std::optional<std::uint8_t> prefix_length;  ///< bits of the subnet mask
    std::array<Ipv4, routers_max> routers{};
    std::uint8_t router_count = 0;
    std::optional<std::uint16_t> mtu;          ///< octets of IP
    std::optional<std::uint32_t> lease_s;      ///< seconds
    std::optional<std::uint32_t> renewal_s;    ///< T1
    std::optional<std::uint32_t> rebinding_s;  ///< T2

    /// From the text of a datagram. Errors: truncated where the fixed fields end early; malformed
    /// for what is no reply to a client on Ethernet, for an option that ends behind the message,
    /// for a type, a server or a time that has not the length of one, and for a message without its
    /// type. Other options that are ill-formed, as a mask with gaps, are skipped.
    static Result<DhcpReply> parse(Octets message);
};

/// What a client asks.
struct DhcpQuestion {
    /// As long as BOOTP's messages, which some relays demand (RFC 1542 §2.1).
    static constexpr std::size_t size = 300;
    using Message = std::array<std::byte, size>;

    DhcpType type = DhcpType::discover;  ///< discover, request, decline or release
    std::uint32_t xid = 0;
    std::uint16_t secs = 0;  ///< since it began to ask
    Mac client;
    Ipv4 address;                  ///< `ciaddr`: any, but for one that is in use
    std::optional<Ipv4> wanted;    ///< the address that was offered
    std::optional<Ipv4> server;    ///< which offer is meant
    std::uint16_t size_max = 576;  ///< octets of a reply

    /// Who has no address yet asks for replies to all of the link (RFC 2131 §4.1).
    [[nodiscard]] Message message() const;
};

}  // namespace dt::wire
