// The plan of `dialtone up` from network.toml: every error with line, column and caret.
#include <fmt/format.h>

#include <toml++/toml.h>
#include <algorithm>
#include <array>
#include <cctype>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>

#include "cli/plan.hpp"
#include "cli/sysctl.hpp"
#include "link/grammar.hpp"
#include "observe/paint.hpp"
#include "os/entropy.hpp"

namespace dt::cli {

namespace {

constexpr std::array<std::string_view, 6> top_keys{"seed",  "links", "faults",
                                                   "hosts", "ipv6",  "tap"};
constexpr std::array<std::string_view, 5> host_keys{"run", "expect", "start", "address", "sysctl"};

/// A place in the file: what a caret points at.
struct Spot {
    std::uint32_t line = 1;
    std::uint32_t column = 1;
    std::uint32_t length = 1;
};

Spot spot_of(const toml::node& node) {
    return {node.source().begin.line, node.source().begin.column, 1};
}
Spot spot_of(const toml::key& key) {
    return {key.source().begin.line, key.source().begin.column,
            static_cast<std::uint32_t>(key.str().size())};
}

/// Thrown inside this file only, caught where the plan is made.
struct Mistake {
    Problem problem;
};

class Reader {
  public:
    Reader(std::string_view text, std::string name) : text_(text), name_(std::move(name)) {}

    host::RunSpec read() {
        const toml::table file = parse();
        check_keys(file, top_keys, "network.toml");
        run_.world.seed = seed_of(file);
        read_hosts(file);
        add_outside(file);
        read_ipv6(file);
        read_links(file);
        read_tap(file);
        check_addresses();
        read_faults(file);
        order_programs();
        return std::move(run_);
    }

  private:
    [[noreturn]] void stop(Spot spot, const std::string& sentence, std::string help) const {
        throw Mistake{{fmt::format("{}:{}:{}: {}", name_, spot.line, spot.column, sentence),
                       std::move(help), exit_usage, excerpt(spot)}};
    }
    /// An error inside a string: its column counts octets from the opening quote.
    [[noreturn]] void stop(const toml::node& node, const link::TextError& error) const {
        const Spot quote = spot_of(node);
        const auto* known = node.as_string();
        const std::string_view text = known == nullptr ? std::string_view{} : known->get();
        const std::size_t start = std::min<std::size_t>(error.column - 1, text.size());
        const auto before = static_cast<std::uint32_t>(observe::cells(text.substr(0, start)));
        const auto marked =
            static_cast<std::uint32_t>(observe::cells(text.substr(start, error.length)));
        stop({quote.line, quote.column + 1 + before, std::max(marked, 1U)}, error.sentence,
             error.help);
    }

    [[nodiscard]] std::string excerpt(Spot spot) const {
        std::istringstream lines{std::string{text_}};
        std::string line;
        for (std::uint32_t i = 0; i < spot.line && std::getline(lines, line); ++i) {
        }
        std::string caret;  // tabs stay, so that it stands below what it marks
        for (const char c : line) {
            if (caret.size() + 1 == spot.column) break;
            if (observe::cells({&c, 1}) == 1) caret += c == '\t' ? '\t' : ' ';
        }
        caret.append(spot.length, '^');
        return fmt::format("  {} | {}\n  {} | {}\n", spot.line, line,
                           std::string(std::to_string(spot.line).size(), ' '), caret);
    }

    [[nodiscard]] toml::table parse() const {
        try {
            return toml::parse(text_, name_);
        } catch (const toml::parse_error& error) {
            const auto& at = error.source().begin;
            std::string sentence{error.description()};
            if (!sentence.empty()) {
                sentence.front() =
                    static_cast<char>(std::tolower(static_cast<unsigned char>(sentence.front())));
            }
            stop({at.line, at.column, 1}, sentence, "");
        }
    }

    template <std::size_t N>
    void check_keys(const toml::table& table, const std::array<std::string_view, N>& known,
                    std::string_view where) const {
        for (const auto& [key, value] : table) {
            if (std::ranges::find(known, key.str()) != known.end()) continue;
            const auto near = link::nearest(key.str(), known);
            stop(spot_of(key), fmt::format("unknown key `{}` in {}", key.str(), where),
                 near ? fmt::format("did you mean `{}`?", *near)
                      : fmt::format("keys: {}", fmt::join(known, ", ")));
        }
    }

    [[nodiscard]] std::uint64_t seed_of(const toml::table& file) const {
        const toml::node* node = file.get("seed");
        if (node == nullptr) return os::random_seed();
        if (const auto number = node->value_exact<std::int64_t>()) {
            if (*number < 0) stop(spot_of(*node), "a seed is not negative", "write seed = 0x5eed");
            return static_cast<std::uint64_t>(*number);
        }
        const auto text = node->value_exact<std::string>();
        if (!text) stop(spot_of(*node), "a seed is a number", "write seed = 0x5eed");
        const auto seed = link::parse_seed({*text, 1});
        if (!seed) stop(*node, seed.error());
        return *seed;
    }

