// The right column of a rung, one function per kind of check.
#include "scenario/checks.hpp"

#include <algorithm>

#include "scenario/numbers.hpp"

namespace dt::scenario {
namespace {

using event::SocketView;
using Wrong = std::optional<std::string>;

bool concerns(const SocketView& view, const Topic& topic) {
    if (topic.tuple)
        return view.local.port == topic.tuple->local.port && view.peer == topic.tuple->remote;
    return view.socket == topic.socket;
}

/// The socket or record that a rung is about; one that is not closed comes first.
const SocketView* view_of(const event::Snapshot& snapshot, const Topic& topic) {
    const SocketView* found = nullptr;
    for (const SocketView& view : snapshot.sockets) {
        if (view.transport != event::Transport::tcp || !concerns(view, topic)) continue;
        if (found == nullptr || found->state == event::State::closed) found = &view;
    }
    return found;
}

Wrong check_state(const StateCheck& wanted, const Topic& topic, const event::Snapshot& snapshot) {
    const SocketView* view = view_of(snapshot, topic);
    const auto state = view == nullptr ? event::State::closed : view->state;
    if (state == wanted.state) return std::nullopt;
    return "the state is " + std::string(event::name(state)) + ", expected " +
           std::string(event::name(wanted.state));
}

std::string queues_text(std::uint32_t syn, std::uint32_t accept, std::uint32_t limit) {
    return std::to_string(syn) + " " + std::to_string(accept) + "/" + std::to_string(limit);
}

Wrong check_queues(const QueuesCheck& wanted, const event::Snapshot& snapshot) {
    const auto listener = std::ranges::find_if(
        snapshot.sockets, [](const SocketView& view) { return view.queues.has_value(); });
    if (listener == snapshot.sockets.end()) return "no socket listens";
    const auto& queues = *listener->queues;
    const auto seen = queues_text(queues.syn_length, queues.accept_length, queues.limit);
    const auto expected = queues_text(wanted.syn, wanted.accept, wanted.limit);
    if (seen == expected) return std::nullopt;
    return "the queues are " + seen + ", expected " + expected;
}

Wrong differs(const NumberCheck& wanted, std::uint64_t seen) {
    if (seen == wanted.value) return std::nullopt;
    return wanted.name + " is " + std::to_string(seen) + ", expected " +
           std::to_string(wanted.value);
}

Wrong check_number(const NumberCheck& wanted, const Topic& topic, const event::Snapshot& snapshot) {
    const NumberRow* row = number_row(wanted.name);
    if (row == nullptr) return "nothing is called " + wanted.name;
    if (row->of_stack != nullptr) return differs(wanted, row->of_stack(snapshot.counters));
    const SocketView* view = view_of(snapshot, topic);
    if (view == nullptr) return "there is no connection whose " + wanted.name + " could be asked";
    return differs(wanted, row->of_view(*view));
}

Wrong check_count(const CountCheck& wanted, const event::Snapshot& snapshot) {
    const auto seen = std::ranges::count(snapshot.sockets, wanted.state, &SocketView::state);
    if (static_cast<std::uint64_t>(seen) == wanted.value) return std::nullopt;
    return std::to_string(seen) + " are in " + std::string(event::name(wanted.state)) +
           ", expected " + std::to_string(wanted.value);
}

event::Reason reason_of(const event::Body& body) {
    return std::visit(
        [](const auto& event) {
            if constexpr (requires { event.reason; }) return event.reason;
            return event::Reason::none;
        },
        body);
}

Wrong check_reason(const ReasonCheck& wanted, const std::vector<event::Body>& events) {
    std::string seen;
    for (const event::Body& body : events) {
        const event::Reason reason = reason_of(body);
        if (reason == wanted.reason) return std::nullopt;
        if (reason != event::Reason::none) seen += " " + std::string(event::describe(reason).name);
    }
    return "no event has the reason " + std::string(event::describe(wanted.reason).name) +
           (seen.empty() ? ", none has any" : ", seen:" + seen);
}

}  // namespace

Wrong check(const Check& check, const Topic& topic, Subject& subject) {
    if (const auto* reason = std::get_if<ReasonCheck>(&check.what)) {
        return check_reason(*reason, subject.journal().events());
    }
    if (std::holds_alternative<SilenceCheck>(check.what)) {
        return subject.sent().empty() ? Wrong() : Wrong("the stack sent a packet");
    }
    const event::Snapshot snapshot = subject.snapshot();
    if (const auto* state = std::get_if<StateCheck>(&check.what)) {
        return check_state(*state, topic, snapshot);
    }
    if (const auto* queues = std::get_if<QueuesCheck>(&check.what)) {
        return check_queues(*queues, snapshot);
    }
    if (const auto* count = std::get_if<CountCheck>(&check.what)) {
        return check_count(*count, snapshot);
    }
    return check_number(std::get<NumberCheck>(check.what), topic, snapshot);
}

}  // namespace dt::scenario
