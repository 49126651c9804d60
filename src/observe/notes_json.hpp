// Footnotes as JSON, the same in every document.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "observe/notes.hpp"

namespace dt::observe {

/// `[{"id": "L1", "sentence": …, "packet": "p3", "next": …}]`.
[[nodiscard]] inline nlohmann::json notes_json(const std::vector<Footnote>& notes) {
    nlohmann::json list = nlohmann::json::array();
    for (const Footnote& note : notes) {
        list.push_back({{"id", "L" + std::to_string(note.number)},
                        {"sentence", note.sentence},
                        {"packet", note.packet},
                        {"next", note.next}});
    }
    return list;
}

}  // namespace dt::observe
