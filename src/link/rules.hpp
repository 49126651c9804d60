// All rules of a world's links: impairments and faults, numbered, with what they counted so far.
//
// Every chance is drawn from (seed, rule, flow ordinal, direction, segment kind, n-th such frame of
// this direction of the link), so a seed gives the same faults whatever else happens.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/rng.hpp"
#include "base/time.hpp"
#include "link/flows.hpp"
#include "link/sighting.hpp"
#include "link/spec.hpp"

namespace dt::link {

/// event::FrameTouched::rule. 0 = a bound of the link itself.
using RuleNumber = std::uint16_t;

/// A rule that decided something, and a random number for how.
struct Hit {
    RuleNumber rule = 0;
    std::uint64_t draw = 0;
};

/// What is to be done to one frame, rate and queue not yet asked.
struct Verdict {
    std::optional<Hit> lost;
    std::optional<Hit> corrupted;
    std::optional<Hit> duplicated;
    std::optional<Hit> marked;
    /// Beyond the link's delay, out of order.
    struct Late {
        Hit hit;
        Duration by{};
    };
    std::optional<Late> late;
    Duration jitter{};
};

/// One direction of a link between two of its hosts, and the rules that hold there.
class PathRules {
  public:
    /// What the direction's settings add up to.
    Impairment impairment;
    /// Rule of the rate and its queue.
    RuleNumber queue_rule = 0;
    /// False: no frame is ever touched, and none is looked at.
    [[nodiscard]] bool touches_frames() const {
        return impairment.touches_frames() || !faults_.empty();
    }
    /// False: neither touched nor delayed unevenly.
    [[nodiscard]] bool needs_verdict() const {
        return touches_frames() || impairment.jitter != Duration{};
    }

  private:
    friend class Rules;
    /// Counts of frames of each flow, direction and kind; forgotten when there are too many.
    static constexpr std::size_t counters_max = std::size_t{65'536} * 8;

    RuleNumber loss_ = 0;
    RuleNumber reorder_ = 0;
    RuleNumber dup_ = 0;
    RuleNumber corrupt_ = 0;
    RuleNumber jitter_ = 0;
    std::uint64_t place_ = 0;  // link and direction, as a number
    std::vector<std::uint16_t> faults_;
    std::unordered_map<std::uint64_t, std::uint64_t> counters_;  // only looked up
};

class Rules {
  public:
    /// Late frames of `reorder` arrive this much after their time, and up to five times this much.
    static constexpr Duration reorder_step = std::chrono::milliseconds{1};

    Rules(std::uint64_t seed, std::span<const LinkSpec> links, std::span<const FaultSpec> faults);

    /// The rules for frames from host `from` to host `to` on link `link`; a direction is asked for
    /// once. Rule numbers depend on links and faults only.
    [[nodiscard]] PathRules path(std::uint16_t link, std::string_view from,
                                 std::string_view to) const;

    /// The instant `at=` counts from; the first call decides.
    void begin(Instant start);
    /// What happens to `frame`, which is sent now.
    [[nodiscard]] Verdict judge(Instant now, PathRules& path, const buf::Frame& frame);

    /// Source text of a rule: `loss=1%`.
    [[nodiscard]] std::string_view text(RuleNumber rule) const;
    [[nodiscard]] std::size_t size() const { return texts_.size(); }

  private:
    struct Fault {
        FaultSpec spec;
        RuleNumber rule = 0;
        std::uint64_t met = 0;  // frames that met all conditions but nth and every
    };
    /// One frame in the eyes of all rules.
    struct Subject {
        Sighting sighting;
        Flows::Place place;
        std::uint64_t nth = 0;
        std::size_t octets = 0;  // of what the Ethernet header carries
    };

    [[nodiscard]] std::uint64_t draw(const PathRules& path, RuleNumber rule,
                                     const Subject& subject) const;
    [[nodiscard]] std::optional<Hit> chance(const PathRules& path, RuleNumber rule, Share share,
                                            const Subject& subject) const;
    [[nodiscard]] bool strikes(Instant now, const PathRules& path, Fault& fault,
                               const Subject& subject);
    [[nodiscard]] bool is_due(Instant now, const FaultSpec& fault) const;
    static void apply(const Fault& fault, std::uint64_t number, Verdict& verdict);
    void impair(const PathRules& path, const Subject& subject, Verdict& verdict) const;
    [[nodiscard]] Subject subject_of(PathRules& path, const buf::Frame& frame);

    SipKey key_;
    Flows flows_;
    std::optional<Instant> start_;
    std::vector<std::string> texts_;  // by rule number; 0 is the link's own bound
    std::vector<LinkSpec> links_;
    std::vector<std::vector<RuleNumber>> first_rules_;  // [link][item]: number of its first setting
    std::vector<Fault> faults_;
};

}  // namespace dt::link
