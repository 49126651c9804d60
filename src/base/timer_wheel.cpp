// The timer wheel: filing, cascading, and the heap of the current tick.
#include "base/timer_wheel.hpp"

#include <algorithm>
#include <bit>

namespace dt::base {

/// Order of a heap whose top is the earliest.
struct TimerWheel::Later {
    bool operator()(const Filed& a, const Filed& b) const {
        if (a.deadline != b.deadline) return a.deadline > b.deadline;
        return a.order > b.order;
    }
};

TimerWheel::TimerWheel(Instant start, std::uint32_t capacity)
    : start_(start), entries_(capacity), heads_{} {
    for (auto& level : heads_) level.fill(none);
}

void TimerWheel::arm(TimerId& id, std::uint64_t owner, Instant deadline) {
    if (deadline == never) return park(id);
    if (deadline <= bound_) {
        bound_ = deadline;
        bound_is_ = Bound::exact;
    }
    const std::uint64_t order = next_order_++;
    if (Entry* entry = entries_.get(id); entry != nullptr) {
        if (entry->deadline == never) --parked_;
        if (deadline > entry->deadline) note_moved(entry->deadline);
        const bool is_later = deadline >= entry->deadline;
        entry->owner = owner;
        entry->deadline = deadline;
        entry->order = order;
        // What lies in a bucket may stay there as long as the bucket comes up in time.
        const bool is_bucketed = entry->bucket != in_heap;
        if (is_bucketed ? tick_of(deadline) >= start_of(entry->bucket) : is_later) return;
        if (is_bucketed) unlink(id.index, *entry);
        file(id, *entry);
        return;
    }
    const auto added = entries_.insert(Entry{.owner = owner, .deadline = deadline, .order = order});
    DT_ASSERT(added.has_value());
    id = *added;
    file(id, *entries_.get(id));
}

void TimerWheel::cancel(TimerId& id) {
    Entry* entry = entries_.get(id);
    if (entry != nullptr) {
        if (entry->bucket != in_heap) unlink(id.index, *entry);
        if (entry->deadline == never) --parked_;
        note_moved(entry->deadline);
        entries_.erase(id);
    }
    id = {};
}

/// Disarmed, but still in its bucket, where there is one.
void TimerWheel::park(TimerId& id) {
    Entry* entry = entries_.get(id);
    if (entry == nullptr || entry->bucket == in_heap) return cancel(id);
    if (entry->deadline == never) return;
    note_moved(entry->deadline);
    entry->deadline = never;
    ++parked_;
}

/// A timer is no longer due at `before`: that may have been the earliest.
void TimerWheel::note_moved(Instant before) {
    if (before == bound_ && before != never) bound_is_ = Bound::lower;
}

/// The place of a parked timer came up; whoever holds its id finds it stale.
void TimerWheel::drop_parked(TimerId id) {
    --parked_;
    entries_.erase(id);
}

Instant TimerWheel::next_deadline() {
    if (bound_is_ == Bound::lower) {
        bound_ = look_for_earliest();
        bound_is_ = Bound::exact;
    }
    return bound_;
}

Instant TimerWheel::look_for_earliest() {
    while (true) {
        drop_stale();
        if (!heap_.empty()) return heap_.front().deadline;
        const auto bucket = first_bucket();
        if (!bucket) return never;
        if (is_crowded(*bucket)) {
            open(*bucket);
            continue;
        }
        const Instant first = earliest_in(*bucket);
        if (first != never) return first;
    }
}

Instant TimerWheel::wake_by() {
    drop_stale();
    if (!heap_.empty()) return heap_.front().deadline;
    const auto bucket = first_bucket();
    return bucket ? std::max(instant_of(start_of(*bucket)), bound_) : never;
}

std::optional<TimerWheel::Due> TimerWheel::pop_due(Instant now) {
    if (now < bound_) return std::nullopt;
    const Filed* first = earliest_by(tick_of(now));
    if (first == nullptr || first->deadline > now) return std::nullopt;
    const TimerId id = first->id;
    note_moved(first->deadline);
    const Due due{entries_.get(id)->owner, first->deadline};
    pop_heap();
    entries_.erase(id);
    return due;
}

Instant TimerWheel::deadline_of(TimerId id) const {
    const Entry* entry = entries_.get(id);
    return entry == nullptr ? never : entry->deadline;
}

std::size_t TimerWheel::memory() const {
    return sizeof *this + entries_.memory() + heap_.capacity() * sizeof(Filed);
}

TimerWheel::Tick TimerWheel::tick_of(Instant instant) const {
    if (instant <= start_) return 0;
    // Unsigned, because two instants may lie further apart than a Duration can say.
    const auto since = static_cast<std::uint64_t>(instant.time_since_epoch().count()) -
                       static_cast<std::uint64_t>(start_.time_since_epoch().count());
    return since / 1'000'000;
}

/// When `tick` begins.
Instant TimerWheel::instant_of(Tick tick) const {
    return start_ + std::chrono::milliseconds(static_cast<std::int64_t>(tick));
}

/// First tick of a bucket. The ticks of all buckets share with `current_` the bits above their
/// level, else they would have been opened.
TimerWheel::Tick TimerWheel::start_of(std::uint16_t bucket) const {
    const unsigned level = bucket / slot_count;
    const unsigned shift = level * level_bits;
    const Tick above = current_ >> (shift + level_bits) << (shift + level_bits);
    return above | static_cast<Tick>(bucket % slot_count) << shift;
}

/// The bucket that comes up first. Lower levels hold earlier ticks than all higher ones.
std::optional<std::uint16_t> TimerWheel::first_bucket() const {
    for (unsigned level = 0; level < level_count; ++level) {
        if (occupied_[level] == 0) continue;
        const auto slot = static_cast<unsigned>(std::countr_zero(occupied_[level]));
        return static_cast<std::uint16_t>(level * slot_count + slot);
    }
    return std::nullopt;
}

/// Puts an entry that lies nowhere where its deadline belongs: the level is that of the highest
/// bit in which its tick differs from the current one.
void TimerWheel::file(TimerId id, Entry& entry) {
    const Tick tick = tick_of(entry.deadline);
    if (tick <= current_) {
        push_heap(id, entry);
        return;
    }
    const auto highest = static_cast<unsigned>(std::bit_width(tick ^ current_)) - 1;
    const unsigned level = highest / level_bits;
    const unsigned slot = static_cast<unsigned>(tick >> (level * level_bits)) % slot_count;
    link(id, entry, static_cast<std::uint16_t>(level * slot_count + slot));
}

void TimerWheel::link(TimerId id, Entry& entry, std::uint16_t bucket) {
    const unsigned level = bucket / slot_count;
    const unsigned slot = bucket % slot_count;
    Index& head = heads_[level][slot];
    entry.bucket = bucket;
    entry.prev = none;
    entry.next = head;
    if (head != none) entries_.get_index(head)->prev = id.index;
    head = id.index;
    occupied_[level] |= std::uint64_t{1} << slot;
}

void TimerWheel::unlink(Index index, Entry& entry) {
    const unsigned level = entry.bucket / slot_count;
    const unsigned slot = entry.bucket % slot_count;
    Index& head = heads_[level][slot];
    if (entry.prev != none) entries_.get_index(entry.prev)->next = entry.next;
    if (entry.next != none) entries_.get_index(entry.next)->prev = entry.prev;
    if (head == index) head = entry.next;
    if (head == none) occupied_[level] &= ~(std::uint64_t{1} << slot);
    entry.bucket = in_heap;
}

void TimerWheel::push_heap(TimerId id, const Entry& entry) {
    heap_.push_back({entry.deadline, entry.order, id});
    std::push_heap(heap_.begin(), heap_.end(), Later{});
    if (heap_.size() > 2 * std::size_t{entries_.size()} + 64) compact_heap();
}

void TimerWheel::pop_heap() {
    std::pop_heap(heap_.begin(), heap_.end(), Later{});
    heap_.pop_back();
}

/// Removes from the top what was cancelled or moved. A moved entry is filed anew once: where it
/// was moved earlier, its newer record is already ahead of this one.
void TimerWheel::drop_stale() {
    while (!heap_.empty()) {
        const Filed top = heap_.front();
        Entry* entry = entries_.get(top.id);
        if (entry != nullptr && entry->deadline == top.deadline && entry->order == top.order) {
            return;
        }
        pop_heap();
        if (entry != nullptr && entry->bucket == in_heap) file(top.id, *entry);
    }
}

/// Keeps one record of each entry that is due by the current tick; what was moved beyond it goes
/// back into the wheel, for the heap may hold nothing later than a bucket.
void TimerWheel::compact_heap() {
    heap_.clear();
    entries_.for_each([this](TimerId id, Entry& entry) {
        if (entry.bucket != in_heap) return;
        if (tick_of(entry.deadline) > current_) {
            file(id, entry);
            return;
        }
        heap_.push_back({entry.deadline, entry.order, id});
    });
    std::make_heap(heap_.begin(), heap_.end(), Later{});
}

/// Makes the first tick of `bucket` the current one and files its entries anew: into lower levels,
/// into the heap, or, where a deadline was moved, wherever it belongs now.
void TimerWheel::open(std::uint16_t bucket) {
    current_ = start_of(bucket);
    const unsigned level = bucket / slot_count;
    const unsigned slot = bucket % slot_count;
    Index index = std::exchange(heads_[level][slot], none);
    occupied_[level] &= ~(std::uint64_t{1} << slot);
    while (index != none) {
        const TimerId id = entries_.handle_of(index);
        Entry& entry = *entries_.get(id);
        index = entry.next;
        entry.bucket = in_heap;
        entry.deadline == never ? drop_parked(id) : file(id, entry);
    }
}

/// True where a bucket holds more than are worth looking through each time.
bool TimerWheel::is_crowded(std::uint16_t bucket) {
    constexpr unsigned few = 8;
    Index index = heads_[bucket / slot_count][bucket % slot_count];
    unsigned count = 0;
    for (; index != none && count <= few; ++count) index = entries_.get_index(index)->next;
    return count > few;
}

/// The earliest deadline in a bucket; what was moved beyond it is filed anew on the way, what is
/// parked goes. `never` where that was all.
Instant TimerWheel::earliest_in(std::uint16_t bucket) {
    const Tick end = start_of(bucket) + (Tick{1} << bucket / slot_count * level_bits);
    Instant first = never;
    Index index = heads_[bucket / slot_count][bucket % slot_count];
    while (index != none) {
        const TimerId id = entries_.handle_of(index);
        Entry& entry = *entries_.get(id);
        index = entry.next;
        const bool is_parked = entry.deadline == never;
        if (!is_parked && tick_of(entry.deadline) < end) {
            first = std::min(first, entry.deadline);
        } else {
            unlink(id.index, entry);
            is_parked ? drop_parked(id) : file(id, entry);
        }
    }
    return first;
}

/// The earliest timer of all, if its bucket begins at or before `tick`; opens buckets on the way.
const TimerWheel::Filed* TimerWheel::earliest_by(Tick tick) {
    while (true) {
        drop_stale();
        if (!heap_.empty()) return &heap_.front();
        const auto bucket = first_bucket();
        if (!bucket || start_of(*bucket) > tick) return nullptr;
        open(*bucket);
    }
}

}  // namespace dt::base
