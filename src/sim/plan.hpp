// What one seed makes: a network, the faults of its first seconds, and the programs on it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/time.hpp"
#include "sock/sockets.hpp"
#include "wire/address.hpp"
#include "world/spec.hpp"

namespace dt::sim {

using event::HostIndex;

/// How fast a program reads or writes: at most `chunk` octets, then it rests for `pause`.
struct Pace {
    std::size_t chunk = 65536;
    Duration pause{};
};

/// Of 16 writes, how many say that more is to come (MSG_MORE), and how many that their last octet
/// is urgent (MSG_OOB).
struct WriteMarks {
    std::uint8_t more_of_16 = 0;
    std::uint8_t urgent_of_16 = 0;
    [[nodiscard]] bool are_none() const { return more_of_16 == 0 && urgent_of_16 == 0; }
};

/// How the two ends of a conversation take turns.
enum class Shape : std::uint8_t {
    both_at_once,         ///< each sends what it has; the client shuts first
    echo,                 ///< the server sends back what it receives
    answer_after_end,     ///< the server answers after the client's end of stream (half-close)
    server_closes_first,  ///< the server closes when it has sent and received all
    client_aborts,        ///< the client goes away in the middle
};
inline constexpr std::size_t shapes = 5;

/// A socket option that a program sets before bind() or connect().
struct OptionPlan {
    int level = 0;
    int name = 0;
    std::int32_t value = 0;
    std::string text;  ///< `TCP_NODELAY=1`
};

/// A program that connects, talks, closes, and does it again.
struct ClientPlan {
    HostIndex host = 0;
    std::size_t server = 0;  ///< index in Plan::servers
    Shape shape = Shape::both_at_once;
    std::uint32_t connections = 1;
    Duration start{};
    Duration rest{};         ///< between two connections
    std::uint64_t up = 0;    ///< octets from client to server, of each connection
    std::uint64_t down = 0;  ///< octets from server to client
    Pace reading;
    Pace writing;
    std::uint64_t key = 0;  ///< of the text
    sock::Family family = sock::Family::inet;
    std::vector<OptionPlan> options;
    WriteMarks marks;
};

/// A program that listens and serves every shape.
struct ServerPlan {
    HostIndex host = 0;
    Port port;
    int backlog = 5;
    Duration accepts_from{};  ///< it listens at once and collects connections from then on
    Pace reading;
    sock::Family family = sock::Family::inet;  ///< inet6 serves both
    std::vector<OptionPlan> options;
    WriteMarks marks;
};

/// Two programs that talk in datagrams: one asks, the other sends back what it hears.
struct DatagramPlan {
    HostIndex host = 0;  ///< who asks
    HostIndex peer = 0;
    Port port;
    std::uint32_t count = 1;
    std::size_t octets_max = 0;  ///< of a datagram
    std::int32_t discovery = 0;  ///< IP_MTU_DISCOVER of both
    Duration start{};
    std::uint64_t key = 0;  ///< of the text
    sock::Family family = sock::Family::inet;
};

/// At `at` every clock goes on by `by` at once, as after a sleep of the whole machine.
struct Leap {
    Duration at{};
    Duration by{};
};

/// A host goes down without a word and is up again: its programs start anew.
struct RestartPlan {
    HostIndex host = 0;
    Duration at{};
};

struct Plan {
    std::uint64_t seed = 0;
    world::Spec spec;
    std::vector<ServerPlan> servers;
    std::vector<ClientPlan> clients;
    std::vector<DatagramPlan> datagrams;
    std::vector<Leap> leaps;            // in the order of time
    std::vector<RestartPlan> restarts;  // in the order of time
    /// From here on no fault strikes any more.
    Duration healed{};

    /// A network of two to five hosts with one to six programs, all drawn from `seed`.
    static Plan of(std::uint64_t seed);
    /// For people: one line for each host, link, fault and program.
    [[nodiscard]] std::string text() const;
};

}  // namespace dt::sim
