// Reassembly of text out of order. A run grows at its end; a run is found by bisection, and there
// are at most runs_max of them, so hostile orders cost no more than honest ones (TCP-SEC-023).
#include "tcp/reassembly.hpp"

#include <algorithm>
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

// The first run that begins behind `seq`.
std::size_t Reassembly::first_behind(Seq seq) const {
    const auto found =
        std::upper_bound(runs_.begin(), runs_.end(), seq,
                         [](Seq a, const Held& run) { return before(a, run.first); });
    return static_cast<std::size_t>(found - runs_.begin());
}

// Walks the text from the left: what a run already holds is passed over, each gap is filled.
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
        const std::size_t next = first_behind(cursor);
        if (next > 0 && after(runs_[next - 1].end(), cursor)) {
            const Seq held_end = earlier(runs_[next - 1].end(), end);
            if (!again_) again_ = wire::SackBlock{cursor, held_end};
            cursor = runs_[next - 1].end();
            continue;
        }
        const Seq gap_end = next < runs_.size() ? earlier(end, runs_[next].first) : end;
        const TextRef part{text.frame, text.offset + distance(first, cursor),
                           distance(cursor, gap_end)};
        if (charge_ + part.length + run_overhead > charge_max) return Stored::no_room;
        if (add(pool, next, cursor, part) == Stored::no_room) return Stored::no_room;
        cursor = gap_end;
    }
    return Stored::yes;
}

Reassembly::Stored Reassembly::add(buf::Pool& pool, std::size_t index, Seq first, TextRef text) {
    if (index > 0 && runs_[index - 1].end() == first) {
        push_text(runs_[index - 1].text, pool, text);
        runs_[index - 1].charge += text.length + slice_overhead;
        charge_ += text.length + slice_overhead;
        return Stored::yes;
    }
    if (runs_.size() == runs_max) return Stored::no_room;
    Held run;
    run.first = first;
    run.charge = text.length + run_overhead;
    push_text(run.text, pool, text);
    charge_ += run.charge;
    runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(index), std::move(run));
    return Stored::yes;
}

Seq Reassembly::take(Seq rcv_nxt, StreamQueue& queue) {
    std::size_t taken = 0;
    while (taken < runs_.size() && at_or_before(runs_[taken].first, rcv_nxt)) {
        Held& run = runs_[taken];
        if (after(run.end(), rcv_nxt)) {
            run.text.consume(distance(run.first, rcv_nxt));
            rcv_nxt += static_cast<std::uint32_t>(run.text.size());
            queue.splice(std::move(run.text));
        }
        charge_ -= run.charge;
        ++taken;
    }
    runs_.erase(runs_.begin(), runs_.begin() + static_cast<std::ptrdiff_t>(taken));
    return rcv_nxt;
}

// The held text around `seq`, whole.
std::optional<wire::SackBlock> Reassembly::piece_at(Seq seq) const {
    const std::size_t next = first_behind(seq);
    if (next == 0 || !after(runs_[next - 1].end(), seq)) return std::nullopt;
    std::size_t first = next - 1;
    std::size_t last = next - 1;
    while (first > 0 && runs_[first - 1].end() == runs_[first].first) --first;
    while (last + 1 < runs_.size() && runs_[last].end() == runs_[last + 1].first) ++last;
    return wire::SackBlock{runs_[first].first, runs_[last].end()};
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
    if (runs_.empty()) return std::nullopt;
    return runs_.back().end();
}

std::size_t Reassembly::memory() const {
    std::size_t held = sizeof *this + runs_.capacity() * sizeof(Held);
    for (const Held& run : runs_) held += run.text.bytes_pinned();
    return held;
}

}  // namespace dt::tcp
