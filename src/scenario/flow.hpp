// What the script's numbers count from: one flow per pair of ends.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "scenario/script.hpp"

namespace dt::scenario {

/// One conversation between the stack (local) and a peer of the script (remote).
struct Flow {
    FourTuple tuple;
    Seq peer_iss;
    std::optional<Seq> iss;            // of the stack, from its SYN; unknown: numbers are absolute
    bool ended = false;                // the next SYN of the stack begins a new incarnation
    std::int64_t peer_start = 0;       // relative number of the peer's last SYN
    std::uint32_t last_ts = 0;         // last TSval of the stack
    std::vector<std::byte> last_sent;  // the stack's last datagram, for ICMP errors to quote

    /// The number on the wire of what the script says of the stack's octets, and of the peer's.
    [[nodiscard]] Seq ours(const Number& number) const {
        return absolute(number, iss.value_or(Seq{}));
    }
    [[nodiscard]] Seq theirs(const Number& number) const { return absolute(number, peer_iss); }

  private:
    static Seq absolute(const Number& number, Seq base) {
        const auto value = static_cast<std::uint32_t>(number.value);
        return number.kind == Number::Kind::absolute ? Seq{value} : base + value;
    }
};

/// The flows of a script, made when they are first spoken of. References stay good.
class Flows {
  public:
    explicit Flows(Seq peer_iss) : peer_iss_(peer_iss) {}

    [[nodiscard]] Flow& of(const FourTuple& tuple) {
        if (Flow* flow = find(tuple)) return *flow;
        return flows_.emplace_back(
            Flow{.tuple = tuple, .peer_iss = peer_iss_, .iss = {}, .last_sent = {}});
    }
    [[nodiscard]] Flow* find(const FourTuple& tuple) {
        for (Flow& flow : flows_) {
            if (flow.tuple == tuple) return &flow;
        }
        return nullptr;
    }

  private:
    Seq peer_iss_;
    std::deque<Flow> flows_;
};

/// The octet at a relative number of either direction: what is read and sent is compared with it.
[[nodiscard]] constexpr std::byte pattern(std::int64_t number) {
    const auto n = static_cast<std::uint64_t>(number);
    return static_cast<std::byte>((n ^ (n >> 8) ^ (n >> 16)) & 0xff);
}

}  // namespace dt::scenario
