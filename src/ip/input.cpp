// Checks of arriving IPv4 packets (RFC 791, RFC 1122 §3.2.1, RFC 6890).
#include "ip/input.hpp"

namespace dt::ip {

using event::Reason;

namespace {

/// The first reason that one of the rules has, in their order.
template <Reason (*... rules)(const Arrived&)>
Reason first_of(const Arrived& packet) {
    Reason reason = Reason::none;
    static_cast<void>((((reason = rules(packet)) != Reason::none) || ...));
    return reason;
}

}  // namespace

Reason check_total_length(const Arrived& packet) {
    return packet.header.total_length() > packet.octets ? Reason::bad_header : Reason::none;
}

Reason check_header_checksum(const Arrived& packet) {
    return packet.header.is_checksum_correct() ? Reason::none : Reason::bad_checksum;
}

Reason check_loopback(const Arrived& packet) {
    if (packet.in == loopback_interface) return Reason::none;
    const bool is_martian =
        packet.header.source().is_loopback() || packet.header.destination().is_loopback();
    return is_martian ? Reason::martian_loopback : Reason::none;
}

Reason check_source(const Arrived& packet) {
    const Ipv4 source = packet.header.source();
    if (source.is_multicast() || source.is_reserved()) return Reason::invalid_source;
    if (packet.interfaces.is_broadcast(source)) return Reason::invalid_source;
    if (source.is_any()) {  // a host that asks for its address (RFC 1122 §3.2.1.3)
        const bool asks = packet.header.protocol() == wire::IpProtocol::udp;
        return asks ? Reason::none : Reason::invalid_source;
    }
    if (source.is_this_network()) return Reason::invalid_source;
    const bool is_own = packet.interfaces.is_local(source);
    return is_own && packet.in != loopback_interface ? Reason::invalid_source : Reason::none;
}

Reason check_options(const Arrived& packet) {
    switch (packet.header.options_kind()) {
        case wire::Ipv4OptionsKind::harmless: return Reason::none;
        case wire::Ipv4OptionsKind::source_route: return Reason::source_routed;
        case wire::Ipv4OptionsKind::malformed: return Reason::bad_header;
    }
    return Reason::none;
}

Reason check_arrival(const Arrived& packet) {
    return first_of<check_total_length, check_header_checksum, check_loopback, check_source,
                    check_options>(packet);
}

Meant meant_for(const IpAddr& destination, const InterfaceTable& interfaces) {
    if (interfaces.is_local(destination)) return Meant::us;
    if (interfaces.is_broadcast(destination)) return Meant::many;
    if (interfaces.is_joined(destination)) return Meant::many;
    return Meant::another;
}

}  // namespace dt::ip
