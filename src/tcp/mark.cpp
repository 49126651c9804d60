// The urgent octet in the streams of a connection: where it lies, who reads it, what the reader of
// the others is given (RFC 9293 §3.8.5, DEC-18).
#include <algorithm>

#include "tcp/arrival.hpp"

namespace dt::tcp {

// Sixth: the urgent pointer, which Linux takes to name the octet behind the urgent one (DEC-18,
// RFC 6093 §3.1). After the peer's FIN there is no more text it could mean (TCP-URG-009).
void Connection::take_urgent(const Arrival& a) {
    if (!a.flags.urg() || has(Flag::peer_finished)) return;
    const std::uint16_t pointer = a.header().urgent;
    const Seq at = a.header().seq + (pointer > 0 ? pointer - 1U : 0U);
    const bool was_at_mark = rare_ && rare_->urgent.is_mark(copied()) && !options_->urgent_in_line;
    if (!rare().urgent.announce(at, tcb_.rcv_nxt, copied())) return;
    // An urgent octet that the reader stands at is no text (Linux).
    if (was_at_mark && !received_.empty()) received_.consume(1);
}

// The octet is kept aside, and stays in the queue as the mark.
void Connection::find_urgent(const Arrival& a) {
    if (!rare_->urgent.offer(a.seq, a.text_length)) return;
    const std::uint32_t offset = a.text_offset + distance(a.seq, rare_->urgent.at());
    bool is_first = true;
    a.in.frame->payload(offset, [&](const buf::Slice& slice) {
        if (is_first && !slice.empty()) rare_->urgent.keep(slice.octets()[0]);
        is_first = false;
    });
    set(Flag::edge);
}

// The number of the next octet that the program reads.
Seq Connection::copied() const {
    const auto unread = static_cast<std::uint32_t>(received_.size());
    return tcb_.rcv_nxt - unread - (has(Flag::peer_finished) ? 1U : 0U);
}

// As Linux reads: up to the urgent octet; then behind it, unless it is to stay in the stream.
Connection::Stretch Connection::stretch() const {
    const std::size_t size = received_.size();
    if (!rare_ || rare_->urgent.octet() == Urgent::Octet::none) return {0, size};
    const Urgent& urgent = rare_->urgent;
    const std::uint32_t ahead = distance(copied(), urgent.at());
    if (ahead > 0) return {0, std::min<std::size_t>(size, ahead)};
    if (options_->urgent_in_line || size == 0) return {0, size};
    return {1, size - 1};
}

bool Connection::is_sending_urgent() const { return rare_ && rare_->urgent.is_sending(snd_.una()); }

std::optional<std::size_t> Connection::read(const Turn& turn, MutableOctets to) {
    const Stretch now = stretch();
    if (now.length == 0) return std::nullopt;
    if (now.skip > 0) consume(turn, now.skip);
    const std::size_t count = received_.peek(0, to.first(std::min(to.size(), now.length)));
    if (count > 0) consume(turn, count);
    return count;
}

Result<std::optional<std::byte>> Connection::take_urgent(Engine::Take take) {
    using Octet = Urgent::Octet;
    const Octet octet = rare_ ? rare_->urgent.octet() : Octet::none;
    if (options_->urgent_in_line || octet == Octet::none || octet == Octet::taken)
        return std::unexpected(Error::invalid_argument);
    if (octet == Octet::announced) {
        const bool has_ended = has(Flag::peer_finished) || has(Flag::read_shut);
        if (has_ended) return std::nullopt;
        return std::unexpected(Error::would_block);
    }
    const std::byte value = rare_->urgent.value();
    if (take == Engine::Take::away) rare_->urgent.take();
    return value;
}

}  // namespace dt::tcp
