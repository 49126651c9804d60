// The only stream buffer: a queue of slices, written by copying in or by handing slices over, read
// by copying out or in place. Used as send queue, receive queue and reassembly text.
#pragma once

#include <cstddef>
#include <cstdint>

#include "base/octets.hpp"
#include "buf/block.hpp"
#include "buf/frame.hpp"

namespace dt::buf {

/// Octets in order. Offsets count from the first octet still held.
class StreamQueue {
  public:
    [[nodiscard]] std::size_t size() const;
    [[nodiscard]] bool empty() const { return size() == 0; }

    /// Room at the end to write into, at least one and at most `wanted` octets; from the tail block
    /// where it has room, else from a new block. Becomes part of the queue by commit().
    [[nodiscard]] MutableOctets writable(Pool& pool, std::size_t wanted);
    /// Makes the first `count` octets of the last writable() part of the queue.
    void commit(std::size_t count);
    /// writable() and commit() of a copy of all of `octets`.
    void write(Pool& pool, Octets octets);

    /// Appends a slice. One shorter than a quarter of its block is copied into the tail block.
    void push(Pool& pool, Slice slice);

    /// The first contiguous run; empty only if the queue is empty.
    [[nodiscard]] Octets readable() const;
    /// Contiguous run that starts at `offset`.
    [[nodiscard]] Octets readable_at(std::size_t offset) const;
    /// Copies out from `offset` without consuming; returns how many octets.
    std::size_t peek(std::size_t offset, MutableOctets to) const;
    /// Drops `count` octets from the front.
    void consume(std::size_t count);

    /// Adds [offset, offset+length) to `frame` as slices; returns how many octets found room.
    std::size_t attach(Frame& frame, std::size_t offset, std::size_t length) const;

    void clear();
    /// Octets of blocks this queue pins (what a stack is charged).
    [[nodiscard]] std::size_t bytes_pinned() const;
};

}  // namespace dt::buf
