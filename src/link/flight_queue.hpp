// Frames on their way, handed out by time of arrival; of the same time, in order of sending.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/assert.hpp"
#include "base/time.hpp"
#include "buf/frame.hpp"

namespace dt::link {

/// A frame and where it will come out.
struct InFlight {
    Instant arrival{};
    std::uint64_t order = 0;
    std::uint16_t port = 0;
    FramePtr frame;
};

/// Most frames of a link arrive in the order they were sent: those stand in a ring, the others in a
/// heap. Grows by doubling, so after warm-up nothing is allocated.
class FlightQueue {
  public:
    [[nodiscard]] std::size_t size() const { return ring_size_ + heap_.size(); }
    [[nodiscard]] bool empty() const { return size() == 0; }

    void push(Instant arrival, std::uint16_t port, FramePtr frame) {
        InFlight flight{arrival, next_order_++, port, std::move(frame)};
        if (ring_size_ == 0 || ring_at(ring_size_ - 1).arrival <= arrival) {
            push_ring(std::move(flight));
            return;
        }
        heap_.push_back(std::move(flight));
        std::ranges::push_heap(heap_, is_later);
    }

    /// The frame that arrives next; there is one.
    [[nodiscard]] InFlight& front() { return is_heap_next() ? heap_.front() : ring_at(0); }
    [[nodiscard]] const InFlight& front() const { return const_cast<FlightQueue*>(this)->front(); }
    void pop() {
        if (is_heap_next()) {
            std::ranges::pop_heap(heap_, is_later);
            heap_.pop_back();
            return;
        }
        ring_at(0).frame.reset();
        head_ = (head_ + 1) & (ring_.size() - 1);
        --ring_size_;
    }

  private:
    static bool is_later(const InFlight& a, const InFlight& b) {
        return a.arrival != b.arrival ? a.arrival > b.arrival : a.order > b.order;
    }
    [[nodiscard]] bool is_heap_next() {
        DT_ASSERT(!empty());
        if (heap_.empty()) return false;
        return ring_size_ == 0 || is_later(ring_at(0), heap_.front());
    }
    [[nodiscard]] InFlight& ring_at(std::size_t index) {
        return ring_[(head_ + index) & (ring_.size() - 1)];
    }
    void push_ring(InFlight flight) {
        if (ring_size_ == ring_.size()) grow();
        ring_at(ring_size_) = std::move(flight);
        ++ring_size_;
    }
    void grow() {
        std::vector<InFlight> larger(std::max<std::size_t>(64, ring_.size() * 2));
        for (std::size_t i = 0; i < ring_size_; ++i) larger[i] = std::move(ring_at(i));
        ring_ = std::move(larger);
        head_ = 0;
    }

    std::vector<InFlight> ring_;  // size is a power of two
    std::size_t head_ = 0;
    std::size_t ring_size_ = 0;
    std::vector<InFlight> heap_;
    std::uint64_t next_order_ = 0;
};

}  // namespace dt::link
