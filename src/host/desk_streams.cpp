// socket(), bind(), listen(), connect(), accept() as the desk answers them (spec 6.1 to 6.4).
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/syscall.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>

#include "base/errno.hpp"
#include "host/call_desk.hpp"
#include "sock/numbers.hpp"

namespace dt::host {
namespace {

using event::Reason;

/// Resolvers that would answer with the machine's names instead of the network's.
constexpr auto resolver_sockets = std::to_array<std::string_view>(
    {"/var/run/nscd/socket", "/run/nscd/socket", "/run/systemd/resolve/io.systemd.Resolve",
     "/run/systemd/resolve/io.systemd.Resolve.Monitor", "/var/run/avahi-daemon/socket",
     "/run/avahi-daemon/socket"});

bool is_resolver(const RawName& name) {
    return std::ranges::find(resolver_sockets, name.unix_path()) != resolver_sockets.end();
}

/// Whether the handshake is over, one way or the other.
bool is_decided(sock::PollMask mask) {
    return mask.has(sock::PollMask::out) || mask.has(sock::PollMask::err) ||
           mask.has(sock::PollMask::hup);
}

/// FD_CLOEXEC of a program's descriptor, from /proc: a duplicate does not carry it.
bool is_close_on_exec(pid_t task, int fd) {
    std::ifstream info("/proc/" + std::to_string(task) + "/fdinfo/" + std::to_string(fd));
    for (std::string line; std::getline(info, line);) {
        if (!line.starts_with("flags:")) continue;
        const std::size_t digits = line.find_first_of("01234567");
        unsigned long flags = 0;
        if (digits != std::string::npos) {
            std::from_chars(line.data() + digits, line.data() + line.size(), flags, 8);
        }
        return (flags & O_CLOEXEC) != 0;
    }
    return false;
}

/// CAP_NET_RAW among the effective capabilities of a thread (capabilities(7)).
bool may_send_raw(pid_t task) {
    constexpr unsigned net_raw = 13;
    std::ifstream status("/proc/" + std::to_string(task) + "/status");
    for (std::string line; std::getline(status, line);) {
        if (!line.starts_with("CapEff:")) continue;
        const std::size_t digits = line.find_first_not_of("CapEff: \t");
        std::uint64_t bits = 0;
        if (digits != std::string::npos) {
            std::from_chars(line.data() + digits, line.data() + line.size(), bits, 16);
        }
        return (bits >> net_raw & 1U) != 0;
    }
    return false;
}

}  // namespace

Answer CallDesk::on_socket(const Request& request) {
    const event::HostIndex host = lines_[request.line].host;
    auto calls = board_.calls(host, caller(request, -1));
    const int argument = request.int_arg(1);
    const auto kind = sock::parse_kind(request.int_arg(0), argument, request.int_arg(2));
    if (!kind) {
        const bool is_unknown = kind.error() != Error::protocol_not_supported;
        calls.refused(event::Call::socket, {}, kind.error(),
                      is_unknown ? Reason::bad_argument : Reason::not_offered);
        return Answer::error(base::errno_of(kind.error()));
    }
    const auto task = static_cast<pid_t>(request.call.pid);
    if (kind->type == sock::Type::raw && !may_send_raw(task)) {  // API-SOCK-005
        calls.refused(event::Call::socket, {}, Error::not_permitted, Reason::wrong_state);
        return Answer::error(EPERM);
    }
    const auto socket = calls.socket(kind->family, kind->type, kind->protocol);
    if (!socket) return Answer::error(base::errno_of(socket.error()));
    const Blocking blocking = (argument & SOCK_NONBLOCK) != 0 ? Blocking::no : Blocking::yes;
    // A raw socket's messages are datagrams to all that follows.
    const auto type = kind->type == sock::Type::raw ? sock::Type::datagram : kind->type;
    auto opened = board_.plug_in(host, *socket, type, blocking);
    if (!opened) {
        (void)calls.close(*socket);
        return Answer::error(opened.error().number);
    }
    Plug& plug = *board_.find(opened->handle);
    plug.family = kind->family;
    plug.task = task;
    plug.caller = caller(request, -1);
    const Gift gift{opened->theirs.get(), (argument & SOCK_CLOEXEC) != 0, std::nullopt};
    const auto given = notifier(request).give(request.call.id, gift);
    if (!given) {
        // EMFILE, or a signal took the caller away: it will come again.
        (void)calls.close(*socket);
        board_.unplug(opened->handle);
        if (given.error().number != ENOENT) return Answer::error(given.error().number);
        on_lost_reply(request, std::nullopt);
        return Answer::sent();
    }
    board_.on_given(plug, *given);
    return Answer::sent();
}

Answer CallDesk::on_bind(const Request& request, Subject& subject) {
    const Plug& plug = *subject.plug;
    const auto name = read_name(request.memory, request.arg(1), request.arg(2));
    if (!name) return Answer::error(name.error());
    const auto endpoint = bind_address(plug.kind(), *name);
    auto calls = board_.calls(plug);
    if (!endpoint) {
        calls.refused(event::Call::bind, plug.socket, endpoint.error(), Reason::bad_argument);
        return Answer::error(base::errno_of(endpoint.error()));
    }
    if (!endpoint->port.is_any()) board_.sweep();  // a broken one may have had that port
    const Status bound = calls.bind(plug.socket, {*endpoint, zone_of(*name)});
    // A datagram socket with a port of its choice serves from now on.
    const bool serves = plug.type == sock::Type::datagram && !endpoint->port.is_any();
    if (bound && serves) lines_[request.line].seen.listened = board_.now();
    return Answer::of(bound);
}

Answer CallDesk::on_listen(const Request& request, Subject& subject) {
    Plug& plug = *subject.plug;
    auto calls = board_.calls(plug);
    const Status listening = calls.listen(plug.socket, request.int_arg(1));
    if (!listening) return Answer::of(listening);
    Switchboard::begin_listening(plug, subject.theirs.fd.get());
    Seen& seen = lines_[request.line].seen;
    if (!seen.listener) {
        seen.listener = calls.local_name(plug.socket).value_or(Endpoint{});
        seen.backlog = request.int_arg(1);
    }
    seen.listened = board_.now();
    return Answer::value(0);
}

/// A socket of the kernel's own: ours to refuse where it leads to the machine's names.
Answer CallDesk::on_foreign_connect(const Request& request, const Answer& otherwise) {
    if (otherwise.kind != Answer::Kind::go_on) return otherwise;
    const auto name = read_name(request.memory, request.arg(1), request.arg(2));
    return name && is_resolver(*name) ? Answer::error(ECONNREFUSED) : otherwise;
}

Answer CallDesk::on_connect(const Request& request, Subject& subject) {
    const auto name = read_name(request.memory, request.arg(1), request.arg(2));
    if (!name) return Answer::error(name.error());
    Plug& plug = *subject.plug;
    const auto address = connect_address(plug.kind(), *name);
    if (!address) {
        board_.calls(plug).refused(event::Call::connect, plug.socket, address.error(),
                                   Reason::bad_argument);
        return Answer::error(base::errno_of(address.error()));
    }
    if (address->given == sock::Address::Given::unspecified) return disconnect(subject);
    const sock::ZonedEndpoint to(redirect(plug, address->endpoint), zone_of(*name));
    if (plug.type == sock::Type::datagram) return connect_datagram(subject, to);
    Seen& seen = lines_[request.line].seen;
    if (!seen.connected) seen.connected = board_.now();
    return connect_stream(request, subject, to);
}

Endpoint CallDesk::redirect(Plug& plug, Endpoint to) const {
    plug.name_server.reset();
    const bool is_server = to.port == name_service.port &&
                           std::ranges::find(name_servers_, to.addr) != name_servers_.end();
    if (!is_server) return to;
    plug.name_server = to;
    return name_service;
}

Answer CallDesk::connect_datagram(Subject& subject, const sock::ZonedEndpoint& to) {
    board_.drain_datagrams(*subject.plug);
    const Status connected = board_.calls(*subject.plug).connect(subject.plug->socket, to);
    if (connected) subject.plug->flags.set(PairFlag::has_peer);
    return Answer::of(connected);
}

Answer CallDesk::disconnect(Subject& subject) {
    Plug& plug = *subject.plug;
    if (plug.type == sock::Type::datagram) {
        board_.drain_datagrams(plug);
    } else if (plug.phase == Phase::connected) {
        board_.pass_on_written(subject.handle);
        board_.turn();  // before the reset
    }
    plug.name_server.reset();
    plug.flags.clear(PairFlag::has_peer);
    const Status status = board_.calls(plug).disconnect(plug.socket);
    if (!status || plug.type == sock::Type::datagram) return Answer::of(status);
    if (plug.phase == Phase::failed) return Answer::value(0);
    // What was in the pair belonged to the connection that is no more.
    restore_room(subject.theirs.fd.get());
    board_.discard_written(plug);
    plug.phase = Phase::fresh;
    return Answer::value(0);
}

/// connect() on a stream: begins a handshake, or asks after one (API-CONN-003 to 006).
Answer CallDesk::connect_stream(const Request& request, Subject& subject,
                                const sock::ZonedEndpoint& to) {
    Plug& plug = *subject.plug;
    const bool waits = blocking_of(subject.theirs.fd.get()) == Blocking::yes;
    if (plug.phase == Phase::connecting && waits) return continue_connect(request, subject, to);
    if (plug.phase == Phase::fresh) board_.discard_written(plug);
    const Phase before = plug.phase;
    const sock::Asking asking = waits ? sock::Asking::waits : sock::Asking::once;
    const Status status = board_.calls(plug).connect(plug.socket, to, asking);
    if (status) {
        if (before == Phase::connecting) board_.become_connected(subject.handle, plug);
        return Answer::value(0);
    }
    if (status.error() != Error::in_progress) {
        if (before == Phase::connecting && status.error() != Error::already_in_progress) {
            board_.break_pair(subject.handle, plug);
        }
        return Answer::of(status);
    }
    if (before == Phase::failed) {
        if (const Answer renewed = renew_pair(request, subject);
            renewed.kind != Answer::Kind::value) {
            return renewed;
        }
    }
    plug.phase = Phase::connecting;
    board_.turn();
    if (waits) return continue_connect(request, subject, to);
    // What poll() will show must be so before the program can ask.
    if (!is_decided(board_.calls(plug).poll(plug.socket))) {
        Switchboard::begin_waiting(plug, subject.theirs.fd.get());
    } else {
        board_.look_at_handshake(subject.handle, plug);
    }
    return Answer::error(EINPROGRESS);
}

/// The pair of a failed attempt is spent: another takes its place under the same number.
Answer CallDesk::renew_pair(const Request& request, Subject& subject) {
    Plug& plug = *subject.plug;
    const int fd = request.int_arg(0);
    const bool has_options = plug.flags.has(PairFlag::has_options);
    const bool close_on_exec = is_close_on_exec(static_cast<pid_t>(request.call.pid), fd);
    auto theirs = board_.plug_again(subject.handle, blocking_of(subject.theirs.fd.get()));
    if (!theirs) return Answer::error(theirs.error().number);
    if (has_options) {
        plug.flags.set(PairFlag::has_options);
        copy_options(subject.theirs.fd.get(), theirs->get());
    }
    plug.pending_error = 0;
    plug.live_error = 0;
    const auto put = notifier(request).replace(request.call.id, {theirs->get(), close_on_exec, fd});
    if (!put)
        return put.error().number == ENOENT ? Answer::sent() : Answer::error(put.error().number);
    subject.theirs = Borrowed{std::move(*theirs), plug.cookie};
    return Answer::value(0);
}

/// A blocking connect(): waits for the handshake, also where a signal made it come again.
Answer CallDesk::continue_connect(const Request& request, Subject& subject,
                                  const sock::ZonedEndpoint& to) {
    Plug& plug = *subject.plug;
    auto calls = board_.calls(plug);
    if (is_decided(calls.poll(plug.socket))) return finish_connect(subject, to);
    return park(request, plug, calls.send_timeout(plug.socket));
}

Answer CallDesk::finish_connect(Subject& subject, const sock::ZonedEndpoint& to) {
    Plug& plug = *subject.plug;
    if (plug.flags.has(PairFlag::end_passed)) {
        // Another thread shut it down meanwhile (API-CONN-021): the pair is spent.
        board_.calls(plug).refused(event::Call::connect, plug.socket, Error::connection_reset,
                                   Reason::aborted_by_program);
        board_.break_pair(subject.handle, plug);
        return Answer::error(ECONNRESET);
    }
    const Status status = board_.calls(plug).connect(plug.socket, to, sock::Asking::still);
    if (status) {
        board_.become_connected(subject.handle, plug);
        return Answer::value(0);
    }
    if (plug.filler > 0) restore_room(subject.theirs.fd.get());
    board_.discard_written(plug);
    plug.phase = Phase::fresh;
    return Answer::of(status);
}

Answer CallDesk::on_accept(const Request& request, Subject& subject, int flags) {
    Plug& plug = *subject.plug;
    auto calls = board_.calls(plug);
    if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC)) != 0) {
        calls.refused(event::Call::accept, plug.socket, Error::invalid_argument,
                      Reason::bad_argument);
        return Answer::error(EINVAL);
    }
    const bool listens = plug.phase == Phase::listening;
    if (listens && board_.waiting_connections(plug) == 0 &&
        blocking_of(subject.theirs.fd.get()) == Blocking::yes) {
        return park(request, plug, calls.receive_timeout(plug.socket));
    }
    if (!plug.returned.empty()) {
        const sock::Accepted next = plug.returned.front().accepted;
        plug.returned.pop_front();
        return deliver(request, subject, flags, next);
    }
    const auto accepted = calls.accept(plug.socket);
    if (!accepted) return Answer::error(base::errno_of(accepted.error()));
    return deliver(request, subject, flags, *accepted);
}

