// `dialtone doctor -- COMMAND`: runs a program and explains each socket call of it that failed or
// waited, from what the kernel said at that very moment.
#pragma once

#include <string>
#include <vector>

#include "doctor/session.hpp"

namespace dt::doctor {

struct CommandAnswer {
    Answer answer;
    int program_status = 0;
};

/// Runs the command to its end. Findings are those of all its calls, each told once.
[[nodiscard]] os::SysResult<CommandAnswer> ask_command(const Question& question,
                                                       const std::vector<std::string>& command);

}  // namespace dt::doctor
