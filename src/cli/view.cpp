// dialtone ladder, dialtone replay, dialtone ss: looking at a recording or at a live run.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <ctime>
#include <nlohmann/json.hpp>
#include <set>

#include "cli/flags.hpp"
#include "cli/live.hpp"
#include "cli/load.hpp"
#include "observe/ladder.hpp"
#include "observe/lanes.hpp"
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

/// A list of flows that cannot be read.
std::optional<Problem> problem_of_flow_list(const std::string& text) {
    if (text.empty() || text == "all") return std::nullopt;
    for (const link::Token& token : link::split({text, 1}, ',')) {
        if (number_in(token.text)) continue;
        return Problem{fmt::format("--flow `{}`: not a number", token.text),
                       "write --flow 1, --flow 1,3 or --flow all",
                       exit_usage,
                       {}};
    }
    return std::nullopt;
}

constexpr std::size_t lanes_flows_max = 20;

/// `3`, `1,3` or `all`; the text was read once already.
Checked<std::vector<observe::Flow>> flows_asked_for(const std::vector<observe::Flow>& flows,
                                                    const std::string& text) {
    if (text == "all") return flows;
    std::vector<observe::Flow> wanted;
    for (const link::Token& token : link::split({text, 1}, ',')) {
        const std::uint64_t number = number_in(token.text).value_or(0);
        const auto found = std::ranges::find(flows, number, &observe::Flow::number);
        if (found == flows.end()) {
            return std::unexpected(
                Problem{fmt::format("flow {} does not exist", number),
                        fmt::format("flows: 1 to {}; dialtone ladder --list", flows.size()),
                        exit_usage,
                        {}});
        }
        wanted.push_back(*found);
    }
    return wanted;
}

/// Where three hosts or more talk: all flows between hosts. Else the one with most trouble, else
/// the last.
std::vector<observe::Flow> flows_worth_showing(const std::vector<observe::Flow>& flows) {
    std::vector<observe::Flow> between;
    std::set<event::HostIndex> hosts;
    for (const observe::Flow& flow : flows) {
        if (flow.client_host == flow.server_host) continue;
        between.push_back(flow);
        hosts.insert({flow.client_host, flow.server_host});
    }
    if (hosts.size() < 3) {
        return {*std::ranges::max_element(flows, {}, [](const observe::Flow& flow) {
            return std::pair{flow.troubles, flow.number};
        })};
    }
    between.resize(std::min(between.size(), lanes_flows_max));
    return between;
}

/// The flows to show; an error where there are none.
Checked<std::vector<observe::Flow>> choose_flows(const observe::Trace& trace,
                                                 const std::string& wanted, const Common& common) {
    const auto flows = observe::flows_of(trace);
    if (flows.empty()) {
        return std::unexpected(Problem{"the recording has no TCP flow", "", exit_failure, {}});
    }
    if (!wanted.empty()) return flows_asked_for(flows, wanted);
    auto shown = flows_worth_showing(flows);
    if (shown.size() < flows.size() && !common.quiet) {
        tell(
            shown.size() == 1
                ? fmt::format("flow {} of {}, {}; the others: dialtone ladder --list",
                              shown[0].number, flows.size(),
                              shown[0].troubles == 0 ? "the last one" : "the one with most trouble")
                : fmt::format("{} of {} flows; all: dialtone ladder --list", shown.size(),
                              flows.size()));
    }
    return shown;
}

double seconds(Duration time) { return static_cast<double>(time.count()) / 1e9; }

std::string flow_list(const observe::Trace& trace) {
    std::string text;
    for (const observe::Flow& flow : observe::flows_of(trace)) {
        text += fmt::format("flow {}  {} {} → {} {}  {} segments from {:.3f} s{}\n", flow.number,
                            trace.host(flow.client_host), wire::print(flow.client).view(),
                            trace.host(flow.server_host), wire::print(flow.server).view(),
                            flow.segments, seconds(flow.began - trace.began),
                            flow.troubles == 0
                                ? std::string{}
                                : fmt::format(", {} lost, ignored or sent again", flow.troubles));
    }
    return text;
}

