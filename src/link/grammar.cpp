// Reading `--link` and `--fault`: one table of keys each, and one parser of items for both.
#include "link/grammar.hpp"

#include <algorithm>
#include <array>

namespace dt::link {

namespace {

constexpr auto link_words = std::to_array<std::string_view>(
    {"delay", "jitter", "loss", "reorder", "dup", "corrupt", "rate", "queue", "mtu"});
constexpr auto link_nouns = std::to_array<std::string_view>(
    {"a delay", "a jitter", "a loss", "a reorder share", "a dup share", "a corrupt share", "a rate",
     "a queue", "an mtu"});
constexpr auto link_examples = std::to_array<std::string_view>(
    {"20ms", "5ms", "1%", "1%", "1%", "1%", "10Mbit", "64KiB", "1500B"});

constexpr auto action_words = std::to_array<std::string_view>(
    {"drop", "delay", "dup", "corrupt", "reorder", "silence", "mark"});
constexpr auto fault_words = std::to_array<std::string_view>(
    {"seg", "nth", "every", "p", "port", "flow", "after", "larger", "at", "for", "by"});
constexpr auto segment_words =
    std::to_array<std::string_view>({"any", "syn", "synack", "ack", "data", "fin", "rst"});

constexpr std::uint64_t count_max = 1'000'000'000;
constexpr std::uint64_t mtu_min = 68;  // RFC 791 §3.1
constexpr std::uint64_t mtu_max = 65535;

std::string quoted(std::string_view text) { return "`" + std::string(text) + "`"; }

template <class Words>
std::string listed(const Words& words) {
    std::string list;
    for (const auto& word : words) list += (list.empty() ? "" : " ") + std::string(word);
    return list;
}

TextError error_at(Token token, std::string sentence, std::string help) {
    return {token.column, std::max(token.length(), 1U), std::move(sentence), std::move(help)};
}

/// "did you mean `loss`?", or all the words there are.
std::string hint(std::string_view word, std::span<const std::string_view> known,
                 std::string_view what) {
    if (const auto near = nearest(word, known)) return "did you mean " + quoted(*near) + "?";
    return std::string(what) + ": " + listed(known);
}

/// `key=value`, or `key` with no value.
struct Item {
    Token whole;
    Token key;
    std::optional<Token> value;
};

Item item_of(Token token) {
    const std::size_t equals = token.text.find('=');
    Item item{token, trimmed({token.text.substr(0, equals), token.column}), std::nullopt};
    if (equals != std::string_view::npos) {
        item.value = trimmed(
            {token.text.substr(equals + 1), token.column + static_cast<std::uint32_t>(equals) + 1});
    }
    return item;
}

std::optional<std::size_t> index_of(std::span<const std::string_view> words,
                                    std::string_view word) {
    const auto found = std::ranges::find(words, word);
    if (found == words.end()) return std::nullopt;
    return static_cast<std::size_t>(found - words.begin());
}

Parsed<Token> value_of(const Item& item, std::string_view example) {
    if (item.value && !item.value->text.empty()) return *item.value;
    return std::unexpected(
        error_at(item.key, quoted(item.key.text) + " needs a value",
                 "write " + quoted(std::string(item.key.text) + "=" + std::string(example))));
}

std::unexpected<TextError> given_twice(const Item& item) {
    return std::unexpected(
        error_at(item.whole, quoted(item.key.text) + " is given twice", "keep one of the two"));
}

/// What stands before the colon, and the items after it.
struct Parts {
    Where where;
    std::vector<Item> items;
};

Parsed<Where> parse_where(Token token) {
    Where where;
    std::size_t arrow = token.text.find("<->");
    std::size_t width = 3;
    where.kind = Where::Kind::both_ways;
    if (arrow == std::string_view::npos) {
        arrow = token.text.find("->");
        width = 2;
        where.kind = Where::Kind::one_way;
    }
    const Token first = trimmed({token.text.substr(0, arrow), token.column});
    const auto from = parse_host_name(first);
    if (!from) return std::unexpected(from.error());
    where.from = *from;
    where.from_column = first.column;
    if (arrow == std::string_view::npos) {
        where.kind = Where::Kind::host;
        return where;
    }
    const auto offset = static_cast<std::uint32_t>(arrow + width);
    const Token second = trimmed({token.text.substr(offset), token.column + offset});
    const auto to = parse_host_name(second);
    if (!to) return std::unexpected(to.error());
    where.to = *to;
    where.to_column = second.column;
    if (where.from != where.to) return where;
    return std::unexpected(error_at(second, quoted(where.to) + " stands on both sides of the arrow",
                                    "name two hosts"));
}

Parsed<Parts> parse_parts(std::string_view text) {
    Parts parts;
    Token rest = trimmed({text, 1});
    const std::size_t colon = rest.text.find(':');
    if (colon != std::string_view::npos) {
        auto where = parse_where(trimmed({rest.text.substr(0, colon), rest.column}));
        if (!where) return std::unexpected(where.error());
        parts.where = std::move(*where);
        rest = {rest.text.substr(colon + 1), rest.column + static_cast<std::uint32_t>(colon) + 1};
    }
    for (const Token part : split(rest, ',')) parts.items.push_back(item_of(part));
    return parts;
}

Parsed<std::uint64_t> parse_mtu(Token value) {
    const auto octets = parse_size(value, {"mtu", "an mtu"});
    if (!octets) return octets;
    if (*octets >= mtu_min && *octets <= mtu_max) return octets;
    return std::unexpected(error_at(value,
                                    "an mtu of " + std::string(value.text) + " is out of range",
                                    "from 68 (RFC 791) to 65535"));
}

Parsed<std::uint64_t> parse_link_value(LinkKey key, Token value) {
    const auto index = static_cast<std::size_t>(key);
    const Naming naming{link_words[index], link_nouns[index]};
    switch (key) {
        case LinkKey::delay:
        case LinkKey::jitter: {
            const auto span = parse_duration(value, naming);
            if (!span) return std::unexpected(span.error());
            return static_cast<std::uint64_t>(span->count());
        }
        case LinkKey::loss:
        case LinkKey::reorder:
        case LinkKey::dup:
        case LinkKey::corrupt: {
            const auto share = parse_share(value, naming);
            if (!share) return std::unexpected(share.error());
            return share->per_billion;
        }
        case LinkKey::rate: return parse_rate(value, naming);
        case LinkKey::queue: return parse_size(value, naming);
        case LinkKey::mtu: return parse_mtu(value);
    }
    return 0;
}

Parsed<Setting> parse_setting(const Item& item) {
    const auto index = index_of(link_words, item.key.text);
    if (!index) {
        return std::unexpected(error_at(item.key,
                                        "unknown key " + quoted(item.key.text) + " in a link",
                                        hint(item.key.text, link_words, "keys of a link")));
    }
    const auto value = value_of(item, link_examples[*index]);
    if (!value) return std::unexpected(value.error());
    const auto key = static_cast<LinkKey>(*index);
    const auto number = parse_link_value(key, *value);
    if (!number) return std::unexpected(number.error());
    return Setting{key, *number, std::string(item.whole.text)};
}

std::optional<TextError> set_segment(FaultSpec& fault, Token value) {
    const auto index = index_of(segment_words, value.text);
    if (index) {
        fault.segment = static_cast<SegmentKind>(*index);
        return std::nullopt;
    }
    return error_at(value, "unknown segment " + quoted(value.text),
                    hint(value.text, segment_words, "segments"));
}

/// Stores a parsed value, or gives its error.
template <class T, class Store>
std::optional<TextError> store(const Parsed<T>& parsed, Store into) {
    if (!parsed) return parsed.error();
    into(*parsed);
    return std::nullopt;
}

std::optional<TextError> set_condition(FaultSpec& fault, std::string_view key, Token value) {
    const Naming naming{key, "a count"};
    const auto span = [&](auto into) {
        return store(parse_duration(value, {key, "a duration"}), into);
    };
    const auto count = [&](std::uint64_t most, auto into) {
        return store(parse_count(value, naming, most), into);
    };
    if (key == "seg") return set_segment(fault, value);
    if (key == "nth")
        return store(parse_range(value, naming), [&](Range range) { fault.nth = range; });
    if (key == "every") return count(count_max, [&](auto n) { fault.every = n; });
    if (key == "p")
        return store(parse_share(value, {key, "a share"}), [&](Share share) { fault.p = share; });
    if (key == "port")
        return count(65535, [&](auto n) { fault.port = static_cast<std::uint16_t>(n); });
    if (key == "flow") return count(count_max, [&](auto n) { fault.flow = n; });
    if (key == "after")
        return store(parse_size(value, {key, "a size"}), [&](auto n) { fault.after = n; });
    if (key == "larger")
        return store(parse_size(value, {key, "a size"}), [&](auto n) { fault.larger = n; });
    if (key == "at") return span([&](Duration at) { fault.at = at; });
    if (key == "for") return span([&](Duration lasts) { fault.lasts = lasts; });
    return span([&](Duration by) { fault.by = by; });
}

std::string_view fault_example(std::string_view key) {
    if (key == "seg") return "syn";
    if (key == "p") return "1%";
    if (key == "after") return "4096B";
    if (key == "larger") return "1400B";
    if (key == "port") return "8080";
    if (key == "at" || key == "for" || key == "by") return "20ms";
    return "1";
}

std::optional<TextError> add_condition(FaultSpec& fault, const Item& item) {
    if (!index_of(fault_words, item.key.text)) {
        return error_at(item.key, "unknown key " + quoted(item.key.text) + " in a fault",
                        hint(item.key.text, fault_words, "keys of a fault"));
    }
    const auto value = value_of(item, fault_example(item.key.text));
    if (!value) return value.error();
    return set_condition(fault, item.key.text, *value);
}

/// What only makes sense together.
std::optional<TextError> contradiction(const FaultSpec& fault, const Item& action) {
    const bool takes_by =
        fault.action == FaultAction::delay || fault.action == FaultAction::reorder;
    if (fault.action == FaultAction::delay && fault.by == Duration{})
        return error_at(action.key, "a delay fault needs `by`", "write `delay,by=20ms`");
    if (!takes_by && fault.by != Duration{})
        return error_at(action.key, "`by` belongs to `delay` and `reorder`", "take `by` away");
    if (fault.after != 0 && fault.segment == SegmentKind::any)
        return error_at(action.key, "`after` counts octets of text and needs `seg`",
                        "write `seg=data`");
    return std::nullopt;
}

}  // namespace

Parsed<LinkItem> parse_link(std::string_view text) {
    const auto parts = parse_parts(text);
    if (!parts) return std::unexpected(parts.error());
    LinkItem link{parts->where, {}, std::string(text)};
    for (const Item& item : parts->items) {
        // A pair alone is a link with nothing to say about it: `a<->b:` or nothing at all.
        if (item.whole.text.empty() && parts->items.size() == 1) break;
        const auto setting = parse_setting(item);
        if (!setting) return std::unexpected(setting.error());
        const auto same = [&](const Setting& other) { return other.key == setting->key; };
        if (std::ranges::any_of(link.settings, same)) return given_twice(item);
        link.settings.push_back(*setting);
    }
    return link;
}

Parsed<FaultSpec> parse_fault(std::string_view text) {
    const auto parts = parse_parts(text);
    if (!parts) return std::unexpected(parts.error());
    const Item& first = parts->items.front();
    const auto action = index_of(action_words, first.whole.text);
    if (!action) {
        return std::unexpected(error_at(first.whole, "unknown fault " + quoted(first.whole.text),
                                        hint(first.whole.text, action_words, "faults")));
    }
    FaultSpec fault;
    fault.action = static_cast<FaultAction>(*action);
    fault.where = parts->where;
    fault.text = text;
    for (std::size_t i = 1; i < parts->items.size(); ++i) {
        const Item& item = parts->items[i];
        const auto same = [&](const Item& other) { return other.key.text == item.key.text; };
        const auto earlier = std::span(parts->items).subspan(1, i - 1);
        if (std::ranges::any_of(earlier, same)) return given_twice(item);
        if (auto error = add_condition(fault, item)) return std::unexpected(*error);
    }
    if (auto error = contradiction(fault, first)) return std::unexpected(*error);
    return fault;
}

std::optional<TextError> unknown_host(const Where& where, std::span<const std::string> hosts) {
    const auto check = [&](const std::string& name,
                           std::uint32_t column) -> std::optional<TextError> {
        if (name.empty() || std::ranges::find(hosts, name) != hosts.end()) return std::nullopt;
        const std::vector<std::string_view> known(hosts.begin(), hosts.end());
        std::string help;
        if (const auto near = nearest(name, known)) help = "did you mean " + quoted(*near) + "? ";
        help += "hosts: ";
        for (std::size_t i = 0; i < hosts.size(); ++i) help += (i == 0 ? "" : ", ") + hosts[i];
        return error_at({name, column}, "host " + quoted(name) + " does not exist", help);
    };
    if (auto error = check(where.from, where.from_column)) return error;
    return check(where.to, where.to_column);
}

}  // namespace dt::link
