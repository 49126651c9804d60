// Parser of NETLINK_SOCK_DIAG answers.
#include "doctor/inet_diag.hpp"

#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "doctor/netlink_bytes.hpp"

namespace dt::doctor {

namespace {

/// A struct of the kernel from the front of an attribute; what an older kernel leaves out is zero.
template <class T>
T front_of(const nlattr& attribute) {
    T value{};
    std::memcpy(&value, mnl_attr_get_payload(&attribute),
                std::min<std::size_t>(sizeof value, mnl_attr_get_payload_len(&attribute)));
    return value;
}

IpAddr address_of(std::uint8_t family, const __be32 (&words)[4]) {
    const Octets octets = std::as_bytes(std::span{words});
    if (family == AF_INET) return Ipv4::load(octets, 0);
    return Ipv6::load(octets, 0);
}

Endpoint endpoint_of(std::uint8_t family, const __be32 (&words)[4], __be16 port) {
    return {address_of(family, words), Port{std::byteswap(port)}};
}

/// TCP_ESTABLISHED is 1 in the kernel's numbering; 13 is bound, neither listening nor connected.
std::optional<event::State> state_of(std::uint8_t number) {
    using event::State;
    static constexpr std::array<State, 14> states{
        State::closed,       State::established, State::syn_sent,  State::syn_received,
        State::fin_wait_1,   State::fin_wait_2,  State::time_wait, State::closed,
        State::close_wait,   State::last_ack,    State::listen,    State::closing,
        State::syn_received, State::closed};
    if (number >= states.size()) return std::nullopt;
    return states[number];
}

rules::Memory memory_of(const nlattr& attribute) {
    const auto words = front_of<std::array<std::uint32_t, SK_MEMINFO_VARS>>(attribute);
    return {words[SK_MEMINFO_RMEM_ALLOC], words[SK_MEMINFO_RCVBUF], words[SK_MEMINFO_WMEM_ALLOC],
            words[SK_MEMINFO_SNDBUF], words[SK_MEMINFO_DROPS]};
}

void read_attribute(const nlattr& attribute, rules::Socket& socket) {
    switch (mnl_attr_get_type(&attribute)) {
        case INET_DIAG_SKMEMINFO: socket.memory = memory_of(attribute); break;
        case INET_DIAG_INFO:
            if (socket.protocol == rules::Protocol::tcp) {
                socket.info = tcp_info_of(front_of<tcp_info>(attribute));
            }
            break;
        case INET_DIAG_SKV6ONLY:
            if (mnl_attr_get_payload_len(&attribute) >= 1) {
                socket.is_v6only = mnl_attr_get_u8(&attribute) != 0;
            }
            break;
        case INET_DIAG_SHUTDOWN:
            if (mnl_attr_get_payload_len(&attribute) >= 1) {
                // RCV_SHUTDOWN is 1, SEND_SHUTDOWN is 2.
                const std::uint8_t mask = mnl_attr_get_u8(&attribute);
                socket.shutdown = rules::Shutdown{(mask & 1U) != 0, (mask & 2U) != 0};
            }
            break;
        case INET_DIAG_CGROUP_ID:
            if (mnl_attr_get_payload_len(&attribute) >= sizeof(std::uint64_t)) {
                socket.cgroup = mnl_attr_get_u64(&attribute);
            }
            break;
        default: break;
    }
}

std::optional<rules::Socket> socket_of(const nlmsghdr& header, rules::Protocol protocol) {
    inet_diag_msg message{};
    if (mnl_nlmsg_get_payload_len(&header) < sizeof message) return std::nullopt;
    std::memcpy(&message, mnl_nlmsg_get_payload(&header), sizeof message);
    const auto state = state_of(message.idiag_state);
    if (!state || (message.idiag_family != AF_INET && message.idiag_family != AF_INET6)) {
        return std::nullopt;
    }
    rules::Socket socket;
    socket.cookie = std::uint64_t{message.id.idiag_cookie[1]} << 32 | message.id.idiag_cookie[0];
    socket.local = endpoint_of(message.idiag_family, message.id.idiag_src, message.id.idiag_sport);
    socket.remote = endpoint_of(message.idiag_family, message.id.idiag_dst, message.id.idiag_dport);
    socket.family = message.idiag_family == AF_INET ? Family::v4 : Family::v6;
    socket.protocol = protocol;
    socket.state = *state;
    if (message.idiag_timer <= static_cast<std::uint8_t>(rules::Timer::zero_window_probe)) {
        socket.timer = static_cast<rules::Timer>(message.idiag_timer);
    }
    socket.retrans = message.idiag_retrans;
    socket.expires_ms = message.idiag_expires;
    socket.rqueue = message.idiag_rqueue;
    socket.wqueue = message.idiag_wqueue;
    socket.uid = message.idiag_uid;
    socket.inode = message.idiag_inode;
    socket.interface = message.id.idiag_if;
    for_each_attribute(header, sizeof message,
                       [&](const nlattr& attribute) { read_attribute(attribute, socket); });
    return socket;
}

/// By a quarter, not twofold: with 100,000 sockets the room that is not used is what counts.
void make_room(std::vector<rules::Socket>& out) {
    constexpr std::size_t at_least = 256;
    if (out.size() == out.capacity()) out.reserve(out.size() + out.size() / 4 + at_least);
}

}  // namespace

rules::TcpInfo tcp_info_of(const tcp_info& kernel) {
    rules::TcpInfo info;
    info.state = state_of(kernel.tcpi_state).value_or(event::State::closed);
    info.retransmits = kernel.tcpi_retransmits;
    info.probes = kernel.tcpi_probes;
    info.backoff = kernel.tcpi_backoff;
    info.is_app_limited = kernel.tcpi_delivery_rate_app_limited != 0;
    info.rto_us = kernel.tcpi_rto;
    info.snd_mss = kernel.tcpi_snd_mss;
    info.unacked = kernel.tcpi_unacked;
    info.last_data_sent_ms = kernel.tcpi_last_data_sent;
    info.last_data_recv_ms = kernel.tcpi_last_data_recv;
    info.last_ack_recv_ms = kernel.tcpi_last_ack_recv;
    info.pmtu = kernel.tcpi_pmtu;
    info.rtt_us = kernel.tcpi_rtt;
    info.total_retrans = kernel.tcpi_total_retrans;
    info.dsack_dups = kernel.tcpi_dsack_dups;
    info.notsent_bytes = kernel.tcpi_notsent_bytes;
    info.segs_in = kernel.tcpi_segs_in;
    info.data_segs_in = kernel.tcpi_data_segs_in;
    info.data_segs_out = kernel.tcpi_data_segs_out;
    info.bytes_acked = kernel.tcpi_bytes_acked;
    info.bytes_received = kernel.tcpi_bytes_received;
    info.busy_us = kernel.tcpi_busy_time;
    info.rwnd_limited_us = kernel.tcpi_rwnd_limited;
    info.sndbuf_limited_us = kernel.tcpi_sndbuf_limited;
    return info;
}

DumpStep read_sockets(Octets datagram, rules::Protocol protocol, std::vector<rules::Socket>& out) {
    return read_messages(datagram, [&](const nlmsghdr& header) {
        auto socket = socket_of(header, protocol);
        if (!socket) return false;
        make_room(out);
        out.push_back(*std::move(socket));
        return true;
    });
}

}  // namespace dt::doctor
