// TimerWheel: deadlines of many owners; exact order of expiry, cheap to move a deadline later.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/slot_map.hpp"
#include "base/time.hpp"

namespace dt::base {

/// A hierarchical wheel (8 levels of 64 buckets, ticks of 1 ms) in front of a small heap that
/// holds what is due within the current tick.
///
///     arm ──► bucket of its tick ──► … cascades … ──► heap ──► pop_due, in exact order
///
/// Expiry is exact: by deadline in nanoseconds, then in the order in which they were armed.
/// Nothing fires early. To arm an armed timer with a later deadline only notes the new deadline;
/// it is filed anew when its old place comes up. One that is disarmed by `never` keeps its place
/// until then, so that to arm it again soon costs no more. Each entry costs 48 octets.
class TimerWheel {
    struct Entry;

  public:
    /// Names an armed timer; owners keep one each. Stale or null once fired or cancelled.
    using TimerId = Handle<Entry>;

    struct Due {
        std::uint64_t owner = 0;
        Instant deadline;
    };

    /// `start` is about the first instant there will be; `capacity` the most timers armed at once.
    explicit TimerWheel(Instant start, std::uint32_t capacity = 1U << 24);

    /// Arms or moves the timer `id`; a null or stale `id` gets a new timer. `owner` comes back in
    /// Due. The deadline `never` disarms. A deadline that has passed is due at once.
    /// Our own fault where more than `capacity` are armed.
    void arm(TimerId& id, std::uint64_t owner, Instant deadline);
    /// Disarms and nulls `id`; nothing where it is not armed. Constant time.
    void cancel(TimerId& id);

    /// The earliest deadline; `never` where nothing is armed. Where the timer that had it was moved
    /// since it was last asked for, it looks through the bucket that comes up first, and files its
    /// entries ahead of time where they are many.
    [[nodiscard]] Instant next_deadline();
    /// An instant at or before the earliest deadline, after whatever pop_due() was last asked for;
    /// `never` where nothing is armed. Who sleeps until it and calls pop_due() may find nothing due
    /// a few times for one timer, each time nearer. Constant time.
    [[nodiscard]] Instant wake_by();
    /// Takes the first timer whose deadline is at or before `now`; its id is stale afterwards.
    [[nodiscard]] std::optional<Due> pop_due(Instant now);

    /// When `id` will fire; `never` where it is not armed.
    [[nodiscard]] Instant deadline_of(TimerId id) const;
    /// Timers that are armed.
    [[nodiscard]] std::uint32_t size() const { return entries_.size() - parked_; }
    /// Octets held now.
    [[nodiscard]] std::size_t memory() const;

  private:
    using Tick = std::uint64_t;
    using Index = std::uint32_t;

    static constexpr unsigned level_bits = 6;
    static constexpr unsigned level_count = 8;  // 2^48 ticks: beyond what an Instant can say
    static constexpr unsigned slot_count = 1U << level_bits;
    static constexpr Index none = 0xffffffffU;
    static constexpr std::uint16_t in_heap = 0xffff;

    struct Entry {
        std::uint64_t owner = 0;
        Instant deadline;
        std::uint64_t order = 0;  // of the last arm: breaks ties between equal deadlines
        Index prev = none;        // within a bucket
        Index next = none;
        std::uint16_t bucket = in_heap;
    };
    struct Filed {
        Instant deadline;
        std::uint64_t order = 0;
        TimerId id;
    };
    struct Later;

    [[nodiscard]] Tick tick_of(Instant instant) const;
    [[nodiscard]] Tick start_of(std::uint16_t bucket) const;
    [[nodiscard]] Instant instant_of(Tick tick) const;
    [[nodiscard]] std::optional<std::uint16_t> first_bucket() const;
    [[nodiscard]] Instant look_for_earliest();
    void note_moved(Instant before);
    void park(TimerId& id);
    void drop_parked(TimerId id);
    void file(TimerId id, Entry& entry);
    void link(TimerId id, Entry& entry, std::uint16_t bucket);
    void unlink(Index index, Entry& entry);
    void push_heap(TimerId id, const Entry& entry);
    void pop_heap();
    void drop_stale();
    void compact_heap();
    void open(std::uint16_t bucket);
    [[nodiscard]] bool is_crowded(std::uint16_t bucket);
    [[nodiscard]] Instant earliest_in(std::uint16_t bucket);
    [[nodiscard]] const Filed* earliest_by(Tick tick);

    Instant start_;
    // Nothing is due before it; the deadline of the earliest, where that is known.
    Instant bound_ = never;
    enum class Bound : std::uint8_t { lower, exact } bound_is_ = Bound::exact;
    Tick current_ = 0;  // everything of this tick and before is in the heap
    std::uint64_t next_order_ = 0;
    SlotMap<Entry> entries_;
    std::uint32_t parked_ = 0;  // entries whose deadline is `never`; they lie in buckets
    std::array<std::array<Index, slot_count>, level_count> heads_;
    std::array<std::uint64_t, level_count> occupied_{};  // one bit a bucket that is not empty
    std::vector<Filed> heap_;
};

}  // namespace dt::base

namespace dt {
using base::TimerWheel;
}  // namespace dt
