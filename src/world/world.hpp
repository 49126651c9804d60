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
#include "link/link.hpp"
#include "stack/stack.hpp"
#include "world/border.hpp"
#include "world/calls.hpp"
#include "world/recorder.hpp"
#include "world/spec.hpp"

namespace dt::world {

class World {
  public:
    /// Turns within one instant at most; then turn() returns although more is due at it, and
    /// deadline() says so. Only a defect or a storm without delay gets there.
    static constexpr std::size_t rounds_max = 100'000;

    /// `spec` has no problem(). Events reach `sink` in their order: the n-th is event number n.
    World(const Spec& spec, event::Sink& sink);
    ~World();
    World(const World&) = delete;
    World& operator=(const World&) = delete;

    [[nodiscard]] std::optional<HostIndex> host(std::string_view name) const;
    [[nodiscard]] const Spec& spec() const;
    /// Address of `target` that is nearest to `asker` (names resolve by this).
    [[nodiscard]] std::optional<IpAddr> resolve(HostIndex asker, std::string_view target) const;
    /// Of its links, in their order; of one that leases its address only while it has one.
    [[nodiscard]] std::vector<IpAddr> addresses(HostIndex host) const;
    /// Whether a host waits for an address that it leases (Config::dhcp).
    [[nodiscard]] bool is_leasing(HostIndex host) const;
    /// As resolve() for IPv6; nothing where one of the two has none.
    [[nodiscard]] std::optional<IpAddr> resolve_v6(HostIndex asker, std::string_view target) const;
    [[nodiscard]] std::vector<IpAddr> addresses_v6(HostIndex host) const;
    /// lo, then its links in their order, with the addresses that they have now.
    [[nodiscard]] const std::vector<ip::Interface>& interfaces(HostIndex host) const;
    /// Whose address this is.
    [[nodiscard]] std::optional<HostIndex> owner(const IpAddr& address) const;

    /// Calls at `now`; `now` never decreases over the life of a world.
    [[nodiscard]] Calls calls(Instant now, HostIndex host, event::Caller caller);
    /// Tells viewers that a program got a descriptor for a socket.
    void descriptor_given(Instant now, HostIndex host, event::SocketNumber socket,
                          event::Caller caller);

    /// The host goes down without a word and is up again at once: its sockets, connections and
    /// TIME-WAIT records are gone, and its ISNs come from another secret. Peers are not told.
    void restart(Instant now, HostIndex host);
    /// The run is over: hosts give back the addresses that they lease (RFC 2131 §4.4.6). What says
    /// so leaves with the next turn.
    void leave(Instant now);

    /// Runs every stack and link up to `now` until nothing is due at `now` any more (lo included).
    void turn(Instant now);
    [[nodiscard]] Instant deadline() const;
    /// Readiness edges of all hosts, collected by turn(), in one order; the mask is the level now.
    struct Edge {
        HostIndex host = 0;
        sock::ReadinessEdge edge;
    };
    [[nodiscard]] std::optional<Edge> next_readiness(Instant now);

    [[nodiscard]] event::Snapshot snapshot(Instant now, HostIndex host) const;
    /// Frames on links, plus connections with octets, a SYN or a FIN not yet acknowledged: 0 =
    /// nothing is in flight.
    [[nodiscard]] std::size_t in_flight(Instant now) const;
    /// A fault's or impairment's text by its rule number (event::FrameTouched::rule): `loss=1%`.
    [[nodiscard]] std::string_view rule_text(std::uint16_t rule) const;
    /// Number of the latest event.
    [[nodiscard]] std::uint64_t last_event() const;
    [[nodiscard]] const buf::Pool& pool() const;
    /// For frames from outside.
    [[nodiscard]] buf::Pool& pool();

    // The real network that Spec::outside stands for.
    /// Where its frames go; without any, as in a replay, they are forgotten.
    void connect_outside(FrameExit& exit);
    /// Whether its link takes super-segments and checksums that are to be completed, both ways.
    [[nodiscard]] bool offloads_outside() const;
    /// The largest packet of its link, octets of IP.
    [[nodiscard]] std::uint32_t mtu_outside() const;
    /// A frame that it sends at `now`. Asserts that there is an outside.
    void from_outside(Instant now, FramePtr frame);

    /// Records all inputs from now on; call before the first turn and the first call.
    void record_to(Recorder& recorder);
    /// Captures all frames that are sent into links from now on.
    void capture_to(link::PcapngTap& tap);

  private:
    struct Parts;
    std::unique_ptr<Parts> parts_;
};

}  // namespace dt::world
