// The kernel counters that rules read, under the names of /proc/net/snmp and /proc/net/netstat.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace dt::rules {

/// One counter of a network namespace. The closed list of what any rule looks at.
enum class Counter : std::uint8_t {
    attempt_fails,
    estab_resets,
    out_rsts,
    retrans_segs,
    out_segs,
    in_segs,
    in_csum_errors,
    icmp_in_dest_unreachs,
    icmp_out_dest_unreachs,
    udp_no_ports,
    udp_rcvbuf_errors,
    udp_sndbuf_errors,
    udp_in_csum_errors,
    listen_overflows,
    listen_drops,
    syncookies_sent,
    syncookies_failed,
    req_q_full_do_cookies,
    req_q_full_drop,
    defer_accept_drop,
    abort_on_data,
    abort_on_close,
    abort_on_memory,
    abort_on_timeout,
    timeouts,
    loss_probes,
    syn_retrans,
    lost_retransmit,
    spurious_rtos,
    delayed_acks,
    to_zero_window_adv,
    win_probe,
    keep_alive,
    challenge_ack,
    syn_challenge,
    time_wait_overflow,
    paws_estab,
    paws_active,
    paws_timewait,
    ts_ecr_rejected,
    reverse_path_filter,
    mtup_success,
    migrate_req_success,
    rcv_q_drop,
    prune_called,
    rcv_pruned,
    ofo_pruned,
    backlog_drop,
    lock_dropped_icmps,
    md5_not_found,
    md5_unexpected,
    md5_failure,
    ao_required,
    min_ttl_drop,
    conntrack_insert_failed,
    conntrack_drop,
    conntrack_early_drop,
};

inline constexpr std::size_t counter_count = 57;

/// `TcpExt.ListenOverflows`, as `nstat` has it, with the table's name in front.
[[nodiscard]] std::string_view name(Counter counter);
/// The counter of that table and name; nothing for the many that no rule reads.
[[nodiscard]] std::optional<Counter> counter_named(std::string_view table, std::string_view field);

/// The value of each counter at one time; nothing where the kernel does not count it.
class Counters {
  public:
    [[nodiscard]] std::optional<std::uint64_t> at(Counter counter) const {
        return values_[static_cast<std::size_t>(counter)];
    }
    void set(Counter counter, std::uint64_t value) {
        values_[static_cast<std::size_t>(counter)] = value;
    }
    /// Adds to what is there already (a table with one row for each processor).
    void add(Counter counter, std::uint64_t value) {
        set(counter, at(counter).value_or(0) + value);
    }

  private:
    std::array<std::optional<std::uint64_t>, counter_count> values_{};
};

}  // namespace dt::rules
