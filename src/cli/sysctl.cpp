// The table of sysctls: name, bounds, what it sets.
#include "cli/sysctl.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace dt::cli {

namespace {

struct Sysctl {
    std::string_view name;
    std::int64_t least;
    std::int64_t most;
    void (*set)(Config& config, std::int64_t value);
};

/// Numbers, and switches whose enumerators have Linux's values.
template <auto Member>
void set_number(Config& config, std::int64_t value) {
    auto& field = config.*Member;
    field = static_cast<std::remove_reference_t<decltype(field)>>(value);
}
template <auto Member>
void set_milliseconds(Config& config, std::int64_t value) {
    config.*Member = std::chrono::milliseconds{value};
}
template <auto Member>
void set_seconds(Config& config, std::int64_t value) {
    config.*Member = std::chrono::seconds{value};
}

// By name; names and meanings as in Documentation/networking/ip-sysctl of Linux.
constexpr auto sysctls = std::to_array<Sysctl>({
    {"ip_unprivileged_port_start", 0, 65535, set_number<&Config::unprivileged_port_start>},
    {"somaxconn", 1, 65535, set_number<&Config::somaxconn>},
    {"tcp_abort_on_overflow", 0, 1, set_number<&Config::accept_overflow>},
    {"tcp_dsack", 0, 1, set_number<&Config::dsack>},
    {"tcp_early_retrans", 0, 4, set_number<&Config::early_retransmit>},
    {"tcp_ecn", 0, 2, set_number<&Config::ecn>},
    {"tcp_fin_timeout", 1, 120, set_seconds<&Config::fin_wait_2>},
    {"tcp_frto", 0, 2, set_number<&Config::frto>},
    {"tcp_invalid_ratelimit", 0, 60'000, set_milliseconds<&Config::invalid_ratelimit>},
    {"tcp_max_orphans", 0, 1'000'000, set_number<&Config::orphans_max>},
    {"tcp_max_reordering", 3, 65535, set_number<&Config::reordering_max>},
    {"tcp_max_tw_buckets", 0, 10'000'000, set_number<&Config::time_wait_max>},
    {"tcp_min_rtt_wlen", 0, 86400, set_seconds<&Config::min_rtt_window>},
    {"tcp_moderate_rcvbuf", 0, 1, set_number<&Config::moderate_receive_buffer>},
    {"tcp_orphan_retries", 1, 255, set_number<&Config::orphan_retries>},
    {"tcp_recovery", 0, 7, set_number<&Config::recovery>},
    {"tcp_reordering", 1, 300, set_number<&Config::reordering>},
    {"tcp_retries1", 1, 255, set_number<&Config::retries_1>},
    {"tcp_retries2", 1, 255, set_number<&Config::retries_2>},
    {"tcp_rto_max_ms", 1000, 120'000, set_milliseconds<&Config::rto_max>},
    {"tcp_sack", 0, 1, set_number<&Config::sack>},
    {"tcp_slow_start_after_idle", 0, 1, set_number<&Config::slow_start_after_idle>},
    {"tcp_syn_linear_timeouts", 0, 127, set_number<&Config::syn_linear_timeouts>},
    {"tcp_syn_retries", 1, 127, set_number<&Config::syn_retries>},
    {"tcp_synack_retries", 0, 255, set_number<&Config::synack_retries>},
    {"tcp_timestamps", 0, 1, set_number<&Config::timestamps>},
    {"tcp_window_scaling", 0, 1, set_number<&Config::window_scaling>},
});

}  // namespace

std::optional<Problem> set_sysctl(Config& config, std::string_view name, std::int64_t value) {
    std::array<std::string_view, sysctls.size()> names{};
    std::ranges::transform(sysctls, names.begin(), &Sysctl::name);
    const auto* const found = std::ranges::find(sysctls, name, &Sysctl::name);
    if (found == sysctls.end()) {
        const auto near = link::nearest(name, names);
        return Problem{fmt::format("unknown sysctl `{}`", name),
                       near ? fmt::format("did you mean `{}`?", *near)
                            : fmt::format("sysctls: {}", fmt::join(names, ", ")),
                       exit_usage,
                       {}};
    }
    if (value < found->least || value > found->most) {
        return Problem{fmt::format("sysctl {} is {}, its bounds are {} to {}", name, value,
                                   found->least, found->most),
                       "",
                       exit_usage,
                       {}};
    }
    found->set(config, value);
    return std::nullopt;
}

}  // namespace dt::cli
