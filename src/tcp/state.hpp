// The state machine of RFC 9293 §3.3.2 Figure 5 as data: (state, cause, state), with the edges that
// §3.10 and Linux add (reset, abort, time-out, orphan). The state diagram of the docs is made of
// it.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "event/state.hpp"

namespace dt::tcp {

using event::Cause;
using event::State;

struct StateRow {
    State from;
    Cause cause;
    State to;
};

inline constexpr auto state_table = std::to_array<StateRow>({
    // Opening.
    {State::closed, Cause::passive_open, State::listen},
    {State::closed, Cause::active_open, State::syn_sent},
    {State::listen, Cause::rcv_syn, State::syn_received},
    {State::listen, Cause::close, State::closed},
    {State::syn_sent, Cause::rcv_syn, State::syn_received},
    {State::syn_sent, Cause::rcv_syn_ack, State::established},
    {State::syn_received, Cause::rcv_ack_of_syn, State::established},
    // Closing.
    {State::syn_sent, Cause::close, State::closed},
    {State::syn_received, Cause::close, State::fin_wait_1},
    {State::established, Cause::close, State::fin_wait_1},
    {State::close_wait, Cause::close, State::last_ack},
    {State::established, Cause::rcv_fin, State::close_wait},
    {State::fin_wait_1, Cause::rcv_fin, State::closing},
    {State::fin_wait_1, Cause::rcv_ack_of_fin, State::fin_wait_2},
    {State::fin_wait_1, Cause::rcv_fin_and_ack_of_fin, State::time_wait},
    {State::fin_wait_2, Cause::rcv_fin, State::time_wait},
    {State::closing, Cause::rcv_ack_of_fin, State::time_wait},
    {State::last_ack, Cause::rcv_ack_of_fin, State::closed},
    {State::time_wait, Cause::time_wait_timeout, State::closed},
    {State::time_wait, Cause::replaced, State::closed},
    {State::fin_wait_2, Cause::orphan_timeout, State::closed},
    // Reset by the peer.
    {State::syn_sent, Cause::rcv_rst, State::closed},
    {State::syn_received, Cause::rcv_rst, State::closed},
    {State::established, Cause::rcv_rst, State::closed},
    {State::fin_wait_1, Cause::rcv_rst, State::closed},
    {State::fin_wait_2, Cause::rcv_rst, State::closed},
    {State::close_wait, Cause::rcv_rst, State::closed},
    {State::closing, Cause::rcv_rst, State::closed},
    {State::last_ack, Cause::rcv_rst, State::closed},
    {State::time_wait, Cause::rcv_rst, State::closed},
    // Ended by this end.
    {State::syn_sent, Cause::abort, State::closed},
    {State::syn_received, Cause::abort, State::closed},
    {State::established, Cause::abort, State::closed},
    {State::fin_wait_1, Cause::abort, State::closed},
    {State::fin_wait_2, Cause::abort, State::closed},
    {State::close_wait, Cause::abort, State::closed},
    {State::closing, Cause::abort, State::closed},
    {State::last_ack, Cause::abort, State::closed},
    // Given up: retransmissions, probes, the user timeout.
    {State::syn_sent, Cause::user_timeout, State::closed},
    {State::syn_received, Cause::user_timeout, State::closed},
    {State::established, Cause::user_timeout, State::closed},
    {State::fin_wait_1, Cause::user_timeout, State::closed},
    {State::fin_wait_2, Cause::user_timeout, State::closed},
    {State::close_wait, Cause::user_timeout, State::closed},
    {State::closing, Cause::user_timeout, State::closed},
    {State::last_ack, Cause::user_timeout, State::closed},
    // Told by ICMP before the handshake ended (RFC 5461).
    {State::syn_sent, Cause::icmp_error, State::closed},
    {State::syn_received, Cause::icmp_error, State::closed},
});

/// The rows by state and cause.
inline constexpr auto next_states = [] {
    constexpr std::size_t cause_count = static_cast<std::size_t>(Cause::replaced) + 1;
    std::array<std::array<std::optional<State>, cause_count>, event::state_count> next{};
    for (const StateRow& row : state_table) {
        next[static_cast<std::size_t>(row.from)][static_cast<std::size_t>(row.cause)] = row.to;
    }
    return next;
}();

/// Where `cause` leads from `from`; nothing where the table has no such edge.
constexpr std::optional<State> next_state(State from, Cause cause) {
    return next_states[static_cast<std::size_t>(from)][static_cast<std::size_t>(cause)];
}

/// Word of a cause on a diagram, as RFC 9293 Figure 5 writes it.
std::string_view label(Cause cause);
/// The rows, for viewers.
std::span<const StateRow> state_rows();

}  // namespace dt::tcp
