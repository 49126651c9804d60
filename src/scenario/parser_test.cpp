// The scenario language: what a script says, and what is said about a wrong one.
#include "scenario/parser.hpp"

#include <gtest/gtest.h>

#include "scenario/fixture.hpp"
#include "scenario/option_text.hpp"

namespace dt::scenario {
namespace {

Script parsed(const std::string& rungs) {
    const auto script = parse("title\n" + rungs);
    EXPECT_TRUE(script) << script.error().message;
    return script ? *script : Script{};
}

/// LINE:COLUMN: MESSAGE of what is wrong.
std::string complaint(const std::string& text) {
    const auto script = parse(text);
    if (script) return "nothing is wrong";
    const Problem& problem = script.error();
    return std::to_string(problem.place.line) + ":" + std::to_string(problem.place.column) + ": " +
           problem.message;
}

const TcpText& tcp_of(const Rung& rung) {
    if (const auto* sent = std::get_if<Expect>(&rung.middle)) {
        return std::get<TcpText>(sent->packet.body);
    }
    return std::get<TcpText>(std::get<Inject>(rung.middle).packet.body);
}

TEST(ScenarioParser, ReadsTheThreeColumnsOfARung) {
    const Script script = parsed("close -> |-- F. 1:1(0) ack 1 --->|  FIN-WAIT-1; queues 1 0/5\n");
    ASSERT_EQ(script.rungs.size(), 1U);
    EXPECT_EQ(std::get<Call>(script.rungs[0].left).verb, Verb::close);
    EXPECT_TRUE(tcp_of(script.rungs[0]).flags.fin());
    ASSERT_EQ(script.rungs[0].right.size(), 2U);
    EXPECT_EQ(std::get<StateCheck>(script.rungs[0].right[0].what).state, event::State::fin_wait_1);
    EXPECT_EQ(std::get<QueuesCheck>(script.rungs[0].right[1].what).limit, 5U);
}

TEST(ScenarioParser, ReadsASegmentWithAllItsWords) {
    const Script script = parsed(
        "| <- 40001>80 P. 1:101(100) ack #7 win 257 urg 3 <mss 1460,nop,TS val 1 ecr *> ttl 3 "
        "----|\n");
    const TcpText& tcp = tcp_of(script.rungs[0]);
    EXPECT_EQ(tcp.length, 100U);
    EXPECT_EQ(tcp.ack->kind, Number::Kind::absolute);
    EXPECT_EQ(*tcp.window, 257);
    EXPECT_EQ(*tcp.urgent, 3);
    EXPECT_EQ(to_text(*tcp.options), "<mss 1460,nop,TS val 1 ecr *>");
    const Packet& packet = std::get<Inject>(script.rungs[0].middle).packet;
    EXPECT_EQ(packet.source.port, Port{40001});
    EXPECT_EQ(packet.destination.port, Port{80});
    EXPECT_EQ(*packet.ip.ttl, 3);
}

TEST(ScenarioParser, ReadsCallsOnNamedSocketsAndTheirAnswers) {
    const Script script = parsed("a.write 100 = EPIPE -> | |\n");
    const auto& call = std::get<Call>(script.rungs[0].left);
    EXPECT_EQ(call.socket, "a");
    EXPECT_EQ(call.arguments, std::vector<std::string>{"100"});
    EXPECT_EQ(call.expected, "EPIPE");
}

TEST(ScenarioParser, ReadsTimesWithTheirTolerance) {
    const Script script = parsed("+1.5s ~20ms | |\n");
    const auto& pause = std::get<Sleep>(script.rungs[0].left);
    EXPECT_EQ(pause.by, 1500ms);
    EXPECT_EQ(pause.tolerance, 20ms);
}

TEST(ScenarioParser, ReadsDatagramsAndMessages) {
    const Script script =
        parsed("|-- udp 53>40000 (100) -->|\n|<- icmp 3/4 mtu 576 quoting 1 --|\n");
    const Packet& datagram = std::get<Expect>(script.rungs[0].middle).packet;
    EXPECT_EQ(std::get<UdpText>(datagram.body).length, 100U);
    EXPECT_EQ(datagram.source.port, Port{53});
    const auto& icmp = std::get<IcmpText>(std::get<Inject>(script.rungs[1].middle).packet.body);
    EXPECT_EQ(*icmp.mtu, 576);
    EXPECT_EQ(icmp.quoted_seq->value, 1);
}

TEST(ScenarioParser, KeepsSettingsAndTheGivenState) {
    const Script script = parsed("set syn_retries 2\ngiven TIME-WAIT closed\n| |\n");
    EXPECT_EQ(script.settings.config.syn_retries, 2);
    EXPECT_EQ(script.given, "TIME-WAIT closed");
}

TEST(ScenarioParser, TellsLineAndColumnOfWhatIsWrong) {
    EXPECT_EQ(complaint("t\nflose -> | |\n"),
              "2:1: expected a call, or a time such as +60s, not 'flose'");
    EXPECT_EQ(complaint("t\n|-- Q 0:0(0) -->|\n"),
              "2:5: expected flags (S F R P . U E W, or - for none), udp or icmp, not 'Q'");
    EXPECT_EQ(complaint("t\n|-- P. 1:100(100) -->|\n"),
              "2:8: expected LAST - FIRST to be LENGTH, not '1:100(100)'");
    EXPECT_EQ(
        complaint("t\n| | FIN-WAIT-3\n"),
        "2:5: expected a state, or a check that docs/howto/scenario.md lists, not 'FIN-WAIT-3'");
    EXPECT_EQ(complaint("t\n| | queues 1 0-5\n"), "2:14: expected ACCEPT/LIMIT, not '0-5'");
    EXPECT_EQ(complaint("t\n| | reason because\n"),
              "2:12: expected a reason that `dialtone explain` lists, not 'because'");
    EXPECT_EQ(complaint("t\nset color red\n| |\n"),
              "2:5: expected a setting that docs/howto/scenario.md lists, not 'color'");
    EXPECT_EQ(complaint("t\npoll -> | |\n"), "2:8: expected = and an answer, the text ends here");
    EXPECT_EQ(complaint("t\n"), "1:1: the ladder has no rung");
    EXPECT_EQ(complaint(""), "1:1: the first line is the title");
}

TEST(ScenarioParser, WritesOptionsAsItReadsThem) {
    Complaint wrong;
    const std::string text = "<mss 1460,sackOK,TS val 5 ecr 6,nop,wscale 7,sack 1:101 201:301>";
    const auto options = parse_options({text, {1, 1}}, wrong);
    ASSERT_FALSE(wrong.problem());
    const auto octets = encode(options, {Seq{1000}, 0});
    EXPECT_EQ(to_text(options_of(octets, Seq{1000})),
              text.substr(0, text.size() - 1) + ",eol,eol>");
}

TEST(ScenarioParser, EveryStateOfTheMachineHasAFixtureThatParses) {
    for (const char* given : {"LISTEN", "SYN-RECEIVED", "SYN-SENT", "ESTABLISHED",
                              "FIN-WAIT-1 closed", "FIN-WAIT-2 active", "CLOSE-WAIT", "CLOSING",
                              "LAST-ACK closed", "TIME-WAIT active closed"}) {
        const auto text = fixture(given);
        ASSERT_TRUE(text) << given;
        EXPECT_TRUE(parse_rungs(*text)) << given;
    }
    EXPECT_FALSE(fixture("HALF-OPEN"));
    EXPECT_FALSE(fixture("ESTABLISHED asleep"));
}

}  // namespace
}  // namespace dt::scenario
