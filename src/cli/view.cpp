// dialtone ladder, dialtone replay, dialtone ss: looking at a recording or at a live run.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "cli/flags.hpp"
#include "cli/live.hpp"
#include "cli/load.hpp"
#include "observe/ladder.hpp"
#include "observe/ss.hpp"

namespace dt::cli {

namespace {

std::optional<std::uint64_t> number_in(std::string_view text) {
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return number;
}

/// `--fold 0` opens all, `--fold 12` folds from twelve on, `--fold f7` opens one.
std::optional<Problem> read_folds(const std::vector<std::string>& words,
                                  observe::LadderOptions& options) {
    for (const std::string& word : words) {
        const bool names_one = word.starts_with('f');
        const auto number = number_in(std::string_view{word}.substr(names_one ? 1 : 0));
        if (!number) {
            return Problem{fmt::format("--fold `{}`: neither a number nor a fold", word),
                           "write --fold 0 (open all), --fold 12 or --fold f1",
                           exit_usage,
                           {}};
        }
        if (names_one) {
            options.open_folds.push_back(*number);
        } else {
            options.fold_from = static_cast<std::uint32_t>(*number);
        }
    }
    return std::nullopt;
}

/// The flow asked for, else the one with most trouble, else the last.
Checked<observe::Flow> choose_flow(const observe::Trace& trace,
                                   std::optional<std::uint64_t> wanted) {
    const auto flows = observe::flows_of(trace);
    if (flows.empty()) {
        return std::unexpected(Problem{"the recording has no TCP flow", "", exit_failure, {}});
    }
    if (wanted) {
        const auto found = std::ranges::find(flows, *wanted, &observe::Flow::number);
        if (found != flows.end()) return *found;
        return std::unexpected(
            Problem{fmt::format("flow {} does not exist", *wanted),
                    fmt::format("flows: 1 to {}; dialtone ladder --list", flows.size()),
                    exit_usage,
                    {}});
    }
    return *std::ranges::max_element(flows, {}, [](const observe::Flow& flow) {
        return std::pair{flow.troubles, flow.number};
    });
}

std::string flow_list(const observe::Trace& trace) {
    std::string text;
    for (const observe::Flow& flow : observe::flows_of(trace)) {
        text += fmt::format(
            "flow {}  {} {} → {} {}  {} segments{}\n", flow.number, trace.host(flow.client_host),
            wire::print(flow.client).view(), trace.host(flow.server_host),
            wire::print(flow.server).view(), flow.segments,
            flow.troubles == 0 ? std::string{}
                               : fmt::format(", {} lost, ignored or sent again", flow.troubles));
    }
    return text;
}

int print_ladder(const Loaded& loaded, const observe::Flow& flow,
                 const observe::LadderOptions& options, const Common& common) {
    const observe::Ladder ladder = observe::make_ladder(loaded.trace(), flow, options);
    fmt::print("{}", common.json ? observe::ladder_json(ladder, loaded.trace())
                                 : observe::ladder_text(ladder, common.paint()));
    return tell_of_replay(loaded);
}

Checked<std::optional<Duration>> time_of(const std::string& text, std::string_view flag) {
    if (text.empty()) return std::optional<Duration>{};
    const auto time = link::parse_duration({text, 1});
    if (!time) return std::unexpected(problem_of(flag, text, time.error()));
    return std::optional<Duration>{*time};
}

}  // namespace

int ladder_command(const Arguments& arguments) {
    Flags flags("ladder");
    Common common;
    std::string path;
    std::string wanted;
    std::vector<std::string> folds;
    bool list = false;
    flags.add_common(common);
    flags.app().add_option("file", path);
    flags.app().add_option("--flow", wanted);
    flags.app().add_option("--fold", folds)->expected(1)->take_all();
    flags.app().add_flag("--list", list);
    if (const auto code = flags.read(arguments)) return *code;
    observe::LadderOptions options;
    if (const auto problem = read_folds(folds, options)) return complain(*problem);
    if (common.verbose) options.detail = observe::LadderOptions::Detail::verbose;
    std::optional<std::uint64_t> number;
    if (!wanted.empty()) {
        number = number_in(wanted);
        if (!number) {
            return complain({fmt::format("--flow `{}`: not a number", wanted),
                             "dialtone ladder --list names the flows",
                             exit_usage,
                             {}});
        }
    }
    const auto file = recording_or_newest(path);
    if (!file) return complain(file.error());
    Loaded loaded(*file);
    if (const auto problem = loaded.load({})) return complain(*problem);
    if (list) {
        fmt::print("{}", common.paint().plain(flow_list(loaded.trace())));
        return tell_of_replay(loaded);
    }
    const auto flow = choose_flow(loaded.trace(), number);
    if (!flow) return complain(flow.error());
    return print_ladder(loaded, *flow, options, common);
}

int replay_command(const Arguments& arguments) {
    Flags flags("replay");
    Common common;
    std::string path;
    std::string at;
    std::string until;
    flags.add_common(common);
    flags.app().add_option("file", path);
    flags.app().add_option("--at", at);
    flags.app().add_option("--until", until);
    if (const auto code = flags.read(arguments)) return *code;
    const auto time = time_of(at, "--at");
    if (!time) return complain(time.error());
    Until how_far{*time, std::nullopt};
    if (!until.empty()) {
        how_far.event = world::EventLabel::from(until);
        if (!how_far.event) {
            return complain({fmt::format("--until `{}`: an event is written p31 or e90", until),
                             "",
                             exit_usage,
                             {}});
        }
    }
    const auto file = recording_or_newest(path);
    if (!file) return complain(file.error());
    Loaded loaded(*file);
    if (const auto problem = loaded.load(how_far)) return complain(*problem);
    if (*time) {
        observe::SsOptions options;
        options.since_start = loaded.position();
        fmt::print("{}", common.json ? observe::ss_json(loaded.sockets(), options)
                                     : observe::ss_text(loaded.sockets(), options, common.paint()));
        return tell_of_replay(loaded);
    }
    const auto flow = choose_flow(loaded.trace(), std::nullopt);
    if (!flow) return complain(flow.error());
    return print_ladder(loaded, *flow, {}, common);
}

int ss_command(const Arguments& arguments) {
    Flags flags("ss");
    Common common;
    std::string at;
    std::string file;
    std::string run;
    bool wants_listeners = false;
    bool wants_tcp = false;
    bool wants_udp = false;
    bool is_numeric = false;  // as in ss; addresses are never turned into names here
    observe::SsOptions options;
    flags.add_common(common);
    flags.app().add_option("--at", at);
    flags.app().add_option("--file", file);
    flags.app().add_option("--run", run);
    flags.app().add_flag("-i", options.show_path);
    flags.app().add_flag("-p", options.show_owners);
    flags.app().add_flag("-a", options.unfold);
    flags.app().add_flag("-l", wants_listeners);
    flags.app().add_flag("-t", wants_tcp);
    flags.app().add_flag("-u", wants_udp);
    flags.app().add_flag("-n", is_numeric);
    flags.app().add_option("filter", options.filter);
    if (const auto code = flags.read(arguments)) return *code;
    const auto time = time_of(at, "--at");
    if (!time) return complain(time.error());
    if (wants_listeners) options.filter.insert(options.filter.end(), {"state", "listen"});
    if (wants_tcp != wants_udp)
        options.filter.insert(options.filter.end(), {"proto", wants_tcp ? "tcp" : "udp"});
    if (const auto wrong = observe::filter_sockets({}, options.filter); !wrong) {
        return complain({fmt::format("filter `{}` is not understood", wrong.error().word),
                         wrong.error().help,
                         exit_usage,
                         {}});
    }

    std::vector<observe::HostSockets> hosts;
    int code = exit_ok;
    if (*time || !file.empty()) {
        const auto path = recording_or_newest(file);
        if (!path) return complain(path.error());
        Loaded loaded(*path);
        if (const auto problem = loaded.load({*time, std::nullopt})) return complain(*problem);
        hosts = loaded.sockets();
        options.since_start = loaded.position();
        code = tell_of_replay(loaded);
    } else {
        auto live = live_sockets(run);
        if (!live) return complain(live.error());
        hosts = std::move(live->hosts);
        options.since_start = live->since_start;
    }
    hosts = *observe::filter_sockets(std::move(hosts), options.filter);
    fmt::print("{}", common.json ? observe::ss_json(hosts, options)
                                 : observe::ss_text(hosts, options, common.paint()));
    return code;
}

}  // namespace dt::cli
