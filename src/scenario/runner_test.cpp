// A scenario that does not hold is found, at the rung that does not hold.
#include "scenario/runner.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace dt::scenario {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string verdict(const std::string& body) {
    return judge("title\n" + body, "x.ladder").value_or("holds");
}

TEST(ScenarioRunner, AHandshakeHolds) {
    EXPECT_EQ(verdict("given LISTEN\n"
                      "|<- S 0:0(0) win 1000 <mss 1000> --|\n"
                      "|-- S. 0:0(0) ack 1 -------------->| SYN-RECEIVED; queues 1 0/5\n"),
              "holds");
}

TEST(ScenarioRunner, EveryFixtureHolds) {
    for (const char* given :
         {"LISTEN", "SYN-RECEIVED", "SYN-SENT", "ESTABLISHED", "ESTABLISHED active", "FIN-WAIT-1",
          "FIN-WAIT-1 closed", "FIN-WAIT-2", "FIN-WAIT-2 closed", "CLOSE-WAIT", "CLOSING",
          "CLOSING closed", "LAST-ACK", "LAST-ACK closed", "TIME-WAIT",
          "TIME-WAIT active closed"}) {
        EXPECT_EQ(verdict("given " + std::string(given) + "\n| | no packet\n"), "holds") << given;
    }
}

TEST(ScenarioRunner, MarksTheFirstWrongRungAndSaysWhatWasSeen) {
    const std::string text = verdict(
        "given LISTEN\n"
        "|<- S 0:0(0) win 1000 --|\n"
        "|-- S. 0:0(0) ack 2 -->|\n");
    EXPECT_THAT(text,
                StartsWith("x.ladder:4:5: the ack is 1, expected 2; seen: 80>10.0.0.2:40000 S."));
    EXPECT_THAT(text, HasSubstr("✗ |-- S. 0:0(0) ack 2 -->|\n      ^ the ack is 1"));
}

TEST(ScenarioRunner, APacketThatNoRungExpectsIsAFailure) {
    EXPECT_THAT(verdict("given LISTEN\n"
                        "     |<- S 0:0(0) win 1000 --|\n"
                        "+1s  |                       |\n"),
                HasSubstr("no rung expects what the stack sent"));
    EXPECT_THAT(verdict("given LISTEN\n|<- S 0:0(0) win 1000 --|\n"),
                HasSubstr("no rung expects what the stack sent"));
}

TEST(ScenarioRunner, SilenceWhereAPacketIsExpectedIsAFailure) {
    EXPECT_THAT(verdict("given LISTEN\n|-- S. 0:0(0) ack 1 -->|\n"),
                HasSubstr("the stack sent nothing"));
}

TEST(ScenarioRunner, AWrongStateQueueReasonOrAnswerIsAFailure) {
    EXPECT_THAT(verdict("given ESTABLISHED\n| | CLOSED\n"), HasSubstr("the state is ESTABLISHED"));
    EXPECT_THAT(verdict("given LISTEN\n| | queues 1 0/5\n"), HasSubstr("the queues are 0 0/5"));
    EXPECT_THAT(verdict("given LISTEN\n| | reason paws\n"),
                HasSubstr("no event has the reason paws"));
    EXPECT_THAT(verdict("given LISTEN\naccept -> | |\n"), HasSubstr("accept answered EAGAIN"));
    EXPECT_THAT(verdict("given LISTEN\n| | counter listen_drops 1\n"),
                HasSubstr("listen_drops is 0, expected 1"));
    EXPECT_THAT(verdict("given NOWHERE\n| |\n"), HasSubstr("no state is called NOWHERE"));
}

TEST(ScenarioRunner, APacketAtAnotherTimeIsAFailure) {
    const std::string early = "given SYN-SENT\n+2s |-- S 0:0(0) -->|\n";
    EXPECT_THAT(verdict(early), HasSubstr("no rung expects what the stack sent"));
    const std::string late = "given SYN-SENT\n+500ms |-- S 0:0(0) -->|\n";
    EXPECT_THAT(verdict(late), HasSubstr("the stack sent nothing"));
    EXPECT_EQ(verdict("given SYN-SENT\n+1s |-- S 0:0(0) -->|\n"), "holds");
}

TEST(ScenarioRunner, OctetsAreComparedWithThePattern) {
    EXPECT_EQ(verdict("given ESTABLISHED\n"
                      "              |<- P. 1:501(500) ack 1 --|\n"
                      "              |-- . 1:1(0) ack 501 ---->|\n"
                      "read = 500 -> |                         |\n"
                      "write 700  -> |-- P. 1:701(700) ack 501 ->|\n"),
              "holds");
}

}  // namespace
}  // namespace dt::scenario
