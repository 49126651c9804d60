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
#include <set>

#include "os/build_id.hpp"

namespace dt::cli {

namespace {

namespace fs = std::filesystem;

/// Writes a recording to a file; the first failure is kept for the end.
class RecordingFile final : public link::OctetSink {
  public:
    explicit RecordingFile(const std::string& path) : file_(std::fopen(path.c_str(), "wbe")) {}
    ~RecordingFile() override {
        if (file_ != nullptr) std::fclose(file_);
    }
    [[nodiscard]] bool is_open() const { return file_ != nullptr; }
    [[nodiscard]] bool has_failed() const { return has_failed_; }

    void write(Octets octets) override {
        if (file_ == nullptr || octets.empty()) return;
        if (std::fwrite(octets.data(), 1, octets.size(), file_) != octets.size())
            has_failed_ = true;
        std::fflush(file_);
    }

  private:
    std::FILE* file_;
    bool has_failed_ = false;
};

/// Pids of all callers: those whose names viewers need.
std::set<std::int32_t> callers_in(const std::vector<event::Event>& events) {
    std::set<std::int32_t> pids;
    for (const event::Event& event : events) {
        if (const auto* call = std::get_if<event::CallMade>(&event.body))
            pids.insert(call->caller.pid);
        if (const auto* given = std::get_if<event::DescriptorGiven>(&event.body)) {
            pids.insert(given->caller.pid);
        }
    }
    pids.erase(0);
    return pids;
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
        trace.hosts.push_back({hosts[i].name, addresses.empty() ? IpAddr{} : addresses.front()});
    }
    if (!hosts.empty()) trace.time_wait = hosts.front().config.time_wait;
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
    if (!options.record.empty()) {
        file.emplace(options.record);
        if (!file->is_open()) {
            return std::unexpected(
                Problem{fmt::format("cannot write {}: {}", options.record, std::strerror(errno)),
                        "choose another file: --record FILE",
                        exit_usage,
                        {}});
        }
        recorder.emplace(*file, world::RecorderOptions{os::build_id(), 64ULL << 20U, options.keep});
        session.recording = options.record;
    }
    observe::Log log(session.trace.events);
    host::Supervisor supervisor(std::move(plan), log, observer);
    if (recorder) supervisor.world().record_to(*recorder);
    session.outcome = supervisor.run();
    name_world(supervisor.world(), session.trace);
    const Instant end = session.trace.events.empty() ? Instant{} : session.trace.events.back().at;
    for (const std::int32_t pid : callers_in(session.trace.events)) {
        session.trace.programs[pid] = std::string{supervisor.program_name(pid)};
        if (recorder) recorder->note(fmt::format("pid.{}", pid), session.trace.programs[pid]);
    }
    if (!recorder) return session;
    recorder->end(end);
    if (const auto stopped = recorder->stopped_at()) {
        tell(fmt::format("the recording is full: whole up to {:.3f} s",
                         static_cast<double>(stopped->time_since_epoch().count()) / 1e9));
    }
    if (file->has_failed())
        warn(fmt::format("{} is not whole: writing failed", options.record), "");
    return session;
}

}  // namespace dt::cli