    /// The hosts in file order: a TOML table forgets it, the places of the keys have it.
    void read_hosts(const toml::table& file) {
        const toml::node* node = file.get("hosts");
        if (node == nullptr) stop({}, "no hosts", "write [hosts] and one line a host");
        const toml::table* hosts = node->as_table();
        if (hosts == nullptr || hosts->empty()) {
            stop(spot_of(*node), "hosts is a table of at least one host",
                 "write [hosts] and one line a host: client = { run = \"curl http://server:8080/\" "
                 "}");
        }
        std::vector<std::pair<Spot, std::string>> order;
        for (const auto& [key, value] : *hosts) order.emplace_back(spot_of(key), key.str());
        std::ranges::sort(order, {}, [](const auto& entry) {
            return std::pair{entry.first.line, entry.first.column};
        });
        for (const auto& [spot, name] : order) read_host(spot, name, *hosts->get(name));
    }

    void read_host(Spot spot, const std::string& name, const toml::node& node) {
        if (!link::parse_host_name({name, 1})) {
            stop(spot, fmt::format("`{}` is no host name", name),
                 "lower case letters, digits and dashes, a letter first");
        }
        const toml::table* host = node.as_table();
        if (host == nullptr) {
            stop(spot_of(node), fmt::format("host `{}` is a table", name),
                 fmt::format("write {} = {{ run = \"PROGRAM ARGS\" }}", name));
        }
        check_keys(*host, host_keys, fmt::format("host `{}`", name));
        world::HostSpec spec{name, {}};
        if (const toml::node* sysctl = host->get("sysctl")) read_sysctl(*sysctl, spec.config);
        const toml::node* address = host->get("address");
        if (address != nullptr) spec.address = address_of(*address);
        address_spots_.push_back(address == nullptr ? Spot{} : spot_of(*address));
        run_.world.hosts.push_back(std::move(spec));
        names_.push_back(name);
        read_program(name, *host);
    }

    void read_ipv6(const toml::table& file) {
        const toml::node* node = file.get("ipv6");
        if (node == nullptr) return;
        const auto on = node->value_exact<bool>();
        if (!on) stop(spot_of(*node), "ipv6 is true or false", "write ipv6 = true");
        const auto value = *on ? event::Switch::on : event::Switch::off;
        for (world::HostSpec& host : run_.world.hosts) host.config.ipv6 = value;
    }

    /// The real network is the last host: links may name it.
    void add_outside(const toml::table& file) {
        const toml::node* tap = file.get("tap");
        if (tap == nullptr) return;
        const std::string name{outside_host};
        if (std::ranges::find(names_, name) != names_.end())
            stop(spot_of(*tap), "host `outside` is what tap joins",
                 "name the other host otherwise");
        run_.world.hosts.push_back({name, {}});
        names_.push_back(name);
        address_spots_.push_back(spot_of(*tap));
    }

    void read_tap(const toml::table& file) {
        const toml::node* node = file.get("tap");
        if (node == nullptr) return;
        const auto tap = link::parse_tap(text_of(*node, "tap"));
        if (!tap) stop(*node, tap.error());
        if (const auto sentence = join_outside(*tap, run_)) stop(spot_of(*node), *sentence, "");
        if (const auto sentence = world::problem(run_.world)) stop(spot_of(*node), *sentence, "");
    }

    [[nodiscard]] IpAddr address_of(const toml::node& node) const {
        const std::string& text = text_of(node, "address");
        const auto address = IpAddr::parse(text);
        if (!address) {
            stop(spot_of(node), fmt::format("`{}` is no address", text),
                 "write address = \"10.0.0.9\"");
        }
        return *address;
    }

    void check_addresses() const {
        for (std::size_t i = 0; i < run_.world.hosts.size(); ++i) {
            const auto host = static_cast<event::HostIndex>(i);
            const auto wrong = world::problem_of_address(run_.world, host);
            if (wrong)
                stop(address_spots_[i], *wrong, "link N in file order is 10.0.N.0/24, N from 0");
        }
    }

    void read_sysctl(const toml::node& node, Config& config) const {
        const toml::table* table = node.as_table();
        if (table == nullptr) {
            stop(spot_of(node), "sysctl is a table", "write sysctl = { somaxconn = 128 }");
        }
        for (const auto& [key, value] : *table) {
            const auto number = value.value_exact<std::int64_t>();
            if (!number) {
                stop(spot_of(value), fmt::format("sysctl {} is a whole number", key.str()), "");
            }
            if (const auto wrong = set_sysctl(config, key.str(), *number)) {
                stop(spot_of(key), wrong->sentence, wrong->help);
            }
        }
    }

