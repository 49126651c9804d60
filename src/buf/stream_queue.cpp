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

StreamQueue::StreamQueue(StreamQueue&& other) noexcept
    : head_(std::exchange(other.head_, nullptr)),
      tail_(std::exchange(other.tail_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      last_found_(std::exchange(other.last_found_, {})),
      pending_(std::move(other.pending_)),
      tail_owner_(other.tail_owner_) {}

StreamQueue& StreamQueue::operator=(StreamQueue&& other) noexcept {
    if (this == &other) return *this;
    clear();
    head_ = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    size_ = std::exchange(other.size_, 0);
    last_found_ = std::exchange(other.last_found_, {});
    pending_ = std::move(other.pending_);
    tail_owner_ = other.tail_owner_;
    return *this;
}

std::size_t StreamQueue::tail_room() const {
    if (tail_ == nullptr || tail_owner_ == Tail::foreign) return 0;
    return tail_->slice.block().get()->capacity - tail_->slice.end();
}

MutableOctets StreamQueue::writable(Pool& pool, std::size_t wanted) {
    DT_ASSERT(wanted > 0);
    const std::size_t room = tail_room();
    // A sliver at the end of a block is left alone when much is to come: fewer, longer slices.
    const std::size_t worthwhile = std::min<std::size_t>(wanted, Pool::small_block);
    if (room >= worthwhile) {
        pending_ = BlockRef{};
        const std::size_t end = tail_->slice.end();
        return {tail_->slice.block().get()->data() + end, std::min(room, wanted)};
    }
    if (!pending_ || pending_.get()->capacity < worthwhile) {
        pending_ = pool.block(std::min<std::size_t>(wanted, stream_block_max));
    }
    return {pending_.get()->data(), std::min<std::size_t>(wanted, pending_.get()->capacity)};
}

void StreamQueue::commit(std::size_t count) {
    if (count == 0) return;
    const auto length = static_cast<std::uint32_t>(count);
    if (pending_) {
        DT_ASSERT(count <= pending_.get()->capacity);
        Pool& pool = *pending_.get()->pool;
        append(pool, Slice{std::move(pending_), 0, length});
        tail_owner_ = Tail::own;
        return;
    }
    DT_ASSERT(count <= tail_room());
    tail_->slice.grow(length);
    size_ += count;
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
    if (continues_tail(slice)) {
        tail_->slice.grow(slice.size());
        size_ += slice.size();
        return;
    }
    if (slice.size() < std::min(slice.block().get()->capacity / 4, worth_pinning)) {
        write(pool, slice.octets());
        return;
    }
    append(pool, std::move(slice));
    tail_owner_ = Tail::foreign;
}

/// True where `slice` begins behind the last octet held, in the same block.
bool StreamQueue::continues_tail(const Slice& slice) const {
    if (tail_ == nullptr) return false;
    const Slice& last = tail_->slice;
    return last.block().get() == slice.block().get() && last.end() == slice.end() - slice.size();
}

void StreamQueue::splice(StreamQueue&& other) {
    if (other.head_ == nullptr) return;
    (tail_ == nullptr ? head_ : tail_->next) = other.head_;
    tail_ = other.tail_;
    tail_owner_ = other.tail_owner_;
    size_ += other.size_;
    pending_ = BlockRef{};
    other.head_ = other.tail_ = nullptr;
    other.clear();
}

void StreamQueue::append(Pool& pool, Slice slice) {
    size_ += slice.size();
    SliceNode* node = pool.node(std::move(slice));
    if (tail_ == nullptr) {
        head_ = node;
    } else {
        tail_->next = node;
    }
    tail_ = node;
}

Octets StreamQueue::readable() const { return head_ != nullptr ? head_->slice.octets() : Octets{}; }

StreamQueue::Place StreamQueue::find(std::size_t offset) const {
    Place place =
        last_found_.node != nullptr && last_found_.start <= offset ? last_found_ : Place{head_, 0};
    while (place.node != nullptr && offset >= place.start + place.node->slice.size()) {
        place = {place.node->next, place.start + place.node->slice.size()};
    }
    if (place.node != nullptr) last_found_ = place;
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
    DT_ASSERT(count <= size_);
    size_ -= count;
    last_found_ = {};
    while (count > 0) {
        const std::size_t held = head_->slice.size();
        if (count < held) {
            head_->slice.drop_front(static_cast<std::uint32_t>(count));
            return;
        }
        count -= held;
        SliceNode* gone = std::exchange(head_, head_->next);
        Pool::free_node(gone);
    }
    if (head_ == nullptr) tail_ = nullptr;
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

void StreamQueue::clear() {
    while (head_ != nullptr) {
        SliceNode* gone = std::exchange(head_, head_->next);
        Pool::free_node(gone);
    }
    tail_ = nullptr;
    size_ = 0;
    last_found_ = {};
    pending_ = BlockRef{};
}

std::size_t StreamQueue::bytes_pinned() const {
    std::size_t pinned = 0;
    const Block* previous = nullptr;
    for (const SliceNode* node = head_; node != nullptr; node = node->next) {
        const Block* block = node->slice.block().get();
        if (block != previous) pinned += block->capacity + sizeof(Block);
        previous = block;
    }
    return pinned;
}

}  // namespace dt::buf
