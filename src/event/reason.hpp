// Every reason for which something was dropped, refused, closed or answered with an error: one
// enumerator, one row. Viewers print the row; nothing else words it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace dt::event {

enum class Reason : std::uint16_t {
    none,
    // Segments dropped, ignored or answered by the host.
    bad_checksum,
    bad_header,
    not_for_us,
    invalid_source,
    invalid_destination,
    source_is_destination,
    source_routed,
    martian_loopback,
    no_listener,
    bound_but_not_listening,
    accept_queue_full,
    syn_queue_full,
    syn_with_fin_or_rst,
    no_ack_flag,
    no_syn_flag,
    rst_ignored,
    rst_without_connection,
    rst_out_of_window,
    rst_challenged,
    syn_challenged,
    ack_unacceptable,
    ack_of_unsent,
    ack_too_old,
    out_of_window,
    old_duplicate,
    paws,
    data_after_fin,
    data_after_close,
    challenge_limited,
    reassembly_full,
    duplicate_syn,
    other_syn_in_syn_received,
    ack_waits_for_accept_queue,
    ack_waits_for_data,
    time_wait_old_segment,
    time_wait_fin_again,
    time_wait_reused,
    time_wait_rst_ignored,
    reply_ring_full,
    // Connections closed.
    closed_orderly,
    reset_by_peer,
    reset_unread_data,
    reset_linger_zero,
    reset_listener_closed,
    aborted_by_program,
    refused_by_peer,
    syn_unanswered,
    syn_ack_unanswered,
    retransmissions_unanswered,
    user_timeout,
    probes_unanswered,
    orphan_expired,
    too_many_orphans,
    icmp_said_unreachable,
    icmp_soft_error,
    time_wait_over,
    time_wait_overflow,
    // Calls refused.
    port_held_by_listener,
    port_held_by_socket,
    port_in_time_wait,
    port_held_by_connection,
    port_privileged,
    ports_exhausted,
    tuple_taken,
    address_not_local,
    no_route,
    neighbour_silent,
    bad_argument,
    wrong_state,
    not_offered,
    ipv6_off,
    would_wait,
    peer_gone,
    limit_reached,
    // Datagrams and control messages.
    no_datagram_socket,
    receive_buffer_full,
    icmp_rate_limited,
    arp_not_for_us,
    arp_malformed,
    arp_conflict,
    unknown_protocol,
    fragment_unsupported,
    fragment_malformed,
    fragment_overlap,
    fragments_expired,
    fragments_full,
    packet_too_big,
    ttl_expired,
    neighbour_queue_full,
    unknown_option,
    nd_malformed,
    nd_not_for_us,
    // Text held for lost, and what became of that.
    lost_by_duplicates,
    lost_by_time,
    lost_by_timeout,
    lost_before_probe,
    sack_withdrawn,
    marked_by_network,
    loss_repaired,
    loss_was_none,
    // Recordings hold reasons as numbers: what came later stands here.
    ttl_too_low,
    icmp_not_believed,
    syn_cookie_sent,
    syn_cookie_bad,
    path_black_hole,
    reset_limited,
    timestamps_missing,
    router_refused,
    prefix_refused,
    redirect_refused,
    address_duplicate,
    address_tentative,
    dhcp_malformed,
    dhcp_not_for_us,
    dhcp_refused,
    count_,  // not a reason: how many there are; stays last
};

inline constexpr std::size_t reason_count = static_cast<std::size_t>(Reason::count_);

/// One reason as a user meets it. `sentence` starts in lower case and has no full stop.
struct ReasonRow {
    Reason reason;
    std::string_view name;      // as in JSON and `explain`
    std::string_view source;    // RFC with section, or "Linux"
    std::string_view sentence;  // what happened
    std::string_view next;      // what to check next; may be empty
};

/// The row of `reason`; every enumerator has exactly one (checked at compile time in reason.cpp).
const ReasonRow& describe(Reason reason);

}  // namespace dt::event
