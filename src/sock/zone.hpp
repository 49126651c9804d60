// Addresses that mean something on one link only (RFC 4007 §5, §6).
#pragma once

#include "wire/address.hpp"

namespace dt::sock {

/// Whether a call must say which link `address` is on: link-local ones, and groups of a link or of
/// a host alone (Linux __ipv6_addr_needs_scope_id()).
[[nodiscard]] bool needs_zone(const IpAddr& address);

}  // namespace dt::sock
