// What others may know of an Engine: readiness, who holds a tuple or a port, the snapshot, memory.
#include <algorithm>

#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::SocketView;
using event::State;
using event::TimerKind;

namespace {

SocketView view_of(const Listener& listener, Instant now) {
    SocketView view;
    view.state = State::listen;
    view.local = listener.local();
    view.peer = {IpAddr::any(listener.local().addr.family()), Port::any()};
    view.queues = listener.view(now);
    view.receive_queue = view.queues->accept_length;
    view.send_queue = view.queues->limit;
    return view;
}

SocketView view_of(const ConnectionSlot& slot, Instant now) {
    const Connection& connection = slot.connection;
    SocketView view;
    view.state = connection.state();
    view.local = connection.tuple().local;
    view.peer = connection.tuple().remote;
    view.path = connection.path_view();
    view.receive_queue = connection.unread();
    view.send_queue = connection.unacked();
    view.timer = connection.timer(now);
    view.retransmissions = connection.retransmissions();
    return view;
}

SocketView view_of(const HalfOpenValues& values, Instant now) {
    SocketView view;
    view.state = State::syn_received;
    view.local = values.tuple.local;
    view.peer = values.tuple.remote;
    view.timer = {TimerKind::syn_ack, values.due - now};
    view.retransmissions = values.retransmits;
    return view;
}

}  // namespace

Readiness Engine::readiness(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? Readiness{} : slot->connection.readiness();
}

std::size_t Engine::held(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? 0 : slot->connection.held();
}

std::uint32_t Engine::send_buffer(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? 0 : slot->connection.send_buffer();
}

std::uint64_t Engine::pacing_rate(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? 0 : slot->connection.pacing_rate();
}

std::size_t Engine::accept_queue_length(ListenerId id) const {
    const Listener* listener = parts_->listeners.get(id.handle);
    return listener == nullptr ? 0 : listener->accept_queue.length();
}

std::optional<FourTuple> Engine::tuple(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    if (slot == nullptr) return std::nullopt;
    return slot->connection.tuple();
}

std::uint64_t Engine::unsent(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? 0 : slot->connection.unsent();
}

event::PathView Engine::path_view(ConnId id) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? event::PathView{} : slot->connection.path_view();
}

Times Engine::times(ConnId id, Instant now) const {
    const ConnectionSlot* slot = parts_->slot(id);
    return slot == nullptr ? Times{} : slot->connection.times(now);
}

Engine::Holder Engine::holder(const FourTuple& tuple) const {
    switch (parts_->find(tuple).kind()) {
        case PeerKind::none: return Holder::none;
        case PeerKind::connection: return Holder::connection;
        case PeerKind::half_open: return Holder::half_open;
        case PeerKind::time_wait: return Holder::time_wait;
    }
    return Holder::none;
}

void Engine::uses_of_port(Port port, void* context,
                          void (*visit)(void* context, const LocalUse& use)) const {
    Parts& parts = *parts_;
    std::uint32_t next = parts.connections_on[port.value()];
    while (next != 0) {
        const ConnectionSlot& slot = *parts.connections.get_index(next - 1);
        const Connection& connection = slot.connection;
        visit(context, {connection.tuple(), Holder::connection, connection.options().reuse_address,
                        connection.options().reuse_port});
        next = slot.port_next + 1;  // none + 1 is 0
    }
    parts.listeners.for_each_on(port, [&](Listeners::Handle, const Listener& listener) {
        std::uint32_t entry = listener.syn_queue.oldest;
        while (entry != SynQueue::none) {
            visit(context, {parts.half_opens.values(entry).tuple, Holder::half_open,
                            listener.options().reuse_address, listener.options().reuse_port});
            entry = parts.half_opens.younger(entry);
        }
    });
    auto record = parts.time_waits.first_on(port);
    while (record) {
        const TimeWaitValues values = parts.time_waits.values(*record);
        visit(context, {values.tuple, Holder::time_wait, values.reuse_address, values.reuse_port});
        record = parts.time_waits.next_on(*record);
    }
}

void Engine::snapshot(Instant now, std::vector<SocketView>& sockets,
                      event::Counters& counters) const {
    Parts& parts = *parts_;
    counters = parts.counters;
    parts.listeners.for_each([&](Listeners::Handle, const Listener& listener) {
        sockets.push_back(view_of(listener, now));
    });
    std::vector<const ConnectionSlot*> by_age;
    parts.connections.for_each([&](auto, const ConnectionSlot& slot) {
        if (slot.is_indexed) by_age.push_back(&slot);
    });
    std::sort(by_age.begin(), by_age.end(), [](const ConnectionSlot* a, const ConnectionSlot* b) {
        return a->serial < b->serial;
    });
    for (const ConnectionSlot* slot : by_age) {
        sockets.push_back(view_of(*slot, now));
        if (!slot->is_queued) continue;
        const Listener* listener = parts.listeners.get(slot->listener.handle);
        if (listener != nullptr) sockets.back().queued_in = listener->local();
    }
    parts.listeners.for_each([&](Listeners::Handle, const Listener& listener) {
        std::uint32_t entry = listener.syn_queue.oldest;
        for (; entry != SynQueue::none; entry = parts.half_opens.younger(entry))
            sockets.push_back(view_of(parts.half_opens.values(entry), now));
    });
    for (auto record = parts.time_waits.oldest(); record;
         record = parts.time_waits.younger(*record)) {
        SocketView view;
        view.state = State::time_wait;
        view.local = parts.time_waits.tuple(*record).local;
        view.peer = parts.time_waits.tuple(*record).remote;
        view.timer = {TimerKind::time_wait, parts.time_waits.expires(*record) - now};
        sockets.push_back(view);
    }
}

Engine::Memory Engine::memory() const {
    const Parts& parts = *parts_;
    Memory memory{};
    memory.connections = parts.connections.memory() + parts.wheel.memory();
    parts.connections.for_each(
        [&](auto, const ConnectionSlot& slot) { memory.connections += slot.connection.memory(); });
    memory.half_open = parts.half_opens.memory();
    memory.time_wait = parts.time_waits.memory();
    memory.index = parts.demux.memory() + parts.connections_on.memory();
    return memory;
}

}  // namespace dt::tcp
