// The names of the counters.
#include "rules/counters.hpp"

namespace dt::rules {

namespace {

struct Row {
    Counter counter;
    std::string_view name;
};

// clang-format off
constexpr auto rows = std::to_array<Row>({
    {Counter::attempt_fails, "Tcp.AttemptFails"},
    {Counter::estab_resets, "Tcp.EstabResets"},
    {Counter::out_rsts, "Tcp.OutRsts"},
    {Counter::retrans_segs, "Tcp.RetransSegs"},
    {Counter::out_segs, "Tcp.OutSegs"},
    {Counter::in_segs, "Tcp.InSegs"},
    {Counter::in_csum_errors, "Tcp.InCsumErrors"},
    {Counter::icmp_in_dest_unreachs, "Icmp.InDestUnreachs"},
    {Counter::icmp_out_dest_unreachs, "Icmp.OutDestUnreachs"},
    {Counter::udp_no_ports, "Udp.NoPorts"},
    {Counter::udp_rcvbuf_errors, "Udp.RcvbufErrors"},
    {Counter::udp_sndbuf_errors, "Udp.SndbufErrors"},
    {Counter::udp_in_csum_errors, "Udp.InCsumErrors"},
    {Counter::listen_overflows, "TcpExt.ListenOverflows"},
    {Counter::listen_drops, "TcpExt.ListenDrops"},
    {Counter::syncookies_sent, "TcpExt.SyncookiesSent"},
    {Counter::syncookies_failed, "TcpExt.SyncookiesFailed"},
    {Counter::req_q_full_do_cookies, "TcpExt.TCPReqQFullDoCookies"},
    {Counter::req_q_full_drop, "TcpExt.TCPReqQFullDrop"},
    {Counter::defer_accept_drop, "TcpExt.TCPDeferAcceptDrop"},
    {Counter::abort_on_data, "TcpExt.TCPAbortOnData"},
    {Counter::abort_on_close, "TcpExt.TCPAbortOnClose"},
    {Counter::abort_on_memory, "TcpExt.TCPAbortOnMemory"},
    {Counter::abort_on_timeout, "TcpExt.TCPAbortOnTimeout"},
    {Counter::timeouts, "TcpExt.TCPTimeouts"},
    {Counter::loss_probes, "TcpExt.TCPLossProbes"},
    {Counter::syn_retrans, "TcpExt.TCPSynRetrans"},
    {Counter::lost_retransmit, "TcpExt.TCPLostRetransmit"},
    {Counter::spurious_rtos, "TcpExt.TCPSpuriousRTOs"},
    {Counter::delayed_acks, "TcpExt.DelayedACKs"},
    {Counter::to_zero_window_adv, "TcpExt.TCPToZeroWindowAdv"},
    {Counter::win_probe, "TcpExt.TCPWinProbe"},
    {Counter::keep_alive, "TcpExt.TCPKeepAlive"},
    {Counter::challenge_ack, "TcpExt.TCPChallengeACK"},
    {Counter::syn_challenge, "TcpExt.TCPSYNChallenge"},
    {Counter::time_wait_overflow, "TcpExt.TCPTimeWaitOverflow"},
    {Counter::paws_estab, "TcpExt.PAWSEstab"},
    {Counter::paws_active, "TcpExt.PAWSActive"},
    {Counter::paws_timewait, "TcpExt.PAWSTimewait"},
    {Counter::ts_ecr_rejected, "TcpExt.TSEcrRejected"},
    {Counter::reverse_path_filter, "TcpExt.IPReversePathFilter"},
    {Counter::mtup_success, "TcpExt.TCPMTUPSuccess"},
    {Counter::migrate_req_success, "TcpExt.TCPMigrateReqSuccess"},
    {Counter::rcv_q_drop, "TcpExt.TCPRcvQDrop"},
    {Counter::prune_called, "TcpExt.PruneCalled"},
    {Counter::rcv_pruned, "TcpExt.RcvPruned"},
    {Counter::ofo_pruned, "TcpExt.OfoPruned"},
    {Counter::backlog_drop, "TcpExt.TCPBacklogDrop"},
    {Counter::lock_dropped_icmps, "TcpExt.LockDroppedIcmps"},
    {Counter::md5_not_found, "TcpExt.TCPMD5NotFound"},
    {Counter::md5_unexpected, "TcpExt.TCPMD5Unexpected"},
    {Counter::md5_failure, "TcpExt.TCPMD5Failure"},
    {Counter::ao_required, "TcpExt.TCPAORequired"},
    {Counter::min_ttl_drop, "TcpExt.TCPMinTTLDrop"},
    {Counter::conntrack_insert_failed, "nf_conntrack.insert_failed"},
    {Counter::conntrack_drop, "nf_conntrack.drop"},
    {Counter::conntrack_early_drop, "nf_conntrack.early_drop"},
});
// clang-format on

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < rows.size(); ++i) {
        if (static_cast<std::size_t>(rows[i].counter) != i) return false;
    }
    return true;
}
static_assert(rows.size() == counter_count && is_in_order());

}  // namespace

std::string_view name(Counter counter) { return rows[static_cast<std::size_t>(counter)].name; }

std::optional<Counter> counter_named(std::string_view table, std::string_view field) {
    for (const Row& row : rows) {
        if (row.name.size() == table.size() + 1 + field.size() && row.name.starts_with(table) &&
            row.name[table.size()] == '.' && row.name.ends_with(field)) {
            return row.counter;
        }
    }
    return std::nullopt;
}

}  // namespace dt::rules
