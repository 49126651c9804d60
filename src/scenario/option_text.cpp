// TCP options as a scenario writes them, and as they stand on the wire (RFC 9293 §3.1).
#include "scenario/option_text.hpp"

#include <algorithm>
#include <array>

namespace dt::scenario {
namespace {

using Form = Option::Form;

Option typed(std::uint8_t kind, std::vector<Number> numbers) {
    return {kind, std::move(numbers), {}, Form::typed};
}

/// `a1b2` as octets.
std::vector<std::uint8_t> hex(Words& words) {
    std::vector<std::uint8_t> octets;
    const Place at = words.place();
    const auto word = words.take();
    for (std::size_t i = 0; i + 1 < word.size(); i += 2) {
        std::uint8_t octet = 0;
        const auto pair = word.substr(i, 2);
        const auto [end, error] =
            std::from_chars(pair.data(), pair.data() + pair.size(), octet, 16);
        if (error != std::errc{} || end != pair.data() + pair.size())
            words.complain(at, "hex octets", word);
        octets.push_back(octet);
    }
    if (word.size() % 2 != 0) words.complain(at, "an even number of hex digits", word);
    return octets;
}

/// `1:101 201:301`.
std::vector<Number> blocks(Words& words) {
    std::vector<Number> numbers;
    while (!words.empty()) {
        const Place at = words.place();
        const auto word = words.take();
        const auto colon = word.find(':');
        const auto first = number_of(word.substr(0, colon));
        const auto end =
            colon == std::string_view::npos ? first : number_of(word.substr(colon + 1));
        if (!first || !end || colon == std::string_view::npos) {
            words.complain(at, "a block FIRST:END", word);
            continue;
        }
        numbers.push_back(*first);
        numbers.push_back(*end);
    }
    return numbers;
}

Option timestamps(Words& words) {
    if (!words.take("val")) words.complain(words.place(), "'val'", words.front());
    const Number value = words.take_relative("TSval");
    if (!words.take("ecr")) words.complain(words.place(), "'ecr'", words.front());
    return typed(option_kind::timestamps, {value, words.take_relative("TSecr")});
}

Option parse_option(Piece piece, Complaint& complaint) {
    Words words(piece, complaint);
    const auto name = words.take();
    if (name == "nop") return typed(option_kind::nop, {});
    if (name == "eol") return typed(option_kind::eol, {});
    if (name == "sackOK") return typed(option_kind::sack_ok, {});
    if (name == "mss") return typed(option_kind::mss, {words.take_relative("an MSS")});
    if (name == "wscale") return typed(option_kind::wscale, {words.take_relative("a shift")});
    if (name == "TS") return timestamps(words);
    if (name == "sack") return typed(option_kind::sack, blocks(words));
    if (name == "kind") {
        const auto kind = words.take_number<std::uint8_t>("an option's kind");
        return {kind, {}, words.empty() ? std::vector<std::uint8_t>{} : hex(words), Form::plain};
    }
    if (name == "raw") return {0, {}, hex(words), Form::raw};
    words.complain(piece.place, "an option (mss, nop, wscale, sackOK, TS, sack, kind, raw)", name);
    return {};
}

Number literal(std::uint32_t value) { return {Number::Kind::relative, value}; }

template <class T>
std::uint32_t load(Octets value, std::size_t at) {
    return load_be<T>(value, at);
}

/// The option of `kind` with the octets behind its length.
Option decode(std::uint8_t kind, Octets value, Seq sack_base) {
    if (kind == option_kind::mss && value.size() == 2) {
        return typed(kind, {literal(load<std::uint16_t>(value, 0))});
    }
    if (kind == option_kind::wscale && value.size() == 1) {
        return typed(kind, {literal(load<std::uint8_t>(value, 0))});
    }
    if (kind == option_kind::sack_ok && value.empty()) return typed(kind, {});
    if (kind == option_kind::timestamps && value.size() == 8) {
        return typed(
            kind, {literal(load<std::uint32_t>(value, 0)), literal(load<std::uint32_t>(value, 4))});
    }
    if (kind == option_kind::sack && value.size() % 8 == 0) {
        Option option = typed(kind, {});
        for (std::size_t at = 0; at < value.size(); at += 4) {
            const Seq edge{load<std::uint32_t>(value, at)};
            option.numbers.push_back({Number::Kind::relative, signed_distance(sack_base, edge)});
        }
        return option;
    }
    Option plain{kind, {}, {}, Form::plain};
    for (const std::byte octet : value)
        plain.octets.push_back(std::to_integer<std::uint8_t>(octet));
    return plain;
}

std::string text(const Number& number) {
    if (number.kind == Number::Kind::any) return "*";
    return (number.kind == Number::Kind::absolute ? "#" : "") + std::to_string(number.value);
}

std::string hex_text(const std::vector<std::uint8_t>& octets) {
    constexpr std::string_view digits = "0123456789abcdef";
    std::string result;
    for (const std::uint8_t octet : octets) {
        result += digits[octet >> 4];
        result += digits[octet & 15];
    }
    return result;
}

std::string to_text(const Option& option) {
    if (option.form == Form::raw) return "raw " + hex_text(option.octets);
    if (option.form == Form::plain) {
        return "kind " + std::to_string(option.kind) + " " + hex_text(option.octets);
    }
    const auto& n = option.numbers;
    switch (option.kind) {
        case option_kind::eol: return "eol";
        case option_kind::nop: return "nop";
        case option_kind::mss: return "mss " + text(n[0]);
        case option_kind::wscale: return "wscale " + text(n[0]);
        case option_kind::sack_ok: return "sackOK";
        case option_kind::timestamps: return "TS val " + text(n[0]) + " ecr " + text(n[1]);
        default: break;
    }
    std::string result = "sack";
    for (std::size_t i = 0; i + 1 < n.size(); i += 2) {
        result += " " + text(n[i]) + ":" + text(n[i + 1]);
    }
    return result;
}

class Encoder {
  public:
    explicit Encoder(const OptionBases& bases) : bases_(bases) {}

