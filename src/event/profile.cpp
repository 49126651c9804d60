// Profiles as differences from the defaults.
#include "event/profile.hpp"

namespace dt::event {

namespace {

using namespace std::chrono_literals;

// Where the spec lets Linux rule, what the RFCs say instead (spec 7).
Config of_rfc() {
    Config config;
    config.rto_min = 1s;  // DEC-01: RFC 6298 §2.4
    config.rto_floor = RtoFloor::sum;
    config.syn_retries = 7;  // DEC-02: 255 s, beyond the 3 min of RFC 9293 MUST-23
    config.syn_linear_timeouts = 0;
    config.strict_timestamps = Switch::on;            // DEC-08: RFC 7323 §3.2
    config.initial_window = InitialWindow::rfc_6928;  // DEC-22
    config.slow_start_limit = 1;                      // DEC-23: RFC 5681 §3.1
    config.time_wait_new_timestamps = Switch::on;     // DEC-24: RFC 6191 §2
    config.time_wait_reuse = TimeWaitReuse::off;
    config.rescue = Switch::on;  // RFC 6675 §5
    config.rtt_clear_after = 3;  // RFC 6298 §5
    return config;
}

// tcp(4), syncache(4) and the sources of FreeBSD 14.
Config of_freebsd() {
    Config config;
    config.somaxconn = 128;
    config.synack_retries = 3;  // syncache.rexmtlimit
    config.syn_retries = 12;    // TCP_MAXRXTSHIFT, cut off by keepinit
    config.syn_linear_timeouts = 0;
    config.retries_2 = 12;
    config.rtt_clear_after = 4;  // the first count above TCP_MAXRXTSHIFT / 4
    config.port_first = 10'000;
    config.port_last = 65'535;
    config.rto_min = 30ms;  // rexmit_min
    config.rto_floor = RtoFloor::sum;
    config.rto_max = 64s;
    config.early_retransmit = 0;  // no tail loss probe, RACK or F-RTO in the default stack
    config.frto = 0;
    config.recovery = 0;
    config.rescue = Switch::on;
    config.initial_window = InitialWindow::rfc_6928;  // initcwnd_segments
    config.slow_start_limit = 2;                      // abc_l_var
    config.hystart = Switch::off;
    config.quick_acks = 0;                               // every second segment from the start
    config.delayed_ack = config.delayed_ack_max = 40ms;  // delacktime
    config.resets_per_s = 200;                           // icmplim
    config.time_wait_reuse = TimeWaitReuse::off;
    config.receive_buffer = 65'536;
    config.send_buffer = 32'768;
    config.receive_buffer_max = config.send_buffer_max = 2'097'152;
    return config;
}

}  // namespace

Config config_of(Profile profile) {
    switch (profile) {
        case Profile::linux: return {};
        case Profile::rfc: return of_rfc();
        case Profile::freebsd: return of_freebsd();
    }
    return {};
}

std::optional<Profile> profile_named(std::string_view name) {
    if (name == "linux") return Profile::linux;
    if (name == "rfc") return Profile::rfc;
    if (name == "freebsd") return Profile::freebsd;
    return std::nullopt;
}

}  // namespace dt::event
