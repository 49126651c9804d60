// SYN cookies in the engine (RFC 4987 §3.6): a SYN that finds no room is answered all the same, and
// the last ACK alone makes the connection.
#include <utility>

#include "tcp/engine_parts.hpp"

namespace dt::tcp {

using event::Cause;
using event::Reason;
using event::State;

namespace {

constexpr auto cookie_life = std::chrono::seconds{120};  // Linux TCP_SYNCOOKIE_VALID

}  // namespace

/// Whether a SYN that is `refused` for this reason, or for none, is answered by a cookie. A full
/// accept queue takes no connection, however it is made.
bool Engine::Parts::wants_cookie(std::optional<Reason> refused) const {
    if (refused == Reason::accept_queue_full) return false;
    switch (config.syn_cookies) {
        case event::SynCookies::off: return false;
        case event::SynCookies::on_overflow: return refused == Reason::syn_queue_full;
        case event::SynCookies::always: return true;
    }
    return false;
}

// Without timestamps a cookie has no place for options: the SYN-ACK offers the MSS alone.
void Engine::Parts::send_cookie(const Turn& turn, Listener& listener, HalfOpenValues values) {
    const bool has_room = values.ts_recent.has_value();
    if (!has_room) {
        values.peer_shift.reset();
        values.sack_permitted = false;
        values.ecn = false;
    }
    const Offer offer = offer_of(values, listener);
    Reply reply;
    reply.tuple = values.tuple;
    reply.seq = cookies.make(values.tuple, values.irs, values.peer_mss, turn.now());
    reply.ack = values.irs + 1;
    reply.flags = TcpFlag::syn | TcpFlag::ack;
    if (values.ecn) reply.flags |= TcpFlag::ece;
    reply.window = offer.window;
    reply.mss = mss_offered(turn.now(), values, listener);
    reply.sack_permitted = values.sack_permitted;
    if (values.peer_shift) reply.window_scale = offer.shift;
    if (has_room) {
        const std::uint32_t clock = timestamp_value(turn.now(), 0);
        const std::uint32_t marked =
            cookie_timestamp(clock, {values.peer_shift, values.sack_permitted, values.ecn});
        reply.timestamps = {marked + isn.timestamp_offset(values.tuple), *values.ts_recent};
    }
    reply.tos = listener.options().tos;
    reply.ttl = listener.options().ttl;
    reply.reason = Reason::syn_cookie_sent;
    listener.cookies_until = cookies_until = turn.now() + cookie_life;
    ++counters.syn_cookies_sent;
    owe(turn, reply);
}

// What the SYN told, as far as the ACK brings it back (TCP-SYNQ-010, TCP-SYNQ-012).
std::optional<HalfOpenValues> Engine::Parts::read_cookie(const Turn& turn,
                                                         const SegmentIn& segment) const {
    const wire::TcpRepr& header = segment.header;
    HalfOpenValues values;
    values.tuple = segment.tuple;
    values.irs = header.seq - 1;
    values.iss = header.ack - 1;
    values.window = header.window;
    values.mtu = segment.path.mtu;
    const auto mss = cookies.read(values.tuple, values.irs, values.iss, turn.now());
    if (!mss) return std::nullopt;
    values.peer_mss = *mss;
    if (!header.options.timestamps) return values;
    const bool has_timestamps = config.timestamps == event::Switch::on;
    if (!has_timestamps) return std::nullopt;
    const auto& timestamps = *header.options.timestamps;
    const CookieOptions options =
        options_of_cookie(timestamps.echo - isn.timestamp_offset(values.tuple));
    values.ts_recent = timestamps.value;
    if (config.window_scaling == event::Switch::on) values.peer_shift = options.window_scale;
    values.sack_permitted = options.sack_permitted && config.sack == event::Switch::on;
    values.ecn = options.ecn && config.ecn != event::Ecn::off;
    return values;
}

bool Engine::may_see_cookies(Instant now) const { return now < parts_->cookies_until; }

bool Engine::Parts::may_be_cookie(const Turn& turn, const Listener& listener) const {
    return config.syn_cookies != event::SynCookies::off && turn.now() < listener.cookies_until;
}

/// The last ACK of a handshake that left no entry.
void Engine::Parts::on_cookie(const Turn& turn, Listeners::Handle handle, SegmentIn&& segment) {
    const Listener& listener = *listeners.get(handle);
    const auto values = read_cookie(turn, segment);
    if (!values) {
        ++counters.syn_cookies_failed;
        drop(turn, segment, 0, Reason::syn_cookie_bad);
        return owe(turn, *reset_of(segment, Reason::syn_cookie_bad));
    }
    ++counters.syn_cookies_received;
    if (listener.is_accept_queue_full()) {
        ++counters.listen_overflows;
        ++counters.listen_drops;
        return drop(turn, segment, 0, Reason::accept_queue_full);
    }
    turn.emit(event::Transition{segment.tuple, State::listen, State::syn_received, Cause::rcv_syn,
                                Reason::syn_cookie_sent});
    admit(turn, {handle, std::nullopt}, open_of(*values, listener), std::move(segment));
}

}  // namespace dt::tcp
