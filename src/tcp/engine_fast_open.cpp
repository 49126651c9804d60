// Fast Open in the engine (RFC 7413): which SYN opens at once, how many may wait, what was learned.
#include <algorithm>
#include <utility>

#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::Cause;
using event::QueueStep;
using event::Reason;
using event::State;

namespace {

constexpr auto reset_keeps_place = std::chrono::seconds{60};  // RFC 7413 §5.1, Linux

}  // namespace

std::optional<FastOpening> Engine::Parts::opening(const Config& now, const IpAddr& server,
                                                  const ActiveOpen& open) const {
    const Offer offer = offer_for(now, open.path, *open.options, server.family());
    std::uint32_t bits = now.fast_open;
    if (open.options->fast_open_no_cookie) {
        bits |= event::fast_open_client_no_cookie;
    }
    return opening_to(bits, fast_open_cache.find(server), offer.mss);
}

/// The n-th key, newest first; without any, one that only this stack knows.
SipKey Engine::Parts::fast_open_key(const Config& now, unsigned index) const {
    if (now.fast_open_key_count == 0) return fast_open_secret;
    return now.fast_open_keys[index];
}

// RFC 7413 §4.2.2, the cases in Linux's order.
Engine::Parts::Early Engine::Parts::judge_fast_open(const Turn& turn, Listener& listener,
                                                    const SegmentIn& segment) const {
    const Config& now = turn.config();
    const auto& option = segment.header.options.fast_open;
    if (segment.text_length == 0 && !option) return {};
    if (!listener.may_fast_open(turn)) return {};
    const bool needs_no_cookie = (now.fast_open & event::fast_open_server_no_cookie) != 0 ||
                                 listener.options().fast_open_no_cookie;
    if (needs_no_cookie) return {Early::Take::yes, std::nullopt};
    if (!option) return {};
    const IpAddr& client = segment.tuple.remote.addr;
    const IpAddr& server = segment.tuple.local.addr;
    wire::FastOpen offered = fast_open_cookie(fast_open_key(now, 0), client, server);
    offered.form = option->form;
    if (option->is_request()) return {Early::Take::no, offered};
    if (option->has(offered.cookie())) return {Early::Take::yes, std::nullopt};
    // The key before still counts; the answer brings the newest (TCP-TFO-011).
    const bool has_old = now.fast_open_key_count > 1;
    if (has_old && option->has(fast_open_cookie(fast_open_key(now, 1), client, server).cookie())) {
        return {Early::Take::yes, offered};
    }
    return {Early::Take::no, offered};
}

void Engine::Parts::open_early(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment,
                               const PassiveOpen& open) {
    Listener& listener = *listeners.get(handle);
    const auto made = connections.insert(turn, pool, open);
    if (!made) return ignore_syn(turn, listener, segment, Reason::limit_reached);
    ConnectionSlot& slot = *connections.get(*made);
    slot.handle = *made;
    slot.serial = next_serial++;
    slot.listener = ListenerId{handle};
    slot.is_queued = true;
    slot.is_counted_early = true;
    ++listener.fast_opens;
    index(open.tuple, {PeerKind::connection, made->index});
    slot.is_indexed = true;
    join_port(slot);
    turn.emit(event::Transition{open.tuple, State::listen, State::syn_received, Cause::rcv_syn,
                                Reason::none});
    slot.connection.open_early(turn, pool, std::move(segment));
    listener.accept_queue.push({ConnId{*made}, turn.now()});
    turn.emit(listener.change(QueueStep::promoted, open.tuple));
    edge_of(handle, listener);
    refresh(turn, slot);
}

void Engine::Parts::learn(ConnectionSlot& slot) {
    if (const auto lesson = slot.connection.take_lesson()) {
        fast_open_cache.learn(slot.connection.tuple().remote.addr, *lesson);
    }
}

// The handshake of a Fast Open is over: its place is free, a minute later where a RST ended it.
void Engine::Parts::leave_fast_open(const Turn& turn, ConnectionSlot& slot) {
    if (!slot.is_counted_early) return;
    const bool goes_on = slot.is_indexed && slot.connection.is_early();
    if (goes_on) return;
    Listener* listener = listeners.get(slot.listener.handle);
    slot.is_counted_early = false;
    if (listener == nullptr) return;
    if (listener->fast_opens > 0) --listener->fast_opens;
    if (slot.connection.is_early()) {
        listener->fast_open_resets.push_back(turn.now() + reset_keeps_place);
    }
}

}  // namespace dt::tcp
