// A verdict as text (UX: doctor), as JSON (docs/json.md) and as one page of HTML.
#pragma once

#include <string>

#include "doctor/host.hpp"
#include "observe/paint.hpp"
#include "rules/engine.hpp"
#include "rules/words.hpp"

namespace dt::doctor {

/// What the report says about where and how the evidence was read.
struct Setting {
    std::string host_name;
    std::string kernel;
    rules::Language language = rules::Language::english;
    std::vector<Unseen> unseen;
    std::size_t hidden_owners = 0;
    std::vector<rules::Value> target;  ///< of the line about the target; empty without one
    std::string_view target_part;      ///< the report's text for that line
    bool was_probed = false;
    bool is_file = false;                ///< a capture or a recording was read, not this host
    std::vector<std::string> notes;      ///< sentences below the findings
    bool is_verbose = false;             ///< also each owner's command line
    std::vector<std::string> undecided;  ///< sentences of what could not be judged
};

/// 0 nothing found, 1 findings, 3 what was asked cannot be judged.
[[nodiscard]] int exit_code_of(const rules::Verdict& verdict, const Setting& setting);

[[nodiscard]] std::string text_report(const rules::Evidence& evidence,
                                      const rules::Verdict& verdict, const Setting& setting,
                                      const observe::Paint& paint);
[[nodiscard]] std::string json_report(const rules::Evidence& evidence,
                                      const rules::Verdict& verdict, const Setting& setting);
/// One page: works from a file, asks nobody, escapes what programs call themselves.
[[nodiscard]] std::string html_report(const rules::Evidence& evidence,
                                      const rules::Verdict& verdict, const Setting& setting);
/// The line that says what was read, and how much was found.
[[nodiscard]] std::string summary_line(const rules::Evidence& evidence,
                                       const rules::Verdict& verdict, const Setting& setting);
/// Where and when in a recording; empty elsewhere.
[[nodiscard]] std::string place_text(const rules::Finding& finding, rules::Language language);
/// One finding as the lines of a terminal report.
[[nodiscard]] std::string finding_text(const rules::Finding& finding, std::size_t rank,
                                       rules::Language language, const observe::Paint& paint);

}  // namespace dt::doctor