std::string flow_list_json(const observe::Trace& trace) {
    const auto end_of = [&](event::HostIndex host, const Endpoint& endpoint) {
        return nlohmann::json{{"host", trace.host(host)},
                              {"endpoint", wire::print(endpoint).view()}};
    };
    std::string text;
    for (const observe::Flow& flow : observe::flows_of(trace)) {
        const nlohmann::json line{{"schema", "dialtone.flows/1"},
                                  {"flow", flow.number},
                                  {"t_s", seconds(flow.began - trace.began)},
                                  {"client", end_of(flow.client_host, flow.client)},
                                  {"server", end_of(flow.server_host, flow.server)},
                                  {"segments", flow.segments},
                                  {"troubles", flow.troubles}};
        text += line.dump() + "\n";
    }
    return text;
}

/// One flow as a ladder, several as lanes.
int print_picture(const Loaded& loaded, const std::vector<observe::Flow>& flows,
                  const observe::LadderOptions& options, const Common& common) {
    const observe::Trace& trace = loaded.trace();
    if (flows.size() == 1) {
        const observe::Ladder ladder = observe::make_ladder(trace, flows.front(), options);
        fmt::print("{}", common.json ? observe::ladder_json(ladder, trace)
                                     : observe::ladder_text(ladder, common.paint()));
    } else {
        const observe::Lanes lanes = observe::make_lanes(trace, flows, options);
        fmt::print("{}", common.json ? observe::lanes_json(lanes, trace)
                                     : observe::lanes_text(lanes, common.paint()));
    }
    return tell_of_replay(loaded);
}

/// What `--clock` asks for: times of day as this machine's time zone has them.
Checked<std::optional<observe::WallClock>> clock_of(const std::string& text,
                                                    const observe::Trace& trace) {
    if (text.empty() || text == "flow") return std::optional<observe::WallClock>{};
    if (text != "wall") {
        return std::unexpected(Problem{fmt::format("--clock `{}`: no such clock", text),
                                       "write --clock wall or --clock flow",
                                       exit_usage,
                                       {}});
    }
    if (!trace.wall_offset) {
        return std::unexpected(Problem{"the recording does not say what the wall clock showed",
                                       "record again: it was made by an older dialtone",
                                       exit_failure,
                                       {}});
    }
    const Duration began = trace.began.time_since_epoch() + *trace.wall_offset;
    const auto when = static_cast<std::time_t>(began.count() / 1'000'000'000);
    std::tm local{};
    static_cast<void>(localtime_r(&when, &local));
    const long minutes = std::abs(local.tm_gmtoff) / 60;
    const std::string zone = minutes == 0
                                 ? "UTC"
                                 : fmt::format("{}{:02}:{:02}", local.tm_gmtoff < 0 ? '-' : '+',
                                               minutes / 60, minutes % 60);
    return observe::WallClock{*trace.wall_offset + std::chrono::seconds{local.tm_gmtoff}, zone};
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
    std::string clock;
    std::vector<std::string> folds;
    bool list = false;
    flags.add_common(common);
    flags.app().add_option("file", path);
    flags.app().add_option("--flow", wanted);
    flags.app().add_option("--clock", clock);
    flags.app().add_option("--fold", folds)->expected(1)->take_all();
    flags.app().add_flag("--list", list);
    if (const auto code = flags.read(arguments)) return *code;
    observe::LadderOptions options;
    if (const auto problem = read_folds(folds, options)) return complain(*problem);
    if (const auto problem = problem_of_flow_list(wanted)) return complain(*problem);
    if (common.verbose) options.detail = observe::LadderOptions::Detail::verbose;
    const auto file = recording_or_newest(path);
    if (!file) return complain(file.error());
    Loaded loaded(*file);
    if (const auto problem = loaded.load({})) return complain(*problem);
    if (list) {
        fmt::print("{}", common.json ? flow_list_json(loaded.trace())
                                     : common.paint().plain(flow_list(loaded.trace())));
        return tell_of_replay(loaded);
    }
    const auto wall = clock_of(clock, loaded.trace());
    if (!wall) return complain(wall.error());
    options.wall = *wall;
    const auto shown = choose_flows(loaded.trace(), wanted, common);
    if (!shown) return complain(shown.error());
    return print_picture(loaded, *shown, options, common);
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
                             "the ladder's notes and its --json name them: --until p31",
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
    const auto shown = choose_flows(loaded.trace(), {}, common);
    if (!shown) return complain(shown.error());
    return print_picture(loaded, *shown, {}, common);
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
