// Trace, the log that fills it, and the numbers p… and e….
#include "observe/trace.hpp"

#include <fmt/format.h>

namespace dt::observe {

std::string Trace::program(std::int32_t pid) const {
    const auto found = programs.find(pid);
    return found == programs.end() ? fmt::format("?[{}]", pid)
                                   : fmt::format("{}[{}]", found->second, pid);
}

std::string_view Trace::host(event::HostIndex index) const {
    return index < hosts.size() ? std::string_view{hosts[index].name} : std::string_view{"?"};
}

std::string Trace::culprit(const event::FrameTouched& touched) const {
    const bool has_name = touched.link < links.size() && !links[touched.link].empty();
    const std::string where = has_name ? fmt::format("link {}", links[touched.link]) : "the link";
    const std::string rule = touched.rule < rules.size() ? rules[touched.rule] : std::string{};
    if (rule.empty()) return fmt::format("{} by the limit of its queue", where);
    // `loss=1%` is a setting of the link; a fault begins with its action: `drop,seg=syn`.
    const std::string_view action = std::string_view{rule}.substr(rule.find(':') + 1);
    const bool is_setting = action.substr(0, action.find(',')).find('=') != std::string_view::npos;
    return fmt::format("{} by {} {}", where, is_setting ? "its impairment" : "the fault", rule);
}

void Log::on_event(Instant at, event::HostIndex host, const event::Body& body) {
    ++number_;
    if (events_.size() >= capacity_) {
        ++forgotten_;
        return;
    }
    events_.push_back({number_, at, host, body});
}

namespace {

/// The frame an event sends, 0 if it sends none.
event::FrameId frame_sent(const event::Body& body) {
    if (const auto* sent = std::get_if<event::SegmentSent>(&body)) return sent->segment.frame;
    if (const auto* moved = std::get_if<event::DatagramMoved>(&body)) {
        return moved->step == event::Step::sent ? moved->frame : 0;
    }
    if (const auto* moved = std::get_if<event::IcmpMoved>(&body)) {
        return moved->step == event::Step::sent ? moved->frame : 0;
    }
    return 0;
}

}  // namespace

Numbering::Numbering(const std::vector<event::Event>& events) {
    for (const event::Event& event : events) {
        if (const event::FrameId frame = frame_sent(event.body); frame != 0) {
            const std::uint64_t ordinal = packets_.size() + 1;
            packets_.emplace(event.number, ordinal);
            frames_.emplace(frame, ordinal);
        } else {
            others_.emplace(event.number, others_.size() + 1);
        }
    }
}

std::string Numbering::label(std::uint64_t event_number) const {
    if (const auto packet = packets_.find(event_number); packet != packets_.end()) {
        return fmt::format("p{}", packet->second);
    }
    const auto other = others_.find(event_number);
    return other == others_.end() ? std::string{"e?"} : fmt::format("e{}", other->second);
}

std::string Numbering::label_of_frame(event::FrameId frame) const {
    const auto found = frames_.find(frame);
    return found == frames_.end() ? std::string{} : fmt::format("p{}", found->second);
}

}  // namespace dt::observe
