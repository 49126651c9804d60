// Flow ordinals.
#include "link/flows.hpp"

namespace dt::link {

std::size_t Flows::Hash::operator()(const Key& flow) const {
    auto words = flow.tuple.words();
    words[4] |= static_cast<std::uint64_t>(flow.protocol) << 32;
    return base::siphash_1_3(key, words);
}

void Flows::begin(Entry& entry, const Key& key, bool from_lower) {
    const bool is_tcp = key.protocol == Sighting::Protocol::tcp;
    entry = {.ordinal = is_tcp ? ++tcp_flows_ : others_from + ++other_flows_,
             .began_at_lower = from_lower,
             .iss = {}};
}

Flows::Entry& Flows::entry_of(const Key& key, bool from_lower) {
    const auto found = flows_.find(key);
    if (found != flows_.end()) return found->second;
    if (by_age_.size() == capacity) {
        flows_.erase(by_age_.front());
        by_age_.pop_front();
    }
    by_age_.push_back(key);
    Entry& entry = flows_[key];
    begin(entry, key, from_lower);
    return entry;
}

Flows::Place Flows::place(const Sighting& sighting) {
    if (sighting.protocol == Sighting::Protocol::none) return {};
    const bool from_lower = sighting.tuple.local < sighting.tuple.remote;
    const Key key{from_lower ? sighting.tuple : sighting.tuple.reversed(), sighting.protocol};
    Entry& entry = entry_of(key, from_lower);
    auto side = static_cast<std::uint8_t>(from_lower == entry.began_at_lower ? 0 : 1);
    const bool is_syn = sighting.kind == SegmentKind::syn || sighting.kind == SegmentKind::synack;
    if (sighting.kind == SegmentKind::syn && entry.iss[side] && *entry.iss[side] != sighting.seq) {
        begin(entry, key, from_lower);
        side = 0;
    }
    if (is_syn) entry.iss[side] = sighting.seq;
    Place place{entry.ordinal, side, 0};
    if (sighting.has_text && entry.iss[side])
        place.sent = distance(*entry.iss[side] + 1, sighting.seq + sighting.text_length);
    return place;
}

}  // namespace dt::link
