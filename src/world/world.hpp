// A world: stacks, links and one order of events. No clock: the simulator, the host and replay run
// the same turns. Everything that happens follows from configuration, seed and the recorded inputs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "event/sink.hpp"
#include "event/snapshot.hpp"
#include "link/spec.hpp"
#include "stack/stack.hpp"
#include "world/recorder.hpp"

namespace dt::world {

using event::HostIndex;

struct HostSpec {
    std::string name;
    Config config;
};

/// What a world is made of; the same value a recording starts with.
struct Spec {
    std::uint64_t seed = 1;
    std::vector<HostSpec> hosts;
    std::vector<link::LinkSpec> links;    // which hosts, delay, loss, rate…
    std::vector<link::FaultSpec> faults;  // "lose exactly the n-th SYN"…
};

/// Calls of a program on one host: as stack::Calls, and recorded.
class Calls;

class World {
  public:
    World(const Spec& spec, event::Sink& sink);
    ~World();

    [[nodiscard]] std::optional<HostIndex> host(std::string_view name) const;
    [[nodiscard]] const Spec& spec() const;
    /// Address of `target` that is nearest to `asker` (names resolve by this).
    [[nodiscard]] std::optional<IpAddr> resolve(HostIndex asker, std::string_view target) const;
    [[nodiscard]] std::vector<IpAddr> addresses(HostIndex host) const;

    /// Calls at `now`; `now` never decreases over the life of a world.
    [[nodiscard]] Calls calls(Instant now, HostIndex host, event::Caller caller);

    /// Runs every stack and link up to `now` until nothing is due at `now` any more (lo included).
    void turn(Instant now);
    [[nodiscard]] Instant deadline() const;
    /// Readiness edges of all hosts since the last turn, in one order.
    struct Edge {
        HostIndex host;
        sock::ReadinessEdge edge;
    };
    [[nodiscard]] std::optional<Edge> next_readiness(Instant now);

    [[nodiscard]] event::Snapshot snapshot(Instant now, HostIndex host) const;
    /// Frames on links plus segments not yet acknowledged: 0 = nothing is in flight.
    [[nodiscard]] std::size_t in_flight() const;
    /// A fault's or impairment's text by its rule number (event::FrameTouched::rule): `loss=1%`.
    [[nodiscard]] std::string_view rule_text(std::uint16_t rule) const;

    /// Records all inputs from now on; call before the first turn.
    void record_to(Recorder& recorder);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::world
