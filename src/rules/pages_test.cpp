// docs/diagnosis is what the rules say. With DIALTONE_WRITE_PAGES set, the test writes the pages.
#include "rules/pages.hpp"

#include <gmock/gmock.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

namespace dt::rules {
namespace {

const std::filesystem::path folder = "docs/diagnosis";

std::string text_in(const std::filesystem::path& file) {
    const std::ifstream in(file);
    std::ostringstream text;
    text << in.rdbuf();
    return text.str();
}

TEST(Pages, TheDocumentsAreWhatTheRulesSay) {
    if (std::getenv("DIALTONE_WRITE_PAGES") != nullptr) {
        std::filesystem::create_directories(folder);
        for (const Page& page : pages()) std::ofstream(folder / page.file) << page.text;
    }
    for (const Page& page : pages()) {
        EXPECT_EQ(text_in(folder / page.file), page.text)
            << "to mend it: DIALTONE_WRITE_PAGES=1 rules_test --gtest_filter='Pages.*'";
    }
}

TEST(Pages, ThereIsNoPageOfARuleThatIsGone) {
    std::set<std::string> known;
    for (const Page& page : pages()) known.insert(page.file);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        EXPECT_TRUE(known.contains(entry.path().filename().string())) << entry.path();
    }
}

TEST(Pages, EveryRuleHasAPageThatSaysItsSymptomInBothLanguages) {
    for (const Page& page : pages()) {
        if (page.file == "README.md") continue;
        EXPECT_NE(page.text.find("## 우리말"), std::string::npos);
        EXPECT_EQ(page.text.find("- \n"), std::string::npos) << page.file;
    }
}

}  // namespace
}  // namespace dt::rules
