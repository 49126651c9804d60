// Options of multicast: which groups a socket hears, and by which link it speaks to them (ip(7),
// ipv6(7), RFC 3493 §5.2).
#pragma once

#include "sock/options.hpp"

namespace dt::sock {

/// Groups of one socket (Linux igmp_max_memberships).
inline constexpr std::size_t memberships_max = 20;

// IP_MULTICAST_IF and IPV6_MULTICAST_IF: by an address of ours, or by the link's number.
[[nodiscard]] Answer<std::size_t> read_multicast_address(const OptionTarget& target,
                                                         MutableOctets to);
[[nodiscard]] Answer<void> write_multicast_address(const OptionTarget& target, Octets from);
[[nodiscard]] Answer<std::size_t> read_multicast_link(const OptionTarget& target, MutableOctets to);
[[nodiscard]] Answer<void> write_multicast_link(const OptionTarget& target, Octets from);

// IPV6_MULTICAST_IF too is no option of streams, and a socket that keeps to a link takes no other.
// IPV6_MULTICAST_HOPS: -1 is the first value again, 1.
[[nodiscard]] Answer<std::size_t> read_multicast_hops(const OptionTarget& target, MutableOctets to);
[[nodiscard]] Answer<void> write_multicast_hops(const OptionTarget& target, Octets from);

/// Whether a socket hears the groups of a family that others joined: IP_MULTICAST_ALL,
/// IPV6_MULTICAST_ALL.
[[nodiscard]] event::Switch hears_all(const Socket& socket, Family of);
// IP_MULTICAST_ALL: on an AF_INET6 socket it begins as 0.
[[nodiscard]] Answer<std::size_t> read_multicast_all_v4(const OptionTarget& target,
                                                        MutableOctets to);
[[nodiscard]] Answer<void> write_multicast_all_v4(const OptionTarget& target, Octets from);

// IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP and their opposites. Errors: protocol_error for a stream,
// invalid_argument for what is no group, no_such_device, address_in_use for a group that is joined,
// no_buffer_space for one too many, address_not_available for one that is not joined.
[[nodiscard]] Answer<void> join_v4(const OptionTarget& target, Octets from);
[[nodiscard]] Answer<void> leave_v4(const OptionTarget& target, Octets from);
[[nodiscard]] Answer<void> join_v6(const OptionTarget& target, Octets from);
[[nodiscard]] Answer<void> leave_v6(const OptionTarget& target, Octets from);
// MCAST_JOIN_GROUP and MCAST_LEAVE_GROUP, for either family (RFC 3678 §5.1).
[[nodiscard]] Answer<void> join_any_v4(const OptionTarget& target, Octets from);
[[nodiscard]] Answer<void> leave_any_v4(const OptionTarget& target, Octets from);
[[nodiscard]] Answer<void> join_any_v6(const OptionTarget& target, Octets from);
[[nodiscard]] Answer<void> leave_any_v6(const OptionTarget& target, Octets from);

}  // namespace dt::sock
