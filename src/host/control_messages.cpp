// Control messages of recvmsg() (cmsg(3), ip(7)).
#include "host/control_messages.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/time.h>

#include <algorithm>
#include <ctime>

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

}  // namespace

void ControlWishes::on_option(int level, int name, int value) {
    const bool is_on = value != 0;
    if (level == SOL_SOCKET && is_time_option(name)) time_ = is_on ? name : 0;
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
