// What is known of the socket calls and descriptors of a traced program while it runs.
#pragma once

#include <map>
#include <optional>
#include <utility>

#include "doctor/tracer.hpp"
#include "rules/evidence.hpp"

namespace dt::doctor {

/// A call that has begun.
struct Begun {
    rules::Call call;
    rules::Snapshot before;
    Instant since{};
    std::uint64_t result_address = 0;  ///< of getsockopt: where the value goes
    bool never_waits = false;          ///< MSG_DONTWAIT
};

/// What is known of one descriptor.
struct Known {
    std::optional<Begun> connecting;  ///< a connect that has not ended yet
    rules::Counters at_begin;         ///< when the connection began
    Endpoint peer;
    rules::Protocol protocol = rules::Protocol::tcp;
    std::int32_t connect_error = 0;
    bool is_connected = false;
    bool was_accepted = false;
    bool has_received = false;
    bool is_shut_down = false;
    std::uint32_t sends = 0;
    std::uint32_t sends_since_receive = 0;
    bool was_held = false;  ///< the wait that goes on began with unsent data
    rules::Exchanges exchanges;
    Instant last_transfer{};
    std::optional<rules::TcpInfo> at_send;  ///< just after the request was written
    std::optional<rules::Stale> stale;      ///< the last write met CLOSE-WAIT
    Duration silence{};                     ///< before a request that has no answer yet
};

using Key = std::pair<pid_t, int>;  // process, descriptor

/// Queries to name servers that have no answer yet, by process and server.
class Lookups {
  public:
    /// A query goes out; what is to be told where an earlier one has waited in vain.
    [[nodiscard]] std::optional<rules::Lookup> asked(pid_t process, const Endpoint& server,
                                                     Instant now);
    void answered(pid_t process, const Endpoint& server);

  private:
    struct Waiting {
        Instant since{};
        std::uint32_t queries = 0;
    };
    std::map<std::pair<pid_t, Endpoint>, Waiting> waiting_;
};

/// Which kind of call a system call's number is.
[[nodiscard]] std::optional<rules::CallKind> kind_of(std::uint64_t number);
/// Whether MSG_DONTWAIT is among the call's flags.
[[nodiscard]] bool never_waits(const Stop& stop);
/// The octets that a send was given; 0 where they cannot be counted.
[[nodiscard]] std::uint64_t size_of_send(const Stop& stop);
/// The first stop of a call: who calls, and when.
[[nodiscard]] Begun begin(const Stop& stop, rules::CallKind kind);

}  // namespace dt::doctor
