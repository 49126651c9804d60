// Segments out, in a fixed order: what is owed without a connection first, then the connections
// that want to send, in turn; and the timers that make them want to.
#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::Cause;
using event::Reason;
using event::State;
using event::TimerKind;

void Engine::Parts::owe(const Turn& turn, const Reply& reply) {
    if (replies.size() < replies_max()) return replies.push({reply, {}});
    event::Segment summary;
    summary.tuple = reply.tuple;
    summary.seq = reply.seq;
    summary.ack = reply.ack;
    summary.window = std::uint32_t{reply.window} << reply.shift;
    summary.flags = reply.flags.bits();
    turn.emit(event::SegmentDropped{summary, Reason::reply_ring_full});
}

// Not bounded here: one for each segment that came in while there was room, and advance() stops
// while there is none.
void Engine::Parts::owe_syn_ack(std::uint32_t entry) {
    replies.push({{}, half_opens.handle_of(entry)});
}

SegmentOut Engine::Parts::syn_ack_of(const Turn& turn, std::uint32_t entry) {
    const HalfOpenValues values = half_opens.values(entry);
    const Listener& listener = *listeners.get_index(values.listener);
    const Offer offer = offer_of(values, listener);
    wire::TcpRepr header;
    header.source = values.tuple.local.port;
    header.destination = values.tuple.remote.port;
    header.seq = values.iss;
    header.ack = values.irs + 1;
    header.flags = TcpFlag::syn | TcpFlag::ack;
    if (values.ecn) header.flags |= TcpFlag::ece;
    header.window = offer.window;
    header.options.mss = mss_offered(turn.now(), values, listener);
    header.options.sack_permitted = values.sack_permitted;
    if (values.peer_shift) header.options.window_scale = offer.shift;
    if (values.ts_recent) {
        const std::uint32_t offset = isn.timestamp_offset(values.tuple);
        header.options.timestamps = {timestamp_value(turn.now(), offset), *values.ts_recent};
    }
    if (values.cookie && values.retransmits == 0) {
        const SipKey key = fast_open_key(turn.config(), 0);
        header.options.fast_open =
            fast_open_cookie(key, values.tuple.remote.addr, values.tuple.local.addr);
        header.options.fast_open->form = *values.cookie;
    }
    SegmentOut segment = segment_without_text(pool, values.tuple, header, 0);
    segment.summary.retransmission = values.retransmits;
    segment.tos = listener.options().tos;
    segment.ttl = listener.options().ttl;
    return segment;
}

std::optional<SegmentOut> Engine::Parts::next_owed(const Turn& turn) {
    while (!replies.empty()) {
        const Owed owed = replies.pop();
        if (owed.syn_ack.is_null()) return segment_of(owed.reply, pool);
        // The entry may be gone or complete by now; then nothing is owed any more.
        if (const auto entry = half_opens.index_of(owed.syn_ack)) return syn_ack_of(turn, *entry);
    }
    return std::nullopt;
}

// One segment of the connection at the front, which then goes to the end: connections take turns.
std::optional<SegmentOut> Engine::Parts::next_from_ready(const Turn& turn) {
    while (ConnectionSlot* slot = ready.pop_front()) {
        if (slot->mtu_version != path_mtus.version()) sync_mtu(turn, *slot);
        std::optional<SegmentOut> segment = slot->connection.next_segment(turn, pool);
        rearm(*slot);
        if (!segment) continue;
        if (slot->connection.wants_to_send(turn)) ready.push_back(*slot);
        return segment;
    }
    return std::nullopt;
}

/// A believed message about our packet: every connection to the destination learns it before it
/// sends again (TCP-PMTU-009).
void Engine::Parts::learn_mtu(const Turn& turn, const IpAddr& destination, std::uint16_t mtu) {
    const Instant until = turn.now() + turn.config().mtu_expires;
    const auto told = path_mtu_told(destination.family(), mtu, until);
    if (told) path_mtus.learn(destination, *told, turn.now());
}

void Engine::Parts::sync_mtu(const Turn& turn, ConnectionSlot& slot) const {
    slot.mtu_version = path_mtus.version();
    const auto known = path_mtus.find(slot.connection.tuple().remote.addr, turn.now());
    if (known) slot.connection.on_path_mtu(turn, *known, Connection::About::another);
}

void Engine::Parts::count(const SegmentOut& segment) {
    ++counters.segments_out;
    const TcpFlags flags = TcpFlags::from_bits(segment.summary.flags);
    if (flags.rst()) ++counters.resets_out;
    if (segment.summary.retransmission > 0) ++counters.retransmitted;
}

void Engine::Parts::rearm(ConnectionSlot& slot) {
    const Instant deadline = slot.is_indexed ? slot.connection.deadline() : never;
    if (deadline == wheel.deadline_of(slot.timer)) return;
    wheel.arm(slot.timer, slot.handle.word(), deadline);
}

void Engine::Parts::expire_time_waits(const Turn& turn) {
    while (const auto record = time_waits.expired(turn.now())) {
        turn.emit(event::TimerFired{time_waits.tuple(*record), TimerKind::time_wait, 1});
        end_time_wait(turn, *record, Cause::time_wait_timeout, Reason::time_wait_over);
    }
}

// SYN-ACKs at 0, 1, 3, 7, 15, 31 s; the entry goes at 63 s (TCP-CONN-008). No RST at the end.
void Engine::Parts::expire_half_opens(const Turn& turn) {
    while (replies.size() < config.reply_ring) {
        const auto entry = half_opens.due(turn.now());
        if (!entry) return;
        const HalfOpenValues values = half_opens.values(*entry);
        const auto count = static_cast<std::uint8_t>(values.retransmits + 1);
        turn.emit(event::TimerFired{values.tuple, TimerKind::syn_ack, count});
        const std::uint32_t defer = listeners.get_index(values.listener)->defer_rounds();
        const bool may_wait = values.acknowledged && values.retransmits < defer;
        if (values.retransmits >= config.synack_retries && !may_wait) {
            remove_half_open(turn, *entry, Cause::user_timeout, Reason::syn_ack_unanswered);
            continue;
        }
        half_opens.back_off(*entry, turn.now());
        // Who has answered is asked again only when its time for data is over (TCP_DEFER_ACCEPT).
        if (!may_wait || count >= defer) owe_syn_ack(*entry);
    }
}

void Engine::Parts::expire_connections(const Turn& turn) {
    while (const auto due = wheel.pop_due(turn.now())) {
        const auto handle = SlotHandle::from_word(due->owner);
        ConnectionSlot* slot = connections.get(handle);
        if (slot == nullptr) continue;
        const State before = slot->connection.state();
        const Outcome outcome = slot->connection.on_timer(turn);
        if (outcome.fate == Fate::gone && before == State::syn_sent) ++counters.attempt_fails;
        if (outcome.way == Way::doubted && doubts.size() < doubts_max) {
            doubts.push(slot->connection.tuple());
        }
        settle(turn, handle, outcome);
    }
}

}  // namespace dt::tcp
