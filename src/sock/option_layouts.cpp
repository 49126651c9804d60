// Options with a layout of their own or answered from the socket: SO_ERROR, SO_LINGER, time-outs,
// buffers, TCP_INFO, TCP_CONGESTION… (spec 6.8).
#include <algorithm>
#include <array>
#include <cstring>
#include <string_view>

#include "base/errno.hpp"
#include "sock/device.hpp"
#include "sock/multicast.hpp"
#include "sock/tcp_info.hpp"

namespace dt::sock {
namespace {

using event::Reason;
using Size = Answer<std::size_t>;
using Done = Answer<void>;

// net.core.rmem_max and wmem_max of the measured system.
constexpr std::int32_t buffer_max = 4'194'304;
constexpr std::uint32_t receive_buffer_min = 2304;  // SOCK_MIN_RCVBUF
constexpr std::uint32_t send_buffer_min = 4608;     // SOCK_MIN_SNDBUF
constexpr std::uint32_t datagram_buffer = 212'992;  // net.core.rmem_default, wmem_default
constexpr Duration at_once{-1};                     // a time-out that is over before it began
constexpr std::array<std::string_view, 3> congestion_names{"reno", "cubic", "bbr"};

Done too_short() { return refuse(Error::invalid_argument, Reason::bad_argument); }
Done not_offered() { return refuse(Error::no_such_option, Reason::not_offered); }
bool has_int(Octets from) { return from.size() >= sizeof(std::int32_t); }

template <std::int32_t value>
Size read_constant(const OptionTarget&, MutableOctets to) {
    return put_value(to, value);
}

Size read_type(const OptionTarget& target, MutableOctets to) {
    switch (target.socket.transport) {
        case event::Transport::tcp: return put_value(to, number::sock_stream);
        case event::Transport::udp:
        case event::Transport::icmp: return put_value(to, number::sock_dgram);
        case event::Transport::raw: break;
    }
    return put_value(to, number::sock_raw);
}
Size read_protocol(const OptionTarget& target, MutableOctets to) {
    switch (target.socket.transport) {
        case event::Transport::tcp: return put_value(to, number::ipproto_tcp);
        case event::Transport::udp: return put_value(to, number::ipproto_udp);
        case event::Transport::icmp:
        case event::Transport::raw: break;
    }
    const bool is_v4 = target.socket.family == Family::inet;
    return put_value(to, is_v4 ? number::ipproto_icmp : number::ipproto_icmpv6);
}
Size read_domain(const OptionTarget& target, MutableOctets to) {
    return put_value(to, number_of(target.socket.family));
}
Size read_accepting(const OptionTarget& target, MutableOctets to) {
    return put_value(to, std::int32_t{target.socket.listener() == nullptr ? 0 : 1});
}
/// Reading clears it (API-CONN-007); what poll() shows changes with it.
Size read_error(const OptionTarget& target, MutableOctets to) {
    const auto error = target.table.take_error(target.socket);
    if (error) target.table.mark_edge(target.id);
    return put_value(to, std::int32_t{error ? errno_of(error->error) : 0});
}
Size read_cookie(const OptionTarget& target, MutableOctets to) {
    if (to.size() < sizeof(std::uint64_t)) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    return put_value(to, target.id.number());
}
Size read_credentials(const OptionTarget&, MutableOctets to) {
    return put_value(to, std::to_array<std::int32_t>({0, -1, -1}));
}

// Buffers: twice what is asked, for Linux counts its own overhead (API-OPT-006).
std::uint32_t doubled(Octets from, std::uint32_t least) {
    const auto asked = static_cast<std::uint32_t>(int_in(from));
    return std::max(std::min(asked, static_cast<std::uint32_t>(buffer_max)) * 2, least);
}
Size read_receive_buffer(const OptionTarget& target, MutableOctets to) {
    const std::uint32_t set = target.socket.settings().tcp.receive_buffer;
    const std::uint32_t first =
        target.socket.is_datagram() ? datagram_buffer : target.table.config().receive_buffer;
    return put_value(to, set == 0 ? first : set);
}
Done write_receive_buffer(const OptionTarget& target, Octets from) {
    if (!has_int(from)) return too_short();
    target.socket.change_settings().tcp.receive_buffer = doubled(from, receive_buffer_min);
    apply(target, Effect::connection);
    const auto* datagram = std::get_if<Datagram>(&target.socket.state);
    if (datagram != nullptr && datagram->id) {
        core::Core& core = target.table.core();
        const bool is_udp = target.socket.transport == event::Transport::udp;
        (is_udp ? core.udp() : core.icmp())
            .set_receive_buffer(*datagram->id, target.socket.settings().tcp.receive_buffer);
    }
    return {};
}
/// Of a connection what it has grown to (TCP-WIN-019).
std::uint32_t send_buffer_of(const OptionTarget& target) {
    if (const tcp::ConnId* connection = target.socket.connection()) {
        return target.table.core().tcp().send_buffer(*connection);
    }
    const std::uint32_t set = target.socket.settings().tcp.send_buffer;
    const std::uint32_t first =
        target.socket.is_datagram() ? datagram_buffer : target.table.config().send_buffer;
    return set == 0 ? first : set;
}
Size read_send_buffer(const OptionTarget& target, MutableOctets to) {
    return put_value(to, send_buffer_of(target));
}
Done write_send_buffer(const OptionTarget& target, Octets from) {
    if (!has_int(from)) return too_short();
    target.socket.change_settings().tcp.send_buffer = doubled(from, send_buffer_min);
    apply(target, Effect::connection);
    return {};
}

struct LinuxLinger {
    std::int32_t on;
    std::int32_t seconds;
};
Size read_linger(const OptionTarget& target, MutableOctets to) {
    const Linger& linger = target.socket.settings().linger;
    return put_value(to, LinuxLinger{linger.mode == Linger::Mode::on ? 1 : 0, linger.seconds});
}
Done write_linger(const OptionTarget& target, Octets from) {
    LinuxLinger given{};
    if (from.size() < sizeof given) return too_short();
    std::memcpy(&given, from.data(), sizeof given);
    Linger& linger = target.socket.change_settings().linger;
    linger.mode = given.on != 0 ? Linger::Mode::on : Linger::Mode::off;
    if (given.on != 0) linger.seconds = given.seconds;
    return {};
}

struct LinuxTimeval {
    std::int64_t seconds;
    std::int64_t microseconds;
};
LinuxTimeval timeval_of(Duration limit) {
    const Duration time = std::max(limit, Duration::zero());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(time);
    return {seconds.count(),
            std::chrono::duration_cast<std::chrono::microseconds>(time - seconds).count()};
}
/// Seconds beyond a century mean no limit, as does a zero time-out; a negative one is over at once.
Answer<Duration> time_in(Octets from) {
    constexpr std::int64_t longest = 100LL * 365 * 86400;
    LinuxTimeval given{};
    if (from.size() < sizeof given) {
        return refuse(Error::invalid_argument, Reason::bad_argument);
    }
    std::memcpy(&given, from.data(), sizeof given);
    if (given.microseconds < 0 || given.microseconds >= 1'000'000) {
        return refuse(Error::out_of_domain, Reason::bad_argument);
    }
    if (given.seconds < 0) return at_once;
    if (given.seconds > longest) return Duration{};
    return std::chrono::seconds{given.seconds} + std::chrono::microseconds{given.microseconds};
}
Size read_receive_timeout(const OptionTarget& target, MutableOctets to) {
    return put_value(to, timeval_of(target.socket.settings().receive_timeout));
}
Done write_receive_timeout(const OptionTarget& target, Octets from) {
    const auto time = time_in(from);
    if (!time) return std::unexpected(time.error());
    target.socket.change_settings().receive_timeout = *time;
    return {};
}
Size read_send_timeout(const OptionTarget& target, MutableOctets to) {
    return put_value(to, timeval_of(target.socket.settings().send_timeout));
}
Done write_send_timeout(const OptionTarget& target, Octets from) {
    const auto time = time_in(from);
    if (!time) return std::unexpected(time.error());
    target.socket.change_settings().send_timeout = *time;
    return {};
}

std::string_view text_in(Octets from) {
    const auto* chars = reinterpret_cast<const char*>(from.data());
    const std::string_view text(chars, from.size());
    return text.substr(0, text.find('\0'));
}

Size read_pacing(const OptionTarget& target, MutableOctets to) {
    return put_value(to, target.socket.settings().tcp.pacing_rate_max);
}
Done write_pacing(const OptionTarget& target, Octets from) {
    if (!has_int(from)) return too_short();
    std::uint64_t rate = static_cast<std::uint32_t>(int_in(from));
    if (from.size() >= sizeof rate) std::memcpy(&rate, from.data(), sizeof rate);
    target.socket.change_settings().tcp.pacing_rate_max = rate;
    apply(target, Effect::connection);
    return {};
}

Done refuse_privileged(const OptionTarget&, Octets from) {
    if (!has_int(from)) return too_short();
    return refuse(Error::not_permitted, Reason::not_offered);
}
Done refuse_read_only(const OptionTarget&, Octets from) {
    if (!has_int(from)) return too_short();
    return not_offered();
}

constexpr std::int32_t mss_of_closed = 536;  // RFC 9293 §3.7.1
Size read_mss(const OptionTarget& target, MutableOctets to) {
    const tcp::ConnId* connection = target.socket.connection();
    std::uint32_t mss = target.socket.settings().tcp.mss_max;
    if (connection != nullptr) mss = target.table.core().tcp().path_view(*connection).mss;
    return put_value(to, mss == 0 ? mss_of_closed : static_cast<std::int32_t>(mss));
}
Done write_mss(const OptionTarget& target, Octets from) {
    constexpr std::int32_t least = 88;
    constexpr std::int32_t most = 32767;
    if (!has_int(from)) return too_short();
    const std::int32_t mss = int_in(from);
    if (mss != 0 && (mss < least || mss > most)) return too_short();
    target.socket.change_settings().tcp.mss_max = static_cast<std::uint16_t>(mss);
    apply(target, Effect::connection);
    return {};
}
Size read_syn_count(const OptionTarget& target, MutableOctets to) {
    const std::uint8_t set = target.socket.settings().tcp.syn_count;
    return put_value(to, std::int32_t{set == 0 ? target.table.config().syn_retries : set});
}
Done write_syn_count(const OptionTarget& target, Octets from) {
    constexpr std::int32_t most = 127;
    if (!has_int(from)) return too_short();
    const std::int32_t count = int_in(from);
    if (count < 1 || count > most) return too_short();
    target.socket.change_settings().tcp.syn_count = static_cast<std::uint8_t>(count);
    apply(target, Effect::connection);
    return {};
}
Size read_info(const OptionTarget& target, MutableOctets to) {
    return put_value(to, tcp_info_of(target.table, target.socket, target.turn.now()));
}
Size read_congestion(const OptionTarget& target, MutableOctets to) {
    const auto chosen = target.socket.settings().tcp.congestion;
    const auto algorithm = chosen.value_or(target.turn.config().congestion);
    std::array<char, 16> name{};
    std::ranges::copy(congestion_names[static_cast<std::size_t>(algorithm)], name.begin());
    return put_value(to, name);
}
Done write_congestion(const OptionTarget& target, Octets from) {
    if (from.empty()) return too_short();
    const auto* const found = std::ranges::find(congestion_names, text_in(from));
    if (found == congestion_names.end()) return refuse(Error::no_such_entry, Reason::not_offered);
    target.socket.change_settings().tcp.congestion =
        static_cast<event::CongestionControl>(found - congestion_names.begin());
    apply(target, Effect::connection);
    return {};
}
Done refuse_upper_protocol(const OptionTarget&, Octets) {
    return refuse(Error::no_such_entry, Reason::not_offered);
}
/// Only before the connection, and only where the client's half is on (TCP-TFO-009).
Done write_fast_open_connect(const OptionTarget& target, Octets from) {
    if (!has_int(from)) return too_short();
    const std::int32_t value = int_in(from);
    if (value < 0 || value > 1) return too_short();
    if ((target.table.config().fast_open & event::fast_open_client) == 0) {
        return refuse(Error::not_supported, Reason::not_offered);
    }
    if (!target.table.stream_facts(target.socket).is_closed()) return too_short();
    target.socket.change_settings().fast_open_connect =
        value != 0 ? event::Switch::on : event::Switch::off;
    return {};
}
Size read_fast_open_connect(const OptionTarget& target, MutableOctets to) {
    const bool on = target.socket.settings().fast_open_connect == event::Switch::on;
    return put_number(number::ipproto_tcp, to, on ? 1 : 0);
}
/// Neither Reno nor CUBIC tells anything on Linux.
Size read_no_controller(const OptionTarget&, MutableOctets) { return 0; }

/// struct of nine words: SK_MEMINFO_RMEM_ALLOC, RCVBUF, WMEM_ALLOC, SNDBUF and so on.
Size read_memory(const OptionTarget& target, MutableOctets to) {
    const Config& config = target.table.config();
    const tcp::Options& options = target.socket.settings().tcp;
    std::array<std::uint32_t, 9> words{};
    if (!target.socket.is_datagram()) {
        const StreamFacts facts = target.table.stream_facts(target.socket);
        words[0] = static_cast<std::uint32_t>(facts.unread);
        words[2] = words[5] = static_cast<std::uint32_t>(facts.queued);
    }
    words[1] = options.receive_buffer != 0 ? options.receive_buffer : config.receive_buffer;
    words[3] = send_buffer_of(target);
    return put_value(to, words);
}

Size read_ttl(const OptionTarget& target, MutableOctets to) {
    return put_number(number::ipproto_ip, to, target.socket.settings().tcp.ttl);
}
Done write_ttl(const OptionTarget& target, Octets from) {
    std::int32_t ttl = has_int(from) ? int_in(from) : 0;
    if (from.size() == 1) ttl = static_cast<std::int32_t>(from[0]);
    if (ttl != -1 && (ttl < 1 || ttl > 255)) return too_short();
    target.socket.change_settings().tcp.ttl = static_cast<std::uint8_t>(ttl == -1 ? 64 : ttl);
    apply(target, Effect::connection);
    return {};
}
/// Only before the socket has a name (RFC 3493 §5.3).
Done write_v6_only(const OptionTarget& target, Octets from) {
    if (!has_int(from)) return too_short();
    if (target.socket.port_hold != PortHold::none) return too_short();
    target.socket.change_settings().tcp.v6_only = int_in(from) != 0;
    return {};
}
Size read_v6_only(const OptionTarget& target, MutableOctets to) {
    return put_value(to, std::int32_t{target.socket.settings().tcp.v6_only ? 1 : 0});
}
Size read_hops(const OptionTarget& target, MutableOctets to) {
    return put_value(to, std::int32_t{target.socket.settings().tcp.ttl});
}
/// -1: the default (RFC 3493 §5.1; IP6-002).
Done write_hops(const OptionTarget& target, Octets from) {
    if (!has_int(from)) return too_short();
    const std::int32_t hops = int_in(from);
    if (hops < -1 || hops > 255) return too_short();
    constexpr std::uint8_t default_hops = 64;
    target.socket.change_settings().tcp.ttl =
        hops == -1 ? default_hops : static_cast<std::uint8_t>(hops);
    apply(target, Effect::connection);
    return {};
}
/// -1: the default (RFC 3542 §6.5); a stream sets all but the ECN bits (IP6-020).
Done write_traffic_class(const OptionTarget& target, Octets from) {
    if (!has_int(from)) return too_short();
    const std::int32_t value = int_in(from);
    if (value < -1 || value > 255) return too_short();
    const std::int32_t kept = target.socket.is_datagram() ? 0xff : 0xfc;
    target.socket.change_settings().tcp.tos =
        static_cast<std::uint8_t>(value == -1 ? 0 : value & kept);
    apply(target, Effect::connection);
    return {};
}
Size read_traffic_class(const OptionTarget& target, MutableOctets to) {
    return put_value(to, std::int32_t{target.socket.settings().tcp.tos});
}
std::optional<FourTuple> conversation(const OptionTarget& target) {
    if (target.socket.is_datagram()) {
        if (!target.socket.remote) return std::nullopt;
        return FourTuple{target.socket.local, *target.socket.remote};
    }
    const tcp::ConnId* connection = target.socket.connection();
    if (connection == nullptr) return std::nullopt;
    if (target.table.stream_facts(target.socket).is_closed()) return std::nullopt;
    return target.table.core().tcp().tuple(*connection);
}
Size read_mtu(const OptionTarget& target, MutableOctets to) {
    const auto tuple = conversation(target);
    if (!tuple) return refuse(Error::not_connected, Reason::wrong_state);
    const auto chosen = target.table.core().choose_path(tuple->remote.addr, tuple->local.addr);
    if (!chosen) return refuse(Error::not_connected, Reason::no_route);
    const auto known = target.table.core().path_mtu(chosen->destination, target.turn.now());
    const std::uint16_t mtu = known ? std::min(known->mtu, chosen->path.mtu) : chosen->path.mtu;
    return put_value(to, std::int32_t{mtu});
}
Size read_no_options(const OptionTarget&, MutableOctets) { return 0; }
/// No IP options are sent: source routes would be a danger (DEC-09).
Done write_ip_options(const OptionTarget&, Octets from) {
    if (from.empty()) return {};
    return refuse(Error::not_permitted, Reason::source_routed);
}

Size read_errors(const OptionTarget& target, MutableOctets to) {
    const bool is_on = target.socket.settings().receive_errors == event::Switch::on;
    return put_value(to, std::int32_t{is_on ? 1 : 0});
}
/// ICMP errors can be read, and soft ones become pending too (ip(7)).
Done write_errors(const OptionTarget& target, Octets from) {
    if (from.empty()) return too_short();
    const bool is_on = has_int(from) ? int_in(from) != 0 : from[0] != std::byte{0};
    target.socket.change_settings().receive_errors = is_on ? event::Switch::on : event::Switch::off;
    if (!target.socket.is_datagram()) {
        target.socket.change_settings().tcp.receive_errors = is_on;
        apply(target, Effect::connection);
    }
    target.table.apply_to_endpoint(target.socket);
    return {};
}
/// Of raw sockets: bit n stands for messages of type n that are not wanted.
Size read_filter(const OptionTarget& target, MutableOctets to) {
    const auto& refused = target.socket.settings().refused_types;
    if (target.socket.family == Family::inet) return put_value(to, refused[0]);
    return put_value(to, refused);
}
Done write_filter(const OptionTarget& target, Octets from) {
    auto& refused = target.socket.change_settings().refused_types;
    const std::size_t size =
        target.socket.family == Family::inet ? sizeof refused[0] : sizeof refused;
    if (!from.empty()) std::memcpy(refused.data(), from.data(), std::min(size, from.size()));
    target.table.apply_to_endpoint(target.socket);
    return {};
}

// clang-format off
constexpr auto layouts = std::to_array<LayoutRow>({
    {number::sol_socket, number::so_type, "SO_TYPE", read_type, refuse_read_only},
    {number::sol_socket, number::so_error, "SO_ERROR", read_error, refuse_read_only},
    {number::sol_socket, number::so_sndbuf, "SO_SNDBUF", read_send_buffer, write_send_buffer},
    {number::sol_socket, number::so_rcvbuf, "SO_RCVBUF", read_receive_buffer, write_receive_buffer},
    {number::sol_socket, number::so_linger, "SO_LINGER", read_linger, write_linger},
    {number::sol_socket, number::so_peercred, "SO_PEERCRED", read_credentials, refuse_read_only},
    {number::sol_socket, number::so_sndlowat, "SO_SNDLOWAT", read_constant<1>, refuse_read_only},
    {number::sol_socket, number::so_rcvtimeo, "SO_RCVTIMEO", read_receive_timeout, write_receive_timeout},
    {number::sol_socket, number::so_sndtimeo, "SO_SNDTIMEO", read_send_timeout, write_send_timeout},
    {number::sol_socket, number::so_rcvtimeo_new, "SO_RCVTIMEO_NEW", read_receive_timeout, write_receive_timeout},
    {number::sol_socket, number::so_sndtimeo_new, "SO_SNDTIMEO_NEW", read_send_timeout, write_send_timeout},
    {number::sol_socket, number::so_bindtodevice, "SO_BINDTODEVICE", read_device, write_device},
    {number::sol_socket, number::so_bindtoifindex, "SO_BINDTOIFINDEX", read_device_number, write_device_number},
    {number::sol_socket, number::so_acceptconn, "SO_ACCEPTCONN", read_accepting, refuse_read_only},
    {number::sol_socket, number::so_sndbufforce, "SO_SNDBUFFORCE", nullptr, refuse_privileged},
    {number::sol_socket, number::so_rcvbufforce, "SO_RCVBUFFORCE", nullptr, refuse_privileged},
    {number::sol_socket, number::so_mark, "SO_MARK", read_constant<0>, refuse_privileged},
    {number::sol_socket, number::so_protocol, "SO_PROTOCOL", read_protocol, refuse_read_only},
    {number::sol_socket, number::so_domain, "SO_DOMAIN", read_domain, refuse_read_only},
    {number::sol_socket, number::so_max_pacing_rate, "SO_MAX_PACING_RATE", read_pacing, write_pacing},
    {number::sol_socket, number::so_meminfo, "SO_MEMINFO", read_memory, refuse_read_only},
    {number::sol_socket, number::so_cookie, "SO_COOKIE", read_cookie, refuse_read_only},
    {number::ipproto_tcp, number::tcp_maxseg, "TCP_MAXSEG", read_mss, write_mss},
    {number::ipproto_tcp, number::tcp_syncnt, "TCP_SYNCNT", read_syn_count, write_syn_count},
    {number::ipproto_tcp, number::tcp_info, "TCP_INFO", read_info, refuse_read_only},
    {number::ipproto_tcp, number::tcp_congestion, "TCP_CONGESTION", read_congestion, write_congestion},
    {number::ipproto_tcp, number::tcp_repair, "TCP_REPAIR", nullptr, refuse_privileged},
    {number::ipproto_tcp, number::tcp_fastopen_connect, "TCP_FASTOPEN_CONNECT", read_fast_open_connect, write_fast_open_connect},
    {number::ipproto_tcp, number::tcp_cc_info, "TCP_CC_INFO", read_no_controller, refuse_read_only},
    {number::ipproto_tcp, number::tcp_ulp, "TCP_ULP", read_no_options, refuse_upper_protocol},
    {number::ipproto_ip, number::ip_ttl, "IP_TTL", read_ttl, write_ttl},
    {number::ipproto_ip, number::ip_options, "IP_OPTIONS", read_no_options, write_ip_options},
    {number::ipproto_ip, number::ip_mtu, "IP_MTU", read_mtu, refuse_read_only},
    {number::ipproto_ip, number::ip_transparent, "IP_TRANSPARENT", read_constant<0>, refuse_privileged},
    {number::ipproto_ip, number::ip_multicast_if, "IP_MULTICAST_IF", read_multicast_address, write_multicast_address},
    {number::ipproto_ip, number::ip_multicast_all, "IP_MULTICAST_ALL", read_multicast_all_v4, write_multicast_all_v4},
    {number::ipproto_ip, number::ip_add_membership, "IP_ADD_MEMBERSHIP", nullptr, join_v4},
    {number::ipproto_ipv6, number::ipv6_v6only, "IPV6_V6ONLY", read_v6_only, write_v6_only},
    {number::ipproto_ipv6, number::ipv6_unicast_hops, "IPV6_UNICAST_HOPS", read_hops, write_hops},
    {number::ipproto_ipv6, number::ipv6_tclass, "IPV6_TCLASS", read_traffic_class, write_traffic_class},
    {number::ipproto_ipv6, number::ipv6_mtu, "IPV6_MTU", read_mtu, refuse_read_only},
    {number::ipproto_ip, number::ip_recverr, "IP_RECVERR", read_errors, write_errors},
    {number::ipproto_ipv6, number::ipv6_recverr, "IPV6_RECVERR", read_errors, write_errors},
    {number::sol_raw, number::icmp_filter, "ICMP_FILTER", read_filter, write_filter},
    {number::ipproto_icmpv6, number::icmpv6_filter, "ICMPV6_FILTER", read_filter, write_filter},
    {number::ipproto_ip, number::ip_drop_membership, "IP_DROP_MEMBERSHIP", nullptr, leave_v4},
    {number::ipproto_ipv6, number::ipv6_multicast_if, "IPV6_MULTICAST_IF", read_multicast_link, write_multicast_link},
    {number::ipproto_ipv6, number::ipv6_multicast_hops, "IPV6_MULTICAST_HOPS", read_multicast_hops, write_multicast_hops},
    {number::ipproto_ipv6, number::ipv6_join_group, "IPV6_JOIN_GROUP", nullptr, join_v6},
    {number::ipproto_ipv6, number::ipv6_leave_group, "IPV6_LEAVE_GROUP", nullptr, leave_v6},
    {number::ipproto_ip, number::mcast_join_group, "MCAST_JOIN_GROUP", nullptr, join_any_v4},
    {number::ipproto_ip, number::mcast_leave_group, "MCAST_LEAVE_GROUP", nullptr, leave_any_v4},
    {number::ipproto_ipv6, number::mcast_join_group, "MCAST_JOIN_GROUP", nullptr, join_any_v6},
    {number::ipproto_ipv6, number::mcast_leave_group, "MCAST_LEAVE_GROUP", nullptr, leave_any_v6},
});
// clang-format on

constexpr bool unique() {
    for (std::size_t i = 0; i < layouts.size(); ++i) {
        for (std::size_t j = i + 1; j < layouts.size(); ++j) {
            const bool same =
                layouts[i].level == layouts[j].level && layouts[i].name == layouts[j].name;
            if (same) return false;
        }
    }
    return true;
}
static_assert(unique());

}  // namespace

std::span<const LayoutRow> layout_rows() { return layouts; }

}  // namespace dt::sock
