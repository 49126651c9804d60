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

/// Every lab that is registered for the rule: the name of the function behind its decorator.
std::string labs_text() {
    std::string text;
    for (const auto& entry : std::filesystem::directory_iterator("tests/labs")) {
        if (entry.path().extension() == ".py") text += text_in(entry.path());
    }
    return text;
}

TEST(Pages, TheLabOfEveryRuleIsRegisteredForIt) {
    const std::string text = labs_text();
    for (const Rule& rule : all_rules()) {
        const auto at = text.find("\ndef " + std::string{lab_of(rule.id)} + "(bench)");
        ASSERT_NE(at, std::string::npos) << name(rule.id) << " " << lab_of(rule.id);
        const auto decorator = text.rfind("@lab(", at);
        EXPECT_NE(text.substr(decorator, at - decorator).find('"' + name(rule.id) + '"'),
                  std::string::npos)
            << name(rule.id) << " " << lab_of(rule.id);
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
