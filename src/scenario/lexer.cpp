// A scenario's lines cut into columns and words, each with its place.
#include "scenario/lexer.hpp"

#include <algorithm>

namespace dt::scenario {
namespace {

constexpr std::string_view blanks = " \t\r";

Piece part(Piece from, std::size_t begin, std::size_t end) {
    const auto shift = static_cast<std::uint32_t>(begin);
    return {from.text.substr(begin, end - begin), {from.place.line, from.place.column + shift}};
}

Piece trimmed(Piece piece) {
    const auto begin = piece.text.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return part(piece, 0, 0);
    return part(piece, begin, piece.text.find_last_not_of(blanks) + 1);
}

/// Where the word that begins at `begin` ends.
std::size_t word_end(std::string_view text, std::size_t begin) {
    const bool is_list = text[begin] == '<' && begin + 1 < text.size() && text[begin + 1] != '-' &&
                         text[begin + 1] != '=';
    const auto end = is_list ? text.find('>', begin) : text.find_first_of(blanks, begin);
    if (end == std::string_view::npos) return text.size();
    return is_list ? end + 1 : end;
}

bool is_heading(std::string_view line) {
    const auto words = words_of({line, {}});
    return words.size() == 3 && words[0].text == "app" && words[1].text == "stack" &&
           words[2].text == "peer";
}

}  // namespace

LineKind kind_of(std::string_view line) {
    const auto begin = line.find_first_not_of(blanks);
    if (begin == std::string_view::npos) return LineKind::blank;
    if (line[begin] == '#') return LineKind::comment;
    if (std::ranges::count(line, '|') >= 2) return LineKind::rung;
    return is_heading(line) ? LineKind::heading : LineKind::setting;
}

Columns columns_of(std::string_view line, std::uint32_t number) {
    const Piece whole{line, {number, 1}};
    const auto first = line.find('|');
    const auto second = line.find('|', first + 1);
    return {trimmed(part(whole, 0, first)), trimmed(part(whole, first + 1, second)),
            trimmed(part(whole, second + 1, line.size()))};
}

std::vector<Piece> words_of(Piece piece) {
    std::vector<Piece> words;
    auto at = piece.text.find_first_not_of(blanks);
    while (at != std::string_view::npos) {
        const auto end = word_end(piece.text, at);
        words.push_back(part(piece, at, end));
        at = piece.text.find_first_not_of(blanks, end);
    }
    return words;
}

std::vector<Piece> parts_of(Piece piece, char separator) {
    std::vector<Piece> parts;
    std::size_t begin = 0;
    while (begin <= piece.text.size()) {
        auto end = piece.text.find(separator, begin);
        if (end == std::string_view::npos) end = piece.text.size();
        const Piece found = trimmed(part(piece, begin, end));
        if (!found.text.empty()) parts.push_back(found);
        begin = end + 1;
    }
    return parts;
}

std::vector<std::string> lines_of(std::string_view text) {
    std::vector<std::string> lines;
    std::size_t begin = 0;
    while (begin < text.size()) {
        auto end = text.find('\n', begin);
        if (end == std::string_view::npos) end = text.size();
        lines.emplace_back(text.substr(begin, end - begin));
        begin = end + 1;
    }
    return lines;
}

}  // namespace dt::scenario
