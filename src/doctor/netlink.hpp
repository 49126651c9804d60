// One netlink socket, and requests over it (netlink(7), libmnl).
#pragma once

#include <libmnl/libmnl.h>

#include <functional>
#include <memory>
#include <vector>

#include "doctor/inet_diag.hpp"
#include "os/failure.hpp"
#include "os/fd.hpp"

namespace dt::doctor {

class Netlink {
  public:
    /// `bus` is NETLINK_SOCK_DIAG or NETLINK_ROUTE.
    [[nodiscard]] static os::SysResult<Netlink> open(int bus);

    /// Sends a request and hands each datagram of the answer to `read` until the answer has ended.
    template <class Read>
    os::SysStatus ask(const nlmsghdr& request, Read&& read) {
        if (mnl_socket_sendto(socket_.get(), &request, request.nlmsg_len) < 0) {
            return os::failed("sendto");
        }
        for (;;) {
            const auto size = mnl_socket_recvfrom(socket_.get(), buffer_.data(), buffer_.size());
            if (size < 0 && errno == EINTR) continue;
            if (size < 0) return os::failed("recvfrom");
            const DumpStep step = read(Octets{buffer_.data(), static_cast<std::size_t>(size)});
            if (step.progress == Progress::failed) return os::failed("netlink", step.error);
            const bool is_dump = (request.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
            if (step.progress == Progress::done || !is_dump) return {};
        }
    }

  private:
    struct Close {
        void operator()(mnl_socket* socket) const { mnl_socket_close(socket); }
    };

    Netlink() = default;

    std::unique_ptr<mnl_socket, Close> socket_;
    std::vector<std::byte> buffer_;
};

/// All TCP sockets of both families, with memory, tcp_info and v6only.
os::SysStatus dump_sockets(Netlink& diag, rules::Protocol protocol,
                           std::vector<rules::Socket>& out);
os::SysStatus dump_addresses(Netlink& route, std::vector<rules::LocalAddress>& out);
os::SysStatus dump_neighbours(Netlink& route, std::vector<rules::Neighbour>& out);
/// What `ip route get` says.
[[nodiscard]] rules::Route route_to(Netlink& route, const IpAddr& address);

}  // namespace dt::doctor
