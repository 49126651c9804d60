// The footnotes under a ladder: `✗L2 SYN ignored: … (p5)` and what comes next (UX §3).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "observe/paint.hpp"

namespace dt::observe {

struct Footnote {
    std::uint32_t number = 0;
    std::string sentence;
    std::string packet;  // p5
    std::string next;    // what to do or see next; may be empty
};

/// One note a line: what comes next stands in a column of its own, and under the note where the
/// note is too long for that; where several notes have the same, the first one says it. Nothing is
/// cut: a note wider than the paint goes on in the next line.
[[nodiscard]] std::string notes_text(const std::vector<Footnote>& notes, const Paint& paint);

}  // namespace dt::observe
