// A connection beside a flood of SYNs: a bulk transfer over 40 ms takes the time it takes alone,
// and the flood leaves nothing behind (VULNERABILITIES class 13).
#include <deque>

#include "tcp/engine_fixture.hpp"

namespace dt::tcp {
namespace {

/// Two engines a path of 20 ms apart; the flood comes to the server, a hundred SYNs each ms.
class FloodTest : public testing::Test {
  protected:
    static constexpr Endpoint server_end{Ipv4{10, 0, 0, 1}, Port{80}};
    static constexpr Duration delay = 20ms;
    static constexpr std::size_t whole = 10'000'000;
    static constexpr std::uint32_t flood_length = 1'000'000;
    static constexpr std::uint32_t burst = 100;

    enum class Sky : std::uint8_t { clear, flood };
    struct Carried {
        Instant due;
        SegmentIn segment;
    };

    Config config;
    buf::Pool pool;
    Host client{config, pool, 11};
    Host server{config, pool, 22};
    std::deque<Carried> to_client;
    std::deque<Carried> to_server;
    ConnId writer;
    ConnId reader;
    std::size_t written = 0;
    std::size_t taken = 0;
    std::uint32_t syns = 0;
    std::uint32_t answers = 0;

    static void carry(Host& from, std::deque<Carried>& line, std::uint32_t& others) {
        while (auto out = from.engine.next_segment(from.turn())) {
            const bool is_theirs = out->tuple.remote.addr == IpAddr{Ipv4{10, 0, 0, 2}} ||
                                   out->tuple.local.addr == IpAddr{Ipv4{10, 0, 0, 2}};
            if (!is_theirs) {
                ++others;
                continue;
            }
            SegmentIn in;
            in.tuple = out->tuple.reversed();
            const auto view = wire::TcpView::parse(out->frame->front());
            ASSERT_TRUE(view.has_value());
            in.header = wire::TcpRepr::from(*view);
            in.text_offset = static_cast<std::uint32_t>(view->header_length());
            in.text_length = static_cast<std::uint32_t>(out->frame->size() - view->header_length());
            in.frame = std::move(out->frame);
            line.push_back({from.now + delay, std::move(in)});
        }
    }
    static void bring(Host& to, std::deque<Carried>& line) {
        while (!line.empty() && line.front().due <= to.now) {
            to.engine.on_segment(to.turn(), std::move(line.front().segment));
            line.pop_front();
        }
    }
    void step() {
        client.now = server.now = client.now + 1ms;
        bring(client, to_client);
        bring(server, to_server);
        client.engine.advance(client.turn());
        server.engine.advance(server.turn());
        std::uint32_t none = 0;
        carry(client, to_server, none);
        carry(server, to_client, answers);
        client.log.bodies.clear();
        server.log.bodies.clear();
    }
    void open() {
        Options options;
        options.receive_buffer = 65'536;
        const ListenerId listener =
            server.engine.listen(server.turn(), server_end, 128, options).value();
        const FourTuple tuple{{Ipv4{10, 0, 0, 2}, Port{40000}}, server_end};
        writer = client.engine.connect(client.turn(), tuple, Path{}, {}).value();
        for (int i = 0; i < 100; ++i) step();
        reader = server.engine.accept(server.turn(), listener).value();
    }
    void shower() {
        for (std::uint32_t i = 0; i < burst && syns < flood_length; ++i, ++syns) {
            const FourTuple from{server_end, {Ipv4{0x0b000000U + syns}, Port{1024}}};
            server.arrive(from, {.flags = TcpFlag::syn, .seq = Seq{syns}});
            if (!server.engine.may_receive()) carry(server, to_client, answers);
        }
    }
    /// Milliseconds until the last octet was read.
    std::uint32_t transfer(Sky sky) {
        static const std::string text(65'536, 'x');
        for (std::uint32_t ms = 1; ms < 60'000; ++ms) {
            written += client.write(
                writer, std::string_view(text).substr(0, std::min(text.size(), whole - written)));
            if (sky == Sky::flood) shower();
            step();
            const std::size_t here = server.engine.readiness(reader).unread;
            server.engine.consume(server.turn(), reader, here);
            taken += here;
            if (taken == whole) return ms;
        }
        return 0;
    }
};

TEST_F(FloodTest, vuln_13_TCP_SYNQ_017_a_million_syns_slow_no_connection_and_leave_no_memory) {
    open();
    const std::uint32_t alone = transfer(Sky::clear);
    ASSERT_GT(alone, 0U);
    written = taken = 0;
    const auto before = server.engine.memory();
    const std::uint32_t flooded = transfer(Sky::flood);
    ASSERT_GT(flooded, 0U);
    EXPECT_LE(flooded * 10, alone * 11);
    while (syns < flood_length) {
        shower();
        step();
    }
    for (int i = 0; i < 100; ++i) step();       // the last ACKs arrive
    EXPECT_GT(answers, flood_length / 10 * 9);  // each SYN by its entry or by a cookie
    const auto after = server.engine.memory();
    EXPECT_LE(after.half_open, before.half_open + 256 * 128);
    EXPECT_LE(after.index, before.index + 65'536);
    EXPECT_LE(after.connections, before.connections + 262'144);
    EXPECT_EQ(pool.frames_in_use(), 0U);
}

}  // namespace
}  // namespace dt::tcp
