// What has appeared, changed and gone.
#include "doctor/watch.hpp"

#include <fmt/format.h>

namespace dt::doctor {

namespace {

constexpr Duration quiet_before_gone = 10s;

bool has_changed(std::uint64_t told, std::uint64_t now) {
    const std::uint64_t difference = now > told ? now - told : told - now;
    return difference * 4 >= std::max<std::uint64_t>(told, 1);
}

}  // namespace

std::vector<WatchLine> WatchLog::update(Instant now, const rules::Verdict& verdict) {
    std::vector<WatchLine> lines;
    for (const rules::Finding& finding : verdict.findings) {
        has_found_ = true;
        const std::string id = rules::name(finding.rule);
        const auto [at, is_new] = entries_.try_emplace(id + " " + finding.subject);
        Entry& entry = at->second;
        entry.seen = now;
        if (!is_new && !has_changed(entry.weight, finding.weight)) continue;
        entry.weight = finding.weight;
        entry.text = fmt::format("{} {}", id, rules::say(language_, finding, finding.head));
        lines.push_back({is_new ? '+' : '~', entry.text});
    }
    for (auto at = entries_.begin(); at != entries_.end();) {
        if (now - at->second.seen < quiet_before_gone) {
            ++at;
            continue;
        }
        lines.push_back({'-', at->second.text});
        at = entries_.erase(at);
    }
    return lines;
}

}  // namespace dt::doctor
