// Looking up and filling texts.
#include "rules/words.hpp"

#include <algorithm>
#include <array>

#include "rules/number_text.hpp"

namespace dt::rules {

namespace {

using Catalogue = std::array<std::span<const Word>, 7>;

Catalogue catalogue(Language language) {
    if (language == Language::korean) {
        return {korean_report(), korean_bind(),  korean_connect(), korean_accept(),
                korean_close(),  korean_delay(), korean_call()};
    }
    return {english_report(), english_bind(),  english_connect(), english_accept(),
            english_close(),  english_delay(), english_call()};
}

}  // namespace

std::optional<Language> language_of(std::string_view text) {
    const std::string_view tongue = text.substr(0, text.find_first_of("_.-@"));
    if (tongue == "en" || tongue == "C" || tongue == "POSIX") return Language::english;
    if (tongue == "ko") return Language::korean;
    return std::nullopt;
}

std::vector<Word> words(Language language) {
    std::vector<Word> all;
    for (const auto family : catalogue(language)) {
        all.insert(all.end(), family.begin(), family.end());
    }
    return all;
}

std::string_view text_of(Language language, RuleId rule, std::string_view part) {
    for (const auto family : catalogue(language)) {
        const auto found = std::ranges::find_if(
            family, [&](const Word& word) { return word.rule == rule && word.part == part; });
        if (found != family.end()) return found->text;
    }
    return {};
}

std::string filled(std::string_view pattern, std::span<const Value> values) {
    std::string out;
    while (!pattern.empty()) {
        const auto open = pattern.find('{');
        out += pattern.substr(0, open);
        if (open == std::string_view::npos) break;
        pattern.remove_prefix(open);
        const auto close = pattern.find('}');
        const std::string_view hole =
            close == std::string_view::npos ? pattern : pattern.substr(0, close + 1);
        const std::string_view wanted =
            hole.substr(1, hole.size() - std::min<std::size_t>(hole.size(), 2));
        const auto value = std::ranges::find(values, wanted, &Value::name);
        out += value == values.end() ? hole : std::string_view{value->text};
        pattern.remove_prefix(hole.size());
    }
    return out;
}

std::string counted(Language language, std::string_view what, std::uint64_t count) {
    const std::string part = std::string{what} + (count == 1 ? ".one" : ".many");
    return filled(text_of(language, rule(0), part), std::vector<Value>{{"count", grouped(count)}});
}

std::string findings_text(Language language, std::size_t count) {
    return filled(text_of(language, rule(0), count == 1 ? "finding" : "findings"),
                  std::vector<Value>{{"count", std::to_string(count)}});
}

std::string say(Language language, const Finding& finding, std::string_view part) {
    return filled(text_of(language, finding.rule, part), finding.values);
}

}  // namespace dt::rules
