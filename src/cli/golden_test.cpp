// The committed recording of a demo replays to the committed picture, whatever machine, build and
// address space it is replayed in.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <sstream>

#include "cli/load.hpp"
#include "observe/ladder.hpp"

namespace dt::cli {
namespace {

std::string text_of(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    text << file.rdbuf();
    return text.str();
}

TEST(Golden, TheDemosRecordingReplaysToItsLadder) {
    Loaded loaded("tests/golden/demo.dtr");
    const auto problem = loaded.load({});
    ASSERT_FALSE(problem) << problem->sentence;
    EXPECT_FALSE(loaded.replay().difference()) << loaded.replay().difference()->sentence();
    EXPECT_EQ(loaded.replay().ending(), world::Ending::whole);
    const auto flows = observe::flows_of(loaded.trace());
    ASSERT_EQ(flows.size(), 1U);
    const observe::Ladder ladder = observe::make_ladder(loaded.trace(), flows[0], {});
    EXPECT_EQ(observe::ladder_text(ladder, observe::Paint{}), text_of("tests/golden/demo.ladder"));
}

TEST(Golden, TheClientIsLeftInTimeWait) {
    Loaded loaded("tests/golden/demo.dtr");
    ASSERT_FALSE(loaded.load({}));
    const auto sockets = loaded.sockets();
    ASSERT_EQ(sockets.size(), 2U);
    const auto is_waiting = [](const event::SocketView& socket) {
        return socket.state == event::State::time_wait;
    };
    EXPECT_TRUE(std::ranges::any_of(sockets[0].snapshot.sockets, is_waiting));
    EXPECT_FALSE(std::ranges::any_of(sockets[1].snapshot.sockets, is_waiting));
}

TEST(Golden, WhatIsNoRecordingIsSaidInOneSentence) {
    Loaded foreign("tests/golden/demo.ladder");
    const auto problem = foreign.load({});
    ASSERT_TRUE(problem);
    EXPECT_EQ(problem->exit_code, exit_usage);
    EXPECT_NE(problem->sentence.find("tests/golden/demo.ladder"), std::string::npos);
    Loaded absent("tests/golden/no-such.dtr");
    ASSERT_TRUE(absent.load({}));
}

}  // namespace
}  // namespace dt::cli
