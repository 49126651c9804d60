// What a traced program waited for in vain: the looks of R36, R43 and R53.
#pragma once

#include "rules/rule.hpp"

namespace dt::rules {

/// R36: a request on a connection out of a pool that the peer had closed already.
void stale_connection(const Scene& scene, Findings& out);
/// R43: TCP sent the request again before the answer came.
void request_sent_again(const Scene& scene, Findings& out);
/// R53: a name server that does not answer, or an IPv6 address that is tried first in vain.
void slow_start(const Scene& scene, Findings& out);

}  // namespace dt::rules
