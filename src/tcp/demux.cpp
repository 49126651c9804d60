// The one index of a stack's TCP: growth, insertion and deletion.
#include "tcp/demux.hpp"

#include <utility>

#include "tcp/tuple_words.hpp"

namespace dt::tcp {

namespace {

// Slots of the old table looked at in each insert, replace and erase. The new table has room for at
// least 5/16 of the old capacity when moving starts, so four would do.
constexpr std::uint32_t moved_per_operation = 8;

}  // namespace

std::uint32_t tuple_tag(SipKey key, const FourTuple& tuple) {
    return static_cast<std::uint32_t>(base::siphash_1_3(key, TupleWords(tuple).view()));
}

Demux::Demux() { current_.open(capacity_min); }

void Demux::insert(std::uint32_t tag, PeerRef peer) {
    resize_if_due();
    move_some();
    current_.insert({tag, peer});
}

void Demux::replace(std::uint32_t tag, PeerRef from, PeerRef to) {
    std::uint32_t position = 0;
    const bool is_current = current_.locate(tag, from, position);
    const bool found = is_current || (previous_.is_open() && previous_.locate(tag, from, position));
    DT_ASSERT(found);
    (is_current ? current_ : previous_).slot(position).peer = to;
}

void Demux::erase(std::uint32_t tag, PeerRef peer) {
    std::uint32_t position = 0;
    const bool is_current = current_.locate(tag, peer, position);
    const bool found = is_current || (previous_.is_open() && previous_.locate(tag, peer, position));
    DT_ASSERT(found);
    (is_current ? current_ : previous_).erase_at(position);
    resize_if_due();
    move_some();
}

void Demux::resize_if_due() {
    if (previous_.is_open()) return;
    const std::uint64_t capacity = current_.capacity();
    std::uint64_t wanted = capacity;
    if (std::uint64_t{current_.size} * 8 >= capacity * 7) wanted = capacity * 2;
    if (capacity > capacity_min && std::uint64_t{current_.size} * 8 < capacity) {
        wanted = capacity / 2;
    }
    if (wanted == capacity) return;
    previous_ = std::exchange(current_, Table{});
    current_.open(static_cast<std::uint32_t>(wanted));
    next_moved_ = 0;
}

void Demux::move_some() {
    if (!previous_.is_open()) return;
    for (std::uint32_t step = 0; step < moved_per_operation; ++step) {
        const Slot entry = previous_.at(next_moved_);
        if (!entry.peer.is_null()) {
            // Moves followers back: this slot may hold the next entry now.
            previous_.erase_at(next_moved_);
            current_.insert(entry);
            continue;
        }
        if ((next_moved_ & (chunk_slots - 1)) == chunk_slots - 1) {
            previous_.chunks[next_moved_ >> chunk_bits].reset();
        }
        if (next_moved_++ == previous_.mask) {
            DT_ASSERT(previous_.size == 0);
            previous_.close();
            return;
        }
    }
}

void Demux::Table::open(std::uint32_t capacity) {
    chunks.resize(capacity >> chunk_bits);
    mask = capacity - 1;
    size = 0;
}

void Demux::Table::close() {
    chunks = decltype(chunks)();
    mask = 0;
    size = 0;
}

std::size_t Demux::Table::memory() const {
    std::size_t held = chunks.capacity() * sizeof(chunks[0]);
    for (const auto& chunk : chunks) held += chunk ? sizeof(Chunk) : 0;
    return held;
}

Demux::Slot& Demux::Table::slot(std::uint32_t position) {
    auto& chunk = chunks[position >> chunk_bits];
    if (!chunk) chunk = std::make_unique<Chunk>();
    return (*chunk)[position & (chunk_slots - 1)];
}

bool Demux::Table::locate(std::uint32_t tag, PeerRef peer, std::uint32_t& position) const {
    for (std::uint32_t distance = 0; distance <= mask; ++distance) {
        position = (tag + distance) & mask;
        const Slot entry = at(position);
        if (entry.peer.is_null() || away(entry, position) < distance) return false;
        if (entry.peer == peer) return true;
    }
    return false;
}

void Demux::Table::insert(Slot entry) {
    DT_ASSERT(size < mask);
    std::uint32_t position = entry.tag & mask;
    std::uint32_t distance = 0;
    while (true) {
        Slot& here = slot(position);
        if (here.peer.is_null()) {
            here = entry;
            ++size;
            return;
        }
        const std::uint32_t here_away = away(here, position);
        if (here_away < distance) {
            std::swap(here, entry);
            distance = here_away;
        }
        position = (position + 1) & mask;
        ++distance;
    }
}

void Demux::Table::erase_at(std::uint32_t position) {
    while (true) {
        const std::uint32_t next = (position + 1) & mask;
        const Slot follower = at(next);
        if (follower.peer.is_null() || away(follower, next) == 0) break;
        slot(position) = follower;
        position = next;
    }
    slot(position) = Slot{};
    --size;
}

}  // namespace dt::tcp
