// The face of the socket layer: each call of a program becomes one event with its answer.
#include "sock/sockets.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

#include "sock/numbers.hpp"
#include "sock/snapshot.hpp"
#include "sock/table.hpp"
#include "sock/tcp_info.hpp"
#include "wire/dhcp.hpp"

namespace dt::sock {

using event::Call;
using event::Caller;
using event::CallMade;

struct Sockets::Parts {
    SocketTable table;
    Parts(const Config& config, core::Core& core) : table(config, core) {}
};

namespace {

CallMade made_by(Call call, Caller caller, SocketId id) {
    CallMade made;
    made.call = call;
    made.caller = caller;
    made.socket = id.number();
    return made;
}

Endpoint name_of(const SocketTable& table, SocketId id) {
    const Socket* socket = table.find(id);
    return socket == nullptr ? Endpoint{} : socket->local;
}

/// Emits the call with its answer and gives the program's part of the answer back.
template <class T>
Result<T> tell(const Turn& turn, CallMade& made, Answer<T> answer) {
    if (!answer) {
        made.error = answer.error().error;
        made.reason = answer.error().reason;
    }
    turn.emit(made);
    if (!answer) return fail(answer.error().error);
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return std::move(*answer);
    }
}

template <class T>
Result<T> tell_with_name(const Turn& turn, const SocketTable& table, SocketId id, CallMade& made,
                         Answer<T> answer) {
    made.local = name_of(table, id);
    return tell(turn, made, std::move(answer));
}

/// A data call. It is told only when it is refused; what it moved is an event of its own.
struct DataCall {
    Call call = Call::send;
    Caller caller;
    SocketId id;
    std::optional<Endpoint> to = std::nullopt;
};

template <class T>
Result<T> tell_refusal(const Turn& turn, const SocketTable& table, const DataCall& asked,
                       Answer<T> answer) {
    if (!answer) {
        CallMade made = made_by(asked.call, asked.caller, asked.id);
        if (asked.to) made.argument = *asked.to;
        return tell_with_name(turn, table, asked.id, made, std::move(answer));
    }
    if constexpr (std::is_void_v<T>) {
        return {};
    } else {
        return std::move(*answer);
    }
}

/// The calls in place are made whenever there may be something to do: having to wait is no event.
template <class T>
Result<T> tell_unless_waiting(const Turn& turn, const SocketTable& table, const DataCall& asked,
                              Answer<T> answer) {
    if (!answer && answer.error().error == Error::would_block) return fail(Error::would_block);
    return tell_refusal(turn, table, asked, std::move(answer));
}

}  // namespace

Sockets::Sockets(const Config& config, core::Core& core)
    : parts_(std::make_unique<Parts>(config, core)) {}
Sockets::~Sockets() = default;

Result<SocketId> Sockets::socket(const Turn& turn, Caller caller, Family family, Type type,
                                 int protocol) {
    const auto answer = parts_->table.open(caller, family, type, protocol);
    CallMade made = made_by(Call::socket, caller, SocketId{});
    made.level = number_of(family);
    made.name = number_of(type);
    if (answer) made.created = answer->number();
    return tell(turn, made, answer);
}

Status Sockets::bind(const Turn& turn, Caller caller, SocketId id, const ZonedEndpoint& address) {
    CallMade made = made_by(Call::bind, caller, id);
    made.argument = address.endpoint;
    return tell_with_name(turn, parts_->table, id, made, parts_->table.bind(id, address));
}

Status Sockets::listen(const Turn& turn, Caller caller, SocketId id, int backlog) {
    CallMade made = made_by(Call::listen, caller, id);
    made.name = backlog;
    return tell_with_name(turn, parts_->table, id, made, parts_->table.listen(turn, id, backlog));
}

Status Sockets::connect(const Turn& turn, Caller caller, SocketId id, const ZonedEndpoint& remote,
                        Asking asking) {
    CallMade made = made_by(Call::connect, caller, id);
    made.argument = remote.endpoint;
    made.name = number_of(asking);
    return tell_with_name(turn, parts_->table, id, made,
                          parts_->table.connect(turn, caller, id, remote));
}

Status Sockets::disconnect(const Turn& turn, Caller caller, SocketId id) {
    CallMade made = made_by(Call::disconnect, caller, id);
    return tell_with_name(turn, parts_->table, id, made, parts_->table.disconnect(turn, id));
}

