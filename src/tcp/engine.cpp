// The calls of an Engine, and the index behind them.
#include "tcp/engine.hpp"

#include <algorithm>
#include <utility>

#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::Cause;
using event::QueueStep;
using event::Reason;

Engine::Parts::Parts(const Config& given, buf::Pool& given_pool,
                     std::array<std::uint64_t, 2> secret)
    : config(given),
      pool(given_pool),
      index_key{secret[0] ^ 0x64656d7578ULL, secret[1]},
      isn(SipKey{secret[0], secret[1]}, config.numbers),
      cookies(SipKey{secret[0], secret[1]}),
      connections(static_cast<std::uint32_t>(config.sockets_max)),
      half_opens(config),
      time_waits(config),
      fast_open_secret{secret[1] ^ 0x66617374ULL, secret[0]},
      listeners(static_cast<std::uint32_t>(config.sockets_max)),
      wheel(Instant{}) {}

// A segment asks several times for the tag of its tuple: once is hashed.
std::uint32_t Engine::Parts::tag_of(const FourTuple& tuple) const {
    if (tuple != hashed_tuple || !has_hashed) {
        hashed_tag = tuple_tag(index_key, tuple);
        hashed_tuple = tuple;
        has_hashed = true;
    }
    return hashed_tag;
}

PeerRef Engine::Parts::find(const FourTuple& tuple) const {
    if (!cached_peer.is_null() && cached_tuple == tuple) return cached_peer;
    const PeerRef found =
        demux.find(tag_of(tuple), [&](PeerRef peer) { return matches(peer, tuple); });
    if (found.is_null()) return found;
    cached_tuple = tuple;
    cached_peer = found;
    return found;
}

bool Engine::Parts::matches(PeerRef peer, const FourTuple& tuple) const {
    switch (peer.kind()) {
        case PeerKind::none: return false;
        case PeerKind::connection: {
            auto& slots = const_cast<Slots&>(connections);
            return slots.get_index(peer.index())->connection.tuple() == tuple;
        }
        case PeerKind::half_open: return half_opens.matches(peer.index(), tuple);
        case PeerKind::time_wait: return time_waits.matches(peer.index(), tuple);
    }
    return false;
}

void Engine::Parts::index(const FourTuple& tuple, PeerRef peer) {
    demux.insert(tag_of(tuple), peer);
    cached_tuple = tuple;
    cached_peer = peer;
}

void Engine::Parts::reindex(const FourTuple& tuple, PeerRef from, PeerRef to) {
    demux.replace(tag_of(tuple), from, to);
    cached_tuple = tuple;
    cached_peer = to;
}

void Engine::Parts::unindex(const FourTuple& tuple, PeerRef peer) {
    demux.erase(tag_of(tuple), peer);
    if (cached_peer == peer) cached_peer = {};
}

Engine::Engine(const Config& config, buf::Pool& pool, std::array<std::uint64_t, 2> secret)
    : parts_(std::make_unique<Parts>(config, pool, secret)) {}

Engine::~Engine() = default;

Way Engine::on_segment(const Turn& turn, SegmentIn&& segment) {
    return parts_->on_segment(turn, std::move(segment));
}

Engine::Belief Engine::on_icmp(const Turn& turn, FourTuple tuple, Seq quoted, IcmpError error,
                               std::uint16_t mtu) {
    Parts& parts = *parts_;
    const PeerRef peer = parts.find(tuple);
    if (peer.kind() == PeerKind::connection) {
        const auto handle = parts.connections.handle_of(peer.index());
        Connection& connection = parts.connections.get(handle)->connection;
        if (!connection.is_outstanding(quoted)) return Belief::no;
        if (error == IcmpError::fragmentation_needed) parts.learn_mtu(turn, tuple.remote.addr, mtu);
        const Outcome outcome = connection.on_icmp(turn, quoted, error, mtu);
        parts.settle(turn, handle, outcome);
        return outcome.fate == Fate::gone ? Belief::ended : Belief::yes;
    }
    // TCP-ICMP-012: an error about our SYN-ACK ends the entry; its number is the proof.
    if (peer.kind() != PeerKind::half_open) return Belief::no;
    if (quoted != parts.half_opens.values(peer.index()).iss) return Belief::no;
    if (error == IcmpError::fragmentation_needed) {
        parts.learn_mtu(turn, tuple.remote.addr, mtu);
        return Belief::yes;
    }
    parts.remove_half_open(turn, peer.index(), Cause::icmp_error, Reason::icmp_said_unreachable);
    return Belief::yes;
}

void Engine::learn_path_mtu(const Turn& turn, const IpAddr& destination, std::uint32_t mtu) {
    constexpr std::uint32_t most = 65535;
    parts_->learn_mtu(turn, destination, static_cast<std::uint16_t>(std::min(mtu, most)));
}

std::optional<PathMtu> Engine::path_mtu(const IpAddr& destination, Instant now) const {
    return parts_->path_mtus.find(destination, now);
}

