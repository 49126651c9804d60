// Reads over a window and judges.
#include "doctor/session.hpp"

#include <sys/stat.h>
#include <sys/utsname.h>

#include <algorithm>

#include "doctor/capture_file.hpp"
#include "doctor/target_line.hpp"
#include "rules/number_text.hpp"

namespace dt::doctor {

namespace {

bool has_listener(const rules::Evidence& evidence) {
    const rules::Scene scene(evidence);
    return std::ranges::any_of(scene.listeners(), [&](const rules::ListenerSight& sight) {
        return sight.now->local.port == evidence.target.endpoint->port;
    });
}

/// The line about a process; one whose sockets may not be read cannot be judged.
void check_process(const rules::Evidence& evidence, Setting& setting) {
    const std::string pid = std::to_string(*evidence.target.pid);
    struct stat status {};
    const bool exists = ::stat(("/proc/" + pid).c_str(), &status) == 0;
    if (exists && ::access(("/proc/" + pid + "/fd").c_str(), R_OK | X_OK) == 0) {
        return describe_process(evidence, setting);
    }
    const std::vector<rules::Value> values{{"pid", pid},
                                           {"owneruid", std::to_string(status.st_uid)}};
    const auto text = [&](std::string_view part) {
        return rules::filled(rules::text_of(setting.language, rules::rule(0), part), values);
    };
    setting.undecided.push_back(text(exists ? "hidden.pid" : "gone.pid"));
    if (exists) setting.undecided.push_back("help: " + text("sudo.pid"));
}

}  // namespace

Setting setting_here(rules::Language language) {
    Setting setting;
    setting.language = language;
    utsname name{};
    if (::uname(&name) == 0) {
        setting.host_name = name.nodename;
        setting.kernel = name.release;
        setting.kernel = setting.kernel.substr(0, setting.kernel.find('-'));
    }
    return setting;
}

std::expected<Answer, std::string> ask_capture(const std::string& path, rules::Language language) {
    auto read = read_capture(path);
    if (!read) return std::unexpected(read.error());
    Answer answer{{}, std::move(read->verdict), setting_here(language)};
    Setting& setting = answer.setting;
    const std::size_t count = answer.verdict.findings.size();
    const auto text = [&](std::string_view part, const std::vector<rules::Value>& values) {
        return rules::filled(rules::text_of(language, rules::rule(0), part), values);
    };
    setting.is_file = true;
    setting.target_part = count == 0 ? "capture.nothing" : "capture.head";
    setting.target = {
        {"file", path},
        {"packets", rules::grouped(read->packets)},
        {"flows", rules::grouped(read->flows)},
        {"skipped", std::to_string(rules::all_rules().size() - answer.verdict.rules_run)},
        {"found", rules::findings_text(language, count)}};
    if (!read->cut.empty()) setting.notes.push_back(text("capture.cut", {{"why", read->cut}}));
    return answer;
}

namespace {

/// Waits for the window, in steps, so that the end of a watch is noticed.
void wait_for(const Question& question) {
    constexpr Duration step = 100ms;
    for (Duration left = question.window; left > Duration{}; left -= step) {
        if (question.stop != nullptr && *question.stop) return;
        sleep_for(std::min(left, step));
    }
}

/// Judges one endpoint with what has been read, and adds what is new to the answer.
void judge_endpoint(Host& host, const Question& question, const Endpoint& endpoint,
                    Answer& answer) {
    rules::Evidence& evidence = answer.evidence;
    evidence.target.endpoint = endpoint;
    evidence.route = host.route(endpoint.addr);
    if (question.target.is_any_address && question.may_probe && !has_listener(evidence)) {
        evidence.probe = probe_bind(endpoint, 0);
        answer.setting.was_probed = true;
    }
    rules::Verdict verdict = rules::judge(evidence);
    answer.verdict.rules_run = verdict.rules_run;
    for (rules::Finding& finding : verdict.findings) {
        const bool is_told = std::ranges::any_of(answer.verdict.findings, [&](const auto& other) {
            return other.rule == finding.rule && other.subject == finding.subject;
        });
        if (!is_told) answer.verdict.findings.push_back(std::move(finding));
    }
}

/// The endpoint that was named, and the further addresses of its name.
void judge_endpoints(Host& host, const Question& question, Answer& answer) {
    const Endpoint first = *question.target.endpoint;
    for (const IpAddr& address : question.more) {
        judge_endpoint(host, question, {address, first.port}, answer);
    }
    judge_endpoint(host, question, first, answer);
    rules::rank(answer.verdict);
    describe_endpoint(answer.evidence, answer.verdict, answer.setting);
    if (question.name.empty()) return;
    std::string list = wire::to_string(first.addr);
    for (const IpAddr& address : question.more) list += ", " + wire::to_string(address);
    answer.setting.notes.push_back(
        rules::filled(rules::text_of(question.language, rules::rule(0), "address"),
                      std::vector<rules::Value>{{"name", question.name}, {"address", list}}));
}

}  // namespace

os::SysResult<Answer> ask_host(const Question& question) {
    auto host = Host::open();
    if (!host) return std::unexpected(host.error());
    Answer answer{{}, {}, setting_here(question.language)};
    rules::Evidence& evidence = answer.evidence;
    evidence.target = question.target;
    evidence.window = question.window;
    evidence.before = host->snapshot();
    host->note_cpu();
    wait_for(question);
    evidence.after = host->snapshot();
    host->read_owners(evidence);
    host->read_settings(evidence);
    if (question.target.endpoint) {
        judge_endpoints(*host, question, answer);
    } else {
        answer.verdict = rules::judge(evidence);
    }
    answer.setting.unseen = host->unseen();
    answer.setting.hidden_owners = host->hidden_owners();
    if (question.target.pid) check_process(evidence, answer.setting);
    return answer;
}

}  // namespace dt::doctor
