// Two worlds joined at their borders stand for a world and a real network: segments cross, are told
// of on both sides, and a recording of one side replays without the other.
#include "world/border.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <string>
#include <string_view>
#include <vector>

#include "link/grammar.hpp"
#include "wire/ethernet.hpp"
#include "world/recording_fixture.hpp"
#include "world/replay.hpp"
#include "world/topology.hpp"
#include "world/world.hpp"

namespace dt::world {
namespace {

constexpr event::HostIndex inside = 0;
constexpr event::HostIndex outside = 1;
const IpAddr near_address = Ipv4{10, 9, 0, 2};
const IpAddr far_address = Ipv4{10, 9, 0, 1};

Spec world_of(const IpAddr& own, const IpAddr& other, std::uint64_t seed,
              const std::string& settings = "") {
    Spec spec;
    spec.seed = seed;
    spec.hosts = {{"client", {}, own}, {"outside", {}, other}};
    spec.links = {{{"client", "outside"}, {}}};
    if (!settings.empty()) spec.links[0].items.push_back(*link::parse_link(settings));
    spec.outside = Outside{outside, Prefix::of(own, 24), std::nullopt};
    return spec;
}

/// What leaves waits here, as it does in an interface's queue.
class Queue final : public FrameExit {
  public:
    void leave(Instant, const buf::Frame& frame) override {
        std::vector<std::byte> octets(frame.size());
        frame.copy_to(octets);
        frames.emplace_back(std::move(octets), frame.offload);
    }
    void hand_to(Instant now, World& world) {
        for (const auto& [octets, offload] : frames) {
            FramePtr frame = world.pool().frame();
            ASSERT_TRUE(frame->add(world.pool().copy(octets)));
            frame->offload = offload;
            world.from_outside(now, std::move(frame));
        }
        frames.clear();
    }
    std::deque<std::pair<std::vector<std::byte>, wire::Offload>> frames;
};

class Joined {
  public:
    explicit Joined(const std::string& settings = "")
        : near(world_of(near_address, far_address, 1, settings), events),
          far(world_of(far_address, near_address, 2, settings), nobody) {
        near.connect_outside(from_near);
        far.connect_outside(from_far);
    }
    void run_for(Duration span) {
        const Instant end = now + span;
        for (int i = 0; i < 100'000 && now < end; ++i) {
            near.turn(now);
            far.turn(now);
            from_near.hand_to(now, far);
            from_far.hand_to(now, near);
            const Instant next = std::min(near.deadline(), far.deadline());
            now = std::max(now, std::min(next, end));
        }
    }
    Calls client() { return near.calls(now, inside, {.pid = 11, .fd = 5}); }
    Calls server() { return far.calls(now, inside, {.pid = 12, .fd = 3}); }
    /// The far host listens, the near one connects.
    void open() {
        const auto listener = *server().socket(sock::Family::inet, sock::Type::stream);
        ASSERT_TRUE(server().bind(listener, {IpAddr::any_v4(), Port{80}}));
        ASSERT_TRUE(server().listen(listener, 5));
        near_end = *client().socket(sock::Family::inet, sock::Type::stream);
        EXPECT_EQ(client().connect(near_end, {far_address, Port{80}}).error(), Error::in_progress);
        run_for(5s);
        const auto accepted = server().accept(listener);
        ASSERT_TRUE(accepted);
        far_end = accepted->socket;
    }
    /// Both ways at once; what each end got.
    std::pair<std::size_t, std::size_t> exchange(std::size_t octets) {
        const std::vector<std::byte> text(octets, std::byte{'x'});
        std::array<std::size_t, 2> sent{};
        std::array<std::size_t, 2> got{};
        std::vector<std::byte> room(65536);
        for (int i = 0; i < 2000 && (got[0] < octets || got[1] < octets); ++i) {
            if (sent[0] < octets)
                sent[0] += client().send(near_end, Octets(text).subspan(sent[0])).value_or(0);
            if (sent[1] < octets)
                sent[1] += server().send(far_end, Octets(text).subspan(sent[1])).value_or(0);
            run_for(5ms);
            while (const auto count = client().receive(near_end, room)) got[0] += *count;
            while (const auto count = server().receive(far_end, room)) got[1] += *count;
        }
        return {got[0], got[1]};
    }

