// The two catalogues say the same things, and every text that a rule names is there.
#include "rules/words.hpp"

#include <gmock/gmock.h>

#include <map>
#include <set>

#include "rules/rule.hpp"

namespace dt::rules {
namespace {

std::set<std::string> holes_in(std::string_view text) {
    std::set<std::string> holes;
    for (auto open = text.find('{'); open != std::string_view::npos;
         open = text.find('{', open + 1)) {
        holes.emplace(text.substr(open, text.find('}', open) - open + 1));
    }
    return holes;
}

using Key = std::pair<RuleId, std::string>;

std::map<Key, std::set<std::string>> holes_of(Language language) {
    std::map<Key, std::set<std::string>> holes;
    for (const Word& word : words(language)) {
        holes.emplace(Key{word.rule, std::string{word.part}}, holes_in(word.text));
    }
    return holes;
}

TEST(Words, BothLanguagesHaveTheSameTextsWithTheSamePlaceholders) {
    EXPECT_EQ(holes_of(Language::english), holes_of(Language::korean));
}

TEST(Words, NoTextIsThereTwice) {
    for (const Language language : {Language::english, Language::korean}) {
        EXPECT_EQ(words(language).size(), holes_of(language).size());
    }
}

TEST(Words, EveryRuleSaysItsSymptomCauseHeadAndFix) {
    for (const Rule& rule : all_rules()) {
        for (const std::string_view part : {"symptom", "cause", "head", "proof"}) {
            const auto has = [&](std::string_view wanted) {
                return !text_of(Language::english, rule.id, wanted).empty();
            };
            // R64 looks at packets only; R24's proof has two parts.
            const bool is_there = has(part) || has(std::string{part} + ".packets") ||
                                  has(std::string{part} + ".drops");
            EXPECT_TRUE(is_there) << name(rule.id) << " " << part;
        }
    }
}

TEST(Words, EveryRuleHasItsOwnNumberAndIsToldApartFromRulesThatExist) {
    std::set<std::string> names;
    for (const Rule& rule : all_rules()) EXPECT_TRUE(names.insert(name(rule.id)).second);
    for (const Rule& rule : all_rules()) {
        std::string_view rest = rule.separates_from;
        while (!rest.empty()) {
            const auto end = rest.find(' ');
            EXPECT_TRUE(names.contains(std::string{rest.substr(0, end)}))
                << name(rule.id) << " names " << rest.substr(0, end);
            rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
        }
    }
}

TEST(Words, AnUnknownPlaceholderStaysAsItIs) {
    const std::vector<Value> values{{"a", "1"}};
    EXPECT_EQ(filled("{a} of {b}, {", values), "1 of {b}, {");
}

TEST(Words, ALocaleChoosesTheLanguage) {
    EXPECT_EQ(language_of("ko_KR.UTF-8"), Language::korean);
    EXPECT_EQ(language_of("en"), Language::english);
    EXPECT_EQ(language_of("C.UTF-8"), Language::english);
    EXPECT_EQ(language_of("fr_FR"), std::nullopt);
}

TEST(Words, OneOfAThingIsNotSeveral) {
    EXPECT_EQ(counted(Language::english, "listeners", 1), "1 listener");
    EXPECT_EQ(counted(Language::english, "listeners", 0), "0 listeners");
    EXPECT_EQ(counted(Language::english, "sockets", 29'411), "29,411 TCP sockets");
    EXPECT_EQ(counted(Language::korean, "sockets", 1), "TCP 소켓 1개");
    EXPECT_EQ(findings_text(Language::english, 1), "1 finding");
    EXPECT_EQ(findings_text(Language::english, 3), "3 findings");
}

}  // namespace
}  // namespace dt::rules
