// Reads the evidence of the Linux host.
#include "doctor/host.hpp"

#include <fcntl.h>
#include <linux/netlink.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>

#include "doctor/proc_text.hpp"

namespace dt::doctor {

namespace {

std::optional<std::uint64_t> setting(const std::string& path) {
    const auto numbers = numbers_in(read_text("/proc/sys/net/" + path));
    if (numbers.empty()) return std::nullopt;
    return numbers.front();
}

std::optional<rules::PortRange> ephemeral_range() {
    const auto numbers = numbers_in(read_text("/proc/sys/net/ipv4/ip_local_port_range"));
    if (numbers.size() != 2 || numbers[0] > numbers[1] || numbers[1] > 65535) return std::nullopt;
    return rules::PortRange{static_cast<std::uint16_t>(numbers[0]),
                            static_cast<std::uint16_t>(numbers[1])};
}

}  // namespace

std::string read_text(const std::string& path) {
    const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    std::array<char, 16384> part{};
    while (fd.is_open()) {
        const ssize_t n = ::read(fd.get(), part.data(), part.size());
        if (n <= 0) break;
        text.append(part.data(), static_cast<std::size_t>(n));
    }
    return text;
}

void sleep_for(Duration time) {
    timespec left{time.count() / 1'000'000'000, time.count() % 1'000'000'000};
    while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
    }
}

os::SysResult<Host> Host::open() {
    auto diag = Netlink::open(NETLINK_SOCK_DIAG);
    if (!diag) return std::unexpected(diag.error());
    auto route = Netlink::open(NETLINK_ROUTE);
    if (!route) return std::unexpected(route.error());
    return Host(*std::move(diag), *std::move(route));
}

void Host::note(std::string what, std::string why) {
    const auto is_same = [&](const Unseen& unseen) { return unseen.what == what; };
    if (std::ranges::none_of(unseen_, is_same))
        unseen_.push_back({std::move(what), std::move(why)});
}

rules::Counters Host::counters() {
    rules::Counters counters;
    read_counter_tables(read_text("/proc/self/net/snmp"), counters);
    read_counter_tables(read_text("/proc/self/net/netstat"), counters);
    read_conntrack(read_text("/proc/self/net/stat/nf_conntrack"), counters);
    return counters;
}

rules::Snapshot Host::snapshot() {
    rules::Snapshot snapshot;
    snapshot.sockets.reserve(last_count_ + last_count_ / 16);
    if (const auto status = dump_sockets(diag_, rules::Protocol::tcp, snapshot.sockets); !status) {
        note("TCP sockets", status.error().text());
    }
    if (const auto status = dump_sockets(diag_, rules::Protocol::udp, snapshot.sockets); !status) {
        note("UDP sockets", status.error().text());
    }
    snapshot.counters = counters();
    last_count_ = snapshot.sockets.size();
    return snapshot;
}

void Host::read_settings(rules::Evidence& evidence) {
    rules::Sysctls& settings = evidence.sysctls;
    settings.ephemeral = ephemeral_range();
    settings.reserved = port_ranges(read_text("/proc/sys/net/ipv4/ip_local_reserved_ports"));
    settings.unprivileged_port_start = setting("ipv4/ip_unprivileged_port_start");
    settings.somaxconn = setting("core/somaxconn");
    settings.max_syn_backlog = setting("ipv4/tcp_max_syn_backlog");
    settings.syncookies = setting("ipv4/tcp_syncookies");
    settings.syn_retries = setting("ipv4/tcp_syn_retries");
    settings.fin_timeout = setting("ipv4/tcp_fin_timeout");
    settings.max_tw_buckets = setting("ipv4/tcp_max_tw_buckets");
    settings.max_orphans = setting("ipv4/tcp_max_orphans");
    settings.tw_reuse = setting("ipv4/tcp_tw_reuse");
    settings.migrate_req = setting("ipv4/tcp_migrate_req");
    settings.mtu_probing = setting("ipv4/tcp_mtu_probing");
    settings.rmem_max = setting("core/rmem_max");
    settings.conntrack_count = setting("netfilter/nf_conntrack_count");
    settings.conntrack_max = setting("netfilter/nf_conntrack_max");
    const auto memory = numbers_in(read_text("/proc/sys/net/ipv4/tcp_mem"));
    if (memory.size() == 3) settings.tcp_mem_high = memory[2];
    const std::string totals = read_text("/proc/self/net/sockstat");
    settings.orphans = sockstat(totals, "TCP", "orphan");
    settings.tcp_mem_used = sockstat(totals, "TCP", "mem");
    evidence.addresses.clear();
    evidence.neighbours.clear();
    if (const auto status = dump_addresses(route_, evidence.addresses); !status) {
        note("addresses", status.error().text());
    }
    if (const auto status = dump_neighbours(route_, evidence.neighbours); !status) {
        note("neighbours", status.error().text());
    }
    evidence.uid = ::geteuid();
}

}  // namespace dt::doctor
