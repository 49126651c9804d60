// Path MTU: what is believed, what is remembered, what is searched for.
#include "tcp/path_mtu.hpp"

#include <algorithm>

namespace dt::tcp {

namespace {

constexpr std::uint16_t least_v4 = 552;  // Linux min_pmtu
constexpr std::uint16_t least_v6 = 1280;
constexpr std::uint32_t text_min = 48;  // Linux tcp_mtu_probe_floor

/// Whether a path takes less as `one` than as `other`.
bool is_less(const PathMtu& one, const PathMtu& other) {
    if (one.mtu != other.mtu) return one.mtu < other.mtu;
    using Fragments = PathMtu::Fragments;
    return one.fragments == Fragments::may && other.fragments == Fragments::no;
}

}  // namespace

std::optional<PathMtu> path_mtu_told(Family family, std::uint16_t mtu, Instant until) {
    if (family == Family::v6) {
        if (mtu < least_v6) return std::nullopt;  // RFC 8201 §4
        return PathMtu{mtu, PathMtu::Fragments::no, until};
    }
    if (mtu < least_v4) return PathMtu{least_v4, PathMtu::Fragments::may, until};
    return PathMtu{mtu, PathMtu::Fragments::no, until};
}

void PathMtus::learn(const IpAddr& destination, const PathMtu& told, Instant now) {
    auto at = std::ranges::lower_bound(entries_, destination, {}, &Entry::destination);
    const bool is_known = at != entries_.end() && at->destination == destination;
    if (is_known && at->known.until > now && !is_less(told, at->known)) return;
    ++version_;
    if (is_known) {
        at->known = told;
        return;
    }
    if (entries_.size() >= most) {
        const auto until = [](const Entry& entry) { return entry.known.until; };
        entries_.erase(std::ranges::min_element(entries_, {}, until));
        at = std::ranges::lower_bound(entries_, destination, {}, &Entry::destination);
    }
    entries_.insert(at, Entry{destination, told});
}

std::optional<PathMtu> PathMtus::find(const IpAddr& destination, Instant now) const {
    const auto at = std::ranges::lower_bound(entries_, destination, {}, &Entry::destination);
    if (at == entries_.end() || at->destination != destination) return std::nullopt;
    if (at->known.until <= now) return std::nullopt;
    return at->known;
}

void MtuSearch::begin(std::uint32_t low, std::uint32_t high, Instant now) {
    low_ = std::min(std::max(low, text_min), high);
    high_ = high;
    length_ = 0;
    since_ = now;
}

void MtuSearch::shrink(std::uint32_t base) {
    low_ = std::min(std::max(std::min(low_ / 2, base), text_min), high_);
    length_ = 0;
}

std::optional<std::uint32_t> MtuSearch::next() const {
    if (!is_on() || is_out() || high_ - low_ < gap_min) return std::nullopt;
    return (low_ + high_) / 2;
}

void MtuSearch::begin_again(std::uint32_t full, Duration again, Instant now) {
    if (!is_on() || is_out() || high_ - low_ >= gap_min || now - since_ < again) return;
    since_ = now;
    high_ = std::max(full, low_);
}

void MtuSearch::on_sent(Seq first, std::uint32_t length) {
    first_ = first;
    length_ = length;
}

void MtuSearch::on_arrived() {
    low_ = std::max(low_, length_);
    length_ = 0;
}

void MtuSearch::on_lost(Instant now) {
    high_ = std::max(length_ - 1, low_);
    length_ = 0;
    since_ = now;
}

void MtuSearch::on_resent(Seq first, std::uint32_t length, Instant now) {
    if (!is_out()) return;
    if (first == first_) return on_lost(now);
    const bool meets = after(end(), first) && after(first + length, first_);
    if (meets) length_ = 0;
}

}  // namespace dt::tcp
