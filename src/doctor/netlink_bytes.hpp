// Walking netlink messages in a buffer, with every length checked (netlink(7)).
#pragma once

#include <libmnl/libmnl.h>
#include <linux/tcp.h>

#include <cerrno>

#include "doctor/inet_diag.hpp"

namespace dt::doctor {

/// struct tcp_info in the rules' terms.
[[nodiscard]] rules::TcpInfo tcp_info_of(const tcp_info& kernel);

/// Calls `visit(const nlattr&)` for each whole attribute behind the fixed part of a message.
template <class Visit>
void for_each_attribute(const nlmsghdr& header, std::size_t fixed, Visit&& visit) {
    // Where its octets end: libmnl's tail is behind what fills them up to its alignment.
    const auto* const end = reinterpret_cast<const char*>(&header) + header.nlmsg_len;
    const auto* at = static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(&header, fixed));
    while (mnl_attr_ok(at, static_cast<int>(end - reinterpret_cast<const char*>(at)))) {
        visit(*at);
        at = mnl_attr_next(at);
    }
}

/// The error number that a message of type NLMSG_ERROR carries; EBADMSG where it is too short.
[[nodiscard]] inline int error_in(const nlmsghdr& header) {
    nlmsgerr error{};
    if (mnl_nlmsg_get_payload_len(&header) < sizeof error.error) return EBADMSG;
    std::memcpy(&error.error, mnl_nlmsg_get_payload(&header), sizeof error.error);
    return error.error > -4096 && error.error <= 0 ? -error.error : EBADMSG;
}

/// Whether `left` octets hold all of the message; libmnl compares its length as a signed number.
[[nodiscard]] inline bool is_whole(const nlmsghdr& header, int left) {
    return mnl_nlmsg_ok(&header, left) && header.nlmsg_len <= static_cast<std::uint32_t>(left);
}

/// Calls `visit(const nlmsghdr&)` for each message of a datagram until it returns false. The
/// buffer must be aligned as a nlmsghdr is.
template <class Visit>
[[nodiscard]] DumpStep read_messages(Octets datagram, Visit&& visit) {
    int left = static_cast<int>(std::min<std::size_t>(datagram.size(), 1U << 30U));
    const auto* header = reinterpret_cast<const nlmsghdr*>(datagram.data());
    while (left > 0) {
        if (!is_whole(*header, left)) return {Progress::failed, EBADMSG};
        if (header->nlmsg_type == NLMSG_DONE) return {Progress::done, 0};
        if (header->nlmsg_type == NLMSG_ERROR) {
            const int error = error_in(*header);
            return {error == 0 ? Progress::done : Progress::failed, error};
        }
        if (header->nlmsg_type >= NLMSG_MIN_TYPE && !visit(*header)) {
            return {Progress::failed, EBADMSG};
        }
        header = mnl_nlmsg_next(header, &left);
    }
    return {Progress::more, 0};
}

}  // namespace dt::doctor
