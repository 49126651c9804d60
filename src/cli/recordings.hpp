// Recordings on disk: the last runs under $XDG_STATE_HOME/dialtone, and reading one back.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cli/say.hpp"
#include "observe/trace.hpp"

namespace dt::cli {

inline constexpr std::size_t runs_kept = 5;

/// `$XDG_STATE_HOME/dialtone`, else `~/.local/state/dialtone`; made if it is not there. Empty where
/// neither variable is set.
[[nodiscard]] std::string recordings_folder();
/// A name for the next run, and the oldest runs beyond `runs_kept` are removed.
[[nodiscard]] std::string next_recording(const std::string& folder);
/// The newest recording; empty if there is none.
[[nodiscard]] std::string newest_recording(const std::string& folder);

}  // namespace dt::cli