    [[nodiscard]] const std::string& text_of(const toml::node& node, std::string_view key) const {
        const auto* text = node.as_string();
        if (text == nullptr) stop(spot_of(node), fmt::format("{} is a text", key), "");
        return text->get();
    }

    void read_program(const std::string& name, const toml::table& host) {
        const toml::node* node = host.get("run");
        if (node == nullptr) return;  // a host that only forwards
        host::ProgramSpec program;
        program.host = name;
        auto words = split_words(text_of(*node, "run"));
        if (!words) stop(spot_of(*node), words.error(), "write run = \"PROGRAM ARGS\"");
        program.argv = std::move(*words);
        if (const toml::node* expect = host.get("expect")) program.expect = expect_of(*expect);
        if (const toml::node* start = host.get("start")) {
            const auto time =
                link::parse_duration({text_of(*start, "start"), 1}, {"start", "a start"});
            if (!time) {
                auto error = time.error();
                error.help = "write start = \"1s\"";
                stop(*start, error);
            }
            program.start = *time;
        }
        run_.programs.push_back(std::move(program));
    }

    [[nodiscard]] host::Expect expect_of(const toml::node& node) const {
        const std::string& text = text_of(node, "expect");
        if (text == "running") return {host::Expect::Kind::running, 0};
        for (const auto& [word, kind] :
             {std::pair{std::string_view{"exit "}, host::Expect::Kind::exit},
              std::pair{std::string_view{"signal "}, host::Expect::Kind::signal}}) {
            if (!text.starts_with(word)) continue;
            int value = 0;
            const char* end = text.data() + text.size();
            const auto [stopped, error] = std::from_chars(text.data() + word.size(), end, value);
            if (error == std::errc{} && stopped == end && value >= 0 && value <= 255)
                return {kind, value};
        }
        stop(spot_of(node), fmt::format("`{}` is no expectation", text),
             R"(write "exit 0", "running" or "signal 9")");
    }

    [[nodiscard]] const toml::array* array_of(const toml::table& file, std::string_view key) const {
        const toml::node* node = file.get(key);
        if (node == nullptr) return nullptr;
        if (node->as_array() == nullptr) {
            stop(spot_of(*node), fmt::format("{} is a list of texts", key),
                 fmt::format("write {} = [\"…\", \"…\"]", key));
        }
        return node->as_array();
    }

    void read_links(const toml::table& file) {
        std::vector<link::LinkItem> items;
        std::vector<const toml::node*> nodes;
        if (const toml::array* links = array_of(file, "links")) {
            for (const toml::node& node : *links) {
                auto item = link::parse_link(text_of(node, "a link"));
                if (!item) stop(node, item.error());
                items.push_back(std::move(*item));
                nodes.push_back(&node);
            }
        }
        auto joined = link::join(names_, items, link::Joining::as_written);
        if (!joined && nodes.empty())
            stop({}, joined.error().error.sentence, joined.error().error.help);
        if (!joined) stop(*nodes[joined.error().item], joined.error().error);
        run_.world.links = std::move(*joined);
    }

    void read_faults(const toml::table& file) {
        const toml::array* faults = array_of(file, "faults");
        if (faults == nullptr) return;
        for (const toml::node& node : *faults) {
            auto fault = link::parse_fault(text_of(node, "a fault"));
            if (!fault) stop(node, fault.error());
            if (const auto error = link::unknown_host(fault->where, names_)) stop(node, *error);
            run_.world.faults.push_back(std::move(*fault));
        }
    }

    void order_programs() {
        if (run_.programs.empty()) {
            stop({}, "no host runs a program", "write run = \"PROGRAM ARGS\" in a host");
        }
        std::ranges::stable_partition(run_.programs, [](const host::ProgramSpec& program) {
            return program.expect.kind == host::Expect::Kind::running;
        });
        run_.main = run_.programs.size() - 1;
        run_.end = host::RunEnd::with_all_that_end;
    }

    std::string_view text_;
    std::string name_;
    host::RunSpec run_;
    std::vector<std::string> names_;
    std::vector<Spot> address_spots_;  // of hosts, in file order
};

}  // namespace

Checked<host::RunSpec> plan_of_text(std::string_view text, const std::string& name) {
    try {
        return Reader(text, name).read();
    } catch (const Mistake& mistake) {
        return std::unexpected(mistake.problem);
    }
}

Checked<host::RunSpec> plan_of_file(const std::string& path) {
    std::ifstream file(path);
    std::stringstream text;
    // Of an empty file, nothing can be read: that is no failure.
    if (file && file.peek() != std::ifstream::traits_type::eof()) text << file.rdbuf();
    if (!file.is_open() || file.bad() || text.fail()) {
        const std::string why = std::strerror(errno);
        return std::unexpected(Problem{fmt::format("cannot read {}: {}", path, why),
                                       "dialtone up network.toml",
                                       exit_usage,
                                       {}});
    }
    return plan_of_text(text.str(), path);
}

}  // namespace dt::cli
