// Judges a recorded run: windows of each host as doctor reads them, and calls that failed.
#include "cli/doctor_recording.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <fstream>
#include <map>
#include <set>
#include <tuple>

#include "os/failure.hpp"
#include "rules/number_text.hpp"
#include "rules/own_stack.hpp"

namespace dt::cli {

namespace {

/// As long as doctor reads a live host, so that the rules' limits mean the same.
constexpr Duration window = std::chrono::seconds{2};
constexpr Duration shortest_step = std::chrono::seconds{1};
/// A longer run is looked at less often.
constexpr std::int64_t windows_max = 5000;
/// What a program tries again and again has one cause.
constexpr std::size_t same_failures_max = 5;

/// One judgement: of a call that failed, or of a host over a window.
struct Look {
    event::HostIndex host = 0;
    Instant from{};
    Instant at{};
    std::uint64_t event = 0;  ///< of the call; 0: of a window

    /// Calls before the window that ends with them.
    [[nodiscard]] auto order() const { return std::tuple(at, event == 0, event, host); }
};

/// Errors that no cause outside the program stands behind are left alone, as they are with a traced
/// command: a family that is switched off, a wait that was interrupted.
bool is_worth_judging(const rules::Call& call) {
    using rules::CallKind;
    switch (call.kind) {
        case CallKind::bind:
        case CallKind::listen:
        case CallKind::connect: return call.error != EALREADY && call.error != EISCONN;
        case CallKind::socket:
        case CallKind::accept: return call.error == EMFILE || call.error == ENFILE;
        case CallKind::send:
        case CallKind::receive:
            return call.error == EPIPE || call.error == ECONNRESET || call.error == ETIMEDOUT ||
                   call.error == ECONNREFUSED || call.error == ENOTCONN ||
                   call.error == EDESTADDRREQ || call.error == EMSGSIZE;
    }
    std::unreachable();
}

std::string seconds_text(Duration time) {
    return fmt::format("{:.3f} s", static_cast<double>(time.count()) / 1e9);
}

/// The hosts of the recording, none of whose events has been seen.
std::vector<rules::OwnHost> hosts_of(const Loaded& loaded) {
    const world::World& world = loaded.replay().world();
    std::vector<rules::OwnHost> hosts;
    for (const world::HostSpec& spec : world.spec().hosts) {
        const auto index = static_cast<event::HostIndex>(hosts.size());
        hosts.emplace_back(index, spec.config, world.addresses(index));
        for (const auto& [pid, name] : loaded.trace().programs) {
            hosts.back().name_program(pid, name);
        }
    }
    return hosts;
}

/// The calls that failed, from the instant before each, or from where a connect began.
std::vector<Look> failed_calls(const Loaded& loaded) {
    using Same =
        std::tuple<event::HostIndex, std::int32_t, rules::CallKind, std::int32_t, Endpoint>;
    std::map<Same, std::size_t> seen;
    std::vector<Look> looks;
    auto hosts = hosts_of(loaded);
    for (const event::Event& event : loaded.trace().events) {
        if (event.host >= hosts.size()) continue;
        hosts[event.host].add(event);
        const auto& failure = hosts[event.host].failure();
        if (!failure || failure->event != event.number || !is_worth_judging(failure->call)) {
            continue;
        }
        const rules::Call& call = failure->call;
        const Same same{event.host, call.pid, call.kind, call.error, call.address};
        if (++seen[same] > same_failures_max) continue;
        const Instant before = failure->began - Duration{1};
        looks.push_back(
            {event.host, std::max(before, loaded.trace().began), event.at, event.number});
    }
    return looks;
}

/// Ends of windows: one after the other, where a listener closes, and the end of the run.
std::set<Instant> window_ends(const observe::Trace& trace, Instant last) {
    const Duration step = std::max(shortest_step, (last - trace.began) / windows_max);
    std::set<Instant> ends{last};
    for (Instant at = trace.began + window; at < last; at += step) ends.insert(at);
    std::size_t closed = 0;
    for (const event::Event& event : trace.events) {
        const auto* change = std::get_if<event::QueueChange>(&event.body);
        if (change == nullptr || change->step != event::QueueStep::closed) continue;
        if (++closed > static_cast<std::size_t>(windows_max)) break;
        if (event.at > trace.began) ends.insert(event.at - Duration{1});
    }
    return ends;
}

std::vector<Look> looks_at(const Loaded& loaded) {
    const observe::Trace& trace = loaded.trace();
    std::vector<Look> looks = failed_calls(loaded);
    const Instant last = trace.events.empty() ? trace.began : trace.events.back().at;
    for (const Instant end : window_ends(trace, last)) {
        for (std::size_t host = 0; host < trace.hosts.size(); ++host) {
            const Instant from = std::max(trace.began, end - window);
            looks.push_back({static_cast<event::HostIndex>(host), from, end, 0});
        }
    }
    std::ranges::sort(looks, {}, &Look::order);
    return looks;
}

/// Snapshots of every host at one instant.
using Moment = std::vector<event::Snapshot>;

class RunJudge {
  public:
    RunJudge(const Loaded& loaded, rules::Language language)
        : loaded_(loaded),
          language_(language),
          labels_(loaded.trace().events),
          hosts_(hosts_of(loaded)),
          had_(hosts_.size()),
          looks_(looks_at(loaded)) {}

