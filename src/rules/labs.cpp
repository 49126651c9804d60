// Which lab of tests/labs makes the situation of which rule.
#include <array>

#include "rules/rule.hpp"

namespace dt::rules {

namespace {

struct Row {
    RuleId rule{};
    std::string_view lab;
    std::string_view hindrance;  ///< why an ordinary machine cannot make it
};

// clang-format off
constexpr auto rows = std::to_array<Row>({
    {rule(1), "live_listener", {}},
    {rule(2), "time_wait", {}},
    {rule(3), "time_wait_of_plain_server", {}},
    {rule(4), "connections_outlive_listener", {}},
    {rule(5), "client_has_the_port", {}},
    {rule(6), "four_and_six", {}},
    {rule(7), "wildcard_and_address", {}},
    {rule(8), "reuse_port_on_one", {}},
    {rule(9), "listen_after_another", {}},
    {rule(10), "no_port_for_bind", {}},
    {rule(11), "foreign_address", {}},
    {rule(12), "privileged_port", {}},
    {rule(13), "capture_refused", {}},
    {rule(14), "other_address", {}},
    {rule(15), "six_to_four", {}},
    {rule(16), "capture_rejected", {}},
    {rule(17), "reset_by_filter", {}},
    {rule(18), "capture_prohibited", {}},
    {rule(19), "no_route", {}},
    {rule(20), "capture_late_answer", {}},
    {rule(21), "capture_no_answer", {}},
    {rule(22), "no_port_left", {}},
    {rule(23), "connected_to_itself", {}},
    {rule(24), "backlog", {}},
    {rule(25), "syn_queue_full", {}},
    {rule(26), "nobody_accepts", {}},
    {rule(27), "no_descriptors", {}},
    {rule(28), "reload_resets", {}},
    {rule(29), "uneven_workers", {}},
    {rule(30), "gone_before_accept", {}},
    {rule(31), "closed_with_unread_data", {}},
    {rule(32), "linger_zero", {}},
    {rule(33), "close_wait", {}},
    {rule(34), "fin_wait_2_remote", {}},
    {rule(35), "broken_pipe", {}},
    {rule(36), "stale_connection", {}},
    {rule(37), "forgotten_flow", {}},
    {rule(38), "dead_peer", {}},
    {rule(39), "syn_on_open_connection", {}},
    {rule(40), "time_wait_table", {}},
    {rule(41), "memory_used_up", "its limits are those of the whole machine, out of reach of a namespace"},
    {rule(42), "nagle", {}},
    {rule(43), "lost_tail", {}},
    {rule(44), "capture_shut_window", {}},
    {rule(45), "small_send_buffer", "what the kernel counts as a wait for the send buffer differs from run to run"},
    {rule(46), "capture_loss", {}},
    {rule(47), "capture_black_hole", {}},
    {rule(48), "reverse_path", {}},
    {rule(49), "conntrack_full", {}},
    {rule(50), "datagrams_dropped", {}},
    {rule(51), "old_timestamps", {}},
    {rule(52), "request_lies_unread", {}},
    {rule(53), "silent_name_server", {}},
    {rule(54), "wrong_checksums", {}},
    {rule(55), "unsigned_segments", {}},
    {rule(56), "bound_and_not_listening", {}},
    {rule(57), "bound_twice", {}},
    {rule(58), "link_local_without_interface", {}},
    {rule(59), "capture_no_protocol", {}},
    {rule(60), "same_four_tuple", {}},
    {rule(61), "datagram_refused", {}},
    {rule(62), "small_ttl", {}},
    {rule(63), "own_shutdown", {}},
    {rule(64), "capture_reset", {}},
    {rule(65), "own_time_limit", {}},
    {rule(66), "no_descriptor_for_socket", {}},
    {rule(67), "no_ipv6_here", {}},
    {rule(68), "filter_forbids", {}},
    {rule(69), "datagram_too_large", {}},
    {rule(70), "never_connected", {}},
});
// clang-format on

constexpr bool is_numbered() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].rule) != i + 1) return false;
    }
    return true;
}
static_assert(is_numbered());

const Row* row_of(RuleId id) {
    const auto number = static_cast<std::size_t>(id);
    return number >= 1 && number <= rows.size() ? &rows[number - 1] : nullptr;
}

}  // namespace

std::string_view lab_of(RuleId id) {
    const Row* const row = row_of(id);
    return row == nullptr ? std::string_view{} : row->lab;
}

std::string_view lab_hindrance(RuleId id) {
    const Row* const row = row_of(id);
    return row == nullptr ? std::string_view{} : row->hindrance;
}

}  // namespace dt::rules
