// Datagrams that name their source, link, TTL or TOS, in a recording and its replay.
#include <gtest/gtest.h>

#include "world/recording_fixture.hpp"
#include "world/replay.hpp"

namespace dt::world {
namespace {

TEST(Replay, ADatagramGoesAsItAsked) {
    StringSink sink;
    Events recorded;
    {
        Recorder recorder(sink, {.build = "b"});
        World world(two_hosts(""), recorded);
        world.record_to(recorder);
        Calls calls = world.calls(Instant{} + 1s, 0, {.pid = 11, .fd = 5});
        const auto socket = calls.socket(sock::Family::inet, sock::Type::datagram);
        ASSERT_TRUE(socket);
        const auto own = world.addresses(0).front();
        const sock::SendAs as{.source = own, .link = 1, .ttl = 9, .tos = 8};
        const Endpoint to{IpAddr::loopback_v4(), Port{9}};
        ASSERT_TRUE(calls.send_to(*socket, {}, to, as));
        world.turn(Instant{} + 1s);
        recorder.end(Instant{} + 2s);
    }
    const auto sent = recorded.of<event::DatagramMoved>();
    ASSERT_FALSE(sent.empty());
    EXPECT_FALSE(sent.front().tuple.local.addr.is_loopback());
    Events replayed;
    Replay replay(*read_header(sink.octets()), sink.octets(), replayed);
    replay.run();
    EXPECT_EQ(replay.difference(), std::nullopt) << replay.difference()->sentence();
    EXPECT_EQ(replay.ending(), Ending::whole);
    EXPECT_EQ(replayed.list.size(), recorded.list.size());
}

TEST(Recorder, WhatADatagramAskedForIsReadBack) {
    const auto back = [](const sock::SendAs& as) {
        Encoder encoder;
        encode(as, encoder);
        Decoder decoder(encoder.written());
        const auto read = decode_send_as(decoder);
        EXPECT_TRUE(decoder.at_end());
        EXPECT_FALSE(decoder.is_broken());
        return read;
    };
    EXPECT_TRUE(back({}).is_plain());
    const auto all =
        back({.source = IpAddr::loopback_v6(), .link = 7, .ttl = 0, .tos = 255, .segment = 65'535});
    EXPECT_EQ(all.source, IpAddr::loopback_v6());
    EXPECT_EQ(all.link, 7U);
    EXPECT_EQ(all.ttl, 0);
    EXPECT_EQ(all.tos, 255);
    EXPECT_EQ(all.segment, 65'535);
}

}  // namespace
}  // namespace dt::world