    [[nodiscard]] doctor::Answer answer();

  private:
    void see(Instant at, const world::World& world);
    void judge(const Look& look, const Moment& before, const Moment& after);
    void keep(const Look& look, rules::Finding finding);
    void leave_open(const rules::Call& call);
    [[nodiscard]] bool is_explained_by_peer(const rules::Finding& finding) const;
    [[nodiscard]] doctor::Setting setting(std::size_t found) const;
    [[nodiscard]] std::string text(std::string_view part,
                                   const std::vector<rules::Value>& values) const;

    const Loaded& loaded_;
    rules::Language language_;
    observe::Numbering labels_;
    std::vector<rules::OwnHost> hosts_;
    std::vector<std::set<IpAddr>> had_;  ///< addresses, by host: also those that were given up
    std::vector<Look> looks_;
    std::size_t next_look_ = 0;
    std::size_t next_event_ = 0;
    std::map<Instant, std::size_t> wanted_;  ///< how many looks still begin there
    std::map<Instant, Moment> kept_;
    rules::Verdict verdict_;
    std::vector<std::string> undecided_;
};

std::string RunJudge::text(std::string_view part, const std::vector<rules::Value>& values) const {
    return rules::filled(rules::text_of(language_, rules::rule(0), part), values);
}

/// Everything at `at` has happened, nothing later.
void RunJudge::see(Instant at, const world::World& world) {
    Moment now;
    for (std::size_t host = 0; host < hosts_.size(); ++host) {
        const auto index = static_cast<event::HostIndex>(host);
        now.push_back(world.snapshot(at, index));
        const auto own = world.addresses(index);
        had_[host].insert(own.begin(), own.end());
        hosts_[host].set_addresses(own);
    }
    if (wanted_.contains(at)) kept_[at] = now;
    const auto& events = loaded_.trace().events;
    for (; next_look_ < looks_.size() && looks_[next_look_].at == at; ++next_look_) {
        const Look& look = looks_[next_look_];
        const auto is_past = [&](const event::Event& event) {
            return look.event == 0 ? event.at <= look.at : event.number <= look.event;
        };
        for (; next_event_ < events.size() && is_past(events[next_event_]); ++next_event_) {
            for (rules::OwnHost& host : hosts_) host.add(events[next_event_]);
        }
        judge(look, kept_.at(look.from), now);
        if (--wanted_[look.from] > 0) continue;
        wanted_.erase(look.from);
        kept_.erase(look.from);
    }
}

void RunJudge::judge(const Look& look, const Moment& before, const Moment& after) {
    const rules::OwnHost& host = hosts_[look.host];
    const auto evidence = look.event == 0
                              ? std::optional{host.evidence(before[look.host], after[look.host])}
                              : host.evidence_of_failure(before[look.host], after[look.host]);
    if (!evidence) return;
    rules::Verdict verdict = rules::judge(*evidence);
    verdict_.rules_run = verdict.rules_run;
    const bool has_failed = evidence->call && evidence->call->error != 0;
    if (verdict.findings.empty() && has_failed) leave_open(*evidence->call);
    for (rules::Finding& finding : verdict.findings) keep(look, std::move(finding));
}

/// Of one thing that is found again and again, where it was worst.
void RunJudge::keep(const Look& look, rules::Finding finding) {
    const observe::Trace& trace = loaded_.trace();
    finding.place = rules::Place{std::string{trace.host(look.host)}, look.from - trace.began,
                                 look.at - trace.began,
                                 look.event == 0 ? std::string{} : labels_.label(look.event)};
    const auto same = std::ranges::find_if(verdict_.findings, [&](const rules::Finding& other) {
        return other.rule == finding.rule && other.subject == finding.subject &&
               other.place->host == finding.place->host;
    });
    if (same == verdict_.findings.end()) {
        verdict_.findings.push_back(std::move(finding));
    } else if (finding.weight > same->weight) {
        *same = std::move(finding);
    }
}

void RunJudge::leave_open(const rules::Call& call) {
    std::string sentence = text("unexplained", {{"call", std::string{rules::name(call.kind)}},
                                                {"program", call.program},
                                                {"pid", std::to_string(call.pid)},
                                                {"errno", os::errno_name(call.error)}});
    if (std::ranges::find(undecided_, sentence) != undecided_.end()) return;
    undecided_.push_back(std::move(sentence));
}

/// One end sees no answer; the other is in the recording too, and was found to give none.
bool RunJudge::is_explained_by_peer(const rules::Finding& finding) const {
    if (finding.rule != rules::rule(20) && finding.rule != rules::rule(21)) return false;
    const auto peer = Endpoint::parse(finding.subject);
    if (!peer) return false;
    return std::ranges::any_of(verdict_.findings, [&](const rules::Finding& other) {
        if (other.rule != rules::rule(24) && other.rule != rules::rule(25)) return false;
        const auto listener = Endpoint::parse(other.subject);
        if (!listener || listener->port != peer->port) return false;
        const auto& hosts = loaded_.trace().hosts;
        const auto host = std::ranges::find(hosts, other.place->host, &observe::HostName::name);
        return had_[static_cast<std::size_t>(host - hosts.begin())].contains(peer->addr);
    });
}

doctor::Setting RunJudge::setting(std::size_t found) const {
    doctor::Setting setting = doctor::setting_here(language_);
    const observe::Trace& trace = loaded_.trace();
    const Instant last = trace.events.empty() ? trace.began : trace.events.back().at;
    setting.is_file = true;
    setting.target_part = found == 0 ? "recording.nothing" : "recording.head";
    setting.target = {{"file", loaded_.path()},
                      {"events", rules::grouped(trace.events.size())},
                      {"hosts", rules::counted(language_, "hosts", trace.hosts.size())},
                      {"time", seconds_text(last - trace.began)},
                      {"rules", std::to_string(verdict_.rules_run)},
                      {"found", rules::findings_text(language_, found)}};
    return setting;
}

doctor::Answer RunJudge::answer() {
    std::vector<Instant> instants;
    for (const Look& look : looks_) {
        ++wanted_[look.from];
        instants.insert(instants.end(), {look.from, look.at});
    }
    std::ranges::sort(instants);
    const auto repeated = std::ranges::unique(instants);
    instants.erase(repeated.begin(), repeated.end());
    loaded_.visit(instants, [&](Instant at, const world::World& world) { see(at, world); });
    std::erase_if(verdict_.findings,
                  [this](const rules::Finding& finding) { return is_explained_by_peer(finding); });
    rules::rank(verdict_);
    doctor::Answer answer{{}, std::move(verdict_), {}};
    verdict_ = {};
    verdict_.rules_run = answer.verdict.rules_run;
    answer.setting = setting(answer.verdict.findings.size());
    answer.setting.undecided = std::move(undecided_);
    return answer;
}

}  // namespace

bool is_recording_name(const std::string& word) {
    if (word.ends_with(".dtr")) return true;
    if (word.contains(':')) return false;
    std::ifstream file(word, std::ios::binary);
    std::array<char, 64> front{};
    file.read(front.data(), front.size());
    const auto octets =
        std::as_bytes(std::span{front}).first(static_cast<std::size_t>(file.gcount()));
    const auto header = world::read_header(octets);
    return header || header.error().kind != world::RecordingError::Kind::foreign;
}

doctor::Answer ask_recording(const Loaded& loaded, rules::Language language) {
    return RunJudge(loaded, language).answer();
}

}  // namespace dt::cli
