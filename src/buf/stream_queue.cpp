// StreamQueue: a list of slices whose nodes come from the pool, so an idle queue costs no memory
// and a busy one does not allocate.
#include "buf/stream_queue.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"

namespace dt::buf {

namespace {

/// A slice of so many octets is never copied: a segment's text. The octets around it in a large
/// block belong to the same stream, so each block is held once, and at most the first and the last
/// for less than all of it.
constexpr std::uint32_t worth_pinning = 1024;

/// Octets of a stream that lie in one block at most: no more leave in one super-segment.
constexpr std::size_t stream_block_max = 65536;

}  // namespace

StreamQueue::Body::~Body() {
    while (head != nullptr) Pool::free_node(std::exchange(head, head->next));
}

std::size_t StreamQueue::Body::tail_room() const {
    if (tail == nullptr || tail_owner == Tail::foreign) return 0;
    return tail->slice.block().get()->capacity - tail->slice.end();
}

MutableOctets StreamQueue::writable(Pool& pool, std::size_t wanted) {
    DT_ASSERT(wanted > 0);
    Body& body = this->body(pool);
    const std::size_t room = body.tail_room();
    // A sliver at the end of a block is left alone when much is to come: fewer, longer slices.
    const std::size_t worthwhile = std::min<std::size_t>(wanted, Pool::small_block);
    if (room >= worthwhile) {
        body.pending = BlockRef{};
        const std::size_t end = body.tail->slice.end();
        return {body.tail->slice.block().get()->data() + end, std::min(room, wanted)};
    }
    if (!body.pending || body.pending.get()->capacity < worthwhile) {
        body.pending = pool.block(std::min<std::size_t>(wanted, stream_block_max));
    }
    Block& block = *body.pending.get();
    return {block.data(), std::min<std::size_t>(wanted, block.capacity)};
}

void StreamQueue::commit(std::size_t count) {
    if (count == 0) return;
    DT_ASSERT(body_);
    Body& body = *body_;
    const auto length = static_cast<std::uint32_t>(count);
    if (body.pending) {
        DT_ASSERT(count <= body.pending.get()->capacity);
        Pool& pool = *body.pending.get()->pool;
        body.append(pool, Slice{std::move(body.pending), 0, length});
        body.tail_owner = Body::Tail::own;
        return;
    }
    DT_ASSERT(count <= body.tail_room());
    body.tail->slice.grow(length);
    body.size += count;
}

void StreamQueue::write(Pool& pool, Octets octets) {
    while (!octets.empty()) {
        const MutableOctets room = writable(pool, octets.size());
        std::memcpy(room.data(), octets.data(), room.size());
        commit(room.size());
        octets = octets.subspan(room.size());
    }
}

void StreamQueue::push(Pool& pool, Slice slice) {
    if (slice.empty()) return;
    Body& body = this->body(pool);
    if (body.continues_tail(slice)) {
        body.tail->slice.grow(slice.size());
        body.size += slice.size();
        return;
    }
    if (slice.size() < std::min(slice.block().get()->capacity / 4, worth_pinning)) {
        write(pool, slice.octets());
        return;
    }
    body.append(pool, std::move(slice));
    body.tail_owner = Body::Tail::foreign;
}

/// True where `slice` begins behind the last octet held, in the same block.
bool StreamQueue::Body::continues_tail(const Slice& slice) const {
    return tail != nullptr && tail->slice.is_followed_by(slice);
}

void StreamQueue::splice(StreamQueue&& other) {
    if (other.empty()) return;
    Pooled<Body> theirs = std::move(other.body_);
    theirs->pending = BlockRef{};
    if (empty()) {
        body_ = std::move(theirs);
        return;
    }
    body_->tail->next = std::exchange(theirs->head, nullptr);
    body_->tail = theirs->tail;
    body_->tail_owner = theirs->tail_owner;
    body_->size += theirs->size;
    body_->pending = BlockRef{};
}

void StreamQueue::Body::append(Pool& pool, Slice slice) {
    size += slice.size();
    SliceNode* node = pool.node(std::move(slice));
    if (tail == nullptr) {
        head = node;
    } else {
        tail->next = node;
    }
    tail = node;
}

Octets StreamQueue::readable() const { return empty() ? Octets{} : body_->head->slice.octets(); }

StreamQueue::Place StreamQueue::find(std::size_t offset) const {
    if (!body_) return {};
    const Place& last = body_->last_found;
    Place place = last.node != nullptr && last.start <= offset ? last : Place{body_->head, 0};
    while (place.node != nullptr && offset >= place.start + place.node->slice.size()) {
        place = {place.node->next, place.start + place.node->slice.size()};
    }
    if (place.node != nullptr) body_->last_found = place;
    return place;
}

Octets StreamQueue::readable_at(std::size_t offset) const {
    const Place place = find(offset);
    if (place.node == nullptr) return {};
    return place.node->slice.octets().subspan(offset - place.start);
}

std::size_t StreamQueue::peek(std::size_t offset, MutableOctets to) const {
    std::size_t copied = 0;
    while (copied < to.size()) {
        const Octets run = readable_at(offset + copied);
        if (run.empty()) break;
        const std::size_t count = std::min(run.size(), to.size() - copied);
        std::memcpy(to.data() + copied, run.data(), count);
        copied += count;
    }
    return copied;
}

void StreamQueue::consume(std::size_t count) {
    DT_ASSERT(count <= size());
    if (count == 0) return;
    Body& body = *body_;
    body.size -= count;
    body.last_found = {};
    while (count > 0) {
        const std::size_t held = body.head->slice.size();
        if (count < held) {
            body.head->slice.drop_front(static_cast<std::uint32_t>(count));
            return;
        }
        count -= held;
        Pool::free_node(std::exchange(body.head, body.head->next));
    }
    if (body.head != nullptr) return;
    body.tail = nullptr;
    if (!body.pending) body_.reset();
}

std::size_t StreamQueue::attach(Frame& frame, std::size_t offset, std::size_t length) const {
    std::size_t attached = 0;
    Place place = find(offset);
    while (attached < length && place.node != nullptr) {
        const Slice& slice = place.node->slice;
        const std::size_t skip = offset + attached - place.start;
        const std::size_t count = std::min(slice.size() - skip, length - attached);
        if (!frame.add(
                slice.part(static_cast<std::uint32_t>(skip), static_cast<std::uint32_t>(count)))) {
            break;
        }
        attached += count;
        place = {place.node->next, place.start + slice.size()};
    }
    return attached;
}

std::size_t StreamQueue::bytes_pinned() const {
    if (!body_) return 0;
    std::size_t pinned = 0;
    const Block* previous = nullptr;
    for (const SliceNode* node = body_->head; node != nullptr; node = node->next) {
        const Block* block = node->slice.block().get();
        if (block != previous) pinned += block->capacity + sizeof(Block);
        previous = block;
    }
    return pinned;
}

}  // namespace dt::buf
