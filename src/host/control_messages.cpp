// Control messages of recvmsg() (cmsg(3), ip(7)).
#include "host/control_messages.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ctime>

#include "base/errno.hpp"
#include "host/socket_name.hpp"

namespace dt::host {
namespace {

/// As put_cmsg() in Linux: a message that does not fit is cut.
class Writer {
  public:
    explicit Writer(std::size_t room) : room_(room) {}

    template <class T>
    void put(int level, int type, const T& value) {
        put(level, type, std::as_bytes(std::span(&value, 1)));
    }
    void put(int level, int type, Octets data) {
        const std::size_t left = room_ - told_.octets.size();
        if (left < sizeof(cmsghdr)) {
            told_.is_cut = true;
            return;
        }
        const std::size_t wanted = CMSG_LEN(data.size());
        told_.is_cut |= wanted > left;
        const cmsghdr header{std::min(wanted, left), level, type};
        const Octets head = std::as_bytes(std::span(&header, 1));
        const std::size_t start = told_.octets.size();
        told_.octets.insert(told_.octets.end(), head.begin(), head.end());
        const Octets fits = data.first(header.cmsg_len - sizeof header);
        told_.octets.insert(told_.octets.end(), fits.begin(), fits.end());
        told_.octets.resize(start + std::min<std::size_t>(CMSG_SPACE(data.size()), left));
    }
    [[nodiscard]] ControlWishes::Told take() { return std::move(told_); }

  private:
    std::size_t room_;
    ControlWishes::Told told_;
};

bool is_time_option(int name) {
    return name == SO_TIMESTAMP_OLD || name == SO_TIMESTAMP_NEW || name == SO_TIMESTAMPNS_OLD ||
           name == SO_TIMESTAMPNS_NEW;
}

void put_time(Writer& writer, int name, Duration since_1970) {
    const auto seconds = std::chrono::floor<std::chrono::seconds>(since_1970);
    const auto rest = (since_1970 - seconds).count();
    if (name == SO_TIMESTAMP_OLD || name == SO_TIMESTAMP_NEW) {
        return writer.put(SOL_SOCKET, name, timeval{seconds.count(), rest / 1000});
    }
    writer.put(SOL_SOCKET, name, timespec{seconds.count(), rest});
}

in_pktinfo packet_info(const Origin& origin) {
    in_pktinfo info{};
    info.ipi_ifindex = origin.arrival.interface + 1;  // lo is 1, as SIOCGIFINDEX has it
    info.ipi_addr.s_addr = htonl(origin.to.addr.v4().value());
    const bool is_ours = !origin.to.addr.is_multicast() && !origin.to.addr.is_broadcast();
    if (is_ours) info.ipi_spec_dst = info.ipi_addr;
    return info;
}

in6_pktinfo packet_info_v6(const Origin& origin) {
    in6_pktinfo info{};
    info.ipi6_ifindex = origin.arrival.interface + 1U;
    MutableOctets to = std::as_writable_bytes(std::span(&info.ipi6_addr, 1));
    origin.to.addr.v6().store(to, 0);
    return info;
}

/// What IP_RECVERR gives: the error, then the address it came from.
struct ErrorMessage {
    sock_extended_err error{};
    std::array<std::byte, sizeof(sockaddr_in6)> offender{};
    std::size_t offender_size = 0;

    /// The offender's address is given in the family of the socket.
    ErrorMessage(const udp::Notice& notice, sock::Family family) {
        error.ee_errno = static_cast<std::uint32_t>(base::errno_of(notice.error));
        error.ee_type = notice.type;
        error.ee_code = notice.code;
        error.ee_info = notice.mtu;
        if (notice.origin == udp::Notice::Origin::local) {  // nobody else's: AF_UNSPEC
            error.ee_origin = SO_EE_ORIGIN_LOCAL;
            offender_size =
                family == sock::Family::inet ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
            return;
        }
        error.ee_origin = notice.from.is_v4() ? SO_EE_ORIGIN_ICMP : SO_EE_ORIGIN_ICMP6;
        const RawName name = name_of({notice.from, Port::any()}, family);
        std::ranges::copy(name.given(), offender.begin());
        offender_size = name.length;
    }
};

}  // namespace

ControlWishes::Told tell_error(const udp::Notice& notice, sock::Family family, std::size_t room) {
    const ErrorMessage message(notice, family);
    std::vector<std::byte> data(sizeof message.error + message.offender_size);
    std::memcpy(data.data(), &message.error, sizeof message.error);
    std::copy_n(message.offender.begin(), message.offender_size,
                data.begin() + sizeof message.error);
    Writer writer(room);
    if (family == sock::Family::inet) {
        writer.put(IPPROTO_IP, IP_RECVERR, Octets(data));
    } else {
        writer.put(IPPROTO_IPV6, IPV6_RECVERR, Octets(data));
    }
    return writer.take();
}

void ControlWishes::on_option(int level, int name, int value) {
    const bool is_on = value != 0;
    if (level == SOL_SOCKET && is_time_option(name)) time_ = is_on ? name : 0;
    if (level == IPPROTO_UDP && name == UDP_GRO) joined_ = is_on;
    if (level == IPPROTO_IPV6) {
        if (name == IPV6_RECVHOPLIMIT) ttl_ = is_on;
        if (name == IPV6_RECVPKTINFO) packet_ = is_on;
    }
    if (level != IPPROTO_IP) return;
    switch (name) {
        case IP_PKTINFO: packet_ = is_on; return;
        case IP_RECVTTL: ttl_ = is_on; return;
        case IP_RECVTOS: tos_ = is_on; return;
        case IP_RECVORIGDSTADDR: destination_ = is_on; return;
        default: return;
    }
}

ControlWishes::Told ControlWishes::tell(const Origin& origin, std::size_t room,
                                        Duration wall_offset) const {
    Writer writer(room);
    if (time_ != 0) put_time(writer, time_, origin.arrival.at.time_since_epoch() + wall_offset);
    if (joined_ && origin.segment != 0) writer.put(IPPROTO_UDP, UDP_GRO, int{origin.segment});
    if (!origin.to.addr.is_v4()) {
        if (packet_) writer.put(IPPROTO_IPV6, IPV6_PKTINFO, packet_info_v6(origin));
        if (ttl_) writer.put(IPPROTO_IPV6, IPV6_HOPLIMIT, int{origin.arrival.ttl});
        return writer.take();
    }
    if (packet_) writer.put(IPPROTO_IP, IP_PKTINFO, packet_info(origin));
    if (ttl_) writer.put(IPPROTO_IP, IP_TTL, int{origin.arrival.ttl});
    if (tos_) writer.put(IPPROTO_IP, IP_TOS, origin.arrival.tos);
    if (destination_) writer.put(IPPROTO_IP, IP_ORIGDSTADDR, to_sockaddr(origin.to));
    return writer.take();
}

bool is_told_by_streams(int level, int name) {
    if (level == IPPROTO_TCP) return name == TCP_INQ;
    return level == SOL_SOCKET && is_time_option(name);
}

}  // namespace dt::host
