// The send queue: runs are cut where a segment boundary or an ACK needs it, and dropped from the
// front as ACKs arrive.
#include "tcp/send_queue.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"

namespace dt::tcp {

namespace {

constexpr std::uint8_t transmissions_max = std::numeric_limits<std::uint8_t>::max();
constexpr std::uint32_t compact_from = 32;  // acknowledged runs that are worth a move

}  // namespace

std::uint32_t SendQueue::unsent_text() const {
    return before(nxt_, text_end()) ? distance(later(nxt_, text_first_), text_end()) : 0;
}

void SendQueue::on_sent(buf::Pool& pool, std::uint32_t length, Instant now) {
    DT_ASSERT(length > 0);
    const Run sent{.first = nxt_, .length = length, .sent = now, .segment = segment_};
    nxt_ += length;
    if (!board_) {
        board_ = pool.make<Board>();
        return board_->runs.push_back(sent);
    }
    // A burst of one instant is one run: it is cut again if part of it is lost.
    Run& last = board_->runs.back();
    const bool goes_on = last.sent == now && last.transmissions == 1 &&
                         last.mark == Run::Mark::in_flight && last.end() == sent.first &&
                         last.segment == segment_ && last.length % segment_ == 0;
    if (!goes_on) return board_->runs.push_back(sent);
    last.length += length;
}

void SendQueue::on_syn_ack_sent(buf::Pool& pool, Instant at, std::uint8_t transmissions) {
    on_sent(pool, 1, at);
    board_->runs.back().transmissions = transmissions;
}

std::size_t SendQueue::lost_index() const {
    std::size_t index = std::max(board_->head, board_->lost_hint);
    while (board_->runs[index].mark != Run::Mark::lost) ++index;
    return index;
}

const Run* SendQueue::first_lost() const {
    return lost() == 0 ? nullptr : &board_->runs[lost_index()];
}

void SendQueue::on_resent(std::uint32_t length, Instant now) {
    DT_ASSERT(lost() > 0);
    const std::size_t index = lost_index();
    if (board_->runs[index].length > length) split(index, length);
    Run& run = board_->runs[index];
    run.mark = Run::Mark::in_flight;
    run.sent = now;
    run.segment = segment_;
    if (run.transmissions < transmissions_max) ++run.transmissions;
    board_->lost -= run.length;
    board_->lost_hint = static_cast<std::uint32_t>(index);
}

namespace {

/// `taken` numbers at the front of the run are acknowledged for the first time.
void note_delivered(const Run& run, std::uint32_t taken, Seq highest, Acked& acked,
                    Delivery& delivery) {
    if (!run.is_resent()) {
        acked.sent = run.sent;
        if (!acked.first_sent) acked.first_sent = run.sent;
        if (!delivery.late && before(run.first, highest)) delivery.late = run.first;
    }
    delivery.numbers += taken;
    // What the echo tells is of the left edge alone: SACKed text does not move TS.Recent.
    if (!delivery.is_of_earlier_copy(run)) delivery.note(run, run.first + taken);
}

}  // namespace

Acked SendQueue::on_ack(Seq ack, Delivery& delivery) {
    DT_ASSERT(after(ack, una_) && at_or_before(ack, nxt_));
    Acked acked;
    acked.numbers = distance(una_, ack);
    take_acked(ack, acked, delivery);
    una_ = ack;
    consume_text(ack, acked);
    return acked;
}

void SendQueue::take_acked(Seq ack, Acked& acked, Delivery& delivery) {
    const Seq highest = highest_sacked();
    Board& board = *board_;
    for (Run& run : board.outstanding()) {
        if (!before(run.first, ack)) break;
        const std::uint32_t taken = std::min(distance(run.first, ack), run.length);
        acked.transmissions = run.transmissions;
        if (run.is_resent()) acked.retransmitted = delivery.has_resent = true;
        // Only the SYN stands before the first octet of text.
        if (before(run.first, text_first_)) delivery.has_syn = true;
        switch (run.mark) {
            case Run::Mark::sacked: board.sacked -= taken; break;
            case Run::Mark::lost: board.lost -= taken; [[fallthrough]];
            case Run::Mark::in_flight: note_delivered(run, taken, highest, acked, delivery); break;
        }
        run.first += taken;
        run.length -= taken;
        if (run.length > 0) break;
        ++board.head;
    }
    drop_acked_runs();
}

void SendQueue::consume_text(Seq ack, Acked& acked) {
    if (at_or_before(ack, text_first_)) return;
    const std::size_t octets = std::min<std::size_t>(distance(text_first_, ack), text_.size());
    text_.consume(octets);
    text_first_ += static_cast<std::uint32_t>(octets);
    acked.text = static_cast<std::uint32_t>(octets);
}

void SendQueue::drop_acked_runs() {
    Board& board = *board_;
    if (board.head == board.runs.size()) return board_.reset();
    if (board.head < compact_from || std::size_t{board.head} * 2 < board.runs.size()) return;
    board.runs.erase_front(board.head);
    board.lost_hint = board.lost_hint > board.head ? board.lost_hint - board.head : 0;
    board.head = 0;
}

void SendQueue::split(std::size_t index, std::uint32_t length) {
    Run rest = board_->runs[index];
    rest.first += length;
    rest.length -= length;
    board_->runs[index].length = length;
    board_->runs.insert(index + 1, rest);
}

std::size_t SendQueue::attach(Frame& frame, Seq first, std::uint32_t length) const {
    return text_.attach(frame, distance(text_first_, first), length);
}

std::uint32_t SendQueue::text_in(Seq first, std::uint32_t length) const {
    const Seq from = later(first, text_first_);
    const Seq to = earlier(first + length, text_end());
    return before(from, to) ? distance(from, to) : 0;
}

void SendQueue::clear() {
    text_.clear();
    board_.reset();
    una_ = nxt_;
    text_first_ = nxt_;
    fin_ = Fin::no;
}

std::uint8_t SendQueue::head_transmissions() const {
    return board_ ? board_->front().transmissions : std::uint8_t{0};
}

}  // namespace dt::tcp
