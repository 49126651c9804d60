// The plan of `dialtone run` from its flags.
#include <fmt/format.h>

#include <algorithm>

#include "base/octets.hpp"
#include "cli/plan.hpp"
#include "link/grammar.hpp"
#include "os/entropy.hpp"

namespace dt::cli {

namespace {

constexpr std::string_view main_host = "client";

/// A host name and a program from `NAME=PROGRAM ARGS`.
Checked<host::ProgramSpec> program_of(const std::string& with) {
    const std::size_t equals = with.find('=');
    if (equals == std::string::npos) {
        return std::unexpected(Problem{fmt::format("--with `{}`: a program is missing", with),
                                       "write --with server='hello 8080'",
                                       exit_usage,
                                       {}});
    }
    const auto name = link::parse_host_name({std::string_view{with}.substr(0, equals), 1});
    if (!name) return std::unexpected(problem_of("--with", with, name.error()));
    auto words = split_words(std::string_view{with}.substr(equals + 1));
    if (!words) {
        return std::unexpected(Problem{fmt::format("--with `{}`: {}", with, words.error()),
                                       "write --with server='hello 8080'",
                                       exit_usage,
                                       {}});
    }
    host::ProgramSpec program;
    program.host = *name;
    program.argv = std::move(*words);
    program.expect.kind = host::Expect::Kind::running;
    return program;
}

Checked<std::uint64_t> seed_of(const std::optional<std::string>& text) {
    if (!text) return os::random_seed();
    const auto seed = link::parse_seed({*text, 1});
    if (!seed) return std::unexpected(problem_of("--seed", *text, seed.error()));
    return *seed;
}

std::string why_taken(std::string_view host) {
    if (host == main_host) return "`client` is the host of the main program; choose another name";
    if (host == outside_host) return "`outside` is what --tap joins; choose another name";
    return "each host runs one program; choose another name";
}

std::optional<Problem> add_programs(const RunFlags& flags, host::RunSpec& run) {
    for (const std::string& with : flags.withs) {
        auto program = program_of(with);
        if (!program) return program.error();
        const bool is_outside = flags.tap && program->host == outside_host;
        const bool is_taken = program->host == main_host || is_outside ||
                              std::ranges::find(run.programs, program->host,
                                                &host::ProgramSpec::host) != run.programs.end();
        if (is_taken) {
            return Problem{
                fmt::format("--with `{}`: host `{}` exists already", with, program->host),
                why_taken(program->host),
                exit_usage,
                {}};
        }
        run.programs.push_back(std::move(*program));
    }
    host::ProgramSpec main;
    main.host = main_host;
    main.argv = flags.program;
    run.main = run.programs.size();
    run.programs.push_back(std::move(main));
    return std::nullopt;
}

std::optional<Problem> add_links(const RunFlags& flags, const std::vector<std::string>& hosts,
                                 world::Spec& world) {
    std::vector<link::LinkItem> items;
    for (const std::string& text : flags.links) {
        auto item = link::parse_link(text);
        if (!item) return problem_of("--link", text, item.error());
        items.push_back(std::move(*item));
    }
    auto links = link::join(hosts, items, link::Joining::one_switch);
    if (!links) {
        return problem_of("--link", flags.links[links.error().item], links.error().error);
    }
    world.links = std::move(*links);
    for (const std::string& text : flags.faults) {
        auto fault = link::parse_fault(text);
        if (!fault) return problem_of("--fault", text, fault.error());
        if (const auto error = link::unknown_host(fault->where, hosts)) {
            return problem_of("--fault", text, *error);
        }
        world.faults.push_back(std::move(*fault));
    }
    return std::nullopt;
}

std::optional<Problem> add_tap(const std::string& text, host::RunSpec& run) {
    const auto tap = link::parse_tap(text);
    if (!tap) return problem_of("--tap", text, tap.error());
    if (const auto sentence = join_outside(*tap, run))
        return Problem{fmt::format("--tap `{}`: {}", text, *sentence), "", exit_usage, {}};
    return std::nullopt;
}

}  // namespace

Checked<host::RunSpec> plan_of_flags(const RunFlags& flags) {
    host::RunSpec run;
    auto seed = seed_of(flags.seed);
    if (!seed) return std::unexpected(seed.error());
    run.world.seed = *seed;
    if (auto problem = add_programs(flags, run)) return std::unexpected(std::move(*problem));

    // The main program's host is `client` and comes first: 10.0.0.1 (then in order of --with).
    std::vector<std::string> hosts{std::string{main_host}};
    for (const host::ProgramSpec& program : run.programs) {
        if (program.host != main_host) hosts.push_back(program.host);
    }
    if (flags.tap) hosts.emplace_back(outside_host);
    for (const std::string& host : hosts) run.world.hosts.push_back({host, {}});
    for (world::HostSpec& host : run.world.hosts) host.config.ipv6 = flags.ipv6;
    if (auto problem = add_links(flags, hosts, run.world)) {
        return std::unexpected(std::move(*problem));
    }
    if (flags.tap) {
        if (auto problem = add_tap(*flags.tap, run)) return std::unexpected(std::move(*problem));
    }
    return run;
}

}  // namespace dt::cli
