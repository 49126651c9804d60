// Corners of the swarm: tiny bounds, wrapping numbers, options of sockets, partitions, clocks that
// leap.
#pragma once

#include "sim/plan.hpp"

namespace dt::sim {

/// Adds corners to a plan whose hosts and programs are drawn, by a generator of its own: what the
/// rest of the plan draws from its seed stays as it is.
void draw_corners(Plan& plan);
/// IPv6 on every host of some plans, and which programs use it; by a generator of its own too.
void draw_families(Plan& plan);

/// `, wraps, 2 frames a turn`: the corners of a host, empty where there are none.
[[nodiscard]] std::string corners_of(const world::HostSpec& host);

}  // namespace dt::sim
