// Whether an AF_UNIX socket is still open anywhere, asked of the kernel (sock_diag(7), unix_diag).
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "os/process.hpp"

namespace dt::os {

UnixDiag::UnixDiag()
    : netlink_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)) {}

std::optional<bool> UnixDiag::is_open(std::uint64_t inode) {
    struct {
        nlmsghdr header;
        unix_diag_req request;
    } question{};
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = NLM_F_REQUEST;
    question.request.sdiag_family = AF_UNIX;
    question.request.udiag_states = ~0U;
    question.request.udiag_ino = static_cast<std::uint32_t>(inode);
    question.request.udiag_cookie[0] = ~0U;  // INET_DIAG_NOCOOKIE: the inode says it all
    question.request.udiag_cookie[1] = ~0U;
    if (::send(netlink_.get(), &question, sizeof question, 0) != sizeof question) {
        return std::nullopt;
    }
    alignas(nlmsghdr) std::array<std::byte, 1024> answer{};
    const ssize_t n = ::recv(netlink_.get(), answer.data(), answer.size(), 0);
    if (n < static_cast<ssize_t>(sizeof(nlmsghdr))) return std::nullopt;
    nlmsghdr header{};
    std::memcpy(&header, answer.data(), sizeof header);
    if (header.nlmsg_type == SOCK_DIAG_BY_FAMILY) return true;
    nlmsgerr error{};
    if (n < static_cast<ssize_t>(sizeof header + sizeof error)) return std::nullopt;
    std::memcpy(&error, answer.data() + sizeof header, sizeof error);
    if (header.nlmsg_type == NLMSG_ERROR && error.error == -ENOENT) return false;
    return std::nullopt;
}

}  // namespace dt::os
