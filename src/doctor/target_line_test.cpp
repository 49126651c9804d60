// The line about what was asked.
#include "doctor/target_line.hpp"

#include <gmock/gmock.h>

namespace dt::doctor {
namespace {

using event::State;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::StartsWith;

rules::Socket socket_between(const char* local, const char* remote, State state) {
    rules::Socket socket;
    socket.local = *Endpoint::parse(local);
    socket.remote = *Endpoint::parse(remote);
    socket.state = state;
    return socket;
}

struct Asked {
    rules::Evidence evidence;
    rules::Verdict verdict;
    Setting setting;

    explicit Asked(const char* endpoint) {
        evidence.window = 2s;
        evidence.target.endpoint = *Endpoint::parse(endpoint);
        evidence.target.is_any_address = evidence.target.endpoint->addr.is_any();
    }
    std::string text() {
        describe_endpoint(evidence, verdict, setting);
        return text_report(evidence, verdict, setting, observe::Paint{});
    }
};

TEST(TargetLine, AListenersQueueAndConnectionsAreCounted) {
    Asked asked("*:8080");
    auto& sockets = asked.evidence.after.sockets;
    sockets.push_back(socket_between("*:8080", "*:0", State::listen));
    sockets.back().wqueue = 5;
    sockets.push_back(socket_between("10.0.0.1:8080", "10.0.0.2:50000", State::established));
    sockets.push_back(socket_between("10.0.0.1:8080", "10.0.0.2:50001", State::time_wait));
    sockets.push_back(socket_between("10.0.0.1:60000", "10.0.0.2:8080", State::established));
    EXPECT_EQ(asked.text(),
              "✓ *:8080 ?: queue 0/5, no drops in 2.0 s, 1 ESTABLISHED, 1 TIME-WAIT\n"
              "nothing found\n");
}

TEST(TargetLine, OfAnAddressElsewhereTheConnectionsToItAreCounted) {
    Asked asked("10.0.4.7:5432");
    auto& sockets = asked.evidence.after.sockets;
    sockets.push_back(socket_between("10.0.0.1:50000", "10.0.4.7:5432", State::established));
    sockets.push_back(socket_between("10.0.0.1:50001", "10.0.4.7:5432", State::established));
    sockets.push_back(socket_between("10.0.0.1:50002", "10.0.4.7:5432", State::time_wait));
    sockets.push_back(socket_between("10.0.0.1:50003", "10.0.4.8:5432", State::established));
    const std::string text = asked.text();
    EXPECT_THAT(text, StartsWith("✓ 10.0.4.7:5432: 2 ESTABLISHED, 1 TIME-WAIT from this host\n"));
    EXPECT_EQ(exit_code_of(asked.verdict, asked.setting), 0);
}

TEST(TargetLine, AnAddressElsewhereThatNothingSpeaksToCannotBeJudged) {
    Asked asked("10.0.4.7:5432");
    asked.evidence.after.sockets.push_back(
        socket_between("10.0.0.1:50003", "10.0.4.8:5432", State::established));
    const std::string text = asked.text();
    EXPECT_THAT(text, StartsWith("not enough evidence: no socket of this host speaks to "
                                 "10.0.4.7:5432"));
    EXPECT_THAT(text, Not(HasSubstr("✓")));
    EXPECT_EQ(exit_code_of(asked.verdict, asked.setting), 3);
}

TEST(TargetLine, AnOwnAddressWithoutAListenerIsJudged) {
    Asked asked("10.0.0.1:9");
    asked.evidence.addresses.push_back({Endpoint::parse("10.0.0.1:9")->addr, 24, 2, false});
    EXPECT_THAT(asked.text(), HasSubstr("no listener here"));
    EXPECT_THAT(asked.setting.undecided, IsEmpty());
}

TEST(TargetLine, AProcessIsNamedWithItsOwnSocketsOnly) {
    rules::Evidence evidence;
    evidence.window = 2s;
    evidence.target.pid = 42;
    evidence.owners[7] = {42, 3};
    evidence.processes[42].pid = 42;
    evidence.processes[42].name = "java";
    auto& sockets = evidence.after.sockets;
    sockets.push_back(socket_between("*:8080", "*:0", State::listen));
    sockets.back().inode = 7;
    sockets.push_back(socket_between("*:8081", "*:0", State::listen));
    sockets.back().inode = 8;
    Setting setting;
    describe_process(evidence, setting);
    const std::string text = text_report(evidence, rules::Verdict{}, setting, observe::Paint{});
    EXPECT_EQ(text,
              "✓ java[42]: 1 TCP socket, 1 in LISTEN, 0 in CLOSE-WAIT, read for 2.0 s\n"
              "nothing found\n");
}

TEST(TargetLine, WhatCouldNotBeReadIsSaidOfAPortToo) {
    Asked asked("*:8080");
    asked.setting.unseen.push_back({"TCP sockets", "sendmsg: EPERM"});
    EXPECT_THAT(asked.text(), HasSubstr("Not readable: TCP sockets (sendmsg: EPERM).\n"));
}

}  // namespace
}  // namespace dt::doctor
