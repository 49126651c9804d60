// getsockopt(), setsockopt() and ioctl() as the desk answers them (spec 6.8).
#include <linux/sockios.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "base/errno.hpp"
#include "host/call_desk.hpp"

namespace dt::host {
namespace {

constexpr std::size_t option_max = 4096;  // octets; longer values are cut

bool is_error_option(int level, int name) { return level == SOL_SOCKET && name == SO_ERROR; }

}  // namespace

/// SO_ERROR has two homes: the stack, and the pair once the error was given to the program there.
int CallDesk::pending_error(Subject& subject, int from_stack) {
    Plug& plug = *subject.plug;
    const int native = take_native_error(subject.theirs.fd.get());
    const int kept = std::exchange(plug.pending_error, 0);
    const int live = std::exchange(plug.live_error, 0);
    if (from_stack != 0) return from_stack;
    if (live != 0) return live;
    const bool is_untold = plug.flags.has(PairFlag::broke_silently);
    plug.flags.clear(PairFlag::broke_silently);
    if (plug.phase == Phase::failed && native == 0 && !is_untold) return 0;  // a read() has told it
    return kept != 0 ? kept : native;
}

Answer CallDesk::on_get_option(const Request& request, Subject& subject) {
    const Plug& plug = *subject.plug;
    const int level = request.int_arg(1);
    const int name = request.int_arg(2);
    const auto room = request.memory.get<std::int32_t>(request.arg(4));
    if (!room) return Answer::error(EFAULT);
    if (*room < 0) return Answer::error(EINVAL);
    std::array<std::byte, option_max> value{};
    const auto wanted = std::min<std::size_t>(static_cast<std::size_t>(*room), value.size());
    const auto length =
        board_.calls(plug).get_option(plug.socket, level, name, MutableOctets(value).first(wanted));
    if (!length) return Answer::error(base::errno_of(length.error()));
    if (is_error_option(level, name)) {
        int error = 0;
        std::memcpy(&error, value.data(), std::min(wanted, sizeof error));
        return give_error(request, pending_error(subject, error));
    }
    return give_option(request, Octets(value).first(std::min(wanted, *length)), *length);
}

/// `value` is what there is room for of an option's `length` octets.
Answer CallDesk::give_option(const Request& request, Octets value, std::size_t length) {
    const bool written = request.memory.write(request.arg(3), value) &&
                         request.memory.put(request.arg(4), static_cast<std::int32_t>(length));
    return written ? Answer::value(0) : Answer::error(EFAULT);
}

Answer CallDesk::give_error(const Request& request, int error) {
    std::array<std::byte, sizeof error> value{};
    std::memcpy(value.data(), &error, sizeof error);
    const auto room = request.memory.get<std::int32_t>(request.arg(4)).value_or(0);
    const auto length = std::min(static_cast<std::size_t>(std::max(room, 0)), value.size());
    Answer answer = give_option(request, Octets(value).first(length), length);
    answer.socket_error = error;
    return answer;
}

/// What was written before a cork leaves without it, and with those before it where it is drawn.
void CallDesk::pass_on_before_cork(Subject& subject, int corked) {
    board_.pass_on_written(subject.handle);
    if (corked != 0) board_.turn();
}

Answer CallDesk::on_set_option(const Request& request, Subject& subject) {
    Plug& plug = *subject.plug;
    const int level = request.int_arg(1);
    const int name = request.int_arg(2);
    const int length = request.int_arg(4);
    if (length < 0) return Answer::error(EINVAL);
    std::array<std::byte, option_max> value{};
    const auto count = std::min<std::size_t>(static_cast<std::size_t>(length), value.size());
    if (!request.memory.read(request.arg(3), MutableOctets(value).first(count))) {
        return Answer::error(EFAULT);
    }
    std::int32_t number = 0;
    std::memcpy(&number, value.data(), std::min(count, sizeof number));
    const bool is_stream = plug.type == sock::Type::stream;
    // A connect() that waits for the first octets would wait for ever: they go to the pair.
    const bool defers = level == IPPROTO_TCP && name == TCP_FASTOPEN_CONNECT;
    if (is_stream && number != 0 && defers) {
        board_.calls(plug).refused(event::Call::set_option, plug.socket, Error::not_supported,
                                   event::Reason::not_offered);
        return Answer::error(EOPNOTSUPP);
    }
    if (is_stream && number != 0 && is_told_by_streams(level, name)) {
        board_.calls(plug).refused(event::Call::set_option, plug.socket, Error::no_such_option,
                                   event::Reason::not_offered);
        return Answer::error(ENOPROTOOPT);
    }
    if (is_stream) {
        if (level == IPPROTO_TCP && name == TCP_CORK) pass_on_before_cork(subject, number);
    } else {
        board_.drain_datagrams(plug);  // options are for those that are sent later (IP_TTL…)
    }
    const Status status =
        board_.calls(plug).set_option(plug.socket, level, name, Octets(value).first(count));
    if (status && concerns_pair(level, name)) {
        ::setsockopt(subject.theirs.fd.get(), level, name, value.data(),
                     static_cast<socklen_t>(count));
        plug.flags.set(PairFlag::has_options);
    }
    if (status && !is_stream) plug.wishes.on_option(level, name, number);
    return Answer::of(status);
}

Answer CallDesk::on_ioctl(const Request& request, Subject& subject) {
    const Plug& plug = *subject.plug;
    const auto command = static_cast<unsigned>(request.arg(1));
    if (command == SIOCOUTQ || command == SIOCOUTQNSD) {
        const bool is_stream = plug.type == sock::Type::stream;
        const std::size_t in_pair = is_stream ? Switchboard::waiting_in_pair(plug) : 0;
        auto calls = board_.calls(plug);
        const std::uint64_t in_stack =
            command == SIOCOUTQ ? calls.unsent(plug.socket) : calls.not_sent(plug.socket);
        const int unsent = static_cast<int>(in_stack + in_pair);
        return request.memory.put(request.arg(2), unsent) ? Answer::value(0)
                                                          : Answer::error(EFAULT);
    }
    if (command == SIOCATMARK) {
        if (plug.type != sock::Type::stream) return Answer::error(ENOTTY);
        int at = 0;
        ::ioctl(subject.theirs.fd.get(), SIOCATMARK, &at);
        return request.memory.put(request.arg(2), at) ? Answer::value(0) : Answer::error(EFAULT);
    }
    return on_interface_ioctl(request, subject);
}

}  // namespace dt::host
