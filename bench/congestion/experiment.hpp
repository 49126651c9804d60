// One experiment: flows from host `a` to host `b` over one link of the simulator, whole stacks and
// programs on both, virtual time.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/assert.hpp"
#include "losses.hpp"
#include "path.hpp"
#include "world/world.hpp"

namespace dt::bench {

using event::CongestionControl;

struct FlowPlan {
    CongestionControl control = CongestionControl::cubic;
    std::uint64_t octets = 0;  ///< 0: as long as the experiment
    Duration start{};
};

/// What one flow came to.
struct FlowResult {
    std::uint64_t received = 0;    ///< octets, by the program
    std::optional<Duration> took;  ///< connect() to the last octet, where the size was given
    std::vector<std::uint64_t> received_at;  ///< at each sample, from the beginning
    std::vector<std::uint32_t> cwnd_at;      ///< segments
    std::vector<double> rtt_ms_at;           ///< SRTT
};

struct Result {
    std::vector<FlowResult> flows;
    std::uint64_t frames_lost = 0;        ///< by loss
    std::uint64_t frames_overflowed = 0;  ///< by the buffer
    Duration took{};
};

/// Octets that `flow` received between two samples, as bits a second.
inline double rate_between(const FlowResult& flow, std::size_t from, std::size_t to,
                           Duration step) {
    const double seconds =
        std::chrono::duration<double>(step).count() * static_cast<double>(to - from);
    return static_cast<double>(flow.received_at[to] - flow.received_at[from]) * 8 / seconds;
}

class Experiment {
  public:
    /// Ends when every flow has its octets, or at `end`; samples are taken every `sample`.
    Experiment(const PathPlan& path, std::span<const FlowPlan> flows, std::uint64_t seed)
        : world_(spec_of(path, flows, seed), losses_) {
        for (const FlowPlan& each : flows) {
            const auto index = static_cast<std::uint16_t>(flows_.size());
            flows_.push_back({each, Port{static_cast<std::uint16_t>(5'000 + index)}, {}, {}, {}});
        }
        result_.flows.resize(flows_.size());
    }

    Result run(Duration end, Duration sample) {
        for (Flow& flow : flows_) listen(flow);
        Instant next_sample{};
        while (now_ <= Instant{} + end && !is_over()) {
            turn();
            if (now_ >= next_sample) {
                take_sample();
                next_sample += sample;
            }
            now_ = std::max(now_, std::min({world_.deadline(), next_sample, next_start()}));
        }
        result_.frames_lost = losses_.lost;
        result_.frames_overflowed = losses_.overflowed;
        result_.took = now_ - Instant{};
        return result_;
    }

  private:
    struct Flow {
        FlowPlan plan;
        Port port;
        sock::SocketId listener;
        std::optional<sock::SocketId> sender;
        std::optional<sock::SocketId> receiver;
        std::uint64_t written = 0;
        bool is_done = false;
    };

    /// A socket may hold four windows of the path at least, so that the path alone limits it.
    static world::Spec spec_of(const PathPlan& path, std::span<const FlowPlan> flows,
                               std::uint64_t seed) {
        world::Spec spec;
        spec.seed = seed;
        Config config;
        const std::uint64_t window = 4 * (path.bdp() + path.buffer());
        // The receiver offers it from the start: its autotuning would stop at some four products of
        // the rate and the RTT of an empty path, and so keep the queue short by itself.
        config.send_buffer_max = config.receive_buffer_max = config.receive_buffer =
            static_cast<std::uint32_t>(std::max<std::uint64_t>(window, config.receive_buffer_max));
        if (!flows.empty()) config.congestion = flows[0].control;
        spec.hosts = {{"a", config}, {"b", config}};
        for (std::size_t i = 1; i < flows.size(); ++i) {
            if (flows[i].control == config.congestion || spec.hosts.size() > 2) continue;
            spec.hosts.push_back({"c", config});
            spec.hosts.back().config.congestion = flows[i].control;
        }
        return with_links(std::move(spec), path);
    }

    /// Senders and the receiver meet at router `r`, before whose way to `b` the buffer lies.
    static world::Spec with_links(world::Spec spec, const PathPlan& path) {
        const std::string from = spec.hosts.size() > 2 ? "r" : "a";
        if (from == "r") {
            spec.hosts.push_back({"r"});
            spec.links.push_back({{"a", "c", "r"}, {}});
        }
        spec.links.push_back(path.link(from));
        return spec;
    }

    [[nodiscard]] event::HostIndex sender_host(const Flow& flow) const {
        const auto& hosts = world_.spec().hosts;
        return flow.plan.control == hosts[0].config.congestion ? 0 : 2;
    }
    static event::Caller caller_of(const Flow& flow) { return {flow.port.value(), 3}; }

    void listen(Flow& flow) {
        auto calls = world_.calls(now_, 1, caller_of(flow));
        flow.listener = *calls.socket(sock::Family::inet, sock::Type::stream);
        DT_ASSERT(calls.bind(flow.listener, {IpAddr::any_v4(), flow.port}).has_value());
        DT_ASSERT(calls.listen(flow.listener, 1).has_value());
    }

    void connect(Flow& flow) {
        auto calls = world_.calls(now_, sender_host(flow), caller_of(flow));
        flow.sender = *calls.socket(sock::Family::inet, sock::Type::stream);
        const auto to = *world_.resolve(sender_host(flow), "b");
        static_cast<void>(calls.connect(*flow.sender, {to, flow.port}));
    }

    void turn() {
        for (Flow& flow : flows_) {
            if (!flow.sender && now_ >= Instant{} + flow.plan.start) connect(flow);
        }
        constexpr int rounds_max = 1'000;
        for (int i = 0; i < rounds_max; ++i) {
            world_.turn(now_);
            bool any = false;
            while (const auto edge = world_.next_readiness(now_)) {
                any = true;
                for (std::size_t f = 0; f < flows_.size(); ++f) {
                    if (edge->host == 1) read(flows_[f], result_.flows[f], edge->edge.socket);
                    if (edge->host != 1 && flows_[f].sender == edge->edge.socket &&
                        edge->host == sender_host(flows_[f]))
                        write(flows_[f]);
                }
            }
            if (!any && world_.deadline() > now_) return;
        }
    }

    void write(Flow& flow) {
        constexpr std::uint64_t chunk = 65'536;
        auto calls = world_.calls(now_, sender_host(flow), caller_of(flow));
        while (flow.plan.octets == 0 || flow.written < flow.plan.octets) {
            const std::uint64_t left =
                flow.plan.octets == 0 ? chunk : flow.plan.octets - flow.written;
            const auto room = calls.writable(*flow.sender, std::min(left, chunk));
            if (!room) return;
            const std::size_t count = std::min<std::uint64_t>(room->size(), left);
            DT_ASSERT(calls.commit(*flow.sender, count).has_value());
            flow.written += count;
        }
    }

    void read(Flow& flow, FlowResult& result, sock::SocketId which) {
        auto calls = world_.calls(now_, 1, caller_of(flow));
        if (which == flow.listener) {
            const auto accepted = calls.accept(flow.listener);
            if (accepted) flow.receiver = accepted->socket;
        }
        if (!flow.receiver || (which != *flow.receiver && which != flow.listener)) return;
        while (const auto text = calls.readable(*flow.receiver)) {
            if (text->empty()) return;
            result.received += text->size();
            DT_ASSERT(calls.consume(*flow.receiver, text->size()).has_value());
        }
        if (flow.plan.octets == 0 || flow.is_done || result.received < flow.plan.octets) return;
        flow.is_done = true;
        result.took = now_ - (Instant{} + flow.plan.start);
    }

    void take_sample() {
        for (std::size_t i = 0; i < flows_.size(); ++i) {
            FlowResult& flow = result_.flows[i];
            flow.received_at.push_back(flow.received);
            flow.cwnd_at.push_back(0);
            flow.rtt_ms_at.push_back(0);
            if (!flows_[i].sender) continue;
            const auto snapshot = world_.snapshot(now_, sender_host(flows_[i]));
            for (const event::SocketView& socket : snapshot.sockets) {
                if (socket.socket != flows_[i].sender->number() || !socket.path) continue;
                flow.cwnd_at.back() = socket.path->cwnd;
                flow.rtt_ms_at.back() =
                    std::chrono::duration<double, std::milli>(socket.path->srtt).count();
            }
        }
    }

    [[nodiscard]] Instant next_start() const {
        Instant next = never;
        for (const Flow& flow : flows_) {
            if (!flow.sender) next = std::min(next, Instant{} + flow.plan.start);
        }
        return next;
    }
    [[nodiscard]] bool is_over() const { return std::ranges::all_of(flows_, &Flow::is_done); }

    Losses losses_;
    world::World world_;
    std::vector<Flow> flows_;
    Instant now_{};
    Result result_;
};

}  // namespace dt::bench
