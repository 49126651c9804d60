// Where recordings are kept: run-N.dtr, N grows.
#include "cli/recordings.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <utility>
#include <vector>

namespace dt::cli {

namespace {

namespace fs = std::filesystem;

/// N of `run-N.dtr`.
std::optional<std::uint64_t> number_of(const fs::path& path) {
    const std::string name = path.filename().string();
    if (!name.starts_with("run-") || !name.ends_with(".dtr")) return std::nullopt;
    std::uint64_t number = 0;
    const char* end = name.data() + name.size() - 4;
    const auto [stopped, error] = std::from_chars(name.data() + 4, end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

/// Numbers of the runs kept, oldest first.
std::vector<std::uint64_t> runs_in(const std::string& folder) {
    std::vector<std::uint64_t> numbers;
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(folder, ignored)) {
        if (const auto number = number_of(entry.path())) numbers.push_back(*number);
    }
    std::ranges::sort(numbers);
    return numbers;
}

std::string path_of(const std::string& folder, std::uint64_t number) {
    return fmt::format("{}/run-{}.dtr", folder, number);
}

void remove_surplus(const std::string& folder, const std::vector<std::uint64_t>& runs) {
    std::vector<std::string> over;
    for (const std::uint64_t number : runs) {
        std::string path = path_of(folder, number);
        if (!is_being_written(path)) over.push_back(std::move(path));
    }
    const std::size_t surplus = over.size() >= runs_kept ? over.size() - runs_kept + 1 : 0;
    for (std::size_t i = 0; i < surplus; ++i) {
        std::error_code ignored;
        fs::remove(over[i], ignored);
    }
}

}  // namespace

bool is_being_written(const std::string& path) {
    const os::UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    return fd.is_open() && ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0;
}

std::string recordings_folder() {
    const char* state = std::getenv("XDG_STATE_HOME");
    const char* home = std::getenv("HOME");
    std::string folder;
    if (state != nullptr && *state == '/') {
        folder = fmt::format("{}/dialtone", state);
    } else if (home != nullptr && *home == '/') {
        folder = fmt::format("{}/.local/state/dialtone", home);
    } else {
        return {};
    }
    std::error_code failed;
    fs::create_directories(folder, failed);
    return failed ? std::string{} : folder;
}

std::string newest_recording(const std::string& folder) {
    const std::vector<std::uint64_t> runs = runs_in(folder);
    return runs.empty() ? std::string{} : path_of(folder, runs.back());
}

std::expected<RecordingFile, int> RecordingFile::at(const std::string& path) {
    os::UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR));
    if (!fd.is_open()) return std::unexpected(errno);
    struct stat status {};
    if (::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode)) {
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) return std::unexpected(EWOULDBLOCK);
        if (::ftruncate(fd.get(), 0) != 0) return std::unexpected(errno);
    }
    return RecordingFile(path, std::move(fd));
}

std::expected<RecordingFile, int> RecordingFile::next_in(const std::string& folder) {
    constexpr int attempts = 1000;  // as many runs may begin at this instant
    const std::vector<std::uint64_t> runs = runs_in(folder);
    std::uint64_t number = runs.empty() ? 1 : runs.back() + 1;
    for (int i = 0; i < attempts; ++i, ++number) {
        std::string path = path_of(folder, number);
        const int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
        os::UniqueFd fd(::open(path.c_str(), flags, S_IRUSR | S_IWUSR));
        if (!fd.is_open() && errno == EEXIST) continue;
        if (!fd.is_open()) return std::unexpected(errno);
        (void)::flock(fd.get(), LOCK_EX);  // others hold it for a look only
        remove_surplus(folder, runs);
        return RecordingFile(std::move(path), std::move(fd));
    }
    return std::unexpected(EEXIST);
}

void RecordingFile::write(Octets octets) {
    while (!octets.empty() && !has_failed_) {
        const ssize_t n = ::write(fd_.get(), octets.data(), octets.size());
        if (n < 0 && errno == EINTR) continue;
        has_failed_ = n <= 0;
        if (n > 0) octets = octets.subspan(static_cast<std::size_t>(n));
    }
}

}  // namespace dt::cli