Result<Accepted> Sockets::accept(const Turn& turn, Caller caller, SocketId id) {
    const auto answer = parts_->table.accept(turn, caller, id);
    CallMade made = made_by(Call::accept, caller, id);
    if (answer) {
        made.argument = answer->peer;
        made.created = answer->socket.number();
    }
    return tell_with_name(turn, parts_->table, id, made, answer);
}

Status Sockets::shutdown(const Turn& turn, Caller caller, SocketId id, How how) {
    CallMade made = made_by(Call::shutdown, caller, id);
    made.name = number_of(how);
    return tell_with_name(turn, parts_->table, id, made, parts_->table.shutdown(turn, id, how));
}

Status Sockets::close(const Turn& turn, Caller caller, SocketId id, Unread unread) {
    CallMade made = made_by(Call::close, caller, id);
    made.local = name_of(parts_->table, id);
    return tell(turn, made, parts_->table.close(turn, id, unread));
}

Result<MutableOctets> Sockets::writable(const Turn& turn, SocketId id, std::size_t wanted) {
    return tell_unless_waiting(turn, parts_->table, {Call::send, Caller{}, id},
                               parts_->table.writable(id, wanted));
}

Status Sockets::commit(const Turn& turn, Caller caller, SocketId id, std::size_t count) {
    return tell_refusal(turn, parts_->table, {Call::send, caller, id},
                        parts_->table.commit(turn, caller, id, count));
}

Result<Octets> Sockets::readable(const Turn& turn, SocketId id) {
    return tell_unless_waiting(turn, parts_->table, {Call::receive, Caller{}, id},
                               parts_->table.readable(turn, Caller{}, id));
}

Status Sockets::consume(const Turn& turn, Caller caller, SocketId id, std::size_t count) {
    return tell_refusal(turn, parts_->table, {Call::receive, caller, id},
                        parts_->table.consume(turn, caller, id, count));
}

Result<std::size_t> Sockets::send(const Turn& turn, Caller caller, SocketId id, Octets from,
                                  tcp::WriteMark mark) {
    return tell_refusal(turn, parts_->table, {Call::send, caller, id},
                        parts_->table.send(turn, caller, id, from, mark));
}

Result<std::size_t> Sockets::send_opening(const Turn& turn, Caller caller, SocketId id,
                                          Endpoint remote, Octets from) {
    CallMade made = made_by(Call::connect, caller, id);
    made.argument = remote;
    return tell_with_name(turn, parts_->table, id, made,
                          parts_->table.send_opening(turn, caller, id, remote, from));
}

Result<std::size_t> Sockets::receive(const Turn& turn, Caller caller, SocketId id,
                                     MutableOctets to) {
    return tell_refusal(turn, parts_->table, {Call::receive, caller, id},
                        parts_->table.receive(turn, caller, id, to));
}

Result<std::optional<std::byte>> Sockets::receive_urgent(const Turn& turn, Caller caller,
                                                         SocketId id, tcp::Engine::Take take) {
    return tell_refusal(turn, parts_->table, {Call::receive, caller, id},
                        parts_->table.receive_urgent(turn, caller, id, take));
}

bool Sockets::is_at_mark(SocketId id) const { return parts_->table.is_at_mark(id); }

Result<std::size_t> Sockets::peek(const Turn& turn, Caller caller, SocketId id, MutableOctets to) {
    return tell_refusal(turn, parts_->table, {Call::receive, caller, id},
                        parts_->table.peek(id, to));
}

// NOLINTNEXTLINE(readability-function-size): the system call's own arguments.
Result<std::size_t> Sockets::send_to(const Turn& turn, Caller caller, SocketId id, Octets from,
                                     std::optional<Endpoint> to, const SendAs& as) {
    const Socket* socket = parts_->table.find(id);
    // A stream takes no notice of the address (API-IO-004).
    const bool stream = socket != nullptr && !socket->is_datagram();
    return tell_refusal(turn, parts_->table, {Call::send, caller, id, to},
                        stream ? parts_->table.send(turn, caller, id, from)
                               : parts_->table.send_datagram(turn, id, {from, to, as}));
}

