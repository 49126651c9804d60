// A user and network namespace per program (unshare(2), user_namespaces(7), netdevice(7)).
#include "host/isolation.hpp"

#include <fcntl.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>
#include <string_view>

#include "os/fd.hpp"

namespace dt::host {
namespace {

bool write_file(const char* path, std::string_view text) {
    const os::UniqueFd fd(::open(path, O_WRONLY | O_CLOEXEC));
    return fd.is_open() &&
           ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
}

/// `ID ID 1`: the one line a process without privilege may write.
bool write_id_map(const char* path, std::uint32_t id) {
    std::array<char, 32> line{};
    char* at = std::to_chars(line.data(), line.data() + 12, id).ptr;
    *at++ = ' ';
    at = std::to_chars(at, at + 12, id).ptr;
    *at++ = ' ';
    *at++ = '1';
    return write_file(path, {line.data(), static_cast<std::size_t>(at - line.data())});
}

using Label = std::array<char, IFNAMSIZ>;  // ends with NUL

bool set_address(int socket, const Label& label, Ipv4 address, std::uint32_t mask) {
    ifreq request{};
    std::memcpy(request.ifr_name, label.data(), label.size());
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_addr.s_addr = htonl(address.value());
    std::memcpy(&request.ifr_addr, &name, sizeof name);
    if (::ioctl(socket, SIOCSIFADDR, &request) != 0) return false;
    name.sin_addr.s_addr = htonl(mask);
    std::memcpy(&request.ifr_netmask, &name, sizeof name);
    return ::ioctl(socket, SIOCSIFNETMASK, &request) == 0;
}

/// As linux/ipv6.h has it, which cannot be included beside <netinet/in.h>.
struct In6Request {
    in6_addr address;
    std::uint32_t prefix_length;
    int interface;
};

/// Where the kernel has no IPv6, programs see none of these addresses.
void add_address_v6(int socket, Ipv6 address) {
    In6Request request{{}, 128, 1};
    std::memcpy(&request.address, address.octets().data(), sizeof request.address);
    (void)::ioctl(socket, SIOCSIFADDR, &request);
}

bool bring_lo_up() {
    const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return false;
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
    return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

/// Without the addresses getaddrinfo() with AI_ADDRCONFIG would find no family in use.
bool put_on_lo(const std::vector<OwnLink>& links) {
    const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const os::UniqueFd socket_v6(::socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return false;
    Label label{'l', 'o', ':'};
    int labels = 0;
    for (const OwnLink& link : links) {
        for (const wire::Prefix& own : link.addresses) {
            if (!own.network.is_v4()) {
                if (socket_v6.is_open()) add_address_v6(socket_v6.get(), own.network.v6());
                continue;
            }
            *std::to_chars(label.data() + 3, label.data() + label.size() - 1, ++labels).ptr = '\0';
            if (!set_address(socket.get(), label, own.network.v4(), 0xffffffff)) return false;
        }
    }
    return true;
}

bool has_v6(const OwnLink& link) {
    return std::ranges::any_of(link.addresses,
                               [](const wire::Prefix& own) { return !own.network.is_v4(); });
}

/// The stack has proved its addresses, and none but its own are to be seen.
void make_no_addresses_of_its_own() {
    write_file("/proc/sys/net/ipv6/conf/default/addr_gen_mode", "1");
    write_file("/proc/sys/net/ipv6/conf/default/accept_dad", "0");
    write_file("/proc/sys/net/ipv6/conf/default/router_solicitations", "0");
}

}  // namespace

bool enter(Isolation isolation, const std::vector<OwnLink>& links) {
    if (isolation == Isolation::none) return true;
    const bool with_user = isolation == Isolation::user_and_network;
    const auto uid = ::geteuid();
    const auto gid = ::getegid();
    if (::unshare(CLONE_NEWNET | (with_user ? CLONE_NEWUSER : 0)) != 0) return false;
    if (with_user) {
        write_file("/proc/self/setgroups", "deny");  // kernels before 3.19 lack it
        if (!write_id_map("/proc/self/uid_map", uid)) return false;
        if (!write_id_map("/proc/self/gid_map", gid)) return false;
    }
    if (std::ranges::any_of(links, has_v6))
        make_no_addresses_of_its_own();
    else
        write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");  // absent where IPv6 is
    return bring_lo_up() && (make_links(links) || put_on_lo(links));
}

Isolation probe_isolation() {
    for (const Isolation isolation : {Isolation::network, Isolation::user_and_network}) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(enter(isolation, {}) ? 0 : 1);
        int status = 1;
        if (child > 0 && ::waitpid(child, &status, 0) == child && status == 0) return isolation;
    }
    return Isolation::none;
}

}  // namespace dt::host
