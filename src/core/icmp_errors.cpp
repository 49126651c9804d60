// What ICMP errors mean: kind, errno, hardness.
#include "core/icmp_errors.hpp"

#include <array>

#include "wire/icmpv4.hpp"
#include "wire/icmpv6.hpp"

namespace dt::core {

using tcp::IcmpError;
using udp::Hardness;
using wire::Icmpv4Type;
using wire::Icmpv6Type;
using wire::Unreachable6Code;
using wire::UnreachableCode;

namespace {

std::optional<IcmpError> unreachable_kind(UnreachableCode code) {
    switch (code) {
        case UnreachableCode::network:
        case UnreachableCode::network_unknown:
        case UnreachableCode::network_prohibited:
        case UnreachableCode::network_for_tos: return IcmpError::network_unreachable;
        case UnreachableCode::host:
        case UnreachableCode::source_route_failed:
        case UnreachableCode::host_unknown:
        case UnreachableCode::source_host_isolated:
        case UnreachableCode::host_prohibited:
        case UnreachableCode::host_for_tos: return IcmpError::host_unreachable;
        case UnreachableCode::protocol: return IcmpError::protocol_unreachable;
        case UnreachableCode::port: return IcmpError::port_unreachable;
        case UnreachableCode::fragmentation_needed: return IcmpError::fragmentation_needed;
        case UnreachableCode::prohibited:
        case UnreachableCode::precedence_violation:
        case UnreachableCode::precedence_cutoff: return IcmpError::admin_prohibited;
    }
    return std::nullopt;
}

/// RFC 4443 §3.1; codes it does not name count as a fault of the protocol (ICMP6-012, Linux).
IcmpError unreachable_kind_v6(Unreachable6Code code) {
    switch (code) {
        case Unreachable6Code::no_route: return IcmpError::network_unreachable;
        case Unreachable6Code::prohibited:
        case Unreachable6Code::source_policy:
        case Unreachable6Code::reject_route: return IcmpError::policy_denied;
        case Unreachable6Code::beyond_scope:
        case Unreachable6Code::address: return IcmpError::host_unreachable;
        case Unreachable6Code::port: return IcmpError::port_unreachable;
    }
    return IcmpError::parameter_problem;
}

/// TCP-ICMP-014, ICMP6-012.
IcmpError icmp_kind_v6(const ip::ErrorIn& error) {
    switch (static_cast<Icmpv6Type>(error.type)) {
        case Icmpv6Type::destination_unreachable:
            return unreachable_kind_v6(static_cast<Unreachable6Code>(error.code));
        case Icmpv6Type::packet_too_big: return IcmpError::fragmentation_needed;
        case Icmpv6Type::time_exceeded: return IcmpError::time_exceeded;
        case Icmpv6Type::parameter_problem:
        case Icmpv6Type::echo_request:
        case Icmpv6Type::echo_reply:
        case Icmpv6Type::group_query:
        case Icmpv6Type::router_solicitation:
        case Icmpv6Type::router_advertisement:
        case Icmpv6Type::neighbor_solicitation:
        case Icmpv6Type::neighbor_advertisement:
        case Icmpv6Type::redirect: break;
    }
    return IcmpError::parameter_problem;
}

template <class Code>
struct Row {
    Code code;
    DatagramError means;
};

/// Each code stands at its own place.
template <class Rows>
constexpr bool is_in_order(const Rows& rows) {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].code) != i) return false;
    }
    return true;
}

