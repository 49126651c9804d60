// The links of a host as the kernel shows them to its programs (rtnetlink(7), netdevice(7)).
#include "host/own_links.hpp"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string_view>

#include "base/octets.hpp"
#include "os/fd.hpp"

namespace dt::host {
namespace {

/// Interfaces that take every packet and carry none: which of them a kernel has differs.
constexpr auto kinds = std::to_array<std::string_view>({"dummy", "ifb"});
constexpr int first_index = 2;  // lo is 1

constexpr std::uint16_t create = NLM_F_CREATE | NLM_F_EXCL;

/// One request, in a buffer of its own: after fork() nothing is allocated.
class Message {
  public:
    template <class Body>
    Message(std::uint16_t type, std::uint16_t flags, const Body& body) {
        header().nlmsg_type = type;
        header().nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
        header().nlmsg_len = NLMSG_HDRLEN;
        append(std::as_bytes(std::span(&body, 1)));
    }
    void put(std::uint16_t type, Octets value) {
        const rtattr attribute{static_cast<std::uint16_t>(RTA_LENGTH(value.size())), type};
        append(std::as_bytes(std::span(&attribute, 1)));
        append(value);
    }
    void put(std::uint16_t type, std::string_view text) {
        put(type, std::as_bytes(std::span(text.data(), text.size())));
    }
    /// Attributes until close() are inside this one.
    [[nodiscard]] std::size_t open(std::uint16_t type) {
        const std::size_t at = header().nlmsg_len;
        put(type, Octets{});
        return at;
    }
    void close(std::size_t at) {
        reinterpret_cast<rtattr*>(octets_.data() + at)->rta_len =
            static_cast<std::uint16_t>(header().nlmsg_len - at);
    }
    /// 0, or the kernel's errno.
    [[nodiscard]] int ask(int netlink) {
        if (::send(netlink, octets_.data(), header().nlmsg_len, 0) < 0) return errno;
        alignas(nlmsghdr) std::array<std::byte, 1024> room{};
        if (::recv(netlink, room.data(), room.size(), 0) < 0) return errno;
        nlmsghdr answer{};
        std::memcpy(&answer, room.data(), sizeof answer);
        if (answer.nlmsg_type != NLMSG_ERROR) return EPROTO;
        nlmsgerr error{};
        std::memcpy(&error, room.data() + NLMSG_HDRLEN, sizeof error);
        return -error.error;
    }

  private:
    [[nodiscard]] nlmsghdr& header() { return *reinterpret_cast<nlmsghdr*>(octets_.data()); }
    /// What does not fit is left out: the kernel refuses such a message.
    void append(Octets value) {
        const std::size_t at = header().nlmsg_len;
        const std::size_t end = at + NLMSG_ALIGN(value.size());
        if (end > octets_.size()) return;
        std::ranges::copy(value, octets_.begin() + static_cast<std::ptrdiff_t>(at));
        header().nlmsg_len = static_cast<std::uint32_t>(end);
    }

    alignas(nlmsghdr) std::array<std::byte, 512> octets_{};
};

Octets octets_of(const std::uint32_t& number) { return std::as_bytes(std::span(&number, 1)); }

bool make_link(int netlink, int index, const OwnLink& link) {
    return std::ranges::any_of(kinds, [&](std::string_view kind) {
        ifinfomsg body{};
        body.ifi_index = index;
        Message message(RTM_NEWLINK, create, body);
        message.put(IFLA_IFNAME, link.name);
        std::array<std::byte, Mac::size> mac{};
        link.mac.store(mac, 0);
        message.put(IFLA_ADDRESS, mac);
        message.put(IFLA_MTU, octets_of(link.mtu));
        const std::size_t info = message.open(IFLA_LINKINFO);
        message.put(IFLA_INFO_KIND, kind);
        message.close(info);
        return message.ask(netlink) == 0;
    });
}

bool bring_up(int netlink, int index) {
    ifinfomsg body{};
    body.ifi_index = index;
    body.ifi_flags = IFF_UP | IFF_MULTICAST;
    body.ifi_change = IFF_UP | IFF_MULTICAST | IFF_NOARP;
    return Message(RTM_NEWLINK, 0, body).ask(netlink) == 0;
}

/// Where the kernel has no IPv6, programs see no such address: that is no error.
bool add_address(int netlink, int index, const OwnLink& link, const wire::Prefix& own) {
    const bool is_v4 = own.network.is_v4();
    ifaddrmsg body{};
    body.ifa_family = is_v4 ? AF_INET : AF_INET6;
    body.ifa_prefixlen = own.length;
    body.ifa_flags = is_v4 ? 0 : IFA_F_NODAD;
    body.ifa_index = static_cast<std::uint32_t>(index);
    Message message(RTM_NEWADDR, create, body);
    std::array<std::byte, Ipv6::size> address{};
    if (!is_v4) {
        own.network.v6().store(address, 0);
        message.put(IFA_LOCAL, address);
        (void)message.ask(netlink);
        return true;
    }
    const Octets octets = Octets(address).first(sizeof(std::uint32_t));
    own.network.v4().store(address, 0);
    message.put(IFA_LOCAL, octets);
    message.put(IFA_ADDRESS, octets);
    const IpAddr everyone = own.broadcast();
    if (own.is_broadcast(everyone)) {
        everyone.v4().store(address, 0);
        message.put(IFA_BROADCAST, octets);
    }
    message.put(IFA_LABEL, link.name);
    return message.ask(netlink) == 0;
}

}  // namespace

bool make_links(const std::vector<OwnLink>& links) {
    const os::UniqueFd netlink(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE));
    if (!netlink.is_open()) return false;
    int index = first_index;
    for (const OwnLink& link : links) {
        if (!make_link(netlink.get(), index, link) || !bring_up(netlink.get(), index)) return false;
        for (const wire::Prefix& own : link.addresses) {
            if (!add_address(netlink.get(), index, link, own)) return false;
        }
        ++index;
    }
    return true;
}

}  // namespace dt::host
