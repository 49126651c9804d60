// The ladder against the transcript users were promised, and its properties on crossing segments.
#include "observe/ladder.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <string>

#include "observe/notes.hpp"

namespace dt::observe {
namespace {

using event::Call;
using event::Cause;
using event::QueueStep;
using event::State;

const Endpoint client{Ipv4{10, 0, 0, 1}, Port{40000}};
const Endpoint server{Ipv4{10, 0, 0, 2}, Port{8080}};
const Endpoint wildcard{IpAddr::any_v4(), Port{8080}};

/// Writes a run by hand: times in milliseconds, sequence numbers relative to the ISNs.
class Script {
  public:
    Script() {
        trace.hosts = {{"client", client.addr}, {"server", server.addr}};
        trace.programs = {{4711, "curl"}, {4709, "hello"}};
    }

    struct Sent {
        std::uint8_t flags;
        std::uint32_t seq;
        std::uint32_t length;
        std::uint32_t ack;
        std::uint8_t again = 0;
    };

    void add(double ms, event::HostIndex host, const event::Body& body) {
        const auto at = Instant{} + Duration{std::llround(ms * 1e6)} + std::chrono::seconds{1};
        trace.events.push_back({trace.events.size() + 1, at, host, body});
    }
    event::FrameId send(double ms, event::HostIndex host, Sent sent) {
        event::Segment segment;
        segment.tuple = tuple(host);
        segment.frame = ++frame_;
        segment.seq = isn(host) + sent.seq;
        segment.ack = isn(1 - host) + sent.ack;
        segment.length = sent.length;
        segment.flags = sent.flags;
        segment.retransmission = sent.again;
        last_ = segment;
        add(ms, host, event::SegmentSent{segment});
        return segment.frame;
    }
    void arrive(double ms, event::HostIndex host) { arrive(ms, host, last_); }
    void arrive(double ms, event::HostIndex host, event::Segment segment) {
        segment.tuple = tuple(host);
        add(ms, host, event::SegmentReceived{segment});
    }
    void drop(double ms, event::HostIndex host, event::Reason reason) {
        event::Segment segment = last_;
        segment.tuple = tuple(host);
        add(ms, host, event::SegmentDropped{segment, reason});
    }
    void move(double ms, event::HostIndex host, State to, Cause cause) {
        add(ms, host, event::Transition{tuple(host), State::closed, to, cause});
    }
    void queue(double ms, QueueStep step, std::uint32_t syn, std::uint32_t accept,
               std::uint32_t limit = 5) {
        event::QueueChange change;
        change.listener = wildcard;
        change.step = step;
        change.tuple = tuple(1);
        change.syn_queue = syn;
        change.accept_queue = accept;
        change.limit = limit;
        add(ms, 1, change);
    }
    void call(double ms, event::HostIndex host, event::CallMade made) {
        made.caller = {host == 0 ? 4711 : 4709, made.caller.fd};
        add(ms, host, made);
    }
    void bytes(double ms, event::HostIndex host, event::Direction way, std::uint64_t count,
               event::BytesMoved::End end = event::BytesMoved::End::no) {
        add(ms, host, event::BytesMoved{tuple(host), 7, {}, way, count, end});
    }
    [[nodiscard]] event::Segment last() const { return last_; }

    [[nodiscard]] Ladder ladder(LadderOptions options = {}) const {
        return make_ladder(trace, flows_of(trace).front(), options);
    }

    static FourTuple tuple(event::HostIndex host) {
        return host == 0 ? FourTuple{client, server} : FourTuple{server, client};
    }
    static Seq isn(int host) { return Seq{host == 0 ? 0xFFFFFFF0U : 7000U}; }

    Trace trace;

