// Worlds: two stacks talk over a link, and a recording of it replays to the same events.
#include "world/world.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "link/grammar.hpp"
#include "world/digest.hpp"
#include "world/recording_fixture.hpp"
#include "world/replay.hpp"

namespace dt::world {
namespace {

/// Runs a world in virtual time and makes the calls of both ends.
class Call {
  public:
    explicit Call(World& on) : world(on) {}

    void run_for(Duration span) {
        const Instant end = now + span;
        world.turn(now);
        while (world.deadline() <= end) {
            now = std::max(now, world.deadline());
            world.turn(now);
        }
        now = end;
    }
    Calls client() { return world.calls(now, 0, {.pid = 11, .fd = 5}); }
    Calls server() { return world.calls(now, 1, {.pid = 12, .fd = 3}); }

    /// Listens, connects, accepts.
    void open() {
        listener = *server().socket(sock::Family::inet, sock::Type::stream);
        ASSERT_TRUE(server().bind(listener, {IpAddr::any_v4(), Port{8080}}));
        ASSERT_TRUE(server().listen(listener, 5));
        near = *client().socket(sock::Family::inet, sock::Type::stream);
        const auto connected = client().connect(near, {*world.resolve(0, "server"), Port{8080}});
        ASSERT_EQ(connected.error(), Error::in_progress);
        run_for(10s);
        const auto accepted = server().accept(listener);
        ASSERT_TRUE(accepted);
        far = accepted->socket;
    }
    /// Sends `text` from the client and reads what has arrived after `span`.
    std::string send(const std::string& text, Duration span) {
        std::string got;
        std::size_t sent = 0;
        for (int i = 0; i < 1000 && got.size() < text.size(); ++i) {
            const auto rest = std::as_bytes(std::span(text).subspan(sent));
            if (!rest.empty()) sent += client().send(near, rest).value_or(0);
            run_for(span);
            std::array<std::byte, 4096> room{};
            while (const auto count = server().receive(far, room)) {
                if (*count == 0) break;
                got.append(reinterpret_cast<const char*>(room.data()), *count);
            }
        }
        return got;
    }
    void close() {
        ASSERT_TRUE(client().close(near));
        run_for(10s);
        ASSERT_TRUE(server().close(far));
        run_for(100s);
        ASSERT_TRUE(server().close(listener));
        run_for(1s);
    }

    World& world;
    Instant now{};
    sock::SocketId listener, near, far;
};

std::string some_text(std::size_t length) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + i * 7 % 26);
    return text;
}

TEST(World, TwoHostsTalkOverALinkAndNothingIsLeft) {
    Events events;
    World world(two_hosts("delay=10ms"), events);
    Call call(world);
    call.open();
    EXPECT_EQ(call.send("hello from dialtone", 1s), "hello from dialtone");
    call.close();
    EXPECT_TRUE(world.snapshot(call.now, 0).sockets.empty());
    EXPECT_TRUE(world.snapshot(call.now, 1).sockets.empty());
    EXPECT_EQ(world.in_flight(call.now), 0U);
    EXPECT_EQ(world.pool().frames_in_use(), 0U);
    EXPECT_EQ(world.pool().blocks_in_use(), 0U);
    EXPECT_EQ(world.last_event(), events.list.size());
}

TEST(World, TheHandshakeTakesOneRoundTrip) {
    Events events;
    World world(two_hosts("delay=10ms"), events);
    Call call(world);
    call.open();
    for (const event::Event& each : events.list) {
        const auto* transition = std::get_if<event::Transition>(&each.body);
        if (transition == nullptr || transition->to != event::State::established) continue;
        EXPECT_EQ(each.at - Instant{}, each.host == 0 ? 20ms : 30ms);
    }
}

TEST(World, AFaultLosesTheFirstSynAndSaysWhichRuleItWas) {
    Events events;
    World world(two_hosts("delay=1ms", {"drop,seg=syn,nth=1"}), events);
    Call call(world);
    call.open();
    const auto touched = events.of<event::FrameTouched>();
    ASSERT_EQ(touched.size(), 1U);
    EXPECT_EQ(world.rule_text(touched[0].rule), "drop,seg=syn,nth=1");
    EXPECT_EQ(call.send("after the loss", 1s), "after the loss");
}

