// What has appeared, changed and gone.
#include "doctor/watch.hpp"

#include <fmt/format.h>

#include "rules/number_text.hpp"

namespace dt::doctor {

namespace {

constexpr Duration quiet_before_gone = 10s;

bool has_changed(std::uint64_t told, std::uint64_t now) {
    const std::uint64_t difference = now > told ? now - told : told - now;
    return difference * 4 >= std::max<std::uint64_t>(told, 1);
}

}  // namespace

/// What is left of a finding that has not been seen for some time: a listener's queue as it is now.
std::string WatchLog::gone(std::string_view rule, std::string_view subject,
                           const rules::Evidence& evidence) const {
    std::vector<rules::Value> values{{"subject", std::string{subject}},
                                     {"time", rules::span(quiet_before_gone)}};
    std::string_view part = "watch.gone";
    for (const rules::Socket& socket : evidence.after.sockets) {
        if (socket.state != event::State::listen || rules::text_of(socket.local) != subject) {
            continue;
        }
        values.push_back({"waiting", std::to_string(socket.rqueue)});
        values.push_back({"limit", std::to_string(socket.wqueue)});
        part = "watch.gone.queue";
        break;
    }
    return fmt::format("{} {}", rule,
                       rules::filled(rules::text_of(language_, rules::rule(0), part), values));
}

std::vector<WatchLine> WatchLog::update(Instant now, const rules::Evidence& evidence,
                                        const rules::Verdict& verdict) {
    std::vector<WatchLine> lines;
    for (const rules::Finding& finding : verdict.findings) {
        has_found_ = true;
        const std::string id = rules::name(finding.rule);
        const auto [at, is_new] = entries_.try_emplace(id + " " + finding.subject);
        Entry& entry = at->second;
        entry.seen = now;
        if (!is_new && !has_changed(entry.weight, finding.weight)) continue;
        entry.weight = finding.weight;
        entry.rule = id;
        entry.subject = finding.subject;
        // Some rules say it shorter here, where lines come again and again.
        std::string text = rules::say(language_, finding, "watch");
        if (text.empty()) text = rules::say(language_, finding, finding.head);
        lines.push_back({is_new ? '+' : '~', fmt::format("{} {}", id, text)});
    }
    for (auto at = entries_.begin(); at != entries_.end();) {
        if (now - at->second.seen < quiet_before_gone) {
            ++at;
            continue;
        }
        lines.push_back({'-', gone(at->second.rule, at->second.subject, evidence)});
        at = entries_.erase(at);
    }
    return lines;
}

}  // namespace dt::doctor
