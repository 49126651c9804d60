// The sockets of one stack as viewers see them.
#pragma once

#include "event/snapshot.hpp"
#include "sock/table.hpp"

namespace dt::sock {

/// Appends one view per socket, connection, half-open entry and TIME-WAIT record to `to`: listeners
/// first, then by creation, then what no program owns, TIME-WAIT last. Fills the counters.
void take_snapshot(const SocketTable& table, Instant now, event::Snapshot& to);

}  // namespace dt::sock