// Linux says EHOSTDOWN for host_unknown and ENONET for source_host_isolated: no Error stands for
// them.
constexpr auto rows_v4 = std::to_array<Row<UnreachableCode>>({
    {UnreachableCode::network, {Error::network_unreachable, Hardness::soft}},
    {UnreachableCode::host, {Error::host_unreachable, Hardness::soft}},
    {UnreachableCode::protocol, {Error::no_such_option, Hardness::hard}},
    {UnreachableCode::port, {Error::connection_refused, Hardness::hard}},
    {UnreachableCode::fragmentation_needed, {Error::message_too_long, Hardness::of_size}},
    {UnreachableCode::source_route_failed, {Error::not_supported, Hardness::soft}},
    {UnreachableCode::network_unknown, {Error::network_unreachable, Hardness::hard}},
    {UnreachableCode::host_unknown, {Error::host_unreachable, Hardness::hard}},
    {UnreachableCode::source_host_isolated, {Error::host_unreachable, Hardness::hard}},
    {UnreachableCode::network_prohibited, {Error::network_unreachable, Hardness::hard}},
    {UnreachableCode::host_prohibited, {Error::host_unreachable, Hardness::hard}},
    {UnreachableCode::network_for_tos, {Error::network_unreachable, Hardness::soft}},
    {UnreachableCode::host_for_tos, {Error::host_unreachable, Hardness::soft}},
    {UnreachableCode::prohibited, {Error::host_unreachable, Hardness::hard}},
    {UnreachableCode::precedence_violation, {Error::host_unreachable, Hardness::hard}},
    {UnreachableCode::precedence_cutoff, {Error::host_unreachable, Hardness::hard}},
});
static_assert(is_in_order(rows_v4));

constexpr auto rows_v6 = std::to_array<Row<Unreachable6Code>>({
    {Unreachable6Code::no_route, {Error::network_unreachable, Hardness::soft}},
    {Unreachable6Code::prohibited, {Error::access_denied, Hardness::hard}},
    {Unreachable6Code::beyond_scope, {Error::host_unreachable, Hardness::soft}},
    {Unreachable6Code::address, {Error::host_unreachable, Hardness::soft}},
    {Unreachable6Code::port, {Error::connection_refused, Hardness::hard}},
    {Unreachable6Code::source_policy, {Error::access_denied, Hardness::hard}},
    {Unreachable6Code::reject_route, {Error::access_denied, Hardness::hard}},
});
static_assert(is_in_order(rows_v6));

/// What a code of destination_unreachable means, and those that the table does not know.
template <class Rows>
DatagramError in(const Rows& rows, std::uint8_t code) {
    constexpr DatagramError unknown{Error::protocol_error, Hardness::hard};
    return code < rows.size() ? rows[code].means : unknown;
}

/// The octet of a message's type: any may stand there.
template <class Type>
bool is(std::uint8_t octet, Type type) {
    return octet == static_cast<std::uint8_t>(type);
}

DatagramError error_v4(std::uint8_t type, std::uint8_t code) {
    if (is(type, Icmpv4Type::destination_unreachable)) return in(rows_v4, code);
    if (is(type, Icmpv4Type::time_exceeded)) return {Error::host_unreachable, Hardness::soft};
    return {Error::protocol_error, Hardness::hard};
}

DatagramError error_v6(std::uint8_t type, std::uint8_t code) {
    if (is(type, Icmpv6Type::destination_unreachable)) return in(rows_v6, code);
    if (is(type, Icmpv6Type::packet_too_big)) return {Error::message_too_long, Hardness::of_size};
    if (is(type, Icmpv6Type::time_exceeded)) return {Error::host_unreachable, Hardness::soft};
    const bool is_known = is(type, Icmpv6Type::parameter_problem);
    return {Error::protocol_error, is_known ? Hardness::hard : Hardness::soft};
}

}  // namespace

std::optional<IcmpError> icmp_kind(const ip::ErrorIn& error) {
    if (!error.source.is_v4()) return icmp_kind_v6(error);
    switch (static_cast<Icmpv4Type>(error.type)) {
        case Icmpv4Type::destination_unreachable:
            return unreachable_kind(static_cast<UnreachableCode>(error.code));
        case Icmpv4Type::time_exceeded:
            if (static_cast<wire::TimeExceededCode>(error.code) != wire::TimeExceededCode::ttl) {
                return std::nullopt;
            }
            return IcmpError::time_exceeded;
        case Icmpv4Type::parameter_problem: return IcmpError::parameter_problem;
        case Icmpv4Type::echo_reply:
        case Icmpv4Type::source_quench:
        case Icmpv4Type::redirect:
        case Icmpv4Type::echo_request:
        case Icmpv4Type::timestamp_request:
        case Icmpv4Type::timestamp_reply: return std::nullopt;
    }
    return std::nullopt;
}

DatagramError datagram_error(const ip::ErrorIn& error) {
    return error.source.is_v4() ? error_v4(error.type, error.code)
                                : error_v6(error.type, error.code);
}

}  // namespace dt::core
