// What becomes of a connection after an input: its reply, its place in the index, TIME-WAIT, the
// ready list, its timer, readiness edges, and the end of its memory.
#include "base/assert.hpp"
#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::Cause;
using event::Reason;
using event::State;

void Engine::Parts::settle(const Turn& turn, SlotHandle handle, const Outcome& outcome) {
    ConnectionSlot& slot = *connections.get(handle);
    if (outcome.reply) owe(turn, *outcome.reply);
    switch (outcome.fate) {
        case Fate::keep: break;
        case Fate::time_wait: enter_time_wait(turn, slot); break;
        case Fate::gone: leave_index(slot); break;
    }
    leave_fast_open(turn, slot);
    if (!slot.is_indexed && slot.connection.is_orphan()) return destroy(slot);
    refresh(turn, slot);
}

void Engine::Parts::refresh(const Turn& turn, ConnectionSlot& slot) {
    rearm(slot);
    if (!slot.ready.is_linked() && slot.connection.wants_to_send(turn)) ready.push_back(slot);
    // Nobody holds a connection before accept(): what changed until then is told once, there.
    const bool has_edge = slot.connection.take_readiness_edge();
    if (has_edge && !slot.is_queued && !slot.connection.is_orphan()) edge_of(slot);
}

// The record takes the connection's place in the index; too many records: it is skipped and counted
// (Linux tcp_max_tw_buckets).
void Engine::Parts::enter_time_wait(const Turn& turn, ConnectionSlot& slot) {
    if (!slot.is_indexed) return;
    const TimeWaitValues values = slot.connection.time_wait_values();
    const PeerRef connection{PeerKind::connection, slot.handle.index};
    const auto record = time_waits.add(values, turn.now());
    if (!record) {
        ++counters.time_wait_overflow;
        turn.emit(event::Transition{values.tuple, State::time_wait, State::closed,
                                    Cause::time_wait_timeout, Reason::time_wait_overflow});
        return leave_index(slot);
    }
    reindex(values.tuple, connection, {PeerKind::time_wait, *record});
    slot.is_indexed = false;
    leave_port(slot);
}

void Engine::Parts::end_time_wait(const Turn& turn, std::uint32_t record, Cause cause,
                                  Reason reason) {
    const FourTuple tuple = time_waits.tuple(record);
    unindex(tuple, {PeerKind::time_wait, record});
    time_waits.erase(record);
    turn.emit(event::Transition{tuple, State::time_wait, State::closed, cause, reason});
}

void Engine::Parts::leave_index(ConnectionSlot& slot) {
    if (!slot.is_indexed) return;
    slot.is_indexed = false;
    unindex(slot.connection.tuple(), {PeerKind::connection, slot.handle.index});
    leave_port(slot);
}

void Engine::Parts::join_port(ConnectionSlot& slot) {
    std::uint32_t& head = connections_on.at(slot.connection.tuple().local.port.value());
    slot.port_previous = ConnectionSlot::none;
    slot.port_next = head == 0 ? ConnectionSlot::none : head - 1;
    if (head != 0) connections.get_index(head - 1)->port_previous = slot.handle.index;
    head = slot.handle.index + 1;
}

void Engine::Parts::leave_port(ConnectionSlot& slot) {
    const std::uint32_t previous = slot.port_previous;
    const std::uint32_t next = slot.port_next;
    if (previous == ConnectionSlot::none) {
        connections_on.at(slot.connection.tuple().local.port.value()) =
            next == ConnectionSlot::none ? 0 : next + 1;
    } else {
        connections.get_index(previous)->port_next = next;
    }
    if (next != ConnectionSlot::none) connections.get_index(next)->port_previous = previous;
}

void Engine::Parts::destroy(ConnectionSlot& slot) {
    DT_ASSERT(!slot.is_indexed);
    wheel.cancel(slot.timer);
    if (slot.is_counted_orphan) --orphans;
    connections.erase(slot.handle);
}

// tcp_max_orphans (TCP-CONN-030): a connection that nobody holds is bounded in number.
void Engine::Parts::count_orphan(const Turn& turn, SlotHandle handle) {
    ConnectionSlot* slot = connections.get(handle);
    if (slot == nullptr || slot->is_counted_orphan || !slot->connection.is_orphan()) return;
    slot->is_counted_orphan = true;
    if (++orphans <= config.orphans_max) return;
    settle(turn, handle, slot->connection.abort(turn, Reason::too_many_orphans));
}

void Engine::Parts::edge_of(ConnectionSlot& slot) {
    if (slot.has_edge) return;
    slot.has_edge = true;
    edges.push({ConnId{slot.handle}, std::nullopt});
}

void Engine::Parts::edge_of(Listeners::Handle handle, Listener& listener) {
    if (listener.has_edge) return;
    listener.has_edge = true;
    edges.push({std::nullopt, ListenerId{handle}});
}

}  // namespace dt::tcp
