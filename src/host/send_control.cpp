// Control messages of sendmsg() on datagrams (Linux ip_cmsg_send(), ip6_datagram_send_ctl()).
#include "host/send_control.hpp"

#include <netinet/in.h>
#include <netinet/udp.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>
#include <optional>

namespace dt::host {
namespace {

/// The value of a message whose length is that of T; nothing for another length.
template <class T>
std::optional<T> value_in(Octets data) {
    if (data.size() != sizeof(T)) return std::nullopt;
    T value{};
    std::memcpy(&value, data.data(), sizeof value);
    return value;
}

/// An int of `least` to 255.
std::optional<int> number_in(Octets data, int least) {
    const auto number = value_in<int>(data);
    const bool fits = number && *number >= least && *number <= 255;
    return fits ? number : std::nullopt;
}

bool take_packet_info(sock::SendAs& as, Octets data) {
    const auto info = value_in<in_pktinfo>(data);
    if (!info || info->ipi_ifindex < 0) return false;
    if (info->ipi_ifindex != 0) as.link = static_cast<std::uint32_t>(info->ipi_ifindex);
    as.source = Ipv4{ntohl(info->ipi_spec_dst.s_addr)};
    return true;
}

bool take_packet_info_v6(sock::SendAs& as, Octets data) {
    const auto info = value_in<in6_pktinfo>(data);
    if (!info) return false;
    if (info->ipi6_ifindex != 0) as.link = info->ipi6_ifindex;
    as.source = Ipv6::load(std::as_bytes(std::span(&info->ipi6_addr, 1)), 0);
    return true;
}

bool take_of_ip(sock::SendAs& as, int type, Octets data) {
    switch (type) {
        case IP_PKTINFO: return take_packet_info(as, data);
        case IP_TTL: {
            const auto ttl = number_in(data, 1);
            if (ttl) as.ttl = static_cast<std::uint8_t>(*ttl);
            return ttl.has_value();
        }
        case IP_TOS: {
            // As setsockopt() has it, also in one octet.
            const bool is_short = data.size() == 1;
            const auto tos = is_short ? std::to_integer<int>(data[0]) : number_in(data, 0);
            if (tos) as.tos = static_cast<std::uint8_t>(*tos);
            return tos.has_value();
        }
        default: return false;
    }
}

bool take_of_ipv6(sock::SendAs& as, int type, Octets data) {
    switch (type) {
        case IPV6_PKTINFO: return take_packet_info_v6(as, data);
        case IPV6_HOPLIMIT:
        case IPV6_TCLASS: {
            const auto number = number_in(data, -1);  // -1: as the socket has it
            if (!number) return false;
            auto& asked = type == IPV6_TCLASS ? as.tos : as.ttl;
            asked.reset();
            if (*number >= 0) asked = static_cast<std::uint8_t>(*number);
            return true;
        }
        default: return false;
    }
}

bool take_of_udp(sock::SendAs& as, int type, Octets data) {
    if (type != UDP_SEGMENT) return false;
    as.segment = value_in<std::uint16_t>(data);
    return as.segment.has_value();
}

bool take(sock::SendAs& as, const cmsghdr& header, Octets data) {
    if (header.cmsg_level == IPPROTO_IP) return take_of_ip(as, header.cmsg_type, data);
    if (header.cmsg_level == IPPROTO_IPV6) return take_of_ipv6(as, header.cmsg_type, data);
    if (header.cmsg_level == IPPROTO_UDP) return take_of_udp(as, header.cmsg_type, data);
    return true;
}

}  // namespace

std::expected<sock::SendAs, int> read_send_control(Octets control) {
    sock::SendAs as;
    while (control.size() >= sizeof(cmsghdr)) {
        cmsghdr header{};
        std::memcpy(&header, control.data(), sizeof header);
        const std::size_t length = header.cmsg_len;
        if (length < sizeof header || length > control.size()) return std::unexpected(EINVAL);
        const Octets data = control.subspan(sizeof header, length - sizeof header);
        if (!take(as, header, data)) return std::unexpected(EINVAL);
        control = control.subspan(std::min<std::size_t>(CMSG_ALIGN(length), control.size()));
    }
    return as;
}

}  // namespace dt::host
