// Reassembly of fragments.
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

/// The header of the first fragment says the length of the whole datagram, and is none any more.
void make_whole_v4(MutableOctets datagram, std::size_t header_length, bool is_marked) {
    store_be(datagram, 2, static_cast<std::uint16_t>(datagram.size()));
    store_be<std::uint16_t>(datagram, 6, 0);
    if (is_marked) datagram[1] |= std::byte{3};
    store_be<std::uint16_t>(datagram, 10, 0);
    store_be(datagram, 10, Checksum::of(datagram.first(header_length)).finish());
}

void make_whole_v6(MutableOctets packet, bool is_marked) {
    store_be(packet, 4, static_cast<std::uint16_t>(packet.size() - wire::Ipv6View::header_length));
    if (is_marked) packet[1] |= std::byte{0x30};  // the low bits of the traffic class
}

}  // namespace

FramePtr Reassembler::add(const Turn& turn, InterfaceIndex in, FramePtr fragment) {
    const auto header = wire::Ipv4View::parse_quoted(fragment->front());
    if (!header) return nullptr;
    const auto span = span_of(*header);
    if (!span) {
        drop(turn, fragment->id, *header, Reason::fragment_malformed);
        return nullptr;
    }
    Part part{{header->source(), header->destination(), header->id(),
               static_cast<std::uint8_t>(header->protocol())},
              *span,
              header->tos(),
              header->header_length(),
              {}};
    const Octets octets = header->header();
    if (span->begin == 0) part.header.assign(octets.begin(), octets.end());
    return add_part(turn, in, std::move(fragment), std::move(part));
}

FramePtr Reassembler::add_v6(const Turn& turn, InterfaceIndex in, FramePtr fragment,
                             const FragmentPlace& place) {
    const auto header = wire::Ipv6View::parse_quoted(fragment->front());
    if (!header) return nullptr;
    const Octets octets = fragment->front();
    const auto own = wire::Ipv6Fragment::parse(octets.subspan(place.offset));
    if (!own) return nullptr;
    const std::size_t headers = place.offset + wire::Ipv6Fragment::size();
    const auto length = static_cast<std::uint32_t>(fragment->size() - headers);
    Part part{{header->source(), header->destination(), own->id, 0},
              {own->offset, own->offset + length, !own->more},
              header->traffic_class(),
              headers,
              {}};
    if (own->offset == 0) {
        const Octets kept = octets.first(place.offset);
        part.header.assign(kept.begin(), kept.end());
        part.header[place.named_at] = static_cast<std::byte>(own->next_header);
    }
    return add_part(turn, in, std::move(fragment), std::move(part));
}

FramePtr Reassembler::add_part(const Turn& turn, InterfaceIndex in, FramePtr fragment, Part part) {
    const auto found = queue_for(turn, part.key, in);
    Queue& queue = found->second;
    const Fit fits = queue.is_dead ? Fit::overlaps : fit(queue, part);
    switch (fits) {
        case Fit::fits: break;
        case Fit::duplicate: drop(turn, *fragment, Reason::old_duplicate); return nullptr;
        case Fit::contradicts:
        case Fit::overlaps:
            drop(turn, *fragment,
                 fits == Fit::overlaps ? Reason::fragment_overlap : Reason::fragment_malformed);
            empty(queue);
            queue.is_dead = true;
            return nullptr;
    }
    const event::FrameId id = fragment->id;
    insert(queue, std::move(part), std::move(fragment));
    make_room(turn, found->first);
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

Reassembler::Fit Reassembler::fit(const Queue& queue, const Part& part) {
    const Span& span = part.span;
    const auto next = queue.pieces.upper_bound(span.begin);
    if (next != queue.pieces.begin()) {
        const auto& [begin, before] = *std::prev(next);
        // One inside what is here says nothing new (IP4-FRAG-003); of IPv6 only an exact
        // duplicate is taken for that (IP6-012).
        const bool is_inside = span.end <= before.end;
        const bool is_same = begin == span.begin && before.end == span.end;
        if (is_same || (is_inside && part.key.source.is_v4())) return Fit::duplicate;
        if (span.begin < before.end) return Fit::overlaps;
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
        queue.expires = turn.now() + (key.source.is_v4() ? lifetime : lifetime_v6);
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
        if (oldest->second == spared) ++oldest;
        if (oldest == by_age_.end()) return;
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

void Reassembler::insert(Queue& queue, Part part, FramePtr fragment) {
    queue.ecn_seen = static_cast<std::uint8_t>(queue.ecn_seen | ecn_bit(part.tos));
    if (part.span.begin == 0) queue.header = std::move(part.header);
    fragment->drop_front(part.headers);
    queue.octets += cost(*fragment);
    octets_held_ += cost(*fragment);
    queue.received += part.span.end - part.span.begin;
    if (part.span.is_last) queue.total = part.span.end;
    queue.pieces.emplace(part.span.begin, Piece{part.span.end, std::move(fragment)});
}

/// What the length field of the whole datagram would say (IPv6 does not count its own header).
std::size_t Reassembler::size_said(const Key& key, const Queue& queue) {
    const std::size_t uncounted = key.source.is_v4() ? 0 : wire::Ipv6View::header_length;
    return queue.header.size() + *queue.total - uncounted;
}

FramePtr Reassembler::finish(const Turn& turn, Queues::iterator found) {
    const Queue& queue = found->second;
    FramePtr whole;
    if (!ecn_agrees(queue.ecn_seen) || size_said(found->first, queue) > 65535) {
        tell(turn, found->first, Reason::fragment_malformed);
    } else {
        whole = join(found->first, queue);
    }
    remove(found);
    return whole;
}

/// One datagram in one block, with the header of the first fragment (IP4-FRAG-013).
FramePtr Reassembler::join(const Key& key, const Queue& queue) const {
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
    const bool is_marked = (queue.ecn_seen & ce) != 0;
    if (key.source.is_v4()) {
        make_whole_v4(octets, header_length, is_marked);
    } else {
        make_whole_v6(octets, is_marked);
    }
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
