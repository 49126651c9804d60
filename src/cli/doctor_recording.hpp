// dialtone doctor RECORDING: the rules judge each host of a run that is replayed.
#pragma once

#include "cli/load.hpp"
#include "doctor/session.hpp"

namespace dt::cli {

/// Whether the word after `doctor` names a recording: `run-7.dtr`, or a file that begins as one.
[[nodiscard]] bool is_recording_name(const std::string& word);

/// What the rules say of each host over the run, and of each call that failed.
[[nodiscard]] doctor::Answer ask_recording(const Loaded& loaded, rules::Language language);

}  // namespace dt::cli