void Engine::on_neighbour_failed(const Turn& turn, IpAddr, FourTuple tuple) {
    Parts& parts = *parts_;
    const PeerRef peer = parts.find(tuple);
    if (peer.kind() != PeerKind::connection) return;
    const auto handle = parts.connections.handle_of(peer.index());
    Connection& connection = parts.connections.get(handle)->connection;
    parts.settle(turn, handle, connection.on_neighbour_failed(turn));
}

Result<ConnId> Engine::connect(const Turn& turn, FourTuple tuple, Path path,
                               const Options& options) {
    Parts& parts = *parts_;
    const PeerRef holder = parts.find(tuple);
    if (!may_connect(turn, tuple)) return fail(Error::address_not_available);
    ActiveOpen open;
    open.tuple = tuple;
    open.path = path;
    open.options = options;
    open.iss = parts.isn.initial(tuple, turn.now());
    if (!holder.is_null()) {
        open.iss = initial_after(parts.time_waits.values(holder.index()).snd_nxt);
        parts.end_time_wait(turn, holder.index(), Cause::replaced, Reason::time_wait_reused);
    }
    open.ts_offset = parts.isn.timestamp_offset(tuple);
    if (options.fast_open == FastOpenUse::yes) {
        open.fast_open = parts.opening(turn.config(), tuple.remote.addr, open);
    }
    const auto handle = parts.connections.insert(turn, open);
    if (!handle) return fail(Error::no_buffer_space);
    ConnectionSlot& slot = *parts.connections.get(*handle);
    slot.handle = *handle;
    slot.serial = parts.next_serial++;
    slot.is_indexed = true;
    parts.index(tuple, {PeerKind::connection, handle->index});
    parts.join_port(slot);
    parts.refresh(turn, slot);
    return ConnId{*handle};
}

Result<ListenerId> Engine::listen(const Turn& turn, Endpoint local, std::uint32_t backlog,
                                  const Options& options) {
    const std::uint32_t limit = limit_of(backlog, parts_->config.somaxconn);
    const auto handle = parts_->listeners.add(local, limit, options);
    if (!handle) return fail(Error::no_buffer_space);
    turn.emit(parts_->listeners.get(*handle)->change(QueueStep::opened, {local, {}}));
    return ListenerId{*handle};
}

void Engine::set_backlog(const Turn& turn, ListenerId id, std::uint32_t backlog) {
    Listener* listener = parts_->listeners.get(id.handle);
    if (listener == nullptr) return;
    listener->set_limit(limit_of(backlog, parts_->config.somaxconn));
    turn.emit(listener->change(QueueStep::limit_changed, {listener->local(), {}}));
}

Result<ConnId> Engine::accept(const Turn& turn, ListenerId id) {
    Listener* listener = parts_->listeners.get(id.handle);
    if (listener == nullptr) return fail(Error::invalid_argument);
    if (listener->accept_queue.empty()) return fail(Error::would_block);
    const ConnId accepted = listener->accept_queue.pop().connection;
    ConnectionSlot& slot = *parts_->slot(accepted);
    slot.is_queued = false;
    turn.emit(listener->change(QueueStep::accepted, slot.connection.tuple()));
    // What changed while it waited: text, EOF, a reset (TCP-SYNQ-025).
    parts_->edge_of(slot);
    return accepted;
}

// TCP-SYNQ-019: children that nobody accepted are reset, half-open entries go without a word.
void Engine::close_listener(const Turn& turn, ListenerId id) {
    Parts& parts = *parts_;
    Listener* listener = parts.listeners.get(id.handle);
    if (listener == nullptr) return;
    while (listener->syn_queue.length > 0) {
        parts.remove_half_open(turn, listener->syn_queue.oldest, Cause::abort,
                               Reason::reset_listener_closed);
    }
    while (!listener->accept_queue.empty()) {
        ConnectionSlot& slot = *parts.slot(listener->accept_queue.pop().connection);
        if (slot.is_indexed) {
            const Outcome outcome = slot.connection.abort(turn, Reason::reset_listener_closed);
            if (outcome.reply) parts.owe(turn, *outcome.reply);
            parts.leave_index(slot);
        }
        parts.destroy(slot);
    }
    turn.emit(listener->change(QueueStep::closed, {listener->local(), {}}));
    parts.listeners.erase(id.handle);
}

void Engine::close(const Turn& turn, ConnId id, CloseKind kind) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    if (slot->is_indexed && kind == CloseKind::unread) ++parts_->counters.abort_on_close;
    if (slot->is_indexed && kind == CloseKind::abort) ++parts_->counters.abort_on_data;
    parts_->settle(turn, id.handle, slot->connection.close(turn, kind));
    parts_->count_orphan(turn, id.handle);
}

void Engine::shutdown_write(const Turn& turn, ConnId id) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    parts_->settle(turn, id.handle, slot->connection.shutdown_write(turn));
}

void Engine::shutdown_read(const Turn& turn, ConnId id) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    slot->connection.shutdown_read(turn);
    parts_->refresh(turn, *slot);
}

