// sim_run: runs seeds of the swarm and judges them; shows, records, replays and shrinks one seed.
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "link/values.hpp"
#include "observe/flow.hpp"
#include "observe/ladder.hpp"
#include "observe/trace.hpp"
#include "sim/simulation.hpp"
#include "world/digest.hpp"
#include "world/replay.hpp"

namespace dt {
namespace {

constexpr const char* usage =
    "usage: sim_run --seeds A..B | --seed N [--trace|--events|--replay|--small] | --file SEEDS\n"
    "  --seeds A..B   runs these seeds; exit 1 if one fails\n"
    "  --file SEEDS   runs the seeds of a file, one a line, # begins a comment\n"
    "  --seed N       runs one seed and says what its plan is\n"
    "    --trace      prints the ladder of every flow\n"
    "    --events     prints one line for each event: number and hash\n"
    "    --replay     records the run, replays it, compares all events\n"
    "    --small      leaves out what the failure does not need, then prints the plan\n";

enum class Show { judgment, trace, events, replay, small };

struct Options {
    std::vector<std::uint64_t> seeds;
    Show show = Show::judgment;
    bool is_one = false;
};

/// Keeps the hash of each event.
class Digests final : public event::Sink {
  public:
    void on_event(Instant at, event::HostIndex host, const event::Body& body) override {
        list.push_back(world::digest({list.size() + 1, at, host, body}));
    }
    std::vector<std::uint64_t> list;
};

class StringSink final : public link::OctetSink {
  public:
    void write(Octets octets) override {
        text.append(reinterpret_cast<const char*>(octets.data()), octets.size());
    }
    std::string text;
};

[[noreturn]] void refuse(const std::string& sentence) {
    std::cerr << "sim_run: error: " << sentence << "\n" << usage;
    std::exit(2);
}

std::uint64_t seed_of(std::string_view text) {
    const auto seed = link::parse_seed({text, 1});
    if (!seed) refuse(seed.error().sentence);
    return *seed;
}

void read_range(Options& options, std::string_view text) {
    const std::size_t dots = text.find("..");
    if (dots == std::string_view::npos) refuse("--seeds wants A..B");
    const std::uint64_t last = seed_of(text.substr(dots + 2));
    for (std::uint64_t seed = seed_of(text.substr(0, dots)); seed <= last; ++seed)
        options.seeds.push_back(seed);
}

void read_file(Options& options, const std::string& path) {
    std::ifstream file(path);
    if (!file) refuse("cannot read " + path);
    for (std::string line; std::getline(file, line);) {
        const link::Token word =
            link::trimmed({std::string_view(line).substr(0, line.find('#')), 1});
        if (!word.text.empty()) options.seeds.push_back(seed_of(word.text));
    }
}

Options options_of(std::span<char*> arguments) {
    Options options;
    for (std::size_t i = 1; i < arguments.size(); ++i) {
        const std::string word = arguments[i];
        const bool has_value = i + 1 < arguments.size();
        if (word == "--seeds" && has_value) {
            read_range(options, arguments[++i]);
        } else if (word == "--file" && has_value) {
            read_file(options, arguments[++i]);
        } else if (word == "--seed" && has_value) {
            options.seeds.push_back(seed_of(arguments[++i]));
            options.is_one = true;
        } else if (word == "--trace") {
            options.show = Show::trace;
        } else if (word == "--events") {
            options.show = Show::events;
        } else if (word == "--replay") {
            options.show = Show::replay;
        } else if (word == "--small") {
            options.show = Show::small;
        } else {
            refuse("unknown argument " + word);
        }
    }
    if (options.seeds.empty()) refuse("no seed is given");
    return options;
}

void print_failures(const sim::Outcome& outcome) {
    for (const std::string& failure : outcome.failures) std::cout << "  " << failure << "\n";
}

sim::Outcome show_trace(const sim::Plan& plan) {
    observe::Trace trace;
    observe::Log log(trace.events);
    sim::Simulation simulation(plan, &log);
    const sim::Outcome outcome = simulation.run();
    for (std::size_t i = 0; i < plan.spec.hosts.size(); ++i) {
        const auto addresses = simulation.world().addresses(static_cast<event::HostIndex>(i));
        trace.hosts.push_back(
            {plan.spec.hosts[i].name, addresses.empty() ? IpAddr{} : addresses[0]});
    }
    for (std::uint16_t rule = 0; !simulation.world().rule_text(rule).empty(); ++rule)
        trace.rules.emplace_back(simulation.world().rule_text(rule));
    trace.programs = simulation.programs();
    for (const observe::Flow& flow : observe::flows_of(trace)) {
        std::cout << "flow " << flow.number << "\n";
        std::cout << observe::ladder_text(observe::make_ladder(trace, flow, {}), {}) << "\n";
    }
    return outcome;
}

sim::Outcome show_events(const sim::Plan& plan) {
    Digests digests;
    sim::Simulation simulation(plan, &digests);
    const sim::Outcome outcome = simulation.run();
    for (std::size_t i = 0; i < digests.list.size(); ++i)
        std::printf("%zu %016llx\n", i + 1, static_cast<unsigned long long>(digests.list[i]));
    return outcome;
}

sim::Outcome check_replay(const sim::Plan& plan) {
    StringSink file;
    Digests recorded;
    sim::Outcome outcome;
    {
        world::Recorder recorder(file, {.build = "sim_run"});
        sim::Simulation simulation(plan, &recorded);
        simulation.world().record_to(recorder);
        outcome = simulation.run();
        recorder.end(Instant{} + outcome.took);
    }
    const Octets octets = std::as_bytes(std::span(file.text));
    const auto header = world::read_header(octets);
    Digests replayed;
    if (!header) {
        outcome.failures.push_back(header.error().sentence("of the run"));
        return outcome;
    }
    world::Replay replay(*header, octets, replayed);
    replay.run();
    if (replay.difference()) outcome.failures.push_back(replay.difference()->sentence());
    if (replay.ending() != world::Ending::whole)
        outcome.failures.emplace_back("the replay ends early");
    if (recorded.list != replayed.list) outcome.failures.emplace_back("replay has other events");
    std::cout << "recording of " << file.text.size() << " B, " << replayed.list.size()
              << " events\n";
    return outcome;
}

sim::Outcome run_one(const sim::Plan& plan, Show show) {
    switch (show) {
        case Show::trace: return show_trace(plan);
        case Show::events: return show_events(plan);
        case Show::replay: return check_replay(plan);
        case Show::judgment:
        case Show::small: break;
    }
    return sim::simulate(plan);
}

int run_single(std::uint64_t seed, Show show) {
    sim::Plan plan = sim::Plan::of(seed);
    constexpr std::size_t runs_max = 400;
    if (show == Show::small) plan = sim::minimised(plan, runs_max);
    if (show != Show::events) std::cout << plan.text();
    const sim::Outcome outcome = run_one(plan, show == Show::small ? Show::trace : show);
    if (show == Show::events) return outcome.is_good() ? 0 : 1;
    std::cout << outcome.conversations << " conversations, " << outcome.events << " events, "
              << outcome.took.count() / 1'000'000 << " ms of virtual time, "
              << (outcome.is_good() ? "good" : "FAILED") << "\n";
    print_failures(outcome);
    return outcome.is_good() ? 0 : 1;
}

int run_many(const Options& options) {
    constexpr std::size_t failures_max = 20;
    std::uint64_t conversations = 0;
    std::uint64_t events = 0;
    std::size_t failed = 0;
    for (const std::uint64_t seed : options.seeds) {
        const sim::Outcome outcome = run_one(sim::Plan::of(seed), options.show);
        conversations += outcome.conversations;
        events += outcome.events;
        if (outcome.is_good()) continue;
        std::cout << "seed " << seed << " FAILED; again: sim_run --seed " << seed << " --trace\n";
        print_failures(outcome);
        std::cout << std::flush;
        if (++failed == failures_max) break;
    }
    std::cout << options.seeds.size() << " seeds, " << conversations << " conversations, " << events
              << " events, " << failed << " failed\n";
    return failed == 0 ? 0 : 1;
}

int run(std::span<char*> words) {
    const Options options = options_of(words);
    if (options.is_one && options.seeds.size() == 1)
        return run_single(options.seeds[0], options.show);
    return run_many(options);
}

}  // namespace
}  // namespace dt

int main(int count, char** words) { return dt::run({words, static_cast<std::size_t>(count)}); }
