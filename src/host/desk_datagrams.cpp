// sendto(), recvfrom() and the message calls as the desk answers them (spec 6.5). Those on streams,
// and those that name no address, are the kernel's own: the pair does the same, but for flags that
// it takes in another sense.
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/errno.hpp"
#include "host/call_desk.hpp"
#include "host/send_control.hpp"
#include "os/clock.hpp"
#include "sock/numbers.hpp"

namespace dt::host {
namespace {

constexpr std::size_t parts_max = 1024;     // UIO_MAXIOV
constexpr std::size_t messages_max = 1024;  // of one sendmmsg() or recvmmsg()

/// msg_namelen is value-result: what there is room for, and the real length.
constexpr std::uint64_t name_length_at = offsetof(msghdr, msg_namelen);

}  // namespace

std::expected<CallDesk::Message, int> CallDesk::read_message(const Request& request,
                                                             std::uint64_t address) {
    const auto header = request.memory.get<msghdr>(address);
    if (!header) return std::unexpected(EFAULT);
    if (header->msg_iovlen > parts_max) return std::unexpected(EMSGSIZE);
    std::vector<iovec> list(header->msg_iovlen);
    if (!request.memory.read(reinterpret_cast<std::uint64_t>(header->msg_iov),
                             std::as_writable_bytes(std::span(list)))) {
        return std::unexpected(EFAULT);
    }
    auto parts = MessageParts::from(list);
    if (!parts) return std::unexpected(parts.error());
    Message message;
    message.parts = std::move(*parts);
    message.name = reinterpret_cast<std::uint64_t>(header->msg_name);
    message.name_length = header->msg_namelen;
    if (message.name == 0) message.name_length = 0;  // as copy_msghdr_from_user() in Linux
    message.control = reinterpret_cast<std::uint64_t>(header->msg_control);
    message.control_length = message.control == 0 ? 0 : header->msg_controllen;
    return message;
}

/// What the control messages of a datagram ask for. Errors (errno): EINVAL, EFAULT, ENOBUFS.
std::expected<sock::SendAs, int> CallDesk::read_wishes(const Request& request, Subject& subject,
                                                       const Message& message) {
    if (message.control_length == 0) return sock::SendAs{};
    std::vector<std::byte> control(std::min(message.control_length, send_control_max));
    std::expected<sock::SendAs, int> as = std::unexpected(ENOBUFS);
    if (control.size() == message.control_length) {
        const bool is_read = request.memory.read(message.control, MutableOctets(control));
        as = is_read ? read_send_control(control) : std::unexpected(EFAULT);
    }
    if (as) return as;
    const Plug& plug = *subject.plug;
    board_.calls(plug).refused(event::Call::send, plug.socket,
                               base::error_of(as.error()).value_or(Error::invalid_argument),
                               event::Reason::bad_argument);
    return as;
}

Answer CallDesk::send_one(const Request& request, Subject& subject, const Message& message) {
    Plug& plug = *subject.plug;
    const std::size_t size = message.parts.size();
    if (size > scratch_.size()) return Answer::error(EMSGSIZE);
    if (!message.parts.gather(request.memory, scratch_)) return Answer::error(EFAULT);
    const auto name = read_name(request.memory, message.name, message.name_length);
    if (!name) return Answer::error(name.error());
    std::optional<Endpoint> to;
    if (message.is_named() || request.call.data.nr == SYS_sendto) {
        const auto endpoint = send_address(plug.kind(), *name);
        if (!endpoint) {
            board_.calls(plug).refused(event::Call::send, plug.socket, endpoint.error(),
                                       event::Reason::bad_argument);
            return Answer::error(base::errno_of(endpoint.error()));
        }
        to = redirect(plug, *endpoint);
    }
    auto as = read_wishes(request, subject, message);
    if (!as) return Answer::error(as.error());
    if (const auto zone = zone_of(*name); to && zone != 0) as->zone = zone;
    board_.drain_datagrams(plug);  // what was sent before goes before
    const auto sent =
        board_.calls(plug).send_to(plug.socket, Octets(scratch_).first(size), to, *as);
    if (!sent) return Answer::error(base::errno_of(sent.error()));
    return Answer::value(static_cast<std::int64_t>(*sent));
}

/// Datagrams have no urgent octets, and a connect by the first octets would lose them: in the pair
/// they would go without a word.
std::optional<Answer> CallDesk::refuse_flags(Subject& subject, int flags) {
    const Plug& plug = *subject.plug;
    const int refused = plug.type == sock::Type::stream ? MSG_FASTOPEN : MSG_OOB;
    if ((flags & refused) == 0) return std::nullopt;
    board_.calls(plug).refused(event::Call::send, plug.socket, Error::not_supported,
                               event::Reason::not_offered);
    return Answer::error(EOPNOTSUPP);
}

/// The pair takes what a stream writes: what the flags say of it is told to who empties the pair.
Answer CallDesk::note_flags(Subject& subject, int flags, std::size_t count) {
    const int theirs = subject.theirs.fd.get();
    const bool is_urgent = (flags & MSG_OOB) != 0;
    // A pair refuses to send no octets with it; without it, it says what Linux does.
    if (is_urgent && count == 0 && subject.plug->phase == Phase::connected) {
        const bool is_open = ::send(theirs, "", 0, MSG_NOSIGNAL | MSG_DONTWAIT) == 0;
        return is_open ? Answer::value(0) : Answer::error(errno);
    }
    if (is_urgent && count > 0) {
        board_.expect_urgent(subject.handle, count, theirs);
    } else if ((flags & MSG_MORE) != 0) {
        board_.expect_more(subject.handle, count, theirs);
    }
    return Answer::go_on();
}

Answer CallDesk::on_send_to(const Request& request, Subject& subject) {
    const int flags = request.int_arg(3);
    if (const auto refused = refuse_flags(subject, flags)) return *refused;
    if (request.arg(4) == 0) {
        const bool is_stream = subject.plug->type == sock::Type::stream;
        return is_stream ? note_flags(subject, flags, request.arg(2)) : Answer::go_on();
    }
    Message message;
    message.name = request.arg(4);
    message.name_length = static_cast<std::uint32_t>(request.arg(5));
    message.parts = MessageParts::one(request.arg(1), request.arg(2));
    if (subject.plug->type == sock::Type::datagram) return send_one(request, subject, message);
    // A stream ignores the address (API-IO-004).
    const std::size_t count = std::min<std::size_t>(request.arg(2), scratch_.size());
    if (!request.memory.read(request.arg(1), MutableOctets(scratch_).first(count))) {
        return Answer::error(EFAULT);
    }
    if (subject.plug->phase != Phase::connected) return Answer::error(EPIPE);
    const Answer noted = note_flags(subject, flags, count);
    if (noted.kind != Answer::Kind::go_on) return noted;
    const int kept = (flags & MSG_OOB) | MSG_DONTWAIT | MSG_NOSIGNAL;
    const ssize_t n = ::send(subject.theirs.fd.get(), scratch_.data(), count, kept);
    return n < 0 ? Answer::error(errno) : Answer::value(n);
}

Answer CallDesk::on_send_message(const Request& request, Subject& subject) {
    const int flags = request.int_arg(2);
    if (const auto refused = refuse_flags(subject, flags)) return *refused;
    const bool is_stream = subject.plug->type == sock::Type::stream;
    if (is_stream && (flags & (MSG_MORE | MSG_OOB)) == 0) return Answer::go_on();
    const auto message = read_message(request, request.arg(1));
    if (!message) return Answer::error(message.error());
    if (is_stream) return note_flags(subject, flags, message->parts.size());
    const bool has_peer = subject.plug->flags.has(PairFlag::has_peer);
    if (message->is_plain() && has_peer) return Answer::go_on();
    return send_one(request, subject, *message);
}

Answer CallDesk::on_send_messages(const Request& request, Subject& subject) {
    const int flags = request.int_arg(3);
    if (const auto refused = refuse_flags(subject, flags)) return *refused;
    if (subject.plug->type == sock::Type::stream) {
        // Each message ends with one: those before the last are soon octets like others.
        return (flags & MSG_OOB) != 0 ? note_flags(subject, MSG_OOB, 1) : Answer::go_on();
    }
    const std::size_t count = std::min<std::size_t>(request.arg(2), messages_max);
    std::vector<Message> messages;
    for (std::size_t i = 0; i < count; ++i) {
        auto message = read_message(request, request.arg(1) + i * sizeof(mmsghdr));
        if (!message) return Answer::error(message.error());
        messages.push_back(std::move(*message));
    }
    const bool has_peer = subject.plug->flags.has(PairFlag::has_peer);
    if (has_peer && std::ranges::all_of(messages, &Message::is_plain)) return Answer::go_on();
    for (std::size_t i = 0; i < count; ++i) {
        const Answer one = send_one(request, subject, messages[i]);
        if (one.kind == Answer::Kind::error) {
            return i == 0 ? one : Answer::value(static_cast<std::int64_t>(i));
        }
        const std::uint64_t length_at =
            request.arg(1) + i * sizeof(mmsghdr) + offsetof(mmsghdr, msg_len);
        if (!request.memory.put(length_at, static_cast<std::uint32_t>(one.number))) {
            return Answer::error(EFAULT);
        }
    }
    return Answer::value(static_cast<std::int64_t>(count));
}

/// One datagram out of the pair into the message's parts. Errors (errno): EAGAIN, EFAULT…
std::expected<CallDesk::Copied, int> CallDesk::receive_one(const Request& request, Subject& subject,
                                                           int flags, const Message& message) {
    Plug& plug = *subject.plug;
    board_.drain_datagrams(plug);
    board_.deliver_datagrams(plug);
    Switchboard::settle_in_pair(plug);
    const int native = (flags & MSG_PEEK) | MSG_TRUNC | MSG_DONTWAIT;
    const ssize_t n = ::recv(subject.theirs.fd.get(), scratch_.data(), scratch_.size(), native);
    if (n < 0) {
        const int error = errno;
        // An error of the socket comes where there is nothing else to give.
        if (error == EAGAIN && plug.pending_error != 0) {
            return std::unexpected(std::exchange(plug.pending_error, 0));
        }
        auto calls = board_.calls(plug);
        const bool has_failed = error == EAGAIN && calls.poll(plug.socket).has(sock::PollMask::err);
        if (!has_failed) return std::unexpected(error);
        const auto told = calls.receive_from(plug.socket, scratch_);
        if (told) return std::unexpected(EAGAIN);
        return std::unexpected(base::errno_of(told.error()));
    }
    Copied copied;
    copied.full = static_cast<std::size_t>(n);
    copied.count = std::min(copied.full, message.parts.size());
    if (!plug.in_pair.empty()) {
        copied.origin = plug.in_pair.front().origin;
        if ((flags & MSG_PEEK) == 0) plug.in_pair.pop_front();
    }
    if (!message.parts.scatter(request.memory, Octets(scratch_).first(copied.count))) {
        return std::unexpected(EFAULT);
    }
    return copied;
}

std::int64_t CallDesk::Copied::answer(int flags) const {
    return static_cast<std::int64_t>((flags & MSG_TRUNC) != 0 ? full : count);
}

Answer CallDesk::wait_or_again(const Request& request, Subject& subject, int flags) {
    Plug& plug = *subject.plug;
    const bool waits = blocking_of(subject.theirs.fd.get()) == Blocking::yes;
    if (!waits || (flags & MSG_DONTWAIT) != 0) return Answer::error(EAGAIN);
    return park(request, plug, board_.calls(plug).receive_timeout(plug.socket));
}

Answer CallDesk::on_receive_from(const Request& request, Subject& subject) {
    const int flags = request.int_arg(3);
    if ((flags & MSG_ERRQUEUE) != 0) return on_plain_error_queue(request, subject);
    if (subject.plug->type == sock::Type::stream) return Answer::go_on();  // tells no address
    Message message;
    message.parts = MessageParts::one(request.arg(1), request.arg(2));
    const auto copied = receive_one(request, subject, flags, message);
    if (!copied && copied.error() == EAGAIN) return wait_or_again(request, subject, flags);
    if (!copied) return Answer::error(copied.error());
    const Endpoint from = copied->origin ? copied->origin->from : Endpoint{};
    NameRoom room{request.arg(4), request.arg(5)};
    if (copied->origin) room.zone = zone_of_arrival(*subject.plug, *copied->origin);
    const int error = write_name(request.memory, from, subject.plug->family, room);
    if (error != 0) return Answer::error(error);
    return Answer::value(copied->answer(flags));
}

/// msg_namelen, the control messages and msg_flags of a message that was received.
bool CallDesk::write_header(const RemoteMemory& memory, const Plug& plug, const Message& message,
                            const Copied& copied, std::uint64_t header) const {
    const Endpoint from = copied.origin ? copied.origin->from : Endpoint{};
    NameRoom room{message.name, header + name_length_at};
    if (copied.origin) room.zone = zone_of_arrival(plug, *copied.origin);
    if (write_name(memory, from, plug.family, room) != 0) return false;
    ControlWishes::Told told;
    if (copied.origin) {
        told = plug.wishes.tell(*copied.origin, message.control_length, os::wall_offset());
    }
    const int flags = (copied.full > copied.count ? MSG_TRUNC : 0) | (told.is_cut ? MSG_CTRUNC : 0);
    return memory.write(message.control, told.octets) &&
           memory.put(header + offsetof(msghdr, msg_controllen), told.octets.size()) &&
           memory.put(header + offsetof(msghdr, msg_flags), flags);
}

/// With MSG_ERRQUEUE: the oldest ICMP error, as what it quotes; it never waits.
std::optional<CallDesk::QueuedError> CallDesk::take_error(const Subject& subject) {
    auto notice = board_.calls(*subject.plug).take_notice(subject.plug->socket);
    if (!notice) return std::nullopt;
    // The header of UDP is not given, those of TCP and ICMP are; an error of ours is about no
    // datagram yet.
    const bool is_stream = subject.plug->type == sock::Type::stream;
    const bool has_header =
        (is_stream || notice->to.port.is_any()) && notice->origin == udp::Notice::Origin::icmp;
    std::vector<std::byte> text;
    if (has_header) text.assign(notice->quoted.begin(), notice->quoted.end());
    text.insert(text.end(), notice->text.begin(), notice->text.end());
    return QueuedError{std::move(*notice), std::move(text)};
}

/// recvmsg() of it, into the header at `header` (ip(7)).
Answer CallDesk::on_error_queue(const Request& request, Subject& subject, std::uint64_t header) {
    const auto message = read_message(request, header);
    if (!message) return Answer::error(message.error());
    const auto taken = take_error(subject);
    if (!taken) return Answer::error(EAGAIN);
    const sock::Family family = subject.plug->family;
    const std::size_t count = std::min(taken->text.size(), message->parts.size());
    const auto told = tell_error(taken->notice, family, message->control_length);
    const int cut = (count < taken->text.size() ? MSG_TRUNC : 0) | (told.is_cut ? MSG_CTRUNC : 0);
    const NameRoom room{message->name, header + name_length_at};
    const bool is_written =
        message->parts.scatter(request.memory, Octets(taken->text).first(count)) &&
        write_name(request.memory, taken->notice.to, family, room) == 0 &&
        request.memory.write(message->control, told.octets) &&
        request.memory.put(header + offsetof(msghdr, msg_controllen), told.octets.size()) &&
        request.memory.put(header + offsetof(msghdr, msg_flags), MSG_ERRQUEUE | cut);
    return is_written ? Answer::value(static_cast<std::int64_t>(count)) : Answer::error(EFAULT);
}

/// recvfrom() of it.
Answer CallDesk::on_plain_error_queue(const Request& request, Subject& subject) {
    auto parts = MessageParts::one(request.arg(1), request.arg(2));
    const auto taken = take_error(subject);
    if (!taken) return Answer::error(EAGAIN);
    const std::size_t count = std::min(taken->text.size(), parts.size());
    const NameRoom room{request.arg(4), request.arg(5)};
    const bool is_written =
        parts.scatter(request.memory, Octets(taken->text).first(count)) &&
        write_name(request.memory, taken->notice.to, subject.plug->family, room) == 0;
    return is_written ? Answer::value(static_cast<std::int64_t>(count)) : Answer::error(EFAULT);
}

/// recvmmsg() of as many as wait.
Answer CallDesk::on_error_queues(const Request& request, Subject& subject) {
    const std::size_t most = std::min<std::size_t>(request.arg(2), messages_max);
    std::size_t done = 0;
    for (; done < most; ++done) {
        const std::uint64_t header = request.arg(1) + done * sizeof(mmsghdr);
        const Answer one = on_error_queue(request, subject, header);
        if (one.kind != Answer::Kind::value && done == 0) return one;
        if (one.kind != Answer::Kind::value) break;
        const auto length = static_cast<std::uint32_t>(one.number);
        if (!request.memory.put(header + offsetof(mmsghdr, msg_len), length)) break;
    }
    return Answer::value(static_cast<std::int64_t>(done));
}

Answer CallDesk::on_receive_message(const Request& request, Subject& subject) {
    const int flags = request.int_arg(2);
    if ((flags & MSG_ERRQUEUE) != 0) return on_error_queue(request, subject, request.arg(1));
    if (subject.plug->type == sock::Type::stream) return Answer::go_on();
    const auto message = read_message(request, request.arg(1));
    if (!message) return Answer::error(message.error());
    const ControlWishes wishes = subject.plug->wishes;
    if (message->name == 0 && !wishes.any()) return Answer::go_on();
    const auto copied = receive_one(request, subject, flags, *message);
    if (!copied && copied.error() == EAGAIN) return wait_or_again(request, subject, flags);
    if (!copied) return Answer::error(copied.error());
    if (!write_header(request.memory, *subject.plug, *message, *copied, request.arg(1))) {
        return Answer::error(EFAULT);
    }
    return Answer::value(copied->answer(flags));
}

/// One message of recvmmsg(), into the mmsghdr at `header`: 0, or the error number.
int CallDesk::receive_into(const Request& request, Subject& subject, const Message& message,
                           std::uint64_t header) {
    const auto copied = receive_one(request, subject, request.int_arg(3), message);
    if (!copied) return copied.error();
    const auto length = static_cast<std::uint32_t>(copied->count);
    const bool is_told = write_header(request.memory, *subject.plug, message, *copied, header) &&
                         request.memory.put(header + offsetof(mmsghdr, msg_len), length);
    return is_told ? 0 : EFAULT;
}

Answer CallDesk::on_receive_messages(const Request& request, Subject& subject) {
    const int flags = request.int_arg(3);
    if ((flags & MSG_ERRQUEUE) != 0) return on_error_queues(request, subject);
    if (subject.plug->type == sock::Type::stream) return Answer::go_on();
    const std::size_t most = std::min<std::size_t>(request.arg(2), messages_max);
    const ControlWishes wishes = subject.plug->wishes;
    std::size_t done = 0;
    for (; done < most; ++done) {
        const std::uint64_t header = request.arg(1) + done * sizeof(mmsghdr);
        const auto message = read_message(request, header);
        if (message && done == 0 && message->name == 0 && !wishes.any()) return Answer::go_on();
        const int error =
            message ? receive_into(request, subject, *message, header) : message.error();
        if (error == 0) continue;
        if (done > 0 || error == EAGAIN) break;  // those before are the program's
        return Answer::error(error);
    }
    if (done == 0) return wait_or_again(request, subject, flags);
    return Answer::value(static_cast<std::int64_t>(done));
}

}  // namespace dt::host
