// What a rule may look at: typed facts of one host, as a back-end found them. Names are Linux's.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "base/time.hpp"
#include "event/state.hpp"
#include "rules/counters.hpp"
#include "wire/address.hpp"

namespace dt::rules {

/// Which timer of a TCP socket is armed (idiag_timer of sock_diag).
enum class Timer : std::uint8_t { none, retransmit, keepalive, time_wait, zero_window_probe };

enum class Protocol : std::uint8_t { tcp, udp };

/// INET_DIAG_SKMEMINFO, octets unless said otherwise.
struct Memory {
    std::uint32_t rmem = 0;
    std::uint32_t rcvbuf = 0;
    std::uint32_t wmem = 0;
    std::uint32_t sndbuf = 0;
    std::uint32_t drops = 0;  ///< packets; of a listener: SYNs it ignored
};

/// The part of struct tcp_info that rules read.
struct TcpInfo {
    event::State state = event::State::closed;
    std::uint8_t retransmits = 0;
    std::uint8_t probes = 0;
    std::uint8_t backoff = 0;
    bool is_app_limited = false;
    std::uint32_t rto_us = 0;
    std::uint32_t snd_mss = 0;
    std::uint32_t unacked = 0;  ///< segments
    std::uint32_t last_data_sent_ms = 0;
    std::uint32_t last_data_recv_ms = 0;
    std::uint32_t last_ack_recv_ms = 0;
    std::uint32_t pmtu = 0;
    std::uint32_t rtt_us = 0;
    std::uint32_t total_retrans = 0;
    std::uint32_t dsack_dups = 0;  ///< segments that had been sent again for nothing
    std::uint32_t notsent_bytes = 0;
    std::uint32_t segs_in = 0;
    std::uint32_t data_segs_in = 0;
    std::uint32_t data_segs_out = 0;
    std::uint64_t bytes_acked = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t busy_us = 0;
    std::uint64_t rwnd_limited_us = 0;
    std::uint64_t sndbuf_limited_us = 0;
};

/// INET_DIAG_SHUTDOWN: which directions the program has shut down, or the peer has ended.
struct Shutdown {
    bool receives_no_more = false;
    bool sends_no_more = false;
};

/// One socket (inet_diag_msg). Of a listener, `rqueue` is the accept queue and `wqueue` its limit.
struct Socket {
    std::uint64_t cookie = 0;  ///< the same socket at another time has the same one
    Endpoint local;
    Endpoint remote;
    Family family = Family::v4;
    Protocol protocol = Protocol::tcp;
    event::State state = event::State::closed;
    Timer timer = Timer::none;
    std::uint8_t retrans = 0;
    std::uint32_t expires_ms = 0;
    std::uint32_t rqueue = 0;
    std::uint32_t wqueue = 0;
    std::uint32_t uid = 0;
    std::uint32_t inode = 0;  ///< 0: no process owns it
    std::uint32_t interface = 0;
    std::uint64_t cgroup = 0;  ///< number of its control group (v2); 0: not told
    std::optional<bool> is_v6only;
    std::optional<Shutdown> shutdown;
    std::optional<Memory> memory;
    std::optional<TcpInfo> info;
};

/// All sockets and counters at one time.
struct Snapshot {
    std::vector<Socket> sockets;
    Counters counters;
};

/// A process that owns sockets.
struct Process {
    std::int32_t pid = 0;
    std::string name;
    std::string command_line;  ///< words with a space between; empty where it cannot be read
    std::optional<std::uint64_t> open_files;
    std::optional<std::uint64_t> open_files_max;  ///< RLIMIT_NOFILE, soft
    std::optional<double> cpu_share;              ///< of one processor, over the window
};

/// Who holds a socket: the process, and one of its descriptors.
struct Owner {
    std::int32_t pid = 0;
    std::int32_t fd = 0;
};

struct LocalAddress {
    IpAddr address;
    std::uint8_t prefix_length = 0;
    std::uint32_t interface = 0;
    bool is_tentative = false;  ///< IPv6 duplicate address detection still runs, or has failed
};

enum class NeighbourState : std::uint8_t { none, incomplete, reachable, failed, other };
struct Neighbour {
    IpAddr address;
    std::uint32_t interface = 0;
    NeighbourState state = NeighbourState::none;
};

/// What `ip route get` says of a destination.
enum class RouteKind : std::uint8_t {
    unicast,
    local,
    broadcast,
    unreachable,
    prohibit,
    blackhole,
    none
};
struct Route {
    RouteKind kind = RouteKind::none;
    std::optional<IpAddr> gateway;
    std::optional<IpAddr> source;
    std::uint32_t interface = 0;
};

struct PortRange {
    std::uint16_t first = 32768;
    std::uint16_t last = 60999;
    [[nodiscard]] bool contains(Port port) const {
        return port.value() >= first && port.value() <= last;
    }
};

/// Settings of the host; nothing where the kernel does not have them or they could not be read.
struct Sysctls {
    std::optional<PortRange> ephemeral;
    std::vector<PortRange> reserved;
    std::optional<std::uint64_t> unprivileged_port_start;
    std::optional<std::uint64_t> somaxconn;
    std::optional<std::uint64_t> max_syn_backlog;
    std::optional<std::uint64_t> syncookies;
    std::optional<std::uint64_t> syn_retries;
    std::optional<std::uint64_t> fin_timeout;
    std::optional<std::uint64_t> max_tw_buckets;
    std::optional<std::uint64_t> max_orphans;
    std::optional<std::uint64_t> tw_reuse;
    std::optional<std::uint64_t> migrate_req;
    std::optional<std::uint64_t> mtu_probing;
    std::optional<std::uint64_t> conntrack_count;
    std::optional<std::uint64_t> conntrack_max;
    std::optional<std::uint64_t> tcp_mem_high;  ///< pages
    std::optional<std::uint64_t> tcp_mem_used;  ///< pages (sockstat)
    std::optional<std::uint64_t> orphans;       ///< sockstat
    std::optional<std::uint64_t> rmem_max;
};

enum class CallKind : std::uint8_t { socket, bind, listen, connect, accept, receive, send };
[[nodiscard]] std::string_view name(CallKind kind);

/// What the descriptor of a call had set when the call returned.
struct SocketOptions {
    bool has_reuse_addr = false;
    bool has_reuse_port = false;
    bool is_v6only = false;
    Endpoint local;   ///< getsockname
    Endpoint remote;  ///< getpeername, or any
    bool is_bound = false;
    bool has_no_delay = false;  ///< TCP_NODELAY
    bool is_listening = false;
    bool is_nonblocking = false;
    bool may_fragment = true;    ///< false: IP_MTU_DISCOVER sets the DF bit
    std::uint32_t path_mtu = 0;  ///< IP_MTU of a connected socket; 0: not known
    Duration receive_limit{};    ///< SO_RCVTIMEO; 0: none
    Duration send_limit{};       ///< SO_SNDTIMEO; 0: none
};

/// A request on a connection that had been used before and then lay idle.
struct Stale {
    Duration idle{};  ///< before the request was written
};

/// A wait for an answer in which the request was sent again by TCP.
struct Repeat {
    Duration waited{};
    std::uint32_t segments = 0;
};

/// A query to a name server that was asked again because no answer had come.
struct Lookup {
    Duration waited{};
    std::uint32_t queries = 0;
};

/// A connect over IPv6 to the same port that the program had begun before, still without answer.
struct Race {
    Endpoint other;
    Duration ahead{};  ///< how long before this one
};

/// Requests on one descriptor that were written in two parts and then waited for.
struct Exchanges {
    std::uint32_t all = 0;
    std::uint32_t held = 0;  ///< the second part was still held back when the wait began
    Duration longest{};
};

/// One call of a traced program, with the kernel's own answer.
struct Call {
    CallKind kind = CallKind::bind;
    std::int32_t error = 0;  ///< errno; 0 where it succeeded
    Protocol protocol = Protocol::tcp;
    Family family = Family::v4;
    Endpoint address;  ///< the argument of bind and connect
    std::uint32_t scope = 0;
    std::int32_t pid = 0;
    std::int32_t fd = -1;
    std::uint32_t euid = 0;
    std::optional<bool> may_bind_low;  ///< CAP_NET_BIND_SERVICE is effective
    std::string program;
    Duration took{};
    std::optional<SocketOptions> options;
    std::optional<TcpInfo> info;     ///< of the descriptor, after the call
    bool was_accepted = false;       ///< the descriptor came from accept()
    bool is_first_receive = false;   ///< nothing was received on it before
    std::uint32_t sends_before = 0;  ///< writes on it that had worked
    bool is_shut_down = false;       ///< the program has shut its sending side down itself
    std::int32_t connect_error = 0;  ///< errno of the last connect on it, where that failed
    std::uint64_t size = 0;          ///< octets of a send
    std::optional<Exchanges> exchanges;
    std::optional<Stale> stale;
    Duration silence{};  ///< before the last request, which went out on an open connection
    std::optional<Repeat> repeat;
    std::optional<Lookup> lookup;
    std::optional<Race> race;
};

/// The result of binding a scratch socket that never listens.
enum class ProbeResult : std::uint8_t { not_made, free, in_use, other };
struct Probe {
    ProbeResult plain = ProbeResult::not_made;
    ProbeResult with_reuse_addr = ProbeResult::not_made;
};

/// What was asked about; all members empty: the whole host.
struct Target {
    std::optional<Endpoint> endpoint;
    bool is_any_address = false;  ///< only the port of `endpoint` was named
    std::optional<std::int32_t> pid;
    [[nodiscard]] bool is_host() const { return !endpoint && !pid; }
};

/// Everything a rule may look at.
struct Evidence {
    Snapshot before;
    Snapshot after;
    Duration window{};
    std::uint32_t uid = 0;
    Sysctls sysctls;
    std::vector<LocalAddress> addresses;
    std::vector<Neighbour> neighbours;
    std::unordered_map<std::uint32_t, Owner> owners;  ///< inode → a process that holds it
    std::map<std::int32_t, Process> processes;
    /// Control groups by number, as paths below their mount: of sockets whose owner is hidden.
    std::map<std::uint64_t, std::string> control_groups;
    Target target;
    std::optional<Call> call;
    std::optional<Route> route;  ///< to the address of `call` or `target`
    Probe probe;

    /// How much a counter rose over the window; nothing where it is not counted.
    [[nodiscard]] std::optional<std::uint64_t> rise(Counter counter) const {
        const auto first = before.counters.at(counter);
        const auto last = after.counters.at(counter);
        if (!first || !last) return std::nullopt;
        return *last >= *first ? *last - *first : 0;
    }
    [[nodiscard]] std::uint64_t rose(Counter counter) const { return rise(counter).value_or(0); }
};

}  // namespace dt::rules
