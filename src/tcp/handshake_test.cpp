// Opening a connection: spec rows TCP-CONN, TCP-SEG-012..017, TCP-OPT, FSM-SYN_SENT.
#include "tcp/connection_fixture.hpp"

namespace dt::tcp {
namespace {

using Handshake = ConnectionTest;

TEST_F(Handshake, TCP_CONN_001_syn_syn_ack_ack) {
    open_active();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].flags(), TcpFlags{TcpFlag::syn});
    EXPECT_EQ(sent[0].seq(), iss);
    EXPECT_EQ(sent[0].header.options.mss, 1460);
    deliver(syn_ack());
    ASSERT_EQ(sent.size(), 2U);
    expect_ack(sent[1], ours, theirs);
    EXPECT_EQ(states(), (std::vector{State::syn_sent, State::established}));
    EXPECT_TRUE(c->readiness().connected_once);
}

TEST_F(Handshake, PassiveOpenIsEstablishedByTheLastAck) {
    open_passive();
    deliver({});
    EXPECT_EQ(c->state(), State::established);
    expect_no_segment();
    const auto transitions = log.all<event::Transition>();
    ASSERT_EQ(transitions.size(), 1U);
    EXPECT_EQ(transitions[0].from, State::syn_received);
}

TEST_F(Handshake, TCP_SEG_023_last_ack_with_text_delivers_it) {
    open_passive();
    deliver_text(theirs, "ping", ours);
    EXPECT_EQ(c->state(), State::established);
    EXPECT_EQ(read_all(), "ping");
}

}  // namespace
}  // namespace dt::tcp
