// The only stream buffer: a queue of slices, written by copying in or by handing slices over, read
// by copying out or in place. Used as send queue, receive queue and for text out of order.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/octets.hpp"
#include "buf/block.hpp"
#include "buf/frame.hpp"

namespace dt::buf {

/// Octets in order. Offsets count from the first octet still held. An empty queue pins no memory:
/// it is one pointer, for most queues of a server are empty most of the time.
class StreamQueue {
  public:
    [[nodiscard]] std::size_t size() const { return body_ ? body_->size : 0; }
    [[nodiscard]] bool empty() const { return size() == 0; }

    /// Room at the end to write into, at least one and at most `wanted` octets (which is at least
    /// 1); from the tail block where it has room, else from a new block. It becomes part of the
    /// queue by commit(); until then the next writable() may hand out the same room.
    [[nodiscard]] MutableOctets writable(Pool& pool, std::size_t wanted);
    /// Makes the first `count` octets of the last writable() part of the queue.
    void commit(std::size_t count);
    /// A copy of all of `octets`.
    void write(Pool& pool, Octets octets);

    /// Appends a slice; where it goes on in the block of the last one, that one grows. Another
    /// shorter than a quarter of its block, or than 1 KiB where that is less, is copied into a tail
    /// block, so that small texts do not pin large blocks.
    void push(Pool& pool, Slice slice);

    /// Appends all of `other`, which is empty afterwards; nothing is copied.
    void splice(StreamQueue&& other);

    /// The first contiguous run; empty only if the queue is empty.
    [[nodiscard]] Octets readable() const;
    /// The contiguous run that starts at `offset`; empty at the end.
    [[nodiscard]] Octets readable_at(std::size_t offset) const;
    /// Copies out from `offset` without consuming; returns how many octets.
    std::size_t peek(std::size_t offset, MutableOctets to) const;
    /// Drops `count` octets from the front; at most size().
    void consume(std::size_t count);

    /// Adds [offset, offset+length) to `frame` as slices; returns how many octets found room.
    std::size_t attach(Frame& frame, std::size_t offset, std::size_t length) const;

    void clear() { body_.reset(); }
    /// Octets of the blocks this queue holds slices of (what a stack is charged).
    [[nodiscard]] std::size_t bytes_pinned() const;

  private:
    /// Where an offset lies: a node and the offset of its first octet.
    struct Place {
        SliceNode* node = nullptr;
        std::size_t start = 0;
    };
    /// What a queue is while it holds something.
    struct Body {
        Body() = default;
        Body(const Body&) = delete;
        Body& operator=(const Body&) = delete;
        ~Body();

        SliceNode* head = nullptr;
        SliceNode* tail = nullptr;
        std::size_t size = 0;
        Place last_found;  // sequential readers do not walk from the front each time
        BlockRef pending;  // handed out by writable(), not yet committed
        /// Whether this queue alone may write behind the tail slice: true for a block it took
        /// itself, false for a slice that was pushed (its writer may still be filling that block).
        enum class Tail : std::uint8_t { foreign, own } tail_owner = Tail::foreign;

        [[nodiscard]] std::size_t tail_room() const;
        [[nodiscard]] bool continues_tail(const Slice& slice) const;
        void append(Pool& pool, Slice slice);
    };
    [[nodiscard]] Body& body(Pool& pool) {
        if (!body_) body_ = pool.make<Body>();
        return *body_;
    }
    [[nodiscard]] Place find(std::size_t offset) const;

    Pooled<Body> body_;
};

}  // namespace dt::buf

namespace dt {
using buf::StreamQueue;
}  // namespace dt
