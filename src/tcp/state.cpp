// Compile-time checks of the state table (RFC 9293 §3.3.2) and the words of its edges.
#include "tcp/state.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <functional>

namespace dt::tcp {

namespace {

constexpr std::size_t index_of(State state) { return static_cast<std::size_t>(state); }

// No (state, cause) stands twice.
constexpr bool is_deterministic() {
    for (std::size_t i = 0; i < state_table.size(); ++i) {
        for (std::size_t j = i + 1; j < state_table.size(); ++j) {
            if (state_table[i].from == state_table[j].from &&
                state_table[i].cause == state_table[j].cause) {
                return false;
            }
        }
    }
    return true;
}

// Every state is reached from CLOSED.
constexpr bool is_all_reachable() {
    std::array<bool, event::state_count> seen{};
    seen[index_of(State::closed)] = true;
    for (std::size_t round = 0; round < event::state_count; ++round) {
        for (const StateRow& row : state_table) {
            if (seen[index_of(row.from)]) seen[index_of(row.to)] = true;
        }
    }
    return std::ranges::all_of(seen, std::identity{});
}

// CLOSED is reached from every state: nothing can be stuck for want of an edge.
constexpr bool is_closed_reachable() {
    std::array<bool, event::state_count> ends{};
    ends[index_of(State::closed)] = true;
    for (std::size_t round = 0; round < event::state_count; ++round) {
        for (const StateRow& row : state_table) {
            if (ends[index_of(row.to)]) ends[index_of(row.from)] = true;
        }
    }
    return std::ranges::all_of(ends, std::identity{});
}

// No edge leads back to where it starts: each transition is a change that can be seen.
constexpr bool is_free_of_loops() {
    return std::ranges::none_of(state_table,
                                [](const StateRow& row) { return row.from == row.to; });
}

static_assert(is_deterministic());
static_assert(is_all_reachable());
static_assert(is_closed_reachable());
static_assert(is_free_of_loops());

}  // namespace

std::string_view label(Cause cause) {
    switch (cause) {
        case Cause::passive_open: return "passive OPEN";
        case Cause::active_open: return "active OPEN";
        case Cause::rcv_syn: return "rcv SYN";
        case Cause::rcv_syn_ack: return "rcv SYN,ACK";
        case Cause::rcv_ack_of_syn: return "rcv ACK of SYN";
        case Cause::rcv_fin: return "rcv FIN";
        case Cause::rcv_fin_and_ack_of_fin: return "rcv FIN, ACK of FIN";
        case Cause::rcv_ack_of_fin: return "rcv ACK of FIN";
        case Cause::rcv_rst: return "rcv RST";
        case Cause::close: return "CLOSE";
        case Cause::abort: return "ABORT";
        case Cause::user_timeout: return "user timeout";
        case Cause::time_wait_timeout: return "2MSL over";
        case Cause::orphan_timeout: return "orphan timeout";
        case Cause::icmp_error: return "ICMP error";
        case Cause::replaced: return "new incarnation";
    }
    return {};
}

std::span<const StateRow> state_rows() { return state_table; }

}  // namespace dt::tcp
