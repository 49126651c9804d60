// Which of our IPv6 addresses a packet leaves from (RFC 6724 §5).
#pragma once

#include <optional>

#include "ip/interface.hpp"
#include "wire/address.hpp"

namespace dt::ip {

/// The best source for `destination` by the interface `out`; nothing where no address will do.
/// Where two are equal by all rules the earlier one of the interface stays (SRC-016). Rules 4 and
/// 5.5 are left out: no mobile IP, and Linux has no 5.5 (SRC-004, SRC-006).
[[nodiscard]] std::optional<IpAddr> choose_source_v6(const InterfaceTable& interfaces,
                                                     InterfaceIndex out, const Ipv6& destination);

/// Label of an address in the policy table of RFC 6724 §2.1: compared for equality only (SRC-014).
[[nodiscard]] int policy_label(const Ipv6& address);

}  // namespace dt::ip
