// The eleven states of RFC 9293 §3.3.2 and the causes that move a connection between them.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

namespace dt::event {

enum class State : std::uint8_t {
    closed,
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
};

inline constexpr std::size_t state_count = 11;

/// The name as RFC 9293 prints it: `SYN-RECEIVED`, `FIN-WAIT-1`.
constexpr std::string_view name(State state) {
    constexpr std::array<std::string_view, state_count> names{
        "CLOSED",     "LISTEN",     "SYN-SENT", "SYN-RECEIVED", "ESTABLISHED", "FIN-WAIT-1",
        "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING",  "LAST-ACK",     "TIME-WAIT"};
    return names[static_cast<std::size_t>(state)];
}

/// What made a connection change its state: the edge labels of RFC 9293 Figure 5, and the edges
/// that the text of §3.10 adds (reset, timeout, abort).
enum class Cause : std::uint8_t {
    passive_open,
    active_open,
    rcv_syn,
    rcv_syn_ack,
    rcv_ack_of_syn,
    rcv_fin,
    rcv_fin_and_ack_of_fin,
    rcv_ack_of_fin,
    rcv_rst,
    close,
    abort,
    user_timeout,
    time_wait_timeout,
    orphan_timeout,
    icmp_error,
    replaced,  // a new incarnation of the 4-tuple took the place of a TIME-WAIT record
};

}  // namespace dt::event
