// Laying out footnotes.
#include "observe/notes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <string_view>

namespace dt::observe {

namespace {

constexpr std::size_t next_column = 77;
constexpr std::size_t indent = 4;

/// `text` in lines of at most `width` cells, broken at spaces; a word that is longer stays whole.
std::vector<std::string> wrapped(std::string_view text, std::size_t width) {
    std::vector<std::string> lines{""};
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        std::string& line = lines.back();
        const std::size_t room = lines.size() == 1 ? width : width - indent;
        if (line.empty()) {
            line = word;
        } else if (cells(line) + 1 + cells(word) <= room) {
            line += " ";
            line += word;
        } else {
            lines.emplace_back(word);
        }
    }
    return lines;
}

std::string note_text(const Footnote& note, std::string_view advice, const Paint& paint) {
    const std::string mark = paint.plain(fmt::format("✗L{}", note.number));
    std::string text = fmt::format("{} {}", mark, note.sentence);
    if (!note.packet.empty()) text += fmt::format(" ({})", note.packet);
    std::vector<std::string> lines = wrapped(paint.plain(text), paint.width);
    std::string& last = lines.back();
    const std::string next = paint.plain(advice);
    if (!next.empty()) {
        const std::size_t start = lines.size() == 1 ? 0 : indent;
        const std::size_t least = start + cells(last) + 2;
        const std::size_t most = paint.width - std::min<std::size_t>(paint.width, cells(next));
        const std::size_t column = std::max(least, std::min(next_column, most));
        if (column + cells(next) <= paint.width) {
            last += std::string(column - start - cells(last), ' ') + next;
        } else {
            for (std::string& line : wrapped(next, paint.width - indent)) {
                lines.push_back(std::move(line));
            }
        }
    }
    lines.front().replace(0, mark.size(), paint.tint(mark, Tone::bad));
    std::string out = lines.front() + "\n";
    for (std::size_t i = 1; i < lines.size(); ++i) {
        out += std::string(indent, ' ') + lines[i] + "\n";
    }
    return out;
}

}  // namespace

std::string notes_text(const std::vector<Footnote>& notes, const Paint& paint) {
    std::string out;
    std::set<std::string_view> said;
    for (const Footnote& note : notes) {
        const bool is_new = said.insert(note.next).second;
        out += note_text(note, is_new ? note.next : std::string_view{}, paint);
    }
    return out;
}

}  // namespace dt::observe
