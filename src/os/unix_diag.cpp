// Whether an AF_UNIX socket is still open anywhere, asked of the kernel (sock_diag(7), unix_diag).
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "os/process.hpp"

namespace dt::os {

UnixDiag::UnixDiag()
    : netlink_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_SOCK_DIAG)) {}

/// Sends a question about one socket, or with NLM_F_DUMP about all.
bool UnixDiag::ask(std::uint64_t inode, unsigned flags) {
    struct {
        nlmsghdr header;
        unix_diag_req request;
    } question{};
    question.header.nlmsg_len = sizeof question;
    question.header.nlmsg_type = SOCK_DIAG_BY_FAMILY;
    question.header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags);
    question.request.sdiag_family = AF_UNIX;
    question.request.udiag_states = ~0U;
    question.request.udiag_ino = static_cast<std::uint32_t>(inode);
    question.request.udiag_cookie[0] = ~0U;  // INET_DIAG_NOCOOKIE: the inode says it all
    question.request.udiag_cookie[1] = ~0U;
    return ::send(netlink_.get(), &question, sizeof question, 0) == sizeof question;
}

std::optional<std::vector<std::uint64_t>> UnixDiag::open_inodes() {
    constexpr int reads_max = 65536;  // of some hundred sockets each
    if (!ask(0, NLM_F_DUMP)) return std::nullopt;
    std::vector<std::uint64_t> found;
    alignas(nlmsghdr) std::array<std::byte, 32768> answer{};
    for (int i = 0; i < reads_max; ++i) {
        const ssize_t n = ::recv(netlink_.get(), answer.data(), answer.size(), 0);
        if (n <= 0) return std::nullopt;
        const auto size = static_cast<std::size_t>(n);
        nlmsghdr header{};
        for (std::size_t at = 0; at + sizeof header <= size; at += NLMSG_ALIGN(header.nlmsg_len)) {
            std::memcpy(&header, answer.data() + at, sizeof header);
            if (header.nlmsg_type == NLMSG_DONE) {
                std::ranges::sort(found);
                return found;
            }
            unix_diag_msg told{};
            const bool is_told = header.nlmsg_type == SOCK_DIAG_BY_FAMILY &&
                                 header.nlmsg_len >= sizeof header + sizeof told &&
                                 at + header.nlmsg_len <= size;
            if (!is_told) return std::nullopt;
            std::memcpy(&told, answer.data() + at + sizeof header, sizeof told);
            found.push_back(told.udiag_ino);
        }
    }
    return std::nullopt;
}

std::optional<bool> UnixDiag::is_open(std::uint64_t inode) {
    if (!ask(inode, 0)) return std::nullopt;
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
