// recvmsg(): octets with what is said beside them (TCP_INQ), and the error queue (MSG_ERRQUEUE).
// <linux/errqueue.h> needs what <ctime> declares.
#include <ctime>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>

#include "packetdrill/desk.hpp"
#include "sock/tcp_info.hpp"

namespace dt::packetdrill {
namespace {

constexpr int inq_message = 36;  // TCP_CM_INQ, the same number as the option TCP_INQ

/// Writes one control message; false where there is no room.
template <class Value>
bool put_control(msghdr& message, int level, int type, const Value& value) {
    if (message.msg_controllen < CMSG_SPACE(sizeof value)) return false;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = level;
    header->cmsg_type = type;
    header->cmsg_len = CMSG_LEN(sizeof value);
    std::memcpy(CMSG_DATA(header), &value, sizeof value);
    message.msg_controllen = CMSG_SPACE(sizeof value);
    return true;
}

/// The error and, behind it, the address of who caused it: nobody.
struct ErrorMessage {
    sock_extended_err error{};
    sockaddr_in offender{};
};

/// When, and of which write. The text itself is not given back: there is no room asked for it.
void put_stamp(msghdr& message, const TextStamps::Stamp& stamp) {
    struct Controls {
        alignas(cmsghdr) std::byte
            octets[CMSG_SPACE(sizeof(scm_timestamping)) + CMSG_SPACE(sizeof(ErrorMessage))] = {};
    };
    Controls controls;
    message.msg_namelen = 0;
    if (message.msg_controllen < sizeof controls) {
        message.msg_controllen = 0;
        message.msg_flags = MSG_ERRQUEUE | MSG_CTRUNC;
        return;
    }
    scm_timestamping times{};
    const Duration at = stamp.at.time_since_epoch();
    const auto whole = std::chrono::floor<std::chrono::seconds>(at);
    times.ts[0].tv_sec = static_cast<time_t>(whole.count());
    times.ts[0].tv_nsec = static_cast<long>(std::chrono::nanoseconds{at - whole}.count());
    ErrorMessage body;
    body.error.ee_errno = ENOMSG;
    body.error.ee_origin = SO_EE_ORIGIN_TIMESTAMPING;
    body.error.ee_info = stamp.kind;
    body.error.ee_data = stamp.key;
    std::memcpy(message.msg_control, &controls, sizeof controls);
    message.msg_controllen = sizeof controls;
    put_control(message, SOL_SOCKET, SO_TIMESTAMPING, times);
    msghdr behind = message;
    behind.msg_control = static_cast<std::byte*>(message.msg_control) + CMSG_SPACE(sizeof times);
    behind.msg_controllen = CMSG_SPACE(sizeof body);
    put_control(behind, SOL_IP, IP_RECVERR, body);
    message.msg_controllen = sizeof controls;
    message.msg_flags = MSG_ERRQUEUE | MSG_TRUNC;
}

}  // namespace

void TextStamps::enable(std::uint32_t wanted, std::uint64_t sent) {
    if (wanted_ == 0) first_ = sent;
    wanted_ = wanted;
}

void TextStamps::on_written(std::uint64_t end) {
    unsent_.push_back(end);
    unacked_.push_back(end);
}

void TextStamps::stamp(std::uint32_t kind, std::uint32_t flag, std::uint64_t end, Instant now) {
    if ((wanted_ & flag) == 0) return;
    const bool has_key = (wanted_ & SOF_TIMESTAMPING_OPT_ID) != 0;
    const auto key = has_key ? static_cast<std::uint32_t>(end - first_ - 1) : 0U;
    stamps_.push_back({kind, key, now});
}

/// The device takes a frame at the instant at which it is handed over: both stamps are one.
bool TextStamps::on_progress(std::uint64_t left, std::uint64_t acked, Instant now) {
    const std::size_t before = stamps_.size();
    while (!unsent_.empty() && unsent_.front() <= left) {
        stamp(SCM_TSTAMP_SCHED, SOF_TIMESTAMPING_TX_SCHED, unsent_.front(), now);
        stamp(SCM_TSTAMP_SND, SOF_TIMESTAMPING_TX_SOFTWARE, unsent_.front(), now);
        unsent_.pop_front();
    }
    while (!unacked_.empty() && unacked_.front() <= acked) {
        stamp(SCM_TSTAMP_ACK, SOF_TIMESTAMPING_TX_ACK, unacked_.front(), now);
        unacked_.pop_front();
    }
    return stamps_.size() > before;
}

std::optional<TextStamps::Stamp> TextStamps::take_stamp() {
    if (stamps_.empty()) return std::nullopt;
    const Stamp first = stamps_.front();
    stamps_.pop_front();
    return first;
}

void Desk::follow_stamps(SocketEntry& entry) {
    if (!entry.stamps.is_waiting()) return;
    sock::TcpInfo info{};
    const MutableOctets value = std::as_writable_bytes(std::span{&info, 1});
    if (!machine_.calls().get_option(entry.id, IPPROTO_TCP, TCP_INFO, value)) return;
    const std::uint64_t left = entry.sent - std::min<std::uint64_t>(entry.sent, info.notsent_bytes);
    const std::uint64_t queued = machine_.calls().unsent(entry.id);
    const std::uint64_t acked = entry.sent - std::min(entry.sent, queued);
    if (entry.stamps.on_progress(left, acked, machine_.now())) ++entry.error_moves;
}

void Desk::follow_stamps() {
    for (auto& [fd, entry] : entries_)
        if (auto* socket = std::get_if<SocketEntry>(&entry)) follow_stamps(*socket);
}

bool ZeroCopy::on_acked(std::uint64_t acked) {
    bool completed = false;
    while (!pending_.empty() && pending_.front() <= acked) {
        pending_.pop_front();
        if (!notice_) notice_ = Notice{completed_, completed_};
        notice_->last = completed_++;
        completed = true;
    }
    return completed;
}

std::uint16_t Desk::readiness(SocketEntry& entry) {
    stack::Calls calls = machine_.calls();
    const std::uint64_t queued = calls.unsent(entry.id);
    if (entry.sent >= queued && entry.zero_copy.on_acked(entry.sent - queued)) {
        ++entry.error_moves;
    }
    std::uint16_t bits = calls.poll(entry.id).bits;
    if (entry.zero_copy.has_notice() || entry.stamps.has_stamp()) bits |= sock::PollMask::err;
    return bits;
}

Result<std::size_t> Desk::receive_message(int fd, msghdr& message, int flags) {
    if ((flags & MSG_ERRQUEUE) != 0) return receive_error(fd, message);
    DT_TRY(count, receive(fd, {message.msg_iov, message.msg_iovlen}, flags));
    message.msg_namelen = 0;
    message.msg_flags = 0;
    tell_unread(fd, message);
    return count;
}

/// TCP_INQ: what is left to read; 1 where only the end of the stream is (Linux tcp_inq_hint).
void Desk::tell_unread(int fd, msghdr& message) {
    const Machine::Lock lock = machine_.lock();
    SocketEntry* entry = socket(fd);
    int wanted = 0;
    const MutableOctets value = std::as_writable_bytes(std::span{&wanted, 1});
    const bool asked = entry != nullptr &&
                       machine_.calls().get_option(entry->id, IPPROTO_TCP, inq_message, value) &&
                       wanted != 0;
    int unread = asked ? static_cast<int>(machine_.calls().unread(entry->id)) : 0;
    if (asked && unread == 0 && (readiness(*entry) & POLLRDHUP) != 0) unread = 1;
    if (!asked || !put_control(message, SOL_TCP, inq_message, unread)) message.msg_controllen = 0;
}

Result<std::size_t> Desk::receive_error(int fd, msghdr& message) {
    const Machine::Lock lock = machine_.lock();
    SocketEntry* entry = socket(fd);
    if (entry == nullptr) return fail(Error::bad_descriptor);
    [[maybe_unused]] const std::uint16_t now = readiness(*entry);
    const auto notice = entry->zero_copy.take_notice();
    const auto stamp = notice ? std::nullopt : entry->stamps.take_stamp();
    if (stamp) {
        put_stamp(message, *stamp);
        return 0;
    }
    if (!notice) return fail(Error::would_block);
    ErrorMessage body;
    body.error.ee_origin = SO_EE_ORIGIN_ZEROCOPY;
    body.error.ee_code = SO_EE_CODE_ZEROCOPY_COPIED;
    body.error.ee_info = notice->first;
    body.error.ee_data = notice->last;
    message.msg_namelen = 0;
    message.msg_flags = MSG_ERRQUEUE;
    if (!put_control(message, SOL_IP, IP_RECVERR, body)) {
        message.msg_controllen = 0;
        message.msg_flags |= MSG_CTRUNC;
    }
    return 0;
}

}  // namespace dt::packetdrill
