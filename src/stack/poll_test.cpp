// Readiness edges: which sockets show themselves, once each, in one order (spec 6.7).
#include <gtest/gtest.h>

#include "stack/testing_pair.hpp"

namespace dt::stack::testing {
namespace {

Conversation talk_of(Pair& pair) { return converse(pair, pair.a, pair.b, pair.b.at(80)); }

/// The masks `program` showed since the edges were cleared.
std::vector<std::string> shown(const Host& host, const Program& program) {
    std::vector<std::string> masks;
    for (const sock::ReadinessEdge& edge : host.edges) {
        if (edge.socket == program.id()) masks.push_back(Program::words(edge.mask));
    }
    return masks;
}

using Masks = std::vector<std::string>;

TEST(Edges, ConnectCompletes) {
    Pair pair;
    const Program listener = Program::stream(pair, pair.b);
    EXPECT_EQ(listener.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(listener.listen(2), "OK");
    pair.settle();
    pair.b.edges.clear();
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(shown(pair.a, client).back(), "OUT");
    EXPECT_EQ(shown(pair.b, listener), Masks{"IN"});
}

TEST(Edges, EachArrivalShowsIn_API_POLL_027_API_POLL_007) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    pair.settle();
    pair.a.edges.clear();
    EXPECT_EQ(talk.server.send("one"), "3");
    pair.settle();
    EXPECT_EQ(shown(pair.a, talk.client), Masks{"IN,OUT"});
    pair.settle();
    EXPECT_EQ(shown(pair.a, talk.client), Masks{"IN,OUT"});
    EXPECT_EQ(talk.server.send("two"), "3");
    pair.settle();
    EXPECT_EQ(shown(pair.a, talk.client), (Masks{"IN,OUT", "IN,OUT"}));
}

TEST(Edges, PeersFin_API_POLL_011_API_POLL_012_API_POLL_013) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    pair.settle();
    pair.a.edges.clear();
    EXPECT_EQ(talk.server.shutdown(sock::How::write), "OK");
    pair.settle();
    EXPECT_EQ(shown(pair.a, talk.client), Masks{"IN,OUT,RDHUP"});
    EXPECT_EQ(talk.server.shutdown(sock::How::read), "OK");
    EXPECT_EQ(talk.server.poll(), "IN,OUT,HUP,RDHUP");
}

TEST(Edges, Reset_API_POLL_015_API_POLL_016) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    pair.settle();
    pair.a.edges.clear();
    reset(talk.server);
    pair.settle();
    EXPECT_EQ(shown(pair.a, talk.client).back(), "IN,OUT,ERR,HUP,RDHUP");
    EXPECT_EQ(talk.client.take_error(), "ECONNRESET");
    EXPECT_EQ(talk.client.poll(), "IN,OUT,HUP,RDHUP");
}

TEST(Edges, FailedConnect_API_POLL_017) {
    Pair pair;
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(81)), "EINPROGRESS");
    pair.settle();
    EXPECT_EQ(shown(pair.a, client).back(), "IN,OUT,ERR,HUP,RDHUP");
    EXPECT_EQ(client.take_error(), "ECONNREFUSED");
    EXPECT_EQ(client.poll(), "IN,OUT,HUP,RDHUP");
}

TEST(Edges, FreshBoundAndListening_API_POLL_001_API_POLL_002_API_POLL_004_API_POLL_006) {
    Pair pair;
    const Program program = Program::stream(pair, pair.b);
    EXPECT_EQ(program.poll(), "OUT,HUP");
    EXPECT_EQ(program.bind(pair.b.at(80)), "OK");
    EXPECT_EQ(program.poll(), "OUT,HUP");
    EXPECT_EQ(program.listen(1), "OK");
    EXPECT_EQ(program.poll(), "none");
    const Program client = Program::stream(pair, pair.a);
    EXPECT_EQ(client.connect(pair.b.at(80)), "EINPROGRESS");
    EXPECT_EQ(client.poll(), "none");
    pair.settle();
    EXPECT_EQ(client.poll(), "OUT");
    EXPECT_EQ(program.poll(), "IN");
}

TEST(Edges, SpaceInTheSendBufferShowsOut) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    const std::string block(65536, 'x');
    for (int i = 0; i < 500 && talk.client.send(block) != "EAGAIN"; ++i) pair.settle();
    EXPECT_EQ(talk.client.poll(), "none");
    pair.a.edges.clear();
    for (int i = 0; i < 5000 && shown(pair.a, talk.client).empty(); ++i) {
        if (talk.server.receive_count() == "EAGAIN") pair.pass(10ms);
        pair.settle();
    }
    ASSERT_FALSE(shown(pair.a, talk.client).empty());
    EXPECT_EQ(shown(pair.a, talk.client).back(), "OUT");
}

TEST(Edges, DatagramArrives_API_POLL_021) {
    Pair pair;
    const Program receiver = Program::datagram(pair, pair.b);
    EXPECT_EQ(receiver.poll(), "OUT");
    EXPECT_EQ(receiver.bind(pair.b.at(53)), "OK");
    EXPECT_EQ(Program::datagram(pair, pair.a).send_to("hi", pair.b.at(53)), "2");
    pair.settle();
    EXPECT_EQ(shown(pair.b, receiver), Masks{"IN,OUT"});
}

TEST(Edges, ClosedSocketShowsNothing_API_POLL_031) {
    Pair pair;
    const Conversation talk = talk_of(pair);
    pair.settle();
    EXPECT_EQ(talk.server.send("x"), "1");
    pair.a.edges.clear();
    EXPECT_EQ(talk.client.close(), "OK");
    pair.settle();
    EXPECT_TRUE(shown(pair.a, talk.client).empty());
    EXPECT_EQ(talk.client.calls().poll(talk.client.id()).bits, sock::PollMask::nval);
}

}  // namespace
}  // namespace dt::stack::testing
