// Checks on single events.
#include "sim/oracle.hpp"

#include "tcp/state.hpp"
#include "wire/tcp.hpp"

namespace dt::sim {

namespace {

constexpr std::size_t failures_max = 10;

}  // namespace

void Oracle::on_event(Instant at, event::HostIndex host, const event::Body& body) {
    ++events_;
    if (at < last_) fail("time goes back");
    last_ = at;
    if (const auto* transition = std::get_if<event::Transition>(&body)) check(*transition);
    if (const auto* change = std::get_if<event::QueueChange>(&body)) check(*change);
    const auto* sent = std::get_if<event::SegmentSent>(&body);
    if (sent != nullptr && sent->reason == event::Reason::syn_cookie_sent)
        by_cookie_.insert(sent->segment.tuple.words());
    if (sent != nullptr) follow(sent->segment);
    if (next_ != nullptr) next_->on_event(at, host, body);
}

void Oracle::check(const event::Transition& transition) {
    const auto to = tcp::next_state(transition.from, transition.cause);
    if (to && *to == transition.to) return;
    fail("no row of the table leads from " + std::string(event::name(transition.from)) + " to " +
         std::string(event::name(transition.to)) + " by cause " +
         std::to_string(static_cast<unsigned>(transition.cause)));
}

void Oracle::check(const event::QueueChange& change) {
    // Linux admits limit + 1 connections; a lowered limit throws nobody out.
    if (change.step == event::QueueStep::promoted && change.accept_queue > change.limit + 1)
        fail("the accept queue holds " + std::to_string(change.accept_queue) + " of limit " +
             std::to_string(change.limit));
    if (change.step == event::QueueStep::syn_added && change.syn_queue > change.limit + 1)
        fail("the SYN queue holds " + std::to_string(change.syn_queue) + " of limit " +
             std::to_string(change.limit));
}

void Oracle::follow(const event::Segment& segment) {
    const bool is_syn = TcpFlags::from_bits(segment.flags).syn();
    const Seq end = segment.seq + segment.length + (is_syn ? 1U : 0U);
    const auto [reached, is_new] = reached_.try_emplace(segment.tuple.words(), end);
    if (is_new) return;
    const bool is_opening = is_syn && segment.retransmission == 0;
    if (is_opening && before(segment.seq, reached->second))
        overtaken_.insert(segment.tuple.words());
    if (is_opening || after(end, reached->second)) reached->second = end;
}

void Oracle::fail(std::string what) {
    if (failures_.size() < failures_max)
        failures_.push_back("event " + std::to_string(events_) + ": " + std::move(what));
}

}  // namespace dt::sim
