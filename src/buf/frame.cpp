// Frame: headers that grow towards the front, slices behind them.
#include "buf/frame.hpp"

#include <algorithm>
#include <cstring>

#include "base/assert.hpp"

namespace dt::buf {

MutableOctets Frame::prepend(std::size_t count) {
    DT_ASSERT(count <= begin_);
    begin_ = static_cast<std::uint16_t>(begin_ - count);
    return {head_.data() + begin_, count};
}

MutableOctets Frame::append(std::size_t count) {
    DT_ASSERT(head().size() + count <= head_max);
    if (end_ + count > head_max) slide_to_front();
    MutableOctets room{head_.data() + end_, count};
    end_ = static_cast<std::uint16_t>(end_ + count);
    return room;
}

// append() after the head was filled from the back: makes room behind by moving what is there.
void Frame::slide_to_front() {
    const std::size_t held = head().size();
    std::memmove(head_.data(), head_.data() + begin_, held);
    begin_ = 0;
    end_ = static_cast<std::uint16_t>(held);
}

// The head goes, and more.
void Frame::drop_from_slices(std::size_t count) {
    const std::size_t from_head = std::min(count, head().size());
    begin_ = static_cast<std::uint16_t>(begin_ + from_head);
    count -= from_head;
    std::size_t gone = 0;
    while (count > 0 && gone < count_) {
        const std::size_t taken = std::min<std::size_t>(count, slices_[gone].size());
        slices_[gone].drop_front(static_cast<std::uint32_t>(taken));
        count -= taken;
        if (slices_[gone].empty()) ++gone;
    }
    DT_ASSERT(count == 0);
    if (gone == 0) return;
    std::move(slices_.begin() + static_cast<std::ptrdiff_t>(gone), slices_.begin() + count_,
              slices_.begin());
    for (std::size_t i = count_ - gone; i < count_; ++i) slices_[i] = Slice{};
    count_ = static_cast<std::uint16_t>(count_ - gone);
}

void Frame::keep_front(std::size_t count) {
    const std::size_t in_head = std::min(count, head().size());
    end_ = static_cast<std::uint16_t>(begin_ + in_head);
    count -= in_head;
    std::size_t kept = 0;
    while (kept < count_ && count > 0) {
        const std::size_t taken = std::min<std::size_t>(count, slices_[kept].size());
        slices_[kept].keep_front(static_cast<std::uint32_t>(taken));
        count -= taken;
        ++kept;
    }
    DT_ASSERT(count == 0);
    for (std::size_t i = kept; i < count_; ++i) slices_[i] = Slice{};
    count_ = static_cast<std::uint16_t>(kept);
}

bool Frame::add(Slice slice) {
    if (slice.empty()) return true;
    if (count_ == slices_max) return false;
    slices_[count_++] = std::move(slice);
    return true;
}

bool Frame::extend(Slice slice) {
    if (count_ == 0) return add(std::move(slice));
    Slice& last = slices_[count_ - 1U];
    if (!last.is_followed_by(slice)) return add(std::move(slice));
    last.grow(slice.size());
    return true;
}

void Frame::copy_to(MutableOctets to) const {
    DT_ASSERT(to.size() >= size());
    std::memcpy(to.data(), head().data(), head().size());
    std::size_t at = head().size();
    for (const Slice& slice : slices()) {
        std::memcpy(to.data() + at, slice.octets().data(), slice.size());
        at += slice.size();
    }
}

void Frame::flatten() {
    const std::size_t total = size();
    BlockRef block = pool_->block(total);
    copy_to({block.get()->data(), total});
    for (Slice& slice : slices()) slice = Slice{};
    begin_ = end_ = head_max;
    count_ = 0;
    DT_ASSERT(add(Slice{std::move(block), 0, static_cast<std::uint32_t>(total)}) || total == 0);
}

Slice Frame::copy_of_head(std::size_t offset) const { return pool_->copy(head().subspan(offset)); }

void Frame::reset() {
    for (Slice& slice : slices()) slice = Slice{};
    begin_ = end_ = head_max;
    count_ = 0;
    id = 0;
    marked_bad = 0;
    offload = {};
}

}  // namespace dt::buf
