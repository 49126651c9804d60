// The pages of docs/diagnosis.
#include "rules/pages.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <map>

namespace dt::rules {

namespace {

/// A template as a reader sees it: the names of values between angle quotes.
std::string shown(std::string_view pattern) {
    std::string out;
    for (const char c : pattern) {
        if (c == '{') {
            out += "‹";
        } else if (c == '}') {
            out += "›";
        } else {
            out += c;
        }
    }
    return out;
}

/// All texts of a rule whose part begins with `front`, as a list.
std::string list_of(Language language, RuleId id, std::string_view front) {
    std::string out;
    for (const Word& word : words(language)) {
        if (word.rule == id && word.part.starts_with(front)) {
            out += fmt::format("- {}\n", shown(word.text));
        }
    }
    return out;
}

struct Titles {
    std::string_view cause;
    std::string_view heads;
    std::string_view proof;
    std::string_view fix;
};

constexpr Titles titles_of(Language language) {
    if (language == Language::korean) return {"원인", "진단", "증거", "조치"};
    return {"Cause", "Finding", "Proof", "Fix"};
}

std::string body(Language language, RuleId id) {
    const Titles titles = titles_of(language);
    std::string out = fmt::format("{}\n\n**{}.** {}\n", text_of(language, id, "symptom"),
                                  titles.cause, text_of(language, id, "cause"));
    for (const auto& [title, part] :
         {std::pair{titles.heads, "head"}, {titles.proof, "proof"}, {titles.fix, "fix"}}) {
        out += fmt::format("\n**{}**\n\n{}", title, list_of(language, id, part));
    }
    return out;
}

std::string links(std::string_view rules) {
    std::string out;
    while (!rules.empty()) {
        const auto end = rules.find(' ');
        const std::string_view one = rules.substr(0, end);
        out += fmt::format("{}[{}]({}.md)", out.empty() ? "" : ", ", one, one);
        rules.remove_prefix(end == std::string_view::npos ? rules.size() : end + 1);
    }
    return out.empty() ? "no other rule" : out;
}

Page page_of(const Rule& rule) {
    const std::string id = name(rule.id);
    std::string text = fmt::format("# {}: {}\n\n", id, rule.symptom);
    text += body(Language::english, rule.id);
    text += fmt::format("\nTold apart from {}.\n\nSee it happen: `python3 tests/labs/lab.py {}`\n",
                        links(rule.separates_from), lab_of(rule.id));
    const std::string_view hindrance = lab_hindrance(rule.id);
    if (!hindrance.empty()) {
        text += fmt::format("\nNever more than `likely`, for its lab cannot always be made: {}.\n",
                            hindrance);
    }
    text += "\n## 우리말\n\n" + body(Language::korean, rule.id);
    return {id + ".md", std::move(text)};
}

Page index_of(const std::vector<Rule>& rules) {
    std::string text =
        "# Diagnosis\n\nWhat `dialtone doctor` can tell, by what the program saw. Each rule has a "
        "lab that makes its situation and near misses\nthat must not fire it "
        "(`python3 tests/labs/lab.py`). These pages are made from the rules.\n";
    for (const Kind kind :
         {Kind::bind, Kind::connect, Kind::accept, Kind::close, Kind::delay, Kind::call}) {
        text += fmt::format("\n## {}\n\n| seen | rule | |\n|---|---|---|\n", name(kind));
        for (const Rule& rule : rules) {
            if (rule.kind != kind) continue;
            text += fmt::format("| {} | [{}]({}.md) | {} |\n", rule.symptom, name(rule.id),
                                name(rule.id), text_of(Language::english, rule.id, "symptom"));
        }
    }
    text += "\n## Never more than likely\n\n";
    for (const Rule& rule : rules) {
        const std::string_view hindrance = lab_hindrance(rule.id);
        if (hindrance.empty()) continue;
        text += fmt::format("- [{}]({}.md): its lab cannot always be made: {}\n", name(rule.id),
                            name(rule.id), hindrance);
    }
    return {"README.md", std::move(text)};
}

}  // namespace

std::vector<Page> pages() {
    std::vector<Rule> rules = all_rules();
    std::ranges::sort(rules, {}, &Rule::id);
    std::vector<Page> all{index_of(rules)};
    for (const Rule& rule : rules) all.push_back(page_of(rule));
    return all;
}

}  // namespace dt::rules
