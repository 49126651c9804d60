// Messages of neighbour discovery (RFC 4861 §4) and their options; all behind an ICMPv6 header.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "wire/icmpv6.hpp"

namespace dt::wire {

/// ND messages travel with this hop limit, so that none comes from beyond a router (RFC 4861
/// §11.2).
inline constexpr std::uint8_t nd_hop_limit = 255;

/// A prefix that a router advertises (RFC 4861 §4.6.2).
struct PrefixInformation {
    Ipv6 prefix;
    std::uint8_t length = 0;  ///< bits
    bool on_link = false;
    bool autonomous = false;
    std::uint32_t valid_s = 0;  ///< seconds; 0xffffffff: for ever
    std::uint32_t preferred_s = 0;
};

/// The options of one message that we read; others are skipped (RFC 4861 §4.6).
struct NdOptions {
    static constexpr std::size_t prefixes_max =
        16;  ///< of one advertisement; later ones are skipped

    std::optional<Mac> source_link;
    std::optional<Mac> target_link;
    std::optional<std::uint32_t> mtu;               ///< octets
    std::optional<std::array<std::byte, 6>> nonce;  ///< RFC 3971 §5.3.2, RFC 7527
    std::array<PrefixInformation, prefixes_max> prefixes{};
    std::size_t prefix_count = 0;

    /// Errors: malformed for an option of length 0, or one past the end (RFC 4861 §6.1).
    static Result<NdOptions> parse(Octets octets);
};

/// Neighbour Solicitation: who has `target`? (RFC 4861 §4.3)
struct NeighborSolicitation {
    Ipv6 target;
    NdOptions options;

    /// From a whole ICMPv6 message. Errors: truncated, malformed.
    static Result<NeighborSolicitation> parse(Octets message);
};

/// Neighbour Advertisement: `target` is at this link address (RFC 4861 §4.4).
struct NeighborAdvertisement {
    Ipv6 target;
    bool is_router = false;
    bool solicited = false;
    bool overrides = false;
    NdOptions options;

    static Result<NeighborAdvertisement> parse(Octets message);
};

/// Router Advertisement (RFC 4861 §4.2, RFC 4191 for the preference).
struct RouterAdvertisement {
    std::uint8_t hop_limit = 0;  ///< 0: not said
    std::int8_t preference = 0;  ///< 1 high, 0 medium, -1 low
    std::uint16_t lifetime_s = 0;
    std::uint32_t reachable_ms = 0;
    std::uint32_t retrans_ms = 0;
    NdOptions options;

    static Result<RouterAdvertisement> parse(Octets message);
};

/// Redirect (RFC 4861 §4.5).
struct RedirectMessage {
    Ipv6 target;
    Ipv6 destination;
    NdOptions options;

    static Result<RedirectMessage> parse(Octets message);
};

/// The octets of a message we send, checksum 0. `own`: our link address as the option of that kind.
[[nodiscard]] std::array<std::byte, 32> make_solicitation(const Ipv6& target, const Mac& own);
[[nodiscard]] std::array<std::byte, 32> make_advertisement(const NeighborAdvertisement& message,
                                                           const Mac& own);
/// Which routers are there? (RFC 4861 §4.1)
[[nodiscard]] std::array<std::byte, 16> make_router_solicitation(const Mac& own);
/// A solicitation of duplicate address detection: a nonce in place of the link address (RFC 7527).
[[nodiscard]] std::array<std::byte, 32> make_probe(const Ipv6& target,
                                                   const std::array<std::byte, 6>& nonce);

}  // namespace dt::wire
