// Connects without answer or with a late one, and ports that run out: the looks of R20 to R23, R60.
#pragma once

#include "rules/rule.hpp"

namespace dt::rules {

/// R21: SYNs without any answer, of a call that timed out or of sockets that wait now.
void no_answer(const Scene& scene, Findings& out);
/// R20: the connect worked, after SYNs or SYN-ACKs were lost.
void late_answer(const Scene& scene, Findings& out);
/// R22: no ephemeral port is left towards one destination.
void no_port_for_connect(const Scene& scene, Findings& out);
/// R60: the 4-tuple that the call asks for is in use.
void same_four_tuple(const Scene& scene, Findings& out);
/// R23: both ends of a connection are the same socket.
void connected_to_itself(const Scene& scene, Findings& out);

}  // namespace dt::rules
