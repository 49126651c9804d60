// A frame on its way: headers inline, payload as slices, offload metadata. Frames are moved by
// pointer (FramePtr); a slice in a frame is never written.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/octets.hpp"
#include "buf/block.hpp"
#include "wire/offload.hpp"

namespace dt::buf {

/// Headers grow towards the front (transport, then IP, then link), payload follows as slices.
/// A frame of ours has all its headers in the head and all payload in slices. A frame from outside
/// has an empty head and its octets in one slice.
class Frame {
  public:
    static constexpr std::size_t head_max = 192;   // octets of headers
    static constexpr std::size_t slices_max = 20;  // a 64 KiB payload in 4 KiB blocks, and some

    /// Room for `count` octets in front of what the head holds. Asserts that they fit.
    [[nodiscard]] MutableOctets prepend(std::size_t count);
    /// Room for `count` octets after what the head holds (small messages that need no block).
    [[nodiscard]] MutableOctets append(std::size_t count);
    /// Takes `count` octets off the front (a header that was parsed).
    void drop_front(std::size_t count) {
        if (count <= head().size()) {
            begin_ = static_cast<std::uint16_t>(begin_ + count);
            return;
        }
        drop_from_slices(count);
    }
    /// Cuts the frame to `count` octets (link padding, RFC 894).
    void keep_front(std::size_t count);

    /// False if the frame already has slices_max.
    [[nodiscard]] bool add(Slice slice);
    /// As add(), but octets that lie right behind those of the last slice make that one longer.
    [[nodiscard]] bool extend(Slice slice);

    /// The contiguous octets at the front: the head, or the first slice if the head is empty.
    [[nodiscard]] Octets front() const {
        if (begin_ != end_) return head();
        return count_ > 0 ? slices_[0].octets() : Octets{};
    }
    [[nodiscard]] Octets head() const {
        return {head_.data() + begin_, std::size_t{end_} - begin_};
    }
    [[nodiscard]] MutableOctets head() {
        return {head_.data() + begin_, std::size_t{end_} - begin_};
    }
    [[nodiscard]] std::span<const Slice> slices() const { return {slices_.data(), count_}; }
    [[nodiscard]] std::span<Slice> slices() { return {slices_.data(), count_}; }
    /// All octets, head and slices.
    [[nodiscard]] std::size_t size() const {
        std::size_t total = head().size();
        for (const Slice& slice : slices()) total += slice.size();
        return total;
    }
    /// Copies everything into `to`, which has room for size().
    void copy_to(MutableOctets to) const;
    /// Moves all octets into one private slice (head empty). For links that change octets and for
    /// headers that are not contiguous.
    void flatten();

    /// Octets [offset, size()) as slices; octets that lie in the head are copied into a block.
    /// Calls `take(Slice&&)` for each, in order.
    template <class Take>
    void payload(std::size_t offset, Take take) {
        const std::size_t in_head = head().size();
        if (offset < in_head) take(copy_of_head(offset));
        std::size_t skip = offset < in_head ? 0 : offset - in_head;
        for (const Slice& slice : slices()) {
            if (skip >= slice.size()) {
                skip -= slice.size();
                continue;
            }
            const auto from = static_cast<std::uint32_t>(skip);
            take(slice.part(from, slice.size() - from));
            skip = 0;
        }
    }

    wire::Offload offload{};
    std::uint64_t id = 0;         // event::FrameId
    std::uint8_t marked_bad = 0;  // a link corrupted it: replay feeds generated octets, so the
                                  // receiver drops it by this mark, whatever the checksum says

  private:
    friend class Pool;
    friend struct FrameDeleter;
    explicit Frame(Pool& pool) : pool_(&pool) {}
    void reset();
    void slide_to_front();
    void drop_from_slices(std::size_t count);
    [[nodiscard]] Slice copy_of_head(std::size_t offset) const;

    Pool* pool_;
    Frame* next_free_ = nullptr;
    std::array<std::byte, head_max> head_{};  // [begin_, end_) holds headers
    std::uint16_t begin_ = head_max;
    std::uint16_t end_ = head_max;
    std::uint16_t count_ = 0;
    std::array<Slice, slices_max> slices_{};
};

}  // namespace dt::buf

namespace dt {
using buf::Frame;
using buf::FramePtr;
using buf::Slice;
}  // namespace dt
