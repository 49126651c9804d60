// Readiness: facts from the engines, pending errors, and edges in one order (spec 6.7).
#include <utility>

#include "sock/table.hpp"

namespace dt::sock {
namespace {

using event::Reason;

template <class Id>
void note(std::vector<SocketId>& table, Id object, SocketId id) {
    const std::size_t index = object.handle.index;
    if (index >= table.size()) table.resize(index + 1);
    table[index] = id;
}

template <class Id>
SocketId look_up(const std::vector<SocketId>& table, Id object) {
    const std::size_t index = object.handle.index;
    return index < table.size() ? table[index] : SocketId{};
}

Way way(bool shut) { return shut ? Way::shut : Way::open; }

}  // namespace

void SocketTable::own(tcp::ConnId connection, SocketId id) { note(by_connection_, connection, id); }
void SocketTable::own(tcp::ListenerId listener, SocketId id) { note(by_listener_, listener, id); }
void SocketTable::own(event::Transport transport, udp::EndpointId endpoint, SocketId id) {
    note(transport == event::Transport::udp ? by_endpoint_ : by_icmp_endpoint_, endpoint, id);
}

StreamFacts SocketTable::stream_facts(const Socket& socket) const {
    StreamFacts facts;
    facts.reading = way(socket.marks.has(Mark::read_shut));
    facts.writing = way(socket.marks.has(Mark::write_shut));
    const bool has_notice = socket.marks.has(Mark::notice_waits);
    if (has_notice) facts.notices = StreamFacts::Notices::some;
    if (const tcp::ListenerId* listener = socket.listener()) {
        facts.state = event::State::listen;
        facts.waiting = core_.tcp().accept_queue_length(*listener);
    } else if (const auto* failed = std::get_if<Failed>(&socket.state)) {
        facts.error = failed->error;
        facts.reason = failed->reason;
    } else if (const tcp::ConnId* connection = socket.connection()) {
        const tcp::Readiness now = core_.tcp().readiness(*connection);
        facts.state = now.state;
        facts.error = now.error;
        facts.reason = now.reason;
        facts.unread = now.unread;
        facts.room = now.room;
        facts.queued = now.queued;
        if (now.has_urgent) facts.urgent = StreamFacts::Urgent::here;
        if (now.is_early) facts.early = StreamFacts::Early::yes;
        if (now.peer_finished) facts.end = StreamFacts::End::seen;
        if (now.peer_finished || facts.is_closed()) facts.reading = Way::shut;
        if (facts.is_closed()) facts.writing = Way::shut;
    }
    return facts;
}

DatagramFacts SocketTable::datagram_facts(const Socket& socket) const {
    DatagramFacts facts;
    facts.reading = way(socket.marks.has(Mark::read_shut));
    facts.writing = way(socket.marks.has(Mark::write_shut));
    const auto* datagram = std::get_if<Datagram>(&socket.state);
    if (datagram == nullptr || !datagram->id) return facts;
    facts.error = carrier(socket).error(*datagram->id);
    facts.waiting = carrier(socket).queued(*datagram->id);
    if (carrier(socket).has_notice(*datagram->id)) facts.notices = DatagramFacts::Notices::some;
    return facts;
}

std::optional<Refused> SocketTable::take_error(Socket& socket) {
    if (auto* failed = std::get_if<Failed>(&socket.state)) {
        const auto error = std::exchange(failed->error, std::nullopt);
        if (!error) return std::nullopt;
        return Refused{*error, failed->reason};
    }
    if (const auto* datagram = std::get_if<Datagram>(&socket.state)) {
        if (!datagram->id) return std::nullopt;
        const auto error = carrier(socket).take_error(*datagram->id);
        if (!error) return std::nullopt;
        return Refused{*error, Reason::icmp_said_unreachable};
    }
    const tcp::ConnId* connection = socket.connection();
    if (connection == nullptr) return std::nullopt;
    const tcp::Readiness now = core_.tcp().readiness(*connection);
    const auto error = core_.tcp().take_error(*connection);
    if (!error) return std::nullopt;
    const bool lives = now.state != event::State::closed && now.state != event::State::time_wait;
    const Reason unsaid = lives ? Reason::icmp_soft_error : Reason::peer_gone;
    return Refused{*error, now.reason == Reason::none ? unsaid : now.reason};
}

PollMask SocketTable::poll(SocketId id) const {
    const Socket* socket = find(id);
    if (socket == nullptr) return PollMask{PollMask::nval};
    if (socket->is_datagram()) return poll_of(datagram_facts(*socket));
    if (socket->is_deferred()) return PollMask{PollMask::out};
    return poll_of(stream_facts(*socket), socket->settings().receive_low_water);
}

void SocketTable::mark_edge(SocketId id) {
    Socket* socket = find(id);
    if (socket == nullptr || socket->marks.has(Mark::edge_waits)) return;
    socket->marks.set(Mark::edge_waits);
    edges_.push(id);
}

/// An edge counts for the socket that still holds what it is about.
void SocketTable::mark_edge_of(tcp::ConnId connection) {
    const SocketId id = look_up(by_connection_, connection);
    const Socket* socket = find(id);
    const tcp::ConnId* held = socket == nullptr ? nullptr : socket->connection();
    if (held != nullptr && *held == connection) mark_edge(id);
}

void SocketTable::mark_edge_of(tcp::ListenerId listener) {
    const SocketId id = look_up(by_listener_, listener);
    const Socket* socket = find(id);
    const tcp::ListenerId* held = socket == nullptr ? nullptr : socket->listener();
    if (held != nullptr && *held == listener) mark_edge(id);
}

void SocketTable::mark_edge_of(const std::vector<SocketId>& table, udp::EndpointId endpoint) {
    const SocketId id = look_up(table, endpoint);
    const Socket* socket = find(id);
    const auto* held = socket == nullptr ? nullptr : std::get_if<Datagram>(&socket->state);
    if (held != nullptr && held->id == endpoint) mark_edge(id);
}

void SocketTable::collect_edges() {
    while (const auto edge = core_.tcp().next_edge()) {
        if (edge->connection) mark_edge_of(*edge->connection);
        if (edge->listener) mark_edge_of(*edge->listener);
    }
    while (const auto endpoint = core_.udp().next_edge()) mark_edge_of(by_endpoint_, *endpoint);
    while (const auto endpoint = core_.icmp().next_edge()) {
        mark_edge_of(by_icmp_endpoint_, *endpoint);
    }
}

void SocketTable::tell_result(const Turn& turn, SocketId id, Socket& socket,
                              const StreamFacts& facts) {
    if (socket.marks.has(Mark::result_told)) return;
    socket.marks.set(Mark::result_told);
    const auto tuple = core_.tcp().tuple(*socket.connection());
    event::CallMade made;
    made.call = event::Call::connect_done;
    made.socket = id.number();
    made.caller = socket.connect_by;
    made.local = socket.local;
    if (tuple) made.argument = tuple->remote;
    if (!core_.tcp().readiness(*socket.connection()).connected_once) {
        made.error = facts.error.value_or(Error::connection_aborted);
        made.reason = facts.reason;
    }
    turn.emit(made);
}

/// A connection that never was is let go here, so that a failed socket costs no connection.
void SocketTable::settle(const Turn& turn, SocketId id, Socket& socket) {
    const tcp::ConnId* connection = socket.connection();
    if (connection == nullptr) return;
    const StreamFacts facts = stream_facts(socket);
    if (facts.is_opening()) return;
    if (socket.phase == Phase::connecting) tell_result(turn, id, socket, facts);
    if (!facts.is_closed()) return;
    if (socket.port_hold == PortHold::automatic) release_port(id, socket);
    if (core_.tcp().readiness(*connection).connected_once) return;
    keep_refusal(id, socket);
    core_.tcp().close(turn, *connection, tcp::CloseKind::orderly);
    socket.marks.set(Mark::read_shut);
    socket.marks.set(Mark::write_shut);
    socket.state = Failed{facts.error, facts.reason};
}

/// What ICMP said of the handshake: of IPv4 always, of IPv6 where the program asked (Linux). Few
/// programs read it: the oldest makes room.
void SocketTable::keep_refusal(SocketId id, Socket& socket) {
    const auto tuple = core_.tcp().tuple(*socket.connection());
    if (!tuple) return;
    const auto said = core_.take_refusal(*tuple);
    const bool is_wanted =
        tuple->remote.addr.is_v4() || socket.settings().receive_errors == event::Switch::on;
    if (!said || !is_wanted) return;
    forget_notice(id, socket);
    if (notices_.size() == notices_max) {
        Socket* oldest = find(notices_.front().first);
        if (oldest != nullptr) oldest->marks.clear(Mark::notice_waits);
        notices_.erase(notices_.begin());
    }
    notices_.emplace_back(id, *said);
    socket.marks.set(Mark::notice_waits);
}

/// DEVIATES: Linux keeps what nobody has read beside the next connection. Programs would be shown
/// an error there that is not about it.
void SocketTable::forget_notice(SocketId id, Socket& socket) {
    if (!socket.marks.has(Mark::notice_waits)) return;
    socket.marks.clear(Mark::notice_waits);
    std::erase_if(notices_, [id](const auto& each) { return each.first == id; });
}

std::optional<ReadinessEdge> SocketTable::next_edge(const Turn& turn) {
    collect_edges();
    while (!edges_.empty()) {
        const SocketId id = edges_.pop();
        Socket* socket = find(id);
        if (socket == nullptr) continue;
        socket->marks.clear(Mark::edge_waits);
        settle(turn, id, *socket);
        return ReadinessEdge{id, poll(id)};
    }
    core_.forget_refusals();
    return std::nullopt;
}

}  // namespace dt::sock
