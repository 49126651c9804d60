// ICMP errors as programs with streams learn them: IP_RECVERR and the error queue (spec 4.7).
#include <gtest/gtest.h>

#include "ip/host_v6_fixture.hpp"
#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

using ip::test::Bytes;
using ip::test::mac;
using ip::test::Packet;
using ip::test::PacketV6;

constexpr int ipproto_ip = 0;
constexpr int ipproto_ipv6 = 41;
constexpr int ip_recverr = 11;
constexpr int ipv6_recverr = 25;
constexpr std::uint8_t port_code = 3;

Config with_v6() {
    Config config;
    config.ipv6 = event::Switch::on;
    return config;
}

class ErrorQueue : public ::testing::Test {
  protected:
    /// The first octets of the last segment that a sent: what an error quotes.
    [[nodiscard]] Bytes last_segment() const {
        const auto sent = pair.log.all<event::SegmentSent>();
        const event::Segment* last = nullptr;
        for (const auto& each : sent) {
            if (each.segment.tuple.local.addr == IpAddr(pair.a.address) ||
                each.segment.tuple.local.addr == IpAddr(pair.a.address_v6())) {
                last = &each.segment;
            }
        }
        Bytes octets(20);
        if (last == nullptr) return octets;
        store_be(octets, 0, last->tuple.local.port.value());
        store_be(octets, 2, last->tuple.remote.port.value());
        store_be(octets, 4, last->seq.value());
        octets[12] = std::byte{0x50};
        return octets;
    }
    void arrive(const Bytes& octets) {
        FramePtr frame = pair.pool.frame();
        ASSERT_TRUE(frame->add(pair.pool.copy(octets)));
        pair.a.inbox.frames.push_back({1, std::move(frame)});
        pair.settle();
    }
    /// b says of the last segment: destination unreachable.
    void unreachable(std::uint8_t code) {
        Packet quoted;
        quoted.source = pair.a.address;
        quoted.destination = pair.b.address;
        quoted.protocol = 6;
        quoted.payload = last_segment();
        const Bytes inner = quoted.ip();
        Packet packet;
        packet.source = pair.b.address;
        packet.destination = pair.a.address;
        packet.protocol = 1;
        packet.payload.resize(8);
        wire::Icmpv4Repr{wire::Icmpv4Type::destination_unreachable, code, 0}.emit(
            packet.payload, Checksum::of(inner));
        packet.payload.insert(packet.payload.end(), inner.begin(), inner.end());
        arrive(packet.frame());
    }
    void unreachable_v6(std::uint8_t code) {
        PacketV6 quoted;
        quoted.source = pair.a.address_v6();
        quoted.destination = pair.b.address_v6();
        quoted.next_header = 6;
        quoted.payload = last_segment();
        Bytes message(8);
        message[0] = std::byte{1};
        message[1] = static_cast<std::byte>(code);
        message = ip::test::operator+(std::move(message), quoted.ip());
        arrive(PacketV6::icmp(std::move(message), "2001:db8::2", "2001:db8::1").frame());
    }
    /// A SYN that nobody but ICMP answers.
    Program dial(sock::Family family = sock::Family::inet) {
        Program client = Program::stream(pair, pair.a, family);
        const Endpoint to = family == sock::Family::inet ? pair.b.at(81) : pair.b.at_v6(81);
        const Program knocking = Program::datagram(pair, pair.a, family);
        (void)knocking.send_to("x", to);  // the neighbour is known from here on
        pair.settle();
        pair.cut();
        EXPECT_EQ(client.connect(to), "EINPROGRESS");
        pair.settle();
        return client;
    }
    [[nodiscard]] std::optional<udp::Notice> queued(const Program& program) const {
        return program.calls().take_notice(program.id());
    }

    Pair pair{with_v6()};
};

TEST_F(ErrorQueue, TCP_ICMP_017_the_error_that_ended_a_handshake_can_be_read) {
    const Program client = dial();
    unreachable(port_code);
    EXPECT_EQ(client.take_error(), "ECONNREFUSED");
    EXPECT_NE(client.poll().find("ERR"), std::string::npos);  // until it is read (Linux)
    const auto notice = queued(client);
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->error, Error::connection_refused);
    EXPECT_EQ(notice->type, 3);
    EXPECT_EQ(notice->code, port_code);
    EXPECT_EQ(notice->from, IpAddr(pair.b.address));
    EXPECT_EQ(notice->to, pair.b.at(81));
    EXPECT_FALSE(queued(client));
    EXPECT_EQ(client.poll().find("ERR"), std::string::npos);
}

