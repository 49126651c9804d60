// A world whose host leases its address from the real network: what is known of it meanwhile, and a
// recording of it.
#include <gtest/gtest.h>

#include <array>
#include <span>
#include <string>
#include <vector>

#include "wire/dhcp.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/udp.hpp"
#include "world/border.hpp"
#include "world/replay.hpp"
#include "world/world.hpp"

namespace dt::world {
namespace {

using Bytes = std::vector<std::byte>;

const Ipv4 server{10, 0, 0, 2};
const Ipv4 lent{10, 0, 0, 77};
const Endpoint all_clients{IpAddr::broadcast(), wire::dhcp_client_port};
constexpr event::HostIndex client = 0;
constexpr std::size_t text_at = 14 + 20 + 8;
constexpr std::size_t type_at = 242;  // of a question's text

class Nobody final : public event::Sink {
  public:
    void on_event(Instant, event::HostIndex, const event::Body&) override {}
};

class StringSink final : public link::OctetSink {
  public:
    void write(Octets octets) override { text.insert(text.end(), octets.begin(), octets.end()); }
    Bytes text;
};

/// A datagram of the server to all, with its link header.
Bytes datagram(const Bytes& text, Port to) {
    Bytes frame(text_at);
    wire::EthernetRepr{Mac::broadcast(), Mac({2, 0, 0, 0, 0, 9}), wire::EtherType::ipv4}.emit(
        MutableOctets(frame).first(14));
    const auto length = static_cast<std::uint16_t>(wire::UdpRepr::size() + text.size());
    wire::Ipv4Repr header;
    header.source = server;
    header.destination = Ipv4::broadcast();
    header.protocol = wire::IpProtocol::udp;
    header.payload_length = length;
    header.emit(MutableOctets(frame).subspan(14, 20));
    const Checksum rest =
        wire::pseudo_header(server, Ipv4::broadcast(), wire::IpProtocol::udp, length).add(text);
    wire::UdpRepr{wire::dhcp_server_port, to, static_cast<std::uint16_t>(text.size())}.emit(
        MutableOctets(frame).subspan(34, 8), rest);
    frame.insert(frame.end(), text.begin(), text.end());
    return frame;
}

/// What a server says to a question: `lent`, for 100 s.
Bytes reply_to(Octets question) {
    Bytes text(question.begin(), question.begin() + 240);
    const bool is_discover = question[type_at] == std::byte{1};
    text[0] = std::byte{2};
    lent.store(text, 16);
    for (const int each :
         {53,  1,  is_discover ? 2 : 5, 54, 4, 10, 0, 0, 2, 1, 4, 255, 255, 255, 0, 51, 4, 0, 0, 0,
          100, 255}) {
        text.push_back(static_cast<std::byte>(each));
    }
    return text;
}

/// Lends `lent` to whoever asks.
class Server final : public FrameExit {
  public:
    void leave(Instant, const buf::Frame& frame) override {
        Bytes octets(frame.size());
        frame.copy_to(octets);
        if (octets.size() == text_at + wire::DhcpQuestion::size) questions.push_back(octets);
    }
    void answer(Instant now, World& world) {
        for (const Bytes& question : questions) {
            const Bytes text = reply_to(Octets(question).subspan(text_at));
            FramePtr frame = world.pool().frame();
            ASSERT_TRUE(frame->add(world.pool().copy(datagram(text, wire::dhcp_client_port))));
            world.from_outside(now, std::move(frame));
        }
        questions.clear();
    }
    std::vector<Bytes> questions;
};

Spec spec_of() {
    Spec spec;
    Config config;
    config.dhcp = event::Switch::on;
    spec.hosts = {{"client", config, {}}, {"outside", config, {}}};
    spec.links = {{{"client", "outside"}, {}}};
    spec.outside = Outside{1, Prefix::of(server, 24), std::nullopt};
    return spec;
}

void run_for(Duration span, World& world, Server& network, Instant& now) {
    const Instant end = now + span;
    for (int i = 0; i < 10'000 && now < end; ++i) {
        world.turn(now);
        network.answer(now, world);
        world.turn(now);
        if (network.questions.empty()) now = std::max(now, std::min(world.deadline(), end));
    }
}

TEST(Leasing, AHostHasNoAddressUntilItIsLentAndNoneBehindItsEnd) {
    Nobody nobody;
    World world(spec_of(), nobody);
    Server network;
    Instant now{};
    EXPECT_TRUE(world.is_leasing(client));
    EXPECT_TRUE(world.addresses(client).empty());
    EXPECT_EQ(world.resolve(client, "client"), std::nullopt);
    EXPECT_EQ(world.resolve(client, "outside"), IpAddr{server});
    world.connect_outside(network);
    run_for(3s, world, network, now);
    EXPECT_FALSE(world.is_leasing(client));
    EXPECT_EQ(world.addresses(client), std::vector{IpAddr{lent}});
    EXPECT_EQ(world.resolve(client, "client"), IpAddr{lent});
    EXPECT_EQ(world.owner(lent), client);
    for (int i = 0; i < 200; ++i) {  // nobody answers any more
        world.turn(now);
        network.questions.clear();
        now += 1s;
    }
    EXPECT_TRUE(world.is_leasing(client));
    EXPECT_TRUE(world.addresses(client).empty());
}

/// A world that leases its address, and its recording.
class RecordedLeasing : public testing::Test {
  protected:
    RecordedLeasing() {
        world.record_to(recorder);
        world.connect_outside(network);
        run_for(3s, world, network, now);
    }
    /// The recording ends here, and its replay does the same.
    void replay_whole() {
        recorder.end(now);
        header = read_header(file.text);
        ASSERT_TRUE(header);
        replay.emplace(*header, file.text, nobody);
        replay->run();
        EXPECT_FALSE(replay->difference()) << replay->difference()->sentence();
        EXPECT_EQ(replay->ending(), Ending::whole);
    }

