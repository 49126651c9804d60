// A scenario's lines cut into columns and words, each with its place.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "scenario/script.hpp"

namespace dt::scenario {

/// Part of a line.
struct Piece {
    std::string_view text;
    Place place;
};

/// A rung's three columns.
struct Columns {
    Piece left;
    Piece middle;
    Piece right;
};

enum class LineKind : std::uint8_t { blank, comment, heading, setting, rung };

/// `heading` is the line that names the lifelines: app, stack, peer.
[[nodiscard]] LineKind kind_of(std::string_view line);
/// Cuts a rung at its two bars. The caller asked kind_of(): there are at least two.
[[nodiscard]] Columns columns_of(std::string_view line, std::uint32_t number);
/// Words divided by blanks; what stands in `<…>` is one word.
[[nodiscard]] std::vector<Piece> words_of(Piece piece);
/// Words of a list divided by `separator`, blanks around them taken off.
[[nodiscard]] std::vector<Piece> parts_of(Piece piece, char separator);
/// The file's lines without their ends.
[[nodiscard]] std::vector<std::string> lines_of(std::string_view text);

}  // namespace dt::scenario
