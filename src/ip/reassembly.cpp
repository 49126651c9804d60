// Reassembly of IPv4 fragments.
#include "ip/reassembly.hpp"

#include <cstring>

#include "ip/drop.hpp"

namespace dt::ip {

namespace {

using event::Reason;

/// What one piece, and one queue, cost beside their octets.
constexpr std::size_t overhead = 256;

constexpr std::uint8_t ecn_bit(std::uint8_t tos) {
    return static_cast<std::uint8_t>(1U << (tos & 3U));
}
constexpr std::uint8_t not_ect = 1U << 0;
constexpr std::uint8_t ce = 1U << 3;

/// RFC 3168 §5.3: CE of one fragment marks the datagram; fragments that disagree on whether they
/// are ECN-capable at all make none.
bool ecn_agrees(std::uint8_t seen) { return (seen & not_ect) == 0 || seen == not_ect; }

std::size_t cost(const Frame& frame) { return frame.size() + overhead; }

}  // namespace

FramePtr Reassembler::add(const Turn& turn, InterfaceIndex in, FramePtr fragment) {
    const auto header = wire::Ipv4View::parse_quoted(fragment->front());
    if (!header) return nullptr;
    const auto span = span_of(*header);
    if (!span) {
        drop(turn, fragment->id, *header, Reason::fragment_malformed);
        return nullptr;
    }
    const Key key{header->source(), header->destination(), header->id(),
                  static_cast<std::uint8_t>(header->protocol())};
    const auto found = queue_for(turn, key, in);
    Queue& queue = found->second;
    const Fit fits = queue.is_dead ? Fit::overlaps : fit(queue, *span);
    switch (fits) {
        case Fit::fits: break;
        case Fit::duplicate:
            drop(turn, fragment->id, *header, Reason::old_duplicate);
            return nullptr;
        case Fit::contradicts:
        case Fit::overlaps:
            drop(turn, fragment->id, *header,
                 fits == Fit::overlaps ? Reason::fragment_overlap : Reason::fragment_malformed);
            empty(queue);
            queue.is_dead = true;
            return nullptr;
    }
    const event::FrameId id = fragment->id;
    insert(queue, *span, std::move(fragment));
    make_room(turn, key);
    if (!queue.total || queue.received != *queue.total) return nullptr;
    FramePtr whole = finish(turn, found);
    if (whole) whole->id = id;  // viewers draw the datagram at the frame that completed it
    return whole;
}

std::optional<Reassembler::Expired> Reassembler::next_expired(const Turn& turn) {
    if (by_age_.empty() || by_age_.begin()->first > turn.now()) return std::nullopt;
    const auto found = queues_.find(by_age_.begin()->second);
    Queue& queue = found->second;
    Expired expired;
    expired.in = queue.in;
    if (!queue.is_dead) tell(turn, found->first, Reason::fragments_expired);
    if (const auto first = queue.pieces.find(0); first != queue.pieces.end()) {
        expired.header = std::move(queue.header);
        octets_held_ -= cost(*first->second.frame);
        queue.octets -= cost(*first->second.frame);
        expired.payload = std::move(first->second.frame);
        queue.pieces.erase(first);
    }
    remove(found);
    return expired;
}

Instant Reassembler::deadline() const { return by_age_.empty() ? never : by_age_.begin()->first; }

/// Nothing where the fragment makes no sense: empty, not a multiple of 8 before the last one
/// (IP4-FRAG-005), or past the largest datagram (IP4-FRAG-006).
std::optional<Reassembler::Span> Reassembler::span_of(const wire::Ipv4View& header) {
    const std::uint32_t length =
        header.total_length() - static_cast<std::uint32_t>(header.header_length());
    const std::uint32_t begin = header.fragment_offset();
    const bool is_last = !header.has_more_fragments();
    if (length == 0 || (!is_last && length % 8 != 0)) return std::nullopt;
    if (begin + length + header.header_length() > 65535) return std::nullopt;
    return Span{begin, begin + length, is_last};
}

Reassembler::Fit Reassembler::fit(const Queue& queue, const Span& span) {
    const auto next = queue.pieces.upper_bound(span.begin);
    if (next != queue.pieces.begin()) {
        const std::uint32_t end = std::prev(next)->second.end;
        if (span.end <= end) return Fit::duplicate;  // inside what is here (IP4-FRAG-003)
        if (span.begin < end) return Fit::overlaps;
    }
    if (next != queue.pieces.end() && next->first < span.end) return Fit::overlaps;
    if (queue.total && span.end > *queue.total) return Fit::contradicts;
    if (!span.is_last) return Fit::fits;
    const bool beyond = next != queue.pieces.end();  // something lies behind the end
    return beyond || (queue.total && *queue.total != span.end) ? Fit::contradicts : Fit::fits;
}

Reassembler::Queues::iterator Reassembler::queue_for(const Turn& turn, const Key& key,
                                                     InterfaceIndex in) {
    const auto [found, is_new] = queues_.try_emplace(key);
    Queue& queue = found->second;
    Source& source = sources_[key.source];
    if (is_new) {
        ++source.queues;
        queue.in = in;
        queue.expires = turn.now() + lifetime;
        octets_held_ += overhead;
        by_age_.emplace(queue.expires, key);
    } else if (source.fragments - queue.last_serial > distance_max && !queue.is_dead) {
        tell(turn, key, Reason::fragments_full);
        empty(queue);
    }
    queue.last_serial = ++source.fragments;
    return found;
}

/// Above the bound the oldest datagrams go (IP4-FRAG-010).
void Reassembler::make_room(const Turn& turn, const Key& spared) {
    while (octets_held_ > octets_max) {
        auto oldest = by_age_.begin();
        if (oldest->second == spared && ++oldest == by_age_.end()) return;
        const auto found = queues_.find(oldest->second);
        tell(turn, found->first, Reason::fragments_full);
        remove(found);
    }
}

/// Forgets all pieces; the queue stays until its time is over.
void Reassembler::empty(Queue& queue) {
    octets_held_ -= queue.octets;
    queue.octets = 0;
    queue.pieces.clear();
    queue.header.clear();
    queue.total.reset();
    queue.received = 0;
    queue.ecn_seen = 0;
}

void Reassembler::remove(Queues::iterator found) {
    empty(found->second);
    octets_held_ -= overhead;
    by_age_.erase({found->second.expires, found->first});
    const auto source = sources_.find(found->first.source);
    if (--source->second.queues == 0) sources_.erase(source);
    queues_.erase(found);
}

void Reassembler::insert(Queue& queue, const Span& span, FramePtr fragment) {
    const auto header = wire::Ipv4View::parse_quoted(fragment->front());
    queue.ecn_seen = static_cast<std::uint8_t>(queue.ecn_seen | ecn_bit(header->tos()));
    const Octets octets = header->header();
    if (span.begin == 0) queue.header.assign(octets.begin(), octets.end());
    fragment->drop_front(octets.size());
    queue.octets += cost(*fragment);
    octets_held_ += cost(*fragment);
    queue.received += span.end - span.begin;
    if (span.is_last) queue.total = span.end;
    queue.pieces.emplace(span.begin, Piece{span.end, std::move(fragment)});
}

FramePtr Reassembler::finish(const Turn& turn, Queues::iterator found) {
    Queue& queue = found->second;
    FramePtr whole;
    if (!ecn_agrees(queue.ecn_seen)) {
        tell(turn, found->first, Reason::fragment_malformed);
    } else if (queue.header.size() + *queue.total > 65535) {
        tell(turn, found->first, Reason::fragment_malformed);
    } else {
        whole = join(queue);
    }
    remove(found);
    return whole;
}

/// One datagram in one block, with the header of the first fragment (IP4-FRAG-013).
FramePtr Reassembler::join(const Queue& queue) const {
    const std::size_t header_length = queue.header.size();
    const std::size_t size = header_length + *queue.total;
    buf::BlockRef block = pool_.block(size);
    const MutableOctets octets{block.get()->data(), size};
    std::memcpy(octets.data(), queue.header.data(), header_length);
    FramePtr whole = pool_.frame();
    for (const auto& [begin, piece] : queue.pieces) {
        piece.frame->copy_to(octets.subspan(header_length + begin));
        if (piece.frame->marked_bad != 0) whole->marked_bad = piece.frame->marked_bad;
    }
    store_be(octets, 2, static_cast<std::uint16_t>(size));
    store_be<std::uint16_t>(octets, 6, 0);
    if ((queue.ecn_seen & ce) != 0) octets[1] |= std::byte{3};
    store_be<std::uint16_t>(octets, 10, 0);
    store_be(octets, 10, Checksum::of(octets.first(header_length)).finish());
    static_cast<void>(whole->add(Slice{std::move(block), 0, static_cast<std::uint32_t>(size)}));
    return whole;
}

void Reassembler::tell(const Turn& turn, const Key& key, Reason reason) {
    turn.emit(event::PacketDropped{.source = key.source,
                                   .destination = key.destination,
                                   .frame = 0,
                                   .protocol = key.protocol,
                                   .reason = reason});
}

}  // namespace dt::ip
