// recvmsg(): octets with what is said beside them (TCP_INQ), and the error queue (MSG_ERRQUEUE).
// <linux/errqueue.h> needs what <ctime> declares.
#include <ctime>

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <cstring>

#include "packetdrill/desk.hpp"

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

}  // namespace

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
    if (entry.zero_copy.has_notice()) bits |= sock::PollMask::err;
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
    if (!notice) return fail(Error::would_block);
    ErrorMessage body;
    body.error.ee_origin = SO_EE_ORIGIN_ZEROCOPY;
    body.error.ee_code = SO_EE_CODE_ZEROCOPY_COPIED;
    body.error.ee_info = notice->first;
    body.error.ee_data = notice->last;
    if (!put_control(message, SOL_IP, IP_RECVERR, body)) message.msg_controllen = 0;
    message.msg_namelen = 0;
    message.msg_flags = MSG_ERRQUEUE;
    return 0;
}

}  // namespace dt::packetdrill