/// Hands the connection over as a new descriptor. Where that fails it is the next one again.
Answer CallDesk::deliver(const Request& request, Subject& subject, int flags,
                         sock::Accepted accepted) {
    const auto put_back = [&](Answer answer) {
        board_.find(subject.handle)->returned.push_front({accepted});
        return answer;
    };
    const Blocking blocking = (flags & SOCK_NONBLOCK) != 0 ? Blocking::no : Blocking::yes;
    auto opened = board_.plug_in(subject.plug->host, accepted.socket, sock::Type::stream, blocking);
    if (!opened) return put_back(Answer::error(opened.error().number));
    Plug& made = *board_.find(opened->handle);
    made.phase = Phase::connected;
    if (subject.plug->flags.has(PairFlag::has_options)) {
        made.flags.set(PairFlag::has_options);
        copy_options(subject.theirs.fd.get(), opened->theirs.get());
    }
    made.family = subject.plug->family;
    made.task = static_cast<pid_t>(request.call.pid);
    made.caller = caller(request, -1);
    NameRoom room{request.arg(1), request.arg(2)};
    room.zone = zone_beside(made);
    const int written = write_name(request.memory, accepted.peer, made.family, room);
    const Gift gift{opened->theirs.get(), (flags & SOCK_CLOEXEC) != 0, std::nullopt};
    const auto given = written != 0 ? os::SysResult<int>(os::failed("accept", written))
                                    : notifier(request).give(request.call.id, gift);
    if (!given) {
        board_.unplug(opened->handle);
        return put_back(given.error().number == ENOENT ? Answer::sent()
                                                       : Answer::error(given.error().number));
    }
    board_.on_given(made, *given);
    board_.take_back_doorbell(*subject.plug, subject.theirs.fd.get());
    board_.make_ready(opened->handle, made);
    return Answer::sent();
}