  private:
    event::FrameId frame_ = 0;
    event::Segment last_;
};

constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;

event::CallMade made(Call call, event::SocketNumber socket, int fd) {
    event::CallMade m;
    m.call = call;
    m.socket = socket;
    m.caller.fd = fd;
    return m;
}

void open_server(Script& run) {
    auto made_socket = made(Call::socket, 0, -1);
    made_socket.created = 1;
    run.call(-212.6, 1, made_socket);
    run.add(-212.6, 1, event::DescriptorGiven{1, {4709, 3}});
    auto option = made(Call::set_option, 1, 3);
    option.level = 1;
    option.name = 2;
    option.value = 1;
    run.call(-212.5, 1, option);
    auto bound = made(Call::bind, 1, 3);
    bound.argument = wildcard;
    run.call(-212.5, 1, bound);
    run.queue(-212.4, QueueStep::opened, 0, 0);
    auto listening = made(Call::listen, 1, 3);
    listening.name = 5;
    listening.local = wildcard;
    run.call(-212.4, 1, listening);
}

void connect_client(Script& run) {
    auto made_socket = made(Call::socket, 0, -1);
    made_socket.created = 2;
    run.call(0.0, 0, made_socket);
    run.add(0.0, 0, event::DescriptorGiven{2, {4711, 5}});
    run.move(0.1, 0, State::syn_sent, Cause::active_open);
    auto connect = made(Call::connect, 2, 5);
    connect.argument = server;
    connect.local = client;
    connect.error = Error::in_progress;
    run.call(0.1, 0, connect);
}

/// The run of `dialtone demo`.
Script demo() {
    Script run;
    open_server(run);
    connect_client(run);
    run.send(0.1, 0, {syn, 0, 0, 0});
    run.arrive(10.1, 1);
    run.queue(10.1, QueueStep::syn_added, 1, 0);
    run.move(10.1, 1, State::syn_received, Cause::rcv_syn);
    run.send(10.1, 1, {syn | ack, 0, 0, 1});
    run.arrive(20.1, 0);
    run.move(20.1, 0, State::established, Cause::rcv_syn_ack);
    run.send(20.1, 0, {ack, 1, 0, 1});
    const event::Segment third = run.last();
    auto error = made(Call::get_option, 2, 5);
    error.level = 1;
    error.name = 4;
    run.call(20.2, 0, error);
    run.bytes(20.3, 0, event::Direction::from_program, 77);
    run.send(20.3, 0, {psh | ack, 1, 77, 1});
    const event::Segment request = run.last();
    run.arrive(30.1, 1, third);
    run.move(30.1, 1, State::established, Cause::rcv_ack_of_syn);
    run.queue(30.1, QueueStep::promoted, 0, 1);
    run.queue(30.2, QueueStep::accepted, 0, 0);
    auto accepted = made(Call::accept, 1, 3);
    accepted.created = 3;
    accepted.argument = client;
    run.call(30.2, 1, accepted);
    run.add(30.2, 1, event::DescriptorGiven{3, {4709, 4}});
    run.arrive(30.3, 1, request);
    run.bytes(30.3, 1, event::Direction::to_program, 77);
    run.bytes(30.5, 1, event::Direction::from_program, 78);
    run.send(30.5, 1, {psh | ack, 1, 78, 78});
    run.arrive(40.5, 0);
    run.bytes(40.5, 0, event::Direction::to_program, 78);
    run.send(40.5, 0, {ack, 78, 0, 79});
    const event::Segment acked = run.last();
    run.move(40.8, 0, State::fin_wait_1, Cause::close);
    run.call(40.8, 0, made(Call::close, 2, 5));
    run.send(40.8, 0, {fin | ack, 78, 0, 79});
    const event::Segment finished = run.last();
    run.arrive(50.5, 1, acked);
    run.arrive(50.8, 1, finished);
    run.move(50.8, 1, State::close_wait, Cause::rcv_fin);
    run.bytes(50.8, 1, event::Direction::to_program, 0, event::BytesMoved::End::yes);
    run.send(50.8, 1, {ack, 79, 0, 79});
    const event::Segment fin_acked = run.last();
    run.move(51.0, 1, State::last_ack, Cause::close);
    run.call(51.0, 1, made(Call::close, 3, 4));
    run.send(51.0, 1, {fin | ack, 79, 0, 79});
    const event::Segment last_fin = run.last();
    run.arrive(60.8, 0, fin_acked);
    run.move(60.8, 0, State::fin_wait_2, Cause::rcv_ack_of_fin);
    run.arrive(61.0, 0, last_fin);
    run.move(61.0, 0, State::time_wait, Cause::rcv_fin);
    run.send(61.0, 0, {ack, 79, 0, 80});
    run.arrive(71.0, 1);
    run.move(71.0, 1, State::closed, Cause::rcv_ack_of_fin);
    return run;
}

constexpr std::string_view demo_text =
    R"(     ms client 10.0.0.1        │                           │ server 10.0.0.2            ms SYN  ACC
        curl[4711]             │                           │ hello[4709]
                               │                           │ socket() = 3           -212.6
                               │                           │ SO_REUSEADDR(3) = 1    -212.5
                               │                           │ bind(3, *:8080)        -212.5
                               │                           │ listen(3, 5)   LISTEN  -212.4   0  0/5
    0.0 socket() = 5           │                           │
    0.1 connect(5) EINPROGRESS │                           │
    0.1 SYN-SENT               │── S 0:0(0) ──────────────▶│ SYN-RECEIVED             10.1   1  0/5
   20.1 ESTABLISHED            │◀── S. 0:0(0) ack 1 ───────│                          10.1
   20.1                        │── . 1:1(0) ack 1 ────────▶│ ESTABLISHED              30.1   0  1/5
   20.2 SO_ERROR(5) = 0        │                           │ accept(3) = 4            30.2   0  0/5
   20.3 ▸ 77 B                 │── P. 1:78(77) ack 1 ─────▶│ ◂ 77 B                   30.3
   40.5 ◂ 78 B                 │◀── P. 1:79(78) ack 78 ────│ ▸ 78 B                   30.5
   40.5                        │── . 78:78(0) ack 79 ─────▶│                          50.5
   40.8 last close of 5        │                           │
   40.8 FIN-WAIT-1             │── F. 78:78(0) ack 79 ────▶│ CLOSE-WAIT               50.8
   60.8 FIN-WAIT-2             │◀── . 79:79(0) ack 79 ─────│ ◂ EOF                    50.8
                               │                           │ last close of 4          51.0
   61.0 TIME-WAIT 60 s         │◀── F. 79:79(0) ack 79 ────│ LAST-ACK                 51.0
   61.0                        │── . 79:79(0) ack 80 ─────▶│ CLOSED                   71.0
)";

TEST(Ladder, DrawsTheDemoAsPromised) {
    EXPECT_EQ(ladder_text(demo().ladder(), Paint{}), demo_text);
}

TEST(Ladder, PlainTextHasNoEscapeAndAsciiHasNoSign) {
    Paint paint;
    paint.signs = Signs::ascii;
    const std::string text = ladder_text(demo().ladder(), paint);
    for (const char c : text) {
        ASSERT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << text;
    }
}

TEST(Ladder, ColoursOnlyWhenAskedFor) {
    Paint paint;
    paint.colour = Colour::on;
    const std::string text = ladder_text(demo().ladder(), paint);
    EXPECT_NE(text.find("\x1b[32mESTABLISHED"), std::string::npos);
    EXPECT_EQ(ladder_text(demo().ladder(), Paint{}).find('\x1b'), std::string::npos);
}

TEST(Ladder, TellsWhatWasLostAndWhatWasIgnored) {
    Script run;
    open_server(run);
    connect_client(run);
    const event::FrameId first = run.send(0.1, 0, {syn, 0, 0, 0});
    run.trace.rules = {"", "loss=1%"};
    run.add(0.1, event::link_host, event::FrameTouched{first, 0, event::FrameFate::lost, 0, 1, {}});
    run.send(1000.0, 0, {syn, 0, 0, 0, 1});
    run.arrive(1010.0, 1);
    run.drop(1010.0, 1, event::Reason::accept_queue_full);
    run.queue(1010.0, QueueStep::syn_ignored, 0, 3, 2);
    const std::string text = ladder_text(run.ladder(), Paint{});
    EXPECT_NE(
        text.find(
            "    0.1 SYN-SENT               │── S 0:0(0) ───────╳       │ ✗L1 lost: loss=1%\n"),
        std::string::npos)
        << text;
    EXPECT_NE(
        text.find(
            " 1000.0 ↻1                     │── S 0:0(0) ──────────────▶│ ✗L2 SYN ignored: full  "
            "1010.0  0  3/2!\n"),
        std::string::npos)
        << text;
    EXPECT_NE(text.find("✗L2 SYN ignored: accept queue of *:8080 is full, 3 waiting, limit 2 (p2)"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("✗L1 lost on the link by its impairment loss=1% (p1)" +
                        std::string(22, ' ') + "next try after 999.9 ms: p2\n"),
              std::string::npos)
        << text;
}

/// One SYN lost on a link with a name.
Script lost_syn(const std::string& link, const std::string& rule) {
    Script run;
    connect_client(run);
    run.trace.rules = {"", rule};
    run.trace.links = {link};
    const event::FrameId first = run.send(0.0, 0, {syn, 0, 0, 0});
    run.add(0.0, event::link_host, event::FrameTouched{first, 0, event::FrameFate::lost, 0, 1, {}});
    run.send(1000.0, 0, {syn, 0, 0, 0, 1});
    return run;
}

TEST(Ladder, ALossNamesItsLinkAndItsRule) {
    EXPECT_NE(
        ladder_text(lost_syn("client<->server", "loss=1%").ladder(), Paint{})
            .find("✗L1 lost on link client<->server by its impairment loss=1% (p1)             "
                  " next try after 1 s: p2\n"),
        std::string::npos)
        << ladder_text(lost_syn("client<->server", "loss=1%").ladder(), Paint{});
    EXPECT_NE(
        ladder_text(lost_syn("client<->server", "client->server: drop,seg=syn,nth=1").ladder(),
                    Paint{})
            .find("✗L1 lost on link client<->server by the fault client->server: "
                  "drop,seg=syn,nth=1 (p1)\n    next try after 1 s: p2\n"),
        std::string::npos);
}

TEST(Ladder, WideNamesInNotesGoOnInTheNextLineAndAreNotCut) {
    const std::string name(60, 'a');
    const std::string text =
        ladder_text(lost_syn(name + "<->" + name, "loss=1%").ladder(), Paint{});
    std::istringstream lines(text);
    std::size_t widest = 0;
    for (std::string line; std::getline(lines, line);) {
        if (line.find(name) == std::string::npos) widest = std::max(widest, cells(line));
    }
    EXPECT_LE(widest, 100U) << text;
    EXPECT_NE(text.find("\n    " + name + "<->" + name + "\n    by its impairment loss=1% (p1)"),
              std::string::npos)
        << text;
}

TEST(Ladder, VerboseTextsAreWhole) {
    LadderOptions options;
    options.detail = LadderOptions::Detail::verbose;
    Script run = demo();
    const std::string text = ladder_text(run.ladder(options), Paint{});
    EXPECT_EQ(text.find("…"), std::string::npos) << text;
    EXPECT_NE(text.find("P. 1:79(78) ack 78 win 0 abs "), std::string::npos) << text;
}

TEST(Ladder, TheWallClockShowsTimesOfDay) {
    LadderOptions options;
    options.wall = WallClock{std::chrono::hours{14} + std::chrono::milliseconds{5}, "UTC"};
    const std::string text = ladder_text(demo().ladder(options), Paint{});
    EXPECT_NE(text.find("14:00:01.025 ESTABLISHED"), std::string::npos) << text;
    EXPECT_TRUE(text.starts_with("         UTC client 10.0.0.1   │")) << text;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) EXPECT_LE(cells(line), 100U) << line;
}

TEST(Ladder, FitsEveryWidthWithAndWithoutSigns) {
    for (const std::uint16_t width : std::initializer_list<std::uint16_t>{80, 90, 100, 120, 140}) {
        for (const Signs signs : {Signs::unicode, Signs::ascii}) {
            Paint paint;
            paint.width = width;
            paint.signs = signs;
            std::istringstream lines(ladder_text(demo().ladder(), paint));
            std::set<std::size_t> lifelines;
            for (std::string line; std::getline(lines, line);) {
                EXPECT_LE(cells(line), width) << line;
                const std::size_t bar = line.find(signs == Signs::ascii ? "|" : "│");
                if (bar != std::string::npos) lifelines.insert(cells(line.substr(0, bar)));
            }
            EXPECT_EQ(lifelines.size(), 1U) << "the left lifeline is no straight line at " << width;
        }
    }
}

TEST(Ladder, NarrowArrowsGiveTheirRoomToTheText) {
    Paint paint;
    paint.width = 80;
    const std::string text = ladder_text(demo().ladder(), paint);
    EXPECT_NE(text.find("│◀ S. 0:0(0) ack 1│"), std::string::npos) << text;
    EXPECT_NE(text.find("│. 1:1(0) ack 1 ─▶│"), std::string::npos) << text;
    EXPECT_NE(text.find("│◀ P. 1:79(78) ac…│"), std::string::npos) << text;
}

TEST(Ladder, ALossShowsItsTextWhereThereIsLittleRoom) {
    Paint paint;
    paint.width = 80;
    const std::string text = ladder_text(lost_syn("a<->b", "loss=1%").ladder(), paint);
    EXPECT_NE(text.find("│── S 0:0(0) ─╳   │"), std::string::npos) << text;
}

TEST(Ladder, AdviceThatSeveralNotesHaveIsGivenOnce) {
    const std::vector<Footnote> notes{{1, "SYN ignored", "p2", "accept() sooner"},
                                      {2, "SYN ignored", "p5", "accept() sooner"}};
    const std::string text = notes_text(notes, Paint{});
    EXPECT_NE(text.find("accept() sooner"), std::string::npos);
    EXPECT_EQ(text.find("accept() sooner"), text.rfind("accept() sooner")) << text;
    EXPECT_NE(text.find("✗L2 SYN ignored (p5)\n"), std::string::npos) << text;
}

TEST(Ladder, AQueueThreeQuartersFullIsYellow) {
    EXPECT_TRUE((Gauge{0, 3, 4}).is_filling());
    EXPECT_FALSE((Gauge{0, 2, 4}).is_filling());
    EXPECT_FALSE((Gauge{0, 0, 0}).is_filling());
}

TEST(Ladder, CrossingSegmentsAreDrawnInTwoRows) {
    Script run;
    run.move(0.0, 0, State::fin_wait_1, Cause::close);
    run.send(0.0, 0, {fin | ack, 80, 0, 1});
    const event::Segment a = run.last();
    run.move(3.0, 1, State::fin_wait_1, Cause::close);
    run.send(3.0, 1, {fin | ack, 90, 0, 80});
    const event::Segment b = run.last();
    run.arrive(10.0, 1, a);
    run.move(10.0, 1, State::closing, Cause::rcv_fin);
    run.arrive(13.0, 0, b);
    run.move(13.0, 0, State::closing, Cause::rcv_fin);
    const Ladder ladder = run.ladder();
    ASSERT_EQ(ladder.rows.size(), 3U);
    EXPECT_EQ(ladder.rows[0].wire->part, Wire::Part::departure);
    EXPECT_EQ(ladder.rows[1].wire->part, Wire::Part::whole);
    EXPECT_EQ(ladder.rows[2].wire->part, Wire::Part::arrival);
    EXPECT_EQ(ladder.rows[2].right.text, "CLOSING");
}

TEST(Ladder, TimeNeverGoesBackDownEitherSide) {
    const Ladder ladder = demo().ladder();
    Instant left = Instant::min();
    Instant right = Instant::min();
    for (const Row& row : ladder.rows) {
        EXPECT_GE(row.left.at.value_or(left), left);
        EXPECT_GE(row.right.at.value_or(right), right);
        left = row.left.at.value_or(left);
        right = row.right.at.value_or(right);
    }
}

TEST(Ladder, SixDataSegmentsWithTheirAcksFoldIntoOneRow) {
    Script run;
    for (int i = 0; i < 8; ++i) {
        run.send(i, 1, {ack, 1 + 1460U * static_cast<unsigned>(i), 1460, 1});
        run.arrive(10 + i, 0);
        run.bytes(10 + i, 0, event::Direction::to_program, 1460);
    }
    run.trace.events.front().host = 1;
    Ladder ladder = run.ladder();
    ASSERT_EQ(ladder.rows.size(), 1U);
    ASSERT_TRUE(ladder.rows[0].fold);
    EXPECT_EQ(ladder.rows[0].fold->segments, 8U);
    EXPECT_EQ(ladder.rows[0].fold->octets, 8U * 1460U);
    LadderOptions open;
    open.open_folds = {1};
    EXPECT_EQ(run.ladder(open).rows.size(), 8U);
    LadderOptions never;
    never.fold_from = 0;
    EXPECT_EQ(run.ladder(never).rows.size(), 8U);
}

TEST(Ladder, JsonHasTheSameRowsAndNumbers) {
    const Script run = demo();
    const Ladder ladder = run.ladder();
    const auto document = nlohmann::json::parse(ladder_json(ladder, run.trace));
    EXPECT_EQ(document["schema"], "dialtone.ladder/1");
    ASSERT_EQ(document["rows"].size(), ladder.rows.size());
    EXPECT_EQ(document["rows"][6]["wire"]["packet"], "p1");
    EXPECT_EQ(document["rows"][6]["right"]["text"], "SYN-RECEIVED");
    EXPECT_EQ(document["rows"][6]["right"]["queues"]["syn"], 1);
}

TEST(Flows, TheFirstSenderIsTheClient) {
    const Script run = demo();
    const auto flows = flows_of(run.trace);
    ASSERT_EQ(flows.size(), 1U);
    EXPECT_EQ(flows[0].client, client);
    EXPECT_EQ(flows[0].server_host, 1);
    EXPECT_EQ(flows[0].segments, 10U);
}

}  // namespace
}  // namespace dt::observe
