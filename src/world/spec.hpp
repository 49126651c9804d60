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

struct Spec {
    std::uint64_t seed = 1;
    Neighbours neighbours = Neighbours::introduced;
    std::vector<HostSpec> hosts;
    std::vector<link::LinkSpec> links;    // which hosts, delay, loss, rate…
    std::vector<link::FaultSpec> faults;  // "lose exactly the n-th SYN"…
};

/// The format of recordings that is written, and the oldest that is read. A specification has its
/// own part in it: format 1 knew neither addresses nor the count of tunables.
inline constexpr std::uint64_t recording_format = 2;
inline constexpr std::uint64_t recording_format_oldest = 1;

/// Most hosts of a world, most links, and most hosts of one link (10.0.N.1 to 10.0.N.250).
inline constexpr std::size_t hosts_max = 1000;
inline constexpr std::size_t links_max = 250;
inline constexpr std::size_t hosts_of_link_max = 250;

/// What is wrong with a specification, in one sentence; nothing where a World can be made of it.
[[nodiscard]] std::optional<std::string> problem(const Spec& spec);
/// What is wrong with the address given to a host: outside its links' subnets, or taken.
[[nodiscard]] std::optional<std::string> problem_of_address(const Spec& spec, HostIndex host);
/// Link N is 10.0.N.0/24.
[[nodiscard]] Prefix subnet_of_link(std::size_t link);

void encode(Encoder& to, const Spec& spec);
/// Reads what `encode` of the recording format `format` wrote; hosts of format 1 are given the
/// options that they had, not those of today. Broken input gives some specification and a broken
/// decoder.
[[nodiscard]] Spec decode_spec(Decoder& from, std::uint64_t format = recording_format);

}  // namespace dt::world
