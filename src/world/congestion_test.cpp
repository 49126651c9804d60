// What flows get from a path, with whole stacks over a link of the simulator: bounds in virtual
// time. bench/congestion has the experiments from which they come.
#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "link/grammar.hpp"
#include "world/world.hpp"

namespace dt::world {
namespace {

using event::CongestionControl;

/// A link with a delay, a rate and a buffer before it, and what else is said of it.
struct PathOf {
    CongestionControl control = CongestionControl::cubic;
    Duration rtt{};
    std::uint64_t mbit = 0;
    std::string settings;  // `loss=1%`
    std::string fault;
    event::Ecn ecn = Config{}.ecn;
};

std::uint64_t bdp(const PathOf& path) {
    const double seconds = std::chrono::duration<double>(path.rtt).count();
    return static_cast<std::uint64_t>(seconds * static_cast<double>(path.mbit) * 125'000);
}

Spec spec_of(const PathOf& path) {
    Spec spec;
    spec.seed = 7;
    Config config;
    config.congestion = path.control;
    config.ecn = path.ecn;
    // The path alone limits a flow.
    config.receive_buffer = config.receive_buffer_max = config.send_buffer_max =
        static_cast<std::uint32_t>(std::max<std::uint64_t>(16 * bdp(path), 6U << 20U));
    spec.hosts = {{"a", config}, {"b", config}};
    link::LinkItem both{{}, {link::delay_of(path.rtt / 2)}, {}};
    if (path.mbit > 0) both.settings.push_back(link::rate_of(path.mbit * 1'000'000));
    spec.links = {{{"a", "b"}, {both}}};
    const auto add = [&](const std::string& text) {
        spec.links[0].items.push_back(*link::parse_link(text));
    };
    if (path.mbit > 0) add("a->b: queue=" + std::to_string(bdp(path)) + "B");
    if (!path.settings.empty()) add(path.settings);
    if (!path.fault.empty()) spec.faults.push_back(*link::parse_fault(path.fault));
    return spec;
}

/// Flows from `a` to `b`, written and read as fast as they go.
class Flows {
  public:
    explicit Flows(const PathOf& path) : world_(spec_of(path), silent_) {}
    Flows(const PathOf& path, event::Sink& sink) : world_(spec_of(path), sink) {}

    /// Connects now; `octets` are sent, or as many as go.
    void add(std::uint64_t octets = ~std::uint64_t{0}) {
        Flow& flow = flows_.emplace_back();
        flow.octets = octets;
        const Port port{static_cast<std::uint16_t>(8000 + flows_.size())};
        auto server = world_.calls(now, 1, {});
        flow.listener = *server.socket(sock::Family::inet, sock::Type::stream);
        ASSERT_TRUE(server.bind(flow.listener, {IpAddr::any_v4(), port}));
        ASSERT_TRUE(server.listen(flow.listener, 1));
        auto client = world_.calls(now, 0, {});
        flow.near = *client.socket(sock::Family::inet, sock::Type::stream);
        const auto connected = client.connect(flow.near, {*world_.resolve(0, "b"), port});
        ASSERT_EQ(connected.error(), Error::in_progress);
    }
    void run_until(Duration end) {
        while (now < Instant{} + end) {
            turn();
            now = std::clamp(world_.deadline(), now, Instant{} + end);
        }
    }
    /// Octets that flow `index` has brought over.
    [[nodiscard]] std::uint64_t received(std::size_t index) const { return flows_[index].received; }
    /// How the sender of flow `index` sees the path.
    [[nodiscard]] event::PathView path(std::size_t index) const {
        const auto snapshot = world_.snapshot(now, 0);
        for (const event::SocketView& socket : snapshot.sockets) {
            if (socket.socket == flows_[index].near.number() && socket.path) return *socket.path;
        }
        ADD_FAILURE() << "the flow is gone";
        return {};
    }
    /// When the last octet came.
    [[nodiscard]] Instant last_at(std::size_t index) const { return flows_[index].last_at; }

    Instant now{};

  private:
    struct Flow {
        sock::SocketId listener, near;
        std::optional<sock::SocketId> far;
        std::uint64_t octets = 0;
        std::uint64_t written = 0;
        std::uint64_t received = 0;
        Instant last_at{};
    };

    void turn() {
        constexpr int rounds_max = 1'000;
        for (int i = 0; i < rounds_max; ++i) {
            world_.turn(now);
            bool any = false;
            while (const auto edge = world_.next_readiness(now)) {
                any = true;
                for (Flow& flow : flows_) {
                    if (edge->host == 0 && edge->edge.socket == flow.near) write(flow);
                    if (edge->host == 1) read(flow);
                }
            }
            if (!any && world_.deadline() > now) return;
        }
    }
    void write(Flow& flow) {
        constexpr std::uint64_t chunk = 65'536;
        auto calls = world_.calls(now, 0, {});
        while (flow.written < flow.octets) {
            const std::uint64_t wanted = std::min(flow.octets - flow.written, chunk);
            const auto room = calls.writable(flow.near, wanted);
            if (!room) return;
            const std::uint64_t count = std::min<std::uint64_t>(room->size(), wanted);
            ASSERT_TRUE(calls.commit(flow.near, count));
            flow.written += count;
        }
    }
    void read(Flow& flow) {
        auto calls = world_.calls(now, 1, {});
        if (!flow.far) {
            const auto accepted = calls.accept(flow.listener);
            if (!accepted) return;
            flow.far = accepted->socket;
        }
        while (const auto text = calls.readable(*flow.far)) {
            if (text->empty()) return;
            flow.received += text->size();
            flow.last_at = now;
            ASSERT_TRUE(calls.consume(*flow.far, text->size()));
        }
    }

    event::NullSink silent_;
    World world_;
    std::vector<Flow> flows_;
};

/// Octets of text that the rate lets through in `span`, where every frame is full.
double line(const PathOf& path, Duration span) {
    return static_cast<double>(path.mbit) * 125'000 * std::chrono::duration<double>(span).count() *
           1448 / 1514;
}

double use(const PathOf& path, Duration from, Duration to) {
    Flows flows(path);
    flows.add();
    flows.run_until(from);
    const std::uint64_t before = flows.received(0);
    flows.run_until(to);
    return static_cast<double>(flows.received(0) - before) / line(path, to - from);
}

class Sharing : public testing::TestWithParam<CongestionControl> {};
TEST_P(Sharing, TCP_CC_035_two_flows_come_within_a_tenth_of_their_halves) {
    const PathOf path{GetParam(), 40ms, 10, {}, {}};
    Flows flows(path);
    flows.add();
    flows.run_until(1s);
    flows.add();
    flows.run_until(30s);
    const std::vector<std::uint64_t> before{flows.received(0), flows.received(1)};
    flows.run_until(60s);
    const double half = line(path, 30s) / 2;
    for (std::size_t i = 0; i < before.size(); ++i) {
        const double share = static_cast<double>(flows.received(i) - before[i]) / half;
        EXPECT_GT(share, 0.9) << i;
        EXPECT_LT(share, 1.1) << i;
    }
}
INSTANTIATE_TEST_SUITE_P(All, Sharing,
                         testing::Values(CongestionControl::reno, CongestionControl::cubic,
                                         CongestionControl::bbr));

// RFC 8985 §7.2: the probe leaves two round trips behind the tail, and its SACK shows the other
// loss; the retransmission timer would wait for 250 ms behind the last ACK, which comes at 100 ms.
TEST(TailProbe, TCP_LOSS_033_a_lost_tail_is_repaired_before_the_timeout) {
    const PathOf path{CongestionControl::cubic, 50ms, 0, {}, "a->b: drop,seg=data,nth=9..10"};
    Flows flows(path);
    flows.add(std::uint64_t{10} * 1448);
    flows.run_until(5s);
    ASSERT_EQ(flows.received(0), 10U * 1448);
    const Duration probe = 100ms + 2 * 50ms + 2ms;
    const Duration way = 25ms;
    EXPECT_LE(flows.last_at(0), Instant{} + probe + 3 * way + 2ms);
    EXPECT_GT(flows.last_at(0), Instant{} + probe + way);
}

// An overflow in slow start loses every other segment of a window: thousands of holes, which the
// receiver must hold, or what came through is sent again and the line stands idle.
class FastLongPath : public testing::TestWithParam<CongestionControl> {};
TEST_P(FastLongPath, AnOverflowOfSlowStartLeavesTheLineFull) {
    const PathOf path{GetParam(), 100ms, 500, {}, {}};
    EXPECT_GT(use(path, 1500ms, 2500ms), 0.95);
}
INSTANTIATE_TEST_SUITE_P(All, FastLongPath,
                         testing::Values(CongestionControl::cubic, CongestionControl::bbr));

// Jitter makes each sample another: SRTT moves whenever one was taken (RFC 6298 §3).
TEST(Samples, TCP_RTO_007_a_bulk_flow_gives_one_each_round_trip) {
    const PathOf path{CongestionControl::cubic, 40ms, 10, "jitter=3ms", {}};
    Flows flows(path);
    flows.add();
    flows.run_until(500ms);
    Duration before{};
    for (int i = 0; i < 50; ++i) {
        flows.run_until(flows.now - Instant{} + 100ms);  // a round trip and a full queue
        const Duration srtt = flows.path(0).srtt;
        EXPECT_NE(srtt, before) << i;
        before = srtt;
    }
}

// RFC 8961 §4: what is lost is found, each finding cuts or proves to be none, and samples go on.
TEST(Samples, TCP_RTO_020_a_lossy_path_is_sampled_and_each_loss_cuts_or_was_none) {
    class Episodes final : public event::Sink {
      public:
        void on_event(Instant, event::HostIndex, const event::Body& body) override {
            using event::CongestionState;
            if (const auto* touched = std::get_if<event::FrameTouched>(&body))
                lost += touched->fate == event::FrameFate::lost ? 1U : 0U;
            if (const auto* sent = std::get_if<event::SegmentSent>(&body))
                again += sent->segment.retransmission > 0 ? 1U : 0U;
            const auto* change = std::get_if<event::CongestionChange>(&body);
            if (change == nullptr) return;
            const bool begins =
                change->to == CongestionState::recovery || change->to == CongestionState::loss;
            if (begins) {
                ++cuts;
                EXPECT_NE(change->ssthresh, 0U);
            }
            if (change->reason == event::Reason::loss_repaired) ++repaired;
            if (change->reason == event::Reason::loss_was_none) ++none;
        }
        unsigned lost = 0, again = 0, cuts = 0, repaired = 0, none = 0;
    };
    const PathOf path{CongestionControl::cubic, 200ms, 10, "a->b: loss=5%,jitter=3ms", {}};
    Episodes episodes;
    Flows flows(path, episodes);
    flows.add();
    flows.run_until(5s);
    event::PathView before = flows.path(0);
    unsigned steps = 0;
    for (int i = 0; i < 100; ++i) {
        flows.run_until(flows.now - Instant{} + 400ms);
        const event::PathView after = flows.path(0);
        if (after.octets_acked > before.octets_acked) {
            ++steps;
            EXPECT_NE(after.srtt, before.srtt) << i;
        }
        before = after;
    }
    EXPECT_GT(steps, 50U);
    EXPECT_GT(episodes.lost, 20U);
    EXPECT_GE(episodes.again + 2, episodes.lost) << "each is sent again, if not yet the last";
    EXPECT_GT(episodes.cuts, 5U);
    EXPECT_GT(episodes.repaired + episodes.none, 5U);
}

TEST(BbrOverALongPath, LossOfOneInTwentyCostsLittleMoreThanItsShare) {
    const PathOf path{CongestionControl::bbr, 200ms, 20, "a->b: loss=5%", {}};
    EXPECT_GT(use(path, 8s, 18s), 0.85);
}

// RFC 3168 §6.1.2: a mark halves the window as a loss does, and nothing is sent again.
TEST(MarkingPath, AMarkIsAnsweredOnceAndNothingIsLost) {
    class Changes final : public event::Sink {
      public:
        void on_event(Instant, event::HostIndex, const event::Body& body) override {
            if (const auto* change = std::get_if<event::CongestionChange>(&body))
                reasons.push_back(change->reason);
            if (const auto* sent = std::get_if<event::SegmentSent>(&body))
                again += sent->segment.retransmission > 0 ? 1 : 0;
        }
        std::vector<event::Reason> reasons;
        int again = 0;
    };
    PathOf path{CongestionControl::cubic, 20ms, 0, {}, "a->b: mark,seg=data,nth=30"};
    path.ecn = event::Ecn::on;
    Changes changes;
    Flows flows(path, changes);
    flows.add(1'000'000);
    flows.run_until(5s);
    EXPECT_EQ(flows.received(0), 1'000'000U);
    EXPECT_EQ(std::ranges::count(changes.reasons, event::Reason::marked_by_network), 1);
    EXPECT_EQ(changes.again, 0);
}

}  // namespace
}  // namespace dt::world
