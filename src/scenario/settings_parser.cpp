// `set NAME VALUE`: the tunables a scenario may change, by the names of event::Config.
#include "scenario/settings_parser.hpp"

#include <array>
#include <initializer_list>
#include <type_traits>

#include "event/profile.hpp"

namespace dt::scenario {
namespace {

using event::Switch;

/// How one value is read; false if `text` is none.
struct Row {
    std::string_view name;
    bool (*set)(Settings& settings, std::string_view text);
};

template <class T>
bool store(T& to, std::string_view text) {
    const auto value =
        number_in<T>(text, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
    if (value) to = *value;
    return value.has_value();
}
bool store(Duration& to, std::string_view text) {
    const auto value = duration_of(text);
    if (value) to = *value;
    return value.has_value();
}
bool store(Switch& to, std::string_view text) {
    to = text == "on" ? Switch::on : Switch::off;
    return text == "on" || text == "off";
}

/// What one word of a closed set means.
template <class T>
struct Choice {
    std::string_view word;
    T value;
};

template <class T>
bool choose(T& to, std::string_view word,
            std::initializer_list<Choice<std::type_identity_t<T>>> choices) {
    for (const auto& choice : choices) {
        if (choice.word != word) continue;
        to = choice.value;
        return true;
    }
    return false;
}

// clang-format off
constexpr auto rows = std::to_array<Row>({
    {"seed", [](Settings& s, std::string_view t) { return store(s.seed, t); }},
    {"peer_iss", [](Settings& s, std::string_view t) { return store(s.peer_iss, t); }},
    {"mtu", [](Settings& s, std::string_view t) { return store(s.mtu, t); }},
    {"somaxconn", [](Settings& s, std::string_view t) { return store(s.config.somaxconn, t); }},
    {"synack_retries", [](Settings& s, std::string_view t) { return store(s.config.synack_retries, t); }},
    {"syn_retries", [](Settings& s, std::string_view t) { return store(s.config.syn_retries, t); }},
    {"syn_linear_timeouts", [](Settings& s, std::string_view t) { return store(s.config.syn_linear_timeouts, t); }},
    {"port_first", [](Settings& s, std::string_view t) { return store(s.config.port_first, t); }},
    {"port_last", [](Settings& s, std::string_view t) { return store(s.config.port_last, t); }},
    {"unprivileged_port_start", [](Settings& s, std::string_view t) { return store(s.config.unprivileged_port_start, t); }},
    {"rto_initial", [](Settings& s, std::string_view t) { return store(s.config.rto_initial, t); }},
    {"rto_min", [](Settings& s, std::string_view t) { return store(s.config.rto_min, t); }},
    {"rto_max", [](Settings& s, std::string_view t) { return store(s.config.rto_max, t); }},
    {"retries_1", [](Settings& s, std::string_view t) { return store(s.config.retries_1, t); }},
    {"rtt_clear_after", [](Settings& s, std::string_view t) { return store(s.config.rtt_clear_after, t); }},
    {"retries_2", [](Settings& s, std::string_view t) { return store(s.config.retries_2, t); }},
    {"orphan_retries", [](Settings& s, std::string_view t) { return store(s.config.orphan_retries, t); }},
    {"delayed_ack", [](Settings& s, std::string_view t) { return store(s.config.delayed_ack, t); }},
    {"quick_acks", [](Settings& s, std::string_view t) { return store(s.config.quick_acks, t); }},
    {"time_wait", [](Settings& s, std::string_view t) { return store(s.config.time_wait, t); }},
    {"fin_wait_2", [](Settings& s, std::string_view t) { return store(s.config.fin_wait_2, t); }},
    {"time_wait_max", [](Settings& s, std::string_view t) { return store(s.config.time_wait_max, t); }},
    {"orphans_max", [](Settings& s, std::string_view t) { return store(s.config.orphans_max, t); }},
    {"window_scaling", [](Settings& s, std::string_view t) { return store(s.config.window_scaling, t); }},
    {"timestamps", [](Settings& s, std::string_view t) { return store(s.config.timestamps, t); }},
    {"receive_buffer", [](Settings& s, std::string_view t) { return store(s.config.receive_buffer, t); }},
    {"receive_buffer_max", [](Settings& s, std::string_view t) { return store(s.config.receive_buffer_max, t); }},
    {"send_buffer", [](Settings& s, std::string_view t) { return store(s.config.send_buffer, t); }},
    {"send_buffer_max", [](Settings& s, std::string_view t) { return store(s.config.send_buffer_max, t); }},
    {"neighbour_tries", [](Settings& s, std::string_view t) { return store(s.config.neighbour_tries, t); }},
    {"icmp_errors_per_s", [](Settings& s, std::string_view t) { return store(s.config.icmp_errors_per_s, t); }},
    {"sockets_max", [](Settings& s, std::string_view t) { return store(s.config.sockets_max, t); }},
    {"sack", [](Settings& s, std::string_view t) { return store(s.config.sack, t); }},
    {"dsack", [](Settings& s, std::string_view t) { return store(s.config.dsack, t); }},
    {"recovery", [](Settings& s, std::string_view t) { return store(s.config.recovery, t); }},
    {"early_retransmit", [](Settings& s, std::string_view t) { return store(s.config.early_retransmit, t); }},
    {"frto", [](Settings& s, std::string_view t) { return store(s.config.frto, t); }},
    {"reordering", [](Settings& s, std::string_view t) { return store(s.config.reordering, t); }},
    {"reordering_max", [](Settings& s, std::string_view t) { return store(s.config.reordering_max, t); }},
    {"hystart", [](Settings& s, std::string_view t) { return store(s.config.hystart, t); }},
    {"slow_start_after_idle", [](Settings& s, std::string_view t) { return store(s.config.slow_start_after_idle, t); }},
    {"delayed_ack_max", [](Settings& s, std::string_view t) { return store(s.config.delayed_ack_max, t); }},
    {"invalid_ratelimit", [](Settings& s, std::string_view t) { return store(s.config.invalid_ratelimit, t); }},
    {"moderate_receive_buffer", [](Settings& s, std::string_view t) { return store(s.config.moderate_receive_buffer, t); }},
    {"profile", [](Settings& s, std::string_view t) {
         const auto profile = event::profile_named(t);
         if (profile) s.config = event::config_of(*profile);
         return profile.has_value(); }},
    {"rescue", [](Settings& s, std::string_view t) { return store(s.config.rescue, t); }},
    {"slow_start_limit", [](Settings& s, std::string_view t) { return store(s.config.slow_start_limit, t); }},
    {"pacing", [](Settings& s, std::string_view t) { return store(s.config.pacing, t); }},
    {"mtu_base_mss", [](Settings& s, std::string_view t) { return store(s.config.mtu_base_mss, t); }},
    {"mtu_expires", [](Settings& s, std::string_view t) { return store(s.config.mtu_expires, t); }},
    {"resets_per_s", [](Settings& s, std::string_view t) { return store(s.config.resets_per_s, t); }},
    {"strict_timestamps", [](Settings& s, std::string_view t) { return store(s.config.strict_timestamps, t); }},
    {"time_wait_new_timestamps", [](Settings& s, std::string_view t) { return store(s.config.time_wait_new_timestamps, t); }},
    {"time_wait_reuse", [](Settings& s, std::string_view t) {
         using enum event::TimeWaitReuse;
         return choose(s.config.time_wait_reuse, t, {{"on", on}, {"off", off}, {"loopback", loopback}}); }},
    {"syn_cookies", [](Settings& s, std::string_view t) {
         using enum event::SynCookies;
         return choose(s.config.syn_cookies, t, {{"always", always}, {"off", off}, {"on_overflow", on_overflow}}); }},
    {"mtu_probing", [](Settings& s, std::string_view t) {
         using enum event::MtuProbing;
         return choose(s.config.mtu_probing, t, {{"always", always}, {"off", off}, {"black_hole", black_hole}}); }},
    {"rto_floor", [](Settings& s, std::string_view t) {
         s.config.rto_floor = t == "sum" ? event::RtoFloor::sum : event::RtoFloor::variance;
         return t == "sum" || t == "variance"; }},
    {"initial_window", [](Settings& s, std::string_view t) {
         s.config.initial_window = t == "rfc_6928" ? event::InitialWindow::rfc_6928 : event::InitialWindow::ten_segments;
         return t == "rfc_6928" || t == "ten_segments"; }},
    {"congestion", [](Settings& s, std::string_view t) {
         using enum event::CongestionControl;
         return choose(s.config.congestion, t, {{"cubic", cubic}, {"reno", reno}, {"bbr", bbr}}); }},
    {"ecn", [](Settings& s, std::string_view t) {
         using enum event::Ecn;
         return choose(s.config.ecn, t, {{"on", on}, {"off", off}, {"passive", passive}}); }},
    {"accept_overflow", [](Settings& s, std::string_view t) {
         s.config.accept_overflow = t == "reset" ? event::Overflow::reset : event::Overflow::ignore;
         return t == "reset" || t == "ignore"; }},
    {"time_wait_rst", [](Settings& s, std::string_view t) {
         s.config.time_wait_rst = t == "obey" ? event::TimeWaitRst::obey : event::TimeWaitRst::ignore;
         return t == "obey" || t == "ignore"; }},
});
// clang-format on

}  // namespace

void parse_setting(Words& words, Settings& settings) {
    const Place at = words.place();
    const auto name = words.take();
    for (const Row& row : rows) {
        if (row.name != name) continue;
        const Place value_at = words.place();
        const auto value = words.take();
        if (!row.set(settings, value)) {
            words.complain(value_at, "a value of " + std::string(name), value);
        }
        return;
    }
    words.complain(at, "a setting that docs/howto/scenario.md lists", name);
}

}  // namespace dt::scenario
