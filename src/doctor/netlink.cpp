// Requests over netlink.
#include "doctor/netlink.hpp"

#include <linux/inet_diag.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/time.h>

#include <array>
#include <span>

#include "doctor/routing.hpp"

namespace dt::doctor {

namespace {

// The kernel fills a datagram of a dump up to the reader's buffer, at most 32 KiB.
constexpr std::size_t buffer_octets = std::size_t{64} * 1024;

/// A message with its fixed part, and room for one address.
struct Request {
    alignas(nlmsghdr) std::array<std::byte, 256> octets{};
    nlmsghdr* header = nullptr;

    Request(std::uint16_t type, unsigned flags) {
        header = mnl_nlmsg_put_header(octets.data());
        header->nlmsg_type = type;
        header->nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
        header->nlmsg_seq = 1;
    }
    template <class T>
    T& fixed() {
        return *static_cast<T*>(mnl_nlmsg_put_extra_header(header, sizeof(T)));
    }
};

constexpr std::uint8_t extension(int number) {
    return static_cast<std::uint8_t>(1U << (number - 1));
}

constexpr std::uint8_t extensions = extension(INET_DIAG_INFO) | extension(INET_DIAG_SKMEMINFO);

/// TCP of both families in one walk over the kernel's tables. The newer request names one family,
/// and each walk looks at every socket.
os::SysStatus dump_tcp(Netlink& diag, std::vector<rules::Socket>& out) {
    Request request(TCPDIAG_GETSOCK, NLM_F_DUMP);
    auto& question = request.fixed<inet_diag_req>();
    question.idiag_ext = extensions;
    question.idiag_states = ~0U;
    return diag.ask(*request.header, [&](Octets datagram) {
        return read_sockets(datagram, rules::Protocol::tcp, out);
    });
}

os::SysStatus dump_family(Netlink& diag, rules::Protocol protocol, std::uint8_t family,
                          std::vector<rules::Socket>& out) {
    Request request(SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
    auto& question = request.fixed<inet_diag_req_v2>();
    question.sdiag_family = family;
    question.sdiag_protocol = protocol == rules::Protocol::tcp ? IPPROTO_TCP : IPPROTO_UDP;
    question.idiag_ext = extensions;
    question.idiag_states = ~0U;
    return diag.ask(*request.header,
                    [&](Octets datagram) { return read_sockets(datagram, protocol, out); });
}

}  // namespace

os::SysResult<Netlink> Netlink::open(int bus) {
    Netlink netlink;
    netlink.socket_.reset(mnl_socket_open2(bus, SOCK_CLOEXEC));
    if (!netlink.socket_) return os::failed("socket");
    // A kernel that does not answer must not hold us for ever.
    const timeval limit{5, 0};
    (void)::setsockopt(mnl_socket_get_fd(netlink.socket_.get()), SOL_SOCKET, SO_RCVTIMEO, &limit,
                       sizeof limit);
    if (mnl_socket_bind(netlink.socket_.get(), 0, MNL_SOCKET_AUTOPID) < 0) {
        return os::failed("bind");
    }
    netlink.buffer_.resize(buffer_octets);
    return netlink;
}

os::SysStatus dump_sockets(Netlink& diag, rules::Protocol protocol,
                           std::vector<rules::Socket>& out) {
    const std::size_t count = out.size();
    if (protocol == rules::Protocol::tcp && dump_tcp(diag, out)) return {};
    out.resize(count);
    if (auto status = dump_family(diag, protocol, AF_INET, out); !status) return status;
    return dump_family(diag, protocol, AF_INET6, out);
}

os::SysStatus dump_addresses(Netlink& route, std::vector<rules::LocalAddress>& out) {
    Request request(RTM_GETADDR, NLM_F_DUMP);
    request.fixed<ifaddrmsg>().ifa_family = AF_UNSPEC;
    return route.ask(*request.header,
                     [&](Octets datagram) { return read_addresses(datagram, out); });
}

os::SysStatus dump_neighbours(Netlink& route, std::vector<rules::Neighbour>& out) {
    Request request(RTM_GETNEIGH, NLM_F_DUMP);
    request.fixed<ndmsg>().ndm_family = AF_UNSPEC;
    return route.ask(*request.header,
                     [&](Octets datagram) { return read_neighbours(datagram, out); });
}

rules::Route route_to(Netlink& route, const IpAddr& address) {
    Request request(RTM_GETROUTE, 0);
    auto& question = request.fixed<rtmsg>();
    question.rtm_family = address.is_v4() ? AF_INET : AF_INET6;
    question.rtm_dst_len = address.is_v4() ? 32 : 128;
    if (address.is_v4()) {
        const auto network = std::byteswap(address.v4().value());
        mnl_attr_put(request.header, RTA_DST, sizeof network, &network);
    } else {
        const auto octets = address.v6().octets();
        mnl_attr_put(request.header, RTA_DST, octets.size(), octets.data());
    }
    std::optional<rules::Route> answer;
    const auto status =
        route.ask(*request.header, [&](Octets datagram) { return read_route(datagram, answer); });
    if (answer) return *answer;
    rules::Route none;
    if (!status) none.kind = kind_of_route_error(status.error().number);
    return none;
}

}  // namespace dt::doctor