MutableOctets Engine::writable(ConnId id, std::size_t wanted) {
    ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? MutableOctets{} : slot->connection.writable(parts_->pool, wanted);
}

void Engine::commit(const Turn& turn, ConnId id, std::size_t count) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    slot->connection.commit(turn, count);
    parts_->refresh(turn, *slot);
}

std::size_t Engine::write(const Turn& turn, ConnId id, Octets text, WriteMark mark) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return 0;
    const std::size_t taken = slot->connection.write(turn, parts_->pool, text, mark);
    if (taken > 0) parts_->refresh(turn, *slot);
    return taken;
}

bool Engine::may_write(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot != nullptr && slot->connection.may_write();
}

void Engine::mark_written(const Turn& turn, ConnId id, WriteMark mark) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    slot->connection.mark_written(turn, mark);
    parts_->refresh(turn, *slot);
}

void Engine::push(const Turn& turn, ConnId id) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    slot->connection.push(turn);
    parts_->refresh(turn, *slot);
}

std::size_t Engine::write_early(const Turn& turn, ConnId id, Octets text) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return 0;
    const std::size_t taken = slot->connection.write_early(parts_->pool, text);
    parts_->refresh(turn, *slot);
    return taken;
}

bool Engine::may_open_with_text(const Turn& turn, const IpAddr& server) const {
    const std::uint32_t bits = turn.config().fast_open;
    if ((bits & event::fast_open_client) == 0) return false;
    return (bits & event::fast_open_client_no_cookie) != 0 ||
           parts_->fast_open_cache.find(server).cookie.has_value();
}

void Engine::reconfigure(const Config& config) { parts_->config = config; }

Octets Engine::readable(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? Octets{} : slot->connection.readable();
}

std::size_t Engine::peek(ConnId id, std::size_t offset, MutableOctets to) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? 0 : slot->connection.peek(offset, to);
}

std::optional<std::size_t> Engine::read(const Turn& turn, ConnId id, MutableOctets to) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return std::nullopt;
    const auto count = slot->connection.read(turn, to);
    if (count) parts_->refresh(turn, *slot);
    return count;
}

void Engine::consume(const Turn& turn, ConnId id, std::size_t count) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    slot->connection.consume(turn, count);
    parts_->refresh(turn, *slot);
}

Result<std::optional<std::byte>> Engine::take_urgent(ConnId id, Take take) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return fail(Error::not_connected);
    return slot->connection.take_urgent(take);
}

std::optional<Error> Engine::take_error(ConnId id) {
    ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? std::nullopt : slot->connection.take_error();
}

void Engine::set_options(const Turn& turn, ConnId id, const Options& options) {
    ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return;
    slot->connection.set_options(turn, options);
    parts_->refresh(turn, *slot);
}

void Engine::set_options(ListenerId id, const Options& options) {
    Listener* listener = parts_->listeners.get(id.handle);
    if (listener != nullptr) listener->set_options(options);
}

const Options* Engine::options(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? nullptr : &slot->connection.options();
}

bool Engine::Parts::may_replace(const Turn& turn, PeerRef peer) const {
    return peer.kind() == PeerKind::time_wait &&
           time_waits.may_be_replaced(peer.index(), turn.now());
}

bool Engine::may_connect(const Turn& turn, const FourTuple& tuple) const {
    const PeerRef peer = parts_->find(tuple);
    return peer.is_null() || parts_->may_replace(turn, peer);
}

void Engine::advance(const Turn& turn) {
    parts_->expire_time_waits(turn);
    parts_->expire_half_opens(turn);
    parts_->expire_connections(turn);
}

std::optional<FourTuple> Engine::next_doubt() {
    if (parts_->doubts.empty()) return std::nullopt;
    return parts_->doubts.pop();
}

std::optional<SegmentOut> Engine::next_segment(const Turn& turn) {
    const bool owes = !parts_->replies.empty();
    if (!owes && parts_->ready.empty()) return std::nullopt;
    std::optional<SegmentOut> segment =
        owes ? parts_->next_owed(turn) : parts_->next_from_ready(turn);
    if (owes && !segment) segment = parts_->next_from_ready(turn);
    if (segment) parts_->count(*segment);
    return segment;
}

std::optional<Edge> Engine::next_edge() {
    while (!parts_->edges.empty()) {
        const Edge edge = parts_->edges.pop();
        if (edge.listener) {
            Listener* listener = parts_->listeners.get(edge.listener->handle);
            if (listener == nullptr) continue;
            listener->has_edge = false;
            return edge;
        }
        ConnectionSlot* slot = parts_->slot(*edge.connection);
        if (slot == nullptr) continue;
        slot->has_edge = false;
        if (!slot->connection.is_orphan()) return edge;
    }
    return std::nullopt;
}

Instant Engine::deadline() const {
    Parts& parts = *parts_;
    return std::min(
        {parts.time_waits.deadline(), parts.half_opens.deadline(), parts.wheel.next_deadline()});
}

bool Engine::may_receive() const { return parts_->replies.size() < parts_->config.reply_ring; }

}  // namespace dt::tcp