TEST_F(ErrorQueue, ANewConnectionOfTheSameSocketKnowsNothingOfIt) {
    Program listener = Program::stream(pair, pair.b);
    ASSERT_EQ(listener.bind(pair.b.at(80)), "OK");
    ASSERT_EQ(listener.listen(2), "OK");
    const auto drops_nothing = pair.from_a.drops;
    const Program client = dial();
    unreachable(port_code);
    EXPECT_EQ(client.connect(pair.b.at(81)), "ECONNREFUSED");
    pair.from_a.drops = pair.from_b.drops = drops_nothing;
    ASSERT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(client.poll(), "none");
    pair.settle();
    EXPECT_EQ(client.poll(), "OUT");
    EXPECT_EQ(client.connect(pair.b.at(80)), "OK");
    EXPECT_EQ(client.send("text"), "4");
    pair.settle();
    const auto server = listener.accept();
    ASSERT_TRUE(server.has_value());
    EXPECT_EQ(server->receive(), "'text'");
}

TEST_F(ErrorQueue, TCP_ICMP_017_it_outlives_the_call_that_tells_the_errno) {
    const Program client = dial();
    unreachable(1);
    EXPECT_EQ(client.connect(pair.b.at(81)), "EHOSTUNREACH");
    ASSERT_TRUE(queued(client));
}

TEST_F(ErrorQueue, TCP_ICMP_017_of_ipv6_only_who_asked_can_read_it) {
    const Program deaf = dial(sock::Family::inet6);
    unreachable_v6(4);
    EXPECT_EQ(deaf.take_error(), "ECONNREFUSED");
    EXPECT_FALSE(queued(deaf));
    Program client = Program::stream(pair, pair.a, sock::Family::inet6);
    EXPECT_EQ(client.set(ipproto_ipv6, ipv6_recverr, 1), "OK");
    EXPECT_EQ(client.connect(pair.b.at_v6(81)), "EINPROGRESS");
    pair.settle();
    unreachable_v6(4);
    const auto notice = queued(client);
    ASSERT_TRUE(notice);
    EXPECT_EQ(notice->type, 1);
    EXPECT_EQ(notice->code, 4);
    EXPECT_EQ(client.take_error(), "ECONNREFUSED");
}

TEST_F(ErrorQueue,
       TCP_ICMP_011_TCP_9293_SHLD_26_an_error_is_pending_at_once_and_the_connection_lives) {
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.set(ipproto_ip, ip_recverr, 1), "OK");
    EXPECT_EQ(talk.client.get(ipproto_ip, ip_recverr), "1");
    EXPECT_EQ(talk.client.send("one"), "3");
    pair.a.edges.clear();
    unreachable(port_code);
    EXPECT_EQ(talk.client.poll(), "OUT,ERR");
    ASSERT_FALSE(pair.a.edges.empty());
    EXPECT_TRUE(pair.a.edges.back().mask.has(PollMask::err));
    EXPECT_FALSE(queued(talk.client));  // the queue is of handshakes alone (Linux)
    EXPECT_EQ(talk.client.take_error(), "ECONNREFUSED");
    EXPECT_EQ(talk.client.take_error(), "0");
    EXPECT_EQ(talk.client.poll(), "OUT");
    EXPECT_EQ(talk.client.send("two"), "3");
    pair.pass(1s);
    EXPECT_EQ(talk.server.receive(), "'onetwo'");
}

TEST_F(ErrorQueue, TCP_ICMP_011_a_call_is_told_once) {
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.set(ipproto_ip, ip_recverr, 1), "OK");
    EXPECT_EQ(talk.client.send("one"), "3");
    unreachable(1);
    EXPECT_EQ(talk.client.receive(), "EHOSTUNREACH");
    EXPECT_EQ(talk.client.receive(), "EAGAIN");
    pair.cut();
    EXPECT_EQ(talk.client.send("two"), "3");
    pair.settle();
    unreachable(1);
    EXPECT_EQ(talk.client.send("three"), "EHOSTUNREACH");
    EXPECT_EQ(talk.client.send("three"), "5");
}

TEST_F(ErrorQueue, TCP_9293_SHLD_20_who_did_not_ask_is_not_told_of_errors_of_a_connection) {
    const Conversation talk = converse(pair, pair.a, pair.b, pair.b.at(80));
    EXPECT_EQ(talk.client.send("one"), "3");
    unreachable(port_code);
    EXPECT_EQ(talk.client.poll(), "OUT");
    EXPECT_FALSE(queued(talk.client));
    EXPECT_EQ(talk.client.receive(), "EAGAIN");
    EXPECT_EQ(talk.client.take_error(), "ECONNREFUSED");  // the soft error, where it is asked for
    EXPECT_EQ(talk.client.take_error(), "0");
}

}  // namespace
}  // namespace dt::stack::testing
