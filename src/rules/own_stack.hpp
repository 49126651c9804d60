// Evidence out of one of our own stacks, live or replayed: the names that Linux's evidence has,
// filled from its snapshots and events, so that the same rules judge it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "event/config.hpp"
#include "event/event.hpp"
#include "event/snapshot.hpp"
#include "rules/evidence.hpp"

namespace dt::rules {

/// Sockets and counters of a snapshot, without sockets of ICMP, which no rule is about. Half-open
/// entries, which a snapshot only counts, stand as SYN-RECEIVED sockets of their listener without a
/// peer; what our stack does not count stays unset.
[[nodiscard]] Snapshot snapshot_of(const event::Snapshot& own);

/// A call that did not do what was asked, or a connect that waited as long as for a segment that is
/// sent again.
struct FailedCall {
    std::uint64_t event = 0;  ///< its number
    Instant began{};          ///< of a connect that waited; of the connection that data was for
    Instant at{};
    event::SocketNumber socket = 0;
    Call call;
};

/// Follows the events of one host: what each socket has set and done, and how its calls ended.
class OwnHost {
  public:
    /// `addresses` are the host's own; loopback need not be among them.
    OwnHost(event::HostIndex host, const event::Config& config, std::vector<IpAddr> addresses);

    /// What is told from now on is of a time when the host has these: leases come and go.
    void set_addresses(std::vector<IpAddr> addresses) { addresses_ = std::move(addresses); }
    /// An event of any host; those of others are passed over.
    void add(const event::Event& event);
    /// What a program is called, where that is known.
    void name_program(std::int32_t pid, std::string name);

    /// The last call that failed or waited long. What only would have to wait, has not failed.
    [[nodiscard]] const std::optional<FailedCall>& failure() const { return failure_; }

    /// The evidence of the time between two snapshots of this host, without a call. `after` is of
    /// the time of the event that was added last.
    [[nodiscard]] Evidence evidence(const event::Snapshot& before,
                                    const event::Snapshot& after) const;
    /// The same about the last call that failed; nothing where none has, or on a socket of ICMP.
    [[nodiscard]] std::optional<Evidence> evidence_of_failure(const event::Snapshot& before,
                                                              const event::Snapshot& after) const;

  private:
    /// What is known of one socket.
    struct Known {
        bool is_datagram = false;
        bool is_raw = false;
        bool has_reuse_addr = false;
        bool has_reuse_port = false;
        bool has_no_delay = false;
        bool was_accepted = false;
        bool has_received = false;
        bool is_shut_down = false;  ///< its program sends no more
        std::uint32_t sends = 0;
        std::int32_t connect_error = 0;
        std::optional<Endpoint> peer;
        Instant connection_began{};
        event::Caller owner;
    };

    /// When a connection was heard of last.
    struct Heard {
        std::optional<Instant> sent;      ///< text
        std::optional<Instant> received;  ///< text
        std::optional<Instant> acked;     ///< any segment with ACK
        std::uint32_t syns_again = 0;
    };

    void call_made(const event::Event& event, const event::CallMade& made);
    void segment_moved(Instant at, const event::Segment& segment, event::Step step);
    void bytes_moved(const event::BytesMoved& moved);
    void option_set(const event::CallMade& made);
    void call_ended(const event::Event& event, const event::CallMade& made, CallKind kind,
                    Known& known);
    void add_ages(Instant now, Snapshot& snapshot) const;
    [[nodiscard]] std::string program(std::int32_t pid) const;
    [[nodiscard]] bool is_own(const IpAddr& address) const;

    event::HostIndex host_;
    std::vector<IpAddr> addresses_;
    Sysctls settings_;
    std::map<event::SocketNumber, Known> known_;
    std::map<std::pair<Endpoint, Endpoint>, Heard> heard_;  ///< by local and remote end
    std::map<std::int32_t, std::string> names_;
    std::vector<Instant> unreachables_;  ///< ICMP destination unreachable that came in
    std::vector<Instant> syns_again_;    ///< SYNs that were sent again
    std::optional<FailedCall> failure_;
};

}  // namespace dt::rules