TEST(World, TextArrivesWholeOverABadLink) {
    Events events;
    World world(two_hosts("delay=5ms,loss=5%,reorder=3%,dup=3%,corrupt=2%"), events);
    Call call(world);
    call.open();
    const std::string text = some_text(300'000);
    EXPECT_EQ(call.send(text, 2s), text);
    EXPECT_GT(events.of<event::FrameTouched>().size(), 10U);
}

TEST(World, AMiddleHostForwards) {
    Spec spec;
    spec.hosts = {{"client"}, {"server"}, {"router"}};
    spec.links = {{{"client", "router"}, {}}, {{"router", "server"}, {}}};
    Events events;
    World world(spec, events);
    EXPECT_EQ(world.resolve(0, "server"), IpAddr(Ipv4(10, 0, 1, 1)));
    EXPECT_EQ(world.resolve(0, "nobody"), std::nullopt);
    EXPECT_EQ(world.owner(Ipv4(10, 0, 1, 2)), HostIndex{2});
    Call call(world);
    call.open();
    EXPECT_EQ(call.send(some_text(50'000), 1s), some_text(50'000));
}

TEST(World, ACaptureShowsEachFrameOnceWithItsNumber) {
    Events events;
    StringSink file;
    World world(two_hosts("delay=1ms", {"drop,seg=syn,nth=1"}), events);
    link::PcapngTap tap(file, "dialtone", Instant{}, Duration{});
    world.capture_to(tap);
    Call call(world);
    call.open();
    std::size_t sent = 0;
    for (const event::Event& event : events.list) sent += frame_sent(event.body) != 0 ? 1 : 0;
    EXPECT_GE(sent, 4U);
    EXPECT_NE(file.text.find("client/eth0"), std::string::npos);
    EXPECT_NE(file.text.find("p1, lost: drop,seg=syn,nth=1"), std::string::npos);
    EXPECT_NE(file.text.find("p" + std::to_string(sent)), std::string::npos);
}

TEST(World, DeadlineIsNowAfterACall) {
    Events events;
    World world(two_hosts("delay=1ms"), events);
    world.turn(Instant{} + 1s);
    EXPECT_GT(world.deadline(), Instant{} + 1s);
    static_cast<void>(
        world.calls(Instant{} + 2s, 0, {}).socket(sock::Family::inet, sock::Type::stream));
    EXPECT_EQ(world.deadline(), Instant{} + 2s);
}

/// A whole run with faults, recorded.
std::string record_a_run(Events& events, KeepText text = KeepText::lengths,
                         std::uint64_t limit = 64ULL << 20) {
    StringSink sink;
    Recorder recorder(sink, {.build = "test-build", .limit = limit, .text = text});
    World world(two_hosts("delay=5ms,loss=5%,reorder=3%,dup=3%,corrupt=2%", {"drop,seg=syn,nth=1"}),
                events);
    world.record_to(recorder);
    recorder.note("host.0.program", "curl");
    Call call(world);
    call.open();
    world.descriptor_given(call.now, 1, call.far.number(), {.pid = 12, .fd = 4});
    const std::string sent = some_text(100'000);
    EXPECT_EQ(call.send(sent, 1s), sent);
    call.close();
    recorder.end(call.now);
    return sink.text;
}

Octets octets_of(const std::string& text) {
    return std::as_bytes(std::span(text.data(), text.size()));
}

TEST(Replay, DoesWhatWasRecordedWithoutThePrograms) {
    Events recorded;
    const std::string file = record_a_run(recorded);
    ASSERT_GT(recorded.of<event::FrameTouched>().size(), 5U);
    EXPECT_LT(file.size(), 100'000U) << "text is kept as lengths";
    const auto header = read_header(octets_of(file));
    ASSERT_TRUE(header);
    EXPECT_EQ(header->build, "test-build");
    Events replayed;
    Replay replay(*header, octets_of(file), replayed);
    replay.run();
    EXPECT_EQ(replay.difference(), std::nullopt) << replay.difference()->sentence();
    EXPECT_EQ(replay.ending(), Ending::whole);
    ASSERT_EQ(replayed.list.size(), recorded.list.size());
    for (std::size_t i = 0; i < recorded.list.size(); ++i)
        ASSERT_EQ(digest(replayed.list[i]), digest(recorded.list[i])) << "event " << i + 1;
    ASSERT_EQ(replay.notes().size(), 1U);
    EXPECT_EQ(replay.notes()[0].second, "curl");
}

TEST(Recorder, WritesWhenTheRunBeganAndWhatTheWallClockShowed) {
    StringSink sink;
    Recorder recorder(sink, {.build = "b", .wall_offset = 1000s});
    Events events;
    World world(two_hosts("delay=1ms"), events);
    world.record_to(recorder);
    world.turn(Instant{} + 7s);
    recorder.note("pid.1", "curl");
    recorder.end(Instant{} + 8s);
    const auto header = read_header(sink.octets());
    ASSERT_TRUE(header);
    EXPECT_EQ(header->began, Instant{} + 7s);
    EXPECT_EQ(header->wall_offset, 1000s);
    EXPECT_EQ(first_instant(*header, sink.octets()), Instant{} + 7s);
}

TEST(Recorder, ARunThatNeverBeganHasAWholeHeader) {
    StringSink sink;
    Recorder recorder(sink, {.build = "b"});
    Events events;
    World world(two_hosts(""), events);
    world.record_to(recorder);
    recorder.end(Instant{} + 8s);
    const auto header = read_header(sink.octets());
    ASSERT_TRUE(header);
    EXPECT_EQ(header->began, Instant{} + 8s);
    EXPECT_EQ(header->wall_offset, std::nullopt);
}

TEST(Replay, KeepsTextWhereAsked) {
    Events recorded;
    const std::string file = record_a_run(recorded, KeepText::octets);
    EXPECT_GT(file.size(), 100'000U);
    EXPECT_NE(file.find(some_text(1000)), std::string::npos);
    Events replayed;
    Replay replay(*read_header(octets_of(file)), octets_of(file), replayed);
    replay.run();
    EXPECT_EQ(replay.ending(), Ending::whole);
    EXPECT_EQ(replayed.list.size(), recorded.list.size());
}

TEST(Replay, StopsAtATimeAndShowsTheWorldThen) {
    Events recorded;
    const std::string file = record_a_run(recorded);
    Events replayed;
    Replay replay(*read_header(octets_of(file)), octets_of(file), replayed);
    replay.run_until(Instant{} + 9s);
    EXPECT_LE(replay.now(), Instant{} + 9s);
    const auto sockets = replay.world().snapshot(replay.now(), 0).sockets;
    ASSERT_EQ(sockets.size(), 1U);
    EXPECT_EQ(sockets[0].state, event::State::established);
    for (const event::Event& event : replayed.list) EXPECT_LE(event.at, Instant{} + 9s);
}

TEST(Replay, StopsAtAnEventByItsLabel) {
    EXPECT_EQ(EventLabel::from("p31"), (EventLabel{EventLabel::Kind::packet, 31}));
    EXPECT_EQ(EventLabel::from("e90")->text(), "e90");
    EXPECT_EQ(EventLabel::from("x1"), std::nullopt);
    EXPECT_EQ(EventLabel::from("e"), std::nullopt);
    EXPECT_EQ(EventLabel::from("e1x"), std::nullopt);
    Events recorded;
    const std::string file = record_a_run(recorded);
    Events replayed;
    Replay replay(*read_header(octets_of(file)), octets_of(file), replayed);
    replay.run_until_event({EventLabel::Kind::packet, 20});
    std::size_t packets = 0;
    for (const event::Event& event : replayed.list) packets += frame_sent(event.body) != 0 ? 1 : 0;
    EXPECT_GE(packets, 20U);
    EXPECT_LT(replayed.list.size(), recorded.list.size() / 2);
}

TEST(Replay, SaysWhereItDiffers) {
    Events recorded;
    std::string file = record_a_run(recorded);
    // Another state in the mark of the first transition.
    const auto first = std::ranges::find_if(recorded.list, [](const event::Event& event) {
        return std::holds_alternative<event::Transition>(event.body);
    });
    ASSERT_NE(first, recorded.list.end());
    const EventMark mark = EventMark::of(*first);
    const std::string octets{static_cast<char>(0x60 + mark.kind), static_cast<char>(mark.state),
                             static_cast<char>(mark.check & 0xff),
                             static_cast<char>(mark.check >> 8)};
    const std::size_t at = file.find(octets);
    ASSERT_NE(at, std::string::npos);
    file[at + 1] = static_cast<char>(event::State::syn_received);
    Events replayed;
    Replay replay(*read_header(octets_of(file)), octets_of(file), replayed);
    replay.run();
    ASSERT_TRUE(replay.difference());
    EXPECT_EQ(replay.difference()->event, first->number);
    EventCounter counter;
    EventLabel label;
    for (std::size_t i = 0; i < first->number; ++i) label = counter.count(recorded.list[i].body);
    EXPECT_EQ(replay.difference()->sentence(),
              "replay differs from the recording at " + label.text() +
                  ": recorded SYN-RECEIVED, got " +
                  std::string(event::name(std::get<event::Transition>(first->body).to)));
}

TEST(Replay, ACutRecordingIsWholeUpToWhereItEnds) {
    Events recorded;
    const std::string file = record_a_run(recorded);
    const std::size_t body = read_header(octets_of(file))->body_at;
    for (std::size_t size = body; size < file.size(); size += 97) {
        const std::string part = file.substr(0, size);
        Events replayed;
        Replay replay(*read_header(octets_of(part)), octets_of(part), replayed);
        replay.run();
        ASSERT_EQ(replay.difference(), std::nullopt) << size;
        ASSERT_EQ(replay.ending(), Ending::cut) << size;
        ASSERT_LE(replayed.list.size(), recorded.list.size());
    }
}

TEST(Replay, ForeignTruncatedAndNewerFilesAreRefusedInOneSentence) {
    using Kind = RecordingError::Kind;
    Events recorded;
    const std::string file = record_a_run(recorded);
    const auto kind_of = [](const std::string& text) {
        return read_header(octets_of(text)).error();
    };
    EXPECT_EQ(kind_of("").kind, Kind::foreign);
    EXPECT_EQ(kind_of("hello").sentence("x.dtr"), "x.dtr is not a recording of dialtone");
    EXPECT_EQ(kind_of(file.substr(0, 40)).kind, Kind::truncated);
    EXPECT_EQ(kind_of(file.substr(0, 40)).sentence("x.dtr"),
              "recording x.dtr ends within its header");
    std::string newer = file;
    newer[recording_magic.size()] = recording_format + 1;
    EXPECT_EQ(kind_of(newer).sentence("run.dtr"),
              "recording run.dtr has format 6, this dialtone reads 1 to 5");
    std::string damaged = file;
    damaged[40] = static_cast<char>(damaged[40] ^ 1);
    EXPECT_FALSE(read_header(octets_of(damaged)));
}

TEST(Replay, DamagedRecordsEndItWithoutHarm) {
    Events recorded;
    const std::string file = record_a_run(recorded);
    const std::size_t body = read_header(octets_of(file))->body_at;
    Rng rng(1);
    for (int i = 0; i < 200; ++i) {
        std::string damaged = file;
        damaged[body + rng.below(file.size() - body)] = static_cast<char>(rng.next());
        Events replayed;
        Replay replay(*read_header(octets_of(damaged)), octets_of(damaged), replayed);
        replay.run();
        EXPECT_LE(replayed.list.size(), recorded.list.size() + 1'000'000);
    }
}

TEST(World, BothEndsOfACleanLinkSendSuperSegments) {
    Events events;
    World world(two_hosts(""), events);
    Call call(world);
    call.open();
    const std::string text = some_text(100'000);
    ASSERT_GT(call.client().send(call.near, octets_of(text)).value_or(0), 20'000U);
    ASSERT_GT(call.server().send(call.far, octets_of(text)).value_or(0), 20'000U);
    call.run_for(1s);
    std::array<std::uint16_t, 2> most{};
    for (const event::Event& event : events.list) {
        const auto* sent = std::get_if<event::SegmentSent>(&event.body);
        if (sent != nullptr)
            most[event.host] = std::max(most[event.host], sent->segment.wire_segments);
    }
    EXPECT_GT(most[0], 5);
    EXPECT_GT(most[1], 5);
}

TEST(Recorder, StopsAtItsLimitAndSaysWhen) {
    StringSink sink;
    Recorder recorder(sink, {.build = "b", .limit = 2000});
    Events events;
    World world(two_hosts("delay=1ms,loss=1%"), events);
    world.record_to(recorder);
    Call call(world);
    call.open();
    EXPECT_EQ(call.send(some_text(200'000), 1s), some_text(200'000));
    recorder.end(call.now);
    ASSERT_TRUE(recorder.stopped_at());
    EXPECT_LT(sink.text.size(), 2000U + 256U);
    Events replayed;
    Replay replay(*read_header(sink.octets()), sink.octets(), replayed);
    replay.run();
    EXPECT_EQ(replay.difference(), std::nullopt);
    EXPECT_EQ(replay.ending(), Ending::full);
    EXPECT_EQ(replay.now(), *recorder.stopped_at());
}

TEST(Spec, ReadsBackWhatItWrote) {
    Spec spec = two_hosts("client->server: delay=20ms,loss=0.5%",
                          {"client: silence,at=2s,for=1s",
                           "delay,seg=data,nth=2..4,every=3,p=50%,"
                           "port=80,flow=2,after=1B,larger=9B,by=5ms"});
    spec.hosts[1].config.somaxconn = 77;
    spec.hosts[1].address = Ipv4{10, 0, 0, 77};
    Encoder to;
    encode(to, spec);
    Decoder from(to.written());
    const Spec back = decode_spec(from, recording_format);
    EXPECT_FALSE(from.is_broken());
    EXPECT_TRUE(from.at_end());
    EXPECT_EQ(back.hosts[1].config.somaxconn, 77U);
    EXPECT_EQ(back.hosts[1].address, IpAddr(Ipv4{10, 0, 0, 77}));
    EXPECT_EQ(back.faults[1].larger, 9U);
    Encoder again;
    encode(again, back);
    EXPECT_TRUE(std::ranges::equal(to.written(), again.written()));
}

TEST(Spec, HostsOfFormat1KnowNeitherSackNorCubic) {
    std::ifstream golden("tests/golden/demo.dtr", std::ios::binary);
    const std::string file{std::istreambuf_iterator<char>(golden), {}};
    const auto header = read_header(octets_of(file));
    ASSERT_TRUE(header);
    ASSERT_EQ(header->format, 1U);
    ASSERT_FALSE(header->spec.hosts.empty());
    const Config& config = header->spec.hosts[0].config;
    EXPECT_EQ(config.sack, event::Switch::off);
    EXPECT_EQ(config.congestion, event::CongestionControl::reno);
    EXPECT_EQ(config.delayed_ack_max, config.delayed_ack);
    EXPECT_EQ(header->began, std::nullopt);
    EXPECT_GT(first_instant(*header, octets_of(file)), Instant{});
}

TEST(Spec, AnAddressMustBeFreeAndOnALinkOfItsHost) {
    Spec spec = two_hosts("");
    spec.hosts[0].address = Ipv4{10, 0, 0, 9};
    EXPECT_EQ(problem(spec), std::nullopt);
    spec.hosts[1].address = Ipv4{10, 0, 0, 9};
    EXPECT_EQ(problem(spec), "address 10.0.0.9 belongs to host `client`");
    spec.hosts[1].address = Ipv4{192, 168, 0, 9};
    EXPECT_EQ(problem(spec),
              "address 192.168.0.9 of host `server` is outside its links, 10.0.0.0/24");
    spec.hosts[1].address = Ipv4{10, 0, 0, 255};
    EXPECT_TRUE(problem(spec));
}

}  // namespace
}  // namespace dt::world
