// Flags: CLI11 reads, the messages are ours.
#include "cli/flags.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <utility>

namespace dt::cli {

namespace {

/// Words of the grammar that people write as flags.
std::optional<std::string> help_for_misplaced(std::string_view flag) {
    static constexpr auto link_words = std::to_array<std::string_view>(
        {"delay", "jitter", "loss", "reorder", "dup", "corrupt", "rate", "queue", "mtu"});
    const std::string_view word = flag.substr(std::min<std::size_t>(2, flag.size()));
    const auto near = link::nearest(word.substr(0, word.find('=')), link_words);
    if (!near) return std::nullopt;
    struct Word {
        std::string_view name;
        std::string_view example;
        std::string_view subject;
    };
    static constexpr auto shown = std::to_array<Word>({{"loss", "loss=1%", "losses belong"},
                                                       {"delay", "delay=20ms", "delays belong"},
                                                       {"rate", "rate=10Mbit", "rates belong"}});
    const auto* const word_shown = std::ranges::find(shown, *near, &Word::name);
    const bool is_shown = word_shown != shown.end();
    const std::string_view example = is_shown ? word_shown->example : "";
    const std::string_view subject = is_shown ? word_shown->subject : "that belongs";
    return example.empty() ? fmt::format("{} to a link: `--link {}=…`", subject, *near)
                           : fmt::format("{} to a link: `--link {}`", subject, example);
}

/// What the reader of flags says, in our words. Its messages begin with the flag's name.
Problem problem_of_flag(const CLI::ParseError& error, const std::string& command) {
    const std::string text = error.what();
    const std::string help = fmt::format("dialtone {} --help", command);
    const std::string flag = text.substr(0, text.find_first_of(": "));
    const bool is_named = flag.starts_with('-');
    if (is_named && error.get_exit_code() == static_cast<int>(CLI::ExitCodes::ArgumentMismatch)) {
        return {fmt::format("{} needs a value", flag), help, exit_usage, {}};
    }
    return {is_named ? fmt::format("{} takes no such value", flag) : text, help, exit_usage, {}};
}

}  // namespace

Flags::Flags(std::string_view command) : command_(command) {
    app_.set_help_flag();
    app_.allow_extras();
    app_.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void Flags::add_common(Common& common) {
    common_ = &common;
    app_.add_option("--color", colour_);
    app_.add_flag_callback("--ascii", [&common] { common.signs = observe::Signs::ascii; });
    app_.add_flag("--json", common.json);
    app_.add_flag("-q", common.quiet);
    app_.add_flag("-v", common.verbose);
}

std::optional<Problem> Flags::read_colour() const {
    if (common_ == nullptr || colour_.empty()) return std::nullopt;
    static constexpr auto choices =
        std::to_array<std::pair<std::string_view, ColourChoice>>({{"auto", ColourChoice::automatic},
                                                                  {"always", ColourChoice::always},
                                                                  {"never", ColourChoice::never}});
    for (const auto& [word, choice] : choices) {
        if (word != colour_) continue;
        common_->colour = choice;
        return std::nullopt;
    }
    return Problem{fmt::format("--color `{}`: no such choice", colour_),
                   "write --color auto, --color always or --color never",
                   exit_usage,
                   {}};
}

Problem Flags::unknown_flag(const std::string& flag) const {
    std::vector<std::string> names;
    for (const CLI::Option* option : app_.get_options()) {
        for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const std::string bare = flag.substr(0, flag.find('='));
    std::string help = fmt::format("dialtone {} --help", command_);
    if (const auto near = link::nearest(bare, known)) {
        help = fmt::format("did you mean `{}`?", *near);
    } else if (const auto misplaced = help_for_misplaced(flag)) {
        help = *misplaced;
    }
    return {fmt::format("unknown flag `{}`", flag), help, exit_usage, {}};
}

std::optional<int> Flags::read(const Arguments& arguments) {
    const bool asks_for_help = std::ranges::find(arguments, "--help") != arguments.end() ||
                               std::ranges::find(arguments, "-h") != arguments.end();
    if (asks_for_help) return help_command({command_});
    try {
        Arguments reversed(arguments.rbegin(), arguments.rend());
        app_.parse(reversed);
    } catch (const CLI::ParseError& error) {
        return complain(problem_of_flag(error, command_));
    }
    if (const auto wrong = read_colour()) return complain(*wrong);
    for (const std::string& extra : app_.remaining()) {
        if (extra.starts_with('-') && extra.size() > 1) return complain(unknown_flag(extra));
        return complain({fmt::format("`{}` is one argument too many", extra),
                         fmt::format("dialtone {} --help", command_),
                         exit_usage,
                         {}});
    }
    return std::nullopt;
}

CommandLine split_at_dashes(const Arguments& arguments) {
    const auto dashes = std::ranges::find(arguments, "--");
    if (dashes == arguments.end()) return {arguments, {}};
    return {{arguments.begin(), dashes}, {dashes + 1, arguments.end()}};
}

}  // namespace dt::cli
