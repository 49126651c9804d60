// Binds a scratch socket that never listens, and closes it at once.
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "doctor/host.hpp"
#include "doctor/sockaddr.hpp"

namespace dt::doctor {

namespace {

rules::ProbeResult try_bind(const Endpoint& address, std::uint32_t scope, int reuse) {
    const bool is_v4 = address.addr.is_v4();
    const os::UniqueFd fd(
        ::socket(is_v4 ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, IPPROTO_TCP));
    if (!fd.is_open()) return rules::ProbeResult::other;
    if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &reuse, sizeof reuse) != 0) {
        return rules::ProbeResult::other;
    }
    const SockAddr name = to_sockaddr(address, scope);
    if (::bind(fd.get(), name.get(), name.length) == 0) return rules::ProbeResult::free;
    return errno == EADDRINUSE ? rules::ProbeResult::in_use : rules::ProbeResult::other;
}

}  // namespace

rules::Probe probe_bind(const Endpoint& address, std::uint32_t scope) {
    return {try_bind(address, scope, 0), try_bind(address, scope, 1)};
}

}  // namespace dt::doctor
