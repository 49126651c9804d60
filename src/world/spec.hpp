// What a world is made of; the same value a recording starts with.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "event/config.hpp"
#include "event/event.hpp"
#include "link/spec.hpp"
#include "world/codec.hpp"

namespace dt::world {

using event::HostIndex;

struct HostSpec {
    std::string name;
    Config config = {};
    /// Its address on the link whose subnet holds it; elsewhere addresses follow the order of
    /// hosts.
    std::optional<IpAddr> address = {};
};

/// Whether hosts of one link know each other's link addresses from the start, so that the first
/// connection of a run takes as long as the next one, or ask for them by ARP.
enum class Neighbours : std::uint8_t { introduced, asked };

/// A host that is no stack of ours: the real network behind an interface. Frames for it leave the
/// world, and frames from it come in (World::connect_outside).
struct Outside {
    HostIndex host = 0;             ///< of Spec::hosts; on exactly one link
    Prefix network;                 ///< of that link, in place of 10.0.N.0/24; IPv4, 8 to 30 bits
    std::optional<IpAddr> gateway;  ///< in `network`; next hop of all others for everything else
};

struct Spec {
    std::uint64_t seed = 1;
    Neighbours neighbours = Neighbours::introduced;
    std::vector<HostSpec> hosts;
    std::vector<link::LinkSpec> links;    // which hosts, delay, loss, rate…
    std::vector<link::FaultSpec> faults;  // "lose exactly the n-th SYN"…
    std::optional<Outside> outside;
};

/// The format of recordings that is written, and the oldest that is read. A specification has its
/// own part in it: format 1 knew neither addresses nor the count of tunables, format 2 no outside,
/// format 3 no faults of large packets. Format 4 knew no zones of calls and no parts of datagrams.
inline constexpr std::uint64_t recording_format = 5;
inline constexpr std::uint64_t recording_format_oldest = 1;

/// Most hosts of a world, most links, and most hosts of one link (10.0.N.1 to 10.0.N.250).
inline constexpr std::size_t hosts_max = 1000;
inline constexpr std::size_t links_max = 250;
inline constexpr std::size_t hosts_of_link_max = 250;

/// What is wrong with a specification, in one sentence; nothing where a World can be made of it.
[[nodiscard]] std::optional<std::string> problem(const Spec& spec);
/// What is wrong with the address given to a host: outside its links' subnets, or taken.
[[nodiscard]] std::optional<std::string> problem_of_address(const Spec& spec, HostIndex host);
/// Link N is 10.0.N.0/24, but for the one that the outside is on.
[[nodiscard]] Prefix subnet_of_link(const Spec& spec, std::size_t link);
/// Bits of a link's IPv6 prefix.
inline constexpr std::uint8_t prefix_length_v6 = 64;
/// Whether the outside is on a link.
[[nodiscard]] bool reaches_outside(const Spec& spec, std::size_t link);

void encode(Encoder& to, const Spec& spec);
/// Reads what `encode` of the recording format `format` wrote; hosts of format 1 are given the
/// options that they had, not those of today. Broken input gives some specification and a broken
/// decoder.
[[nodiscard]] Spec decode_spec(Decoder& from, std::uint64_t format = recording_format);

}  // namespace dt::world
