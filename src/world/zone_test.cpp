// Calls that name the link of an address, in a recording and its replay.
#include <gtest/gtest.h>

#include "sock/sockets.hpp"
#include "world/recording_fixture.hpp"
#include "world/replay.hpp"

namespace dt::world {
namespace {

TEST(Replay, ACallNamesTheLinkThatItNamed) {
    StringSink sink;
    Events recorded;
    {
        Recorder recorder(sink, {.build = "b"});
        Spec spec = two_hosts("");
        for (HostSpec& host : spec.hosts) host.config.ipv6 = event::Switch::on;
        World world(spec, recorded);
        world.record_to(recorder);
        Calls calls = world.calls(Instant{} + 1s, 0, {.pid = 11, .fd = 5});
        const Endpoint near{*IpAddr::parse("fe80::1:1"), Port{9}};
        sock::SendAs as;
        as.zone = 99;
        for (const std::uint32_t zone : {99U, 2U, 0U}) {
            const auto socket = calls.socket(sock::Family::inet6, sock::Type::datagram);
            ASSERT_TRUE(socket);
            EXPECT_FALSE(calls.bind(*socket, {near, zone}));
            EXPECT_EQ(calls.device(*socket), zone);
            EXPECT_EQ(calls.connect(*socket, {near, zone}).has_value(), zone == 2);
            EXPECT_FALSE(calls.send_to(*socket, {}, near, as));
        }
        recorder.end(Instant{} + 2s);
    }
    Events replayed;
    Replay replay(*read_header(sink.octets()), sink.octets(), replayed);
    replay.run();
    EXPECT_EQ(replay.difference(), std::nullopt) << replay.difference()->sentence();
    EXPECT_EQ(replay.ending(), Ending::whole);
    EXPECT_EQ(replayed.list.size(), recorded.list.size());
}

}  // namespace
}  // namespace dt::world
