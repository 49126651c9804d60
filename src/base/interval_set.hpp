// IntervalSet: ordered disjoint intervals [first, end) of an ordered or modular type.
#pragma once

#include <algorithm>
#include <cstddef>
#include <functional>
#include <optional>
#include <span>
#include <vector>

namespace dt::base {

/// Octets [first, end).
template <class T>
struct Interval {
    T first{};
    T end{};

    friend constexpr bool operator==(const Interval&, const Interval&) = default;
};

/// Intervals that neither overlap nor touch, in order, at most `count_max` of them. `Before`
/// orders T; for a modular type all that is in the set at one time lies within half its range.
/// Finding takes O(log n); inserting moves at most n intervals.
template <class T, class Before = std::less<T>>
class IntervalSet {
  public:
    enum class Insertion {
        added,        ///< some of it was new
        nothing_new,  ///< all of it was there, or it is empty
        full,         ///< not inserted: it would be one interval too many
    };

    explicit IntervalSet(std::size_t count_max, Before before = {})
        : count_max_(count_max), before_(before) {}

    /// Adds [first, end), merging it with what it overlaps or touches.
    [[nodiscard]] Insertion insert(T first, T end) {
        if (!before_(first, end) || covers(first, end)) return Insertion::nothing_new;
        // From the first interval that ends at or after `first` up to the first that begins
        // after `end`: all these become one.
        const auto from = std::lower_bound(
            intervals_.begin(), intervals_.end(), first,
            [this](const Interval<T>& interval, const T& x) { return before_(interval.end, x); });
        const auto to = std::upper_bound(
            from, intervals_.end(), end,
            [this](const T& x, const Interval<T>& interval) { return before_(x, interval.first); });
        if (from == to) {
            if (intervals_.size() >= count_max_) return Insertion::full;
            intervals_.insert(from, Interval<T>{first, end});
            return Insertion::added;
        }
        if (before_(first, from->first)) from->first = first;
        from->end = before_(std::prev(to)->end, end) ? end : std::prev(to)->end;
        intervals_.erase(std::next(from), to);
        return Insertion::added;
    }

    /// Removes [first, end); false, and nothing removed, where that would split one interval in
    /// two and there is no room for it.
    [[nodiscard]] bool erase(T first, T end) {
        if (!before_(first, end)) return true;
        const auto from = first_ending_after(first);
        auto to = from;
        while (to != intervals_.end() && before_(to->first, end)) ++to;
        if (from == to) return true;
        const Interval<T> head{from->first, first};
        const Interval<T> tail{end, std::prev(to)->end};
        const bool has_head = before_(head.first, head.end);
        const bool has_tail = before_(tail.first, tail.end);
        if (has_head && has_tail && std::next(from) == to && intervals_.size() >= count_max_) {
            return false;
        }
        auto at = intervals_.erase(from, to);
        if (has_tail) at = intervals_.insert(at, tail);
        if (has_head) intervals_.insert(at, head);
        return true;
    }
    /// Removes everything before `x`.
    void erase_before(T x) {
        const auto keep = first_ending_after(x);
        const auto first = intervals_.erase(intervals_.begin(), keep);
        if (first != intervals_.end() && before_(first->first, x)) first->first = x;
    }
    void clear() { intervals_.clear(); }

    /// The interval that holds `x`, or nullptr.
    [[nodiscard]] const Interval<T>* find(const T& x) const {
        const auto at = const_cast<IntervalSet*>(this)->first_ending_after(x);
        if (at == intervals_.end() || before_(x, at->first)) return nullptr;
        return &*at;
    }
    [[nodiscard]] bool contains(const T& x) const { return find(x) != nullptr; }
    /// True where all of [first, end) is in the set; an empty interval always is.
    [[nodiscard]] bool covers(const T& first, const T& end) const {
        if (!before_(first, end)) return true;
        const Interval<T>* interval = find(first);
        return interval != nullptr && !before_(interval->end, end);
    }
    /// True where any of [first, end) is in the set.
    [[nodiscard]] bool overlaps(const T& first, const T& end) const {
        if (!before_(first, end)) return false;
        const auto at = const_cast<IntervalSet*>(this)->first_ending_after(first);
        return at != intervals_.end() && before_(at->first, end);
    }
    /// The first part of [first, end) that is not in the set.
    [[nodiscard]] std::optional<Interval<T>> first_gap(T first, const T& end) const {
        if (const Interval<T>* interval = find(first)) first = interval->end;
        if (!before_(first, end)) return std::nullopt;
        const auto next = const_cast<IntervalSet*>(this)->first_ending_after(first);
        if (next == intervals_.end() || before_(end, next->first)) return Interval<T>{first, end};
        return Interval<T>{first, next->first};
    }

    /// In order.
    [[nodiscard]] std::span<const Interval<T>> intervals() const { return intervals_; }
    [[nodiscard]] const Interval<T>& front() const { return intervals_.front(); }
    [[nodiscard]] const Interval<T>& back() const { return intervals_.back(); }
    [[nodiscard]] std::size_t size() const { return intervals_.size(); }
    [[nodiscard]] bool empty() const { return intervals_.empty(); }
    [[nodiscard]] std::size_t count_max() const { return count_max_; }

  private:
    typename std::vector<Interval<T>>::iterator first_ending_after(const T& x) {
        return std::upper_bound(
            intervals_.begin(), intervals_.end(), x,
            [this](const T& y, const Interval<T>& interval) { return before_(y, interval.end); });
    }

    std::vector<Interval<T>> intervals_;
    std::size_t count_max_;
    [[no_unique_address]] Before before_;
};

}  // namespace dt::base
