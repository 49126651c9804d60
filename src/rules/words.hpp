// The texts of rules and reports as data, in two languages. Placeholders are {names} of values.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "rules/finding.hpp"

namespace dt::rules {

enum class Language : std::uint8_t { english, korean };
/// `en` or `ko`, also as a locale's beginning (`ko_KR.UTF-8`); nothing for another.
[[nodiscard]] std::optional<Language> language_of(std::string_view text);

/// One text: of a rule, or of the report itself (rule 0).
struct Word {
    RuleId rule{};
    std::string_view part;
    std::string_view text;
};

/// All texts of a language.
[[nodiscard]] std::vector<Word> words(Language language);
/// The text of `part`; empty where the catalogue has none (a test compares the two catalogues).
[[nodiscard]] std::string_view text_of(Language language, RuleId rule, std::string_view part);
/// `pattern` with each {name} replaced by its value; an unknown name stays as it is.
[[nodiscard]] std::string filled(std::string_view pattern, std::span<const Value> values);
/// `1 listener`, `1,204 listeners`: the report's text `what`.one or `what`.many, filled.
[[nodiscard]] std::string counted(Language language, std::string_view what, std::uint64_t count);
/// `1 finding`, `3 findings`.
[[nodiscard]] std::string findings_text(Language language, std::size_t count);
/// The text of a finding's part, filled.
[[nodiscard]] std::string say(Language language, const Finding& finding, std::string_view part);

/// The families' texts, one pair of files each.
[[nodiscard]] std::span<const Word> english_report();
[[nodiscard]] std::span<const Word> english_bind();
[[nodiscard]] std::span<const Word> english_connect();
[[nodiscard]] std::span<const Word> english_accept();
[[nodiscard]] std::span<const Word> english_close();
[[nodiscard]] std::span<const Word> english_delay();
[[nodiscard]] std::span<const Word> english_call();
[[nodiscard]] std::span<const Word> korean_report();
[[nodiscard]] std::span<const Word> korean_bind();
[[nodiscard]] std::span<const Word> korean_connect();
[[nodiscard]] std::span<const Word> korean_accept();
[[nodiscard]] std::span<const Word> korean_close();
[[nodiscard]] std::span<const Word> korean_delay();
[[nodiscard]] std::span<const Word> korean_call();

}  // namespace dt::rules
