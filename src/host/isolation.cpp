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

bool bring_lo_up(const std::vector<Ipv4>& addresses) {
    const os::UniqueFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    if (!socket.is_open()) return false;
    ifreq request{};
    std::memcpy(request.ifr_name, "lo", 3);
    request.ifr_flags = IFF_UP | IFF_RUNNING | IFF_LOOPBACK;
    if (::ioctl(socket.get(), SIOCSIFFLAGS, &request) != 0) return false;
    Label label{'l', 'o', ':'};
    for (std::size_t i = 0; i < addresses.size(); ++i) {
        *std::to_chars(label.data() + 3, label.data() + label.size() - 1, i + 1).ptr = '\0';
        if (!set_address(socket.get(), label, addresses[i], 0xffffffff)) return false;
    }
    return true;
}

}  // namespace

bool enter(Isolation isolation, const std::vector<Ipv4>& addresses) {
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
    write_file("/proc/sys/net/ipv6/conf/all/disable_ipv6", "1");  // absent where IPv6 is
    return bring_lo_up(addresses);
}

Isolation probe_isolation() {
    for (const Isolation isolation : {Isolation::network, Isolation::user_and_network}) {
        const pid_t child = ::fork();
        if (child == 0) ::_exit(enter(isolation, {Ipv4(10, 0, 0, 1)}) ? 0 : 1);
        int status = 1;
        if (child > 0 && ::waitpid(child, &status, 0) == child && status == 0) return isolation;
    }
    return Isolation::none;
}

}  // namespace dt::host
