// IGMP as hosts speak it (RFC 3376, RFC 2236) and MLDv2, the same for IPv6 (RFC 3810): reports that
// we send, queries that we hear.
#pragma once

#include <array>
#include <cstdint>

#include "base/octets.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "wire/address.hpp"

namespace dt::wire {

/// What a report says of a group (RFC 3376 §4.2.12, RFC 3810 §5.2.12); sources are never named.
enum class GroupRecord : std::uint8_t {
    is_member = 2,  // MODE_IS_EXCLUDE: the answer to a query
    leaves = 3,     // CHANGE_TO_INCLUDE
    joins = 4,      // CHANGE_TO_EXCLUDE
};

/// Where reports go: all routers that understand them.
constexpr Ipv4 igmp_routers() { return {224, 0, 0, 22}; }
constexpr Ipv4 igmp_v2_routers() { return {224, 0, 0, 2}; }
constexpr Ipv6 mld_routers() {
    return Ipv6({0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16});
}

/// A router asks who hears a group.
struct GroupQuery {
    IpAddr group;  ///< any: every group
    Duration max_response{};
    enum class Version : std::uint8_t { two, three } version = Version::three;

    /// From a whole IGMP message, its checksum proved. Errors: truncated; malformed for what is no
    /// query, or one of version 1.
    static Result<GroupQuery> parse_igmp(Octets message);
    /// From a whole ICMPv6 message. Version 1 of MLD asks in the same words. Errors: truncated;
    /// malformed for what is no query, or one of an address that is no group.
    static Result<GroupQuery> parse_mld(Octets message);
};

inline constexpr std::uint8_t mld_query_type = 130;
inline constexpr std::uint8_t mld_report_type = 143;

/// An IGMPv3 report of one record, checksum and all.
[[nodiscard]] std::array<std::byte, 16> make_igmp_report(GroupRecord record, const Ipv4& group);
/// Of version 2: a report, or that the group was left.
[[nodiscard]] std::array<std::byte, 8> make_igmp_v2(GroupRecord record, const Ipv4& group);
/// An MLDv2 report of one record, checksum 0.
[[nodiscard]] std::array<std::byte, 28> make_mld_report(GroupRecord record, const Ipv6& group);

}  // namespace dt::wire
