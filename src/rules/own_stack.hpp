// Evidence out of one of our own stacks, live or replayed: the names that Linux's evidence has,
// filled from its snapshots and events, so that the same rules judge it.
#pragma once

#include <map>
#include <span>
#include <string>
#include <vector>

#include "event/config.hpp"
#include "event/event.hpp"
#include "event/snapshot.hpp"
#include "rules/evidence.hpp"

namespace dt::rules {

/// Sockets and counters of a snapshot. Half-open entries, which a snapshot only counts, stand as
/// SYN-RECEIVED sockets of their listener without a peer; what our stack does not count stays
/// unset.
[[nodiscard]] Snapshot snapshot_of(const event::Snapshot& own);

/// Follows the events of one host: what each socket has set, and how its calls ended.
class OwnHost {
  public:
    /// `addresses` are the host's own; loopback need not be among them.
    OwnHost(event::HostIndex host, const event::Config& config, std::vector<IpAddr> addresses);

    /// An event of any host; those of others are passed over.
    void add(const event::Event& event);
    /// What a program is called, where that is known.
    void name_program(std::int32_t pid, std::string name);

    /// The evidence of the time between two snapshots of this host, without a call.
    [[nodiscard]] Evidence evidence(const event::Snapshot& before,
                                    const event::Snapshot& after) const;
    /// The same about the last call that failed; nothing where none has.
    [[nodiscard]] std::optional<Evidence> evidence_of_failure(const event::Snapshot& before,
                                                              const event::Snapshot& after) const;

  private:
    struct Options {
        bool has_reuse_addr = false;
        bool has_reuse_port = false;
        bool has_no_delay = false;
        std::optional<Endpoint> destination;
        Instant connect_began{};
    };

    void call_made(Instant at, const event::CallMade& made);
    void option_set(const event::CallMade& made);
    [[nodiscard]] std::string program(std::int32_t pid) const;
    [[nodiscard]] bool is_own(const IpAddr& address) const;

    event::HostIndex host_;
    std::vector<IpAddr> addresses_;
    Sysctls settings_;
    std::map<event::SocketNumber, Options> options_;
    std::map<std::int32_t, std::string> names_;
    std::vector<Instant> unreachables_;  ///< ICMP destination unreachable that came in
    std::optional<Call> failure_;
};

}  // namespace dt::rules
