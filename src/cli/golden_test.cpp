// The committed recording of a demo replays to the committed picture, whatever machine, build and
// address space it is replayed in.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "cli/load.hpp"
#include "observe/ladder.hpp"
#include "observe/ss.hpp"

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

TEST(Golden, TheReadmesShowTheSameLadder) {
    const std::string ladder = text_of("tests/golden/demo.ladder");
    ASSERT_FALSE(ladder.empty());
    for (const char* readme : {"README.md", "README.ko.md"}) {
        EXPECT_NE(text_of(readme).find(ladder), std::string::npos) << readme;
    }
}

/// The names of all fields, each once, in order: `left.text`; lists count as their elements.
void add_fields(const nlohmann::json& value, const std::string& path, std::set<std::string>& to) {
    if (value.is_array()) {
        for (const auto& element : value) add_fields(element, path + "[]", to);
    } else if (value.is_object()) {
        for (const auto& [name, field] : value.items()) add_fields(field, path + "." + name, to);
    } else {
        to.insert(path);
    }
}

TEST(Golden, TheFieldsOfJsonAreThoseThatAreDocumented) {
    Loaded loaded("tests/golden/demo.dtr");
    ASSERT_FALSE(loaded.load({}));
    const auto flows = observe::flows_of(loaded.trace());
    ASSERT_FALSE(flows.empty());
    const observe::Ladder ladder = observe::make_ladder(loaded.trace(), flows[0], {});
    std::set<std::string> fields;
    add_fields(nlohmann::json::parse(observe::ladder_json(ladder, loaded.trace())), "", fields);
    std::istringstream lines(observe::ss_json(loaded.sockets(), {}));
    for (std::string line; std::getline(lines, line);) {
        add_fields(nlohmann::json::parse(line), "ss", fields);
    }
    const std::string documented = text_of("docs/json.md");
    EXPECT_GT(fields.size(), 25U);
    for (const std::string& field : fields) {
        std::string name = field.substr(field.rfind('.') + 1);
        name.erase(std::min(name.find('['), name.size()));
        EXPECT_NE(documented.find("`" + name + "`"), std::string::npos)
            << field << " is not in docs/json.md";
    }
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

TEST(Golden, ATimeBetweenTwoEventsIsShownAsAskedForAndIsNoEnd) {
    using namespace std::chrono_literals;
    Loaded loaded("tests/golden/demo.dtr");
    ASSERT_FALSE(loaded.load({105ms, std::nullopt}));
    EXPECT_FALSE(loaded.replay().has_ended());
    EXPECT_EQ(loaded.position(), 105ms);
    ::testing::internal::CaptureStderr();
    static_cast<void>(tell_of_replay(loaded));
    const std::string told = ::testing::internal::GetCapturedStderr();
    EXPECT_EQ(told.find("whole up to"), std::string::npos) << told;
}

TEST(Golden, ATimeBehindTheEndShowsTheEnd) {
    using namespace std::chrono_literals;
    Loaded loaded("tests/golden/demo.dtr");
    ASSERT_FALSE(loaded.load({1h, std::nullopt}));
    EXPECT_TRUE(loaded.replay().has_ended());
    EXPECT_LT(loaded.position(), 10s);
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
