// The state table, and the diagram in docs/ that is made of it.
#include "tcp/state.hpp"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

namespace dt::tcp {
namespace {

/// The diagram as Mermaid draws it. TIME-WAIT and the others are ids without the hyphen.
std::string diagram() {
    const auto id = [](State state) {
        std::string name{event::name(state)};
        for (char& c : name)
            if (c == '-') c = '_';
        return name;
    };
    std::string text =
        "# TCP states\n\n"
        "Made of the table in `src/tcp/state.hpp`; a test compares both "
        "(RFC 9293 §3.3.2 Figure 5, and the edges of §3.10).\n\n"
        "```mermaid\nstateDiagram-v2\n    [*] --> CLOSED\n";
    for (const StateRow& row : state_rows()) {
        text += "    " + id(row.from) + " --> " + id(row.to) + " : " +
                std::string{label(row.cause)} + "\n";
    }
    return text + "```\n";
}

TEST(StateTable, DiagramInDocsIsMadeOfIt) {
    std::ifstream file("docs/state-diagram.md");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    EXPECT_EQ(text, diagram()) << "write this into docs/state-diagram.md:\n" << diagram();
}

TEST(StateTable, HasTheEdgesOfFigure5) {
    const StateRow figure[] = {
        {State::closed, Cause::passive_open, State::listen},
        {State::closed, Cause::active_open, State::syn_sent},
        {State::listen, Cause::rcv_syn, State::syn_received},
        {State::syn_sent, Cause::rcv_syn, State::syn_received},
        {State::syn_sent, Cause::rcv_syn_ack, State::established},
        {State::syn_received, Cause::rcv_ack_of_syn, State::established},
        {State::established, Cause::close, State::fin_wait_1},
        {State::established, Cause::rcv_fin, State::close_wait},
        {State::fin_wait_1, Cause::rcv_ack_of_fin, State::fin_wait_2},
        {State::fin_wait_1, Cause::rcv_fin, State::closing},
        {State::fin_wait_2, Cause::rcv_fin, State::time_wait},
        {State::closing, Cause::rcv_ack_of_fin, State::time_wait},
        {State::close_wait, Cause::close, State::last_ack},
        {State::last_ack, Cause::rcv_ack_of_fin, State::closed},
        {State::time_wait, Cause::time_wait_timeout, State::closed},
    };
    for (const StateRow& row : figure) EXPECT_EQ(next_state(row.from, row.cause), row.to);
}

TEST(StateTable, KnowsNoOtherEdges) {
    EXPECT_EQ(next_state(State::closed, Cause::rcv_fin), std::nullopt);
    EXPECT_EQ(next_state(State::time_wait, Cause::rcv_fin), std::nullopt);
    EXPECT_EQ(next_state(State::close_wait, Cause::rcv_fin), std::nullopt);
}

TEST(StateTable, EveryCauseHasItsWord) {
    for (const StateRow& row : state_rows()) EXPECT_FALSE(label(row.cause).empty());
}

}  // namespace
}  // namespace dt::tcp