Result<Received> Sockets::receive_from(const Turn& turn, Caller caller, SocketId id,
                                       MutableOctets to) {
    const DataCall asked{Call::receive, caller, id};
    const Socket* socket = parts_->table.find(id);
    const bool stream = socket != nullptr && !socket->is_datagram();
    if (!stream) {
        return tell_refusal(turn, parts_->table, asked, parts_->table.receive_datagram(id, to));
    }
    // No address comes with a stream's octets (API-IO-031).
    auto count =
        tell_refusal(turn, parts_->table, asked, parts_->table.receive(turn, caller, id, to));
    if (!count) return fail(count.error());
    Received received;
    received.copied = received.full_size = *count;
    return received;
}

std::optional<udp::Notice> Sockets::take_notice(SocketId id) {
    return parts_->table.take_notice(id);
}

bool Sockets::sends_messages(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    if (socket == nullptr || !socket->is_datagram()) return false;
    if (socket->transport != event::Transport::udp) return true;
    return socket->remote != nullptr && socket->remote->port == wire::dhcp_client_port;
}

Result<Endpoint> Sockets::local_name(const Turn& turn, Caller caller, SocketId id) {
    CallMade made = made_by(Call::local_name, caller, id);
    return tell_with_name(turn, parts_->table, id, made, parts_->table.local_name(id));
}

Result<Endpoint> Sockets::peer_name(const Turn& turn, Caller caller, SocketId id) {
    const auto answer = parts_->table.peer_name(id);
    CallMade made = made_by(Call::peer_name, caller, id);
    if (answer) made.argument = *answer;
    return tell_with_name(turn, parts_->table, id, made, answer);
}

// NOLINTNEXTLINE(readability-function-size): the system call's own arguments.
Result<std::size_t> Sockets::get_option(const Turn& turn, Caller caller, SocketId id, int level,
                                        int name, MutableOctets value) {
    CallMade made = made_by(Call::get_option, caller, id);
    made.level = level;
    made.name = name;
    const auto answer = parts_->table.get_option(turn, id, level, name, value);
    if (answer) made.value = int_in(value.first(std::min(*answer, value.size())));
    return tell_with_name(turn, parts_->table, id, made, answer);
}

// NOLINTNEXTLINE(readability-function-size): the system call's own arguments.
Status Sockets::set_option(const Turn& turn, Caller caller, SocketId id, int level, int name,
                           Octets value) {
    CallMade made = made_by(Call::set_option, caller, id);
    made.level = level;
    made.name = name;
    made.value = int_in(value);
    return tell_with_name(turn, parts_->table, id, made,
                          parts_->table.set_option(turn, id, level, name, value));
}

PollMask Sockets::poll(SocketId id) const { return parts_->table.poll(id); }

std::optional<ReadinessEdge> Sockets::next_readiness(const Turn& turn) {
    return parts_->table.next_edge(turn);
}

std::uint64_t Sockets::unread(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    if (socket == nullptr) return 0;
    if (socket->is_datagram()) return parts_->table.front_length(*socket);
    const StreamFacts facts = parts_->table.stream_facts(*socket);
    return facts.is_listening() ? facts.waiting : facts.unread;
}

std::uint64_t Sockets::unsent(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    return socket == nullptr ? 0 : parts_->table.stream_facts(*socket).queued;
}

std::uint64_t Sockets::not_sent(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    return socket == nullptr ? 0 : not_sent_of(parts_->table, *socket);
}

std::size_t Sockets::size() const { return parts_->table.sockets().size(); }

Duration Sockets::receive_timeout(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    return socket == nullptr ? Duration{} : socket->settings().receive_timeout;
}

Duration Sockets::send_timeout(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    return socket == nullptr ? Duration{} : socket->settings().send_timeout;
}

Family Sockets::family(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    return socket == nullptr ? Family::inet : socket->family;
}

std::uint32_t Sockets::device(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    return socket == nullptr ? 0 : socket->settings().device_number;
}

std::optional<Duration> Sockets::linger(SocketId id) const {
    const Socket* socket = parts_->table.find(id);
    if (socket == nullptr || socket->settings().linger.mode == Linger::Mode::off) return {};
    return std::chrono::seconds{socket->settings().linger.seconds};
}

// NOLINTNEXTLINE(readability-function-size): the system call's own arguments.
void Sockets::refused(const Turn& turn, Caller caller, Call call, SocketId id, Error error,
                      event::Reason reason) const {
    CallMade made = made_by(call, caller, id);
    made.local = name_of(parts_->table, id);
    made.error = error;
    made.reason = reason;
    turn.emit(made);
}

void Sockets::snapshot(Instant now, event::Snapshot& to) const {
    take_snapshot(parts_->table, now, to);
}

}  // namespace dt::sock
