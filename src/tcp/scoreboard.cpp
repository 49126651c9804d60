// What the sender believes of what is outstanding: SACKed (RFC 2018, RFC 6675 §4), lost (RFC 8985
// §6.2), or in flight. A run is cut only at the ends of its segments, as Linux does: a block over
// halves of segments marks nothing (TCP-OPT-026, TCP-SEC-022).
#include <algorithm>

#include "base/assert.hpp"
#include "tcp/send_queue.hpp"

namespace dt::tcp {

void Delivery::note(const Run& run, Seq end) {
    if (!run.is_resent()) {
        if (at_or_before(end, recovery_point)) has_original = true;
    } else if (now - run.sent < min_rtt) {
        // RFC 8985 §6.2 step 2: the first copy was acknowledged, not this one (TCP-LOSS-021).
        return;
    }
    const Transmission candidate{run.sent, end};
    if (!newest || candidate.is_after(*newest)) newest = candidate;
}

// The first run that ends behind `seq`.
std::size_t SendQueue::index_behind(Seq seq) const {
    const Runs& runs = board_->runs;
    const Run* found = std::upper_bound(runs.begin() + board_->head, runs.end(), seq,
                                        [](Seq a, const Run& run) { return before(a, run.end()); });
    return static_cast<std::size_t>(found - runs.begin());
}

//          first                                end
//     ---|···[······|···········|············|···]···|---     · run, | end of a segment
//                   |==== marked ============|
void SendQueue::on_sack(Seq first, Seq end, Delivery& delivery) {
    if (!board_) return;
    Runs& runs = board_->runs;
    for (std::size_t i = index_behind(first); i < runs.size() && before(runs[i].first, end); ++i) {
        if (runs[i].mark == Run::Mark::sacked) continue;
        const std::uint32_t segment = std::max<std::uint32_t>(runs[i].segment, 1);
        if (before(runs[i].first, first)) {
            const std::uint32_t part = distance(runs[i].first, first);
            const std::uint32_t whole = (part + segment - 1) / segment * segment;
            if (whole >= runs[i].length) continue;
            split(i, whole);
            continue;
        }
        std::uint32_t length = runs[i].length;
        if (after(runs[i].end(), end)) {
            length = distance(runs[i].first, end);
            length -= length % segment;
        }
        if (length > 0) mark_sacked(i, length, delivery);
    }
}

// A part joins the SACKed run before it: a flow of SACKs moves a border, and inserts nothing.
void SendQueue::mark_sacked(std::size_t index, std::uint32_t length, Delivery& delivery) {
    Board& board = *board_;
    Run& run = board.runs[index];
    const Seq end = run.first + length;
    if (!run.is_resent()) {
        if (!delivery.sack_sent) delivery.sack_sent = run.sent;
        const bool is_late = board.sacked > 0 && before(run.first, board.highest_sacked);
        if (is_late && (!delivery.late || before(run.first, *delivery.late)))
            delivery.late = run.first;
    }
    delivery.numbers += length;
    delivery.sacked += length;
    delivery.note(run, end);
    if (run.mark == Run::Mark::lost) board.lost -= length;
    board.highest_sacked = board.sacked == 0 ? end : later(board.highest_sacked, end);
    board.sacked += length;
    if (length == run.length) {
        run.mark = Run::Mark::sacked;
        return;
    }
    if (index > board.head && board.runs[index - 1].mark == Run::Mark::sacked) {
        board.runs[index - 1].length += length;
        run.first += length;
        run.length -= length;
        return;
    }
    split(index, length);
    board.runs[index].mark = Run::Mark::sacked;
}

void SendQueue::mark_lost(std::size_t index) {
    Run& run = board_->runs[index];
    if (run.mark != Run::Mark::in_flight) return;
    run.mark = Run::Mark::lost;
    board_->lost += run.length;
    lost_ever_ += run.length;
    if (run.is_resent()) board_->lost_again = std::max(board_->lost_again, run.sent);
    board_->lost_hint = std::min(board_->lost_hint, static_cast<std::uint32_t>(index));
}

void SendQueue::mark_head_lost(std::uint32_t length) {
    if (!board_) return;
    if (board_->front().length > length) split(board_->head, length);
    mark_lost(board_->head);
}

void SendQueue::mark_all_lost() {
    if (!board_) return;
    for (std::size_t i = board_->head; i < board_->runs.size(); ++i) mark_lost(i);
}

void SendQueue::mark_larger_lost(std::uint32_t length) {
    if (!board_) return;
    for (std::size_t i = board_->head; i < board_->runs.size(); ++i) {
        const std::uint32_t text = text_in(board_->runs[i].first, board_->runs[i].length);
        const std::uint32_t segment = std::max<std::uint32_t>(board_->runs[i].segment, 1);
        if (std::min(text, segment) <= length || board_->runs[i].mark != Run::Mark::in_flight)
            continue;
        // The last of several may be small enough, FIN and all.
        const std::uint32_t last = text % segment;
        if (text > segment && last > 0 && last <= length) split(i, text - last);
        mark_lost(i);
    }
}

Duration SendQueue::mark_overdue(const Transmission& newest, Duration wait, Instant now) {
    if (!board_) return {};
    Duration longest{};
    for (std::size_t i = board_->head; i < board_->runs.size(); ++i) {
        const Run& run = board_->runs[i];
        if (run.mark == Run::Mark::in_flight && newest.is_after({run.sent, run.end()})) {
            const Duration left = run.sent + wait - now;
            if (left <= Duration{}) {
                mark_lost(i);
            } else {
                longest = std::max(longest, left);
            }
        }
        // First transmissions lie in the order of their numbers: behind one that is too young
        // nothing is older.
        if (!run.is_resent() && run.sent > newest.sent) break;
    }
    return longest;
}

void SendQueue::mark_timed_out(Duration wait, Instant now) {
    if (!board_) return;
    if (is_head_sacked()) {
        forget_sacks();
        return mark_all_lost();
    }
    mark_head_lost(std::max<std::uint32_t>(board_->front().segment, 1));
    for (std::size_t i = board_->head; i < board_->runs.size(); ++i) {
        if (board_->runs[i].sent + wait <= now) mark_lost(i);
    }
}

void SendQueue::forget_sacks() {
    for (Run& run : board_->outstanding()) {
        if (run.mark == Run::Mark::sacked) run.mark = Run::Mark::in_flight;
    }
    board_->sacked = 0;
}

void SendQueue::mark_tail_lost() {
    if (!board_ || board_->runs.back().mark != Run::Mark::in_flight) return;
    const Run& last = board_->runs.back();
    const std::uint32_t segment = std::max<std::uint32_t>(last.segment, 1);
    // FIN stands behind the last segment's text and leaves with it.
    const std::uint32_t fin = is_finished() && last.end() == end() ? 1 : 0;
    const std::uint32_t text = last.length - fin;
    const std::uint32_t kept = text > segment ? (text - 1) / segment * segment : 0;
    if (kept > 0) split(board_->runs.size() - 1, kept);
    mark_lost(board_->runs.size() - 1);
}

void SendQueue::unmark_lost() {
    if (!board_) return;
    for (Run& run : board_->outstanding()) {
        if (run.mark == Run::Mark::lost) run.mark = Run::Mark::in_flight;
    }
    board_->lost = 0;
}

std::optional<Transmission> SendQueue::newest_sacked_original() const {
    std::optional<Transmission> newest;
    if (!board_) return newest;
    for (const Run& run : board_->outstanding()) {
        if (run.mark != Run::Mark::sacked || run.is_resent()) continue;
        const Transmission candidate{run.sent, run.end()};
        if (!newest || candidate.is_after(*newest)) newest = candidate;
    }
    return newest;
}

namespace {

std::uint32_t segments_of(const Run& run) {
    const std::uint32_t segment = std::max<std::uint32_t>(run.segment, 1);
    return (run.length + segment - 1) / segment;
}

}  // namespace

std::uint32_t SendQueue::sacked_segments(std::uint32_t most) const {
    std::uint32_t count = 0;
    if (sacked() == 0) return count;
    for (const Run& run : board_->outstanding()) {
        if (count >= most || !before(run.first, board_->highest_sacked)) break;
        if (run.mark == Run::Mark::sacked) count += segments_of(run);
    }
    return std::min(count, most);
}

std::uint32_t SendQueue::segments(Kind kind) const {
    if (!board_) return 0;
    std::uint32_t count = 0;
    for (const Run& run : board_->outstanding()) {
        const bool counts =
            kind == Kind::any || (kind == Kind::sacked && run.mark == Run::Mark::sacked) ||
            (kind == Kind::lost && run.mark == Run::Mark::lost) ||
            (kind == Kind::resent && run.mark == Run::Mark::in_flight && run.is_resent());
        if (counts) count += segments_of(run);
    }
    return count;
}

}  // namespace dt::tcp
