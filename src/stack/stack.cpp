// The one object: core and sockets, and the six verbs.
#include "stack/stack.hpp"

#include <utility>

#include "core/core.hpp"
#include "event/drop_tally.hpp"

namespace dt::stack {

namespace {

/// Passes on what leaves by a link.
class Exit final : public core::Egress {
  public:
    explicit Exit(FrameSink& links) : links_(links) {}

    void take(ip::InterfaceIndex out, FramePtr frame) override {
        links_.take(out, std::move(frame));
    }

  private:
    FrameSink& links_;
};

}  // namespace

struct Stack::Parts {
    Config config;
    event::HostIndex host;
    event::DropTally sink;
    core::Core core;
    sock::Sockets sockets;

    Parts(const Config& given, event::HostIndex host_index, std::uint64_t seed, buf::Pool& pool,
          event::Sink& events)
        : config(given),
          host(host_index),
          sink(events),
          core(config, seed, host_index, pool),
          sockets(config, core) {}

    [[nodiscard]] Turn turn(Instant now) { return {now, config, sink, host}; }
};

Stack::Stack(const Config& config, event::HostIndex host, std::uint64_t seed, buf::Pool& pool,
             event::Sink& sink)
    : parts_(std::make_unique<Parts>(config, host, seed, pool, sink)) {}
Stack::~Stack() = default;

InterfaceIndex Stack::add_interface(const InterfaceConfig& config) {
    ip::Interface interface;
    interface.name = config.name;
    interface.mac = config.mac;
    interface.mtu = config.mtu;
    if (!config.address.is_any())
        interface.addresses.push_back({config.address, config.prefix_length});
    if (config.address_v6) interface.addresses.push_back(*config.address_v6);
    interface.vouches = config.checksums == InterfaceConfig::Vouches::yes;
    interface.super_segment_max = config.super_segment_max;
    return parts_->core.ip().add_interface(std::move(interface));
}

void Stack::add_route(const RouteConfig& route) {
    ip::Route added;
    added.destination = route.destination;
    added.gateway = route.gateway;
    added.interface = route.interface;
    parts_->core.ip().add_route(added);
}

void Stack::add_neighbour(Instant now, InterfaceIndex interface, IpAddr address, Mac mac) {
    parts_->core.ip().add_neighbor(parts_->turn(now), {interface, address}, mac);
}

void Stack::reconfigure(const Config& config) {
    parts_->config = config;
    parts_->core.tcp().reconfigure(config);
}

void Stack::set_forwarding(bool on) { parts_->core.ip().set_forwarding(on); }

bool Stack::receive(Instant now, InterfaceIndex in, FramePtr& frame) {
    return parts_->core.receive(parts_->turn(now), in, frame);
}

Calls Stack::calls(Instant now, event::Caller caller) {
    const Turn turn = parts_->turn(now);
    parts_->core.deliver_joined(turn);
    return {parts_->sockets, turn, caller};
}

void Stack::advance(Instant now) { parts_->core.advance(parts_->turn(now)); }

bool Stack::transmit(Instant now, FrameSink& sink, std::size_t budget) {
    Exit exit(sink);
    return parts_->core.transmit(parts_->turn(now), exit, budget);
}

std::optional<sock::ReadinessEdge> Stack::next_readiness(Instant now) {
    const Turn turn = parts_->turn(now);
    parts_->core.deliver_joined(turn);
    return parts_->sockets.next_readiness(turn);
}

Instant Stack::deadline() const { return parts_->core.deadline(); }

event::Snapshot Stack::snapshot(Instant now) const {
    event::Snapshot snapshot;
    snapshot.at = now;
    snapshot.host = parts_->host;
    parts_->sockets.snapshot(now, snapshot);
    snapshot.counters.dropped = parts_->sink.counts();
    return snapshot;
}

const std::vector<ip::Interface>& Stack::interfaces() const {
    return parts_->core.ip().interfaces();
}

bool Stack::is_leasing() const { return parts_->core.ip().is_leasing(); }

void Stack::give_back_leases(Instant now) { parts_->core.ip().give_back_leases(parts_->turn(now)); }

std::size_t Stack::frames_on_lo() const { return parts_->core.in_loopback(); }

const Config& Stack::config() const { return parts_->config; }

}  // namespace dt::stack
