// What a run keeps of its events.
#include "cli/run_log.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "os/process.hpp"

namespace dt::cli {

namespace {

event::Caller caller_of(const event::Body& body) {
    if (const auto* call = std::get_if<event::CallMade>(&body)) return call->caller;
    if (const auto* given = std::get_if<event::DescriptorGiven>(&body)) return given->caller;
    return {};
}

bool is_of_a_segment(const event::Body& body) {
    return std::holds_alternative<event::SegmentSent>(body) ||
           std::holds_alternative<event::SegmentReceived>(body) ||
           std::holds_alternative<event::SegmentDropped>(body);
}

}  // namespace

void RunLog::on_event(Instant at, event::HostIndex host, const event::Body& body) {
    if (keep_ == KeepEvents::yes) log_.on_event(at, host, body);
    if (!findings_.began) findings_.began = at;
    findings_.ended = at;
    find(body);
    const auto* change = std::get_if<event::Transition>(&body);
    if (change != nullptr && watcher_ != nullptr) watcher_->on_state(host, change->to);
    learn_name(caller_of(body).pid);
}

void RunLog::find(const event::Body& body) {
    findings_.has_segments |= is_of_a_segment(body);
    const auto* call = std::get_if<event::CallMade>(&body);
    if (call == nullptr || call->error != Error::network_unreachable) return;
    const auto is_same = [call](const event::CallMade& known) {
        return known.caller.pid == call->caller.pid && known.argument == call->argument;
    };
    auto& astray = findings_.astray;
    if (astray.size() < Findings::astray_max && std::ranges::none_of(astray, is_same)) {
        astray.push_back(*call);
    }
}

void RunLog::learn_name(std::int32_t pid) {
    if (pid <= 0 || names_.contains(pid)) return;
    std::string name = os::name_of(pid);
    if (name.empty()) return;
    if (recorder_ != nullptr) recorder_->note_soon(fmt::format("pid.{}", pid), name);
    names_[pid] = std::move(name);
}

}  // namespace dt::cli
