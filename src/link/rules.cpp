// Which rules strike which frame.
#include "link/rules.hpp"

#include <algorithm>

#include "base/assert.hpp"
#include "wire/ethernet.hpp"

namespace dt::link {

namespace {

SipKey key_from(std::uint64_t seed, std::uint64_t purpose) {
    Rng rng = Rng(seed).derive(purpose);
    return SipKey::from(rng);
}

constexpr std::uint64_t draws = 0x6c6f7373;  // purposes of derived generators
constexpr std::uint64_t table = 0x666c6f77;

bool is_below(std::uint64_t number, Share share) {
    return (number >> 32) * Share::whole >> 32 < share.per_billion;
}

/// One of one to five steps.
Duration reorder_time(std::uint64_t number) {
    return Rules::reorder_step * static_cast<int>(1 + number % 5);
}

}  // namespace

Rules::Rules(std::uint64_t seed, std::span<const LinkSpec> links, std::span<const FaultSpec> faults)
    : key_(key_from(seed, draws)),
      flows_(key_from(seed, table)),
      texts_{"frames on the link"},
      links_(links.begin(), links.end()) {
    for (const LinkSpec& link : links) {
        std::vector<RuleNumber>& firsts = first_rules_.emplace_back();
        for (const LinkItem& item : link.items) {
            firsts.push_back(static_cast<RuleNumber>(texts_.size()));
            for (const Setting& setting : item.settings) texts_.push_back(setting.text);
        }
    }
    for (const FaultSpec& fault : faults) {
        faults_.push_back({fault, static_cast<RuleNumber>(texts_.size()), 0});
        texts_.push_back(fault.text);
    }
}

PathRules Rules::path(std::uint16_t link, std::string_view from, std::string_view to) const {
    PathRules path;
    const LinkSpec& spec = links_[link];
    path.impairment = Impairment::of(spec, from, to);
    path.place_ = std::uint64_t{link} << 32;
    for (std::size_t i = 0; i < spec.hosts.size(); ++i) {
        if (spec.hosts[i] == from) path.place_ |= i << 16;
        if (spec.hosts[i] == to) path.place_ |= i;
    }
    for (std::size_t i = 0; i < spec.items.size(); ++i) {
        if (!spec.items[i].where.covers(from, to)) continue;
        RuleNumber rule = first_rules_[link][i];
        for (const Setting& setting : spec.items[i].settings) {
            switch (setting.key) {
                case LinkKey::loss: path.loss_ = rule; break;
                case LinkKey::reorder: path.reorder_ = rule; break;
                case LinkKey::dup: path.dup_ = rule; break;
                case LinkKey::corrupt: path.corrupt_ = rule; break;
                case LinkKey::jitter: path.jitter_ = rule; break;
                case LinkKey::rate:
                case LinkKey::queue: path.queue_rule = rule; break;
                case LinkKey::delay:
                case LinkKey::mtu: break;
            }
            ++rule;
        }
    }
    for (std::size_t i = 0; i < faults_.size(); ++i) {
        if (faults_[i].spec.where.covers(from, to))
            path.faults_.push_back(static_cast<std::uint16_t>(i));
    }
    return path;
}

void Rules::begin(Instant start) {
    if (!start_) start_ = start;
}

std::string_view Rules::text(RuleNumber rule) const {
    return rule < texts_.size() ? std::string_view(texts_[rule]) : std::string_view();
}

Rules::Subject Rules::subject_of(PathRules& path, const buf::Frame& frame) {
    Subject subject;
    subject.sighting = Sighting::of(frame);
    subject.octets = frame.size() - std::min(frame.size(), wire::EthernetRepr::size());
    subject.place = flows_.place(subject.sighting);
    const auto kind = static_cast<std::uint64_t>(subject.sighting.kind);
    if (path.counters_.size() >= PathRules::counters_max) path.counters_.clear();
    subject.nth =
        ++path.counters_[subject.place.ordinal << 4 | subject.place.direction << 3 | kind];
    return subject;
}

std::uint64_t Rules::draw(const PathRules& path, RuleNumber rule, const Subject& subject) const {
    const std::uint64_t words[] = {path.place_ << 16 | rule,
                                   subject.place.ordinal << 8 | subject.place.direction << 4 |
                                       static_cast<std::uint64_t>(subject.sighting.kind),
                                   subject.nth};
    return base::siphash_2_4(key_, std::span<const std::uint64_t>(words));
}

std::optional<Hit> Rules::chance(const PathRules& path, RuleNumber rule, Share share,
                                 const Subject& subject) const {
    if (share.is_zero()) return std::nullopt;
    const std::uint64_t number = draw(path, rule, subject);
    if (!is_below(number, share)) return std::nullopt;
    return Hit{rule, base::siphash_2_4(key_, std::span<const std::uint64_t>(&number, 1))};
}

bool Rules::is_due(Instant now, const FaultSpec& fault) const {
    const Instant from = *start_ + fault.at.value_or(Duration{});
    if (now < from) return false;
    return !fault.lasts || now < from + *fault.lasts;
}

bool Rules::strikes(Instant now, const PathRules& path, Fault& fault, const Subject& subject) {
    const FaultSpec& spec = fault.spec;
    if (!is_due(now, spec)) return false;
    const Sighting& seen = subject.sighting;
    // Silence is a dead peer: it also loses what is no IP.
    if (spec.action != FaultAction::silence || spec.segment != SegmentKind::any) {
        if (!seen.is(spec.segment)) return false;
    }
    if (spec.port && seen.tuple.local.port.value() != *spec.port &&
        seen.tuple.remote.port.value() != *spec.port) {
        return false;
    }
    if (spec.flow && subject.place.ordinal != *spec.flow) return false;
    if (spec.after != 0 && subject.place.sent <= spec.after) return false;
    if (spec.larger && subject.octets <= *spec.larger) return false;
    ++fault.met;
    if (spec.nth && !spec.nth->holds(fault.met)) return false;
    if (spec.every && fault.met % *spec.every != 0) return false;
    return !spec.p || is_below(draw(path, fault.rule, subject), *spec.p);
}

void Rules::apply(const Fault& fault, std::uint64_t number, Verdict& verdict) {
    const Hit hit{fault.rule, number};
    switch (fault.spec.action) {
        case FaultAction::drop:
        case FaultAction::silence: verdict.lost = hit; return;
        case FaultAction::delay: verdict.late = {hit, fault.spec.by}; return;
        case FaultAction::dup: verdict.duplicated = hit; return;
        case FaultAction::corrupt: verdict.corrupted = hit; return;
        case FaultAction::mark: verdict.marked = hit; return;
        case FaultAction::reorder: {
            const bool is_given = fault.spec.by != Duration{};
            verdict.late = {hit, is_given ? fault.spec.by : reorder_time(number)};
            return;
        }
    }
}

void Rules::impair(const PathRules& path, const Subject& subject, Verdict& verdict) const {
    const Impairment& is = path.impairment;
    if (is.jitter != Duration{}) {
        const auto span = static_cast<std::uint64_t>(is.jitter.count()) + 1;
        verdict.jitter =
            Duration{static_cast<Duration::rep>(draw(path, path.jitter_, subject) % span)};
    }
    if (!verdict.lost) verdict.lost = chance(path, path.loss_, is.loss, subject);
    if (!verdict.corrupted) verdict.corrupted = chance(path, path.corrupt_, is.corrupt, subject);
    if (!verdict.duplicated) verdict.duplicated = chance(path, path.dup_, is.dup, subject);
    if (verdict.late) return;
    if (const auto hit = chance(path, path.reorder_, is.reorder, subject))
        verdict.late = {*hit, reorder_time(hit->draw)};
}

Verdict Rules::judge(Instant now, PathRules& path, const buf::Frame& frame) {
    begin(now);
    Verdict verdict;
    const Subject subject = subject_of(path, frame);
    for (const std::uint16_t index : path.faults_) {
        Fault& fault = faults_[index];
        if (!strikes(now, path, fault, subject)) continue;
        apply(fault, draw(path, fault.rule, subject) * 0x9e3779b97f4a7c15ULL, verdict);
    }
    impair(path, subject, verdict);
    return verdict;
}

}  // namespace dt::link
