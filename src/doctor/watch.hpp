// doctor --watch: what has appeared, changed and gone from one look to the next.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "rules/engine.hpp"
#include "rules/words.hpp"

namespace dt::doctor {

/// One line of the watch: `+` has appeared, `~` changed by a quarter or more, `-` gone for 10 s.
struct WatchLine {
    char sign = '+';
    std::string text;
};

class WatchLog {
  public:
    explicit WatchLog(rules::Language language) : language_(language) {}

    /// What the findings of a look at `now` change.
    [[nodiscard]] std::vector<WatchLine> update(Instant now, const rules::Evidence& evidence,
                                                const rules::Verdict& verdict);
    [[nodiscard]] bool has_found() const { return has_found_; }

  private:
    [[nodiscard]] std::string gone(std::string_view rule, std::string_view subject,
                                   const rules::Evidence& evidence) const;

    struct Entry {
        std::uint64_t weight = 0;  ///< as it was last told
        Instant seen{};
        std::string rule;
        std::string subject;
    };

    rules::Language language_;
    std::map<std::string, Entry> entries_;  // by rule and subject
    bool has_found_ = false;
};

}  // namespace dt::doctor
