// Reads a socket of another process.
#include "doctor/descriptor.hpp"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/tcp.h>
#include <netinet/in.h>
#include <sys/stat.h>

#include <string>

#include "doctor/host.hpp"
#include "doctor/inet_diag.hpp"
#include "doctor/netlink_bytes.hpp"
#include "doctor/proc_text.hpp"
#include "os/process.hpp"

namespace dt::doctor {

namespace {

int number_of(int fd, int level, int option) {
    int value = 0;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, level, option, &value, &size) == 0 ? value : 0;
}

Duration limit_of(int fd, int option) {
    timeval value{};
    socklen_t size = sizeof value;
    if (::getsockopt(fd, SOL_SOCKET, option, &value, &size) != 0) return {};
    return std::chrono::seconds{value.tv_sec} + std::chrono::microseconds{value.tv_usec};
}

bool flag_of(int fd, int level, int option) { return number_of(fd, level, option) != 0; }

template <class Ask>
std::optional<NamedEndpoint> name_of(int fd, Ask ask) {
    sockaddr_storage storage{};
    socklen_t size = sizeof storage;
    auto* const name = reinterpret_cast<sockaddr*>(&storage);
    if (ask(fd, name, &size) != 0) return std::nullopt;
    return from_sockaddr(storage, size);
}

std::optional<rules::TcpInfo> info_of(int fd) {
    tcp_info kernel{};
    socklen_t size = sizeof kernel;
    if (::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &kernel, &size) != 0) return std::nullopt;
    return tcp_info_of(kernel);
}

}  // namespace

std::optional<Looked> options_of(pid_t pid, int fd) {
    const auto process = os::open_process(pid);
    if (!process) return std::nullopt;
    const auto copy = os::borrow(process->get(), fd);
    if (!copy) return std::nullopt;
    const int own = copy->get();
    const auto local = name_of(own, ::getsockname);
    if (!local) return std::nullopt;
    Looked looked;
    looked.options.has_reuse_addr = flag_of(own, SOL_SOCKET, SO_REUSEADDR);
    looked.options.has_reuse_port = flag_of(own, SOL_SOCKET, SO_REUSEPORT);
    looked.options.is_v6only =
        local->family == Family::v6 && flag_of(own, IPPROTO_IPV6, IPV6_V6ONLY);
    looked.options.has_no_delay = flag_of(own, IPPROTO_TCP, TCP_NODELAY);
    looked.options.is_listening = flag_of(own, SOL_SOCKET, SO_ACCEPTCONN);
    looked.options.is_nonblocking = (::fcntl(own, F_GETFL) & O_NONBLOCK) != 0;
    looked.options.receive_limit = limit_of(own, SO_RCVTIMEO);
    looked.options.send_limit = limit_of(own, SO_SNDTIMEO);
    const bool is_v4 = local->family == Family::v4;
    const int discovery = is_v4 ? number_of(own, IPPROTO_IP, IP_MTU_DISCOVER)
                                : number_of(own, IPPROTO_IPV6, IPV6_MTU_DISCOVER);
    looked.options.may_fragment = discovery != IP_PMTUDISC_DO && discovery != IP_PMTUDISC_PROBE;
    looked.options.path_mtu = static_cast<std::uint32_t>(
        is_v4 ? number_of(own, IPPROTO_IP, IP_MTU) : number_of(own, IPPROTO_IPV6, IPV6_MTU));
    looked.options.local = local->endpoint;
    looked.options.is_bound = !local->endpoint.port.is_any();
    if (const auto remote = name_of(own, ::getpeername)) {
        looked.options.remote = remote->endpoint;
    }
    looked.protocol = number_of(own, SOL_SOCKET, SO_TYPE) == SOCK_DGRAM ? rules::Protocol::udp
                                                                        : rules::Protocol::tcp;
    if (looked.protocol == rules::Protocol::tcp) looked.info = info_of(own);
    return looked;
}

void describe_process(rules::Call& call) {
    const std::string folder = "/proc/" + std::to_string(call.pid);
    struct stat status {};
    if (::stat(folder.c_str(), &status) == 0) call.euid = status.st_uid;
    if (const auto capabilities = effective_capabilities(read_text(folder + "/status"))) {
        call.may_bind_low = (*capabilities >> CAP_NET_BIND_SERVICE & 1U) != 0;
    }
}

}  // namespace dt::doctor
