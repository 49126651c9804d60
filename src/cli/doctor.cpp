// dialtone doctor: what is wrong with the sockets of this Linux host.
#include "doctor/command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <fstream>

#include "cli/doctor_recording.hpp"
#include "cli/doctor_watch.hpp"
#include "cli/flags.hpp"
#include "doctor/names.hpp"
#include "rules/number_text.hpp"

namespace dt::cli {

namespace {

struct DoctorFlags {
    Common common;
    doctor::Question question;
    std::string language;
    bool may_not_probe = false;
    bool watches = false;
    std::string watch_time;
    std::string page;  // --html FILE
};

/// --lang, else LC_ALL, LC_MESSAGES or LANG, the first that is set; English for what is not there.
std::optional<rules::Language> language_for(const std::string& wanted) {
    if (!wanted.empty()) return rules::language_of(wanted);
    for (const char* const name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
        // NOLINTNEXTLINE(concurrency-mt-unsafe): nothing sets the environment, no thread runs yet
        const char* const value = std::getenv(name);
        if (value == nullptr || *value == '\0') continue;
        return rules::language_of(value).value_or(rules::Language::english);
    }
    return rules::Language::english;
}

Problem bad_target(const std::string& word) {
    return {fmt::format("`{}` is neither a port, an address nor a process", word),
            "write :8080, 10.0.0.7:5432, [::1]:80, db:5432 or pid 4242",
            exit_usage,
            {}};
}

Problem unknown_name(const std::string& name, const doctor::NameTrouble& trouble) {
    constexpr int cannot_be_judged = 3;
    return {fmt::format("the name `{}` has no address: {}", name, trouble.why),
            trouble.is_temporary
                ? "see whether the name server answers: dialtone doctor -- getent hosts NAME"
                : "write an address, or correct the name",
            trouble.is_temporary ? cannot_be_judged : exit_usage,
            {}};
}

/// `db:5432`: the name is looked up, and each of its addresses is judged.
std::optional<Problem> read_name(const std::string& word, doctor::Question& question) {
    const auto colon = word.rfind(':');
    if (colon == std::string::npos || colon == 0) return bad_target(word);
    const auto port = Endpoint::parse("*" + word.substr(colon));
    const std::string name = word.substr(0, colon);
    if (!port || port->port.is_any() || name.contains(':')) return bad_target(word);
    const auto found = doctor::look_up(name);
    if (!found) return unknown_name(name, found.error());
    if (found->empty()) return bad_target(word);
    question.target.endpoint = Endpoint{found->front(), port->port};
    question.more.assign(std::next(found->begin()), found->end());
    question.name = name;
    return std::nullopt;
}

/// `:8080`, `10.0.0.7:5432`, `db:5432`.
std::optional<Problem> read_endpoint(const std::string& word, doctor::Question& question) {
    const std::string_view text = word;
    const bool is_port = text.starts_with(':') || text.starts_with("*:");
    const auto endpoint = Endpoint::parse(text.starts_with(':') ? "*" + word : word);
    if (!endpoint && !is_port) return read_name(word, question);
    if (!endpoint || endpoint->port.is_any()) return bad_target(word);
    question.target.endpoint = *endpoint;
    question.target.is_any_address = is_port;
    return std::nullopt;
}

std::optional<Problem> read_target(const std::vector<std::string>& words,
                                   doctor::Question& question) {
    if (words.empty()) return std::nullopt;
    if (words[0] != "pid") {
        return words.size() == 1 ? read_endpoint(words[0], question) : bad_target(words[1]);
    }
    if (words.size() != 2) return bad_target("pid");
    std::int32_t pid = 0;
    const char* const end = words[1].data() + words[1].size();
    const auto [stop, error] = std::from_chars(words[1].data(), end, pid);
    if (error != std::errc{} || stop != end || pid <= 0) return bad_target("pid " + words[1]);
    question.target.pid = pid;
    return std::nullopt;
}

void tell_progress(const DoctorFlags& flags) {
    if (flags.common.quiet) return;
    const std::vector<rules::Value> values{{"window", rules::span(flags.question.window)}};
    tell(rules::filled(rules::text_of(flags.question.language, rules::rule(0), "reading"), values));
}

bool write_page(const std::string& path, const doctor::Answer& answer) {
    std::ofstream file(path);
    file << doctor::html_report(answer.evidence, answer.verdict, answer.setting);
    return static_cast<bool>(file.flush());
}

int show(const DoctorFlags& asked, doctor::Answer answer) {
    answer.setting.is_verbose = asked.common.verbose;
    if (!asked.page.empty() && !write_page(asked.page, answer)) {
        return complain({fmt::format("cannot write `{}`", asked.page),
                         "--html needs a file that can be written",
                         exit_failure,
                         {}});
    }
    const std::string report =
        asked.common.json ? doctor::json_report(answer.evidence, answer.verdict, answer.setting)
                          : doctor::text_report(answer.evidence, answer.verdict, answer.setting,
                                                asked.common.paint());
    fmt::print("{}", report);
    return doctor::exit_code_of(answer.verdict, answer.setting);
}

int watch(const DoctorFlags& asked) {
    Duration limit = Duration::max();
    if (!asked.watch_time.empty()) {
        const auto time = link::parse_duration({asked.watch_time, 1});
        if (!time) return complain(problem_of("--for", asked.watch_time, time.error()));
        limit = *time;
    }
    return watch_host(asked.question, asked.common, limit);
}

bool is_capture_name(std::string_view word) {
    return word.ends_with(".pcap") || word.ends_with(".pcapng") || word.ends_with(".cap");
}

int judge_capture(const DoctorFlags& asked, const std::string& path) {
    auto answer = doctor::ask_capture(path, asked.question.language);
    if (answer) return show(asked, *std::move(answer));
    return complain({fmt::format("cannot read `{}`: {}", path, answer.error()),
                     "write a file that tcpdump -w or dumpcap has written",
                     exit_usage,
                     {}});
}

int judge_recording(const DoctorFlags& asked, const std::string& path) {
    Loaded loaded(path);
    if (const auto problem = loaded.load({})) return complain(*problem);
    if (const int code = tell_of_replay(loaded); code != exit_ok) return code;
    return show(asked, ask_recording(loaded, asked.question.language));
}

/// What a target that is no host cannot be asked.
std::optional<Problem> misplaced_flags(const DoctorFlags& asked) {
    if (!asked.watches && asked.watch_time.empty()) return std::nullopt;
    return Problem{"--watch looks at this host: neither a file nor a command can be watched",
                   "leave --watch and --for out, or the file or command",
                   exit_usage,
                   {}};
}

/// Everything behind `--` is the command.
CommandLine split_command(const Arguments& arguments) {
    const auto dashes = std::ranges::find(arguments, "--");
    CommandLine line{{arguments.begin(), dashes}, {}};
    if (dashes != arguments.end()) line.program.assign(std::next(dashes), arguments.end());
    return line;
}

int judge_command(const DoctorFlags& asked, const Arguments& command) {
    auto answer = doctor::ask_command(asked.question, command);
    if (answer) return show(asked, std::move(answer->answer));
    const os::Failure& failure = answer.error();
    if (std::string_view{failure.call} == "execve") {
        return complain(
            {fmt::format("program `{}` cannot be started: {}", command[0], failure.text()),
             "write a program of the PATH, or its path",
             failure.number == ENOENT ? exit_not_found : exit_not_executable,
             {}});
    }
    return complain({fmt::format("cannot trace a program here: {}", failure.text()),
                     "ptrace and seccomp must be allowed (docker run --cap-add SYS_PTRACE)",
                     exit_ours,
                     {}});
}

}  // namespace

int doctor_command(const Arguments& arguments) {
    DoctorFlags asked;
    std::vector<std::string> words;
    const CommandLine line = split_command(arguments);
    Flags flags("doctor");
    flags.add_common(asked.common);
    flags.app().add_option("--lang", asked.language);
    flags.app().add_flag("--no-probe", asked.may_not_probe);
    flags.app().add_option("--html", asked.page);
    flags.app().add_flag("--watch", asked.watches);
    flags.app().add_option("--for", asked.watch_time);
    flags.app().add_option("target", words);
    if (const auto code = flags.read(line.flags)) return *code;
    const auto language = language_for(asked.language);
    if (!language) {
        return complain({fmt::format("--lang `{}`: no such language", asked.language),
                         "write --lang en or --lang ko",
                         exit_usage,
                         {}});
    }
    asked.question.language = *language;
    asked.question.may_probe = !asked.may_not_probe;
    const bool is_one_word = words.size() == 1 && line.program.empty();
    const bool is_capture = is_one_word && is_capture_name(words[0]);
    const bool is_recording = is_one_word && !is_capture && is_recording_name(words[0]);
    if (is_capture || is_recording || !line.program.empty()) {
        if (const auto problem = misplaced_flags(asked)) return complain(*problem);
    }
    if (is_capture) return judge_capture(asked, words[0]);
    if (is_recording) return judge_recording(asked, words[0]);
    if (const auto problem = read_target(words, asked.question)) return complain(*problem);
    if (!line.program.empty()) return judge_command(asked, line.program);
    if (asked.watches) return watch(asked);
    tell_progress(asked);
    auto answer = doctor::ask_host(asked.question);
    if (!answer) return complain(unreadable(answer.error()));
    return show(asked, *std::move(answer));
}

}  // namespace dt::cli
