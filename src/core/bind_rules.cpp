// Sharing of local ports: SO_REUSEADDR, SO_REUSEPORT, wildcard and specific addresses.
#include "core/bind_rules.hpp"

namespace dt::core {

namespace {

/// SO_REUSEADDR on both sides, and nobody listens there (API-BIND-014…017, 022, 023).
bool share_by_address(const Holding& wanted, const Holding& held) {
    return wanted.reuse_address && held.reuse_address && held.kind != HolderKind::listener;
}

/// SO_REUSEPORT on both sides by one user (API-BIND-018…020). A connection and a TIME-WAIT record
/// have lost their user: they were made by a socket that had the port by right.
bool share_by_port(const Holding& wanted, const Holding& held) {
    if (!wanted.reuse_port || !held.reuse_port) return false;
    const bool has_user = held.kind == HolderKind::socket || held.kind == HolderKind::listener;
    return !has_user || wanted.uid == held.uid;
}

/// `::` takes IPv4 too (API-BIND-027) unless it is told not to (API-BIND-028); 0.0.0.0 takes IPv4
/// only (API-BIND-029).
bool takes_both(const Holding& holding) {
    return holding.local.addr == IpAddr::any_v6() && !holding.v6_only;
}

/// Two that keep to different links never meet (API-BIND-035).
bool are_apart(const Holding& a, const Holding& b) {
    return a.link && b.link && *a.link != *b.link;
}

}  // namespace

bool overlaps(const Holding& a, const Holding& b) {
    const IpAddr& one = a.local.addr;
    const IpAddr& other = b.local.addr;
    if (one == other) return true;
    if (one.family() == other.family()) return one.is_any() || other.is_any();
    return takes_both(a) || takes_both(b);
}

bool conflicts(const Holding& wanted, const Holding& held, Sharing sharing) {
    if (are_apart(wanted, held) || !overlaps(wanted, held)) return false;
    if (sharing == Sharing::refused) return true;
    return !share_by_address(wanted, held) && !share_by_port(wanted, held);
}

event::Reason reason_of(HolderKind kind) {
    switch (kind) {
        case HolderKind::socket: return event::Reason::port_held_by_socket;
        case HolderKind::listener: return event::Reason::port_held_by_listener;
        case HolderKind::connection: return event::Reason::port_held_by_connection;
        case HolderKind::time_wait: return event::Reason::port_in_time_wait;
    }
    return event::Reason::none;
}

}  // namespace dt::core
