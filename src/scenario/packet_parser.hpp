// A packet of a scenario: `40001>80 S 0:0(0) win 65535 <mss 1460>`, `udp 40000>53 (100)`,
// `icmp 3/1`.
#pragma once

#include "scenario/words.hpp"

namespace dt::scenario {

/// Reads the packet; the tail of the arrow (`----->`) is already gone.
[[nodiscard]] Packet parse_packet(Piece piece, Complaint& complaint);

}  // namespace dt::scenario
