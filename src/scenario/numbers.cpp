// The numbers of a snapshot that a scenario may ask for.
#include "scenario/numbers.hpp"

#include <array>

namespace dt::scenario {
namespace {

using event::SocketView;

std::uint64_t ms(Duration duration) { return static_cast<std::uint64_t>(base::to_ms(duration)); }

using Counters = event::Counters;
// clang-format off
constexpr auto numbers = std::to_array<NumberRow>({
    {"listen_overflows", [](const Counters& c) { return c.listen_overflows; }, nullptr},
    {"listen_drops", [](const Counters& c) { return c.listen_drops; }, nullptr},
    {"retransmitted", [](const Counters& c) { return c.retransmitted; }, nullptr},
    {"resets_out", [](const Counters& c) { return c.resets_out; }, nullptr},
    {"attempt_fails", [](const Counters& c) { return c.attempt_fails; }, nullptr},
    {"abort_on_close", [](const Counters& c) { return c.abort_on_close; }, nullptr},
    {"abort_on_data", [](const Counters& c) { return c.abort_on_data; }, nullptr},
    {"delayed_acks", [](const Counters& c) { return c.delayed_acks; }, nullptr},
    {"in_errors", [](const Counters& c) { return c.in_errors; }, nullptr},
    {"checksum_errors", [](const Counters& c) { return c.checksum_errors; }, nullptr},
    {"time_wait_overflow", [](const Counters& c) { return c.time_wait_overflow; }, nullptr},
    {"min_ttl_drops", [](const Counters& c) { return c.min_ttl_drops; }, nullptr},
    {"syn_cookies_sent", [](const Counters& c) { return c.syn_cookies_sent; }, nullptr},
    {"syn_cookies_received", [](const Counters& c) { return c.syn_cookies_received; }, nullptr},
    {"syn_cookies_failed", [](const Counters& c) { return c.syn_cookies_failed; }, nullptr},
    {"cwnd", nullptr, [](const SocketView& v) -> std::uint64_t { return v.path ? v.path->cwnd : 0; }},
    {"ssthresh", nullptr, [](const SocketView& v) -> std::uint64_t { return v.path ? v.path->ssthresh : 0; }},
    {"mss", nullptr, [](const SocketView& v) -> std::uint64_t { return v.path ? v.path->mss : 0; }},
    {"in_flight", nullptr, [](const SocketView& v) -> std::uint64_t { return v.path ? v.path->in_flight : 0; }},
    {"rto", nullptr, [](const SocketView& v) { return v.path ? ms(v.path->rto) : 0; }},
    {"srtt", nullptr, [](const SocketView& v) { return v.path ? ms(v.path->srtt) : 0; }},
    {"receive_queue", nullptr, [](const SocketView& v) { return v.receive_queue; }},
    {"send_queue", nullptr, [](const SocketView& v) { return v.send_queue; }},
});
// clang-format on

}  // namespace

const NumberRow* number_row(std::string_view name) {
    for (const NumberRow& row : numbers) {
        if (row.name == name) return &row;
    }
    return nullptr;
}

}  // namespace dt::scenario
