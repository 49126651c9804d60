// Lanes: several flows in one picture, by hand-made events.
#include "observe/lanes.hpp"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

namespace dt::observe {
namespace {

const Endpoint client{Ipv4{10, 0, 0, 1}, Port{40000}};
const Endpoint proxy{Ipv4{10, 0, 0, 2}, Port{8080}};
const Endpoint relay{Ipv4{10, 0, 1, 1}, Port{40001}};
const Endpoint app{Ipv4{10, 0, 1, 2}, Port{9000}};
constexpr std::uint8_t syn = 0x02, rst = 0x04, ack = 0x10;

/// Writes segments that arrive after 20 ms on the first link and 1 ms on the second.
class Network {
  public:
    Network() { trace.hosts = {{"client", client.addr}, {"proxy", proxy.addr}, {"app", app.addr}}; }

    void add(double ms, event::HostIndex host, const event::Body& body) {
        const auto at = Instant{} + Duration{static_cast<std::int64_t>(ms * 1e6)};
        trace.events.push_back({trace.events.size() + 1, at, host, body});
    }
    event::Segment send(double ms, event::HostIndex host, FourTuple tuple, std::uint8_t flags) {
        event::Segment segment;
        segment.tuple = tuple;
        segment.frame = ++frames_;
        segment.flags = flags;
        add(ms, host, event::SegmentSent{segment});
        return segment;
    }
    void arrive(double ms, event::HostIndex host, event::Segment segment, event::State to,
                event::Cause cause) {
        segment.tuple = segment.tuple.reversed();
        add(ms, host, event::SegmentReceived{segment});
        add(ms, host, event::Transition{segment.tuple, event::State::closed, to, cause});
    }
    [[nodiscard]] Lanes lanes() const { return make_lanes(trace, flows_of(trace), {}); }

    Trace trace;

  private:
    event::FrameId frames_ = 0;
};

/// A client asks a proxy, the proxy asks an application that is not there.
Network refused_behind_a_proxy() {
    Network run;
    const event::Segment first = run.send(0, 0, {client, proxy}, syn);
    run.arrive(20, 1, first, event::State::syn_received, event::Cause::rcv_syn);
    const event::Segment second = run.send(20, 1, {proxy, client}, syn | ack);
    run.arrive(40, 0, second, event::State::established, event::Cause::rcv_syn_ack);
    const event::Segment third = run.send(60, 1, {relay, app}, syn);
    event::Segment arrived = third;
    arrived.tuple = third.tuple.reversed();
    run.add(61, 2, event::SegmentReceived{arrived});
    run.add(61, 2, event::SegmentDropped{arrived, event::Reason::no_listener});
    const event::Segment reset = run.send(61, 2, {app, relay}, rst | ack);
    run.arrive(62, 1, reset, event::State::closed, event::Cause::rcv_rst);
    return run;
}

TEST(Lanes, EachLinkHasItsLaneAndTheNotesSayWhoDidWhat) {
    EXPECT_EQ(lanes_text(refused_behind_a_proxy().lanes(), Paint{}),
              R"(     ms  client               proxy                  app  notes
    0.0  │── S 0:0(0) ─────────▶│                      │  proxy: SYN-RECEIVED
   20.0  │◀─ S. 0:0(0) ack 0 ───│                      │  client: ESTABLISHED
   60.0  │                      │── S 0:0(0) ─────────▶│  ✗L1 app: SYN refused: no listener
   61.0  │                      │◀─ R. 0:0(0) ack 0 ───│  proxy: CLOSED
✗L1 SYN refused: nobody listens on that address and port (p3)              what listens: dialtone ss
)");
}

TEST(Lanes, ASegmentThatOnlyPassesAHostCrossesItsLifeline) {
    Network run = refused_behind_a_proxy();
    const Endpoint far{app.addr, Port{22}};
    run.arrive(103, 2, run.send(100, 0, {client, far}, syn), event::State::syn_received,
               event::Cause::rcv_syn);
    run.arrive(106, 0, run.send(103, 2, {far, client}, syn | ack), event::State::established,
               event::Cause::rcv_syn_ack);
    const std::string text = lanes_text(run.lanes(), Paint{});
    EXPECT_NE(text.find("  100.0  │── S 0:0(0) ──────────┼─────────────────────▶│  app: "),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("  103.0  │◀─ S. 0:0(0) ack 0 ───┼──────────────────────│  client: "),
              std::string::npos)
        << text;
}

TEST(Lanes, FitEveryWidthWithStraightLifelines) {
    for (const std::uint16_t width : std::initializer_list<std::uint16_t>{80, 100, 140}) {
        Paint paint;
        paint.width = width;
        paint.signs = Signs::ascii;
        std::istringstream lines(lanes_text(refused_behind_a_proxy().lanes(), paint));
        std::string line;
        std::getline(lines, line);
        while (std::getline(lines, line)) {
            EXPECT_LE(line.size(), width) << line;
            if (line.starts_with("xL1 ") || line.find("what listens") != std::string::npos)
                continue;
            EXPECT_EQ(line[9], '|') << line;
        }
    }
}

TEST(Lanes, JsonHasTheSameRowsAndNumbers) {
    const Network run = refused_behind_a_proxy();
    const Lanes lanes = run.lanes();
    const auto document = nlohmann::json::parse(lanes_json(lanes, run.trace));
    EXPECT_EQ(document["schema"], "dialtone.lanes/1");
    ASSERT_EQ(document["rows"].size(), lanes.rows.size());
    EXPECT_EQ(document["hosts"], nlohmann::json({"client", "proxy", "app"}));
    EXPECT_EQ(document["rows"][2]["wire"]["packet"], "p3");
    EXPECT_EQ(document["rows"][2]["wire"]["fate"], "refused");
    EXPECT_EQ(document["rows"][1]["notes"][0]["text"], "ESTABLISHED");
    EXPECT_EQ(document["notes"][0]["id"], "L1");
}

}  // namespace
}  // namespace dt::observe
