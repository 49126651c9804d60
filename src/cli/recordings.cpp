// Where recordings are kept: run-N.dtr, N grows.
#include "cli/recordings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>

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

}  // namespace

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

std::string next_recording(const std::string& folder) {
    const std::vector<std::uint64_t> runs = runs_in(folder);
    const std::size_t surplus = runs.size() >= runs_kept ? runs.size() - runs_kept + 1 : 0;
    for (std::size_t i = 0; i < surplus; ++i) {
        std::error_code ignored;
        fs::remove(path_of(folder, runs[i]), ignored);
    }
    return path_of(folder, runs.empty() ? 1 : runs.back() + 1);
}

std::string newest_recording(const std::string& folder) {
    const std::vector<std::uint64_t> runs = runs_in(folder);
    return runs.empty() ? std::string{} : path_of(folder, runs.back());
}

}  // namespace dt::cli
