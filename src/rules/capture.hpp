// What a capture of packets shows of each flow, and the rules' looks at it. Pure: packets in,
// values out.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "base/time.hpp"
#include "rules/rule.hpp"
#include "wire/address.hpp"

namespace dt::rules {

/// One TCP segment of a capture.
struct SeenSegment {
    std::uint64_t packet = 0;  ///< its number in the file, from 1
    Instant at{};
    Endpoint from;
    Endpoint to;
    std::uint32_t seq = 0;
    std::uint32_t ack = 0;
    std::uint32_t length = 0;  ///< of its text
    std::uint16_t window = 0;
    bool has_syn = false;
    bool has_ack = false;
    bool has_fin = false;
    bool has_rst = false;
};

/// Why an ICMP error of a capture says that a segment did not arrive.
enum class Refusal : std::uint8_t { port, host, network, prohibited, protocol, too_big };
struct SeenError {
    std::uint64_t packet = 0;
    Refusal refusal = Refusal::port;
    IpAddr by;
    Endpoint from;  ///< of the segment it quotes
    Endpoint to;
};

/// One direction of a flow.
struct Way {
    Endpoint from;
    std::uint64_t segments = 0;     ///< with text
    std::uint64_t again = 0;        ///< of them: sent before
    std::uint64_t first_again = 0;  ///< packet
    std::uint32_t next_seq = 0;     ///< behind the highest that was sent
    bool has_seq = false;
    std::uint32_t highest_ack = 0;  ///< that the other end has sent
    bool is_acked = false;
    std::uint32_t stuck_seq = 0;  ///< the segment that was sent again last
    std::uint32_t stuck_length = 0;
    std::uint32_t stuck_times = 0;
    std::uint32_t largest_acked = 0;  ///< octets of the longest segment that was acknowledged
    std::uint64_t fin = 0;            ///< packet
    std::uint64_t reset = 0;          ///< packet
    std::uint64_t shut = 0;           ///< packet of the first window of 0 that still stands
    std::uint64_t shut_longest = 0;   ///< packet of the one that stood longest
    Instant shut_at{};
    Duration shut_time{};                            ///< the longest
    std::map<std::uint32_t, std::uint32_t> lengths;  ///< unacknowledged segments by number
};

struct Flow {
    Way client;
    Way server;
    std::vector<std::uint64_t> syns;  ///< packets
    std::uint64_t syn_ack = 0;        ///< packet
    Instant first_syn{};
    Instant answered{};
    std::optional<SeenError> error;
    Instant last{};
};

/// Flows of a capture, in the order of their first packets; at most `flows_max`.
class Capture {
  public:
    static constexpr std::size_t flows_max = 100'000;

    void add(const SeenSegment& segment);
    void add(const SeenError& error);
    [[nodiscard]] std::size_t size() const { return flows_.size(); }
    /// What the rules find in it, worst first.
    [[nodiscard]] Verdict judge() const;

  private:
    Flow* flow_of(const SeenSegment& segment);

    std::vector<Flow> flows_;
    std::map<std::pair<Endpoint, Endpoint>, std::size_t> index_;  // client, server
};

}  // namespace dt::rules
