// Control messages of sendmsg() on datagrams (cmsg(3), ip(7), ipv6(7)): the program wrote every
// octet.
#pragma once

#include <expected>

#include "base/octets.hpp"
#include "sock/sockets.hpp"

namespace dt::host {

/// Octets of control messages that one call carries at most (Linux net.core.optmem_max).
inline constexpr std::size_t send_control_max = 20'480;

/// What `control` asks for, as Linux reads it: IP_PKTINFO, IP_TTL, IP_TOS, IPV6_PKTINFO,
/// IPV6_HOPLIMIT, IPV6_TCLASS; levels that are none of IP's are passed by. Errors (errno): EINVAL
/// for a length or a value that makes no sense, and for other messages of IP.
[[nodiscard]] std::expected<sock::SendAs, int> read_send_control(Octets control);

}  // namespace dt::host
