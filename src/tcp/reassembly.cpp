// Reassembly of text out of order. A run grows at its end; runs, and the pieces that they make
// together, are trees by sequence number, so a hostile order costs O(log n) as an honest one does
// (TCP-SEC-023).
#include "tcp/reassembly.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

namespace dt::tcp {

namespace {

constexpr std::uint32_t run_overhead =
    buf::Pool::small_block + 128;  // a block of its own, and itself
constexpr std::uint32_t slice_overhead = 64;

}  // namespace

void push_text(StreamQueue& queue, buf::Pool& pool, TextRef text) {
    std::uint32_t left = text.length;
    text.frame.payload(text.offset, [&](Slice&& slice) {
        if (left == 0) return;
        if (slice.size() > left) slice.keep_front(left);
        left -= slice.size();
        queue.push(pool, std::move(slice));
    });
}

// Walks the text from the left: what a piece already holds is passed over, each gap is filled.
//
//          first                     end
//     ----[·······|=====|············]----     ===== held
Reassembly::Stored Reassembly::insert(buf::Pool& pool, Seq first, TextRef text,
                                      std::size_t charge_max) {
    const Seq end = first + text.length;
    remember(first);
    again_.reset();
    Seq cursor = first;
    while (before(cursor, end)) {
        const auto next = pieces_.upper_bound(cursor);
        if (next != pieces_.begin() && after(std::prev(next)->second, cursor)) {
            const Seq held_end = std::prev(next)->second;
            if (!again_) again_ = wire::SackBlock{cursor, earlier(held_end, end)};
            cursor = held_end;
            continue;
        }
        const Seq gap_end = next != pieces_.end() ? earlier(end, next->first) : end;
        const TextRef part{text.frame, text.offset + distance(first, cursor),
                           distance(cursor, gap_end)};
        if (charge_ + part.length + run_overhead > charge_max) return Stored::no_room;
        if (add(pool, cursor, part) == Stored::no_room) return Stored::no_room;
        join(cursor, gap_end);
        cursor = gap_end;
    }
    return Stored::yes;
}

Reassembly::Stored Reassembly::add(buf::Pool& pool, Seq first, TextRef text) {
    const auto behind = runs_.upper_bound(first);
    if (behind != runs_.begin()) {
        const auto run = std::prev(behind);
        if (run->second.end(run->first) == first) {
            push_text(run->second.text, pool, text);
            run->second.charge += text.length + slice_overhead;
            charge_ += text.length + slice_overhead;
            return Stored::yes;
        }
    }
    if (runs_.size() == runs_max) return Stored::no_room;
    Held& run = runs_.try_emplace(behind, first)->second;
    run.charge = text.length + run_overhead;
    push_text(run.text, pool, text);
    charge_ += run.charge;
    return Stored::yes;
}

// [first, end) is held now, and was a gap: it makes one piece with those that it touches.
void Reassembly::join(Seq first, Seq end) {
    auto next = pieces_.upper_bound(first);
    if (next != pieces_.end() && next->first == end) {
        end = next->second;
        next = pieces_.erase(next);
    }
    if (next != pieces_.begin() && std::prev(next)->second == first) {
        std::prev(next)->second = end;
    } else {
        pieces_.emplace_hint(next, first, end);
    }
}

Seq Reassembly::take(Seq rcv_nxt, StreamQueue& queue) {
    while (!runs_.empty() && at_or_before(runs_.begin()->first, rcv_nxt)) {
        const Seq first = runs_.begin()->first;
        Held& run = runs_.begin()->second;
        if (after(run.end(first), rcv_nxt)) {
            run.text.consume(distance(first, rcv_nxt));
            rcv_nxt += static_cast<std::uint32_t>(run.text.size());
            queue.splice(std::move(run.text));
        }
        charge_ -= run.charge;
        runs_.erase(runs_.begin());
    }
    while (!pieces_.empty() && at_or_before(pieces_.begin()->second, rcv_nxt)) {
        pieces_.erase(pieces_.begin());
    }
    return rcv_nxt;
}

// The held text around `seq`, whole.
std::optional<wire::SackBlock> Reassembly::piece_at(Seq seq) const {
    const auto next = pieces_.upper_bound(seq);
    if (next == pieces_.begin()) return std::nullopt;
    const auto& [first, end] = *std::prev(next);
    if (!after(end, seq)) return std::nullopt;
    return wire::SackBlock{first, end};
}

// At the front; of each piece one number is enough, and what is delivered is forgotten.
void Reassembly::remember(Seq seq) {
    const auto piece = piece_at(seq);
    std::array<Seq, wire::SackBlocks::capacity> kept{seq};
    std::uint8_t count = 1;
    for (std::size_t i = 0; i < recent_count_ && count < kept.size(); ++i) {
        const auto other = piece_at(recent_[i]);
        if (!other || (piece && *other == *piece)) continue;
        kept[count++] = recent_[i];
    }
    recent_ = kept;
    recent_count_ = count;
}

void Reassembly::report(wire::SackBlocks& blocks) const {
    const std::size_t before_them = blocks.size();
    for (std::size_t i = 0; i < recent_count_; ++i) {
        const auto piece = piece_at(recent_[i]);
        if (!piece) continue;
        const auto* told = std::find(blocks.begin() + before_them, blocks.end(), *piece);
        if (told == blocks.end()) blocks.push_back(*piece);
    }
}

std::optional<Seq> Reassembly::end() const {
    if (pieces_.empty()) return std::nullopt;
    return pieces_.rbegin()->second;
}

std::size_t Reassembly::memory() const {
    constexpr std::size_t links = 4 * sizeof(void*);  // of a tree's node
    std::size_t held = sizeof *this + runs_.size() * (sizeof(Runs::value_type) + links) +
                       pieces_.size() * (sizeof(Pieces::value_type) + links);
    for (const auto& run : runs_) held += run.second.text.bytes_pinned();
    return held;
}

}  // namespace dt::tcp