    Nobody nobody;
    World world{spec_of(), nobody};
    StringSink file;
    Recorder recorder{file, {.build = "b"}};
    Server network;
    Instant now{};
    std::expected<RecordingHeader, RecordingError> header;
    std::optional<Replay> replay;
};

TEST_F(RecordedLeasing, ARecordingOfItReplaysWithTheSameAddress) {
    replay_whole();
    EXPECT_EQ(replay->world().addresses(client), std::vector{IpAddr{lent}});
}

TEST_F(RecordedLeasing, WhatLeavesGivesItsAddressBackAndItsRecordingDoesTheSame) {
    ASSERT_FALSE(world.addresses(client).empty());
    world.leave(now);
    world.turn(now);
    EXPECT_TRUE(world.addresses(client).empty());
    replay_whole();
    EXPECT_TRUE(replay->world().addresses(client).empty());
}

/// A DHCP server that is a program of our own network; it answers by a socket that is connected to
/// all clients, or by the one that it was asked at.
class ServerProgram {
  public:
    enum class Answers : std::uint8_t { by_address, connected };

    ServerProgram(World& world, Answers answers) : world_(world), answers_(answers) {
        const Endpoint here{IpAddr::any_v4(), wire::dhcp_server_port};
        for (sock::SocketId* id : {&asked_, &answering_}) {
            *id = *calls({}).socket(sock::Family::inet, sock::Type::datagram);
            set(*id, 2);  // SO_REUSEADDR
            set(*id, 6);  // SO_BROADCAST
        }
        EXPECT_TRUE(calls({}).bind(answering_, here));
        if (answers == Answers::connected) {
            EXPECT_TRUE(calls({}).connect(answering_, all_clients));
        }
        EXPECT_TRUE(calls({}).bind(asked_, here));
    }
    void answer(Instant now) {
        std::array<std::byte, 1500> room{};
        const auto question = calls(now).receive_from(asked_, room);
        if (!question) return;
        const Bytes text = reply_to(room);
        if (answers_ == Answers::connected) {
            EXPECT_TRUE(calls(now).send(answering_, text));
        } else {
            EXPECT_TRUE(calls(now).send_to(answering_, text, all_clients));
        }
    }

  private:
    [[nodiscard]] Calls calls(Instant now) { return world_.calls(now, 1, {.pid = 1, .fd = 3}); }
    void set(sock::SocketId id, int name) {
        const int on = 1;
        EXPECT_TRUE(calls({}).set_option(id, 1, name, std::as_bytes(std::span{&on, 1})));
    }

    World& world_;
    Answers answers_;
    sock::SocketId asked_;
    sock::SocketId answering_;
};

void expect_that_a_replay_leases_too(ServerProgram::Answers answers) {
    Nobody nobody;
    Spec spec = spec_of();
    spec.hosts.insert(spec.hosts.begin() + 1, HostSpec{"server", Config{}, {}});
    spec.links = {{{"client", "server", "outside"}, {}}};
    spec.outside->host = 2;
    World world(spec, nobody);
    StringSink file;
    Recorder recorder(file, {.build = "b"});
    world.record_to(recorder);
    ServerProgram program(world, answers);
    Instant now{};
    for (int i = 0; i < 1000 && now < Instant{} + 5s; ++i) {
        world.turn(now);
        program.answer(now);
        world.turn(now);
        now = std::max(now + 1ms, std::min(world.deadline(), Instant{} + 5s));
    }
    ASSERT_EQ(world.resolve(client, "client"), IpAddr{lent});
    recorder.end(now);
    const auto header = read_header(file.text);
    ASSERT_TRUE(header);
    Replay replay(*header, file.text, nobody);
    replay.run();
    EXPECT_FALSE(replay.difference()) << replay.difference()->sentence();
    EXPECT_EQ(replay.world().resolve(client, "client"), IpAddr{lent});
}

TEST(Leasing, WhatAServerOfOurOwnNetworkLendsIsLentInAReplayToo) {
    expect_that_a_replay_leases_too(ServerProgram::Answers::by_address);
}

TEST(Leasing, WhatItSaysByAConnectedSocketTheSame) {
    expect_that_a_replay_leases_too(ServerProgram::Answers::connected);
}

TEST(Leasing, OnlyTextThatAHostReadsItselfIsRecordedWhole) {
    buf::Pool pool;
    const auto kept = [&](Port to) {
        FramePtr frame = pool.frame();
        EXPECT_TRUE(frame->add(pool.copy(datagram(Bytes(300), to))));
        return octets_to_keep(*frame);
    };
    EXPECT_EQ(kept(wire::dhcp_client_port), text_at + 300);
    EXPECT_EQ(kept(Port{9000}), text_at);
}

}  // namespace
}  // namespace dt::world
