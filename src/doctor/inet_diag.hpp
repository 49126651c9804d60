// NETLINK_SOCK_DIAG answers as sockets: sock_diag(7), linux/inet_diag.h. Pure: bytes in, values
// out.
#pragma once

#include <vector>

#include "base/octets.hpp"
#include "rules/evidence.hpp"

namespace dt::doctor {

/// How a run of netlink messages ended.
enum class Progress : std::uint8_t { more, done, failed };

struct DumpStep {
    Progress progress = Progress::more;
    int error = 0;  ///< errno of the kernel, where it failed
};

/// Appends the sockets of one datagram of an answer. A message that is cut short, or that has no
/// sense, ends it as failed with EBADMSG; attributes that are missing or short stay unset.
[[nodiscard]] DumpStep read_sockets(Octets datagram, rules::Protocol protocol,
                                    std::vector<rules::Socket>& out);

}  // namespace dt::doctor
