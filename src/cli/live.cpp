// Asking a live run for its sockets.
#include "cli/live.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <utility>

#include "base/printable.hpp"
#include "cli/session.hpp"
#include "observe/socket_codec.hpp"
#include "os/fd.hpp"

namespace dt::cli {

namespace {

namespace fs = std::filesystem;

constexpr int patience_ms = 2000;

/// Control sockets, newest first.
std::vector<std::string> control_sockets() {
    std::vector<std::pair<fs::file_time_type, std::string>> found;
    std::error_code ignored;
    const std::string folder = control_folder();
    if (folder.empty()) return {};
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (entry.path().extension() != ".sock") continue;
        found.emplace_back(fs::last_write_time(entry.path(), ignored), entry.path().string());
    }
    std::ranges::sort(found, std::greater{});
    std::vector<std::string> paths;
    paths.reserve(found.size());
    for (auto& [time, path] : found) paths.push_back(std::move(path));
    return paths;
}

/// A connected control socket; the errno of connect() otherwise.
std::expected<os::UniqueFd, int> connect_to(const std::string& path) {
    os::UniqueFd fd{socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (fd.get() < 0) return std::unexpected(errno);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return std::unexpected(ENAMETOOLONG);
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    const auto* to = reinterpret_cast<const sockaddr*>(&address);
    if (connect(fd.get(), to, sizeof address) != 0) return std::unexpected(errno);
    return fd;
}

/// One request line, one answer line; empty if none came in time.
std::string ask(const os::UniqueFd& fd, std::string_view request) {
    const std::string line = fmt::format("{}\n", request);
    if (send(fd.get(), line.data(), line.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(line.size())) {
        return {};
    }
    std::string answer;
    std::array<char, 65536> part{};
    while (!answer.ends_with('\n')) {
        pollfd waiting{fd.get(), POLLIN, 0};
        if (poll(&waiting, 1, patience_ms) <= 0) return {};
        const ssize_t got = read(fd.get(), part.data(), part.size());
        if (got <= 0) return {};
        answer.append(part.data(), static_cast<std::size_t>(got));
    }
    return answer;
}

/// What a run said in place of its sockets.
std::string refusal(const std::string& answer) {
    const auto told = nlohmann::json::parse(answer, nullptr, false);
    if (!told.is_object() || !told.contains("error") || !told["error"].is_string()) {
        return "does not answer";
    }
    return fmt::format("answers: {}", base::printable(told["error"].get<std::string>()));
}

}  // namespace

Checked<LiveSockets> live_sockets(const std::string& run) {
    std::string killed;
    for (const std::string& path : control_sockets()) {
        if (!run.empty() && fs::path(path).stem() != run) continue;
        const auto fd = connect_to(path);
        if (!fd) {
            if (fd.error() == ECONNREFUSED) {  // its run is gone, and could not clean up
                unlink(path.c_str());
                killed = fs::path(path).stem().string();
            }
            continue;
        }
        const std::string answer = ask(*fd, observe::sockets_request);
        const auto sockets = observe::decode_sockets(answer);
        if (!sockets) {
            return std::unexpected(
                Problem{fmt::format("run {} {}", fs::path(path).stem().string(), refusal(answer)),
                        "it may be ending; dialtone ss --at 1s reads a recording",
                        exit_failure,
                        {}});
        }
        return LiveSockets{sockets->hosts, sockets->since_start};
    }
    if (!killed.empty()) {
        return std::unexpected(Problem{fmt::format("no run is going on, run {} was killed", killed),
                                       "what it did until then: dialtone ladder",
                                       exit_failure,
                                       {}});
    }
    return std::unexpected(
        Problem{run.empty() ? "no run is going on" : fmt::format("run {} is not going on", run),
                "start one in another terminal: dialtone run -- PROGRAM; or look back: dialtone ss "
                "--at 1s",
                exit_failure,
                {}});
}

}  // namespace dt::cli
