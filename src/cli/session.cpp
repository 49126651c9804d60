// Running a plan: recording, control socket, supervisor, trace.
#include "cli/session.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <ranges>
#include <set>
#include <utility>

#include "cli/recordings.hpp"
#include "os/build_id.hpp"
#include "os/clock.hpp"

namespace dt::cli {

namespace {

namespace fs = std::filesystem;

std::expected<RecordingFile, Problem> open_recording(const SessionOptions& options) {
    const bool is_chosen = !options.record.empty();
    auto file =
        is_chosen ? RecordingFile::at(options.record) : RecordingFile::next_in(options.folder);
    if (file) return std::move(*file);
    const std::string where = is_chosen ? options.record : options.folder;
    const std::string why =
        file.error() == EWOULDBLOCK ? "another run is writing it" : std::strerror(file.error());
    return std::unexpected(Problem{fmt::format("cannot write {}: {}", where, why),
                                   "choose another file: --record FILE",
                                   exit_usage,
                                   {}});
}

/// The address that a host without one had when it last sent a segment: its lease is over.
IpAddr address_spoken(const observe::Trace& trace, event::HostIndex host) {
    for (const event::Event& event : trace.events | std::views::reverse) {
        const auto* sent = std::get_if<event::SegmentSent>(&event.body);
        if (sent == nullptr || event.host != host) continue;
        const IpAddr& address = sent->segment.tuple.local.addr;
        if (!address.is_loopback()) return address;
    }
    return {};
}

}  // namespace

void QuietObserver::on_warning(const host::Complaint& warning) {
    warn(warning.sentence, warning.help);
}

void name_world(const world::World& world, observe::Trace& trace) {
    trace.hosts.clear();
    const auto& hosts = world.spec().hosts;
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        const auto addresses = world.addresses(static_cast<event::HostIndex>(i));
        const auto index = static_cast<event::HostIndex>(i);
        trace.hosts.push_back(
            {hosts[i].name, addresses.empty() ? address_spoken(trace, index) : addresses.front()});
    }
    if (!hosts.empty()) trace.time_wait = hosts.front().config.time_wait;
    trace.links.clear();
    for (const link::LinkSpec& link : world.spec().links) {
        trace.links.push_back(fmt::format("{}", fmt::join(link.hosts, "<->")));
    }
    std::size_t rules = 0;
    for (const event::Event& event : trace.events) {
        if (const auto* touched = std::get_if<event::FrameTouched>(&event.body)) {
            rules = std::max<std::size_t>(rules, touched->rule + 1U);
        }
    }
    trace.rules.clear();
    for (std::size_t i = 0; i < rules; ++i) {
        trace.rules.emplace_back(world.rule_text(static_cast<std::uint16_t>(i)));
    }
}

std::string control_folder() {
    const char* runtime = std::getenv("XDG_RUNTIME_DIR");
    std::error_code failed;
    const std::string folder =
        runtime != nullptr && *runtime == '/'
            ? fmt::format("{}/dialtone", runtime)
            : fmt::format("{}/dialtone-{}", fs::temp_directory_path(failed).string(), getuid());
    if (mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST) return {};
    struct stat status {};
    const bool is_ours = lstat(folder.c_str(), &status) == 0 && S_ISDIR(status.st_mode) &&
                         status.st_uid == getuid() && (status.st_mode & 077) == 0;
    return is_ours ? folder : std::string{};
}

std::string beside_us(const std::string& program) {
    std::error_code failed;
    const fs::path here = fs::read_symlink("/proc/self/exe", failed).parent_path() / program;
    return !failed && access(here.c_str(), X_OK) == 0 ? here.string() : std::string{};
}

namespace {

std::vector<std::string> folders_of_path() {
    const char* path = std::getenv("PATH");
    std::string_view rest = path == nullptr ? "/usr/local/bin:/usr/bin:/bin" : path;
    std::vector<std::string> folders;
    while (true) {
        const std::size_t colon = rest.find(':');
        const std::string_view folder = rest.substr(0, colon);
        folders.emplace_back(folder.empty() ? "." : folder);
        if (colon == std::string_view::npos) return folders;
        rest.remove_prefix(colon + 1);
    }
}

}  // namespace

bool is_in_path(const std::string& program) {
    if (program.find('/') != std::string::npos) return access(program.c_str(), X_OK) == 0;
    return std::ranges::any_of(folders_of_path(), [&](const std::string& folder) {
        return access(fmt::format("{}/{}", folder, program).c_str(), X_OK) == 0;
    });
}

std::optional<std::string> nearest_program(const std::string& program) {
    const std::size_t slash = program.rfind('/');
    const bool has_folder = slash != std::string::npos;
    const std::string asked = has_folder ? program.substr(slash + 1) : program;
    if (asked.size() < 4) return std::nullopt;  // every short name is two letters away from others
    const std::string front = has_folder ? program.substr(0, slash + 1) : std::string{};
    std::set<std::string> names;  // sorted: the answer does not depend on the order of a folder
    for (const std::string& folder : has_folder ? std::vector{front} : folders_of_path()) {
        std::error_code ignored;
        for (const auto& entry : fs::directory_iterator(folder, ignored)) {
            if (entry.is_regular_file(ignored) && access(entry.path().c_str(), X_OK) == 0)
                names.insert(entry.path().filename().string());
        }
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    const auto near = link::nearest(asked, known);
    if (!near) return std::nullopt;
    return front + std::string{*near};
}

Checked<Session> run_session(host::RunSpec plan, const SessionOptions& options,
                             host::Observer& observer) {
    if (const auto wrong = world::problem(plan.world)) {
        return std::unexpected(Problem{*wrong, "", exit_usage, {}});
    }
    if (const std::string folder = control_folder(); !folder.empty() && plan.control_path.empty()) {
        plan.control_path = fmt::format("{}/{}.sock", folder, getpid());
    }
    Session session;
    std::optional<RecordingFile> file;
    std::optional<world::Recorder> recorder;
    if (!options.record.empty() || !options.folder.empty()) {
        auto opened = open_recording(options);
        if (!opened) return std::unexpected(opened.error());
        file.emplace(std::move(*opened));
        recorder.emplace(*file, world::RecorderOptions{os::build_id(), 64ULL << 20U, options.keep,
                                                       os::wall_offset()});
        session.recording = file->path();
    }
    RunLog log(session.trace, options.events, recorder ? &*recorder : nullptr, options.watcher);
    host::Supervisor supervisor(std::move(plan), log, observer);
    if (recorder) supervisor.world().record_to(*recorder);
    session.outcome = supervisor.run();
    name_world(supervisor.world(), session.trace);
    session.trace.wall_offset = os::wall_offset();
    session.findings = log.findings();
    session.trace.began = session.findings.began.value_or(Instant{});
    if (!recorder) return session;
    recorder->end(session.findings.ended);
    if (const auto stopped = recorder->stopped_at()) {
        tell(fmt::format("the recording is full: whole up to {:.3f} s",
                         static_cast<double>(stopped->time_since_epoch().count()) / 1e9));
    }
    if (file->has_failed())
        warn(fmt::format("{} is not whole: writing failed", session.recording), "");
    return session;
}

}  // namespace dt::cli
