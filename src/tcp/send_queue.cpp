// The send queue: runs are cut where a segment boundary or an ACK needs it, and dropped from the
// front as ACKs arrive.
#include "tcp/send_queue.hpp"

#include <algorithm>
#include <limits>

#include "base/assert.hpp"

namespace dt::tcp {

namespace {

constexpr std::uint8_t transmissions_max = std::numeric_limits<std::uint8_t>::max();
constexpr std::size_t idle_runs = 4;        // capacity an idle connection may keep
constexpr std::uint32_t compact_from = 32;  // acknowledged runs that are worth a move

}  // namespace

std::uint32_t SendQueue::unsent_text() const {
    return before(nxt_, text_end()) ? distance(later(nxt_, text_first_), text_end()) : 0;
}

void SendQueue::on_sent(std::uint32_t length, Instant now) {
    DT_ASSERT(length > 0);
    Run* last = runs_.size() > head_ ? &runs_.back() : nullptr;
    // A burst of one instant is one run: it is cut again if part of it is lost.
    if (last != nullptr && last->sent == now && last->transmissions == 1 &&
        last->mark == Run::Mark::in_flight && last->end() == nxt_ && last->segment == segment_ &&
        last->length % segment_ == 0) {
        last->length += length;
    } else {
        runs_.push_back(Run{.first = nxt_, .length = length, .sent = now, .segment = segment_});
    }
    nxt_ += length;
}

void SendQueue::on_syn_ack_sent(Instant at, std::uint8_t transmissions) {
    on_sent(1, at);
    runs_.back().transmissions = transmissions;
}

std::size_t SendQueue::lost_index() const {
    std::size_t index = std::max(head_, lost_hint_);
    while (runs_[index].mark != Run::Mark::lost) ++index;
    return index;
}

const Run* SendQueue::first_lost() const { return lost_ == 0 ? nullptr : &runs_[lost_index()]; }

void SendQueue::on_resent(std::uint32_t length, Instant now) {
    DT_ASSERT(lost_ > 0);
    const std::size_t index = lost_index();
    if (runs_[index].length > length) split(index, length);
    Run& run = runs_[index];
    run.mark = Run::Mark::in_flight;
    run.sent = now;
    run.segment = segment_;
    if (run.transmissions < transmissions_max) ++run.transmissions;
    lost_ -= run.length;
    lost_hint_ = static_cast<std::uint32_t>(index);
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
    const Seq highest = highest_sacked();
    una_ = ack;
    while (head_ < runs_.size() && before(runs_[head_].first, ack)) {
        Run& run = runs_[head_];
        const std::uint32_t taken = std::min(distance(run.first, ack), run.length);
        acked.transmissions = run.transmissions;
        if (run.is_resent()) acked.retransmitted = delivery.has_resent = true;
        switch (run.mark) {
            case Run::Mark::sacked: sacked_ -= taken; break;
            case Run::Mark::lost: lost_ -= taken; [[fallthrough]];
            case Run::Mark::in_flight: note_delivered(run, taken, highest, acked, delivery); break;
        }
        run.first += taken;
        run.length -= taken;
        if (run.length > 0) break;
        ++head_;
    }
    drop_acked_runs();
    consume_text(ack, acked);
    return acked;
}

void SendQueue::consume_text(Seq ack, Acked& acked) {
    if (at_or_before(ack, text_first_)) return;
    const std::size_t octets = std::min<std::size_t>(distance(text_first_, ack), text_.size());
    text_.consume(octets);
    text_first_ += static_cast<std::uint32_t>(octets);
    acked.text = static_cast<std::uint32_t>(octets);
}

void SendQueue::drop_acked_runs() {
    if (head_ == runs_.size()) {
        runs_.clear();
        if (runs_.capacity() > idle_runs) std::vector<Run>{}.swap(runs_);
        head_ = 0;
        lost_hint_ = 0;
        return;
    }
    if (head_ < compact_from || std::size_t{head_} * 2 < runs_.size()) return;
    runs_.erase(runs_.begin(), runs_.begin() + head_);
    lost_hint_ = lost_hint_ > head_ ? lost_hint_ - head_ : 0;
    head_ = 0;
}

void SendQueue::split(std::size_t index, std::uint32_t length) {
    Run rest = runs_[index];
    rest.first += length;
    rest.length -= length;
    runs_[index].length = length;
    runs_.insert(runs_.begin() + static_cast<std::ptrdiff_t>(index) + 1, rest);
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
    std::vector<Run>{}.swap(runs_);
    head_ = lost_hint_ = lost_ = sacked_ = 0;
    una_ = nxt_;
    text_first_ = nxt_;
    fin_ = Fin::no;
}

std::uint8_t SendQueue::head_transmissions() const {
    return head_ < runs_.size() ? runs_[head_].transmissions : std::uint8_t{0};
}

}  // namespace dt::tcp