    Events events;
    event::NullSink nobody;
    World near;
    World far;
    Queue from_near;
    Queue from_far;
    Instant now{};
    sock::SocketId near_end;
    sock::SocketId far_end;
};

TEST(Border, TextCrossesBothWaysInSuperSegments) {
    Joined joined;
    EXPECT_TRUE(joined.near.offloads_outside());
    joined.open();
    EXPECT_EQ(joined.exchange(3'000'000), (std::pair<std::size_t, std::size_t>{3e6, 3e6}));
    std::uint16_t most = 0;
    for (const auto& sent : joined.events.of<event::SegmentSent>(outside))
        most = std::max(most, sent.segment.wire_segments);
    EXPECT_GT(most, 20);
}

TEST(Border, ALinkThatTouchesFramesPassesNoSuperSegment) {
    Joined joined("loss=1%");
    EXPECT_FALSE(joined.near.offloads_outside());
    joined.open();
    EXPECT_EQ(joined.exchange(300'000), (std::pair<std::size_t, std::size_t>{3e5, 3e5}));
    for (const auto& sent : joined.events.of<event::SegmentSent>(outside))
        ASSERT_EQ(sent.segment.wire_segments, 1);
}

TEST(Border, TheHostOutThereIsToldOfLikeAnyOther) {
    Joined joined;
    joined.open();
    const auto sent = joined.events.of<event::SegmentSent>(outside);
    const auto got = joined.events.of<event::SegmentReceived>(outside);
    ASSERT_EQ(sent.size(), 1U);  // SYN-ACK
    ASSERT_EQ(got.size(), 2U);   // SYN and the last ACK
    EXPECT_EQ(sent[0].segment.tuple.local, (Endpoint{far_address, Port{80}}));
    EXPECT_EQ(got[0].segment.tuple.local, (Endpoint{far_address, Port{80}}));
    EXPECT_EQ(sent[0].segment.frame >> 48, outside);
    // The frame's number joins what left there and what arrived here.
    const auto arrived = joined.events.of<event::SegmentReceived>(inside);
    ASSERT_FALSE(arrived.empty());
    EXPECT_EQ(arrived[0].segment.frame, sent[0].segment.frame);
    const auto ours = joined.events.of<event::SegmentSent>(inside);
    EXPECT_EQ(got[1].segment.frame, ours[1].segment.frame);
    EXPECT_EQ(got[1].segment.window, ours[1].segment.window);  // scaled on both sides alike
}

TEST(Border, WhatIsSentAgainOutThereIsCalledSo) {
    Joined joined("client->outside: delay=0ms");
    joined.open();
    std::vector<std::byte> text(100);
    ASSERT_TRUE(joined.server().send(joined.far_end, text));
    joined.far.turn(joined.now);
    const auto lost = joined.from_far.frames;
    joined.from_far.hand_to(joined.now, joined.near);
    joined.from_far.frames = lost;
    joined.from_far.hand_to(joined.now, joined.near);
    joined.near.turn(joined.now);
    const auto sent = joined.events.of<event::SegmentSent>(outside);
    ASSERT_GE(sent.size(), 3U);
    EXPECT_EQ(sent[sent.size() - 2].segment.retransmission, 0);
    EXPECT_EQ(sent.back().segment.retransmission, 1);
}

class BorderRecording : public ::testing::TestWithParam<const char*> {};

TEST_P(BorderRecording, ReplaysWithoutTheNetworkAndWithoutItsText) {
    Joined joined(GetParam());
    StringSink file;
    Recorder recorder(file, {.build = "b"});
    joined.near.record_to(recorder);
    joined.open();
    EXPECT_EQ(joined.exchange(200'000), (std::pair<std::size_t, std::size_t>{2e5, 2e5}));
    recorder.end(joined.now);
    // Only a frame that came damaged is kept as it is.
    const bool has_text = file.text.find("xxxxxxxx") != std::string::npos;
    EXPECT_EQ(has_text, std::string_view(GetParam()).starts_with("corrupt"));
    const auto header = read_header(file.octets());
    ASSERT_TRUE(header);
    ASSERT_TRUE(header->spec.outside);
    EXPECT_EQ(header->spec.outside->network, Prefix::of(near_address, 24));
    Events replayed;
    Replay replay(*header, file.octets(), replayed);
    replay.run();
    EXPECT_FALSE(replay.difference()) << replay.difference()->sentence();
    EXPECT_EQ(replay.ending(), Ending::whole);
    EXPECT_EQ(replayed.list.size(), joined.events.list.size());
}

INSTANTIATE_TEST_SUITE_P(Links, BorderRecording,
                         ::testing::Values("", "loss=2%", "corrupt=2%", "dup=2%,delay=3ms"));

TEST(BorderRecording, AFrameThatIsNotWholeIsKeptAsItIs) {
    buf::Pool pool;
    std::vector<std::byte> octets(100, std::byte{7});
    wire::EthernetRepr{Mac{}, Mac{}, wire::EtherType::ipv4}.emit(octets);
    FramePtr frame = pool.frame();
    ASSERT_TRUE(frame->add(pool.copy(octets)));
    EXPECT_EQ(octets_to_keep(*frame), octets.size());
    Encoder to;
    encode(to, *frame, octets.size());
    Decoder from(to.written());
    const FramePtr back = decode_frame(from, pool);
    ASSERT_TRUE(back);
    std::vector<std::byte> same(back->size());
    back->copy_to(same);
    EXPECT_EQ(same, octets);
    Decoder broken(to.written().first(to.size() - 1));
    EXPECT_FALSE(decode_frame(broken, pool));
    EXPECT_TRUE(broken.is_broken());
}

TEST(Outside, ItsNetworkHasRoomForItsHostsAndItIsOnOneLink) {
    Spec spec = world_of(near_address, far_address, 1);
    EXPECT_EQ(problem(spec), std::nullopt);
    spec.outside->network = Prefix::of(near_address, 31);
    EXPECT_EQ(problem(spec), "the network of `outside` has 8 to 30 bits");
    spec = world_of(near_address, far_address, 1);
    spec.outside->gateway = IpAddr{Ipv4{10, 8, 0, 1}};
    EXPECT_EQ(problem(spec), "the gateway is outside the network of `outside`");
    spec = world_of(near_address, far_address, 1);
    spec.hosts.push_back({"other", {}, std::nullopt});
    spec.links.push_back({{"other", "outside"}, {}});
    EXPECT_EQ(problem(spec), "`outside` is on exactly one link, not 2");
    spec = world_of(near_address, far_address, 1);
    spec.outside->network = Prefix::of(near_address, 30);
    spec.hosts.push_back({"third", {}, std::nullopt});
    spec.links[0].hosts.emplace_back("third");
    EXPECT_EQ(problem(spec), "the network of `outside` has no room for 3 hosts");
}

TEST(Outside, ItsGatewayIsWhereEverythingElseGoes) {
    Spec spec = world_of(near_address, far_address, 1);
    spec.outside->gateway = far_address;
    spec.hosts.push_back({"behind", {}, std::nullopt});
    spec.links.push_back({{"client", "behind"}, {}});
    const Topology topology(spec);
    const auto to_all = [&](HostIndex host) -> std::optional<IpAddr> {
        for (const Topology::Route& route : topology.routes(host)) {
            if (route.destination.length == 0) return route.gateway;
        }
        return std::nullopt;
    };
    EXPECT_EQ(to_all(0), far_address);
    EXPECT_EQ(to_all(2), topology.attachments(0)[1].address);
    EXPECT_EQ(to_all(1), std::nullopt);
    EXPECT_EQ(topology.subnet(0), Prefix::of(near_address, 24));
    EXPECT_EQ(topology.subnet(1), Prefix::of(Ipv4{10, 0, 1, 0}, 24));
}

}  // namespace
}  // namespace dt::world
