// UDP and ICMP sockets: naming, connecting, sending, receiving (spec 6.4, 6.5, 5.9, 5.3).
#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "base/checksum.hpp"
#include "sock/multicast.hpp"
#include "sock/table.hpp"
#include "wire/icmpv4.hpp"
#include "wire/icmpv6.hpp"

namespace dt::sock {
namespace {

using event::Reason;

constexpr std::size_t length_field_max = 65535;
constexpr std::size_t udp_octets = 8;

/// Octets of the headers in front of what a socket sends.
std::size_t header_octets(const Socket& socket, const IpAddr& to) {
    const bool is_udp = socket.transport == event::Transport::udp;
    return (to.is_v4() ? 20U : 40U) + (is_udp ? udp_octets : 0U);
}
/// 65507 and 65527 (UDP-010): IPv6 does not count its own header.
std::size_t text_max(const Socket& socket, const IpAddr& to) {
    const std::size_t of_ip = to.is_v4() ? 0 : 40;
    return length_field_max - (header_octets(socket, to) - of_ip);
}
constexpr std::uint32_t receive_buffer_default = 212'992;  // Linux net.core.rmem_default

/// IP_PMTUDISC_DO and IP_PMTUDISC_PROBE leave sizes to the program.
bool may_fragment(const Settings& settings) {
    constexpr std::int32_t always = 2;
    constexpr std::int32_t probe = 3;
    return settings.mtu_discover != always && settings.mtu_discover != probe;
}

/// IP_PMTUDISC_WANT too proves its path, with what fits (Linux ip_dont_fragment()).
event::Switch dont_fragment(const Settings& settings, bool fits) {
    constexpr std::int32_t want = 1;
    const bool proves = !may_fragment(settings) || (settings.mtu_discover == want && fits);
    return proves ? event::Switch::on : event::Switch::off;
}

/// udp_err(), udpv6_err(), raw_err() and rawv6_err() of Linux.
udp::Oversize oversize_of(const Socket& socket) {
    constexpr std::int32_t never = 0;  // IP_PMTUDISC_DONT
    constexpr std::int32_t always = 2;
    const std::int32_t discover = socket.settings().mtu_discover;
    const bool is_raw = socket.transport == event::Transport::raw;
    const bool is_v4 = socket.family == Family::inet;
    const bool is_hard = is_raw && !is_v4 ? discover == always : discover != never;
    if (is_hard) return udp::Oversize::hard;
    return is_v4 && !is_raw ? udp::Oversize::unheard : udp::Oversize::soft;
}

udp::Carriage carriage_of(const Settings& settings, const IpAddr& to, bool fits) {
    udp::Carriage carriage{.tos = settings.tcp.tos,
                           .ttl = settings.tcp.ttl,
                           .dont_fragment = dont_fragment(settings, fits)};
    if (to.is_multicast()) {
        const Groups& groups = settings.groups_of(to);
        carriage.ttl = static_cast<std::uint8_t>(groups.ttl);
        carriage.loops = groups.loop;
    }
    return carriage;
}

/// Into how many octets each what a datagram has is cut (UDP_SEGMENT); 0: it is one.
std::uint16_t segment_of(const Socket& socket, const SendAs& as) {
    if (socket.transport != event::Transport::udp) return 0;
    return as.segment.value_or(socket.settings().segment);
}

/// What Linux asks of it (udp_send_skb()): none is cut further by IP, and at most 128 go at once.
Answer<void> check_segments(const Socket& socket, const SocketTable::Length& length) {
    constexpr std::size_t segments_max = 128;  // UDP_MAX_SEGMENTS
    const std::size_t longest = std::min<std::size_t>(length.text, length.segment);
    if (longest + length.headers > length.mtu) {
        return refuse(Error::message_too_long, Reason::packet_too_big);
    }
    const bool is_checked = socket.settings().no_check == event::Switch::off;
    if (length.text > length.segment * segments_max || !is_checked) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    return {};
}

/// Whether `next` can be given with what came before it, as one (UDP_GRO): of one sender and one
/// way, and none longer than the first.
bool joins(const udp::Datagram& first, const udp::Datagram& next, std::size_t so_far) {
    constexpr std::size_t joined_max = 65'507;
    return next.tuple == first.tuple && next.length <= first.length && next.length > 0 &&
           so_far + next.length <= joined_max && next.arrival.tos == first.arrival.tos &&
           next.arrival.ttl == first.arrival.ttl && next.arrival.heard_by == first.arrival.heard_by;
}

/// What one datagram asks for itself comes before what its socket was set to.
void ask_for(const SendAs& as, udp::Carriage& carriage) {
    carriage.ttl = as.ttl.value_or(carriage.ttl);
    carriage.tos = as.tos.value_or(carriage.tos);
}

/// With IP_MULTICAST_ALL 0 none but its own; nothing: all that the host hears.
std::optional<udp::HeardGroups> groups_heard(const Socket& socket) {
    const bool all_v4 =
        socket.settings().tcp.v6_only || hears_all(socket, Family::inet) == event::Switch::on;
    const bool all_v6 = hears_all(socket, Family::inet6) == event::Switch::on;
    if (all_v4 && (all_v6 || socket.family == Family::inet)) return std::nullopt;
    udp::HeardGroups heard{.all_v4 = all_v4, .all_v6 = all_v6, .joined = {}};
    const auto& memberships = socket.settings().memberships;
    heard.joined.reserve(memberships.size());
    for (const Membership& each : memberships) heard.joined.push_back({each.group, each.link});
    return heard;
}

std::size_t copy_text(const udp::Datagram& datagram, MutableOctets to) {
    std::size_t copied = 0;
    const std::size_t wanted = std::min<std::size_t>(datagram.length, to.size());
    datagram.frame->payload(datagram.offset, [&](const Slice& slice) {
        const std::size_t count = std::min<std::size_t>(slice.size(), wanted - copied);
        if (count == 0) return;
        std::memcpy(to.data() + copied, slice.octets().data(), count);
        copied += count;
    });
    return copied;
}

/// Takes those that wait behind `first` and go on where it ends. All are as long as it is but for
/// the last, which may be shorter.
void join_waiting(udp::Engine& engine, udp::EndpointId id, const udp::Datagram& first,
                  MutableOctets to, Received& received) {
    constexpr int joined_max = 64;  // UDP_GRO_CNT_MAX of Linux: programs make room for so many
    std::uint32_t last = first.length;
    for (int count = 1; count < joined_max && last == first.length; ++count) {
        const udp::Datagram* next = engine.front(id);
        if (next == nullptr || !joins(first, *next, received.full_size)) return;
        const auto datagram = engine.receive(id);
        received.copied += copy_text(*datagram, to.subspan(received.copied));
        received.full_size += datagram->length;
        received.segment = static_cast<std::uint16_t>(first.length);
        last = datagram->length;
    }
}

}  // namespace

std::optional<tcp::PathMtu> SocketTable::narrow_path(const Turn& turn, const Socket& socket,
                                                     const core::Core::Chosen& to) const {
    constexpr std::int32_t probe = 3;  // and IP_PMTUDISC_INTERFACE, IP_PMTUDISC_OMIT behind it
    if (socket.settings().mtu_discover >= probe) return std::nullopt;
    const auto known = core_.path_mtu(to.destination, turn.now());
    const bool is_narrow = known && known->mtu < to.path.mtu;
    return is_narrow ? known : std::nullopt;
}

std::uint64_t SocketTable::front_length(const Socket& socket) const {
    const auto* datagram = std::get_if<Datagram>(&socket.state);
    if (datagram == nullptr || !datagram->id) return 0;
    return carrier(socket).front_length(*datagram->id);
}

void SocketTable::open_endpoint(SocketId id, Socket& socket) {
    auto& datagram = std::get<Datagram>(socket.state);
    const std::uint32_t set = socket.settings().tcp.receive_buffer;
    const std::uint32_t buffer = set == 0 ? receive_buffer_default : set;
    const auto stacks = socket.settings().tcp.v6_only ? udp::Stacks::v6_only : udp::Stacks::both;
    datagram.id = carrier(socket).open(socket.local, buffer, stacks);
    own(socket.transport, *datagram.id, id);
    if (socket.settings().tcp.reuse_port) carrier(socket).share_port(*datagram.id);
    apply_to_endpoint(socket);
}

Answer<void> SocketTable::name_datagram(SocketId id, Socket& socket) {
    const bool has_name =
        socket.port_hold != PortHold::none || socket.transport == event::Transport::raw;
    if (has_name) return {};
    const Endpoint wanted{socket.local.addr, Port::any()};
    if (auto claimed = claim_port(id, socket, wanted, false); !claimed) {
        const bool taken = claimed.error().error == Error::address_in_use;
        return refuse(taken ? Error::would_block : claimed.error().error, claimed.error().reason);
    }
    open_endpoint(id, socket);
    return {};
}

Answer<void> SocketTable::connect_datagram(SocketId id, Socket& socket, const ZonedEndpoint& to) {
    const Endpoint& remote = to.endpoint;
    if (auto named = name_datagram(id, socket); !named) return named;
    if (auto fitting = check_family(socket, remote.addr); !fitting) return fitting;
    if (auto zoned = connect_to_zone(socket, to); !zoned) return zoned;
    auto chosen = choose_path(socket, remote.addr);
    if (!chosen) return std::unexpected(chosen.error());
    const bool broadcast = core_.ip().is_broadcast(chosen->destination);
    if (broadcast && socket.settings().broadcast == event::Switch::off) {
        return refuse(Error::access_denied, Reason::wrong_state);
    }
    auto& datagram = std::get<Datagram>(socket.state);
    socket.remote = std::make_unique<Endpoint>(chosen->destination, remote.port);
    if (socket.local.addr.is_any()) {
        socket.local.addr = chosen->source;
        carrier(socket).rebind(*datagram.id, socket.local);
    }
    // ICMP has no ports: the one that was given means nothing.
    const bool is_udp = socket.transport == event::Transport::udp;
    if (!is_udp) socket.remote->port = Port::any();
    carrier(socket).connect(*datagram.id, *socket.remote);
    return {};
}

/// An address or port that bind() did not fix goes back (API-CONN-018 for datagrams), and the link
/// that it kept to (Linux __udp_disconnect()).
void SocketTable::disconnect_datagram(SocketId id, Socket& socket) {
    auto& datagram = std::get<Datagram>(socket.state);
    socket.remote.reset();
    keep_to_device(socket, 0);
    if (!datagram.id) return;
    if (!socket.marks.has(Mark::address_fixed)) socket.local.addr = socket.any_address();
    if (socket.port_hold == PortHold::automatic) {
        carrier(socket).close(*datagram.id);
        datagram.id.reset();
        release_port(id, socket);
        socket.local.port = Port::any();
        return;
    }
    carrier(socket).rebind(*datagram.id, socket.local);
    carrier(socket).connect(*datagram.id, std::nullopt);
}

Answer<Endpoint> SocketTable::datagram_target(const Socket& socket, std::optional<Endpoint> to) {
    if (to) {
        if (auto fitting = check_family(socket, to->addr); !fitting) {
            return std::unexpected(fitting.error());
        }
        if (socket.transport != event::Transport::udp) return Endpoint{to->addr, Port::any()};
        if (to->port.is_any()) return refuse(Error::invalid_argument, Reason::bad_argument);
        return *to;
    }
    if (!socket.remote) return refuse(Error::destination_required, Reason::wrong_state);
    return *socket.remote;
}

/// Who reads its errors finds there how much the path takes (IP_RECVERR of ip(7); tracepath, ping).
void SocketTable::tell_too_long(const Socket& socket, const IpAddr& to, std::uint32_t mtu) const {
    const auto& datagram = std::get<Datagram>(socket.state);
    if (!datagram.id) return;
    // The port is that of connect() (Linux ip_local_error()).
    const Port port = socket.remote ? socket.remote->port : Port::any();
    const udp::Notice notice{.origin = udp::Notice::Origin::local,
                             .to = {to, port},
                             .from = {},
                             .error = Error::message_too_long,
                             .mtu = mtu};
    carrier(socket).tell_local_error(*datagram.id, notice);
}

/// A zone is of an address that is named.
SendAs SocketTable::wishes_of(const Sending& sending) {
    SendAs as = sending.as;
    if (!sending.to) as.zone.reset();
    return as;
}

/// What is too long for IP, or for a path where it may not be cut.
Answer<void> SocketTable::check_length(const Socket& socket, const IpAddr& to,
                                       const Length& length) const {
    const bool is_longest = length.text > text_max(socket, to);
    if (!is_longest && length.segment != 0) {
        return check_segments(socket, length);
    }
    const bool is_whole = length.text + length.headers <= length.mtu;
    if (!is_longest && (is_whole || may_fragment(socket.settings()))) return {};
    tell_too_long(socket, to, length.mtu);
    return refuse(Error::message_too_long,
                  is_longest ? Reason::bad_argument : Reason::packet_too_big);
}

Answer<std::size_t> SocketTable::send_datagram(const Turn& turn, SocketId id,
                                               const Sending& sending) {
    const Octets text = sending.text;
    const auto& to = sending.to;
    const SendAs as = wishes_of(sending);
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (auto named = name_datagram(id, *socket); !named) return std::unexpected(named.error());
    if (text.size() > length_field_max) {
        return refuse(Error::message_too_long, Reason::bad_argument);
    }
    const auto target = datagram_target(*socket, to);
    if (!target) return std::unexpected(target.error());
    const auto by = choose_link(*socket, target->addr, as);
    if (!by) return std::unexpected(by.error());
    const auto chosen = choose_path(*socket, target->addr, as);
    if (!chosen) return std::unexpected(chosen.error());
    if (core_.ip().is_broadcast(chosen->destination) &&
        socket->settings().broadcast == event::Switch::off) {
        return refuse(Error::access_denied, Reason::wrong_state);
    }
    if (const auto error = take_error(*socket)) return std::unexpected(*error);
    if (socket->marks.has(Mark::write_shut)) {
        return refuse(Error::broken_pipe, Reason::wrong_state);
    }
    const std::uint16_t segment = segment_of(*socket, as);
    const auto narrow = narrow_path(turn, *socket, *chosen);
    const std::uint16_t mtu = narrow ? narrow->mtu : chosen->path.mtu;
    const std::size_t headers = header_octets(*socket, chosen->destination);
    const Length length{text.size(), segment, headers, mtu};
    if (auto fitting = check_length(*socket, chosen->destination, length); !fitting) {
        return std::unexpected(fitting.error());
    }
    const FourTuple tuple{{chosen->source, socket->local.port},
                          {chosen->destination, target->port}};
    const bool fits = segment != 0 || text.size() + headers <= mtu;
    auto carriage = carriage_of(socket->settings(), chosen->destination, fits);
    carriage.segment = segment;
    ask_for(as, carriage);
    carriage.link = *by;
    if (narrow) {
        carriage.mtu = mtu;
        // Below the least MTU that is believed routers may cut it (Linux: a locked metric).
        const bool may_be_cut = narrow->fragments == tcp::PathMtu::Fragments::may;
        if (may_be_cut) carriage.dont_fragment = event::Switch::off;
    }
    if (socket->transport != event::Transport::udp) {
        if (auto sent = send_message(*socket, tuple, text, carriage); !sent) {
            return std::unexpected(sent.error());
        }
        return text.size();
    }
    if (const auto sent = core_.udp().send(turn, tuple, text, carriage); !sent) {
        return refuse(sent.error(), Reason::limit_reached);
    }
    return text.size();
}

Answer<Received> SocketTable::receive_datagram(SocketId id, MutableOctets to) {
    Socket* socket = find(id);
    if (socket == nullptr) return refuse(Error::bad_descriptor, Reason::bad_argument);
    if (const auto error = take_error(*socket)) return std::unexpected(*error);
    const auto& state = std::get<Datagram>(socket->state);
    if (state.id) {
        if (const auto datagram = carrier(*socket).receive(*state.id)) {
            Received received{copy_text(*datagram, to), datagram->length, datagram->tuple.remote,
                              datagram->tuple.local, datagram->arrival};
            if (socket->settings().joins_received == event::Switch::on) {
                join_waiting(carrier(*socket), *state.id, *datagram, to, received);
            }
            return received;
        }
    }
    if (socket->marks.has(Mark::read_shut)) return Received{};
    return refuse(Error::would_block, Reason::would_wait);
}

/// A raw socket's message goes out as it is. The other kind may only ask for an echo, and under the
/// identifier that is its port; its checksum is ours to put in (Linux ping_v4_sendmsg()).
Answer<void> SocketTable::send_message(const Socket& socket, const FourTuple& tuple, Octets text,
                                       udp::Carriage carriage) const {
    constexpr std::size_t identifier_at = 4;
    std::array<std::byte, wire::Icmpv4View::header_length> header{};
    if (text.size() < header.size()) return refuse(Error::invalid_argument, Reason::bad_argument);
    std::ranges::copy(text.first(header.size()), header.begin());
    const Octets rest = text.subspan(header.size());
    if (socket.transport == event::Transport::icmp) {
        const bool is_v4 = tuple.remote.addr.is_v4();
        const auto request = is_v4 ? static_cast<std::byte>(wire::Icmpv4Type::echo_request)
                                   : static_cast<std::byte>(wire::Icmpv6Type::echo_request);
        if (header[0] != request || header[1] != std::byte{0}) {
            return refuse(Error::invalid_argument, Reason::bad_argument);
        }
        store_be<std::uint16_t>(header, identifier_at, tuple.local.port.value());
        store_be<std::uint16_t>(header, wire::Icmpv6Repr::checksum_offset, 0);
        const std::uint16_t sum = Checksum{}.add(header).add(rest).finish();
        if (is_v4) store_be(header, wire::Icmpv6Repr::checksum_offset, sum);
    }
    const auto sent = core_.icmp().send_message(tuple, header, rest, carriage);
    if (!sent) return refuse(sent.error(), Reason::limit_reached);
    return {};
}

std::optional<udp::Notice> SocketTable::take_notice(SocketId id) {
    Socket* socket = find(id);
    if (socket != nullptr && socket->marks.has(Mark::notice_waits)) {
        socket->marks.clear(Mark::notice_waits);
        const auto found = std::ranges::find(notices_, id, &decltype(notices_)::value_type::first);
        udp::Notice notice = std::move(found->second);
        notices_.erase(found);
        return notice;
    }
    const auto* datagram = socket == nullptr ? nullptr : std::get_if<Datagram>(&socket->state);
    if (datagram == nullptr || !datagram->id) return std::nullopt;
    mark_edge(id);
    return carrier(*socket).take_notice(*datagram->id);
}

void SocketTable::apply_to_endpoint(const Socket& socket) const {
    const auto* datagram = std::get_if<Datagram>(&socket.state);
    if (datagram == nullptr || !datagram->id) return;
    const Settings& settings = socket.settings();
    const bool wants_all = settings.receive_errors == event::Switch::on;
    carrier(socket).set_errors(*datagram->id, wants_all ? udp::Errors::all : udp::Errors::hard_ones,
                               oversize_of(socket));
    carrier(socket).set_hearing(*datagram->id, settings.device(), groups_heard(socket));
    if (socket.transport == event::Transport::raw) {
        carrier(socket).set_refused_types(*datagram->id, settings.refused_types);
    }
}

}  // namespace dt::sock
