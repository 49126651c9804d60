// Resets and broken pipes that a traced program was told of: the looks of R30 to R32, R35, R37,
// R38 and R63.
#pragma once

#include "rules/rule.hpp"

namespace dt::rules {

/// R31, R32: the peer, on this host too, closed with unread data or aborted.
void reset_by_peer(const Scene& scene, Findings& out);
/// R37: the peer's name answers a request with a reset, after a silence in which nothing came.
void reset_after_silence(const Scene& scene, Findings& out);
/// R30: the client had gone before it was accepted.
void gone_before_accept(const Scene& scene, Findings& out);
/// R35, R63: a write after the peer closed, or after the program's own shutdown.
void broken_pipe(const Scene& scene, Findings& out);
/// R38: TCP gave a connection up because its peer answered neither data nor probes.
void timed_out_call(const Scene& scene, Findings& out);

}  // namespace dt::rules
