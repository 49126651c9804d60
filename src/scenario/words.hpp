// A list of words that is read from front to back; the first thing wrong is kept with its place.
#pragma once

#include <charconv>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "scenario/lexer.hpp"

namespace dt::scenario {

/// Keeps the first problem of a parse; what is read after it has no meaning.
class Complaint {
  public:
    void at(Place place, std::string message) {
        if (!problem_) problem_ = Problem{place, std::move(message)};
    }
    [[nodiscard]] const std::optional<Problem>& problem() const { return problem_; }

  private:
    std::optional<Problem> problem_;
};

/// The whole of `text` as a number in [least, most]; nothing otherwise.
template <class T>
[[nodiscard]] std::optional<T> number_in(std::string_view text, T least, T most) {
    T value{};
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    if (value < least || value > most) return std::nullopt;
    return value;
}

/// `60s`, `1.5s`, `40ms`, `20us`, `2min`, `1h`.
[[nodiscard]] std::optional<Duration> duration_of(std::string_view text);
/// `17`, `-1`, `#17`, `*`.
[[nodiscard]] std::optional<Number> number_of(std::string_view text);

class Words {
  public:
    Words(Piece piece, Complaint& complaint)
        : words_(words_of(piece)), complaint_(complaint), end_(piece.place) {
        end_.column += static_cast<std::uint32_t>(piece.text.size());
    }

    [[nodiscard]] bool empty() const { return next_ == words_.size(); }
    [[nodiscard]] std::string_view front() const { return empty() ? "" : words_[next_].text; }
    [[nodiscard]] Place place() const { return empty() ? end_ : words_[next_].place; }
    [[nodiscard]] Complaint& complaint() { return complaint_; }

    /// The next word, or empty after the last.
    std::string_view take() { return empty() ? "" : words_[next_++].text; }
    /// Takes the next word if it is `word`.
    bool take(std::string_view word) {
        if (empty() || words_[next_].text != word) return false;
        ++next_;
        return true;
    }
    /// Takes the last word if it is `word`.
    bool take_last(std::string_view word) {
        if (empty() || words_.back().text != word) return false;
        words_.pop_back();
        return true;
    }
    /// The next word as a number of type T; complains, naming `what`, if it is none.
    template <class T>
    T take_number(std::string_view what) {
        const Place at = place();
        const auto word = take();
        const auto value =
            number_in<T>(word, std::numeric_limits<T>::min(), std::numeric_limits<T>::max());
        if (!value) complain(at, what, word);
        return value.value_or(T{});
    }
    /// As take_number, for a number that may be written `#17` or `*`.
    Number take_relative(std::string_view what);

    void complain(Place at, std::string_view wanted, std::string_view word) {
        complaint_.at(
            at, "expected " + std::string(wanted) +
                    (word.empty() ? ", the text ends here" : ", not '" + std::string(word) + "'"));
    }

  private:
    std::vector<Piece> words_;
    Complaint& complaint_;
    Place end_;
    std::size_t next_ = 0;
};

}  // namespace dt::scenario
