// One run of `dialtone doctor` over a window: reads, waits, reads again, judges.
#pragma once

#include <atomic>

#include "doctor/report.hpp"

namespace dt::doctor {

/// What was asked for.
struct Question {
    rules::Target target;
    Duration window = std::chrono::seconds{2};
    rules::Language language = rules::Language::english;
    bool may_probe = true;
    std::string name;          ///< that was looked up for the target's address
    std::vector<IpAddr> more;  ///< further addresses of that name: each is judged too
    const std::atomic<bool>* stop = nullptr;  ///< ends the window early where it becomes true
};

struct Answer {
    rules::Evidence evidence;
    rules::Verdict verdict;
    Setting setting;
};

/// Reads the host for the window and judges what was asked.
[[nodiscard]] os::SysResult<Answer> ask_host(const Question& question);
/// Reads a capture and judges it. The error is a sentence.
[[nodiscard]] std::expected<Answer, std::string> ask_capture(const std::string& path,
                                                             rules::Language language);
/// Name and kernel of this host.
[[nodiscard]] Setting setting_here(rules::Language language);

}  // namespace dt::doctor
