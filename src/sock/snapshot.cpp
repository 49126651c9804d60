// Takes the snapshot: the engines' views, each with the socket that owns it, in one order.
#include "sock/snapshot.hpp"

#include <algorithm>
#include <tuple>

namespace dt::sock {
namespace {

using event::SocketView;
using event::Transport;

/// Where a view belongs in the order: listeners, sockets by creation, the rest, TIME-WAIT.
enum class Rank : std::uint8_t { listener, socket, unowned, time_wait };

/// A socket as the engines' views are matched with it: by transport and both ends.
struct Owned {
    Transport transport;
    FourTuple tuple;
    Rank rank;
    const Socket* socket;
    event::SocketNumber number;

    [[nodiscard]] auto key() const { return std::tie(transport, rank, tuple); }
};

struct Placed {
    Rank rank;
    std::uint64_t ordinal;
    SocketView view;
};

Owned owned(const SocketTable& table, SocketId id, const Socket& socket) {
    Owned entry{socket.transport, {socket.local, Endpoint{}}, Rank::socket, &socket, id.number()};
    if (socket.listener() != nullptr) entry.rank = Rank::listener;
    if (const tcp::ConnId* connection = socket.connection()) {
        entry.tuple = table.core().tcp().tuple(*connection).value_or(entry.tuple);
    }
    if (socket.is_datagram() && socket.remote) entry.tuple.remote = *socket.remote;
    return entry;
}

std::vector<Owned> owners(const SocketTable& table) {
    std::vector<Owned> all;
    all.reserve(table.sockets().size());
    table.sockets().for_each([&](base::Handle<Socket> handle, const Socket& socket) {
        all.push_back(owned(table, SocketId{handle}, socket));
    });
    std::ranges::sort(all, [](const Owned& a, const Owned& b) {
        return std::tuple(a.key(), a.socket->ordinal) < std::tuple(b.key(), b.socket->ordinal);
    });
    return all;
}

Rank rank_of(const SocketView& view) {
    return view.state == event::State::listen ? Rank::listener : Rank::socket;
}

/// The owner of `view` that was not taken yet; a taken one has no socket any more.
Owned* find_owner(std::vector<Owned>& all, const SocketView& view) {
    if (view.state == event::State::time_wait || view.queued_in) return nullptr;
    const Rank rank = rank_of(view);
    const FourTuple tuple{view.local, rank == Rank::listener ? Endpoint{} : view.peer};
    const auto wanted = std::tie(view.transport, rank, tuple);
    auto found = std::ranges::lower_bound(all, wanted, {}, &Owned::key);
    for (; found != all.end() && found->key() == wanted; ++found) {
        if (found->number != 0) return &*found;
    }
    return nullptr;
}

/// `position` is the view's place in what the engines gave: it orders what no socket owns.
Placed place_view(std::vector<Owned>& all, SocketView view, std::uint64_t position) {
    Owned* owner = find_owner(all, view);
    if (owner == nullptr) {
        const bool waiting = view.state == event::State::time_wait;
        return {waiting ? Rank::time_wait : Rank::unowned, position, view};
    }
    view.socket = std::exchange(owner->number, 0);
    view.opened_by = owner->socket->opened_by;
    return {owner->rank, owner->socket->ordinal, view};
}

/// A socket that no engine knows: fresh, bound, failed, or a closed connection.
Placed place_closed(const Owned& owner) {
    SocketView view;
    view.transport = owner.transport;
    view.local = owner.socket->local;
    view.peer = owner.tuple.remote;
    view.socket = owner.number;
    view.opened_by = owner.socket->opened_by;
    return {Rank::socket, owner.socket->ordinal, view};
}

}  // namespace

void take_snapshot(const SocketTable& table, Instant now, event::Snapshot& to) {
    std::vector<SocketView> views;
    table.core().tcp().snapshot(now, views, to.counters);
    table.core().add_counters(to.counters);
    table.core().udp().snapshot(views);
    table.core().icmp().snapshot(views);
    std::vector<Owned> all = owners(table);
    std::vector<Placed> placed;
    placed.reserve(views.size());
    for (const SocketView& view : views) {
        placed.push_back(place_view(all, view, placed.size()));
    }
    for (const Owned& owner : all) {
        if (owner.number != 0) placed.push_back(place_closed(owner));
    }
    std::ranges::sort(placed, [](const Placed& a, const Placed& b) {
        return std::tie(a.rank, a.ordinal) < std::tie(b.rank, b.ordinal);
    });
    for (const Placed& one : placed) {
        to.sockets.push_back(one.view);
    }
}

}  // namespace dt::sock
