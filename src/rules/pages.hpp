// docs/diagnosis as text, made from the rules and their texts: one page a rule, and an index.
#pragma once

#include <string>
#include <vector>

#include "rules/rule.hpp"
#include "rules/words.hpp"

namespace dt::rules {

struct Page {
    std::string file;  ///< `R24.md`
    std::string text;
};

/// Every page of docs/diagnosis.
[[nodiscard]] std::vector<Page> pages();

}  // namespace dt::rules