Answer CallDesk::on_shutdown(const Request& request, Subject& subject) {
    Plug& plug = *subject.plug;
    const auto how = sock::parse_how(request.int_arg(1));
    if (!how) {
        board_.calls(plug).refused(event::Call::shutdown, plug.socket, how.error(),
                                   Reason::bad_argument);
        return Answer::error(base::errno_of(how.error()));
    }
    return Answer::of(board_.shut_down(subject.handle, plug, *how, subject.theirs.fd.get()));
}

Answer CallDesk::on_name(const Request& request, Subject& subject) {
    Plug& plug = *subject.plug;
    auto calls = board_.calls(plug);
    const bool peer = request.call.data.nr == SYS_getpeername;
    auto endpoint = peer ? calls.peer_name(plug.socket) : calls.local_name(plug.socket);
    if (!endpoint) return Answer::error(base::errno_of(endpoint.error()));
    if (peer && plug.name_server && *endpoint == name_service) endpoint = *plug.name_server;
    if (request.arg(1) == 0) return Answer::error(EFAULT);
    NameRoom room{request.arg(1), request.arg(2)};
    room.zone = zone_beside(plug);
    const int error = write_name(request.memory, *endpoint, plug.family, room);
    return error == 0 ? Answer::value(0) : Answer::error(error);
}

}  // namespace dt::host
