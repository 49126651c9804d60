// What a rule found: values, not text. Texts come from the catalogue of a language (words.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "rules/evidence.hpp"

namespace dt::rules {

/// The number of a rule: R24 is RuleId{24}.
enum class RuleId : std::uint8_t {};
[[nodiscard]] constexpr RuleId rule(unsigned number) { return static_cast<RuleId>(number); }
/// `R24`.
[[nodiscard]] std::string name(RuleId id);

enum class Certainty : std::uint8_t { certain, likely };
/// Whether calls fail or wait now, will soon, or something is only wasted.
enum class Harm : std::uint8_t { now, soon, waste };
[[nodiscard]] std::string_view name(Certainty certainty);
[[nodiscard]] std::string_view name(Harm harm);

/// Where a number came from: socket diagnosis, counters, settings, routes, neighbours, connection
/// tracking, descriptors of a process, packets, the call itself, a probe.
enum class Source : std::uint8_t { sd, ns, sc, rt, nei, ct, fd, pk, call, probe };
[[nodiscard]] std::string_view name(Source source);

/// One number that the finding rests on.
struct Fact {
    Source source = Source::sd;
    std::string field;
    std::uint64_t number = 0;
    bool is_delta = false;  ///< over the window
};

/// A name and the text that takes its place in a template.
struct Value {
    std::string_view name;
    std::string text;
};

/// Where and when in a recorded run something was found; times are since the run began.
struct Place {
    std::string host;
    Duration from{};
    Duration at{};
    std::string event;  ///< `e90`: the call that failed; empty for what a window shows
};

struct Finding {
    Finding(RuleId id, std::string about) : rule(id), subject(std::move(about)) {}

    RuleId rule{};
    Certainty certainty = Certainty::certain;
    Harm harm = Harm::now;
    std::uint64_t weight = 0;  ///< among findings of one harm: how much is affected
    std::string subject;       ///< the object, the same over time: `0.0.0.0:3000`
    std::optional<std::int32_t> pid;
    std::string command;  ///< the command line of `pid`, where it says more than its name
    std::string_view head = "head";  ///< parts of the rule's texts
    std::vector<std::string_view> proofs;
    std::vector<std::string_view> fixes;
    std::string_view decide;  ///< the text that names a command which separates what is left
    std::vector<Value> values;
    std::vector<Fact> facts;
    std::optional<Place> place;  ///< nothing on a live host and in a capture

    Finding& say(std::string_view value_name, std::string text);
    Finding& say(std::string_view value_name, std::uint64_t number);
    Finding& proof(std::string_view part);
    Finding& fix(std::string_view part);
    /// The counter's rise, as a fact and as a value with the counter's own name.
    Finding& rose(const Evidence& evidence, Counter counter);
    Finding& fact(Source source, std::string field, std::uint64_t number);
};

/// What a text of a fix is: something to type, something to write in the program, or advice.
enum class FixKind : std::uint8_t { command, code, advice };
[[nodiscard]] std::string_view name(FixKind kind);
[[nodiscard]] FixKind kind_of_fix(std::string_view text);

/// The whole judgement of one set of evidence.
struct Verdict {
    std::vector<Finding> findings;  ///< worst first
    /// Rules that the evidence did not suffice for, each with the part that says what is missing.
    struct Undecided {
        RuleId rule{};
        std::string_view missing;  ///< `FD`
        std::string_view needs;    ///< `root`
    };
    std::vector<Undecided> undecided;
    std::size_t rules_run = 0;
};

}  // namespace dt::rules
