// Folders of control groups by their inodes.
#include "doctor/control_groups.hpp"

#include <sys/stat.h>

#include <system_error>

namespace dt::doctor {

std::map<std::uint64_t, std::string> group_paths(const std::unordered_set<std::uint64_t>& wanted,
                                                 const std::filesystem::path& mount) {
    namespace fs = std::filesystem;
    constexpr std::size_t folders_max = 5000;
    std::map<std::uint64_t, std::string> paths;
    std::error_code error;
    if (wanted.empty() || !fs::exists(mount / "cgroup.controllers", error)) return paths;
    auto at = fs::recursive_directory_iterator(mount, fs::directory_options::skip_permission_denied,
                                               error);
    std::size_t seen = 0;
    for (; !error && at != fs::recursive_directory_iterator{} && seen < folders_max;
         at.increment(error)) {
        std::error_code vanished;  // a group may end while it is looked at
        if (!at->is_directory(vanished)) continue;
        ++seen;
        struct stat status {};
        if (::stat(at->path().c_str(), &status) != 0 || !wanted.contains(status.st_ino)) continue;
        paths[status.st_ino] = at->path().lexically_relative(mount).string();
    }
    return paths;
}

}  // namespace dt::doctor
