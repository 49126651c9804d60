// Terminal text: colour, ASCII fallback, widths and units.
#include "observe/paint.hpp"

#include <fmt/format.h>

#include <array>
#include <utility>

namespace dt::observe {

namespace {

constexpr std::string_view code(Tone tone) {
    switch (tone) {
        case Tone::plain: return "";
        case Tone::bad: return "\x1b[31m";
        case Tone::worst: return "\x1b[1;31m";
        case Tone::held: return "\x1b[33m";
        case Tone::good: return "\x1b[32m";
        case Tone::strong: return "\x1b[1m";
        case Tone::faint: return "\x1b[2m";
        case Tone::command: return "\x1b[36m";
    }
    std::unreachable();
}

constexpr auto ascii_signs = std::to_array<std::pair<std::string_view, std::string_view>>({
    {"│", "|"},   {"─", "-"},  {"┄", "."}, {"▶", ">"}, {"◀", "<"},   {"╳", "X"}, {"✗", "x"},
    {"↻", "~"},   {"✓", "ok"}, {"▸", ">"}, {"◂", "<"}, {"…", "..."}, {"┼", "+"}, {"→", "->"},
    {"↔", "<->"}, {"·", "."},  {"–", "-"}, {"┊", ":"}, {"■", "#"},   {"●", "*"}, {"◌", "o"},
});

bool is_continuation(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

/// The longest front of `text` of at most `width` cells.
std::string_view front(std::string_view text, std::size_t width) {
    std::size_t seen = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (is_continuation(text[i])) continue;
        if (seen++ == width) return text.substr(0, i);
    }
    return text;
}

std::string cut(std::string_view text, std::size_t width, std::string_view sign = "…") {
    if (cells(text) <= width) return std::string{text};
    if (width < cells(sign)) return std::string{front(text, width)};
    return std::string{front(text, width - cells(sign))} + std::string{sign};
}

}  // namespace

std::string Paint::tint(std::string_view text, Tone tone) const {
    if (colour == Colour::off || tone == Tone::plain || text.empty()) return std::string{text};
    return fmt::format("{}{}\x1b[0m", code(tone), text);
}

std::string Paint::plain(std::string_view text) const {
    if (signs == Signs::unicode) return std::string{text};
    std::string out;
    while (!text.empty()) {
        bool replaced = false;
        for (const auto& [sign, ascii] : ascii_signs) {
            if (!text.starts_with(sign)) continue;
            out += ascii;
            text.remove_prefix(sign.size());
            replaced = true;
            break;
        }
        if (replaced) continue;
        out += text.front();
        text.remove_prefix(1);
    }
    return out;
}

std::string Paint::left(std::string_view text, std::size_t count) const {
    std::string out = cut(plain(text), count, plain("…"));
    out.append(count - cells(out), ' ');
    return out;
}

std::string Paint::right(std::string_view text, std::size_t count) const {
    const std::string out = cut(plain(text), count, plain("…"));
    return std::string(count - cells(out), ' ') + out;
}

std::size_t cells(std::string_view text) {
    std::size_t count = 0;
    for (const char c : text) count += is_continuation(c) ? 0 : 1;
    return count;
}

std::string fit_left(std::string_view text, std::size_t width) {
    std::string out = cut(text, width);
    out.append(width - cells(out), ' ');
    return out;
}

std::string fit_right(std::string_view text, std::size_t width) {
    const std::string out = cut(text, width);
    return std::string(width - cells(out), ' ') + out;
}

TimeUnit unit_for(Duration longest) {
    return longest < std::chrono::seconds{10} ? TimeUnit::milliseconds : TimeUnit::seconds;
}

std::string_view name(TimeUnit unit) { return unit == TimeUnit::milliseconds ? "ms" : "s"; }

std::string in_unit(Duration time, TimeUnit unit) {
    const auto ns = static_cast<double>(time.count());
    return unit == TimeUnit::milliseconds ? fmt::format("{:.1f}", ns / 1e6)
                                          : fmt::format("{:.3f}", ns / 1e9);
}

std::string time_of_day(Duration since_1970) {
    const std::int64_t ms = since_1970.count() / 1'000'000;
    const std::int64_t s = ms / 1000 % 86400;
    return fmt::format("{:02}:{:02}:{:02}.{:03}", s / 3600, s / 60 % 60, s % 60, ms % 1000);
}

std::string span_text(Duration span) {
    const bool is_long = span >= std::chrono::seconds{1};
    std::string number =
        fmt::format("{:.3f}", static_cast<double>(span.count()) / (is_long ? 1e9 : 1e6));
    while (number.ends_with('0')) number.pop_back();
    if (number.ends_with('.')) number.pop_back();
    return number + (is_long ? " s" : " ms");
}

std::string with_commas(std::uint64_t number) {
    std::string digits = std::to_string(number);
    for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
    return digits;
}

}  // namespace dt::observe
