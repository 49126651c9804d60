// Control groups (version 2) by number, which sock_diag tells of each socket.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <unordered_set>

namespace dt::doctor {

/// The paths of the wanted groups below a mount of cgroup2: a group's number is its folder's inode.
/// Empty where nothing of version 2 is mounted there. At most 5,000 folders are looked at.
[[nodiscard]] std::map<std::uint64_t, std::string> group_paths(
    const std::unordered_set<std::uint64_t>& wanted, const std::filesystem::path& mount);

}  // namespace dt::doctor
