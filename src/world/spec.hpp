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

/// Most hosts of a world, most links, and most hosts of one link (10.0.N.1 to 10.0.N.250).
inline constexpr std::size_t hosts_max = 1000;
inline constexpr std::size_t links_max = 250;
inline constexpr std::size_t hosts_of_link_max = 250;

/// What is wrong with a specification, in one sentence; nothing where a World can be made of it.
[[nodiscard]] std::optional<std::string> problem(const Spec& spec);

void encode(Encoder& to, const Spec& spec);
/// Broken input gives some specification and a broken decoder. `format` is the recording's: hosts
/// of format 1 are given the options that they had, not those of today.
[[nodiscard]] Spec decode_spec(Decoder& from, std::uint64_t format);

}  // namespace dt::world