    void add(const Option& option) {
        switch (option.form) {
            case Form::raw: octets(option.octets); return;
            case Form::plain:
                header(option.kind, option.octets.size());
                octets(option.octets);
                return;
            case Form::typed: typed(option); return;
        }
    }
    std::vector<std::byte> take() {
        while (octets_.size() % 4 != 0) octets_.push_back(std::byte{option_kind::eol});
        return std::move(octets_);
    }

  private:
    static std::size_t width_of(std::uint8_t kind) {
        if (kind == option_kind::wscale) return 1;
        return kind == option_kind::mss ? 2 : 4;
    }
    void typed(const Option& option) {
        if (option.kind <= option_kind::nop) {
            put(option.kind, 1);
            return;
        }
        const std::size_t width = width_of(option.kind);
        header(option.kind, option.numbers.size() * width);
        for (const Number& number : option.numbers) put(value(option, number), width);
    }
    [[nodiscard]] std::uint32_t value(const Option& option, const Number& number) const {
        const auto written = static_cast<std::uint32_t>(number.value);
        if (number.kind == Number::Kind::any) return bases_.last_ts;
        const bool is_edge = option.kind == option_kind::sack;
        return is_edge && number.kind == Number::Kind::relative ? (bases_.sack + written).value()
                                                                : written;
    }
    void header(std::uint8_t kind, std::size_t octets_behind) {
        put(kind, 1);
        put(static_cast<std::uint32_t>(octets_behind + 2), 1);
    }
    void octets(const std::vector<std::uint8_t>& from) {
        for (const std::uint8_t octet : from) put(octet, 1);
    }
    void put(std::uint32_t value, std::size_t width) {
        for (std::size_t i = width; i > 0; --i) {
            octets_.push_back(static_cast<std::byte>(value >> (8 * (i - 1))));
        }
    }

    const OptionBases& bases_;
    std::vector<std::byte> octets_;
};

bool is_padding(const Option& option) {
    return option.form == Form::typed && option.kind <= option_kind::nop;
}

bool matches_one(const Option& written, const Option& seen) {
    if (written.kind != seen.kind || written.numbers.size() != seen.numbers.size()) return false;
    for (std::size_t i = 0; i < written.numbers.size(); ++i) {
        const Number& number = written.numbers[i];
        if (number.kind != Number::Kind::any && number.value != seen.numbers[i].value) return false;
    }
    return written.octets == seen.octets;
}

}  // namespace

std::vector<Option> parse_options(Piece list, Complaint& complaint) {
    std::vector<Option> options;
    if (!list.text.ends_with('>')) complaint.at(list.place, "the list of options has no '>'");
    Piece inside{list.text.substr(1, list.text.size() - 1), list.place};
    if (inside.text.ends_with('>')) inside.text.remove_suffix(1);
    ++inside.place.column;
    for (const Piece& piece : parts_of(inside, ',')) {
        options.push_back(parse_option(piece, complaint));
    }
    return options;
}

std::vector<Option> options_of(Octets octets, Seq sack_base) {
    std::vector<Option> options;
    while (!octets.empty()) {
        const auto kind = std::to_integer<std::uint8_t>(octets[0]);
        std::size_t length = 1;
        if (kind > option_kind::nop) {
            length = octets.size() > 1 ? std::to_integer<std::size_t>(octets[1]) : 0;
            if (length < 2 || length > octets.size()) {
                options.push_back(decode(kind, octets.subspan(1), sack_base));
                options.back().form = Form::raw;
                return options;
            }
            options.push_back(decode(kind, octets.subspan(2, length - 2), sack_base));
        } else {
            options.push_back(typed(kind, {}));
        }
        octets = octets.subspan(length);
    }
    return options;
}

std::string to_text(const std::vector<Option>& options) {
    std::string result;
    for (const Option& option : options) result += (result.empty() ? "" : ",") + to_text(option);
    return "<" + result + ">";
}

std::vector<std::byte> encode(const std::vector<Option>& options, const OptionBases& bases) {
    Encoder encoder(bases);
    for (const Option& option : options) encoder.add(option);
    return encoder.take();
}

bool matches(const std::vector<Option>& written, const std::vector<Option>& seen) {
    std::vector<Option> compared = seen;
    if (std::ranges::none_of(written, is_padding)) std::erase_if(compared, is_padding);
    return std::ranges::equal(written, compared, matches_one);
}

}  // namespace dt::scenario
