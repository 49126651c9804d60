// Parsers of /proc texts.
#include "doctor/proc_text.hpp"

#include <charconv>

namespace dt::doctor {

namespace {

/// Takes the text up to `end` off the front; without one, all of it.
std::string_view take(std::string_view& text, char end) {
    const auto at = text.find(end);
    const std::string_view part = text.substr(0, at);
    text.remove_prefix(at == std::string_view::npos ? text.size() : at + 1);
    return part;
}

std::string_view take_word(std::string_view& text) {
    const auto begin = text.find_first_not_of(" \t\n");
    if (begin == std::string_view::npos) {
        text = {};
        return {};
    }
    text.remove_prefix(begin);
    const auto end = text.find_first_of(" \t\n");
    const std::string_view word = text.substr(0, end);
    text.remove_prefix(word.size());
    return word;
}

std::optional<std::uint64_t> number(std::string_view word, int base = 10) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value, base);
    if (error != std::errc{} || end != word.data() + word.size() || word.empty()) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

void read_counter_tables(std::string_view text, rules::Counters& out) {
    while (!text.empty()) {
        std::string_view names = take(text, '\n');
        std::string_view values = take(text, '\n');
        const std::string_view table = take(names, ':');
        if (take(values, ':') != table) return;
        for (std::string_view field = take_word(names); !field.empty(); field = take_word(names)) {
            const auto value = number(take_word(values));
            const auto counter = rules::counter_named(table, field);
            if (counter && value) out.set(*counter, *value);
        }
    }
}

void read_conntrack(std::string_view text, rules::Counters& out) {
    const std::string_view head = take(text, '\n');
    while (!text.empty()) {
        std::string_view values = take(text, '\n');
        std::string_view names = head;
        for (std::string_view field = take_word(names); !field.empty(); field = take_word(names)) {
            const auto value = number(take_word(values), 16);
            const auto counter = rules::counter_named("nf_conntrack", field);
            if (counter && value) out.add(*counter, *value);
        }
    }
}

std::optional<std::uint64_t> sockstat(std::string_view text, std::string_view table,
                                      std::string_view field) {
    while (!text.empty()) {
        std::string_view line = take(text, '\n');
        if (take(line, ':') != table) continue;
        for (std::string_view word = take_word(line); !word.empty(); word = take_word(line)) {
            const std::string_view value = take_word(line);
            if (word == field) return number(value);
        }
    }
    return std::nullopt;
}

std::optional<std::uint64_t> open_files_max(std::string_view limits) {
    constexpr std::string_view row = "Max open files";
    while (!limits.empty()) {
        std::string_view line = take(limits, '\n');
        if (!line.starts_with(row)) continue;
        line.remove_prefix(row.size());
        return number(take_word(line));
    }
    return std::nullopt;
}

std::optional<std::uint64_t> cpu_ticks(std::string_view stat) {
    // The name in brackets may hold anything, brackets too: fields are counted from the last one.
    const auto end = stat.rfind(')');
    if (end == std::string_view::npos) return std::nullopt;
    stat.remove_prefix(end + 1);
    constexpr int fields_before_utime = 11;
    for (int i = 0; i < fields_before_utime; ++i) (void)take_word(stat);
    const auto user = number(take_word(stat));
    const auto system = number(take_word(stat));
    if (!user || !system) return std::nullopt;
    return *user + *system;
}

std::vector<std::uint64_t> numbers_in(std::string_view text) {
    std::vector<std::uint64_t> numbers;
    for (std::string_view word = take_word(text); !word.empty(); word = take_word(text)) {
        const auto value = number(word);
        if (!value) break;
        numbers.push_back(*value);
    }
    return numbers;
}

std::vector<rules::PortRange> port_ranges(std::string_view text) {
    std::vector<rules::PortRange> ranges;
    std::string_view list = take_word(text);
    while (!list.empty()) {
        std::string_view item = take(list, ',');
        const bool is_range = item.find('-') != std::string_view::npos;
        const auto first = number(take(item, '-'));
        const auto last = is_range ? number(item) : first;
        if (!first || !last || *first > *last || *last > 65535) continue;
        ranges.push_back({static_cast<std::uint16_t>(*first), static_cast<std::uint16_t>(*last)});
    }
    return ranges;
}

std::optional<std::uint64_t> effective_capabilities(std::string_view status) {
    while (!status.empty()) {
        std::string_view line = take(status, '\n');
        if (take(line, ':') == "CapEff") return number(take_word(line), 16);
    }
    return std::nullopt;
}

std::string command_line(std::string_view words) {
    constexpr std::size_t longest = 200;  // enough to tell programs apart
    std::string line{words.substr(0, longest)};
    for (char& c : line) {
        if (c == '\0') c = ' ';
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
    }
    while (line.ends_with(' ')) line.pop_back();
    return line;
}

std::optional<std::uint32_t> socket_inode(std::string_view link) {
    constexpr std::string_view front = "socket:[";
    if (!link.starts_with(front) || !link.ends_with(']')) return std::nullopt;
    link.remove_prefix(front.size());
    link.remove_suffix(1);
    const auto inode = number(link);
    if (!inode || *inode > 0xffffffffU) return std::nullopt;
    return static_cast<std::uint32_t>(*inode);
}

}  // namespace dt::doctor
